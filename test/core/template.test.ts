import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fillTemplate } from '../../src/core/template.js'

const values = new Map([
  ['a', 'one'],
  ['狐', 'fox'],
  ['empty', ''],
  ['money', '$&'],
])

describe('a text is filled', () => {
  test.each([
    ['${a}', 'one'],
    ['${ a } and ${狐}', 'one and fox'],
    ['x${empty}y', 'xy'],
    ['${money}', '$&'],
    ['$${a}', '${a}'],
    ['$$${a}', '$${a}'],
    ['$a {a} $ {a} a}', '$a {a} $ {a} a}'],
    ['', ''],
  ])('%j: %j', (text, filled) => {
    expect(fillTemplate(text, values)).toEqual({ text: filled, faults: [] })
  })
})

describe('what cannot be filled is reported, and left as it is', () => {
  test.each([
    ['to ${b}', { offset: 3, piece: '${b}', kind: 'unknown', name: 'b' }],
    ['${constructor}', { offset: 0, piece: '${constructor}', kind: 'unknown', name: 'constructor' }],
    ['to ${', { offset: 3, piece: '${', kind: 'syntax', name: '' }],
    ['${}', { offset: 0, piece: '${}', kind: 'syntax', name: '' }],
    ['${ }', { offset: 0, piece: '${ }', kind: 'syntax', name: '' }],
    ['${a\n}', { offset: 0, piece: '${', kind: 'syntax', name: '' }],
  ])('%j', (text, fault) => {
    expect(fillTemplate(text, values)).toEqual({ text, faults: [fault] })
  })

  test('each on its own', () => {
    const { text, faults } = fillTemplate('${b} ${a} ${c}', values)
    expect(text).toBe('${b} one ${c}')
    expect(faults.map(({ offset, name }) => [offset, name])).toEqual([
      [0, 'b'],
      [10, 'c'],
    ])
  })

  test('the inner one of two in one another', () => {
    expect(fillTemplate('${a${a}}', values)).toMatchObject({
      text: '${aone}',
      faults: [{ kind: 'syntax', offset: 0 }],
    })
  })
})

test('a text without ${ stays as it is', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).filter((text) => !text.includes('${')),
      (text) => {
        expect(fillTemplate(text, values)).toEqual({ text, faults: [] })
      },
    ),
  )
})

test('a text whose every ${ is doubled comes out as it went in', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'a', ' ') }), (text) => {
      const literal = text.replaceAll('${', () => '$${')
      expect(fillTemplate(literal, values)).toEqual({ text, faults: [] })
    }),
  )
})
