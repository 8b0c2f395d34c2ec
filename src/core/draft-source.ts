import type { Digest } from './digest.js'
import { lostCode } from './ledger-state.js'
import type { LockEntry } from './lockfile.js'
import type { TaskId } from './task.js'
import { createdAtOf, dayMs, lifetimes } from './task-time.js'

/** An approved draft that a final is made from. */
export interface DraftSource {
  task: TaskId
  /** The final gets the same. */
  seed: number | undefined
  /** The task whose last frame it began with. */
  follows: TaskId | undefined
  /** Milliseconds since the Unix epoch; `undefined` where the task's id does not tell. */
  expiresAt: number | undefined
  /** Whole days until then. */
  daysLeft: number | undefined
  /** What the draft cost, such as `0.486128 CNY`. */
  cost: string | undefined
}

/** Why no final is made from a draft. */
export type DraftFault =
  /** It waits for `promote`. */
  | 'draft-unapproved'
  /** A person rejected it. */
  | 'draft-rejected'
  /** It failed. */
  | 'draft-failed'
  /** The shot has changed since it was made. */
  | 'draft-outdated'
  /** It was approved and can no longer be made final. */
  | 'draft-expired'

/**
 * What a final is made from, or why it waits.
 *
 * @param digest That of the draft as the manifest would ask for it now.
 * @param failed Whether the draft ended without a result.
 * @param now Milliseconds since the Unix epoch; `undefined`: no draft is too old.
 */
export function draftSourceOf(
  { status, task, seed, follows, approved, error, cost, digest: bought }: LockEntry,
  { digest, failed, now }: { digest: Digest | undefined; failed: boolean; now: number | undefined },
): DraftSource | DraftFault {
  if (bought !== digest) return 'draft-outdated'
  if (failed) return 'draft-failed'
  if (approved === false) return 'draft-rejected'
  if (!approved || status !== 'succeeded' || task === undefined) return 'draft-unapproved'
  const expiresAt = draftExpiresAt(task)
  const daysLeft = draftDaysLeft(task, now)
  if ((daysLeft !== undefined && daysLeft < 0) || error === lostCode) return 'draft-expired'
  return { task, seed, follows, expiresAt, daysLeft, cost }
}

/**
 * What stands against a final from a draft, as the end of a sentence about its take; `undefined` when nothing does.
 *
 * @param digest That of the draft as the manifest would ask for it now.
 * @param now Milliseconds since the Unix epoch.
 */
export function draftFaultWords(
  { status, task, error, digest: bought }: LockEntry,
  { digest, now }: { digest: Digest | undefined; now: number },
): string | undefined {
  if (status === 'submitted' || status === 'unknown') return 'has a draft that is not done'
  if (status !== 'succeeded' || error === lostCode)
    return `has a draft that ${error === lostCode ? 'is lost' : status}: run --draft buys another`
  if (bought !== digest) return 'has changed since its draft was made: run --draft buys another'
  const expiresAt = task === undefined ? undefined : draftExpiresAt(task)
  const isPast = expiresAt !== undefined && now >= expiresAt
  return isPast ? 'has a draft that is past its 7 days: run --draft buys another' : undefined
}

/** Until when a draft can be made final, milliseconds since the Unix epoch; `undefined` where its id does not tell. */
export function draftExpiresAt(task: TaskId): number | undefined {
  const createdAt = createdAtOf(task)
  return createdAt === undefined ? undefined : createdAt + lifetimes.draftMs
}

/**
 * Whole days for which a draft can still be made final; negative when that is over, `undefined` where it is not known.
 *
 * @param now Milliseconds since the Unix epoch.
 */
export function draftDaysLeft(task: TaskId, now: number | undefined): number | undefined {
  const expiresAt = draftExpiresAt(task)
  if (expiresAt === undefined || now === undefined) return undefined
  return Math.ceil((expiresAt - now) / dayMs) - 1
}
