import type { Task, TaskId } from './task.js'

const hourMs = 3_600_000
export const dayMs = 24 * hourMs

/**
 * How long a result can be fetched after its task ended, and, from its creation, how long a task's record can be read
 * and a draft made final. Reference sections 2.2 and 4.
 */
export const lifetimes = { resultMs: dayMs, recordMs: 7 * dayMs, draftMs: 7 * dayMs } as const

/**
 * When a task was created, by the stamp in its id (`cgt-YYYYMMDDhhmmss-…`, UTC+8, also at BytePlus; within 5 s of
 * `created_at` in all recorded pairs). Milliseconds since the Unix epoch; `undefined` for ids of relays.
 */
export function createdAtOf(id: TaskId): number | undefined {
  const stamp = /^cgt-(?:batch-)?(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})-/.exec(id)
  if (!stamp) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = stamp.slice(1).map(Number)
  const at = Date.UTC(year, month - 1, day, hour, minute, second) - 8 * hourMs
  return Number.isNaN(at) ? undefined : at
}

/** When a task was created, by its record or else by its id. Milliseconds since the Unix epoch. */
export function creationOf({ id, createdAt }: Pick<Task, 'id' | 'createdAt'>): number | undefined {
  return createdAt === undefined ? createdAtOf(id) : createdAt * 1000
}
