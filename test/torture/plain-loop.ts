import { setTimeout as sleep } from 'node:timers/promises'
import { chance } from '../../src/simulator/chance.js'
import { startSimulator } from '../../src/simulator/server.js'
import { acceptedCreates } from './arena.js'
import type { PlannedShot, RoundPlan } from './round-plan.js'

/** What the usual loop comes to on the same shots and faults. */
export interface LoopResult {
  takes: number
  accepted: number
  /** Takes that were bought more than once, and the creates beyond the first. */
  takesDoubled: number
  doubled: number
  /** Bought tasks whose id the loop never saw. */
  unseen: number
}

/** As the official SDK does by default; its pauses are cut to a fiftieth so that a round takes no minutes. */
const retries = 2
const firstPauseMs = 500 / 50
const longestPauseMs = 8000 / 50

/**
 * The comparison: a loop over the shots, each bought by a client that repeats a create after a time-out, a broken
 * connection, 408, 409, 429 and 5xx. It is never killed.
 */
export async function playPlainLoop(plan: RoundPlan): Promise<LoopResult> {
  const simulator = await startSimulator({
    faultSeed: plan.seed,
    faults: plan.faults,
    taskMs: { min: 50, max: 300 },
    liveTasks: 1000,
    createsPerMinute: 1_000_000,
  })
  try {
    const random = chance(`plain loop ${plan.seed}`)
    const url = `${simulator.baseUrl}/contents/generations/tasks`
    const seen = new Set<string>()
    const takes = plan.shots.flatMap((shot) => Array.from({ length: shot.takes }, () => shot))
    for (const [index, shot] of takes.entries()) {
      const id = await createRepeatedly(url, bodyOf(shot, index), random)
      if (id !== undefined) seen.add(id)
    }

    const accepted = acceptedCreates(simulator)
    const perTake = new Map<number, number>()
    for (const { seed } of accepted) perTake.set(seed, (perTake.get(seed) ?? 0) + 1)
    return {
      takes: takes.length,
      accepted: accepted.length,
      takesDoubled: [...perTake.values()].filter((times) => times > 1).length,
      doubled: accepted.length - perTake.size,
      unseen: accepted.filter(({ id }) => !seen.has(id)).length,
    }
  } finally {
    await simulator.close()
  }
}

/** The take's number stands in the seed, so that its creates can be told apart in the log. */
function bodyOf({ prompt, flex }: PlannedShot, seed: number): string {
  return JSON.stringify({
    model: 'doubao-seedance-1-0-pro-250528',
    content: [{ type: 'text', text: prompt }],
    resolution: '480p',
    duration: 2,
    seed,
    ...(flex ? { service_tier: 'flex' } : {}),
  })
}

/** @returns The id; `undefined` when the last try failed as well. */
async function createRepeatedly(
  url: string,
  body: string,
  random: () => number,
): Promise<string | undefined> {
  for (let attempt = 0; ; attempt++) {
    const answer = await createOnce(url, body)
    if (answer !== 'try again') return answer
    if (attempt >= retries) return undefined
    await sleep(Math.min(longestPauseMs, firstPauseMs * 2 ** attempt) * (1 - random() / 4))
  }
}

async function createOnce(url: string, body: string): Promise<string | undefined | 'try again'> {
  try {
    const headers = { authorization: 'Bearer any', 'content-type': 'application/json', connection: 'close' }
    const response = await fetch(url, { method: 'POST', headers, body })
    const text = await response.text()
    if ([408, 409, 429].includes(response.status) || response.status >= 500) return 'try again'
    return response.ok ? (JSON.parse(text) as { id: string }).id : undefined
  } catch {
    return 'try again'
  }
}
