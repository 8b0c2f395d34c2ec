import type { BudgetView } from '../core/event.js'
import { type Money, microsPerUnit } from '../core/money.js'

/** A sum that is never passed, whatever runs in parallel. */
export interface Pot {
  /** What the sum is called where it is set: `--max-cost`, or a manifest's file. */
  readonly name: string
  readonly limit: Money
}

interface PotState {
  name: string
  currency: string
  limitMicros: number
  /** Paid, as far as is known. */
  spentMicros: number
  /** Set aside for takes that have not ended, or whose end is not known. */
  reservedMicros: number
  /** Of that, what may still come back. */
  pendingMicros: number
  reached: boolean
}

/** An amount set aside for one take, in every pot that it concerns. */
export interface Reservation {
  /** The take has ended and cost so much: the rest goes back. */
  settle(micros: number): void
  /** The take goes on without us, or nobody knows: the amount stays set aside, and nothing of it will come back. */
  keep(): void
}

/**
 * Sets amounts aside before money is spent, so that takes under way can never come to more than a pot holds. What is
 * set aside is the most that a take can cost; what it cost less goes back when it ends.
 */
export class Budget {
  readonly #pots = new Map<Pot, PotState>()
  readonly #waiting: (() => void)[] = []

  /** @param spent What a pot is charged with from before; amounts in other currencies do not count. */
  add(pot: Pot, spent: readonly Money[]): void {
    const { currency, micros } = pot.limit
    const before = spent.reduce((sum, one) => sum + (one.currency === currency ? one.micros : 0), 0)
    this.#pots.set(pot, {
      name: pot.name,
      currency,
      limitMicros: micros,
      spentMicros: before,
      reservedMicros: 0,
      pendingMicros: 0,
      reached: false,
    })
  }

  /** How every pot stands, in the order they were added. */
  view(): BudgetView[] {
    return [...this.#pots.values()].map(
      ({ name, currency, limitMicros, spentMicros, reservedMicros, reached }) => ({
        name,
        currency,
        limit: limitMicros / microsPerUnit,
        spent: spentMicros / microsPerUnit,
        reserved: reservedMicros / microsPerUnit,
        reached,
      }),
    )
  }

  /**
   * Sets the most that a take can cost aside. While the amount does not fit and more may come back from takes under
   * way, waits for that.
   *
   * @returns The pot that cannot hold the amount any more; it lets nothing in from then on.
   * @throws The signal's reason when it aborts first.
   */
  async reserve(
    pots: readonly Pot[],
    amount: Money | undefined,
    signal: AbortSignal,
  ): Promise<Reservation | { reached: Pot }> {
    for (;;) {
      signal.throwIfAborted()
      const full = pots.find((pot) => !this.#canEverHold(pot, amount))
      if (full) {
        this.#pots.get(full)!.reached = true
        return { reached: full }
      }
      if (pots.every((pot) => this.#holds(pot, amount))) return this.#take(pots, amount?.micros ?? 0)
      await this.#change(signal)
    }
  }

  /** Sets an amount aside that is already at stake, whether it fits or not. */
  hold(pots: readonly Pot[], amount: Money | undefined): Reservation {
    const fitting = pots.filter(({ limit }) => limit.currency === amount?.currency)
    return this.#take(fitting, amount?.micros ?? 0)
  }

  /** Whether the amount fits now. */
  #holds(pot: Pot, amount: Money | undefined): boolean {
    const { limitMicros, spentMicros, reservedMicros } = this.#pots.get(pot)!
    return spentMicros + reservedMicros + (amount?.micros ?? 0) <= limitMicros
  }

  /** Whether it could fit if everything that may come back did. A price that is not known fits nowhere. */
  #canEverHold(pot: Pot, amount: Money | undefined): boolean {
    const { limitMicros, spentMicros, reservedMicros, pendingMicros, reached, currency } =
      this.#pots.get(pot)!
    if (reached || amount?.currency !== currency) return false
    return spentMicros + reservedMicros - pendingMicros + amount.micros <= limitMicros
  }

  #take(pots: readonly Pot[], micros: number): Reservation {
    const states = pots.map((pot) => this.#pots.get(pot)!)
    for (const state of states) {
      state.reservedMicros += micros
      state.pendingMicros += micros
    }
    let open = true
    const close = (work: (state: PotState) => void) => {
      if (!open) return
      open = false
      for (const state of states) {
        state.pendingMicros -= micros
        work(state)
      }
      for (const wake of this.#waiting.splice(0)) wake()
    }
    return {
      settle: (actual) =>
        close((state) => {
          state.reservedMicros -= micros
          state.spentMicros += actual
        }),
      keep: () => close(() => undefined),
    }
  }

  /** Resolves when an amount was settled or kept; in the order of asking. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason as Error)
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(() => {
        signal.removeEventListener('abort', onAbort)
        resolve()
      })
    })
  }
}
