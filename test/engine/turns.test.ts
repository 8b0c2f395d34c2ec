import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Turns } from '../../src/engine/turns.js'

test('those who are urgent go first, and otherwise everybody in their order', () => {
  const turns = new Turns<string>()
  turns.add('a')
  turns.add('b')
  turns.add('f', { urgent: true })
  turns.add('g', { urgent: true })
  expect([turns.next(), turns.next(), turns.next(), turns.next()]).toEqual(['f', 'g', 'a', 'b'])
})

test('everybody goes once, whenever places come', () => {
  const asked = fc.array(fc.record({ urgent: fc.boolean(), placesThen: fc.nat({ max: 3 }) }))
  fc.assert(
    fc.property(asked, (items) => {
      const turns = new Turns<number>()
      const gone: number[] = []
      let waiting = 0
      for (const [index, { urgent, placesThen }] of items.entries()) {
        turns.add(index, { urgent })
        waiting++
        for (let place = 0; place < placesThen && waiting > 0; place++, waiting--) gone.push(turns.next())
      }
      for (; waiting > 0; waiting--) gone.push(turns.next())
      expect(gone.sort((a, b) => a - b)).toEqual([...items.keys()])
    }),
  )
})
