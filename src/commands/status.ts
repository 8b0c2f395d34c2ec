import { draftDaysLeft } from '../core/draft-source.js'
import { classifyFailure } from '../core/failure.js'
import { decisionsOf } from '../core/ledger-state.js'
import type { LockEntry } from '../core/lockfile.js'
import { splitTakeName, type TakeName, takeName } from '../core/names.js'
import type { Step } from '../core/plan.js'
import type { TakeStatus } from '../core/take-status.js'
import { createdAtOf, lifetimes } from '../core/task-time.js'
import { type PrepareOptions, type Preview, previewPlans } from '../engine/prepare-plans.js'
import type { Clock } from '../ports/clock.js'
import type { Files } from '../ports/files.js'

export type { TakeStatus } from '../core/take-status.js'

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
    manifests: previews.map((preview) => statusOf(preview, now)),
  }
}

/** Where the takes of one manifest stand at a time, in milliseconds since the Unix epoch. */
export function statusOf(preview: Preview, now: number): StatusReport['manifests'][number] {
  const { plan, unclaimed } = preview
  const { name, file } = plan.manifest
  return {
    manifest: name,
    file,
    takes: plan.steps.map((step) => takeStatus(step, preview, now)),
    unclaimed,
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
