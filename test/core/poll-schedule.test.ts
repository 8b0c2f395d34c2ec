import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextPollMs, patientPolling } from '../../src/core/poll-schedule.js'

const ages = fc.integer({ min: 0, max: 7 * 24 * 3_600_000 })
const policies = fc
  .record({ minMs: fc.integer({ min: 1, max: 5_000 }), more: fc.integer({ min: 0, max: 60_000 }) })
  .map(({ minMs, more }) => ({ minMs, maxMs: minMs + more }))
const fastest = fc.option(fc.integer({ min: 0, max: 3_600_000 }), { nil: undefined })

test('a young task is looked at after the shortest wait', () => {
  expect(nextPollMs(0, undefined, patientPolling)).toBe(2_000)
})

test('from then on after a tenth of its age, up to the longest wait', () => {
  expect([30_000, 60_000, 600_000].map((age) => nextPollMs(age, undefined, patientPolling))).toEqual([
    3_000, 6_000, 15_000,
  ])
})

test('nobody is looked at before the fastest so far could be done', () => {
  expect(nextPollMs(0, 50_000, patientPolling)).toBe(40_000)
  expect(nextPollMs(30_000, 50_000, patientPolling)).toBe(10_000)
  expect(nextPollMs(45_000, 50_000, patientPolling)).toBe(4_500)
})

test('a wait is never shorter than the least, nor longer than four of the longest', () => {
  fc.assert(
    fc.property(ages, fastest, policies, (age, fastestMs, policy) => {
      const wait = nextPollMs(age, fastestMs, policy)
      expect(Number.isInteger(wait)).toBe(true)
      expect(wait).toBeGreaterThanOrEqual(policy.minMs)
      expect(wait).toBeLessThanOrEqual(policy.maxMs * 4)
    }),
  )
})

test('once the fastest so far could be done, a wait is never longer than the longest', () => {
  fc.assert(
    fc.property(ages, policies, (age, policy) => {
      expect(nextPollMs(age, age, policy)).toBeLessThanOrEqual(policy.maxMs)
    }),
  )
})
