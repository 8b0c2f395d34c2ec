import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RunnerError } from '../../src/core/errors.js'
import { supersede } from '../../src/core/ledger-state.js'
import {
  conflictSides,
  knownTasks,
  type LockEntries,
  type LockEntry,
  type LockStatus,
  parseLockfile,
  renderLockfile,
} from '../../src/core/lockfile.js'
import { describeContradiction, mergeLockfiles, readLockfile } from '../../src/core/merge-lockfiles.js'
import type { TakeName } from '../../src/core/names.js'
import { splitTakeName } from '../../src/core/names.js'
import { picksIn } from '../../src/core/pick.js'
import { digestA, digestB, entry, takeName, task } from './builders.js'

const hashA = 'a1'.repeat(32)
const hashB = 'b2'.repeat(32)

const of = (status: LockStatus, id: string, fields: Partial<LockEntry> = {}) =>
  entry(status, { task: task(id), ...fields })
const unknown = (seed: number, fields: Partial<LockEntry> = {}) => entry('unknown', { seed, ...fields })
const past = (...ids: string[]) => ({ previous: ids.map(task) })
const lock = (entries: Record<string, LockEntry>): LockEntries =>
  new Map(Object.entries(entries) as [TakeName, LockEntry][])
const only = (one: LockEntry | undefined): LockEntries => lock(one ? { fox: one } : {})

/** What becomes of one take: its entry, or the reason for a refusal. Asked from both sides. */
function merged(base: LockEntry | undefined, ours: LockEntry | undefined, theirs: LockEntry | undefined) {
  const results = [
    mergeLockfiles(only(base), only(ours), only(theirs)),
    mergeLockfiles(only(base), only(theirs), only(ours)),
  ].map(({ entries, contradictions }) => contradictions[0]?.reason ?? entries.get(takeName('fox')))
  expect(results[0]).toEqual(results[1])
  return results[0]
}

describe('one task on both sides', () => {
  const live = of('submitted', 't')
  const done = of('succeeded', 't', { tokens: 5 })
  const collected = of('succeeded', 't', { tokens: 5, video: 'out/fox.mp4', sha256: hashA })
  test.each([
    ['ended wins over live', live, done, done],
    ['failed wins over live', live, of('failed', 't', { error: 'E' }), of('failed', 't', { error: 'E' })],
    ['collected wins over ended', done, collected, collected],
    ['anything wins over unknown', of('unknown', 't'), live, live],
    [
      'a field that only the side behind knows is kept',
      of('succeeded', 't', { tokens: 5 }),
      of('succeeded', 't', { sha256: hashA }),
      of('succeeded', 't', { tokens: 5, sha256: hashA }),
    ],
    [
      'the tasks before it are joined',
      of('submitted', 't', past('a', 'b')),
      of('succeeded', 't', past('a', 'c')),
      of('succeeded', 't', past('a', 'c', 'b')),
    ],
    [
      'two results contradict each other',
      collected,
      of('succeeded', 't', { tokens: 5, video: 'out/fox.mp4', sha256: hashB }),
      'sha256',
    ],
    ['two ends contradict each other', done, of('failed', 't'), 'status'],
    ['expired and cancelled contradict each other', of('expired', 't'), of('cancelled', 't'), 'status'],
    ['two providers contradict each other', live, of('submitted', 't', { provider: 'byteplus' }), 'provider'],
  ])('%s', (_, ours, theirs, expected) => {
    expect(merged(undefined, ours, theirs)).toEqual(expected)
  })
})

