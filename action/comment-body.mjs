// The comment on a pull request, as text.
import { count, markdownText, priceWords } from './markdown.mjs'

/** GitHub takes 65,536 characters. */
const limit = 60_000
/** Longer tables are folded, and end here. */
const foldFrom = 12
const mostRows = 150

/**
 * What tells the action's comment from others: one each working directory.
 *
 * @param {string} name Relative to the repository, with `/`; `''` for its root.
 */
export function markerFor(name) {
  return `<!-- shotlock: ${encodeURIComponent(name || '.')} -->`
}

/**
 * What changes, or `undefined` when nothing does.
 *
 * @param {object} facts `before`, `after`: plans; `compared`: what differs between them; `results`: Markdown of the
 *   lockfiles' differences, `undefined` for none.
 */
export function describeChanges({ before, after, compared, results, baseFault }) {
  const rows = [
    ...compared.added.map((one) => [one, `${one.reason}`, money(one)]),
    ...compared.dearer.map(({ was, now }) => [now, 'another price', `${money(now)} (was ${money(was)})`]),
    ...compared.dropped.map((one) => [one, 'no longer bought', '']),
  ]
  if (rows.length === 0 && results === undefined) return undefined
  const lines = ['### shotlock', '', `**Plan: ${totals(after)}.** ${baseWords(before, baseFault)}`, '']
  if (rows.length > 0) lines.push(...table(rows))
  if (results !== undefined) {
    const left = limit - lines.join('\n').length - 500
    lines.push('#### Results in the lockfiles', '', shortened(results, left))
  }
  return lines.join('\n')
}

function baseWords(before, baseFault) {
  if (baseFault !== undefined) return `The base branch could not be planned: ${markdownText(baseFault)}`
  return `On the base branch: ${totals(before)}.`
}

/** In the place of a comment that no longer applies. */
export const nothingChanges =
  '### shotlock\n\nNothing that is planned or bought changes any more by this pull request.\n'

/** In the place of a comment while there can be no plan. */
export function describeFault(problems) {
  return `### shotlock\n\nThere is no plan: the manifests have ${count(problems, 'problem')}, shown at their lines.\n`
}

/** @param {import('./compare-plans.mjs').PlanReport} report */
export function totals({ totals: { buys, prices, unpriced } }) {
  if (buys === 0) return 'buys nothing'
  const price = prices.length > 0 ? ` for ${priceWords(prices)}` : ''
  const more = unpriced > 0 ? `, ${unpriced} of them without a known price` : ''
  return `buys ${count(buys, 'take')}${price}${more}`
}

function money({ price }) {
  return price ? priceWords([price]) : 'not known'
}

function table(rows) {
  const shown = rows.slice(0, mostRows).map(([{ file, take }, why, price]) => {
    return `| ${markdownText(take)} | ${markdownText(file)} | ${markdownText(why)} | ${price} |`
  })
  const left = rows.length - shown.length
  const lines = [
    '| take | manifest | why | price |',
    '|---|---|---|---:|',
    ...shown,
    '',
    ...(left > 0 ? [`… and ${count(left, 'more take')}.`, ''] : []),
  ]
  if (rows.length < foldFrom) return lines
  return ['<details>', `<summary>${count(rows.length, 'take')}</summary>`, '', ...lines, '</details>', '']
}

function shortened(text, length) {
  if (text.length <= length) return text
  const cut = text.slice(0, text.lastIndexOf('\n', length))
  const isOpen = cut.lastIndexOf('<details>') > cut.lastIndexOf('</details>')
  return `${cut}\n\n… and more.${isOpen ? '\n\n</details>' : ''}\n`
}
