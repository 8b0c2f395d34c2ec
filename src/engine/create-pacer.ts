import { backoffMs } from '../core/backoff.js'
import type { CreateAnswer } from '../core/create-answer.js'
import type { Clock } from '../ports/clock.js'

const throttleBackoff = { baseMs: 2_000, capMs: 60_000 }
/** How much slower after a 429, how much faster after each create that went through, and the slowest pace. */
const slowDown = 2
const recover = 0.7
const slowestMs = 60_000
/** Timers are late by a millisecond or two. Where creates are no further apart than this, so much is made good. */
const catchUpMs = 20

export interface PacerWorld {
  clock: Clock
  random: () => number
  onThrottled: (waitMs: number, message: string) => void
}

/**
 * Lets creates out one after another, evenly spaced to a rate, in the order they asked. The first goes alone until an
 * answer shows that the provider speaks our language, so that a wrong URL costs one doubtful create and not ten. A 429
 * makes everything wait and slows the pace; creates that go through bring it back.
 */
export class CreatePacer {
  readonly #world: PacerWorld
  readonly #usualMs: number
  #spacingMs: number
  #nextAt = 0
  #throttles = 0
  #turn: Promise<unknown> = Promise.resolve()
  #answered: Promise<unknown> = Promise.resolve()
  #proven = false

  /** @param perMinute Creates a minute, more than 0. */
  constructor(perMinute: number, world: PacerWorld) {
    this.#world = world
    this.#usualMs = 60_000 / perMinute
    this.#spacingMs = this.#usualMs
  }

  /** Runs `create` when its turn has come; rejects with the signal's reason when that does not happen. */
  async send(create: () => Promise<CreateAnswer>, signal: AbortSignal): Promise<CreateAnswer> {
    const turn = this.#turn.then(() => this.#wait(signal))
    this.#turn = turn.catch(() => undefined)
    await turn
    const answer = create()
    this.#answered = answer.catch(() => undefined)
    this.#learn(await answer)
    return answer
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const { clock } = this.#world
    if (!this.#proven) await this.#answered
    // Looked at again after each sleep: a 429 may have moved the time meanwhile.
    for (let waitMs = this.#nextAt - clock.now(); waitMs > 0; waitMs = this.#nextAt - clock.now()) {
      await clock.sleep(waitMs, { signal })
    }
    signal.throwIfAborted()
    const lateMs = this.#spacingMs < catchUpMs ? catchUpMs : 0
    this.#nextAt = Math.max(this.#nextAt, clock.now() - lateMs) + this.#spacingMs
  }

  #learn(answer: CreateAnswer): void {
    if (answer.kind !== 'unknown' && answer.kind !== 'unsent') this.#proven = true
    if (answer.kind === 'accepted') {
      this.#throttles = 0
      this.#spacingMs = Math.max(this.#usualMs, this.#spacingMs * recover)
    } else if (answer.kind === 'throttled') {
      const { clock, random, onThrottled } = this.#world
      const ownMs = throttleBackoff.baseMs / 2 + backoffMs(this.#throttles++, random(), throttleBackoff)
      const waitMs = answer.retryAfterMs ?? ownMs
      this.#spacingMs = Math.min(Math.max(slowestMs, this.#usualMs), this.#spacingMs * slowDown)
      this.#nextAt = Math.max(this.#nextAt, clock.now() + waitMs)
      onThrottled(waitMs, answer.refusal.message)
    }
  }
}
