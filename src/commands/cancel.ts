import { backoffMs } from '../core/backoff.js'
import { ProviderError, RunnerError } from '../core/errors.js'
import type { TakeRef } from '../core/event.js'
import { lostCode } from '../core/ledger-state.js'
import type { LockEntry } from '../core/lockfile.js'
import type { Selection } from '../core/select.js'
import { allTakesOf } from '../core/shot.js'
import { isTerminal, type Task, type TaskId, type TaskStatus, type TerminalStatus } from '../core/task.js'
import type { Ledger } from '../engine/ledger.js'
import { type LoadOptions, loadManifests } from '../engine/load-manifests.js'
import { type OpenLedger, selectFrom, withLedgers } from '../engine/prepare-plans.js'
import type { World } from '../ports/world.js'

export interface CancelOptions extends LoadOptions {
  selection: Selection
}

/** A task that is live by the lockfile, and whose it is. */
export type LiveRef = TakeRef & { task: TaskId }

export interface CancelControls {
  /** Asked before anything is sent, and only when something is live. */
  confirm: (takes: readonly LiveRef[]) => Promise<boolean>
  /** No more takes are asked for after it; what is under way is brought to its end. */
  signal: AbortSignal
}

/** What came of cancelling one live take. */
export type Cancellation =
  | { kind: 'cancelled' }
  /** Being made, or in a state we have no word for: such a task cannot be cancelled. */
  | { kind: 'running'; status: TaskStatus }
  /** It has ended. Nothing is sent or written down: `run` takes in what came of it. */
  | { kind: 'ended'; status: TerminalStatus }
  /** The provider has no record of it. `deleted`: since our request, so it was cancelled, or ended just before. */
  | { kind: 'gone'; deleted: boolean }
  /** The provider has no way to cancel. */
  | { kind: 'unsupported' }
  /** Another provider has it. */
  | { kind: 'elsewhere'; provider: string }
  /** It may still be live. */
  | { kind: 'failed'; why: string }
  /** The command was interrupted before it came to this take. */
  | { kind: 'skipped' }

export type CancelOutcome = LiveRef & Cancellation

export interface CancelReport {
  /** In the order of manifests and lockfiles. */
  outcomes: CancelOutcome[]
}

type LiveTake = LiveRef & {
  provider: string
  ledger: Pick<Ledger, 'commit'>
}

type Look = { kind: 'seen'; task: Task } | { kind: 'gone' } | { kind: 'failed'; why: string }
type Api = Pick<World, 'clock' | 'random' | 'provider'>

/** Below the connections to a provider, so that no DELETE waits for one. */
const parallelTakes = 8
/** An answer that took longer may be about a state of the past. */
const freshMs = 5_000
const looks = 4
const lookPause = { baseMs: 500, capMs: 5_000 }

/**
 * Cancels live takes as far as they are still queued.
 *
 * @throws RunnerError `no-consent` when it is not agreed to, `account-refused` or `provider-unreachable` before anything
 *   is sent, `nothing-selected` when no take of the manifests fits the selection.
 */
export async function cancel(
  { selection, ...options }: CancelOptions,
  world: World,
  { confirm, signal }: CancelControls,
): Promise<CancelReport> {
  const { loaded } = await loadManifests(options, world.files, world.clock)
  const selects = selectFrom(loaded, selection)
  return await withLedgers(loaded, world, async (ledgers) => {
    const live = ledgers.flatMap((one) => liveTakes(one, selects))
    if (live.length === 0) return { outcomes: [] }
    await world.provider.check()
    if (!(await confirm(live.map(refOf)))) {
      throw new RunnerError('no-consent', 'Nothing was cancelled: it was not agreed to', {
        hint: 'Run again and answer y, or give --yes.',
      })
    }
    return { outcomes: await cancelAll(live, world, signal) }
  })
}

/** With a selection only takes of the manifest are meant, as in every command; without one, all that is live. */
function liveTakes({ manifest, ledger }: OpenLedger, selects: ReturnType<typeof selectFrom>): LiveTake[] {
  const takes = manifest.shots.flatMap(allTakesOf)
  const names = selects ? takes.filter(selects).map(({ name }) => name) : [...ledger.states.keys()]
  return names.flatMap((take) => {
    const entry = ledger.states.get(take)?.entry
    return isLive(entry)
      ? [{ manifest: manifest.name, take, task: entry.task, provider: entry.provider, ledger }]
      : []
  })
}

function isLive(entry: LockEntry | undefined): entry is LockEntry & { task: TaskId } {
  return entry?.status === 'submitted' && entry.task !== undefined && entry.error !== lostCode
}