describe('different tasks for one take', () => {
  test.each([
    [
      'succeeded wins over live',
      of('succeeded', 't1'),
      of('submitted', 't2'),
      of('succeeded', 't1', past('t2')),
    ],
    ['live wins over failed', of('submitted', 't1'), of('failed', 't2'), of('submitted', 't1', past('t2'))],
    [
      'failed wins over unknown with an id',
      of('failed', 't1'),
      of('unknown', 't2'),
      of('failed', 't1', past('t2')),
    ],
    [
      'the later task id wins among equals',
      of('succeeded', 'cgt-20260108111352-aaaaa'),
      of('succeeded', 'cgt-20260108111351-zzzzz'),
      of('succeeded', 'cgt-20260108111352-aaaaa', past('cgt-20260108111351-zzzzz')),
    ],
    [
      'a task loses to the one that came after it, whatever became of that',
      of('succeeded', 't9', { digest: digestB }),
      of('submitted', 't1', past('t9')),
      of('submitted', 't1', past('t9')),
    ],
    [
      'what both had before is kept once, in order',
      of('succeeded', 't4', past('t1', 't2')),
      of('failed', 't3', past('t1', 't2')),
      of('succeeded', 't4', past('t1', 't2', 't3')),
    ],
    [
      'a refused create gives way to a task',
      entry('failed', { error: 'E' }),
      of('expired', 't'),
      of('expired', 't'),
    ],
    [
      'of two refused creates one is kept',
      entry('failed', { error: 'E' }),
      entry('failed', { error: 'F' }),
      entry('failed', { error: 'F' }),
    ],
    [
      'the greater digest decides last',
      entry('failed'),
      entry('failed', { digest: digestB }),
      entry('failed', { digest: digestB }),
    ],
  ])('%s', (_, ours, theirs, expected) => {
    expect(merged(undefined, ours, theirs)).toEqual(expected)
  })

  test('the only one that was bought for a changed shot wins: the merged manifest asks for it', () => {
    expect(
      merged(
        of('succeeded', 't1'),
        of('submitted', 't2', { digest: digestB, ...past('t1') }),
        of('succeeded', 't3', past('t1')),
      ),
    ).toEqual(of('submitted', 't2', { digest: digestB, ...past('t1', 't3') }))
  })
})

describe('an unknown create', () => {
  test.each([
    ['is the known task of the same seed', unknown(9), of('submitted', 't', { seed: 9 })],
    ['is the refused create of the same seed', unknown(9), entry('failed', { seed: 9, error: 'E' })],
    ['keeps the tasks before it', unknown(9, past('t0')), of('failed', 't', { seed: 9, ...past('t0') })],
  ])('%s', (_, ours, theirs) => {
    expect(merged(undefined, ours, theirs)).toEqual(theirs)
  })

  test.each([
    ['a failed task of another seed', of('failed', 't'), unknown(9, past('t'))],
    ['an expired task of another seed', of('expired', 't', past('t0')), unknown(9, past('t0', 't'))],
    [
      'a failed task of another digest',
      of('failed', 't', { seed: 9, digest: digestB }),
      unknown(9, past('t')),
    ],
    ['a refused create of another seed', entry('failed', { error: 'E' }), unknown(9)],
  ])('wins over %s, so that nothing is bought again', (_, other, expected) => {
    expect(merged(undefined, unknown(9), other)).toEqual(expected)
  })

  test('wins over the task before it, also of the same stated seed', () => {
    const retake = unknown(9, past('t0'))
    expect(merged(undefined, retake, of('failed', 't0', { seed: 9 }))).toEqual(retake)
  })

  test('wins over a failed task that was bought beside it with the same stated seed', () => {
    const base = of('failed', 't0', { seed: 9 })
    const ours = unknown(9, past('t0'))
    const theirs = of('failed', 't1', { seed: 9, ...past('t0') })
    expect(merged(base, ours, theirs)).toEqual(unknown(9, past('t0', 't1')))
  })

  test.each([
    ['a result of another seed', of('succeeded', 't')],
    ['a live task of another seed', of('submitted', 't')],
    ['a live task of another provider', of('submitted', 't', { seed: 9, provider: 'byteplus' })],
    ['another unknown create', unknown(8)],
  ])('beside %s is refused: an entry holds one', (_, other) => {
    expect(merged(undefined, unknown(9), other)).toBe('unknown')
  })

  test('that one side settled and the other left alone is settled', () => {
    const bought = of('submitted', 't', { seed: 3 })
    expect(merged(unknown(9), unknown(9), bought)).toEqual(bought)
    expect(merged(unknown(9), unknown(9), entry('failed', { seed: 9, error: 'released' }))).toMatchObject({
      error: 'released',
    })
  })

  test('that lost its status to "live without an id" counts as unknown', () => {
    expect(merged(undefined, entry('submitted', { seed: 9 }), of('failed', 't', { seed: 9 }))).toEqual(
      of('failed', 't', { seed: 9 }),
    )
    expect(merged(undefined, entry('submitted', { seed: 9 }), of('failed', 't'))).toMatchObject({ seed: 9 })
    expect(merged(undefined, entry('submitted', { seed: 9 }), unknown(9))).toMatchObject({ seed: 9 })
  })
})

