import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from '../../src/core/canonical-json.js'
import { billsOf, chargesOf } from '../../src/core/charges.js'
import { sumCosts } from '../../src/core/cost.js'
import { diffLockfiles, type LockfilePair } from '../../src/core/diff-lockfiles.js'
import { diffView } from '../../src/core/diff-view.js'
import type { Happening } from '../../src/core/happening.js'
import type { LockEntry, LockStatus } from '../../src/core/lockfile.js'
import type { TakeName } from '../../src/core/names.js'
import { digestA, digestB, entry, known, manifestOf, takeName, task } from './builders.js'

type Entries = Record<string, LockEntry>

const [hashA, hashB] = ['a'.repeat(64), 'b'.repeat(64)]
const [t1, t2, t3] = [task('t1'), task('t2'), task('t3')]

const lockOf = (entries: Entries) =>
  new Map(Object.entries(entries).map(([name, one]) => [takeName(name), one]))

const pairOf = (manifest: string, before: Entries, after: Entries): LockfilePair => ({
  manifest,
  file: `${manifest}.lock.yaml`,
  before: lockOf(before),
  after: lockOf(after),
})

/** A task that was paid for and collected. */
const paid = (id: string, fields: Partial<LockEntry> = {}) =>
  entry('succeeded', {
    task: task(id),
    tokens: 1000,
    cost: '1 CNY',
    video: 'out/fox.mp4',
    sha256: hashA,
    ...fields,
  })

/** What happened to each take of one lockfile. */
function happenings(before: Entries, after: Entries): Record<string, readonly Happening[]> {
  const changes = diffLockfiles([pairOf('ep01', before, after)])[0]!.changes
  return Object.fromEntries(changes.map((change) => [change.take, change.happenings]))
}

const live = entry('submitted', { task: t1, reserved: '2 CNY' })
const unknown = entry('unknown', { reserved: '2 CNY' })
const failed = entry('failed', { task: t1, error: 'OutputVideoSensitiveContentDetected' })
const moderated = {
  kind: 'failed',
  failure: 'moderation-output',
  code: 'OutputVideoSensitiveContentDetected',
} as const