function refOf({ manifest, take, task }: LiveTake): LiveRef {
  return { manifest, take, task }
}

/** @throws The first error that was met, after all that was under way has come to its end. */
async function cancelAll(
  live: readonly LiveTake[],
  world: World,
  signal: AbortSignal,
): Promise<CancelOutcome[]> {
  const outcomes: CancelOutcome[] = []
  const queue = live.entries()
  const work = async () => {
    for (const [index, take] of queue)
      outcomes[index] = { ...refOf(take), ...(await cancelTake(take, world, signal)) }
  }
  const endings = await Promise.allSettled(Array.from({ length: parallelTakes }, work))
  for (const ending of endings) if (ending.status === 'rejected') throw ending.reason
  return outcomes
}

async function cancelTake(
  { take, task, provider, ledger }: LiveTake,
  world: World,
  signal: AbortSignal,
): Promise<Cancellation> {
  if (provider !== world.provider.name) return { kind: 'elsewhere', provider }
  if (signal.aborted) return { kind: 'skipped' }
  const cancellation = await cancelTask(task, world)
  // Anything else is left to `run`, which takes in the result as well.
  if (cancellation.kind === 'cancelled')
    await ledger.commit({ type: 'ended', take, task, status: 'cancelled' })
  return cancellation
}

/**
 * DELETE is two calls under one name: it cancels a queued task, and destroys the record of a finished one, which is the
 * only way to a paid result. So it is sent only when a look that took no more than `freshMs` has just said `queued`,
 * with nothing awaited in between, over a pool that has a connection free, once, and is given up when it cannot be
 * answered soon (`Provider.remove`). A task that starts meanwhile is safe: the service refuses. Harm takes a task that
 * starts and ends within these seconds, less than any is known to need. What the DELETE did, a second look tells, since
 * neither its success nor its failure does.
 */
async function cancelTask(id: TaskId, api: Api): Promise<Cancellation> {
  const before = await look(id, api, { withinMs: freshMs })
  if (before.kind === 'gone') return { kind: 'gone', deleted: false }
  if (before.kind === 'failed') return before
  if (before.task.status !== 'queued') return stateOf(before.task.status)

  const refusal = await removeQueued(id, api)
  const after = await look(id, api)
  if (after.kind === 'gone') return { kind: 'gone', deleted: true }
  if (after.kind === 'failed') return after
  const { status } = after.task
  if (status !== 'queued') return stateOf(status)
  return refusal
    ? readRefusal(refusal)
    : { kind: 'failed', why: 'the provider took the request, and still has it queued' }
}

function stateOf(status: Exclude<TaskStatus, 'queued'>): Cancellation {
  if (status === 'cancelled') return { kind: 'cancelled' }
  return isTerminal(status) ? { kind: 'ended', status } : { kind: 'running', status }
}

/** @returns What was answered or went wrong, unless the provider took the request. */
async function removeQueued(id: TaskId, { provider }: Api): Promise<ProviderError | undefined> {
  try {
    await provider.remove(id)
    return undefined
  } catch (error) {
    if (error instanceof ProviderError) return error
    throw error
  }
}

/** What a refusal means for a task that is still shown as queued. */
function readRefusal({ status, providerCode, message }: ProviderError): Cancellation {
  // It has started, and the look came from a record that lags behind.
  if (status === 409) return { kind: 'running', status: 'running' }
  const isNoRoute = status === 404 || status === 405 || status === 501
  const isNoService = status !== undefined && status < 500 && providerCode === undefined
  return isNoRoute || isNoService ? { kind: 'unsupported' } : { kind: 'failed', why: message }
}

/** Asks for a task, again when no answer comes or, with `withinMs`, when it comes too late. */
async function look(
  id: TaskId,
  { clock, random, provider }: Api,
  { withinMs = Number.POSITIVE_INFINITY } = {},
): Promise<Look> {
  let why = ''
  for (let attempt = 0; attempt < looks; attempt++) {
    if (attempt > 0) await clock.sleep(backoffMs(attempt - 1, random(), lookPause))
    const askedAt = clock.now()
    try {
      const task = await provider.retrieve(id)
      if (clock.now() - askedAt <= withinMs) return { kind: 'seen', task }
      why = `the provider takes more than ${withinMs / 1000} s to tell how it stands, too long to cancel safely`
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      if (error.status === 404) return { kind: 'gone' }
      why = error.message
    }
  }
  return { kind: 'failed', why }
}
