import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RunnerError } from '../../src/core/errors.js'
import {
  applyRecord,
  countJournal,
  countRecord,
  journalRecords,
  type LedgerRecord,
  type TakeState,
  tornBytesOf,
} from '../../src/core/ledger-state.js'
import { knownTasks, type LockEntry, renderLockfile } from '../../src/core/lockfile.js'
import type { TakeName } from '../../src/core/names.js'
import { picksIn } from '../../src/core/pick.js'
import type { TerminalStatus } from '../../src/core/task.js'
import { digestA, digestB, entry, known, pending, shotName, takeName, task } from './builders.js'

const at = '2026-01-08T11:13:52.000Z'
const a = takeName('a')
const intent = (attempt = 1, seed = 7): LedgerRecord => ({
  type: 'intent',
  at,
  take: a,
  attempt,
  provider: 'ark',
  digest: digestA,
  seed,
})
const accepted = (id: string, attempt = 1): LedgerRecord => ({
  type: 'accepted',
  at,
  take: a,
  attempt,
  task: task(id),
})
const refused = (attempt = 1): LedgerRecord => ({
  type: 'refused',
  at,
  take: a,
  attempt,
  error: 'InvalidParameter',
})
const unsent = (attempt = 1): LedgerRecord => ({ type: 'unsent', at, take: a, attempt, why: 'unreachable' })
const unknown = (attempt = 1): LedgerRecord => ({ type: 'unknown', at, take: a, attempt, why: 'reset' })
const ended = (id: string, status: TerminalStatus = 'succeeded'): LedgerRecord => ({
  type: 'ended',
  at,
  take: a,
  task: task(id),
  status,
  ...(status === 'succeeded' ? { tokens: 5 } : { error: 'E' }),
})
const collected = (id: string): LedgerRecord => ({
  type: 'collected',
  at,
  take: a,
  task: task(id),
  video: 'out/a.mp4',
  sha256: 'f'.repeat(64),
  bytes: 9,
})
const picked = (
  id: string,
  { take = a, instead, undo = false }: { take?: TakeName; instead?: [TakeName, string]; undo?: boolean } = {},
): LedgerRecord => ({
  type: 'picked',
  at,
  take,
  task: task(id),
  picked: !undo,
  ...(instead && { instead: { take: instead[0], task: task(instead[1]) } }),
})

const judged = (id: string, decision: { approved?: boolean; note?: string } = {}): LedgerRecord => ({
  type: 'judged',
  at,
  take: a,
  task: task(id),
  ...decision,
})

const stateAfter = (records: readonly LedgerRecord[], start?: TakeState) =>
  records.reduce<TakeState | undefined>(applyRecord, start)!
const codeOf = (work: () => unknown) => {
  try {
    work()
    return undefined
  } catch (error) {
    return (error as RunnerError).code
  }
}