describe('what happened to a take', () => {
  test.each<[string, LockEntry | undefined, LockEntry | undefined, Happening[]]>([
    ['is bought', undefined, paid('t1'), [{ kind: 'bought', task: t1 }]],
    ['was live and is done', live, paid('t1'), [{ kind: 'bought', task: t1 }]],
    ['was unknown and is done', unknown, paid('t1'), [{ kind: 'bought', task: t1 }]],
    [
      'is done, its file not fetched',
      live,
      paid('t1', { video: undefined, sha256: undefined }),
      [{ kind: 'bought', task: t1, fetched: false }],
    ],
    [
      'has another result than before',
      paid('t1'),
      paid('t2', { previous: [t1] }),
      [{ kind: 'retaken', task: t2, was: { task: t1, status: 'succeeded' } }],
    ],
    [
      'is bought where it had failed',
      failed,
      paid('t2', { previous: [t1] }),
      [{ kind: 'bought', task: t2, was: { task: t1, status: 'failed' } }],
    ],
    [
      'is bought anew where it was lost',
      paid('t1', { error: 'result-gone' }),
      paid('t2', { previous: [t1] }),
      [{ kind: 'bought', task: t2, was: { task: t1, status: 'lost' } }],
    ],
    [
      'took more than one task',
      paid('t1'),
      paid('t3', { previous: [t1, t2] }),
      [{ kind: 'retaken', task: t3, was: { task: t1, status: 'succeeded' }, tasks: 2 }],
    ],
    [
      'is made final from its draft',
      undefined,
      paid('t2', { draft: t1 }),
      [{ kind: 'bought', task: t2, fromDraft: true }],
    ],
    [
      'has an earlier task again',
      paid('t2', { previous: [t1] }),
      paid('t1', { previous: [t2] }),
      [{ kind: 'adopted', task: t1, was: { task: t2, status: 'succeeded' } }],
    ],
    ['is sent', undefined, live, [{ kind: 'sent', task: t1 }]],
    ['has no answer', undefined, unknown, [{ kind: 'unknown' }]],
    ['had no answer to another create', unknown, { ...unknown, seed: 8 }, [{ kind: 'unknown' }]],
    ['failed', live, failed, [moderated]],
    [
      'was refused',
      undefined,
      { ...failed, task: undefined, error: 'Odd' },
      [{ kind: 'failed', failure: 'invalid', code: 'Odd' }],
    ],
    [
      'failed otherwise',
      failed,
      { ...failed, error: 'Odd' },
      [{ kind: 'failed', failure: 'service', code: 'Odd' }],
    ],
    [
      'failed where it had a result',
      paid('t2'),
      { ...failed, previous: [t2] },
      [{ ...moderated, was: { task: t2, status: 'succeeded' } }],
    ],
    ['expired', live, entry('expired', { task: t1 }), [{ kind: 'expired' }]],
    ['was cancelled', live, entry('cancelled', { task: t1 }), [{ kind: 'cancelled' }]],
    ['was lost', paid('t1'), paid('t1', { error: 'result-gone' }), [{ kind: 'lost' }]],
    [
      'was bought and lost',
      live,
      paid('t1', { error: 'result-gone', video: undefined, sha256: undefined }),
      [{ kind: 'bought', task: t1 }, { kind: 'lost' }],
    ],
    [
      'is collected',
      paid('t1', { video: undefined, sha256: undefined }),
      paid('t1'),
      [{ kind: 'collected', anew: false }],
    ],
    ['has another file', paid('t1'), paid('t1', { sha256: hashB }), [{ kind: 'collected', anew: true }]],
    ['has another bill', paid('t1'), paid('t1', { cost: '0.5 CNY', tokens: 500 }), [{ kind: 'billed' }]],
    ['is gone', paid('t1'), undefined, [{ kind: 'dropped' }]],
    ['is picked', paid('t1'), paid('t1', { pick: true }), [{ kind: 'picked' }]],
    ['is no longer picked', paid('t1', { pick: true }), paid('t1'), [{ kind: 'unpicked' }]],
    [
      'lost its pick to a purchase',
      paid('t1', { pick: true, approved: true }),
      paid('t2', { previous: [t1] }),
      [{ kind: 'retaken', task: t2, was: { task: t1, status: 'succeeded' } }, { kind: 'unpicked' }],
    ],
    [
      'is approved as soon as it is bought',
      undefined,
      paid('t1', { approved: true }),
      [{ kind: 'bought', task: t1 }, { kind: 'approved' }],
    ],
    [
      'is approved again, since it is another result',
      paid('t1', { approved: true }),
      paid('t2', { approved: true }),
      [{ kind: 'retaken', task: t2, was: { task: t1, status: 'succeeded' } }, { kind: 'approved' }],
    ],
    [
      'is rejected with a note',
      paid('t1'),
      paid('t1', { approved: false, note: 'too dark' }),
      [{ kind: 'rejected', note: 'too dark' }],
    ],
    ['is undecided again', paid('t1', { approved: true }), paid('t1'), [{ kind: 'undecided' }]],
    [
      'is undecided again with a note',
      paid('t1', { approved: true }),
      paid('t1', { note: 'look again' }),
      [{ kind: 'undecided' }, { kind: 'noted', note: 'look again' }],
    ],
    ['has a note', paid('t1'), paid('t1', { note: 'nice' }), [{ kind: 'noted', note: 'nice' }]],
    ['has no note any more', paid('t1', { note: 'nice' }), paid('t1'), [{ kind: 'noted', note: undefined }]],
    [
      'has other fields',
      paid('t1'),
      paid('t1', { digest: digestB, video: 'elsewhere.mp4' }),
      [{ kind: 'rewritten', fields: ['digest', 'video'] }],
    ],
    ['is as it was', paid('t1'), paid('t1'), []],
  ])('a take that %s', (_, before, after, expected) => {
    const found = happenings(before ? { fox: before } : {}, after ? { fox: after } : {})
    expect(found).toEqual(expected.length > 0 ? { fox: expected } : {})
  })

  test('is told in the order of a lockfile', () => {
    const names = ['fox', 'fox@2', 'fox@10', 'owl', '狐狸', '𠮷']
    const entries = Object.fromEntries([...names].reverse().map((name) => [name, paid(name)]))
    expect(Object.keys(happenings({}, entries))).toEqual(names)
  })
})

