import { linkSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { browserArgs, findBrowser } from '../scripts/browser.mjs'
import { blankPage, plainPage } from './floors/review-pages.mjs'
import { writeBought } from './lib/ledger.mjs'
import { inTurn, ratiosOf } from './lib/paired.mjs'
import { runNode } from './lib/process.mjs'
import { bin, library, writeProject } from './lib/project.mjs'
import { medians, missingRow, row } from './lib/row.mjs'
import { makeManifest } from './lib/shots.mjs'

export const title = 'Review'

const films = 12
const window = { width: 1280, height: 900 }
/** Ten windows in two seconds: as fast as a person winds who still looks. */
const scroll = { windows: 10, seconds: 2 }

/**
 * How long a person waits for the contact sheet, and how smoothly it goes by.
 *
 * @param {import('./run.mjs').Context} context
 */
export async function bench({ folder, quick, note }) {
  const count = quick ? 300 : 5000
  const what = {
    paint: `contact sheet of ${count.toLocaleString('en')} shots: from the address to the first cards`,
    scroll: 'frames a second while it is scrolled through',
  }
  const executablePath = findBrowser()
  if (executablePath === undefined) {
    const rest = { against: '', unit: '×', why: 'no Chromium, Chrome or Edge is here' }
    return {
      rows: Object.entries(what).map(([id, text]) => missingRow({ id: `review.${id}`, what: text, ...rest })),
    }
  }
  note('films')
  const pages = await makePages(folder, count)
  const browser = await chromium.launch({ executablePath, args: browserArgs })
  try {
    const looked = await inTurn(
      Object.fromEntries(Object.entries(pages).map(([name, path]) => [name, () => look(browser, path)])),
      { rounds: quick ? 2 : 7, warmUps: 1, note },
    )
    const of = (field) =>
      Object.fromEntries(Object.entries(looked).map(([name, all]) => [name, all.map((one) => one[field])]))
    const [paint, frames, slow, elements] = ['paintMs', 'frames', 'slowestMs', 'elements'].map(of)
    const perSecond = (number) => `${number.toFixed(0)}/s`
    const slowest = `slowest frame of a hundred: ${medians(slow)}`
    return {
      rows: [
        row({
          id: 'review.paint.plain',
          what: what.paint,
          against: 'a page that a script wrote, all cards at once',
          unit: '×',
          samples: ratiosOf(paint.shotlock, paint.plain),
          detail: `${medians(paint)}; elements: ${medians(elements, String)}`,
        }),
        row({
          id: 'review.scroll.blank',
          what: what.scroll,
          against: 'a blank page of the same height',
          unit: '×',
          samples: ratiosOf(frames.shotlock, frames.blank),
          detail: `${medians(frames, perSecond)}; ${slowest}`,
        }),
      ],
    }
  } finally {
    await browser.close()
  }
}

/**
 * The contact sheet of a project whose takes are all bought, and the two pages that it is held against.
 *
 * @param {string} folder
 * @param {number} count
 */
async function makePages(folder, count) {
  const filmed = writeProject(join(folder, 'films'), makeManifest(films).yaml)
  await runNode([bin, 'run', '--provider', 'simulator', '--yes'], { cwd: filmed })
  const made = join(filmed, 'manifests/out/simulator/bench')
  const sources = readdirSync(made).filter((name) => name.endsWith('.mp4'))

  const { yaml, data } = makeManifest(count)
  const project = writeProject(join(folder, 'project'), yaml)
  const { shots } = writeBought(project, yaml, await import(pathToFileURL(library).href))
  const cards = Object.entries(shots).map(([name, { video }], index) => {
    const path = join(project, 'manifests', video)
    rmSync(path)
    linkSync(join(made, sources[index % sources.length]), path)
    return { prompt: data.shots[name].prompt, video: `manifests/${video}` }
  })
  await runNode([bin, 'review'], { cwd: project })
  const pages = { shotlock: 'review.html', plain: 'plain.html', blank: 'blank.html' }
  writeFileSync(join(project, pages.plain), plainPage(cards))
  // Four cards of 332 pixels fit side by side.
  writeFileSync(join(project, pages.blank), blankPage((count / 4) * 332))
  return Object.fromEntries(Object.entries(pages).map(([name, file]) => [name, join(project, file)]))
}

/**
 * Opens a page in a fresh profile and scrolls through it.
 *
 * @param {import('playwright-core').Browser} browser
 * @param {string} path
 */
async function look(browser, path) {
  const context = await browser.newContext({ viewport: window })
  try {
    const page = await context.newPage()
    await page.goto(pathToFileURL(path).href, { waitUntil: 'commit' })
    await page.locator('article, p').first().waitFor()
    const paintMs = await page.evaluate(
      () =>
        new Promise((resolve) => {
          new PerformanceObserver((list, observer) => {
            const [entry] = list.getEntriesByName('first-contentful-paint')
            if (!entry) return
            observer.disconnect()
            resolve(entry.startTime)
          }).observe({ type: 'paint', buffered: true })
        }),
    )
    const elements = await page.evaluate(() => document.querySelectorAll('*').length)
    const times = await page.evaluate(scrollThrough, {
      px: scroll.windows * window.height,
      ms: scroll.seconds * 1000,
    })
    if (await page.evaluate(() => scrollY === 0)) throw new Error(`${path} did not scroll`)
    const gaps = times.slice(1).map((at, index) => at - times[index])
    const sorted = gaps.toSorted((a, b) => a - b)
    return {
      paintMs,
      elements,
      frames: gaps.length / scroll.seconds,
      slowestMs: sorted[Math.floor(sorted.length * 0.99)],
    }
  } finally {
    await context.close()
  }
}

/** Runs in the page. @returns {Promise<number[]>} When frames began. */
function scrollThrough({ px, ms }) {
  return new Promise((resolve) => {
    const times = []
    let start
    const frame = (now) => {
      start ??= now
      times.push(now)
      scrollTo(0, (px * (now - start)) / ms)
      if (now - start < ms) requestAnimationFrame(frame)
      else resolve(times)
    }
    requestAnimationFrame(frame)
  })
}
