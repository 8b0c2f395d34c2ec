import type { TestProject } from 'vitest/node'
import { provideBrowser } from '../../scripts/browser.mjs'

declare module 'vitest' {
  interface ProvidedContext {
    /** Path of a browser of the Chromium family; empty where none can be had. */
    browser: string
  }
}

/** Finds or installs the browser of the tests in `test/browser`. Only there is no harm in having none, and it is told. */
export default function setup(project: TestProject): void {
  const path = provideBrowser()
  if (path === undefined) {
    const what = 'No Chromium, Chrome or Edge is here, and none could be installed'
    if (process.env.CI) throw new Error(`${what}. Name one with SHOTLOCK_BROWSER.`)
    console.error(
      `\n${'!'.repeat(72)}\n${what}:\nTHE REVIEW PAGE IS NOT TESTED. Name a browser with SHOTLOCK_BROWSER.\n${'!'.repeat(72)}\n`,
    )
  }
  project.provide('browser', path ?? '')
}