describe('a take that has another name', () => {
  test('is moved, and nothing was bought or dropped', () => {
    const moved = paid('t1', { video: 'out/wolf.mp4' })
    expect(happenings({ fox: paid('t1') }, { wolf: moved })).toEqual({
      wolf: [{ kind: 'moved', from: 'fox' }],
    })
  })

  test('is followed into another manifest', () => {
    const diffs = diffLockfiles([
      pairOf('ep01', { fox: paid('t1') }, {}),
      pairOf('ep02', {}, { fox: paid('t1') }),
    ])
    expect(diffs.map(({ changes }) => changes)).toEqual([
      [],
      [
        {
          take: 'fox',
          happenings: [{ kind: 'moved', from: 'fox', manifest: 'ep01' }],
          spent: [],
          unpricedTokens: 0,
        },
      ],
    ])
  })

  test('is told with what became of it since', () => {
    const after = { wolf: paid('t2', { previous: [t1], pick: true }) }
    expect(happenings({ fox: paid('t1') }, after)).toEqual({
      wolf: [
        { kind: 'moved', from: 'fox' },
        { kind: 'retaken', task: t2, was: { task: t1, status: 'succeeded' } },
        { kind: 'picked' },
      ],
    })
  })

  test('may have changed places with another', () => {
    const after = { fox: paid('t2'), owl: paid('t1') }
    expect(happenings({ fox: paid('t1'), owl: paid('t2') }, after)).toEqual({
      fox: [{ kind: 'moved', from: 'owl' }],
      owl: [{ kind: 'moved', from: 'fox' }],
    })
  })

  test('may have taken the place of a create that was refused', () => {
    const refused = entry('failed', { error: 'InvalidParameter' })
    expect(happenings({ fox: paid('t1'), owl: refused }, { owl: paid('t1') })).toEqual({
      owl: [{ kind: 'moved', from: 'fox' }],
    })
  })

  test('is known by what was sent where it has no task, each by itself', () => {
    const before = { a: unknown, b: unknown }
    expect(happenings(before, { c: unknown, d: unknown })).toEqual({
      c: [{ kind: 'moved', from: 'a' }],
      d: [{ kind: 'moved', from: 'b' }],
    })
  })

  test('is a copy where the old name has the task as well, and was not bought again', () => {
    const changes = diffLockfiles([
      pairOf('ep01', { fox: paid('t1') }, { fox: paid('t1') }),
      pairOf('ep02', {}, { fox: paid('t1') }),
    ])[1]!.changes
    expect(changes).toEqual([
      {
        take: 'fox',
        happenings: [{ kind: 'shared', from: 'fox', manifest: 'ep01' }],
        spent: [],
        unpricedTokens: 0,
      },
    ])
  })

  test('two creates that look alike are no copies of each other', () => {
    const refused = entry('failed', { error: 'InvalidParameter' })
    expect(happenings({ a: refused }, { a: refused, b: refused })).toEqual({
      b: [{ kind: 'failed', failure: 'invalid', code: 'InvalidParameter' }],
    })
  })
})

