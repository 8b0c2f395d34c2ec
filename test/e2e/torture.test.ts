import { describe, expect, test } from 'vitest'
import type { LedgerRecord } from '../../src/core/ledger-state.js'
import type { LockEntry } from '../../src/core/lockfile.js'
import type { TakeName } from '../../src/core/names.js'
import type { TaskId } from '../../src/core/task.js'
import { countDoubled, findLostVideos, findUnnamed, findWrongFollows, textOf } from '../torture/audit.js'
import { playPlainLoop } from '../torture/plain-loop.js'
import { playRound } from '../torture/play-round.js'
import {
  type Kill,
  type KilledStart,
  type PlannedShot,
  planRound,
  type RoundPlan,
} from '../torture/round-plan.js'

const bin = 'dist/bin.js'
/** Each test starts the binary several times, and they run side by side. */
const patient = { timeout: 240_000 }

/** A round of two shots in which nothing goes wrong but what a test asks for. */
function smallRound(changes: Partial<RoundPlan>): RoundPlan {
  return {
    seed: 1,
    shots: [plannedShot('first'), plannedShot('second')],
    faults: { latencyMs: 40 },
    starts: [],
    retakes: [],
    createsPerMinute: 60_000,
    forgets: 'nothing',
    ...changes,
  }
}

function plannedShot(name: string, follows?: string): PlannedShot {
  return { name, prompt: `a fox, ${name}`, takes: 1, seed: undefined, flex: false, follows }
}

/** Three shots that go on from each other. */
const chain = [plannedShot('first'), plannedShot('second', 'first'), plannedShot('third', 'second')]

function killedAt(...points: Kill['at'][]): KilledStart[] {
  return points.map((at) => ({ command: 'run', kill: { at, times: 1 } as Kill }))
}

describe.concurrent('a crash at', () => {
  const points: readonly (readonly [at: Kill['at'], changes?: Partial<RoundPlan>])[] = [
    ['intent-written'],
    ['create-accepted'],
    ['answer-received'],
    ['accepted-written'],
    ['unsent-written', { faults: { next: [{ fault: 'throttle', times: 1 }], retryAfterS: 0 } }],
    ['unknown-written', { faults: { next: [{ fault: 'dropAnswer', times: 1 }] } }],
    ['adopted-written', { starts: killedAt('answer-received', 'adopted-written') }],
    ['ended-written'],
    ['part-written'],
    ['file-renamed'],
    ['collected-written'],
    ['lock-replaced'],
    ['journal-archived'],
    ['journal-emptied'],
    // The lockfile is lost, too: the archive still knows what was bought.
    ['placed-written', { starts: killedAt('journal-emptied', 'placed-written'), forgets: 'lockfile' }],
  ]
  const cases = points.map(([at, changes = {}]) => [at, changes] as const)
  test.each(cases)('%s buys nothing twice and loses nothing', patient, async (at, changes) => {
    const plan = smallRound({ starts: killedAt(at), ...changes })
    const result = await playRound(plan, bin)

    expect(result.kills).toEqual(plan.starts.map(({ kill }) => kill.at))
    expect(result.failures).toEqual([])
    // Only a create that may have left is not sent again; the lockfile may be written just before one leaves.
    const unsure = result.unknownUnpaid.length
    expect(result).toMatchObject({ accepted: 2 - unsure, collected: 2 - unsure, doubled: 0 })
    if (at === 'intent-written') expect(unsure).toBe(1)
    else if (at !== 'lock-replaced') expect(unsure).toBe(0)
  })
})

describe.concurrent('a crash in a chain at', () => {
  test.each<[Kill['at'], times: number]>([
    ['answer-received', 2],
    ['accepted-written', 2],
    ['ended-written', 1],
    ['part-written', 1],
    ['file-renamed', 1],
    ['framed-written', 2],
    ['collected-written', 1],
    ['journal-archived', 1],
  ])('%s (%i) buys each shot once, from the one before', patient, async (at, times) => {
    const starts: KilledStart[] = [{ command: 'run', kill: { at, times } as Kill }]
    const result = await playRound(smallRound({ shots: chain, starts }), bin)
    expect(result.kills).toEqual([at])
    expect(result.failures).toEqual([])
    expect(result).toMatchObject({ accepted: 3, collected: 3, followed: 2, framed: 2, doubled: 0 })
  })

  test('intent-written holds what goes on from the shot', patient, async () => {
    const starts: KilledStart[] = [{ command: 'run', kill: { at: 'intent-written', times: 2 } }]
    const result = await playRound(smallRound({ shots: chain, starts }), bin)
    expect(result.failures).toEqual([])
    expect(result).toMatchObject({ accepted: 1, unknownUnpaid: ['second'], waiting: ['third'] })
  })
})

describe.concurrent('a crash in a retake at', () => {
  const retake = { prompts: { first: 'a red fox' }, starts: [], prunes: [] }

  test.each<Kill['at']>([
    'superseded-written',
    'part-written',
    'file-renamed',
    'collected-written',
    'accepted-written',
  ])('%s keeps the video of the superseded task', patient, async (at) => {
    const retakes = [{ ...retake, starts: killedAt(at) }]
    const result = await playRound(smallRound({ retakes }), bin)
    expect(result.kills).toEqual([at])
    expect(result.failures).toEqual([])
    expect(result).toMatchObject({ accepted: 3, collected: 2, kept: 1, doubled: 0 })
  })

  test('superseded-written keeps those of a run that is forced', patient, async () => {
    const kill = { at: 'superseded-written', times: 2 } as const
    const retakes = [{ ...retake, prompts: {}, starts: [{ command: 'force', kill }] as const }]
    const result = await playRound(smallRound({ retakes }), bin)
    expect(result.failures).toEqual([])
    expect(result).toMatchObject({ accepted: 4, collected: 2, kept: 2, doubled: 0 })
  })

  test.each<Kill['at']>(['file-deleted', 'discarded-written', 'lock-replaced'])(
    'prune: %s loses nothing that was to stay, and the next prune ends it',
    patient,
    async (at) => {
      const prunes = [{ command: 'prune', kill: { at, times: 1 } as Kill }] as const
      const result = await playRound(smallRound({ retakes: [{ ...retake, prunes }] }), bin)
      expect(result.kills).toEqual([at])
      expect(result.failures).toEqual([])
      expect(result).toMatchObject({ accepted: 3, collected: 2, kept: 0 })
    },
  )
})