describe('an entry that one side deleted', () => {
  const live = of('submitted', 't')
  test('is gone when the other left it alone', () => {
    expect(merged(live, undefined, live)).toBeUndefined()
  })
  test('stays when the other changed it', () => {
    expect(merged(live, undefined, of('succeeded', 't'))).toEqual(of('succeeded', 't'))
  })
  test('stays when the base is not known', () => {
    expect(mergeLockfiles(undefined, only(live), only(undefined)).entries.size).toBe(1)
  })
  test('stays under its new name after a move', () => {
    const { entries } = mergeLockfiles(lock({ a: live }), lock({ b: live }), lock({ a: live, c: unknown(1) }))
    expect([...entries.keys()]).toEqual(['b', 'c'])
  })
})

describe('the pick of a shot', () => {
  const one = of('succeeded', 't1')
  const two = of('succeeded', 't2')
  const three = of('succeeded', 't3')
  const picked = (entry: LockEntry): LockEntry => ({ ...entry, pick: true })
  const all = (pick?: string, changes: Record<string, LockEntry> = {}) => {
    const entries: Record<string, LockEntry> = { fox: one, 'fox@2': two, 'fox@3': three, ...changes }
    return lock(
      Object.fromEntries(
        Object.entries(entries).map(([take, entry]) => [take, take === pick ? picked(entry) : entry]),
      ),
    )
  }
  /** The pick of the merge, or the contradictions. Asked from both sides. */
  const pickOf = (base: LockEntries | undefined, ours: LockEntries, theirs: LockEntries) => {
    const [result, swapped] = [mergeLockfiles(base, ours, theirs), mergeLockfiles(base, theirs, ours)].map(
      ({ entries, contradictions }) =>
        contradictions.length > 0
          ? contradictions.map(({ take, reason }) => `${take} ${reason}`)
          : [...picksIn(entries).values()][0],
    )
    expect(result).toEqual(swapped)
    return result
  }

  test.each([
    ['is that of the only side that picked', undefined, undefined, 'fox@2', 'fox@2'],
    ['moves when one side moves it', 'fox', 'fox', 'fox@2', 'fox@2'],
    ['goes when one side takes it back', 'fox', 'fox', undefined, undefined],
    ['stays when both have it', 'fox', 'fox', 'fox', 'fox'],
    ['is what both chose, apart from each other', 'fox', 'fox@2', 'fox@2', 'fox@2'],
    [
      'is the new one of one side when the other only took the old one back',
      'fox',
      undefined,
      'fox@3',
      'fox@3',
    ],
    ['goes when both take it back', 'fox', undefined, undefined, undefined],
  ])('%s', (_, base, ours, theirs, expected) => {
    expect(pickOf(all(base), all(ours), all(theirs))).toBe(expected)
  })

  test('is that of one side also without a base', () => {
    expect(pickOf(undefined, all('fox@2'), all())).toBe('fox@2')
  })

  test('is for a person to decide when both sides picked, each another take', () => {
    expect(pickOf(all(), all('fox@3'), all('fox@2'))).toEqual(['fox@2 pick'])
    expect(pickOf(all('fox'), all('fox@3'), all('fox@2'))).toEqual(['fox@2 pick'])
    expect(pickOf(undefined, all('fox'), all('fox@2'))).toEqual(['fox pick'])

    const { entries, contradictions } = mergeLockfiles(all(), all('fox@3'), all('fox@2'))
    expect([...entries.keys()]).toEqual(['fox'])
    expect(contradictions.map(describeContradiction)).toEqual([
      '"fox": a shot has one pick: ours has "fox@3", task "t3" of ark, succeeded, picked; theirs has "fox@2", task "t2" of ark, succeeded, picked',
    ])
  })

  test('does not hinder what else became of its take', () => {
    const video = { video: 'out/fox@2.mp4', sha256: hashA }
    const { entries } = mergeLockfiles(all(), all('fox@2'), all(undefined, { 'fox@2': { ...two, ...video } }))
    expect(entries.get(takeName('fox@2'))).toEqual({ ...two, ...video, pick: true })
  })

  test('goes when one side bought the take anew that was picked before', () => {
    const anew = { 'fox@2': of('submitted', 't9', past('t2')) }
    expect(pickOf(all('fox@2'), all('fox@2'), all(undefined, anew))).toBeUndefined()
  })

  test('stays on a take that one side bought anew and picked once more', () => {
    const anew = { 'fox@2': of('succeeded', 't9', past('t2')) }
    const { entries } = mergeLockfiles(all('fox@2'), all('fox@2', anew), all('fox@2'))
    expect(entries.get(takeName('fox@2'))).toEqual(picked(anew['fox@2']))
    expect(pickOf(all('fox@2'), all('fox@2', anew), all())).toBe('fox@2')
  })

  test('is for a person to decide when one side picked what the other bought anew', () => {
    const anew = { 'fox@2': of('succeeded', 't9', past('t2')) }
    expect(pickOf(all(), all('fox@2'), all(undefined, anew))).toEqual(['fox@2 bought-anew'])
    const { contradictions } = mergeLockfiles(all(), all('fox@2'), all(undefined, anew))
    expect(contradictions.map(describeContradiction)).toEqual([
      '"fox@2": one side picked the result of a task that the other bought anew: ours has task "t2" of ark, succeeded, picked; theirs has task "t9" of ark, succeeded',
    ])
  })

  test('keeps its take when the other side pruned that', () => {
    const pruned = new Map([...all()].filter(([take]) => take !== 'fox@3'))
    expect(pickOf(all(), pruned, all('fox@3'))).toBe('fox@3')
    expect(pickOf(all('fox@3'), pruned, all('fox@3'))).toBeUndefined()
  })
})

