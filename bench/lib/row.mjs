import { spreadOf } from './paired.mjs'

/**
 * What is aimed at, in the unit of its row. One of the first two is given.
 *
 * @typedef {object} Aim
 * @property {number} [atMost]
 * @property {number} [atLeast]
 * @property {number} [stretch] A second bound, on the same side, that would be better still.
 */

/**
 * One line of the table.
 *
 * @typedef {object} Row
 * @property {string} id Stable, such as `plan.first`.
 * @property {string} what
 * @property {string} against The floor or peer of the same run; empty where the figure stands for itself.
 * @property {string} unit `×`, `MB` or a word.
 * @property {Aim} [aim] Without one the row is there to be known.
 * @property {import('./paired.mjs').Spread} [value] Missing when it could not be measured.
 * @property {boolean} [met] Whether the median keeps the aim.
 * @property {string} detail What both sides came to, or why nothing was measured.
 */

/**
 * @param {Omit<Row, 'value' | 'met'> & { samples: readonly number[] }} options
 * @returns {Row}
 */
export function row({ samples, ...rest }) {
  const value = spreadOf(samples)
  return { ...rest, value, ...(rest.aim ? { met: keeps(value.median, rest.aim) } : {}) }
}

/**
 * A row for what cannot be measured here.
 *
 * @param {Omit<Row, 'value' | 'met' | 'detail'> & { why: string }} options
 * @returns {Row}
 */
export function missingRow({ why, ...rest }) {
  return { ...rest, detail: why }
}

/**
 * @param {number} value
 * @param {Aim} aim
 */
export function keeps(value, { atMost = Number.POSITIVE_INFINITY, atLeast = Number.NEGATIVE_INFINITY }) {
  return value <= atMost && value >= atLeast
}

/**
 * Milliseconds as people read them.
 *
 * @param {number} ms
 */
export function duration(ms) {
  if (ms < 1000) return `${ms.toPrecision(ms < 10 ? 2 : 3).replace(/\.0+$/, '')} ms`
  return `${(ms / 1000).toPrecision(3)} s`
}

/**
 * Medians of several series side by side, such as `shotlock 1.20 s, yaml 11.0 s`.
 *
 * @param {Record<string, readonly number[]>} series
 * @param {(median: number) => string} [write]
 */
export function medians(series, write = duration) {
  return Object.entries(series)
    .map(([name, samples]) => `${name} ${write(spreadOf(samples).median)}`)
    .join(', ')
}