describe('what was billed in between', () => {
  const billed = (before: Entries, after: Entries) => {
    const { spent, unpricedTokens } = diffView(diffLockfiles([pairOf('ep01', before, after)]))
    return { spent, unpricedTokens }
  }
  const cny = (amount: number) => ({ currency: 'CNY', amount })

  test('is the cost of new tasks, superseded ones among them, and not what was paid before', () => {
    const after = paid('t3', {
      previous: [t1, t2],
      spent: { [t1]: { cost: '1 CNY' }, [t2]: { cost: '0.000001 CNY' } },
    })
    expect(billed({ fox: paid('t1') }, { fox: after })).toEqual({ spent: [cny(1.000001)], unpricedTokens: 0 })
  })

  test('is summed up by currency', () => {
    const after = { a: paid('t1'), b: paid('t2', { cost: '0.1 USD' }), c: paid('t3', { cost: '0.2 USD' }) }
    expect(billed({}, after).spent).toEqual([cny(1), { currency: 'USD', amount: 0.3 }])
  })

  test('is negative where a bill went down, and in both currencies where that is another', () => {
    expect(billed({ a: paid('t1') }, { a: paid('t1', { cost: '0.75 CNY' }) }).spent).toEqual([cny(-0.25)])
    expect(billed({ a: paid('t1') }, { a: paid('t1', { cost: '0.2 USD' }) }).spent).toEqual([
      cny(-1),
      { currency: 'USD', amount: 0.2 },
    ])
  })

  test('counts tokens where no price is on record', () => {
    const [unpriced, more] = [1000, 1500].map((tokens) => paid('t1', { cost: undefined, tokens }))
    expect(billed({}, { a: unpriced!, b: paid('t2') })).toEqual({ spent: [cny(1)], unpricedTokens: 1000 })
    expect(billed({ a: unpriced! }, { a: more! })).toEqual({ spent: [], unpricedTokens: 500 })
    expect(billed({ a: unpriced! }, { a: paid('t1') })).toEqual({ spent: [cny(1)], unpricedTokens: 0 })
  })

  test('counts a task once that two takes have', () => {
    expect(billed({}, { a: paid('t1'), b: paid('t1') }).spent).toEqual([cny(1)])
  })

  test('is nothing for what was dropped or moved: it was paid all the same', () => {
    expect(billed({ a: paid('t1'), b: paid('t2') }, { c: paid('t1') }).spent).toEqual([])
  })
})

