import { describe, expect, test } from 'vitest'
import { formatMoney } from '../../src/core/amount-words.js'
import type { TakeChange } from '../../src/core/diff-lockfiles.js'
import { billedWords, countWords, describeShot } from '../../src/core/diff-words.js'
import type { Happening } from '../../src/core/happening.js'
import { takeName, task } from './builders.js'

const change = (name: string, ...happenings: Happening[]): TakeChange => ({
  take: takeName(name),
  happenings,
  spent: [],
  unpricedTokens: 0,
})
const long = task('cgt-20260108111352-x1c9q')
const bought: Happening = { kind: 'bought', task: task('t1') }

describe('a shot in one sentence', () => {
  test.each<[string, TakeChange[]]>([
    ['bought', [change('fox', bought)]],
    ['take 2 bought', [change('fox@2', bought)]],
    [
      'bought; take 3 dropped from the lockfile',
      [change('fox', bought), change('fox@3', { kind: 'dropped' })],
    ],
    ['takes 1 and 2 bought', [change('fox', bought), change('fox@2', bought)]],
    ['takes 1 to 3, 5 bought', ['fox', 'fox@2', 'fox@3', 'fox@5'].map((name) => change(name, bought))],
    ['draft bought', [change('fox@draft', bought)]],
    ['drafts of takes 2 and 3 bought', ['fox@2@draft', 'fox@3@draft'].map((name) => change(name, bought))],
    [
      'retaken (was cgt-…x1c9q), picked take 2',
      [
        change(
          'fox',
          { kind: 'retaken', task: task('t2'), was: { task: long, status: 'succeeded' } },
          { kind: 'unpicked' },
        ),
        change('fox@2', { kind: 'picked' }),
      ],
    ],
    ['no longer picked take 1', [change('fox', { kind: 'unpicked' })]],
    [
      'bought (was t1, failed; 2 tasks), its file not fetched yet',
      [change('fox', { ...bought, fetched: false, was: { task: task('t1'), status: 'failed' }, tasks: 2 })],
    ],
    ['made final from its draft', [change('fox', { ...bought, fromDraft: true })]],
    [
      'back to task t1 (was t2)',
      [change('fox', { kind: 'adopted', task: task('t1'), was: { task: task('t2'), status: 'succeeded' } })],
    ],
    [
      'sent, live (was t1, expired)',
      [change('fox', { kind: 'sent', task: task('t2'), was: { task: task('t1'), status: 'expired' } })],
    ],
    [
      'failed: output moderated',
      [change('fox', { kind: 'failed', failure: 'moderation-output', code: 'X' })],
    ],
    [
      'failed: given up, its answer was never seen',
      [change('fox', { kind: 'failed', failure: 'service', code: 'released' })],
    ],
    ['moved from owl', [change('fox', { kind: 'moved', from: takeName('owl') })]],
    ['moved from ep01/owl@2', [change('fox', { kind: 'moved', from: takeName('owl@2'), manifest: 'ep01' })]],
    [
      'takes 1 and 2 moved from owl',
      [
        change('fox', { kind: 'moved', from: takeName('owl') }),
        change('fox@2', { kind: 'moved', from: takeName('owl@2') }),
      ],
    ],
    ['rejected: “too | dark”', [change('fox', { kind: 'rejected', note: 'too | dark' })]],
    ['rewritten: digest, video', [change('fox', { kind: 'rewritten', fields: ['digest', 'video'] })]],
  ])('%s', (sentence, changes) => {
    expect(describeShot(changes)).toBe(sentence)
  })
})

test.each([
  ['CNY 1.40', { currency: 'CNY', amount: 1.3968 }],
  ['CNY 1,234,567.00', { currency: 'CNY', amount: 1234567 }],
  ['CNY 0.0012', { currency: 'CNY', amount: 0.0012 }],
  ['CNY 0.000001', { currency: 'CNY', amount: 0.000001 }],
  ['USD -0.20', { currency: 'USD', amount: -0.2 }],
])('%s is an amount in words', (words, money) => {
  expect(formatMoney(money)).toBe(words)
})

test('what was billed is one amount a currency, then tokens without a price', () => {
  const spent = [
    { currency: 'CNY', amount: 1 },
    { currency: 'USD', amount: 2 },
  ]
  expect(billedWords({ spent, unpricedTokens: 87_300 })).toBe('CNY 1.00, USD 2.00, 87,300 tokens')
  expect(billedWords({ spent: [], unpricedTokens: 0 })).toBe('')
})

test('totals begin with what was bought', () => {
  expect(countWords({ picked: 1, sent: 2, bought: 1200 })).toBe('1,200 bought, 2 live, 1 picked')
})