describe('a take', () => {
  test('whose intent is on record waits for its answer', () => {
    expect(stateAfter([intent(1, 9)])).toEqual({ entry: undefined, intent: pending({ at }) })
  })

  test('that was accepted is live under its id', () => {
    expect(stateAfter([intent(), accepted('t')])).toEqual(known(entry('submitted', { task: task('t') })))
  })

  test('that was refused has failed without a task', () => {
    expect(stateAfter([intent(), refused()])).toEqual(known(entry('failed', { error: 'InvalidParameter' })))
  })

  test('that was not sent is as it was before', () => {
    const before = known(entry('expired', { task: task('t') }))
    expect(stateAfter([intent(), unsent()], before)).toEqual(before)
    expect(stateAfter([intent(), unsent()])).toEqual({ entry: undefined, intent: undefined })
  })

  test('whose answer was never seen is unknown, with its seed', () => {
    expect(stateAfter([intent(1, 991), unknown()])).toMatchObject(known(entry('unknown', { seed: 991 })))
  })

  test('that ended has its tokens or its error', () => {
    expect(stateAfter([intent(), accepted('t'), ended('t')]).entry).toMatchObject({
      status: 'succeeded',
      tokens: 5,
    })
    expect(stateAfter([intent(), accepted('t'), ended('t', 'failed')]).entry).toMatchObject({
      status: 'failed',
      error: 'E',
    })
  })

  test('that was collected has its file and hash', () => {
    const { entry: found } = stateAfter([intent(), accepted('t'), ended('t'), collected('t')])
    expect(found).toMatchObject({
      status: 'succeeded',
      task: 't',
      video: 'out/a.mp4',
      sha256: 'f'.repeat(64),
    })
  })

  test('that is bought again keeps the task before and what it came to, and nothing else of it', () => {
    const { entry: found } = stateAfter([
      intent(),
      accepted('t1'),
      ended('t1'),
      collected('t1'),
      intent(),
      accepted('t2'),
    ])
    const spent = { [task('t1')]: { tokens: 5, video: 'out/a.mp4', sha256: 'f'.repeat(64) } }
    expect(found).toEqual(entry('submitted', { task: task('t2'), previous: [task('t1')], spent }))
  })

  test('that is bought again and again keeps all tasks, oldest first', () => {
    const { entry: found } = stateAfter(
      ['1', '2', '3'].flatMap((id) => [intent(), accepted(id), ended(id, 'failed')]),
    )
    expect(found?.previous).toEqual(['1', '2'])
  })

  test('that was bought again with an unknown end keeps the task before', () => {
    const { entry: found } = stateAfter([
      intent(),
      accepted('t1'),
      ended('t1', 'failed'),
      intent(),
      unknown(),
    ])
    expect(found).toEqual(entry('unknown', { previous: [task('t1')] }))
  })

  test('takes no news of a task that it no longer is about', () => {
    const state = stateAfter([intent(), accepted('t1'), ended('t1', 'failed'), intent(), accepted('t2')])
    for (const late of [ended('t1'), collected('t1')]) expect(applyRecord(state, late)).toEqual(state)
  })

  test('hears of an end also while the next create is under way', () => {
    const state = stateAfter([intent(), accepted('t1'), ended('t1', 'failed'), intent(2)])
    expect(state.intent?.attempt).toBe(2)
    expect(applyRecord(state, ended('t1', 'expired'))).toMatchObject({
      entry: { status: 'expired' },
      intent: { attempt: 2 },
    })
  })
})

describe('a take that a person picked', () => {
  const done = [intent(), accepted('t'), ended('t')]

  test('is picked until the pick is taken back', () => {
    expect(stateAfter([...done, picked('t')]).entry).toMatchObject({ task: 't', pick: true })
    expect(stateAfter([...done, picked('t'), picked('t', { undo: true })])).toEqual(stateAfter(done))
  })

  test('is so only for the task that was chosen', () => {
    expect(stateAfter([...done, picked('another')])).toEqual(stateAfter(done))
    expect(stateAfter([picked('t')]).entry).toBeUndefined()
  })

  test.each([
    ['accepted', accepted('t2', 2)],
    ['refused', refused(2)],
    ['left without an answer', unknown(2)],
  ])('is no longer, once a new create of it was %s', (_, answer) => {
    expect(stateAfter([...done, picked('t'), intent(2), answer]).entry).not.toHaveProperty('pick')
  })

  test('is so still when a new create was never sent', () => {
    expect(stateAfter([...done, picked('t'), intent(2), unsent(2)]).entry).toMatchObject({ pick: true })
  })

  test('is so still when its result is collected, or its task adopted once more', () => {
    const adopted = { type: 'adopted', at, take: a, provider: 'ark', digest: digestA } as const
    const entryAfter = (record: LedgerRecord) => stateAfter([...done, picked('t'), record]).entry
    expect(entryAfter(collected('t'))).toMatchObject({ pick: true })
    expect(entryAfter({ ...adopted, task: task('t') })).toMatchObject({ pick: true })
    expect(entryAfter({ ...adopted, task: task('other') })).not.toHaveProperty('pick')
  })
})

