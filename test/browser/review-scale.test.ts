import { expect } from 'vitest'
import { doneShot, pageOf } from './page-data.js'
import { openPage, shotsOf, test } from './rig.js'

const fiveThousand = () =>
  pageOf(
    Array.from({ length: 5000 }, (_, index) => doneShot(`s${index}`, { prompt: `A fox, number ${index}` })),
  )

test('of 5,000 shots only those near the window are on the page, and all can be reached', async () => {
  const page = await openPage(fiveThousand())
  const cards = page.locator('[data-shot]')
  expect(await page.getByText('5000 shots').count()).toBe(1)
  expect(await cards.count()).toBeLessThan(100)

  const height = await page.evaluate(() => document.scrollingElement!.scrollHeight)
  for (const part of [0.5, 1]) {
    await page.evaluate((top) => scrollTo(0, top), height * part)
    const middle = part === 1 ? 's4999' : 's2500'
    await expect.poll(() => shotsOf(page)).toContain(middle)
    expect(await cards.count()).toBeLessThan(100)
  }
  // Nothing moves under the reader while cards come and go.
  expect(await page.evaluate(() => document.scrollingElement!.scrollHeight)).toBe(height)
})

test('among 5,000 shots a word finds one, and a key goes to the last', async () => {
  const page = await openPage(fiveThousand())
  await page.keyboard.press('End')
  await expect
    .poll(() => page.evaluate(() => document.activeElement?.getAttribute('aria-label')))
    .toBe('Open s4999: done')
  await page.getByLabel('Search shots').fill('number 4321')
  await expect.poll(() => shotsOf(page)).toEqual(['s4321'])
})
