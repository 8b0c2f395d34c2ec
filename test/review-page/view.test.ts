import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Review, ReviewShot, ReviewTake } from '../../src/core/review.js'
import { canJudge, keyDecision } from '../../src/review-page/decisions.js'
import {
  decisionFilters,
  type Filter,
  faceOf,
  filterFromHash,
  filterHash,
  moneyOf,
  movedFocus,
  noFilter,
  placedShots,
  reviewStatuses,
  safeHref,
  totalsOf,
} from '../../src/review-page/view.js'
import { shotName, takeName, task } from '../core/builders.js'

function take(name: string, parts: Partial<ReviewTake> = {}): ReviewTake {
  return { name: takeName(name), status: 'succeeded', next: 'keep', ...parts }
}

function shot(name: string, takes: ReviewTake[] = [take(name)], parts: Partial<ReviewShot> = {}): ReviewShot {
  return { name: shotName(name), parameters: {}, media: [], tags: [], takes, ...parts }
}

function reviewOf(manifests: Record<string, ReviewShot[]>): Review {
  const all = Object.entries(manifests).map(([name, shots]) => ({
    name,
    file: `${name}.yaml`,
    running: false,
    shots,
  }))
  return { format: 1, mode: 'file', rehearsal: false, manifests: all }
}

const video = { href: 'out/a.mp4', path: 'out/a.mp4' }

describe('a filter', () => {
  const review = reviewOf({
    ep01: [
      shot(
        'fox',
        [take('fox', { cost: '1.5 CNY', approved: true }), take('fox@2', { cost: '2 CNY', pick: true })],
        {
          prompt: 'A red fox runs',
          model: 'seedance-1-5',
          tags: ['hero', 'day'],
        },
      ),
      shot('owl', [take('owl', { status: 'failed', error: 'OutputVideoSensitive', cost: '0 CNY' })], {
        prompt: '猫头鹰在雪地里',
        tags: ['night'],
      }),
      shot('bee', [take('bee', { status: 'absent' })]),
    ],
    ep02: [
      shot('fox', [
        take('fox', {
          approved: false,
          note: 'Too dark',
          cost: '0.5 CNY',
          previous: [{ task: task('t0'), cost: '5 CNY' }],
        }),
      ]),
      shot('wolf', [take('wolf', { status: 'submitted', task: task('cgt-42') })]),
    ],
  })
  const through = (filter: Partial<Filter>) =>
    placedShots(review, { ...noFilter, ...filter }).map(({ key }) => key)

  test.each<[Partial<Filter>, string[]]>([
    [{}, ['ep01/fox', 'ep01/owl', 'ep01/bee', 'ep02/fox', 'ep02/wolf']],
    [{ manifest: 'ep02' }, ['ep02/fox', 'ep02/wolf']],
    [{ manifest: 'ep03' }, []],
    [{ status: 'failed' }, ['ep01/owl']],
    [{ status: 'absent' }, ['ep01/bee']],
    [{ status: 'submitted' }, ['ep02/wolf']],
    [{ tag: 'day' }, ['ep01/fox']],
    [{ tag: 'da' }, []],
    [{ decision: 'approved' }, ['ep01/fox']],
    [{ decision: 'rejected' }, ['ep02/fox']],
    [{ decision: 'picked' }, ['ep01/fox']],
    // Nothing can be decided of what is not done.
    [{ decision: 'undecided' }, []],
    [{ text: 'fox' }, ['ep01/fox', 'ep02/fox']],
    [{ text: 'RUNS  red' }, ['ep01/fox']],
    [{ text: 'red night' }, []],
    [{ text: '雪地' }, ['ep01/owl']],
    [{ text: 'hero' }, ['ep01/fox']],
    [{ text: 'seedance' }, ['ep01/fox']],
    [{ text: 'too DARK' }, ['ep02/fox']],
    [{ text: 'cgt-42' }, ['ep02/wolf']],
    [{ text: 'sensitive' }, ['ep01/owl']],
    [{ text: '  ' }, ['ep01/fox', 'ep01/owl', 'ep01/bee', 'ep02/fox', 'ep02/wolf']],
    // All takes of a shot together, those that were superseded among them.
    [{ cost: '3.5' }, ['ep01/fox', 'ep02/fox']],
    [{ cost: '3.51' }, ['ep02/fox']],
    [{ cost: '6' }, []],
    [{ cost: '0' }, ['ep01/fox', 'ep01/owl', 'ep01/bee', 'ep02/fox', 'ep02/wolf']],
    [{ cost: 'much' }, ['ep01/fox', 'ep01/owl', 'ep01/bee', 'ep02/fox', 'ep02/wolf']],
    [{ text: 'fox', decision: 'rejected', manifest: 'ep01' }, []],
  ])('of %j lets through %j', (filter, keys) => {
    expect(through(filter)).toEqual(keys)
  })

  test('finds what is done and was not looked at', () => {
    const done = reviewOf({ ep: [shot('a', [take('a', { approved: true }), take('a@2')]), shot('b')] })
    const keys = placedShots(done, { ...noFilter, decision: 'undecided' }).map(({ key }) => key)
    expect(keys).toEqual(['ep/a', 'ep/b'])
  })
})

