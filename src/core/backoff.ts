/** How long to wait between tries. */
export interface BackoffPolicy {
  baseMs: number
  capMs: number
}

/**
 * Delay before retry number `attempt`, with full jitter.
 *
 * @param attempt 0-based: 0 is the wait after the first failure.
 * @param random A number in [0, 1), passed in so the caller owns chance.
 * @returns Whole milliseconds in [0, `capMs`].
 */
export function backoffMs(attempt: number, random: number, { baseMs, capMs }: BackoffPolicy): number {
  return Math.floor(random * Math.min(capMs, baseMs * 2 ** attempt))
}
