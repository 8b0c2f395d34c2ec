import type { Clock } from '../../src/ports/clock.js'

/** A clock that jumps: whenever nothing else can happen, time moves to the next moment somebody waits for. */
export interface FakeClock extends Clock {
  /** Everything that was slept, in milliseconds, in order. */
  readonly sleeps: number[]
}

/** Starts at a fixed date, so that whatever is written down is the same in every run. */
export function fakeClock(start = Date.UTC(2026, 0, 8, 3, 0, 0)): FakeClock {
  let now = start
  const sleeps: number[] = []
  const waiting = new Set<{ at: number; wake: () => void }>()
  let pumping = false

  async function pump(): Promise<void> {
    pumping = true
    while (waiting.size > 0) {
      // Several turns of the event loop, so that all work that is ready has been done before time moves.
      for (let turn = 0; turn < 8; turn++) await new Promise((resolve) => setImmediate(resolve))
      const next = [...waiting].sort((a, b) => a.at - b.at)[0]
      if (!next) break
      waiting.delete(next)
      now = Math.max(now, next.at)
      next.wake()
    }
    pumping = false
  }

  return {
    sleeps,
    now: () => now,
    sleep(ms, { signal } = {}) {
      sleeps.push(ms)
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason)
        const onAbort = () => {
          waiting.delete(entry)
          reject(signal?.reason)
        }
        const entry = {
          at: now + ms,
          wake: () => {
            signal?.removeEventListener('abort', onAbort)
            resolve()
          },
        }
        signal?.addEventListener('abort', onAbort, { once: true })
        waiting.add(entry)
        if (!pumping) void pump()
      })
    },
  }
}