describe('what people decided about a task', () => {
  const done = of('succeeded', 't1', { sha256: hashA })
  const approved = { ...done, approved: true }
  const rejected = { ...done, approved: false, note: 'too dark' }
  const noted = { ...done, note: 'ask Li' }
  const anew = of('succeeded', 't2', past('t1'))
  test.each<[string, LockEntry | undefined, LockEntry, LockEntry, LockEntry | string]>([
    ['by one side holds', done, rejected, done, rejected],
    ['by one side holds also without a base', undefined, done, rejected, rejected],
    ['by both alike holds', done, rejected, rejected, rejected],
    ['and taken back by one side is taken back', approved, done, approved, done],
    ['and taken back by both is taken back', approved, done, done, done],
    ['anew by one side takes the place of what was', approved, rejected, approved, rejected],
    ['in a note alone holds', done, noted, done, noted],
    ['is in contradiction when each side decided otherwise', done, approved, rejected, 'judged'],
    ['is in contradiction without a base, too', undefined, approved, rejected, 'judged'],
    [
      'is in contradiction when only the notes differ',
      done,
      rejected,
      { ...rejected, note: 'hand' },
      'judged',
    ],
    ['is in contradiction when one side decided and the other wrote a note', done, approved, noted, 'judged'],
    [
      'is in contradiction when one side took back what the other changed',
      approved,
      done,
      rejected,
      'judged',
    ],
    ['goes with the task that the other side superseded', done, rejected, anew, anew],
    ['before goes with the task that one side superseded', rejected, rejected, anew, anew],
    [
      'about the new task holds, whatever was said about the old one',
      ...([approved, rejected, { ...anew, approved: true }, { ...anew, approved: true }] as const),
    ],
    [
      'hinders nothing that the other side got to know of the task',
      ...([of('succeeded', 't1'), { ...of('succeeded', 't1'), approved: true }, done, approved] as const),
    ],
    [
      'is no change of what else the entry holds: what the other side took out is out',
      ...([{ ...done, cost: '1 CNY' }, { ...rejected, cost: '1 CNY' }, done, rejected] as const),
    ],
    [
      'is kept when the other side deleted the entry, since that is a change',
      ...([done, rejected, undefined as never, rejected] as const),
    ],
  ])('%s', (_, base, ours, theirs, expected) => {
    expect(merged(base, ours, theirs)).toEqual(expected)
  })

  test('is told with both decisions where they contradict each other', () => {
    const { entries, contradictions } = mergeLockfiles(only(done), only(approved), only(rejected))
    expect(entries.size).toBe(0)
    expect(contradictions.map(describeContradiction)).toEqual([
      '"fox": the two sides decided otherwise about one task: ours has task "t1" of ark, succeeded with sha256 a1a1a1a1a1a1…, approved; theirs has task "t1" of ark, succeeded with sha256 a1a1a1a1a1a1…, rejected with the note "too dark"',
    ])
  })

  test('does not take the pick of the other side away', () => {
    const { entries } = mergeLockfiles(only(done), only(rejected), only({ ...done, pick: true }))
    expect(entries.get(takeName('fox'))).toEqual({ ...rejected, pick: true })
  })
})

