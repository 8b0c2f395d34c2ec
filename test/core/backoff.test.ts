import fc from 'fast-check'
import { expect, test } from 'vitest'
import { backoffMs } from '../../src/core/backoff.js'

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const policies = fc.record({
  baseMs: fc.integer({ min: 1, max: 10_000 }),
  capMs: fc.integer({ min: 1, max: 600_000 }),
})

test('the first wait is up to the base', () => {
  expect([0, 0.5, 0.999].map((random) => backoffMs(0, random, { baseMs: 1_000, capMs: 60_000 }))).toEqual([
    0, 500, 999,
  ])
})

test('each further one is up to twice as long, until the cap', () => {
  const longest = Array.from({ length: 8 }, (_, attempt) =>
    backoffMs(attempt, 0.999_999, { baseMs: 1_000, capMs: 20_000 }),
  )
  expect(longest).toEqual([999, 1_999, 3_999, 7_999, 15_999, 19_999, 19_999, 19_999])
})

test('a wait is whole milliseconds from 0 to the cap, however many came before', () => {
  fc.assert(
    fc.property(fc.nat({ max: 5_000 }), chance, policies, (attempt, random, policy) => {
      const wait = backoffMs(attempt, random, policy)
      expect(Number.isInteger(wait)).toBe(true)
      expect(wait).toBeGreaterThanOrEqual(0)
      expect(wait).toBeLessThanOrEqual(policy.capMs)
    }),
  )
})

test('the same chance never makes a later wait shorter', () => {
  fc.assert(
    fc.property(fc.nat({ max: 100 }), chance, policies, (attempt, random, policy) => {
      expect(backoffMs(attempt + 1, random, policy)).toBeGreaterThanOrEqual(
        backoffMs(attempt, random, policy),
      )
    }),
  )
})
