import type { Digest } from './digest.js'
import type { DraftFault, DraftSource } from './draft-source.js'
import { lostCode, type TakeState } from './ledger-state.js'
import type { LockEntry } from './lockfile.js'
import { type TakeName, takeName } from './names.js'
import { pickedTakeOf } from './pick.js'
import type { Step } from './plan.js'
import type { Shot } from './shot.js'
import type { TaskId } from './task.js'
import { createdAtOf, lifetimes } from './task-time.js'

/** Why a shot cannot begin with the last frame of another. */
export type UpstreamFault =
  /** The other has no result, and this run makes none, or one that the next run buys anew. */
  | 'upstream'
  /** The other is done, but its last frame is neither here nor to be had. */
  | 'no-last-frame'

/** How the take stands whose last frame a shot begins with. */
export interface Upstream {
  take: TakeName
  /** `undefined` where it has none, or this run buys it anew. */
  task: TaskId | undefined
  /** Whether this run makes or fetches it first. */
  awaited: boolean
  /** Whether it goes on from something itself that is no longer there. */
  stale: boolean
  fault: UpstreamFault | undefined
}

/**
 * How a shot stands for those that go on from it: its picked take, else its first.
 *
 * @param steps What the run does with the shot's takes; those that are not asked for are not among them.
 * @param context.now Milliseconds since the Unix epoch; `undefined`: no result is too old.
 */
export function upstreamAt(
  shot: Shot,
  steps: readonly Step[],
  {
    states,
    frames,
    digests,
  }: {
    states: ReadonlyMap<TakeName, TakeState>
    frames?: ReadonlySet<TakeName> | undefined
    digests: ReadonlyMap<TakeName, Digest>
  },
  { now }: { now?: number | undefined },
): Upstream {
  const stepOf = (take: TakeName) => steps.find(({ name }) => name === take)
  const picked = pickedTakeOf(shot, states)
  // A take that is bought anew is no longer the one that was picked.
  const take = stepOf(picked)?.kind === 'generate' ? takeName(shot.name, 1) : picked
  const step = stepOf(take)
  const standing = { take, task: undefined, awaited: false, stale: false, fault: undefined }
  if (step?.kind === 'generate') return { ...standing, awaited: true }
  const faultOf = (task: TaskId) =>
    frames?.has(take) || mayBeFetched(task, now) ? undefined : 'no-last-frame'
  if (step?.kind === 'resume' || step?.kind === 'collect') {
    // What the next run buys anew is nothing to go on from: all that follows would be stale at once.
    const isOutdated = states.get(take)?.entry?.digest !== digests.get(take)
    if (isOutdated) return { ...standing, fault: 'upstream' }
    const fault = step.kind === 'collect' ? faultOf(step.taskId) : undefined
    return { ...standing, task: step.taskId, awaited: true, fault }
  }
  const task = resultOf(states.get(take)?.entry)
  if (task === undefined) return { ...standing, fault: 'upstream' }
  const stale = step?.kind === 'keep' && step.stale !== undefined
  return { ...standing, task, stale, fault: faultOf(task) }
}

function resultOf(entry: LockEntry | undefined): TaskId | undefined {
  return entry?.status === 'succeeded' && entry.error !== lostCode ? entry.task : undefined
}

/** Results live for a day from the end of their task, which comes after its creation. */
function mayBeFetched(task: TaskId, now: number | undefined): boolean {
  const createdAt = createdAtOf(task)
  return createdAt === undefined || now === undefined || now - createdAt < lifetimes.resultMs
}

/** Whether what was bought began with another frame than it would now, or its upstream did. */
export function isStale(entry: LockEntry, upstream: Upstream): boolean {
  return upstream.fault !== 'upstream' && (upstream.stale || followsAnother(entry, upstream))
}

/** Whether what was bought began with the last frame of another task. One that was adopted does not tell. */
export function followsAnother({ follows }: LockEntry, { task, awaited }: Upstream): boolean {
  return task === undefined ? awaited : follows !== undefined && follows !== task
}

/** Whether a draft began with another frame than its shot would now. */
export function isOfOtherFrame(
  source: DraftSource | DraftFault | undefined,
  upstream: Upstream | undefined,
): boolean {
  if (typeof source !== 'object' || !upstream || upstream.fault === 'upstream') return false
  return upstream.task === undefined || (source.follows !== undefined && source.follows !== upstream.task)
}
