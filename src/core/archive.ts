import { applyRecord, journalLines, parseRecord, type TakeState } from './ledger-state.js'
import { type LockEntry, tasksOf } from './lockfile.js'
import type { TakeName } from './names.js'
import type { Step } from './plan.js'
import type { TaskId } from './task.js'

/** A task of the past, or a create that was never answered, as it was last known on this machine. */
export interface ArchivedEntry {
  take: TakeName
  entry: LockEntry
  /** When a create that was never answered was sent, ISO time. */
  sentAt?: string | undefined
}

/**
 * Every task that old journals know of, in the order they were bought, and every create that is still without an
 * answer. Half lines, which a crash leaves, are passed over: what they said stands in the journal that was being copied.
 */
export function readArchive(bytes: Uint8Array): ArchivedEntry[] {
  const states = new Map<TakeName, TakeState>()
  const tasks = new Map<TaskId, ArchivedEntry>()
  for (const line of journalLines(bytes)) {
    const record = line === '' ? undefined : parseRecord(line)
    if (!record) continue
    const state = safely(() => applyRecord(states.get(record.take), record))
    if (!state) continue
    states.set(record.take, state)
    if (state.entry?.task === undefined) continue
    // A pick is a decision of the lockfile it was made in; here are those of every branch.
    const { pick, ...entry } = state.entry
    tasks.set(state.entry.task, { take: record.take, entry })
  }
  const unanswered = [...states].flatMap(([take, { entry, sentAt }]) =>
    entry?.status === 'unknown' ? [{ take, entry, sentAt }] : [],
  )
  return [...tasks.values(), ...unanswered]
}

/** An answer whose intent was in a half line has nothing to be applied to. */
function safely(work: () => TakeState): TakeState | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/**
 * What would be bought a second time because the lockfile has forgotten it: it was deleted, or is that of an older
 * commit or another branch. Of the takes that a plan would buy, a task is recalled when it was bought for that very
 * take and digest and is live or done; a create without an answer whatever the take looks like now, unless the lockfile
 * knows what became of it (its seed has a task there).
 */
export function recallEntries(
  steps: readonly Step[],
  states: ReadonlyMap<TakeName, TakeState>,
  archived: readonly ArchivedEntry[],
): ArchivedEntry[] {
  const known = new Set([...states.values()].flatMap(({ entry }) => (entry ? tasksOf(entry) : [])))
  const buys = new Map(
    steps.flatMap((step) => (step.kind === 'generate' ? [[step.name, step] as const] : [])),
  )
  return archived.filter(({ take, entry: { status, task, digest, seed } }) => {
    const buy = buys.get(take)
    if (!buy) return false
    const now = states.get(take)?.entry
    if (status === 'unknown') return !(now?.seed === seed && now?.task !== undefined)
    const useful = status === 'submitted' || status === 'succeeded'
    return (
      useful &&
      buy.reason !== 'forced' &&
      buy.reason !== 'stale' &&
      buy.digest === digest &&
      task !== undefined &&
      !known.has(task)
    )
  })
}