describe('a take that a person judged', () => {
  const done = [intent(), accepted('t'), ended('t')]
  const rejection = judged('t', { approved: false, note: 'too dark' })

  test('has the last decision as a whole, until that is taken back', () => {
    expect(stateAfter([...done, rejection]).entry).toMatchObject({ approved: false, note: 'too dark' })
    expect(stateAfter([...done, rejection, judged('t', { approved: true })])).toEqual(
      stateAfter([...done, judged('t', { approved: true })]),
    )
    expect(stateAfter([...done, rejection, judged('t')])).toEqual(stateAfter(done))
  })

  test('is so only for the task that was looked at', () => {
    expect(stateAfter([...done, judged('another', { approved: true })])).toEqual(stateAfter(done))
    expect(stateAfter([rejection]).entry).toBeUndefined()
  })

  test.each([
    ['accepted', accepted('t2', 2)],
    ['refused', refused(2)],
    ['left without an answer', unknown(2)],
  ])('is undecided again, once a new create of it was %s', (_, answer) => {
    const { entry } = stateAfter([...done, rejection, intent(2), answer])
    expect(entry).not.toHaveProperty('approved')
    expect(entry).not.toHaveProperty('note')
  })

  test('is as it was when a new create was never sent, or its result is collected', () => {
    for (const records of [[intent(2), unsent(2)], [collected('t')]])
      expect(stateAfter([...done, rejection, ...records]).entry).toMatchObject({
        approved: false,
        note: 'too dark',
      })
  })

  test('keeps its decision and its pick apart', () => {
    const both = { approved: false, note: 'too dark', pick: true }
    expect(stateAfter([...done, rejection, picked('t')]).entry).toMatchObject(both)
    expect(stateAfter([...done, picked('t'), rejection]).entry).toMatchObject(both)
  })
})

describe('the video of a superseded task', () => {
  const made = { tokens: 5, video: 'out/a.mp4', sha256: 'f'.repeat(64) }
  const again = [intent(), accepted('t1'), ended('t1'), collected('t1'), intent(2), accepted('t2', 2)]
  const moved: LedgerRecord = {
    type: 'superseded',
    at,
    take: a,
    task: task('t1'),
    video: 'out/previous/a.t1.mp4',
  }
  const discarded: LedgerRecord = { type: 'discarded', at, take: a, task: task('t1') }
  const spentAfter = (...records: LedgerRecord[]) => stateAfter([...again, ...records]).entry?.spent

  test('stays on record, first where it was, then where it is put', () => {
    expect(spentAfter()).toEqual({ t1: made })
    expect(spentAfter(moved, collected('t2'))).toEqual({ t1: { ...made, video: 'out/previous/a.t1.mp4' } })
  })

  test('is forgotten when that of the next task comes into its place', () => {
    expect(spentAfter(collected('t2'))).toEqual({ t1: { tokens: 5 } })
  })

  test('is forgotten when it is deleted, and what the task came to is not', () => {
    expect(spentAfter(moved, discarded)).toEqual({ t1: { tokens: 5 } })
    expect(spentAfter(moved, discarded, discarded)).toEqual({ t1: { tokens: 5 } })
  })

  test('leaves nothing of a task that came to nothing else', () => {
    const unbilled = again.map((record) =>
      record.type === 'ended' ? { ...record, tokens: undefined } : record,
    )
    const { entry } = stateAfter([...(unbilled as LedgerRecord[]), discarded])
    expect(entry).toMatchObject({ task: 't2', previous: ['t1'] })
    expect(entry).not.toHaveProperty('spent')
  })

  test('does not come back when the journal is replayed over the lockfile that it led to', () => {
    const journal = [...again, ended('t2'), moved, collected('t2'), discarded]
    const textOf = (states: ReadonlyMap<TakeName, TakeState>) =>
      renderLockfile(new Map([...states].map(([name, state]) => [name, state.entry!])))
    const states = new Map<TakeName, TakeState>()
    countJournal(states, journal)
    const before = textOf(states)
    countJournal(states, journal)
    expect(textOf(states)).toBe(before)
  })
})

