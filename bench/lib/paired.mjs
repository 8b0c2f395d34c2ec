/**
 * The middle of several measurements, with their bounds.
 *
 * @typedef {{ median: number, min: number, max: number, n: number }} Spread
 */

/**
 * @param {readonly number[]} samples At least one.
 * @returns {Spread}
 */
export function spreadOf(samples) {
  if (samples.length === 0) throw new Error('Cannot find the median of no measurements')
  const sorted = [...samples].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const median =
    sorted.length % 2 === 1 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2
  return { median, min: sorted[0], max: sorted.at(-1), n: sorted.length }
}

/**
 * The ratios of two series, round by round, so that a machine that changes its pace changes both sides of each.
 *
 * @param {readonly number[]} series
 * @param {readonly number[]} others As many.
 */
export function ratiosOf(series, others) {
  if (series.length !== others.length)
    throw new Error(`Cannot pair ${series.length} measurements with ${others.length}`)
  return series.map((value, round) => value / others[round])
}

/**
 * Measures several contenders in turn: A B C, A B C, … One after another would give each its own weather.
 *
 * @template {string} Name
 * @template T
 * @param {Record<Name, () => T | Promise<T>>} contenders In the order in which they take their turns.
 * @param {object} options
 * @param {number} options.rounds
 * @param {number} [options.warmUps] Rounds before, whose results are dropped. Default 0.
 * @param {(text: string) => void} [options.note] Hears which round begins.
 * @returns {Promise<Record<Name, T[]>>} The results of each, by round.
 */
export async function inTurn(contenders, { rounds, warmUps = 0, note = () => undefined }) {
  const names = /** @type {Name[]} */ (Object.keys(contenders))
  const results = /** @type {Record<Name, T[]>} */ (Object.fromEntries(names.map((name) => [name, []])))
  for (let round = -warmUps; round < rounds; round++) {
    for (const name of names) {
      note(round < 0 ? `warm-up: ${name}` : `round ${round + 1} of ${rounds}: ${name}`)
      const result = await contenders[name]()
      if (round >= 0) results[name].push(result)
    }
  }
  return results
}
