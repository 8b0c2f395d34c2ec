import { type ErrorCode, ProviderError, RunnerError } from '../core/errors.js'
import type { RunResult } from '../core/event.js'
import type { Money } from '../core/money.js'
import type { Plan } from '../core/plan.js'
import { planTotals } from '../core/plan-view.js'
import type { PollPolicy } from '../core/poll-schedule.js'
import type { SavedPlan } from '../core/saved-plan.js'
import { executePlans } from '../engine/execute-plan.js'
import { fitPlans } from '../engine/fit-images.js'
import { requireFreePlaces } from '../engine/free-places.js'
import { requirePrices } from '../engine/manifest-budgets.js'
import { type PreparedPart, type PrepareOptions, prepareRun } from '../engine/prepare-plans.js'
import { raiseInManifests } from '../engine/raise-takes.js'
import { searchDoubts } from '../engine/reconcile.js'
import { requireCurrent } from '../engine/saved-plans.js'
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
  /** By how much to raise `takes` of the selected shots in the manifests first. */
  moreTakes?: number | undefined
  /** A saved plan to carry out exactly, and its file's absolute path; the other options are then its own. */
  saved?: { plan: SavedPlan; path: string } | undefined
  /** The most that this run may spend; without a currency: that of the plan's prices. */
  maxCost?: { currency: string | undefined; micros: number } | undefined
  pollPolicy?: PollPolicy | undefined
}

export interface RunControls {
  /** Asked before anything is bought; the plan is the one that is carried out. */
  confirm: (plan: PlanReport) => Promise<boolean>
  /** Ends the run in good order. */
  signal: AbortSignal
}

export interface RunReport extends Omit<PlanReport, 'budgets'>, RunResult {}

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
  const { moreTakes } = options
  if (moreTakes === undefined) return await carryOut(options, world, { confirm, signal })
  const takeBack = await raiseInManifests(options, moreTakes, world.files)
  try {
    return await carryOut(options, world, { confirm, signal })
  } catch (error) {
    // What was not agreed to, or could not be, leaves no trace.
    if (error instanceof RunnerError && beforeBuying.has(error.code)) await takeBack()
    throw error
  }
}

/** Errors that end a run before anything is sent. */
const beforeBuying: ReadonlySet<ErrorCode> = new Set([
  'no-consent',
  'manifest-invalid',
  'output-taken',
  'fit-unavailable',
])

async function carryOut(
  options: RunOptions,
  world: World,
  { confirm, signal }: RunControls,
): Promise<RunReport> {
  const { saved } = options
  const prepared = await prepareRun(options, world)
  let report: RunReport
  try {
    const markUsed = saved && (await requireCurrent(saved.plan, saved.path, prepared.parts, world.files))
    await adoptCertain(prepared.parts, world, signal)
    await requireFreePlaces(
      prepared.parts.map(({ ledger, ...part }) => ({ ...part, states: ledger.states })),
      world.files,
    )
    const results = await fitPlans(
      prepared.parts.map((part) => ({ loaded: part, plan: part.plan })),
      options,
      world,
    )
    for (const [index, { copies }] of results.entries()) prepared.parts[index]!.copies = copies
    const plans = prepared.parts.map(({ plan }) => plan)
    const maxCost = capOf(options.maxCost, plans)
    requirePrices(plans, maxCost)
    const planned = reportPlans(
      prepared.parts,
      prepared.warnings,
      results.flatMap(({ fitted }) => fitted),
    )
    const { limits } = planned
    if (!(await confirm(planned))) {
      throw new RunnerError('no-consent', 'Nothing was bought: the plan was not agreed to', {
        hint: 'Run again and answer y, or give --yes.',
      })
    }
    await markUsed?.()
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
      maxCost,
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

/** @throws RunnerError `usage` when the cap names no currency and the plan has several. */
function capOf(maxCost: RunOptions['maxCost'], plans: readonly Plan[]): Money | undefined {
  if (!maxCost) return undefined
  const { currency, micros } = maxCost
  const currencies = planTotals(plans).prices.map((price) => price.currency)
  if (currency !== undefined || currencies.length <= 1)
    return { currency: currency ?? currencies[0] ?? 'CNY', micros }
  throw new RunnerError(
    'usage',
    `Cannot use --max-cost: the plan has prices in ${currencies.join(' and ')}`,
    {
      hint: `Name the currency, such as --max-cost 50${currencies[0]}, and select shots of that currency.`,
    },
  )
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
