import { createHash } from 'node:crypto'

/** SHA-256 of a text or of bytes, in hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

/** A number in [0, 1) that depends on the parts alone: the same parts, the same number. */
export function fraction(...parts: readonly (string | number)[]): number {
  return Number.parseInt(sha256(parts.join('\n')).slice(0, 12), 16) / 2 ** 48
}

/** An endless row of numbers in [0, 1), the same for the same seed. Algorithm: mulberry32. */
export function chance(seed: string): () => number {
  let state = Number.parseInt(sha256(seed).slice(0, 8), 16)
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
