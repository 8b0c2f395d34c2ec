import { aimChart, barChart, growthChart } from './chart.mjs'
import { spreadOf } from './paired.mjs'
import { duration } from './row.mjs'

/** @typedef {import('./row.mjs').Row} Row */

/**
 * @typedef {object} BenchResult
 * @property {string} title
 * @property {import('./machine.mjs').Circumstances} circumstances
 * @property {number} seconds What measuring took.
 * @property {readonly Row[]} rows
 * @property {string} [failed] Why there are no rows.
 * @property {Record<string, readonly { name?: string, shots?: number, samples: readonly number[] }[]>} [charts]
 */

/** @typedef {Record<string, BenchResult>} Results By the bench's name, in the order of the table. */

const mark = { start: '<!-- bench: written by npm run bench -->', end: '<!-- bench: end -->' }

/**
 * A page with its marked part replaced by the figures.
 *
 * @param {string} page Has the two marks.
 * @param {Results} results
 * @param {string} chartFolder Relative to the page.
 */
export function updatePage(page, results, chartFolder) {
  const start = page.indexOf(mark.start)
  const end = page.indexOf(mark.end)
  if (start < 0 || end < start) throw new Error('Cannot write the figures: the page lacks their marks')
  const pictures = Object.entries(renderCharts(results)).map(
    ([name, { title }]) => `![${title}](${chartFolder}/${name}.svg)\n`,
  )
  const part = [mark.start, '', ...renderCircumstances(results), '', renderTable(results), '', ...pictures]
  return `${page.slice(0, start)}${part.join('\n')}\n${page.slice(end)}`
}

/**
 * All rows as one table in Markdown.
 *
 * @param {Results} results
 */
export function renderTable(results) {
  const lines = [
    '| what | against | aim | median (least to most, n) | aim kept | |',
    '|---|---|---|---|---|---|',
  ]
  for (const { title, rows, failed } of Object.values(results)) {
    lines.push(`| **${title}** | | | ${failed === undefined ? '' : 'failed'} | | ${failed ?? ''} |`)
    for (const row of rows) {
      const { what, against, detail } = row
      lines.push(
        `| ${[what, against, writeAim(row), writeValue(row, true), verdict(row), detail].join(' | ')} |`,
      )
    }
  }
  return lines.join('\n')
}

/**
 * One row as a line for a terminal.
 *
 * @param {Row} row
 */
export function renderLine(row) {
  const plain = (text) => text.replaceAll(/[`*]/g, '')
  const against = row.against === '' ? '' : ` against ${plain(row.against)}`
  const aim = row.aim ? `, aim ${writeAim(row)}: ${plain(verdict(row))}` : ''
  return `${plain(row.what)}${against}: ${writeValue(row, false)}${aim}${row.detail === '' ? '' : ` [${row.detail}]`}`
}

/** @param {Row} row */
function writeAim({ aim, unit }) {
  if (!aim) return ''
  const { atMost, atLeast, stretch } = aim
  const bound = atMost === undefined ? `≥ ${withUnit(atLeast, unit)}` : `≤ ${withUnit(atMost, unit)}`
  return stretch === undefined ? bound : `${bound}, better ${withUnit(stretch, unit)}`
}

/** @param {Row} row @param {boolean} bold */
function writeValue({ value, unit }, bold) {
  if (!value) return 'not measured'
  const median = withUnit(number(value.median), unit)
  return `${bold ? `**${median}**` : median} (${number(value.min)} to ${number(value.max)}, ${value.n})`
}

/** @param {Row} row */
function verdict({ aim, met }) {
  if (!aim || met === undefined) return ''
  return met ? 'yes' : '**no**'
}

/** @param {number | string | undefined} value @param {string} unit */
function withUnit(value, unit) {
  return unit === '×' ? `${value}×` : `${value} ${unit}`
}

/** Three digits are as many as mean anything. @param {number} value */
function number(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3
  return value.toFixed(digits)
}

/**
 * On what and when; benches that were measured apart are told apart.
 *
 * @param {Results} results
 */
function renderCircumstances(results) {
  const groups = new Map()
  for (const { title, circumstances } of Object.values(results)) {
    const { date, machine, loadBefore, shotlock, versions } = circumstances
    const withWhat = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
    const text = `${date}, shotlock ${shotlock}, on ${machine} (load before: ${loadBefore}), with ${withWhat.join(', ')}`
    groups.set(text, [...(groups.get(text) ?? []), title])
  }
  const whole = groups.size === 1
  return [...groups].map(
    ([text, titles]) => `${whole ? 'Measured' : `${titles.join(', ')}: measured`} ${text}.`,
  )
}

/**
 * The pictures beside the table; those whose bench has not run are left out.
 *
 * @param {Results} results
 * @returns {Record<string, { title: string, svg: string }>} By file name without ending.
 */
export function renderCharts(results) {
  /** @type {Record<string, { title: string, svg: string }>} */
  const charts = {}
  const add = (name, title, draw) => {
    charts[name] = { title, svg: draw(title) }
  }
  const figures = Object.values(results).flatMap(({ rows }) => rows.flatMap(shareOfAim))
  if (figures.length > 0)
    add('aims', 'Every figure against its aim: left of the line is better', (title) =>
      aimChart(title, figures),
    )

  const growth = results.plan?.charts?.growth
  if (growth) {
    const points = growth.map(({ shots, samples }) => ({ size: shots, value: spreadOf(samples) }))
    const write = { size: (shots) => `${shots.toLocaleString('en')} shots`, value: duration }
    add('growth', 'Time of the first plan, by shots', (title) => growthChart(title, points, write))
  }
  const bars = (name, samples, title, unit) => {
    if (!samples) return
    const all = samples.map(({ name, samples }) => ({
      name,
      value: spreadOf(samples),
      own: name === 'shotlock',
    }))
    add(name, title, (title) => barChart(title, all, (value) => `${number(value)}${unit}`))
  }
  bars(
    'creates',
    results.submit?.charts?.creates,
    'Creates a second, 64 at once, server without latency',
    '/s',
  )
  bars('run', results['whole-run']?.charts?.run, 'Shots a second of a whole run, 256 live', '/s')
  return charts
}

/** @param {Row} row */
function shareOfAim({ what, against, aim, value, met }) {
  if (!aim || !value || met === undefined) return []
  const { atMost, atLeast } = aim
  const share =
    atMost === undefined
      ? { ...value, median: atLeast / value.median, min: atLeast / value.max, max: atLeast / value.min }
      : { ...value, median: value.median / atMost, min: value.min / atMost, max: value.max / atMost }
  return [
    {
      name: shorten(
        `${what}${against.includes('xargs') || against.includes('parallel') ? ` (${against})` : ''}`,
      ),
      share,
      met,
    },
  ]
}

/** What fits left of a chart. @param {string} text */
function shorten(text) {
  const plain = text
    .replaceAll('`', '')
    .replace('creates with journal, 64 at once, server answers after', 'creates, server')
  return plain.length <= 56 ? plain : `${plain.slice(0, 55)}…`
}
