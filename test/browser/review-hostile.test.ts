import { expect } from 'vitest'
import type { ReviewShot, ReviewTake } from '../../src/core/review.js'
import { doneShot, pageOf } from './page-data.js'
import { openPage, test } from './rig.js'
import { hostile } from './season.js'

/** Every text that is not an address or one of a few words, replaced. */
function taintedShot(): ReviewShot {
  const shot = doneShot(hostile)
  const take: ReviewTake = {
    ...(shot.takes[0] as ReviewTake),
    status: 'failed',
    failure: 'unknown',
    error: hostile,
    provider: hostile,
    task: hostile as NonNullable<ReviewTake['task']>,
    note: hostile,
    cost: hostile,
    previous: [{ task: hostile as NonNullable<ReviewTake['task']>, cost: hostile }],
  }
  return {
    ...shot,
    prompt: hostile,
    model: hostile,
    parameters: { [hostile]: hostile },
    tags: [hostile],
    media: [{ role: 'first_frame', kind: 'image', source: hostile }],
    takes: [take],
  }
}

test('nothing that the data holds becomes markup or runs', async () => {
  const page = await openPage(pageOf([taintedShot()], hostile))
  await page.locator('[data-shot] > button').click()
  await page.getByRole('dialog').waitFor()
  expect(await page.evaluate(() => 'taken' in window)).toBe(false)
  expect(await page.locator('img, #page script').count()).toBe(0)
  // It is all there, as text.
  expect(await page.locator('dialog dl').textContent()).toContain(hostile)
  await page.getByLabel('Tag').selectOption(hostile)
})

const elsewhere = [
  'https://example.com/a.mp4',
  '//example.com/a.mp4',
  'javascript:window.taken=1',
  'data:text/html,x',
]

test.each(elsewhere)('a film at %s is not loaded', async (href) => {
  const [take] = doneShot('fox').takes
  const shot = doneShot('fox', {
    media: [{ role: 'first_frame', kind: 'image', source: 'x', href }],
    takes: [{ ...(take as ReviewTake), video: { href, path: 'a.mp4' } }],
  })
  const page = await openPage(pageOf([shot]))
  await page.locator('[data-shot] > button').click()
  await page.getByRole('dialog').waitFor()
  expect(await page.locator('video, img').count()).toBe(0)
})

test('a script that somebody puts into the page does not run', async () => {
  const page = await openPage(pageOf([doneShot('fox')]), { allowsTrouble: true })
  await page.evaluate(() => {
    const script = document.createElement('script')
    script.textContent = 'window.taken = 1'
    document.body.append(script)
    const button = document.createElement('button')
    button.setAttribute('onclick', 'window.taken = 1')
    document.body.append(button)
    button.click()
  })
  expect(await page.evaluate(() => 'taken' in window)).toBe(false)
  // Nor does the page reach anybody.
  expect(await page.evaluate(() => fetch('https://example.com').catch((error: Error) => error.name))).toBe(
    'TypeError',
  )
})