test('a task that only one side dropped from its entry is kept', () => {
  const base = of('succeeded', 't1')
  expect(merged(base, of('succeeded', 't2'), base)).toEqual(of('succeeded', 't2', past('t1')))
})

test('a contradiction names the take and both sides, and its take is left out', () => {
  const { entries, contradictions } = mergeLockfiles(
    undefined,
    lock({ fox: of('failed', 't'), owl: unknown(1) }),
    lock({ fox: of('succeeded', 't', { sha256: hashA }) }),
  )
  expect([...entries.keys()]).toEqual(['owl'])
  expect(contradictions.map(describeContradiction)).toEqual([
    '"fox": one task cannot have ended in two ways: ours has task "t" of ark, failed; theirs has task "t" of ark, succeeded with sha256 a1a1a1a1a1a1…',
  ])
  const [doubt] = mergeLockfiles(
    undefined,
    only(unknown(1)),
    only(entry('unknown', { seed: undefined })),
  ).contradictions
  expect(describeContradiction(doubt!)).toContain(
    'ours has a create with seed 1 of ark, unknown; theirs has a create of ark',
  )
})

const ids = fc.constantFrom('t1', 't2', 't3', 't4', 'cgt-20260108111352-aaaaa').map(task)
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
    task: ids,
    provider: fc.constantFrom('ark', 'byteplus'),
    digest: fc.constantFrom(digestA, digestB),
    seed: fc.integer({ min: 0, max: 2 }),
    tokens: fc.constantFrom(1, 2),
    video: fc.constant('out/a.mp4'),
    sha256: fc.constantFrom(hashA, hashB),
    error: fc.constantFrom('E', 'F'),
    previous: fc.uniqueArray(ids, { minLength: 1, maxLength: 3 }),
    draft: ids,
    reserved: fc.constant('2 CNY'),
    cost: fc.constantFrom('1.5 CNY', '0.2 USD'),
    approved: fc.boolean(),
    note: fc.constantFrom('too dark', '手抖'),
    spent: fc.dictionary(
      ids,
      fc.record(
        { tokens: fc.constantFrom(1, 2), cost: fc.constantFrom('1 CNY', '3 CNY') },
        { requiredKeys: ['tokens'] },
      ),
      { minKeys: 1, maxKeys: 2 },
    ),
  },
  { requiredKeys: ['status', 'provider', 'digest'] },
)
const takes = ['a', 'b', 'b@2'].map(takeName)
const anyLock = fc
  .array(fc.tuple(fc.constantFrom(...takes), anyEntry, fc.boolean()), { maxLength: 4 })
  .map((list): LockEntries => {
    const drawn = list.map(
      ([take, one, pick]) => [take, canPick(one) && pick ? { ...one, pick } : one] as const,
    )
    return withOnePick(new Map(drawn as [TakeName, LockEntry][]))
  })
const canPick = ({ status, task }: LockEntry) => status === 'succeeded' && task !== undefined

