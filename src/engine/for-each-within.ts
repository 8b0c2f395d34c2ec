import type { LimitFunction } from 'p-limit'

/** How many jobs wait in a queue at most: the rest stay items, which are small. */
const queueAhead = 64

/**
 * Runs `work` within `limit`; it may give its place back before it is through.
 *
 * @param onFree Called when the place is free again.
 */
export async function within(
  limit: LimitFunction,
  work: (free: () => void) => Promise<void>,
  onFree: () => void = () => undefined,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    void limit(() => new Promise<void>((free) => work(free).then(resolve, reject).finally(free))).finally(
      onFree,
    )
  })
}

/**
 * Runs `work` on every item within `limit`, putting only a few into its queue at a time. `work` may give its place
 * back before it is through.
 */
export async function forEachWithin<T>(
  limit: LimitFunction,
  items: Iterable<T>,
  work: (item: T, free: () => void) => Promise<void>,
): Promise<void> {
  const open = new Set<Promise<void>>()
  let onFree: () => void = () => undefined
  for (const item of items) {
    const through = within(
      limit,
      (free) => work(item, free),
      () => onFree(),
    )
    const job = through.finally(() => open.delete(job))
    open.add(job)
    if (limit.pendingCount >= queueAhead) {
      await new Promise<void>((resolve) => {
        onFree = resolve
      })
    }
  }
  await Promise.all(open)
}
