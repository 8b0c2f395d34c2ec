import { describe, expect, test } from 'vitest'
import type { TakeState } from '../../src/core/ledger-state.js'
import type { LockEntry } from '../../src/core/lockfile.js'
import type { TakeName } from '../../src/core/names.js'
import { type PlanOptions, planRun, type Step } from '../../src/core/plan.js'
import { planTotals, viewPlan } from '../../src/core/plan-view.js'
import type { Media, Shot } from '../../src/core/shot.js'
import { allTakesOf } from '../../src/core/shot.js'
import {
  digestA,
  digestB,
  entry,
  known,
  manifestOf,
  pending,
  shot,
  shotName,
  takeName,
  task,
} from './builders.js'

const lastFrameOf = (name: string): Media => ({
  role: 'first_frame',
  source: { kind: 'last_frame', shot: shotName(name) },
  field: ['first_frame', 'last_frame_of'],
})

/** A chain of four: `b` goes on from `a`, and so on. */
const chain = ['a', 'b', 'c', 'd'].map((name, index, names) =>
  shot(name, index === 0 ? {} : { media: [lastFrameOf(names[index - 1]!)] }),
)

/** Done, from the task of the shot before. */
const made = (id: string, follows?: string, parts: Partial<LockEntry> = {}): TakeState =>
  known(
    entry('succeeded', {
      ...{ task: task(id), video: `out/${id}.mp4`, sha256: 'f'.repeat(64) },
      ...(follows === undefined ? {} : { follows: task(follows) }),
      ...parts,
    }),
  )
const allMade = { a: made('t-a'), b: made('t-b', 't-a'), c: made('t-c', 't-b'), d: made('t-d', 't-c') }

interface Situation {
  states?: Record<string, TakeState>
  /** Takes that the manifest wants otherwise than they were bought. */
  changed?: readonly string[]
  /** Takes whose last frame is here; all that are done, unless stated. */
  frames?: readonly string[]
  shots?: readonly Shot[]
  options?: PlanOptions
}

function planOf({ states = {}, changed = [], frames, shots = chain, options = {} }: Situation) {
  const takes = shots.flatMap(allTakesOf).map(({ name }) => name)
  return planRun(
    {
      manifest: manifestOf(shots),
      states: new Map(Object.entries(states)) as Map<TakeName, TakeState>,
      digests: new Map(takes.map((name) => [name, changed.includes(name) ? digestB : digestA])),
      present: new Set(takes),
      frames: new Set((frames ?? Object.keys(states)).map(takeName)),
    },
    options,
  )
}

function words(step: Step): string {
  switch (step.kind) {
    case 'generate': {
      const { follows } = step
      return `generate ${step.reason}${follows ? ` ${follows.awaited ? 'after' : 'from'} ${follows.take}` : ''}`
    }
    case 'hold':
      return `hold ${step.reason}${step.upstream ? ` ${step.upstream}` : ''}`
    case 'keep':
      return step.stale ? `stale, from ${step.stale.upstream}` : 'keep'
    default:
      return step.kind
  }
}

const planned = (situation: Situation) =>
  Object.fromEntries(planOf(situation).steps.map((step) => [step.name, words(step)]))

describe('a chain', () => {
  test('is bought one after the other in one run', () => {
    expect(planned({})).toEqual({
      ...{ a: 'generate new', b: 'generate new after a' },
      ...{ c: 'generate new after b', d: 'generate new after c' },
    })
  })

  test('goes on from what is there', () => {
    expect(planned({ states: { a: made('t-a'), b: made('t-b', 't-a') } })).toEqual({
      ...{ a: 'keep', b: 'keep', c: 'generate new from b', d: 'generate new after c' },
    })
  })

  test('is planned in the order of the manifest whatever goes on from what', () => {
    expect(planOf({ shots: chain.toReversed() }).steps.map(({ name }) => name)).toEqual(['d', 'c', 'b', 'a'])
  })

  test.each<[string, TakeState, string]>([
    ['live', known(entry('submitted', { task: task('t-a') })), 'generate new after a'],
    ['unknown', known(entry('unknown')), 'hold upstream a'],
    ['on its way', { entry: undefined, intent: pending() }, 'hold upstream a'],
    ['refused', known(entry('failed', { error: 'InvalidParameter' })), 'hold upstream a'],
    [
      'failed and may pass now',
      known(entry('failed', { task: task('t-a'), error: 'E' })),
      'generate new after a',
    ],
    ['lost', made('t-a', undefined, { error: 'result-gone' }), 'hold upstream a'],
  ])('does with a follower what its upstream allows that is %s', (_, state, expected) => {
    expect(planned({ states: { a: state } }).b).toBe(expected)
  })

  test('waits as a whole for a first shot that is held', () => {
    expect(planned({ states: { a: known(entry('failed', { error: 'InvalidParameter' })) } })).toEqual({
      ...{ a: 'hold invalid', b: 'hold upstream a', c: 'hold upstream b', d: 'hold upstream c' },
    })
  })

  test('does not buy a follower whose upstream was not asked for and is not there', () => {
    const selects = ({ name }: { name: TakeName }) => name === 'c'
    expect(planned({ options: { selects } })).toEqual({ c: 'hold upstream b' })
    expect(planned({ states: { b: made('t-b') }, options: { selects } })).toEqual({
      c: 'generate new from b',
    })
  })
})

