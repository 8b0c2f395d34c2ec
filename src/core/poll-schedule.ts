/** Bounds of the wait between two looks at a task. */
export interface PollPolicy {
  minMs: number
  maxMs: number
}

/** For the real service: tasks take from half a minute to half an hour. */
export const patientPolling: PollPolicy = { minMs: 2_000, maxMs: 15_000 }

/**
 * How long to wait before looking at a task again. Nobody is done before the fastest so far (less a fifth), so the
 * first look waits for that; from then on a tenth of the age. Doubling would be the wrong shape: it waits longest
 * just when the task is most likely done.
 *
 * @param ageMs Time since the create, at least 0.
 * @param fastestMs Shortest time to an end seen in this run; `undefined` before the first.
 */
export function nextPollMs(
  ageMs: number,
  fastestMs: number | undefined,
  { minMs, maxMs }: PollPolicy,
): number {
  const untilPossible = fastestMs === undefined ? 0 : fastestMs * 0.8 - ageMs
  const steady = Math.min(maxMs, Math.max(minMs, ageMs / 10))
  return Math.round(Math.max(steady, Math.min(untilPossible, maxMs * 4)))
}
