import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { type FailureClass, failureClasses, mayRerun } from '../../src/core/failure.js'
import type { TakeState } from '../../src/core/ledger-state.js'
import type { LockEntry } from '../../src/core/lockfile.js'
import type { TakeName } from '../../src/core/names.js'
import { type Plan, type PlanOptions, planRun, type Stale, type Step } from '../../src/core/plan.js'
import { planTotals, viewPlan } from '../../src/core/plan-view.js'
import type { Shot } from '../../src/core/shot.js'
import { takesOf } from '../../src/core/shot.js'
import { digestA, digestB, entry, known, manifestOf, pending, shot, takeName, task } from './builders.js'

interface Situation {
  /** Of the take `a`. */
  state?: TakeState | undefined
  /** What the manifest wants now; `digestA`, as all entries have, unless it was changed. */
  changed?: boolean
  /** Whether the collected file is there. */
  here?: boolean
  shot?: Partial<Shot>
  options?: PlanOptions
}

/** The step for take `a`, as `kind reason`; `undefined` when the plan leaves it out. */
function stepFor({
  state,
  changed = false,
  here = false,
  shot: parts = {},
  options = {},
}: Situation): string | undefined {
  const { steps } = planRun(
    {
      manifest: manifestOf([shot('a', parts)]),
      states: new Map(state ? [[takeName('a'), state]] : []),
      digests: new Map([[takeName('a'), changed ? digestB : digestA]]),
      present: new Set(here ? [takeName('a')] : []),
    },
    options,
  )
  expect(steps.length).toBeLessThanOrEqual(1)
  return steps[0] && words(steps[0])
}

function words(step: Step): string {
  switch (step.kind) {
    case 'generate':
    case 'hold':
      return `${step.kind} ${step.reason}`
    case 'resume':
      return step.outdated ? 'resume outdated' : 'resume'
    case 'collect':
      return step.collectedBefore ? 'collect again' : 'collect'
    case 'keep':
      return step.rejected ? 'keep rejected' : 'keep'
    default:
      return step.kind
  }
}

const t = task('cgt-1')
const live = known(entry('submitted', { task: t }))
const uncollected = known(entry('succeeded', { task: t, tokens: 5 }))
const done = known(entry('succeeded', { task: t, tokens: 5, video: 'out/a.mp4', sha256: 'f'.repeat(64) }))
const rejected = known({ ...done.entry!, approved: false })
const lostAndRejected = known({ ...rejected.entry!, error: 'result-gone' })
const neverFetched = known({ ...uncollected.entry!, approved: false })
const unseen = known(entry('unknown'))
const failedWith = (error: string) => known(entry('failed', { task: t, error }))
const refusedWith = (error: string) => known(entry('failed', { error }))
const expired = known(entry('expired', { task: t }))
const cancelled = known(entry('cancelled', { task: t }))
const sent: TakeState = { entry: undefined, intent: pending() }
const sentAgain: TakeState = { entry: failedWith('E').entry, intent: pending() }

