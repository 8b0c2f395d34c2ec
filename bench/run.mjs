// Measures shotlock against floors and peers of the same run, and writes the figures down.
//
//   npm run bench                        all of it; writes results/latest.json, and docs/performance.md from it
//   npm run bench -- --only plan,submit  some of it; the other figures stay
//   npm run bench -- --quick             small sizes, in two minutes: whether it works, not how fast it is. Writes nothing
//   npm run bench -- --report            writes docs/performance.md anew from results/latest.json
//   npm run bench -- --profile plan      CPU and heap profile of a large plan, or of a large `run`
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { busyWarning, circumstances } from './lib/machine.mjs'
import { bin, inFolder } from './lib/project.mjs'
import { renderCharts, renderLine, updatePage } from './lib/report.mjs'
import { profile } from './profile.mjs'

/**
 * What every bench gets.
 *
 * @typedef {object} Context
 * @property {string} folder Its own, for temporary files.
 * @property {boolean} quick Small sizes and few rounds.
 * @property {(text: string) => void} note Says what is going on.
 */

const benches = ['startup', 'submit', 'plan', 'lockfile', 'polling', 'download', 'whole-run', 'review']
const latest = join(import.meta.dirname, 'results/latest.json')
const page = join(import.meta.dirname, '../docs/performance.md')
const charts = join(import.meta.dirname, '../docs/performance')

// Ends by way of `exit`, where temporary files and started programs are cleared away.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130))

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
})
const chosen = values.only?.split(',') ?? benches
const odd = chosen.find((name) => !benches.includes(name))

if (odd !== undefined) usage(`there is no bench "${odd}"; there are ${benches.join(', ')}`)
else if (!existsSync(bin)) usage('there is no dist/bin.js: start it with npm run bench')
else if (values.profile !== undefined) {
  const { profile: which, quick } = values
  if (which === 'plan' || which === 'run') await profile(which, { quick })
  else usage(`there is no profile "${which}"; there are plan and run`)
} else if (values.report) writePage(readLatest())
else await measure()

async function measure() {
  const { quick } = values
  const results = quick ? {} : readLatest()
  const warning = busyWarning()
  if (warning !== undefined) console.error(warning)
  for (const name of chosen) {
    const result = await measureOne(name)
    results[name] = result
    if (process.stderr.isTTY) process.stderr.write('\x1b[2K\r')
    console.log(`\n${result.title} (${result.seconds} s)`)
    for (const row of result.rows) console.log(`  ${renderLine(row)}`)
    if (result.failed !== undefined) console.log(`  failed: ${result.failed}`)
    if (!quick) writeFileSync(latest, `${JSON.stringify(inOrder(results), null, 2)}\n`)
  }
  if (quick) console.log('\nSmall sizes and few rounds: nothing was written down.')
  else writePage(inOrder(results))
}

/** A bench that fails takes no other with it, and is told of in the table. @param {string} name */
async function measureOne(name) {
  const { quick } = values
  const { title, bench } = await import(`./${name}.mjs`)
  const startedAt = performance.now()
  const seconds = () => Math.round((performance.now() - startedAt) / 1000)
  const head = { title, circumstances: circumstances() }
  try {
    const { rows, charts } = await inFolder((folder) => bench({ folder, quick, note: noteFor(name) }))
    return { ...head, seconds: seconds(), rows, ...(charts && { charts }) }
  } catch (error) {
    process.exitCode = 1
    console.error(error)
    return { ...head, seconds: seconds(), rows: [], failed: error.message.split('\n')[0] }
  }
}

/** The figures in the order of the table, whatever was measured last. @param {import('./lib/report.mjs').Results} results */
function inOrder(results) {
  return Object.fromEntries(benches.flatMap((name) => (name in results ? [[name, results[name]]] : [])))
}

/** On a terminal what is going on stands in one line that changes; a log needs only the bench's name. @param {string} name */
function noteFor(name) {
  if (process.stderr.isTTY) return (text) => process.stderr.write(`\x1b[2K\r${name}: ${text}\r`)
  console.error(`measuring: ${name}`)
  return () => undefined
}

function readLatest() {
  return existsSync(latest) ? JSON.parse(readFileSync(latest, 'utf8')) : {}
}

/** @param {import('./lib/report.mjs').Results} results */
function writePage(results) {
  mkdirSync(charts, { recursive: true })
  for (const [name, { svg }] of Object.entries(renderCharts(results)))
    writeFileSync(join(charts, `${name}.svg`), svg)
  writeFileSync(page, updatePage(readFileSync(page, 'utf8'), results, 'performance'))
  console.log('\nWritten: bench/results/latest.json, docs/performance.md and its pictures')
}

/** @param {string} why */
function usage(why) {
  console.error(`Cannot measure: ${why}`)
  process.exitCode = 2
}
