import { describe, expect, test } from 'vitest'
import { playPlainLoop } from '../torture/plain-loop.js'
import { playRound } from '../torture/play-round.js'
import { type Kill, type KilledStart, planRound, type RoundPlan } from '../torture/round-plan.js'

const bin = 'dist/bin.js'
/** Each test starts the binary several times, and they run side by side. */
const patient = { timeout: 120_000 }

/** A round of two shots in which nothing goes wrong but what a test asks for. */
function smallRound(changes: Partial<RoundPlan>): RoundPlan {
  const shot = (name: string) => ({ name, prompt: `a fox, ${name}`, takes: 1, seed: undefined, flex: false })
  return {
    seed: 1,
    shots: [shot('first'), shot('second')],
    faults: { latencyMs: 40 },
    starts: [],
    createsPerMinute: 60_000,
    forgets: 'nothing',
    ...changes,
  }
}

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
    // Only a create that may have left is not sent again.
    const unsure = at === 'intent-written' ? 1 : 0
    expect(result).toMatchObject({ accepted: 2 - unsure, collected: 2 - unsure, doubled: 0 })
    expect(result.unknownUnpaid).toHaveLength(unsure)
  })
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

  test('counts doubled creates and unseen ids of a loop that repeats creates', async () => {
    const faults = { next: [{ fault: 'errorAfter' as const, times: 1 }] }
    const result = await playPlainLoop(smallRound({ faults }))
    expect(result).toEqual({ takes: 2, accepted: 3, takesDoubled: 1, doubled: 1, unseen: 1 })
  })
})