describe('what a run does with a take', () => {
  test.each<[string, string | undefined, Situation]>([
    ['that is new', 'generate new', {}],
    ['that was tried and never sent', 'generate new', { state: { entry: undefined, intent: undefined } }],
    ['that is there', 'keep', { state: done, here: true }],
    ['that changed', 'generate changed', { state: done, here: true, changed: true }],
    ['that changed and whose old file is gone', 'generate changed', { state: done, changed: true }],
    ['that is paid and not collected', 'collect', { state: uncollected }],
    ['that is paid and not collected, though it changed', 'collect', { state: uncollected, changed: true }],
    ['whose collected file is gone', 'collect again', { state: done }],
    ['that is live', 'resume', { state: live }],
    ['that is live and changed', 'resume outdated', { state: live, changed: true }],
    ['that is unknown', 'reconcile', { state: unseen }],
    ['that is unknown and changed', 'reconcile', { state: unseen, changed: true }],
    ['whose create has no answer', 'reconcile', { state: sent }],
    ['whose second create has no answer', 'reconcile', { state: sentAgain }],
    ['whose live task has lost its id', 'reconcile', { state: known(entry('submitted')), changed: true }],
    ['that expired', 'generate expired', { state: expired }],
    ['that was cancelled', 'generate cancelled', { state: cancelled }],
    ['that expired and changed', 'generate changed', { state: expired, changed: true }],
    ['that failed and changed', 'generate changed', { state: failedWith('InvalidParameter'), changed: true }],
    [
      'that failed and may pass',
      'generate failed',
      { state: failedWith('OutputVideoSensitiveContentDetected') },
    ],
    [
      'whose input was moderated',
      'hold moderation-input',
      { state: failedWith('InputTextSensitiveContentDetected') },
    ],
    ['that was refused', 'hold invalid', { state: refusedWith('InvalidParameter') }],
    ['that was refused for a reason not known', 'hold invalid', { state: refusedWith('Strange') }],
    ['that failed for a reason not known', 'generate failed', { state: failedWith('Strange') }],
  ])('%s: %s', (_, expected, situation) => {
    expect(stepFor(situation)).toBe(expected)
  })

  test.each([...failureClasses])('that failed by class %s: bought again only when it may be', (failure) => {
    const step = stepFor({ state: failedWith(failure) })
    if (failure === 'expired' || failure === 'cancelled') expect(step).toBe(`generate ${failure}`)
    else if (mayRerun(failure)) expect(step).toBe('generate failed')
    else expect(step).toMatch(/^hold (moderation-input|invalid)$/)
  })
})

describe('a shot that is skipped', () => {
  const skip = { shot: { skip: true } }

  test.each<[string, string | undefined, Situation]>([
    ['is not bought', 'hold skipped', {}],
    ['is not bought again', 'hold skipped', { state: done, here: true, changed: true }],
    ['is not bought by force', 'hold skipped', { options: { force: true } }],
    ['is still waited for', 'resume', { state: live }],
    ['is still collected', 'collect', { state: uncollected }],
    ['is still looked for', 'reconcile', { state: unseen }],
  ])('%s: %s', (_, expected, situation) => {
    expect(stepFor({ ...situation, ...skip })).toBe(expected)
  })
})

describe('by force, a take', () => {
  test.each<[string, string | undefined, Situation]>([
    ['that is there is bought again', 'generate forced', { state: done, here: true }],
    ['whose file is gone is bought again', 'generate forced', { state: done }],
    ['that is held is bought again', 'generate forced', { state: failedWith('InvalidParameter') }],
    ['that is new is just new', 'generate new', {}],
    ['that is live is left alone', 'resume', { state: live }],
    ['that is unknown is left alone', 'reconcile', { state: unseen }],
    ['whose create has no answer is left alone', 'reconcile', { state: sent }],
    ['that was never collected is collected first', 'collect', { state: uncollected }],
    [
      'that another provider has live is left alone',
      'hold other-provider',
      { state: live, options: { provider: 'byteplus' } },
    ],
  ])('%s: %s', (_, expected, situation) => {
    expect(stepFor({ ...situation, options: { ...situation.options, force: true } })).toBe(expected)
  })
})

