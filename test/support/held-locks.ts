import type { LockHolder, ProcessLocks } from '../../src/ports/process-locks.js'

/** Locks that a test holds in the place of another process. */
export interface HeldLocks extends ProcessLocks {
  /** Takes a lock for another process. */
  hold(path: string): void
  free(path: string): void
  /** Every lock that this process asked for, in order. */
  readonly asked: string[]
  /** Locks that this process has now. */
  readonly own: Set<string>
}

/** Locks in memory: this process gets those that a test does not hold. */
export function heldLocks(): HeldLocks {
  const held = new Map<string, LockHolder>()
  const own = new Set<string>()
  const asked: string[] = []
  return {
    asked,
    own,
    hold: (path) => void held.set(path, { pid: 4711, host: 'here' }),
    free: (path) => void held.delete(path),
    async acquire(path) {
      asked.push(path)
      const heldBy = held.get(path) ?? (own.has(path) ? { pid: 1, host: 'here' } : undefined)
      if (heldBy) return { heldBy }
      own.add(path)
      return { release: async () => void own.delete(path) }
    },
    holder: async (path) => held.get(path),
  }
}
