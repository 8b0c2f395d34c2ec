import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../ports/clock.js'

/** Real time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, { signal } = {}) => {
    try {
      await sleep(ms, undefined, { signal })
    } catch (error) {
      throw signal?.aborted ? signal.reason : error
    }
  },
}