describe('asked for what failed, a run', () => {
  const moderated = failedWith('OutputVideoSensitiveContentDetected')
  const failed = (of: boolean | FailureClass) => ({ options: { failed: of } })

  test.each<[string, string | undefined, Situation]>([
    ['leaves out what is new', undefined, failed(true)],
    ['leaves out what is there', undefined, { state: done, here: true, ...failed(true) }],
    ['leaves out what only changed', undefined, { state: done, here: true, changed: true, ...failed(true) }],
    ['buys what failed', 'generate failed', { state: moderated, ...failed(true) }],
    ['buys what expired', 'generate expired', { state: expired, ...failed(true) }],
    ['buys what was cancelled', 'generate cancelled', { state: cancelled, ...failed(true) }],
    [
      'buys what failed and changed',
      'generate changed',
      { state: moderated, changed: true, ...failed(true) },
    ],
    [
      'holds what may not be rerun',
      'hold invalid',
      { state: failedWith('InvalidParameter'), ...failed(true) },
    ],
    [
      'buys the class that is asked for',
      'generate failed',
      { state: moderated, ...failed('moderation-output') },
    ],
    ['leaves out other classes', undefined, { state: moderated, ...failed('service') }],
    ['buys expired ones by their class', 'generate expired', { state: expired, ...failed('expired') }],
    ['still waits for what is live', 'resume', { state: live, ...failed(true) }],
    ['still looks for what is unknown', 'reconcile', { state: unseen, ...failed(true) }],
    [
      'with force buys even what is held',
      'generate forced',
      { state: failedWith('InvalidParameter'), options: { failed: true, force: true } },
    ],
    [
      'with force still leaves out what is there',
      undefined,
      { state: done, here: true, options: { failed: true, force: true } },
    ],
  ])('%s: %s', (_, expected, situation) => {
    expect(stepFor(situation)).toBe(expected)
  })
})

describe('a take that was rejected', () => {
  test.each<[string, string | undefined, Situation]>([
    ['is kept', 'keep rejected', { state: rejected, here: true }],
    [
      'is bought once its shot has changed',
      'generate changed',
      { state: rejected, here: true, changed: true },
    ],
    ['is fetched where its file is gone', 'collect again', { state: rejected }],
    ['is bought by force', 'generate forced', { state: rejected, here: true, options: { force: true } }],
    [
      'is left out when only what failed is asked for',
      undefined,
      { state: rejected, options: { failed: true }, here: true },
    ],
  ])('%s: %s', (_, expected, situation) => {
    expect(stepFor(situation)).toBe(expected)
  })
})

describe('asked for what was rejected, a run', () => {
  const asked = (options: PlanOptions = {}) => ({ here: true, options: { rejected: true, ...options } })
  const approved = known({ ...done.entry!, approved: true })
  const moderated = failedWith('OutputVideoSensitiveContentDetected')

  test.each<[string, string | undefined, Situation]>([
    ['buys it again', 'generate rejected', { state: rejected, ...asked() }],
    [
      'buys it again where its file is gone',
      'generate rejected',
      { state: rejected, ...asked(), here: false },
    ],
    [
      'buys what changed as well for that',
      'generate changed',
      { state: rejected, changed: true, ...asked() },
    ],
    ['buys it although its result is lost', 'generate rejected', { state: lostAndRejected, ...asked() }],
    ['fetches first what was never fetched', 'collect', { state: neverFetched, ...asked(), here: false }],
    ['leaves a skipped shot alone', 'hold skipped', { state: rejected, shot: { skip: true }, ...asked() }],
    ['leaves out what is new', undefined, asked()],
    ['leaves out what nobody has judged', undefined, { state: done, ...asked() }],
    ['leaves out what is approved', undefined, { state: approved, ...asked() }],
    ['leaves out what only changed', undefined, { state: done, changed: true, ...asked() }],
    ['leaves out what failed', undefined, { state: moderated, ...asked() }],
    ['still waits for what is live', 'resume', { state: live, ...asked() }],
    ['still looks for what is unknown', 'reconcile', { state: unseen, ...asked() }],
    [
      'together with what failed buys both: the one',
      'generate rejected',
      { state: rejected, ...asked({ failed: true }) },
    ],
    [
      'together with what failed buys both: the other',
      'generate failed',
      { state: moderated, ...asked({ failed: true }) },
    ],
    ['with force still leaves out what is there', undefined, { state: done, ...asked({ force: true }) }],
    ['with force buys it by force', 'generate forced', { state: rejected, ...asked({ force: true }) }],
  ])('%s: %s', (_, expected, situation) => {
    expect(stepFor(situation)).toBe(expected)
  })

  test('says when the manifest gives it the seed that it had', () => {
    const sameSeedOf = (stated: number | undefined, had: number) => {
      const one = shot('a', { parameters: stated === undefined ? {} : { seed: stated } })
      const state = known({ ...rejected.entry!, seed: had })
      const { steps } = planRun(
        {
          manifest: manifestOf([one]),
          states: new Map([[takeName('a'), state]]),
          digests: new Map([[takeName('a'), digestA]]),
          present: new Set([takeName('a')]),
        },
        { rejected: true },
      )
      return viewPlan({ manifest: manifestOf([one]), steps }).steps[0]!.sameSeed
    }
    expect(sameSeedOf(7, 7)).toBe(7)
    expect(sameSeedOf(8, 7)).toBeUndefined()
    expect(sameSeedOf(undefined, 7)).toBeUndefined()
  })
})

