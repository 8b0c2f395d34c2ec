// Makes the pictures of docs/review.md: `npm run screenshots`. The season of manifests/season is bought on the simulator,
// and a few decisions are made. Needs a browser and a font with Chinese characters.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { browserArgs, provideBrowser } from './browser.mjs'

const bin = resolve('dist/bin.js')
const pictures = resolve('docs/review')
const project = mkdtempSync(join(tmpdir(), 'shotlock-screenshots-'))

/** @param {string[]} args @param {number[]} [statuses] */
function shotlock(args, statuses = [0]) {
  try {
    execFileSync(process.execPath, [bin, ...args, '--provider', 'simulator'], {
      cwd: project,
      stdio: 'ignore',
    })
  } catch (error) {
    if (!statuses.includes(error.status)) throw error
  }
}

/** Changes the episode as a person would. @param {string} text @param {string} instead */
function edit(text, instead) {
  const path = join(project, 'manifests/season/ep01.yaml')
  const before = readFileSync(path, 'utf8')
  if (!before.includes(text)) throw new Error(`"${text}" is no longer in ep01.yaml`)
  writeFileSync(path, before.replace(text, instead))
}

try {
  cpSync('manifests', join(project, 'manifests'), {
    recursive: true,
    filter: (path) => !/[\\/]out$|\.lock\.yaml$/.test(path),
  })
  edit('shots:\n', 'shots:\n\n  00-gate: { prompt: A crowd at the gate sim:moderate-output, tags: [sc1] }\n')
  shotlock(['run', 'manifests/season', '--yes'], [0, 1])
  edit('one dull knock', 'two dull knocks')
  shotlock(['run', 'manifests/season/ep01.yaml', '--shot', '05-aisle', '--yes'])
  shotlock(['pick', '06-locker@2', '--manifest', 'manifests/season/ep01.yaml'])
  shotlock(['approve', '01-harbour', '04-ferry-out', '--manifest', 'manifests/season/ep01.yaml'])
  shotlock([
    'reject',
    '03-rope',
    '--note',
    'She jumps before the rope is off.',
    '--manifest',
    'manifests/season/ep01.yaml',
  ])
  shotlock(['review', 'manifests/season'])

  const browser = await chromium.launch({ executablePath: provideBrowser(), args: browserArgs })
  await shoot(browser, 'light', { viewport: { width: 1200, height: 800 } })
  await shoot(browser, 'dark', {
    viewport: { width: 1200, height: 800 },
    colorScheme: 'dark',
    locale: 'zh-CN',
  })
  await shoot(browser, 'phone', { viewport: { width: 390, height: 800 }, isMobile: true, hasTouch: true })
  await shoot(browser, 'takes', { viewport: { width: 1200, height: 800 } }, async (view) => {
    await view.getByRole('button', { name: 'Open 05-aisle:' }).click()
  })
  await browser.close()
} finally {
  rmSync(project, { recursive: true, force: true })
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {string} name
 * @param {import('playwright-core').BrowserContextOptions} options
 * @param {(view: import('playwright-core').Page) => Promise<void>} [before] What is done first.
 */
async function shoot(browser, name, options, before = async () => undefined) {
  const context = await browser.newContext({ locale: 'en-US', ...options })
  const view = await context.newPage()
  await view.goto(pathToFileURL(join(project, 'review.html')).href)
  await before(view)
  // Films that are open can be played, and cards in sight have their posters.
  await view.waitForFunction(
    () =>
      [...document.querySelectorAll('video')].every((film) => film.readyState >= 2) &&
      [...document.querySelectorAll('article > button')].every(
        (one) => one.firstChild || one.getBoundingClientRect().top > innerHeight,
      ),
  )
  await view.screenshot({ path: join(pictures, `${name}.png`) })
  await context.close()
}