describe('a last frame that is not here', () => {
  const day = 24 * 3_600_000
  const old = 'cgt-20260101000000-aaaaa'
  const at = Date.UTC(2025, 11, 31, 16)

  test('is fetched by the run while the provider has it', () => {
    const states = { a: made(old) }
    expect(planned({ states, frames: [], options: { now: at + day - 1 } }).b).toBe('generate new from a')
    expect(planned({ states, frames: [], options: { now: at + day } }).b).toBe('hold no-last-frame a')
    expect(planned({ states, options: { now: at + day } }).b).toBe('generate new from a')
  })

  test('is of no matter to what is made already', () => {
    const states = { a: made(old), b: made('t-b', old) }
    expect(planned({ states, frames: [], options: { now: at + day } }).b).toBe('keep')
  })
})

describe('an upstream that is bought anew', () => {
  test('leaves what follows stale but kept, with the price of buying it again', () => {
    const plan = planOf({ states: allMade, changed: ['a'] })
    expect(Object.fromEntries(plan.steps.map((step) => [step.name, words(step)]))).toEqual({
      ...{ a: 'generate changed', b: 'stale, from a', c: 'stale, from b', d: 'stale, from c' },
    })
    const { buys, stale, prices, stalePrices } = planTotals([plan])
    expect([buys, stale]).toEqual([1, 3])
    expect(stalePrices[0]!.maxMicros).toBe(3 * prices[0]!.maxMicros)
    expect(
      viewPlan(plan).steps.map(({ stale, upstream, estimate }) => [stale, upstream, !!estimate]),
    ).toEqual([[undefined, undefined, true], ...['a', 'b', 'c'].map((name) => [true, name, true])])
  })

  test('has what follows bought again where that is asked for', () => {
    expect(planned({ states: allMade, changed: ['a'], options: { stale: true } })).toEqual({
      ...{ a: 'generate changed', b: 'generate stale after a' },
      ...{ c: 'generate stale after b', d: 'generate stale after c' },
    })
  })

  test('is remembered by later plans', () => {
    const states = { ...allMade, a: made('t-a2') }
    expect(planned({ states })).toEqual({
      ...{ a: 'keep', b: 'stale, from a', c: 'stale, from b', d: 'stale, from c' },
    })
    expect(planned({ states, options: { stale: true } }).b).toBe('generate stale from a')
  })

  test('a stale shot is not bought again from a frame that it began with already', () => {
    const selects = ({ name }: { name: TakeName }) => name === 'd'
    const states = { ...allMade, a: made('t-a2') }
    expect(planned({ states, options: { stale: true, selects } })).toEqual({ d: 'keep' })
  })

  test('that failed makes nothing stale', () => {
    const failed = known(entry('failed', { error: 'InvalidParameter' }))
    expect(planned({ states: { ...allMade, a: failed } })).toEqual({
      ...{ a: 'hold invalid', b: 'keep', c: 'keep', d: 'keep' },
    })
  })

  test('gives a follower another try that was refused with the frame before', () => {
    const refused = known(entry('failed', { error: 'InvalidParameter', follows: task('t-a') }))
    expect(planned({ states: { a: made('t-a'), b: refused } }).b).toBe('hold invalid')
    expect(planned({ states: { a: made('t-a2'), b: refused } }).b).toBe('generate failed from a')
  })

  test('one that was adopted does not tell what it began with, and is kept', () => {
    expect(planned({ states: { a: made('t-a2'), b: made('t-b') } }).b).toBe('keep')
  })
})

describe('of several takes', () => {
  const shots = [shot('a', { takes: 2 }), ...chain.slice(1)]
  const picked = { 'a@2': made('t-a2', undefined, { pick: true }) }

  test('the first is gone on from, unless another is picked', () => {
    const states = { a: made('t-a'), 'a@2': made('t-a2') }
    expect(planned({ shots, states }).b).toBe('generate new from a')
    expect(planned({ shots, states: { ...states, ...picked } }).b).toBe('generate new from a@2')
  })

  test('another pick makes what follows stale, and the pick before makes it good again', () => {
    const states = { ...allMade, 'a@2': made('t-a2') }
    expect(planned({ shots, states }).b).toBe('keep')
    expect(planned({ shots, states: { ...states, ...picked } }).b).toBe('stale, from a@2')
  })

  test('a pick that is bought anew counts no longer', () => {
    const states = { ...allMade, ...picked }
    expect(planned({ shots, states, changed: ['a@2'] }).b).toBe('keep')
  })
})

describe('drafts', () => {
  const draftOf = (parts: Partial<LockEntry>): TakeState =>
    known(
      entry('succeeded', { ...{ task: task('t-draft'), approved: true, sha256: 'f'.repeat(64) }, ...parts }),
    )

  test('begin with the last frame of a final', () => {
    expect(planned({ options: { draft: true } })['b@draft']).toBe('hold upstream a')
    expect(planned({ states: { a: made('t-a') }, options: { draft: true } })['b@draft']).toBe(
      'generate new from a',
    )
  })

  test('that began with another frame are not made final', () => {
    const draft = draftOf({ follows: task('t-a') })
    expect(planned({ states: { a: made('t-a'), 'b@draft': draft } }).b).toBe('generate new')
    expect(planned({ states: { a: made('t-a2'), 'b@draft': draft } }).b).toBe('hold draft-outdated')
  })
})
