import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TimeHeap } from '../../src/simulator/time-heap.js'

test('a heap gives values back by time, and by order of arrival within one', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 20 })),
      fc.integer({ min: 0, max: 20 }),
      (times, untilMs) => {
        const heap = new TimeHeap<number>()
        for (const [order, time] of times.entries()) heap.push(time, order)
        const popped: [number, number][] = []
        for (let due = heap.popUntil(untilMs); due; due = heap.popUntil(untilMs))
          popped.push([due.atMs, due.value])
        const wanted = times
          .map((time, order): [number, number] => [time, order])
          .filter(([time]) => time <= untilMs)
        expect(popped).toEqual(wanted.sort(([a, first], [b, second]) => a - b || first - second))
      },
    ),
  )
})
