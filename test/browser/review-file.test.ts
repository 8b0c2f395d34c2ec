import { cpSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect } from 'vitest'
import { createProject } from '../support/project.js'
import { card, openPage, openShot, seriousFaults, shotsOf, test } from './rig.js'
import { contactSheet, hostile, sharedSeason } from './season.js'

const season = sharedSeason()
let file: string

beforeAll(async () => {
  file = await contactSheet(season())
})

/** Cards whose films have shown their first frames. */
const posters = (page: Page) => page.locator('canvas.poster').count()
/** Films that can be played from where they stand; 2 is HTMLMediaElement.HAVE_CURRENT_DATA. */
const playable = (page: Page, films: string) =>
  page.evaluate(
    (selector) =>
      [...document.querySelectorAll<HTMLVideoElement>(selector)].filter((film) => film.readyState >= 2)
        .length,
    films,
  )
const times = (page: Page) =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLVideoElement>('video.film')].map((film) => film.currentTime),
  )

describe('the contact sheet, opened from the disk', () => {
  test('shows all shots in the order of their manifests, with what became of them', async () => {
    const page = await openPage(file)
    expect(await shotsOf(page)).toEqual(['fox', 'fox-run', 'owl', 'alley', 'later', 'draft-me'])
    expect(await card(page, 'fox').textContent()).toMatch(/fox.*done.*2\/2.*CNY 1\.\d\d.*狐狸在雪地里奔跑/)
    expect(await card(page, 'alley').textContent()).toMatch(/failed.*output moderated: a rerun may pass/)
    expect(await card(page, 'later').textContent()).toMatch(/not bought/)
    expect(await page.getByText('6 shots').count()).toBe(1)
  })

  test('shows the first frames of films, and plays one while the mouse is on it', async () => {
    const page = await openPage(file)
    await expect.poll(() => posters(page)).toBe(4)
    const film = card(page, 'owl').locator('video')
    await card(page, 'owl').getByRole('button').hover()
    await expect.poll(() => film.evaluate((one: HTMLVideoElement) => one.currentTime)).toBeGreaterThan(0.2)
    await page.mouse.move(0, 0)
    await film.waitFor({ state: 'detached' })
  })

  test('loads each film once, however often its card comes and goes', async () => {
    const page = await openPage(file)
    await expect.poll(() => posters(page)).toBe(4)
    await page.evaluate(() => {
      const create = document.createElement.bind(document)
      document.createElement = (name: string) => {
        if (name === 'video') document.title = 'loads a film'
        return create(name)
      }
    })
    await page.getByLabel('Search shots').fill('no such shot')
    await page.getByText('No shot fits these filters.').waitFor()
    await page.getByLabel('Search shots').fill('')
    await expect.poll(() => posters(page)).toBe(4)
    expect(await page.title()).toBe('Review')
  })

  test('plays nothing by itself for people who want less motion', async () => {
    const page = await openPage(file, { reducedMotion: 'reduce' })
    await expect.poll(() => posters(page)).toBe(4)
    await card(page, 'owl').getByRole('button').hover()
    await page.waitForTimeout(200)
    expect(await page.locator('video').count()).toBe(0)
  })

  test('is narrowed by text, status, tag, manifest, decision and cost, and an address keeps that', async () => {
    const page = await openPage(file)
    const shown = () => shotsOf(page)
    const clear = page.getByRole('button', { name: 'Clear filters' })

    await page.getByLabel('Search shots').fill('snow RUNS')
    await expect.poll(shown).toEqual(['fox-run'])
    await page.reload()
    expect(await page.getByLabel('Search shots').inputValue()).toBe('snow RUNS')
    await expect.poll(shown).toEqual(['fox-run'])
    await clear.click()

    for (const [label, value, names] of [
      ['Status', 'failed', ['alley']],
      ['Tag', 'snow', ['fox', 'fox-run']],
      ['Manifest', 'ep02', ['draft-me']],
      ['Decision', 'approved', []],
    ] as const) {
      await page.getByRole('combobox', { name: label, exact: true }).selectOption(value)
      await expect.poll(shown, { message: label }).toEqual(names)
      await clear.click()
    }
    await page.getByLabel('Cost at least').fill('1')
    await expect.poll(shown).toEqual(['fox', 'fox-run'])
    await page.getByText('2 of 6 shots').waitFor()
  })

  test('is walked through with keys alone', async () => {
    const page = await openPage(file)
    const goes = async (key: string, to: string) => {
      await page.keyboard.press(key)
      await expect
        .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
        .toBe(to)
    }
    await goes('ArrowRight', 'Open fox-run: done')
    await goes('End', 'Open draft-me: done')
    await goes('Home', 'Open fox: done')
    await page.keyboard.press('Space')
    const film = card(page, 'fox').locator('video')
    await expect.poll(() => film.evaluate((one: HTMLVideoElement) => one.paused)).toBe(false)
    expect(await page.getByRole('dialog').count()).toBe(0)

    await page.keyboard.press('Enter')
    await page.getByRole('dialog', { name: 'fox', exact: true }).waitFor()
    await page.keyboard.press('ArrowRight')
    await page.getByRole('dialog', { name: 'fox-run' }).waitFor()
    await goes('Escape', 'Open fox-run: done')
    expect(await page.getByRole('dialog').count()).toBe(0)

    await page.keyboard.press('/')
    await page.keyboard.type('owl')
    await expect.poll(() => shotsOf(page)).toEqual(['owl'])
    await page.keyboard.press('Escape')
    await page.keyboard.press('?')
    await page.getByRole('dialog', { name: 'Keys' }).waitFor()
  })

  test('plays takes side by side, in step', async () => {
    const page = await openPage(file)
    const dialog = await openShot(page, 'fox')
    await expect.poll(() => playable(page, 'video.film')).toBe(2)
    await dialog.getByRole('button', { name: 'Play all' }).click()
    await expect.poll(async () => Math.min(...(await times(page)))).toBeGreaterThan(0.3)
    const [first = 0, second = 9] = await times(page)
    expect(Math.abs(first - second)).toBeLessThan(0.5)

    await dialog.getByRole('button', { name: 'Pause' }).click()
    await dialog.getByLabel('Position').fill('3')
    await expect.poll(() => times(page)).toEqual([3, 3])
    await dialog.getByText('3.0 / 4.0 s').waitFor()
  })

  test('shows what was bought before beside what was bought anew', async () => {
    const page = await openPage(file)
    const dialog = await openShot(page, 'fox-run')
    expect(await dialog.locator('figure figcaption strong').allTextContents()).toEqual([
      'Take 1',
      'Take 1, Before',
    ])
    await expect.poll(() => playable(page, 'video.film')).toBe(2)
    expect(await dialog.getByText('A fox runs through the snow').count()).toBe(1)
    expect(await dialog.getByText(/^cgt-/).count()).toBe(2)
  })

  test('shows images that were given, and parameters', async () => {
    const page = await openPage(file)
    const dialog = await openShot(page, 'owl')
    const image = dialog.locator('ul.media img')
    await expect.poll(() => image.evaluate((one: HTMLImageElement) => one.naturalWidth)).toBe(640)
    expect(await dialog.locator('ul.media').textContent()).toMatch(/first_frame.*refs\/owl\.png/)
    expect(await dialog.locator('dl').textContent()).toMatch(/doubao-seedance-2-0-mini-260615.*480p.*night/)
  })

  test('offers no decisions, and says where they are made', async () => {
    const page = await openPage(file)
    const dialog = await openShot(page, 'fox')
    for (const name of ['Pick', 'Approve', 'Reject'])
      expect(await dialog.getByRole('button', { name, exact: true }).count()).toBe(0)
    expect(await page.getByText('shotlock review --serve').count()).toBe(1)
  })

  test('speaks the first language of the browser that it knows, and the other at a click', async () => {
    const page = await openPage(file, { locale: 'zh-CN' })
    expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-CN')
    expect(await card(page, 'alley').textContent()).toMatch(/[失败].*[\u4e00-\u9fff]{4}/)
    await page.getByRole('button', { name: 'English' }).click()
    await card(page, 'alley').getByText('failed').first().waitFor()
  })

  test('fits on a phone, without scrolling sideways', async () => {
    const page = await openPage(file, {
      viewport: { width: 375, height: 700 },
      hasTouch: true,
      isMobile: true,
    })
    const width = () => page.evaluate(() => document.scrollingElement!.scrollWidth)
    expect(await width()).toBe(375)
    const status = page.getByRole('combobox', { name: 'Status', exact: true })
    expect(await status.isVisible()).toBe(false)
    await page.getByRole('button', { name: 'Filters' }).tap()
    await status.waitFor()
    expect(await width()).toBe(375)
    const dialog = await openShot(page, 'fox')
    expect(await width()).toBe(375)
    expect(await dialog.evaluate((one) => one.scrollWidth <= one.clientWidth)).toBe(true)
  })

  test.each(['light', 'dark'] as const)('keeps nobody out, %s', async (colorScheme) => {
    const page = await openPage(file, { colorScheme })
    const background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
    const [, red = 0] = /(\d+)/.exec(background) ?? []
    expect(Number(red) > 128).toBe(colorScheme === 'light')
    expect(await seriousFaults(page)).toEqual([])
    for (const name of ['fox', 'alley']) {
      await openShot(page, name)
      expect(await seriousFaults(page), name).toEqual([])
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }
    await page.keyboard.press('?')
    await page.getByRole('dialog').waitFor()
    expect(await seriousFaults(page), 'keys').toEqual([])
  })

  test('shows markup in prompts as the text that it is', async () => {
    const page = await openPage(file)
    await page.getByLabel('Search shots').fill('onerror')
    await expect.poll(() => shotsOf(page)).toEqual(['alley'])
    const dialog = await openShot(page, 'alley')
    expect(await dialog.locator('p.prompt').textContent()).toContain(hostile)
    expect(await page.evaluate(() => 'taken' in window)).toBe(false)
    expect(await page.locator('img').count()).toBe(0)
  })

  test('says which videos are not on this machine', async () => {
    const { project, flags } = season()
    const clone = createProject()
    cpSync(project.path('manifests'), clone.path('manifests'), {
      recursive: true,
      filter: (path) => !path.endsWith('.mp4'),
    })
    const page = await openPage(await contactSheet({ project: clone, flags }))
    expect(await page.locator('canvas').count()).toBe(0)
    const dialog = await openShot(page, 'fox')
    expect(await dialog.getByText('no video on this machine').count()).toBe(2)
  })
})

describe('the contact sheet with --embed', () => {
  test('plays in a folder where nothing else is', async () => {
    await contactSheet(season(), '--embed', '--out', 'alone.html')
    const elsewhere = createProject({ 'alone.html': season().project.read('alone.html') })
    const page = await openPage(elsewhere.path('alone.html'))
    await expect.poll(() => posters(page)).toBe(4)
    await openShot(page, 'owl')
    await expect.poll(() => playable(page, 'video.film')).toBe(1)
    expect(await page.locator('video').first().getAttribute('src')).toMatch(/^data:video\/mp4;base64,/)
  })
})
