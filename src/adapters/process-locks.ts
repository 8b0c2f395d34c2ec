import { stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Files } from '../ports/files.js'
import type { LockHolder, ProcessLocks } from '../ports/process-locks.js'

/** A takeover lasts milliseconds; one that is older belongs to a process that died in it. */
const takeoverMs = 10_000

/** Locks of this process: a file with its number that is not among them was left by an earlier one. */
const heldHere = new Set<string>()

/** Locks as small files that say who holds them. */
export function fileLocks(files: Files): ProcessLocks {
  return {
    async acquire(path) {
      if (heldHere.has(path)) return { heldBy: { pid: process.pid, host: hostname() } }
      heldHere.add(path)
      try {
        for (;;) {
          if (await files.createNew(path, describeSelf())) return { release: () => release(path) }
          const holder = await readHolder(path)
          if (holder && isAlive(holder)) {
            heldHere.delete(path)
            return { heldBy: holder }
          }
          await removeStale(path)
        }
      } catch (error) {
        heldHere.delete(path)
        throw error
      }
    },
    async holder(path) {
      if (heldHere.has(path)) return undefined
      const holder = await readHolder(path)
      return holder && isAlive(holder) ? holder : undefined
    },
  }

  async function release(path: string): Promise<void> {
    await files.remove(path)
    heldHere.delete(path)
  }

  /**
   * Of several processes that find the same dead lock, one may remove it, and only after looking again: the others
   * might otherwise remove the lock that the first has taken since.
   */
  async function removeStale(path: string): Promise<void> {
    const takeover = `${path}.takeover`
    if (!(await files.createNew(takeover, describeSelf()))) {
      const since = await stat(takeover).catch(() => undefined)
      if (since && Date.now() - since.mtimeMs > takeoverMs) await files.remove(takeover)
      await sleep(20)
      return
    }
    try {
      const holder = await readHolder(path)
      if (!holder || !isAlive(holder)) await files.remove(path)
    } finally {
      await files.remove(takeover)
    }
  }

  async function readHolder(path: string): Promise<LockHolder | undefined> {
    const bytes = await files.read(path)
    if (!bytes) return undefined
    try {
      const { pid, host } = JSON.parse(new TextDecoder().decode(bytes))
      return Number.isInteger(pid) && typeof host === 'string' ? { pid, host } : undefined
    } catch {
      return undefined
    }
  }

  /** A process on another machine cannot be asked, so it counts as living. */
  function isAlive({ pid, host }: LockHolder): boolean {
    if (host !== hostname()) return true
    if (pid === process.pid) return false
    try {
      process.kill(pid, 0)
      return true
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM'
    }
  }
}

function describeSelf(): string {
  return `${JSON.stringify({ pid: process.pid, host: hostname() } satisfies LockHolder)}\n`
}
