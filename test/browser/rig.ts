import { pathToFileURL } from 'node:url'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Locator, type Page } from 'playwright-core'
import { afterAll, test as base, expect, inject, onTestFinished } from 'vitest'
import { browserArgs } from '../../scripts/browser.mjs'

const executablePath = inject('browser')
let browser: Promise<Browser> | undefined

/** A test that needs a browser. Where none can be had, which is told at the start, it is skipped; in CI it never is. */
export const test = base.skipIf(executablePath === '')

afterAll(async () => (await browser)?.close())

export interface OpenOptions extends BrowserContextOptions {
  /** Whether errors in the console and requests to elsewhere are part of the test. */
  allowsTrouble?: boolean
}

/**
 * Opens an address, or a file of this machine, in a fresh profile. When the test ends, nothing may have been written to
 * the console as an error or a warning, and nothing may have been asked of anybody but the page's own place.
 */
export async function openPage(where: string, options: OpenOptions = {}): Promise<Page> {
  const { allowsTrouble = false, ...context } = options
  browser ??= chromium.launch({ executablePath, args: browserArgs })
  const own = await (await browser).newContext({
    locale: 'en-US',
    viewport: { width: 1280, height: 800 },
    ...context,
  })
  const page = await own.newPage()
  page.setDefaultTimeout(30_000)
  const url = where.startsWith('http:') ? where : pathToFileURL(where).href
  const place = new URL(url)
  const troubles: string[] = []
  page.on('pageerror', (error) => troubles.push(String(error)))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) troubles.push(message.text())
  })
  page.on('request', (request) => {
    const { protocol, host } = new URL(request.url())
    const isOwn = protocol === 'data:' || (protocol === place.protocol && host === place.host)
    if (!isOwn) troubles.push(`asks ${request.url()}`)
  })
  onTestFinished(async () => {
    await own.close()
    if (!allowsTrouble) expect(troubles).toEqual([])
  })
  await page.goto(url)
  return page
}

/** The card of a shot in the grid. */
export function card(page: Page, name: string): Locator {
  return page.getByRole('article', { name, exact: true })
}

/** Opens a shot by its card. @returns Its dialog. */
export async function openShot(page: Page, name: string): Promise<Locator> {
  await page.getByRole('button', { name: `Open ${name}:` }).click()
  const dialog = page.getByRole('dialog', { name, exact: true })
  await dialog.waitFor()
  return dialog
}

/** Names of the shots that are in view or near it, in the order of the page. */
export async function shotsOf(page: Page): Promise<string[]> {
  return await page.locator('[data-shot] h3 > span:first-child').allTextContents()
}

/** Rules that axe finds broken, those that keep somebody out: serious and critical ones. */
export async function seriousFaults(page: Page): Promise<string[]> {
  // Policies of the page let in no script of a tag; the debugger's may run.
  await page.evaluate(axe.source)
  return await page.evaluate(async () => {
    const { axe: inPage } = globalThis as unknown as { axe: typeof axe }
    const { violations } = await inPage.run(document, { resultTypes: ['violations'] })
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(' ')}`))
  })
}
