/** Who holds a lock. */
export interface LockHolder {
  pid: number
  host: string
}

/** Keeps two runs from working on one manifest at the same time, across processes. */
export interface ProcessLocks {
  /**
   * Takes the lock at `path`, also from a process that is gone.
   *
   * @returns A function that gives it back, or the living holder.
   */
  acquire(path: string): Promise<{ release: () => Promise<void> } | { heldBy: LockHolder }>
  /** The living process other than this one that holds a lock; `undefined` when none does. Takes nothing. */
  holder(path: string): Promise<LockHolder | undefined>
}
