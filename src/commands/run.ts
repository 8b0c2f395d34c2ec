import { ProviderError, RunnerError } from '../core/errors.js'
import type { RunResult } from '../core/event.js'
import type { PollPolicy } from '../core/poll-schedule.js'
import { executePlans } from '../engine/execute-plan.js'
import { type PreparedPart, type PrepareOptions, prepareRun } from '../engine/prepare-plans.js'
import { searchDoubts } from '../engine/reconcile.js'
import type { World } from '../ports/world.js'
import { type PlanReport, reportPlans } from './plan.js'

export interface RunOptions extends PrepareOptions {
  /** Most tasks live at once; default: what the account is limited to. */
  concurrency?: number | undefined
  /** Most creates a minute; default: what the account is limited to. */
  createsPerMinute?: number | undefined
  wait: boolean
  /** Milliseconds; default: as long as it takes. */
  waitTimeoutMs?: number | undefined
  retries: number
  pollPolicy?: PollPolicy | undefined
}

export interface RunControls {
  /** Asked before anything is bought; the plan is the one that is carried out. */
  confirm: (plan: PlanReport) => Promise<boolean>
  /** Ends the run in good order. */
  signal: AbortSignal
}

export interface RunReport extends PlanReport, RunResult {}

/**
 * Buys what is new, changed or failed, waits for what is live, fetches what is missing, and leaves the rest.
 *
 * @throws RunnerError when the run cannot start, when consent is refused (`no-consent`), or when the lockfile could not
 *   be written at the end; the journal then holds everything.
 */
export async function run(
  options: RunOptions,
  world: World,
  { confirm, signal }: RunControls,
): Promise<RunReport> {
  const prepared = await prepareRun(options, world)
  let report: RunReport
  try {
    await adoptCertain(prepared.parts, world, signal)
    const plans = prepared.parts.map(({ plan }) => plan)
    const planned = reportPlans(plans, prepared.warnings)
    const { limits } = planned
    if (!(await confirm(planned))) {
      throw new RunnerError('no-consent', 'Nothing was bought: the plan was not agreed to', {
        hint: 'Run again and answer y, or give --yes.',
      })
    }
    const {
      concurrency = limits.liveTasks,
      createsPerMinute = limits.createsPerMinute,
      wait,
      waitTimeoutMs,
      retries,
      pollPolicy,
    } = options
    const policy = pollPolicy ? { pollPolicy } : {}
    const result = await executePlans(prepared.parts, world, {
      concurrency,
      createsPerMinute,
      wait,
      waitTimeoutMs,
      retries,
      ...policy,
      signal,
    })
    report = { ...planned, ...result }
  } catch (error) {
    await prepared.close().catch(() => undefined)
    throw error
  }
  await prepared.close()
  return report
}

/** What was lost and is found again is not waited for by hand: certain matches are adopted before anything is bought. */
async function adoptCertain(
  parts: readonly PreparedPart[],
  world: World,
  signal: AbortSignal,
): Promise<void> {
  try {
    const { adopted } = await searchDoubts(parts, world, { accept: false, signal })
    if (adopted.length === 0) return
    for (const part of parts) part.plan = await part.replan()
  } catch (error) {
    // The provider cannot be asked just now: the takes stay unknown, and the run says so itself.
    if (!(error instanceof ProviderError) && !signal.aborted) throw error
  }
}