describe('the part of the address behind #', () => {
  const filters: fc.Arbitrary<Filter> = fc.record({
    text: fc.string({ unit: 'grapheme' }),
    status: fc.constantFrom('' as const, ...reviewStatuses),
    tag: fc.string({ unit: 'grapheme' }),
    manifest: fc.string({ unit: 'grapheme' }),
    decision: fc.constantFrom('' as const, ...decisionFilters),
    cost: fc.string(),
  })

  test('keeps any filter', () => {
    fc.assert(
      fc.property(filters, (filter) => {
        expect(filterFromHash(filterHash(filter))).toEqual(filter)
        expect(filterFromHash(`#${filterHash(filter)}`)).toEqual(filter)
      }),
    )
  })

  test('is empty when nothing is narrowed', () => {
    expect(filterHash(noFilter)).toBe('')
    expect(filterFromHash('')).toEqual(noFilter)
  })

  test('may be anything, and what is not known in it is left out', () => {
    expect(filterFromHash('#status=lost&decision=__proto__&x=1&tag=a')).toEqual({ ...noFilter, tag: 'a' })
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (hash) => {
        expect(Object.keys(filterFromHash(hash))).toEqual(Object.keys(noFilter))
      }),
    )
  })
})

describe('the focus', () => {
  // 0 1 2
  // 3 4 5
  // 6 7
  const grid = { columns: 3, count: 8 }
  test.each([
    [0, 'ArrowRight', 1],
    [2, 'l', 3],
    [3, 'ArrowLeft', 2],
    [0, 'h', 0],
    [7, 'ArrowRight', 7],
    [1, 'ArrowDown', 4],
    [4, 'j', 7],
    // There is nothing below.
    [5, 'ArrowDown', 5],
    [4, 'ArrowUp', 1],
    [1, 'k', 1],
    [5, 'Home', 0],
    [0, 'End', 7],
  ])('goes from %i by %s to %i', (index, key, to) => {
    expect(movedFocus(index, key, grid)).toBe(to)
  })

  test('is moved by no other key', () => {
    for (const key of ['a', 'Enter', ' ', 'PageDown', 'constructor', 'toString', '__proto__', ''])
      expect([key, movedFocus(0, key, grid)]).toEqual([key, undefined])
  })

  test('stays on the grid, and has the first place where there is none', () => {
    const keys = fc.constantFrom(
      'ArrowLeft',
      'ArrowRight',
      'ArrowUp',
      'ArrowDown',
      'Home',
      'End',
      'h',
      'j',
      'k',
      'l',
    )
    fc.assert(
      fc.property(keys, fc.nat(50), fc.integer({ min: 1, max: 9 }), fc.nat(50), (key, count, columns, at) => {
        const index = Math.min(at, Math.max(0, count - 1))
        const to = movedFocus(index, key, { columns, count })!
        expect(to).toBeGreaterThanOrEqual(0)
        expect(to).toBeLessThan(Math.max(1, count))
      }),
    )
  })
})

describe('what is shown together', () => {
  test('is counted and summed, with what was superseded, one amount a currency', () => {
    const placed = placedShots(
      reviewOf({
        a: [shot('x', [take('x', { tokens: 10, cost: '0.1 CNY' }), take('x@2', { status: 'failed' })])],
        b: [
          shot('y', [
            take('y', {
              tokens: 5,
              cost: '0.2 CNY',
              previous: [{ task: task('t'), tokens: 2, cost: '1 USD' }, { task: task('u') }],
            }),
          ]),
        ],
      }),
      noFilter,
    )
    expect(totalsOf(placed)).toEqual({
      shots: 2,
      takes: { succeeded: 2, failed: 1, submitted: 0, unknown: 0, expired: 0, cancelled: 0, absent: 0 },
      tokens: 17,
      money: [
        { currency: 'CNY', micros: 300_000 },
        { currency: 'USD', micros: 1_000_000 },
      ],
    })
  })

  test('is nothing when it is nothing', () => {
    expect(totalsOf([])).toMatchObject({ shots: 0, tokens: 0, money: [] })
    expect(totalsOf([]).takes).not.toBe(totalsOf([]).takes)
  })

  test('does not count a cost that cannot be read', () => {
    expect(moneyOf([take('a', { cost: 'much' }), take('b', { cost: '1' }), take('c')])).toEqual([])
  })
})