/** The entries, with no more than the last pick of each shot. */
function withOnePick(entries: LockEntries): Map<TakeName, LockEntry> {
  const picks = picksIn(entries)
  return new Map(
    [...entries].map(([take, { pick, ...one }]) => [
      take,
      pick && picks.get(splitTakeName(take).shot) === take ? { ...one, pick } : one,
    ]),
  )
}
const runs = { numRuns: 3000 }

/** What came after `base`: entries as they were, or others that still name every task; and new takes. */
function later(base: LockEntries, drawn: LockEntries): Map<TakeName, LockEntry> {
  const entries = new Map(base)
  for (const [take, one] of drawn) {
    const was = base.get(take)
    const previous = new Set([...(was ? knownTasks(only(was)) : []), ...(one.previous ?? [])])
    const spent = { ...(was && supersede(was, { ...one, task: undefined }).spent), ...one.spent }
    entries.set(take, {
      ...one,
      ...(previous.size > 0 && { previous: [...previous] }),
      ...(Object.keys(spent).length > 0 && { spent }),
    })
  }
  return withOnePick(entries)
}

describe('for any lockfiles', () => {
  test('every task of both sides is in the merge, but for what was deleted and for contradictions', () => {
    fc.assert(
      fc.property(fc.option(anyLock, { nil: undefined }), anyLock, anyLock, (base, ours, theirs) => {
        const { entries, contradictions } = mergeLockfiles(base, ours, theirs)
        const refused = new Set(
          contradictions.flatMap(({ take, picks }) => [take, ...Object.values(picks ?? {})]),
        )
        for (const [take, one] of [...ours, ...theirs]) {
          const deleted = !(ours.has(take) && theirs.has(take)) && !entries.has(take)
          if (refused.has(take) || (deleted && base?.has(take))) continue
          expect([...knownTasks(only(entries.get(take)))]).toEqual(
            expect.arrayContaining([...knownTasks(only(one))]),
          )
        }
      }),
      runs,
    )
  })

  test('it does not matter which side is called ours', () => {
    fc.assert(
      fc.property(fc.option(anyLock, { nil: undefined }), anyLock, anyLock, (base, ours, theirs) => {
        const one = mergeLockfiles(base, ours, theirs)
        const other = mergeLockfiles(base, theirs, ours)
        expect(renderLockfile(other.entries)).toBe(renderLockfile(one.entries))
        const swapped = one.contradictions.map((c) => ({
          ...c,
          ours: c.theirs,
          theirs: c.ours,
          ...(c.picks && { picks: { ours: c.picks.theirs, theirs: c.picks.ours } }),
        }))
        expect(other.contradictions).toEqual(swapped)
      }),
      runs,
    )
  })

  test('merging with itself changes nothing, whatever the base', () => {
    fc.assert(
      fc.property(fc.option(anyLock, { nil: undefined }), anyLock, (base, one) => {
        expect(mergeLockfiles(base, one, one)).toEqual({ entries: one, contradictions: [] })
      }),
      runs,
    )
  })

  test('a side that changed nothing leaves the other as it is', () => {
    fc.assert(
      fc.property(anyLock, anyLock, fc.subarray(takes), (base, drawn, gone) => {
        const side = later(base, drawn)
        for (const take of gone) side.delete(take)
        expect(mergeLockfiles(base, side, base)).toEqual({ entries: side, contradictions: [] })
      }),
      runs,
    )
  })

  test('a create that may have been bought is never forgotten, unless the other side has its answer', () => {
    fc.assert(
      fc.property(anyEntry, fc.constantFrom<LockStatus>('unknown', 'submitted'), (other, status) => {
        const open = entry(status, { seed: 9 })
        const result = merged(undefined, open, other)
        expect(result === 'unknown' ? open : result).toMatchObject(open)
      }),
      runs,
    )
  })

  test('a shot has at most one pick in the merge, and that is a pick of one of the sides', () => {
    fc.assert(
      fc.property(fc.option(anyLock, { nil: undefined }), anyLock, anyLock, (base, ours, theirs) => {
        const { entries } = mergeLockfiles(base, ours, theirs)
        const picked = [...entries].filter(([, { pick }]) => pick)
        expect(picksIn(entries).size).toBe(picked.length)
        for (const [take, { task: id }] of picked)
          expect([ours, theirs].some((side) => side.get(take)?.pick && side.get(take)?.task === id)).toBe(
            true,
          )
      }),
      runs,
    )
  })

  test('a pick that one side made since the base is in the merge, unless it is in contradiction', () => {
    fc.assert(
      fc.property(anyLock, anyLock, anyLock, (base, first, second) => {
        const [ours, theirs] = [later(base, first), later(base, second)]
        const { entries, contradictions } = mergeLockfiles(base, ours, theirs)
        const refused = new Set(
          contradictions.flatMap(({ take, picks }) => [take, ...Object.values(picks ?? {})]),
        )
        for (const side of [ours, theirs])
          for (const [take, { pick, task: id }] of side) {
            const was = base.get(take)
            if (!pick || refused.has(take) || (was?.pick && was.task === id)) continue
            expect(entries.get(take)).toMatchObject({ pick: true })
          }
      }),
      runs,
    )
  })

  test('a decision in the merge is that of a side about the very task', () => {
    fc.assert(
      fc.property(fc.option(anyLock, { nil: undefined }), anyLock, anyLock, (base, ours, theirs) => {
        for (const [take, { task: id, approved, note }] of mergeLockfiles(base, ours, theirs).entries) {
          if (approved === undefined && note === undefined) continue
          const sides = [ours.get(take), theirs.get(take)].filter((side) => side?.task === id)
          expect(sides.some((side) => side?.approved === approved && side?.note === note)).toBe(true)
        }
      }),
      runs,
    )
  })

  test('the merged text can be read again and stays the same', () => {
    fc.assert(
      fc.property(anyLock, anyLock, (ours, theirs) => {
        const { entries } = mergeLockfiles(undefined, ours, theirs)
        const text = renderLockfile(entries)
        expect(parseLockfile(text, 'x')).toEqual(entries)
        expect(renderLockfile(parseLockfile(text, 'x'))).toBe(text)
      }),
      runs,
    )
  })
})