describe('with another provider, a take', () => {
  const other = { options: { provider: 'byteplus' } }

  test.each<[string, string | undefined, Situation]>([
    ['that is live waits for its own', 'hold other-provider', { state: live, ...other }],
    [
      'that is paid and not collected waits for its own',
      'hold other-provider',
      { state: uncollected, ...other },
    ],
    ['that was collected elsewhere is kept', 'keep', { state: done, ...other }],
    ['that is there is kept', 'keep', { state: done, here: true, ...other }],
    ['that changed is bought', 'generate changed', { state: done, here: true, changed: true, ...other }],
    ['that failed is bought', 'generate failed', { state: failedWith('Strange'), ...other }],
    ['that is unknown is not bought', 'reconcile', { state: unseen, ...other }],
  ])('%s: %s', (_, expected, situation) => {
    expect(stepFor(situation)).toBe(expected)
  })

  test('of its own provider goes on', () => {
    expect(stepFor({ state: live, options: { provider: 'ark' } })).toBe('resume')
  })
})

describe('takes that the manifest no longer has', () => {
  const orphaned = (states: Record<string, TakeState>, options: PlanOptions = {}) =>
    planRun(
      {
        manifest: manifestOf([]),
        states: new Map(Object.entries(states) as [TakeName, TakeState][]),
        digests: new Map(),
        present: new Set(),
      },
      options,
    ).steps.map((step) => `${step.name} ${words(step)}`)

  test('are waited for, collected or looked for, and never bought', () => {
    expect(
      orphaned({ live, uncollected, unseen, sent, done, expired, failed: failedWith('Strange') }),
    ).toEqual(['live resume', 'sent reconcile', 'uncollected collect', 'unseen reconcile'])
  })

  test('stand in the order of the lockfile, after everything else', () => {
    expect(orphaned({ 'b@10': live, 'b@2': live, a: live })).toEqual([
      'a resume',
      'b@2 resume',
      'b@10 resume',
    ])
  })

  test('are left out when only some takes are asked for', () => {
    expect(orphaned({ live }, { selects: () => true })).toEqual([])
  })

  test('wait for their own provider', () => {
    expect(orphaned({ live, done }, { provider: 'byteplus' })).toEqual(['live hold other-provider'])
  })
})

describe('takes of a shot', () => {
  const stepsOf = (takes: number, states: Record<string, TakeState>, options: PlanOptions = {}) => {
    const one = shot('a', { takes })
    const input = {
      manifest: manifestOf([one]),
      states: new Map(Object.entries(states) as [TakeName, TakeState][]),
      digests: new Map(takesOf(one).map(({ name }) => [name, digestA])),
      present: new Set([takeName('a')]),
    }
    return planRun(input, options).steps.map((step) => `${step.name} ${words(step)}`)
  }

  test('are bought one by one when there are to be more', () => {
    expect(stepsOf(3, { a: done })).toEqual(['a keep', 'a@2 generate new', 'a@3 generate new'])
  })

  test('are left as they are when there are to be fewer, but for what is live', () => {
    expect(stepsOf(1, { a: done, 'a@2': done, 'a@3': live, 'a@4': failedWith('Strange') })).toEqual([
      'a keep',
      'a@3 resume',
    ])
  })

  test('can be asked for one by one', () => {
    expect(stepsOf(3, {}, { selects: ({ number }) => number === 2 })).toEqual(['a@2 generate new'])
  })
})