describe.concurrent('rounds of kills and faults', () => {
  test.each([1, 10, 16, 24])('seed %i', patient, async (seed) => {
    const result = await playRound(planRound({ seed, shots: 5 }), bin)
    expect(result.failures).toEqual([])
    expect(result).toMatchObject({ doubled: 0, lost: [], wrongFiles: [], invalidLockfiles: 0 })
  })
})

describe.concurrent('the harness', () => {
  test('counts doubled creates when all that shotlock knows is deleted after a kill', patient, async () => {
    const starts = killedAt('accepted-written', 'collected-written')
    const result = await playRound(smallRound({ starts, forgets: 'everything' }), bin)
    expect(result.doubled).toBeGreaterThanOrEqual(2)
    expect(result.failures).toContainEqual(`${result.doubled} creates too many`)
  })

  test('tells videos that are in no file or in no entry, unless they were to be deleted', () => {
    const [take, first, second] = ['fox' as TakeName, 't-1' as TaskId, 't-2' as TaskId]
    const record = (task: TaskId, sha256: string): LedgerRecord => {
      return { type: 'collected', at: '', take, task, video: 'out/ep/fox.mp4', sha256, bytes: 1 }
    }
    const records = [record(first, 'f'.repeat(64)), record(second, 'e'.repeat(64))]
    const text = records.map((one) => JSON.stringify(one)).join('\n')
    const arena = { folder: '/nowhere', files: () => [], read: () => text }
    expect(findLostVideos(arena, new Set())).toHaveLength(2)
    expect(findLostVideos(arena, new Set([first, second]))).toEqual([])

    const entry = { status: 'succeeded', task: second, video: 'out/ep/fox.mp4' } as LockEntry
    const unnamed = (spent: LockEntry['spent'], pruned: TaskId[] = []) =>
      findUnnamed(new Map([[take, { ...entry, spent }]]), records, new Set(pruned))
    expect(unnamed({ [first]: { video: 'out/ep/previous/fox.t-1.mp4' } })).toEqual([])
    expect(unnamed({ [first]: { tokens: 1 } })).toHaveLength(1)
    expect(unnamed({ [first]: { tokens: 1 } }, [first])).toEqual([])
  })

  test('counts creates of a shot by the prompts that it had', () => {
    const shots = [plannedShot('first')]
    const again = { prompts: { first: 'another' }, prunes: [] }
    const create = (prompt: string, seed: number) => ({ text: textOf(prompt), seed })
    const accepted = [create('a fox, first', 1), create('another', 2)]
    const forced = [{ command: 'force', kill: { at: 'random', afterMs: 1 } }] as const
    const doubledIn = (starts: readonly KilledStart[], ...more: typeof accepted) =>
      countDoubled({ shots, retakes: [{ ...again, starts }] }, [...accepted, ...more])
    expect(doubledIn([])).toBe(0)
    expect(doubledIn([], create('another', 3))).toBe(1)
    expect(doubledIn(forced, create('another', 3))).toBe(0)
    expect(doubledIn(forced, create('another', 2))).toBe(1)
  })

  test('tells a chain that goes on from another task than its upstream has or had', () => {
    const entry = (task: string, follows?: string): LockEntry => ({
      ...{ status: 'succeeded', task: task as TaskId, frameSha256: 'f'.repeat(64) },
      ...({ provider: 'ark', digest: 'any' } as Pick<LockEntry, 'provider' | 'digest'>),
      ...(follows === undefined ? {} : { follows: follows as TaskId }),
    })
    const wrongIn = (entries: Record<string, LockEntry>) =>
      findWrongFollows(chain, new Map(Object.entries(entries)) as Map<TakeName, LockEntry>)
    const first = { ...entry('t-1'), previous: ['t-0' as TaskId] }
    expect(wrongIn({ first, second: entry('t-2', 't-1'), third: entry('t-3', 't-2') })).toEqual([])
    expect(wrongIn({ first, second: entry('t-2', 't-0') })).toEqual([])
    expect(wrongIn({ first, second: entry('t-2', 't-9') })).toHaveLength(1)
    expect(wrongIn({ first, second: entry('t-2') })).toHaveLength(1)
    expect(wrongIn({ third: entry('t-3', 't-2') })).toHaveLength(1)
    expect(
      wrongIn({ first: { ...first, frameSha256: undefined }, second: entry('t-2', 't-1') }),
    ).toHaveLength(1)
  })

  test('counts doubled creates and unseen ids of a loop that repeats creates', async () => {
    const faults = { next: [{ fault: 'errorAfter' as const, times: 1 }] }
    const result = await playPlainLoop(smallRound({ faults }))
    expect(result).toEqual({ takes: 2, accepted: 3, takesDoubled: 1, doubled: 1, unseen: 1 })
  })
})