describe('conflict markers of git', () => {
  const head = 'lockfileVersion: 1\nshots:\n'
  const block = (take: string, one: LockEntry) =>
    renderLockfile(lock({ [take]: one }))
      .split('\n')
      .slice(3)
      .join('\n')
  const a1 = block('a', of('succeeded', 't1'))
  const b2 = block('b', of('submitted', 't2'))
  const c3 = block('c', of('failed', 't3'))
  const hunk = (ours: string, theirs: string, base?: string) =>
    `<<<<<<< HEAD\n${ours}${base === undefined ? '' : `||||||| 1a2b3c4\n${base}`}=======\n${theirs}>>>>>>> other/branch\n`
  const statusesOf = (text: string) => {
    const { entries, merged } = readLockfile(text, 'ep.lock.yaml')
    expect(merged).toBe(true)
    return [...entries].map(([take, { status, task: id }]) => `${take} ${status} ${id}`)
  }
  const refusal = (text: string) => {
    try {
      readLockfile(text, 'ep.lock.yaml')
    } catch (error) {
      if (error instanceof RunnerError) return error
    }
    throw new Error('the lockfile was read')
  }

  test.each([
    ['one hunk', head + hunk(a1, b2) + c3],
    ['several hunks', head + hunk(a1, '') + b2 + hunk('', c3)],
    ['the diff3 style', head + hunk(a1 + b2, b2 + c3, b2)],
    ['Windows line ends', (head + hunk(a1, b2, '') + c3).replaceAll('\n', '\r\n')],
    ['a file that both sides added', hunk(`${head}${a1}`, `${head}${b2}${c3}`, '')],
    ['markers without a label', (head + hunk(a1, b2) + c3).replace(' HEAD', '').replace(' other/branch', '')],
  ])('both sides are merged: %s', (_, text) => {
    expect(statusesOf(text)).toEqual(['a succeeded t1', 'b submitted t2', 'c failed t3'])
  })

  test('a side that is whole only when its hunks are taken together', () => {
    const text = `${head}  "a":
<<<<<<< HEAD
    status: succeeded
    task: "t1"
=======
    status: submitted
    task: "t2"
>>>>>>> other
    provider: "ark"
    digest: "${digestA}"
<<<<<<< HEAD
    seed: 7
    tokens: 5
=======
    seed: 8
>>>>>>> other
`
    expect(Object.fromEntries(readLockfile(text, 'x').entries)).toEqual({
      a: of('succeeded', 't1', { tokens: 5, ...past('t2') }),
    })
  })

  test('with the base, what one side deleted is deleted', () => {
    expect(statusesOf(head + hunk(b2, a1 + b2 + c3, a1 + b2))).toEqual(['b submitted t2', 'c failed t3'])
    expect(statusesOf(head + hunk(b2, a1 + b2 + c3))).toHaveLength(3)
  })

  test('a base that is no lockfile, as zdiff3 and nested conflicts leave it, is done without', () => {
    expect(statusesOf(head + hunk(a1, b2, '    seed: 7\n') + c3)).toHaveLength(3)
    const nested = `<<<<<<<<< Temporary merge branch 1\n${a1}=========\n${b2}>>>>>>>>> Temporary merge branch 2\n`
    expect(statusesOf(head + hunk(a1, b2, nested) + c3)).toHaveLength(3)
  })

  test('a text without markers is read as it is', () => {
    expect(conflictSides(head + a1, 'x')).toBeUndefined()
    expect(readLockfile(new TextEncoder().encode(head + a1), 'x')).toEqual({
      entries: lock({ a: of('succeeded', 't1') }),
      merged: false,
    })
    const told = lock({ a: entry('failed', { error: '\u2028<<<<<<< HEAD' }) })
    expect(readLockfile(renderLockfile(told), 'x').entries).toEqual(told)
  })

  test.each([
    ['a contradiction', head + hunk(a1, block('a', of('failed', 't1'))), /two ways.*"t1".*succeeded.*failed/],
    ['a side that is no lockfile', head + hunk(a1, '  "b":\n    status: paused\n'), /\(theirs\).*line 3/],
    ['a marker out of order', `${head}=======\n${a1}`, /line 3/],
    ['a conflict in a conflict', head + hunk(a1, hunk(b2, c3)), /out of its order/],
    ['a conflict without an end', `${head}<<<<<<< HEAD\n${a1}=======\n`, /ends within/],
    [
      'a result that stands at a live task',
      head +
        hunk(
          block('a', of('submitted', 't2', { video: 'a.mp4', sha256: hashA })),
          block('a', of('submitted', 't2')),
        ),
      /two tasks/,
    ],
    [
      'one task with two seeds',
      head + hunk(block('a', of('submitted', 't2')), block('a', of('succeeded', 't2', { seed: 8 }))),
      /two tasks/,
    ],
    [
      'one task with two pasts',
      head +
        hunk(
          block('a', of('succeeded', 't2', past('t1'))),
          block('a', of('succeeded', 't2', { sha256: hashA })),
        ),
      /two tasks/,
    ],
  ])('%s is refused, with a way out', (_, text, message) => {
    const error = refusal(text)
    expect(error.code).toBe('lockfile-conflict')
    expect(error.message).toMatch(message)
    expect(error.hint).toBeTypeOf('string')
  })

  test('a side of a newer version asks for an update', () => {
    expect(refusal(hunk(head + a1, 'lockfileVersion: 2\nshots: {}\n')).code).toBe('lockfile-newer')
  })

  test('any two lockfiles in conflict as a whole merge as they do without git', () => {
    fc.assert(
      fc.property(anyLock, anyLock, (ours, theirs) => {
        const text = hunk(renderLockfile(ours), renderLockfile(theirs))
        const { entries, contradictions } = mergeLockfiles(undefined, ours, theirs)
        try {
          expect(readLockfile(text, 'x').entries).toEqual(entries)
        } catch (error) {
          if (!(error instanceof RunnerError)) throw error
          expect(/two tasks/.test(error.message) || contradictions.length > 0).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
