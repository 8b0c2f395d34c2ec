/**
 * Who goes next among those who wait for a place, where some go before others. Everybody asks for one place; whose place
 * it was makes no difference.
 */
export class Turns<T> {
  readonly #urgent: T[] = []
  readonly #others: T[] = []

  /** Before a place is asked for. */
  add(item: T, { urgent = false } = {}): void {
    if (urgent) this.#urgent.push(item)
    else this.#others.push(item)
  }

  /** Once a place is there: one of those who were added and have not gone yet. */
  next(): T {
    return (this.#urgent.shift() ?? this.#others.shift())!
  }
}
