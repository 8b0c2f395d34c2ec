import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Decision } from '../../src/core/review.js'
import { parseDecision } from '../../src/core/review-decision.js'
import { shotName, takeName } from './builders.js'

const manifest = 'ep01'
const take = takeName('fox@2')

describe('a decision is', () => {
  test.each<Decision>([
    { do: 'pick', manifest, take },
    { do: 'unpick', manifest, take: takeName('狐狸') },
    { do: 'judge', manifest, take },
    { do: 'judge', manifest, take: takeName('fox@draft'), approved: true },
    { do: 'judge', manifest, take: takeName('fox@100@draft'), approved: false, note: 'too dark' },
    { do: 'judge', manifest, take, note: '' },
    { do: 'judge', manifest, take, note: '字'.repeat(1000) },
    { do: 'takes', manifest, shot: shotName('fox'), more: 1 },
    { do: 'takes', manifest: 'a/ep 01', shot: shotName('fox'), more: 10 },
  ])('%j', (decision) => {
    expect(parseDecision(decision)).toEqual(decision)
    expect(parseDecision(JSON.parse(JSON.stringify(decision)))).toEqual(decision)
  })
})

describe('no decision is', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'pick'],
    ['a list', [{ do: 'pick', manifest, take }]],
    ['one without a kind', { manifest, take }],
    ['one of no such kind', { do: 'delete', manifest, take }],
    ['one whose kind every object has', { do: 'constructor', manifest, take }],
    ['one whose kind is a list', { do: ['pick'], manifest, take }],
    ['one without a manifest', { do: 'pick', take }],
    ['one whose manifest is no text', { do: 'pick', manifest: 1, take }],
    ['one without a take', { do: 'pick', manifest }],
    ['a shot in the place of a take', { do: 'pick', manifest, shot: 'fox' }],
    ['a take in the place of a shot', { do: 'takes', manifest, take, more: 2 }],
    ['a shot with a number', { do: 'takes', manifest, shot: 'fox@2', more: 2 }],
    ['a pattern of shots', { do: 'takes', manifest, shot: '*', more: 2 }],
    ['a pattern of takes', { do: 'pick', manifest, take: 'fox*' }],
    ['a path', { do: 'pick', manifest, take: '../fox' }],
    ['take 0', { do: 'pick', manifest, take: 'fox@0' }],
    ['take 1000', { do: 'pick', manifest, take: 'fox@1000' }],
    ['a take of no shot', { do: 'pick', manifest, take: '@2' }],
    ['two numbers', { do: 'pick', manifest, take: 'fox@2@3' }],
    ['a line more', { do: 'pick', manifest, take: 'fox\n' }],
    ['a pick with a field too many', { do: 'pick', manifest, take, approved: true }],
    ['a judgement with a field too many', { do: 'judge', manifest, take, more: 1 }],
    ['a field that no decision has', { do: 'pick', manifest, take, force: true }],
    ['a field that is none', JSON.parse(`{"do":"pick","manifest":"ep01","take":"fox","__proto__":{}}`)],
    ['a judgement that is no yes or no', { do: 'judge', manifest, take, approved: 'true' }],
    ['a judgement that is null', { do: 'judge', manifest, take, approved: null }],
    ['a note that is no text', { do: 'judge', manifest, take, note: ['x'] }],
    ['a note that is far too long', { do: 'judge', manifest, take, note: 'x'.repeat(1001) }],
    ['no more takes', { do: 'takes', manifest, shot: 'fox', more: 0 }],
    ['fewer takes', { do: 'takes', manifest, shot: 'fox', more: -1 }],
    ['eleven more takes', { do: 'takes', manifest, shot: 'fox', more: 11 }],
    ['half a take', { do: 'takes', manifest, shot: 'fox', more: 1.5 }],
    ['a number as text', { do: 'takes', manifest, shot: 'fox', more: '2' }],
    ['how many takes left out', { do: 'takes', manifest, shot: 'fox' }],
  ])('%s', (_, value) => {
    expect(parseDecision(value)).toBeUndefined()
  })
})

const name = fc.stringMatching(/^[a-z0-9_][a-z0-9_-]{0,20}$/)
const takeNames = fc
  .tuple(name, fc.constantFrom('', '@2', '@99'), fc.constantFrom('', '@draft'))
  .map((parts) => parts.join(''))
const likely = fc.record(
  {
    do: fc.constantFrom('pick', 'unpick', 'judge', 'takes', 'x'),
    manifest: fc.string(),
    take: fc.oneof(takeNames, fc.jsonValue()),
    shot: fc.oneof(name, fc.jsonValue()),
    approved: fc.oneof(fc.boolean(), fc.jsonValue()),
    note: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
    more: fc.oneof(fc.integer({ min: -1, max: 12 }), fc.jsonValue()),
  },
  { requiredKeys: ['do', 'manifest'] },
)

test('of any JSON comes a decision or nothing, and a decision is what was given', () => {
  fc.assert(
    fc.property(fc.oneof(likely, fc.jsonValue()), (value) => {
      const decision = parseDecision(value)
      if (decision !== undefined) expect(decision).toEqual(value)
    }),
  )
})