describe('the picks of a shot', () => {
  const second = takeName('a@2')
  const both = () =>
    new Map([
      [a, known(entry('succeeded', { task: task('t1'), pick: true }))],
      [second, known(entry('succeeded', { task: task('t2') }))],
    ])
  const picks = (states: ReadonlyMap<TakeName, TakeState>) =>
    [...states].flatMap(([name, state]) => (state.entry?.pick ? [name] : []))

  test('move with one record', () => {
    const states = both()
    countRecord(states, picked('t2', { take: second, instead: [a, 't1'] }))
    expect(picks(states)).toEqual([second])
  })

  test('do not come back when their journal is replayed over the lockfile that it led to', () => {
    const journal = [
      picked('t2', { take: second, instead: [a, 't1'] }),
      picked('t1', { instead: [second, 't2'] }),
      intent(),
      accepted('t3'),
    ]
    const states = both()
    countJournal(states, journal)
    expect(picks(states)).toEqual([])
    countJournal(states, journal)
    expect(picks(states)).toEqual([])
  })

  test('stay one when the lockfile has got another since, as from git: that of the journal', () => {
    const states = both()
    countJournal(states, [picked('t2', { take: second })])
    expect(picks(states)).toEqual([second])
  })

  test('stay as the lockfile has them when the journal chose a task that is not there any more', () => {
    const states = both()
    countJournal(states, [picked('older', { take: second })])
    expect(picks(states)).toEqual([a])
  })
})

describe('an answer without its intent is refused', () => {
  test.each<[string, LedgerRecord]>([
    ['accepted', accepted('t')],
    ['refused', refused()],
    ['unsent', unsent()],
    ['unknown', unknown()],
  ])('%s', (_, record) => {
    expect(codeOf(() => stateAfter([record]))).toBe('journal-damaged')
    expect(codeOf(() => stateAfter([intent(2), record]))).toBe('journal-damaged')
    expect(codeOf(() => stateAfter([intent(), unsent(), record]))).toBe('journal-damaged')
  })
})

/** Histories as a run could write them, of three takes: each create is announced, answered once, and then lived out. */
const takes = ['a', 'a@2', 'b'].map(takeName)
const moves = fc.array(
  fc.record({ take: fc.nat({ max: 2 }), turn: fc.nat({ max: 5 }), attempt: fc.integer({ min: 1, max: 3 }) }),
  { maxLength: 40 },
)
const histories = moves.map((list) => {
  const records: LedgerRecord[] = []
  const states = new Map<TakeName, TakeState>()
  for (const [index, { take: number, turn, attempt }] of list.entries()) {
    const name = takes[number]!
    const record = nextRecord(name, states, { turn, attempt, id: task(`t${index}`) })
    if (!record) continue
    records.push(record)
    countRecord(states, record)
  }
  return records
})

function nextRecord(
  take: TakeName,
  states: ReadonlyMap<TakeName, TakeState>,
  { turn, attempt, id }: { turn: number; attempt: number; id: LockEntry['task'] & string },
): LedgerRecord | undefined {
  const state = states.get(take)
  const head = { at, take }
  if (state?.intent) {
    const answer = { ...head, attempt: state.intent.attempt }
    switch (turn) {
      case 0:
        return { type: 'refused', ...answer, error: 'InvalidParameter' }
      case 1:
        return { type: 'unsent', ...answer, why: 'unreachable' }
      case 2:
        return { type: 'unknown', ...answer, why: 'reset' }
      default:
        return { type: 'accepted', ...answer, task: id }
    }
  }
  const { status, task: current, video, pick } = state?.entry ?? {}
  if (status === 'submitted') {
    const end = (['succeeded', 'failed', 'cancelled', 'expired'] as const)[turn] ?? 'succeeded'
    return {
      type: 'ended',
      ...head,
      task: current!,
      status: end,
      ...(end === 'succeeded' ? { tokens: 5 } : { error: 'E' }),
    }
  }
  if (status === 'succeeded' && video === undefined) {
    return {
      type: 'collected',
      ...head,
      task: current!,
      video: `out/${take}.mp4`,
      sha256: 'f'.repeat(64),
      bytes: 9,
    }
  }
  if (status === 'succeeded' && turn === 3)
    return { type: 'judged', ...head, task: current!, approved: attempt > 1, note: `look ${attempt}` }
  if (status === 'succeeded' && turn >= 4) {
    const other = picksIn([...states].map(([name, { entry: found }]) => [name, found])).get(shotName('a'))
    const instead: [TakeName, string] | undefined =
      !pick && other !== undefined && take !== takeName('b')
        ? [other, states.get(other)!.entry!.task!]
        : undefined
    return picked(current!, { take, undo: pick === true, ...(instead && { instead }) })
  }
  // An unknown take is left alone by every plan.
  if (status === 'unknown' && turn > 0) return undefined
  const digest = turn % 2 === 0 ? digestA : digestB
  return { type: 'intent', ...head, attempt, provider: 'ark', digest, seed: turn }
}

