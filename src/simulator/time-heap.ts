interface Entry<T> {
  atMs: number
  order: number
  value: T
}

/** Values by time, earliest first; those of the same time come out as they went in. */
export class TimeHeap<T> {
  readonly #entries: Entry<T>[] = []
  #added = 0

  push(atMs: number, value: T): void {
    const entries = this.#entries
    const entry = { atMs, order: this.#added++, value }
    let at = entries.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, entries[parent]!)) break
      entries[at] = entries[parent]!
      at = parent
    }
    entries[at] = entry
  }

  /** Takes out the earliest value if its time has come by `nowMs`. */
  popUntil(nowMs: number): { atMs: number; value: T } | undefined {
    const entries = this.#entries
    const first = entries[0]
    if (!first || first.atMs > nowMs) return undefined
    const last = entries.pop()!
    if (last !== first) this.#sink(last)
    return first
  }

  #sink(entry: Entry<T>): void {
    const entries = this.#entries
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= entries.length) break
      if (child + 1 < entries.length && isBefore(entries[child + 1]!, entries[child]!)) child++
      if (!isBefore(entries[child]!, entry)) break
      entries[at] = entries[child]!
      at = child
    }
    entries[at] = entry
  }
}

function isBefore(a: Entry<unknown>, b: Entry<unknown>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
