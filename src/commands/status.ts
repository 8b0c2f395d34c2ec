import { draftDaysLeft } from '../core/draft-source.js'
import { classifyFailure, type FailureClass } from '../core/failure.js'
import { decisionsOf } from '../core/ledger-state.js'
import type { LockEntry, LockStatus } from '../core/lockfile.js'
import { splitTakeName, type TakeName, takeName } from '../core/names.js'
import type { BuyReason, HoldReason, Step } from '../core/plan.js'
import type { TaskId } from '../core/task.js'
import { createdAtOf, lifetimes } from '../core/task-time.js'
import { type PrepareOptions, type Preview, previewPlans } from '../engine/prepare-plans.js'
import type { Clock } from '../ports/clock.js'
import type { Files } from '../ports/files.js'

/** Where a take stands; `absent`: nothing was bought yet. */
export interface TakeStatus {
  take: TakeName
  status: LockStatus | 'absent'
  /** What the next run does with it. */
  next: Step['kind']
  /** Why that buys it again. */
  reason?: BuyReason
  /** Why it waits for a person. */
  held?: HoldReason
  task?: TaskId
  provider?: string
  tokens?: number
  /** What it cost by the prices of its day, such as `1.3968 CNY`. */
  cost?: string
  /** The most that it can cost while it is live or unknown. */
  reserved?: string
  /** For a draft without a final: whether a person approved it, and for how many whole days it can be made final. */
  draft?: { approved: boolean; daysLeft?: number }
  /** Goes on from a take that was bought anew since. */
  stale?: true
  /** The take that it goes on from, where it is stale or held for that. */
  upstream?: TakeName
  /** Whether a person accepted or rejected what the task made; left out while undecided. */
  approved?: boolean
  /** What a person wrote on it. */
  note?: string
  /** A person chose this take of its shot. */
  picked?: true
  /** The collected video, relative to the manifest. */
  video?: string
  /** Whether that file is in its place on this machine. */
  here?: boolean
  failure?: FailureClass
  error?: string
  /** For live tasks, seconds since the create, where the task's id tells. */
  ageS?: number
  /** For results that are paid for and not here: when the provider drops them at the latest, ISO time. */
  fetchBefore?: string
}

export interface StatusReport {
  manifests: {
    manifest: string
    file: string
    takes: TakeStatus[]
    /** Videos that were paid for and whose take is not known; `adopt` claims them. */
    unclaimed: readonly string[]
  }[]
}

/** Says where each take stands, from manifest, lockfile and journal. Nobody is asked. */
export async function status(
  options: PrepareOptions,
  world: { files: Files; clock: Clock },
): Promise<StatusReport> {
  const { previews } = await previewPlans({ ...options, cached: true }, world)
  const now = world.clock.now()
  return {
    manifests: previews.map((preview) => ({
      manifest: preview.plan.manifest.name,
      file: preview.plan.manifest.file,
      takes: preview.plan.steps.map((step) => takeStatus(step, preview, now)),
      unclaimed: preview.unclaimed,
    })),
  }
}

function takeStatus(step: Step, { states, present }: Preview, now: number): TakeStatus {
  const { name, kind } = step
  const held = heldOrStale(step)
  const { entry, intent } = states.get(name) ?? {}
  if (intent) return { take: name, status: 'unknown', next: kind, provider: intent.provider }
  if (!entry) return { take: name, status: 'absent', next: kind, ...held }
  const { status, task, provider, tokens, cost, reserved, video, error } = entry
  const { pick, ...judgement } = decisionsOf(entry)
  return {
    take: name,
    status,
    next: kind,
    ...(kind === 'generate' ? { reason: step.reason } : {}),
    ...held,
    provider,
    ...(task === undefined ? {} : { task }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(cost === undefined ? {} : { cost }),
    ...(reserved === undefined ? {} : { reserved }),
    ...draftOf(name, entry, states, now),
    ...judgement,
    ...(pick ? { picked: true } : {}),
    ...(video === undefined ? {} : { video, here: present.has(name) }),
    ...(error === undefined ? {} : { error, failure: classifyFailure(error, task !== undefined) }),
    ...timesOf(entry, kind, now),
  }
}

function heldOrStale(step: Step): Pick<TakeStatus, 'held' | 'stale' | 'upstream'> {
  if (step.kind === 'keep' && step.stale) return { stale: true, upstream: step.stale.upstream }
  if (step.kind !== 'hold') return {}
  return { held: step.reason, ...(step.upstream === undefined ? {} : { upstream: step.upstream }) }
}

function draftOf(
  name: TakeName,
  { task, status, approved }: LockEntry,
  states: Preview['states'],
  now: number,
): Pick<TakeStatus, 'draft'> {
  const { shot, number, draft } = splitTakeName(name)
  if (!draft || status !== 'succeeded' || task === undefined) return {}
  if (states.get(takeName(shot, number))?.entry?.draft === task) return {}
  const daysLeft = draftDaysLeft(task, now)
  return { draft: { approved: approved === true, ...(daysLeft === undefined ? {} : { daysLeft }) } }
}

/** A result lives for a day from its end; counted from its creation, the date errs on the safe side. */
function timesOf(
  { task, status }: LockEntry,
  next: Step['kind'],
  now: number,
): Pick<TakeStatus, 'ageS' | 'fetchBefore'> {
  const createdAt = task === undefined ? undefined : createdAtOf(task)
  if (createdAt === undefined) return {}
  if (status === 'submitted') return { ageS: Math.max(0, Math.round((now - createdAt) / 1000)) }
  return next === 'collect' ? { fetchBefore: new Date(createdAt + lifetimes.resultMs).toISOString() } : {}
}