const takes = ['a', 'a@2', 'a@draft', 'b', '狐'].map(takeName)
const pool = ['t1', 't2', 't3', 't4', 't5', 't6'].map(task)
const anyEntry: fc.Arbitrary<LockEntry> = fc.record(
  {
    status: fc.constantFrom<LockStatus>(
      'submitted',
      'succeeded',
      'failed',
      'expired',
      'cancelled',
      'unknown',
    ),
    provider: fc.constantFrom('ark', 'byteplus'),
    digest: fc.constantFrom(digestA, digestB),
    task: fc.constantFrom(...pool),
    seed: fc.integer({ min: 0, max: 2 }),
    tokens: fc.constantFrom(1, 2),
    cost: fc.constantFrom('1.5 CNY', '0.2 USD'),
    reserved: fc.constant('2 CNY'),
    video: fc.constantFrom('a.mp4', 'b.mp4'),
    sha256: fc.constantFrom(hashA, hashB),
    frame: fc.constantFrom('a.png', 'b.png'),
    error: fc.constantFrom('E', 'F', 'result-gone'),
    approved: fc.boolean(),
    note: fc.constantFrom('too dark', '手抖'),
    pick: fc.constant(true as const),
    draft: fc.constantFrom(...pool),
    previous: fc.uniqueArray(fc.constantFrom(...pool), { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ['status', 'provider', 'digest'] },
)
const anyLockfile = fc
  .array(fc.tuple(fc.constantFrom(...takes), anyEntry), { maxLength: 5 })
  .map((entries) => new Map(entries))
const anyPairs = fc
  .array(fc.record({ before: anyLockfile, after: anyLockfile }), { minLength: 1, maxLength: 2 })
  .map((both) => both.map((one, index) => ({ manifest: `ep${index}`, file: `ep${index}.lock.yaml`, ...one })))

describe('of any lockfiles', () => {
  test('nothing is told of two that say the same', () => {
    fc.assert(
      fc.property(anyPairs, (pairs) => {
        const same = pairs.map((pair) => ({
          ...pair,
          after: new Map([...pair.before].map(([k, v]) => [k, { ...v }])),
        }))
        expect(diffLockfiles(same).flatMap(({ changes }) => changes)).toEqual([])
      }),
    )
  })

  test('every take that changed is told, itself or as where another came from, and no other', () => {
    fc.assert(
      fc.property(anyPairs, (pairs) => {
        const diffs = diffLockfiles(pairs)
        const place = (manifest: string, take: TakeName) => `${manifest}/${take}`
        const told = new Set<string>()
        const origins = new Set<string>()
        for (const { manifest, changes } of diffs) {
          for (const { take, happenings } of changes) {
            expect(happenings.length).toBeGreaterThan(0)
            told.add(place(manifest, take))
            for (const one of happenings)
              if (one.kind === 'moved') origins.add(place(one.manifest ?? manifest, one.from))
          }
        }
        for (const { manifest, before, after } of pairs) {
          for (const take of takes) {
            const [was, now] = [before.get(take), after.get(take)]
            const isChanged = canonicalJson(was) !== canonicalJson(now)
            const name = place(manifest, take)
            expect({ name, told: told.has(name) || (!now && origins.has(name)) }).toEqual({
              name,
              told: isChanged,
            })
          }
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** Lockfiles as runs leave them: the same task has the same bill everywhere, once it has come to its end. */
const anyHistory = fc
  .record({
    bills: fc.array(fc.constantFrom('1.5 CNY', '0.2 USD', '0.000001 CNY', undefined), {
      minLength: pool.length,
      maxLength: pool.length,
    }),
    openBefore: fc.subarray(pool),
    before: fc.array(
      fc.tuple(fc.constantFrom(...takes), fc.uniqueArray(fc.constantFrom(...pool), { minLength: 1 })),
    ),
    after: fc.array(
      fc.tuple(fc.constantFrom(...takes), fc.uniqueArray(fc.constantFrom(...pool), { minLength: 1 })),
    ),
  })
  .map(({ bills, openBefore, before, after }) => {
    const billOf = (id: string) => ({ tokens: 1000, cost: bills[pool.indexOf(task(id))] })
    const entryOf = ([id, ...previous]: string[], open: readonly string[]): LockEntry => ({
      ...(open.includes(id!) ? entry('submitted', { task: task(id!) }) : paid(id!, billOf(id!))),
      previous: previous.map(task),
      spent: Object.fromEntries(
        previous.filter((one) => !open.includes(one)).map((one) => [one, billOf(one)]),
      ),
    })
    const lockfile = (takes: typeof before, open: readonly string[]) =>
      new Map(takes.map(([name, tasks]) => [name, entryOf(tasks, open)]))
    return { before: lockfile(before, openBefore), after: lockfile(after, []) }
  })

test('what was billed in between is what the cost command counts since then', () => {
  fc.assert(
    fc.property(anyHistory, ({ before, after }) => {
      const { spent } = diffView(diffLockfiles([{ manifest: 'ep01', file: '', before, after }]))
      const states = new Map([...after].map(([name, one]) => [name, known(one)]))
      const input = { manifest: manifestOf([]), states, digests: new Map() }
      const charges = chargesOf(input, { before: billsOf([before]), modelOf: () => undefined })
      expect(spent).toEqual(sumCosts(charges, 'shot').total.spent)
    }),
    { numRuns: 500 },
  )
})
