import { describe, expect, test } from 'vitest'
import { inTurn, ratiosOf, spreadOf } from '../../bench/lib/paired.mjs'
import { keeps, row } from '../../bench/lib/row.mjs'

describe('measurements', () => {
  test('have the middle one as their median, and the mean of the middle two where they are even', () => {
    expect(spreadOf([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9, n: 3 })
    expect(spreadOf([4, 1, 2, 9])).toEqual({ median: 3, min: 1, max: 9, n: 4 })
  })

  test('are sorted as numbers, not as texts', () => {
    expect(spreadOf([10, 9, 100]).median).toBe(10)
  })

  test('are compared round by round: a slow round on both sides is no difference', () => {
    expect(ratiosOf([10, 30, 12], [5, 15, 6])).toEqual([2, 2, 2])
  })

  test('cannot be compared when there are more of one side', () => {
    expect(() => ratiosOf([1, 2], [1])).toThrow('Cannot pair')
  })

  test('are taken in turn, and warm-ups are not counted', async () => {
    const calls: string[] = []
    const contender = (name: string) => () => calls.push(name)
    const results = await inTurn({ a: contender('a'), b: contender('b') }, { rounds: 2, warmUps: 1 })
    expect(calls).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
    expect(results).toEqual({ a: [3, 5], b: [4, 6] })
  })
})

describe('an aim', () => {
  test('is kept at its bound, on the side that it names', () => {
    expect([1.24, 1.25, 1.26].map((value) => keeps(value, { atMost: 1.25 }))).toEqual([true, true, false])
    expect([9.9, 10, 11].map((value) => keeps(value, { atLeast: 10 }))).toEqual([false, true, true])
  })

  test('is judged by the median, and not at all where there is none', () => {
    const head = { id: 'x', what: 'x', against: '', unit: '×', detail: '', samples: [1, 2, 9] }
    expect(row({ ...head, aim: { atMost: 2 } }).met).toBe(true)
    expect(row({ ...head, aim: { atMost: 1.9 } }).met).toBe(false)
    expect(row(head)).not.toHaveProperty('met')
  })
})