describe('a plan', () => {
  test('has its steps in the order of the manifest', () => {
    const shots = ['c', 'a', 'b'].map((name) => shot(name))
    const digests = new Map(shots.map(({ name }) => [takeName(name), digestA]))
    const { steps } = planRun({ manifest: manifestOf(shots), states: new Map(), digests, present: new Set() })
    expect(steps.map(({ name }) => name)).toEqual(['c', 'a', 'b'])
  })

  test('says what changed, and what each take will be billed', () => {
    const { steps } = planRun({
      manifest: manifestOf([shot('a', { parameters: { ratio: '16:9', duration: 5 } })]),
      states: new Map([[takeName('a'), done]]),
      digests: new Map([[takeName('a'), digestB]]),
      present: new Set([takeName('a')]),
    })
    expect(steps).toMatchObject([
      { changed: ['prompt'], estimate: { tokens: { min: 108_900, max: 108_900 } } },
    ])
  })

  test('says which live tasks are in the flex tier', () => {
    const { steps } = planRun({
      manifest: manifestOf([shot('a', { parameters: { service_tier: 'flex' } })]),
      states: new Map([[takeName('a'), live]]),
      digests: new Map([[takeName('a'), digestA]]),
      present: new Set(),
    })
    expect(steps).toMatchObject([{ kind: 'resume', flex: true, taskId: t }])
  })

  test('tells the seed by which an unknown task can be recognised', () => {
    const states = new Map([
      [takeName('a'), unseen],
      [takeName('b'), sent],
    ])
    const { steps } = planRun({ manifest: manifestOf([]), states, digests: new Map(), present: new Set() })
    expect(steps).toMatchObject([{ seed: 7 }, { seed: 9 }])
  })
})

/** Everything that a take can be in, likely or not. */
const states: fc.Arbitrary<TakeState | undefined> = fc.option(
  fc.record({
    entry: fc.option(
      fc.record(
        {
          status: fc.constantFrom('submitted', 'succeeded', 'failed', 'expired', 'cancelled', 'unknown'),
          provider: fc.constantFrom('ark', 'byteplus'),
          digest: fc.constantFrom(digestA, digestB),
          task: fc.constant(t),
          sha256: fc.constant('f'.repeat(64)),
          error: fc.constantFrom(
            'InvalidParameter',
            'OutputVideoSensitiveContentDetected',
            'Strange',
            'account',
          ),
          approved: fc.boolean(),
        },
        { requiredKeys: ['status', 'provider', 'digest'] },
      ) as fc.Arbitrary<LockEntry>,
      { nil: undefined },
    ),
    intent: fc.option(fc.constant(pending()), { nil: undefined, freq: 4 }),
  }),
  { nil: undefined },
)
const situations = fc.record({
  shots: fc.array(fc.record({ takes: fc.integer({ min: 1, max: 3 }), skip: fc.boolean() }), { maxLength: 3 }),
  states: fc.array(states, { minLength: 12, maxLength: 12 }),
  digests: fc.array(fc.constantFrom(digestA, digestB), { minLength: 9, maxLength: 9 }),
  present: fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
  options: fc.record<PlanOptions>(
    {
      provider: fc.constantFrom('ark', 'byteplus'),
      force: fc.boolean(),
      failed: fc.constantFrom<boolean | FailureClass>(true, false, 'service', 'expired', 'invalid'),
      rejected: fc.boolean(),
    },
    { requiredKeys: [] },
  ),
})
type Generated<A> = A extends fc.Arbitrary<infer Value> ? Value : never
const allNames = ['s0', 's1', 's2', 's3'].flatMap((name) => [name, `${name}@2`, `${name}@3`]).map(takeName)

