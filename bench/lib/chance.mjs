/**
 * Numbers that look like chance and are the same every time: mulberry32, a public-domain generator of 32 bits.
 *
 * @param {number} seed Any integer; its low 32 bits count.
 * @returns {() => number} Gives numbers in [0, 1).
 */
export function chance(seed) {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * @template T
 * @param {() => number} random
 * @param {readonly T[]} items Not empty.
 * @returns {T}
 */
export function pick(random, items) {
  return items[Math.floor(random() * items.length)]
}

/**
 * A number of the normal distribution with mean 0 and deviation 1 (Box and Muller).
 *
 * @param {() => number} random
 */
export function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
