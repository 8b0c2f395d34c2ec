import { applyRecord, parseRecord, type TakeState } from './ledger-state.js'
import { knownTasks, type LockEntry } from './lockfile.js'
import type { TakeName } from './names.js'
import type { Step } from './plan.js'
import type { TaskId } from './task.js'

/** A task of the past, as it was last known on this machine. */
export interface ArchivedTask {
  take: TakeName
  entry: LockEntry
}

/**
 * Every task that old journals know of, in the order they were bought. Half lines, which a crash leaves, are passed
 * over: what they said stands in the journal that was being copied.
 */
export function readArchive(text: string): ArchivedTask[] {
  const states = new Map<TakeName, TakeState>()
  const tasks = new Map<TaskId, ArchivedTask>()
  for (const line of text.split('\n')) {
    const record = line === '' ? undefined : parseRecord(line)
    if (!record) continue
    const state = safely(() => applyRecord(states.get(record.take), record))
    if (!state) continue
    states.set(record.take, state)
    if (state.entry?.task !== undefined)
      tasks.set(state.entry.task, { take: record.take, entry: state.entry })
  }
  return [...tasks.values()]
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
 * Tasks that would be bought a second time because the lockfile has forgotten them: it was deleted, or is that of an
 * older commit or another branch. A task is recalled for a take that a plan would buy when it was bought for that very
 * take and digest from the same provider, and is live or done.
 */
export function recallTasks(
  steps: readonly Step[],
  states: ReadonlyMap<TakeName, TakeState>,
  archived: readonly ArchivedTask[],
): ArchivedTask[] {
  const entries = new Map<TakeName, LockEntry>()
  for (const [name, { entry }] of states) if (entry) entries.set(name, entry)
  const known = knownTasks(entries)
  const wanted = new Map<TakeName, string>()
  for (const step of steps) {
    if (step.kind === 'generate' && step.reason !== 'forced') wanted.set(step.name, step.digest)
  }
  return archived.filter(({ take, entry }) => {
    const useful = entry.status === 'submitted' || entry.status === 'succeeded'
    return useful && wanted.get(take) === entry.digest && entry.task !== undefined && !known.has(entry.task)
  })
}