function inputOf({ shots, states: list, digests, present }: Omit<Generated<typeof situations>, 'options'>) {
  const manifest = manifestOf(shots.map((parts, index) => shot(`s${index}`, parts)))
  const all = manifest.shots.flatMap(takesOf)
  return {
    manifest,
    states: new Map(allNames.flatMap((name, index) => (list[index] ? [[name, list[index]] as const] : []))),
    digests: new Map(all.map(({ name }, index) => [name, digests[index]!])),
    present: new Set(allNames.filter((_, index) => present[index])),
  }
}

describe('whatever the situation', () => {
  test('nothing is bought that is live, unknown, without an answer, or paid and not collected', () => {
    fc.assert(
      fc.property(situations, ({ options, ...situation }) => {
        const input = inputOf(situation)
        for (const step of planRun(input, options).steps) {
          if (step.kind !== 'generate') continue
          const { entry: found, intent } = input.states.get(step.name) ?? {}
          expect(intent).toBeUndefined()
          expect(found?.status).not.toBe('submitted')
          expect(found?.status).not.toBe('unknown')
          const open = found?.status === 'succeeded' && found.task !== undefined && found.sha256 === undefined
          if (open && !input.present.has(step.name)) expect.unreachable('paid, and its video never fetched')
        }
      }),
      { numRuns: 1_000 },
    )
  })

  test('nothing is bought for being rejected unless that is asked for', () => {
    fc.assert(
      fc.property(situations, ({ options, ...situation }) => {
        const input = inputOf(situation)
        for (const step of planRun(input, options).steps) {
          if (step.kind !== 'generate' || step.reason !== 'rejected') continue
          expect(options.rejected).toBe(true)
          expect(input.states.get(step.name)?.entry).toMatchObject({ status: 'succeeded', approved: false })
        }
      }),
      { numRuns: 500 },
    )
  })

  test('no take has two steps, and nothing is bought that the manifest does not have or skips', () => {
    fc.assert(
      fc.property(situations, ({ options, ...situation }) => {
        const input = inputOf(situation)
        const { steps } = planRun(input, options)
        expect(new Set(steps.map(({ name }) => name)).size).toBe(steps.length)
        for (const step of steps) {
          if (step.kind !== 'generate') continue
          expect(input.digests.has(step.name)).toBe(true)
          expect(step.take.shot.skip).toBe(false)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('everything that is open has a step', () => {
    fc.assert(
      fc.property(situations, ({ options, ...situation }) => {
        const input = inputOf(situation)
        const named = new Set(planRun(input, options).steps.map(({ name }) => name))
        for (const [name, { entry: found, intent }] of input.states) {
          if (intent || found?.status === 'submitted' || found?.status === 'unknown')
            expect(named).toContain(name)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('the same arguments give the same plan, and none of them is changed', () => {
    fc.assert(
      fc.property(situations, ({ options, ...situation }) => {
        const input = deepFreeze(inputOf(situation))
        const plan = planRun(input, deepFreeze(options))
        expect(planRun(input, options)).toEqual(plan)
        expect(inputOf(situation)).toEqual(input)
      }),
      { numRuns: 200 },
    )
  })
})

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const child of Object.values(value)) deepFreeze(child)
  if (value instanceof Map) for (const child of value.values()) deepFreeze(child)
  return Object.freeze(value)
}

describe('totals', () => {
  const planOf = (shots: readonly Shot[]): Plan =>
    planRun({
      manifest: manifestOf(shots),
      states: new Map(),
      digests: new Map(shots.flatMap(takesOf).map(({ name }) => [name, digestA])),
      present: new Set(),
    })
  const square = { ratio: '1:1', resolution: '480p', duration: 4 }

  test('sum up what all plans buy', () => {
    const plans = [
      planOf([shot('a', { takes: 2, parameters: square })]),
      planOf([shot('b', { parameters: square })]),
    ]
    expect(planTotals(plans)).toEqual({
      buys: 3,
      untold: 0,
      tokens: { min: 3 * 38_800, max: 3 * 38_800 },
      prices: [{ currency: 'CNY', minMicros: 3 * 620_800, maxMicros: 3 * 620_800 }],
      unpriced: 0,
      finalPrices: [],
      stale: 0,
      stalePrices: [],
      rejected: 0,
    })
  })

  test('count what cannot be told', () => {
    expect(planTotals([planOf([shot('a', { model: 'ep-1' })])])).toEqual({
      buys: 1,
      untold: 1,
      tokens: { min: 0, max: 0 },
      prices: [],
      unpriced: 1,
      finalPrices: [],
      stale: 0,
      stalePrices: [],
      rejected: 0,
    })
  })

  test('count what is kept although it was rejected', () => {
    const states = new Map([[takeName('a'), rejected]])
    const digests = new Map([[takeName('a'), digestA]])
    const present = new Set([takeName('a')])
    const plan = planRun({ manifest: manifestOf([shot('a')]), states, digests, present })
    expect(planTotals([plan]).rejected).toBe(1)
    expect(viewPlan(plan).steps).toEqual([{ take: 'a', step: 'keep', rejected: true }])
  })

  test('leave out what is not bought', () => {
    expect(planTotals([planOf([shot('a', { skip: true })])]).buys).toBe(0)
  })
})

test('a plan is shown as plain data', () => {
  const shots = ['new', 'changed', 'live', 'outdated', 'paid', 'unseen', 'skipped', 'done'].map((name) =>
    shot(name, { skip: name === 'skipped', parameters: { ratio: '1:1', resolution: '480p', duration: 4 } }),
  )
  const plan = planRun({
    manifest: manifestOf(shots),
    states: new Map(
      Object.entries({ changed: done, live, outdated: live, paid: uncollected, unseen, done }) as [
        TakeName,
        TakeState,
      ][],
    ),
    digests: new Map(
      shots.map(({ name }) => [
        takeName(name),
        name === 'changed' || name === 'outdated' ? digestB : digestA,
      ]),
    ),
    present: new Set([takeName('done')]),
  })
  const estimate = {
    resolution: '480p',
    ratio: '1:1',
    width: 640,
    height: 640,
    seconds: { min: 4, max: 4 },
    audio: true,
    tier: 'default',
    tokens: { min: 38_800, max: 38_800 },
    price: { currency: 'CNY', min: 0.6208, max: 0.6208 },
  }
  expect(viewPlan(plan)).toEqual({
    manifest: 'ep01',
    file: 'manifests/ep01.yaml',
    steps: [
      { take: 'new', step: 'generate', reason: 'new', estimate },
      {
        take: 'changed',
        step: 'generate',
        reason: 'changed',
        changed: ['prompt'],
        estimate,
      },
      { take: 'live', step: 'resume', task: 'cgt-1' },
      { take: 'outdated', step: 'resume', task: 'cgt-1', reason: 'outdated' },
      { take: 'paid', step: 'collect', task: 'cgt-1' },
      { take: 'unseen', step: 'reconcile' },
      { take: 'skipped', step: 'hold', reason: 'skipped' },
      { take: 'done', step: 'keep' },
    ],
  })
})

test('a step says by its kind what else it has', () => {
  expectTypeOf<Step['kind']>().toEqualTypeOf<
    'generate' | 'resume' | 'collect' | 'reconcile' | 'hold' | 'keep'
  >()
  expectTypeOf<Extract<Step, { kind: 'keep' }>>().toEqualTypeOf<{
    kind: 'keep'
    name: TakeName
    stale?: Stale | undefined
    rejected?: true
  }>()
  expectTypeOf(planRun).returns.toEqualTypeOf<Plan>()
})