describe('the face of a shot', () => {
  const draft = take('a@draft', { draft: true, video })
  test.each<[string, ReviewTake[], string]>([
    ['the one that was picked', [take('a', { video }), take('a@2', { pick: true })], 'a@2'],
    [
      'else the first that can be looked at',
      [take('a'), take('a@2', { video }), take('a@3', { video })],
      'a@2',
    ],
    ['a final before a draft', [take('a'), draft, take('a@2', { video })], 'a@2'],
    ['else a draft', [take('a'), draft], 'a@draft'],
    ['else the first', [take('a', { status: 'failed' }), take('a@2', { status: 'absent' })], 'a'],
  ])('is %s', (_, takes, name) => {
    expect(faceOf(shot('a', takes)).name).toBe(name)
  })
})

describe('an address', () => {
  test.each([
    'out/ep01/fox.mp4',
    '../out/fox.mp4',
    'media/0?1a2b3c4d',
    'out/%E7%8B%90%E7%8B%B8%40draft.mp4',
    'out/a%3Ab.mp4',
    '/out/fox.mp4',
    'data:video/mp4;base64,AAAA',
    'data:image/png;base64,AAAA',
    'data:audio/wav;base64,AAAA',
  ])('beside the page or inside of it is taken: %s', (href) => {
    expect(safeHref(href)).toBe(href)
  })

  test.each([
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    ' javascript:alert(1)',
    '\u0001javascript:alert(1)',
    'java\nscript:alert(1)',
    'java\tscript:alert(1)',
    '\u00a0javascript:alert(1)',
    'https://elsewhere.example/a.mp4',
    'http:elsewhere.example',
    'HTTP://elsewhere.example/a.mp4',
    'file:///etc/passwd',
    'blob:https://elsewhere.example/1',
    '//elsewhere.example/a.mp4',
    '/\\elsewhere.example/a.mp4',
    '\\\\elsewhere.example\\a.mp4',
    '/\t/elsewhere.example/a.mp4',
    'data:text/html,<script>alert(1)</script>',
    'data:application/javascript,alert(1)',
    'data:,x',
    'data:video',
    ' data:text/html,x',
    'C:/film.mp4',
  ])('of elsewhere or of a script is not: %j', (href) => {
    expect(safeHref(href)).toBeUndefined()
  })

  test('that is not there is none', () => {
    expect(safeHref(undefined)).toBeUndefined()
  })

  test('never leads away from the page', () => {
    const pieces = fc.constantFrom(
      '/',
      '\\',
      ':',
      'javascript',
      'a',
      '.',
      '\t',
      '\n',
      ' ',
      'http',
      '@',
      'x.example',
      '%2f',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const href = safeHref(parts.join(''))
        if (href === undefined) return
        expect(new URL(href, 'http://127.0.0.1:1/token/').origin).toBe('http://127.0.0.1:1')
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('a key', () => {
  const done = take('fox@2', { task: task('t1') })
  const decide = (key: string, of: ReviewTake) =>
    keyDecision(key, { manifest: 'ep', shot: shot('fox', [of]), take: of })

  test.each<[string, ReviewTake, object]>([
    ['p', done, { do: 'pick' }],
    ['p', { ...done, pick: true }, { do: 'unpick' }],
    ['a', done, { do: 'judge', approved: true }],
    ['r', { ...done, note: 'dark' }, { do: 'judge', approved: false, note: 'dark' }],
    ['u', { ...done, note: 'dark', approved: true }, { do: 'judge' }],
  ])('%s decides', (key, of, decision) => {
    expect(decide(key, of)).toEqual({ manifest: 'ep', take: 'fox@2', ...decision })
  })

  test('decides nothing where nothing can be decided', () => {
    for (const key of ['p', 'a', 'r', 'u']) {
      expect(decide(key, { ...done, status: 'failed' })).toBeUndefined()
      expect(decide(key, take('fox'))).toBeUndefined()
    }
    expect(decide('p', { ...done, draft: true })).toBeUndefined()
    for (const key of ['x', 'P', 'Enter', 'constructor']) expect(decide(key, done)).toBeUndefined()
    expect(canJudge({ ...done, status: 'submitted' })).toBe(false)
  })
})