function replay(records: readonly LedgerRecord[], lockfile: ReadonlyMap<TakeName, LockEntry> = new Map()) {
  const states = new Map<TakeName, TakeState>([...lockfile].map(([name, found]) => [name, known(found)]))
  countJournal(states, records)
  return states
}

const lockfileOf = (states: ReadonlyMap<TakeName, TakeState>) =>
  new Map([...states].flatMap(([name, { entry: found }]) => (found ? [[name, found] as const] : [])))

describe('replaying a journal', () => {
  test('over the lockfile that it led to changes nothing', () => {
    fc.assert(
      fc.property(histories, histories, (earlier, journal) => {
        const start = lockfileOf(replay(earlier))
        const end = lockfileOf(replay(withNewIds(journal), start))
        expect(renderLockfile(lockfileOf(replay(withNewIds(journal), end)))).toBe(renderLockfile(end))
      }),
      { numRuns: 300 },
    )
  })

  test('keeps what an adopted task was sent with, also where the lockfile has it already', () => {
    const sent = { draft: task('t-draft'), follows: task('t-before'), reserved: '1.3968 CNY' }
    const adopted = {
      type: 'adopted',
      at,
      take: a,
      task: task('t'),
      provider: 'ark',
      digest: digestA,
    } as const
    const once = applyRecord(known(entry('unknown', sent)), adopted)
    expect(once.entry).toMatchObject({ status: 'submitted', task: 't', ...sent })
    expect(applyRecord(once, adopted)).toEqual(once)
  })

  test('over a lockfile written half-way leads to the same end', () => {
    fc.assert(
      fc.property(histories, fc.nat({ max: 40 }), (journal, half) => {
        const end = lockfileOf(replay(journal))
        const written = lockfileOf(replay(journal.slice(0, half)))
        expect(renderLockfile(lockfileOf(replay(journal, written)))).toBe(renderLockfile(end))
      }),
      { numRuns: 300 },
    )
  })

  test('never loses a task that was accepted', () => {
    fc.assert(
      fc.property(histories, histories, (earlier, journal) => {
        const all = [...earlier, ...withNewIds(journal)]
        const found = knownTasks(lockfileOf(replay(withNewIds(journal), lockfileOf(replay(earlier)))))
        for (const record of all) {
          if (record.type === 'accepted') expect(found).toContain(record.task)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('never forgets that a create was sent', () => {
    fc.assert(
      fc.property(histories, (journal) => {
        for (const [name, state] of replay(journal)) {
          const last = journal.findLast(
            ({ take, type }) => take === name && !['ended', 'collected', 'picked', 'judged'].includes(type),
          )
          if (last?.type === 'intent') expect(state.intent).toBeDefined()
          if (last?.type === 'unknown') expect(state.entry?.status).toBe('unknown')
        }
      }),
      { numRuns: 200 },
    )
  })

  test('never leaves two picks in a shot', () => {
    fc.assert(
      fc.property(histories, histories, fc.nat({ max: 40 }), (earlier, journal, half) => {
        const start = lockfileOf(replay(earlier))
        for (const lockfile of [start, lockfileOf(replay(journal.slice(0, half), start))]) {
          const found = [...lockfileOf(replay(journal, lockfile))].filter(([, { pick }]) => pick)
          expect(found.length - picksIn(found).size).toBe(0)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('changes none of its arguments', () => {
    const state = Object.freeze({
      entry: Object.freeze(entry('submitted', { task: task('t'), previous: Object.freeze([task('o')]) })),
      intent: Object.freeze(pending()),
    })
    for (const record of [
      accepted('n'),
      refused(),
      unsent(),
      unknown(),
      ended('t'),
      collected('t'),
      picked('t'),
      judged('t', { approved: true }),
    ]) {
      expect(() => applyRecord(state, Object.freeze(record))).not.toThrow()
    }
  })
})

/** A later run gets ids of its own. */
function withNewIds(records: readonly LedgerRecord[]): LedgerRecord[] {
  const later = (id: string) => task(`later-${id}`)
  return records.map((record) => {
    if (!('task' in record)) return record
    if (record.type !== 'picked' || record.instead?.task === undefined)
      return { ...record, task: later(record.task) }
    const instead = { ...record.instead, task: later(record.instead.task) }
    return { ...record, task: later(record.task), instead }
  })
}

describe('a journal', () => {
  const line = (record: unknown) => `${JSON.stringify(record)}\n`
  const records = [
    intent(),
    accepted('狐狸'),
    ended('狐狸', 'failed'),
    intent(),
    refused(),
    intent(),
    unsent(),
    intent(),
    unknown(),
    collected('狐狸'),
    picked('狐狸', { instead: [takeName('a@2'), 't'] }),
    judged('狐狸', { approved: false, note: '太暗' }),
  ]
  const bytes = new TextEncoder().encode(records.map(line).join(''))
  const parse = (journal: Uint8Array) => ({
    records: [...journalRecords(journal, 'ep01.journal.jsonl')],
    tornBytes: tornBytesOf(journal),
  })

  test('gives back the records that were written', () => {
    expect(parse(bytes)).toEqual({ records, tornBytes: 0 })
  })

  test('that is empty has no records', () => {
    expect(parse(new Uint8Array())).toEqual({ records: [], tornBytes: 0 })
  })

  test('of several megabytes gives every record, and names the line that is damaged', () => {
    const many = Array.from({ length: 30_000 }, (_, i) => accepted(`狐狸-${i}`))
    const text = many.map(line).join('')
    const large = new TextEncoder().encode(text)
    expect(large.length).toBeGreaterThan(2 * 1024 * 1024)
    expect(parse(large).records).toEqual(many)
    const at = text.indexOf('"狐狸-19990"')
    const broken = new TextEncoder().encode(`${text.slice(0, at)}${text.slice(at + 3)}`)
    expect(() => parse(broken)).toThrow('line 19991 ')
  })

  test('cut at any byte gives the whole lines, and tells how many bytes are left over', () => {
    const ends = [...bytes.keys()].filter((index) => bytes[index] === 0x0a).map((index) => index + 1)
    for (let length = 0; length <= bytes.length; length++) {
      const whole = ends.filter((end) => end <= length)
      expect(parse(bytes.subarray(0, length))).toEqual({
        records: records.slice(0, whole.length),
        tornBytes: length - (whole.at(-1) ?? 0),
      })
    }
  })

  test.each([
    ['half a line', '{"type":"intent","at'],
    ['nothing but text', 'hello'],
    ['a list', '[]'],
    ['null', 'null'],
    ['a kind that is not known', JSON.stringify({ ...intent(), type: 'paid' })],
    ['a kind that is the name of an object member', JSON.stringify({ ...intent(), type: 'constructor' })],
    ['an intent without a digest', JSON.stringify({ ...intent(), digest: undefined })],
    ['an intent without an attempt', JSON.stringify({ ...intent(), attempt: undefined })],
    ['an intent with a seed in quotes', JSON.stringify({ ...intent(), seed: '7' })],
    ['an answer without a task', JSON.stringify({ ...accepted('t'), task: undefined })],
    ['an answer without an attempt', JSON.stringify({ ...unknown(), attempt: null })],
    ['an end that is none', JSON.stringify({ ...ended('t'), status: 'running' })],
    ['a record without a take', JSON.stringify({ ...unsent(), take: undefined })],
    ['a pick without a task', JSON.stringify({ ...picked('t'), task: undefined })],
    ['a decision without a task', JSON.stringify({ ...judged('t'), task: undefined })],
    ['a collected file without a hash', JSON.stringify({ ...collected('t'), sha256: 5 })],
  ])('with %s in the middle is refused, and the line is named', (_, damaged) => {
    const broken = `${line(intent())}${damaged}\n${line(unsent())}`
    try {
      parse(new TextEncoder().encode(broken))
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(RunnerError)
      expect(error).toMatchObject({ code: 'journal-damaged', message: expect.stringContaining('line 2') })
    }
  })
})
