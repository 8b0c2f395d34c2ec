import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeEntries } from './lib/ledger.mjs'
import { inTurn, ratiosOf } from './lib/paired.mjs'
import { runNode } from './lib/process.mjs'
import { library } from './lib/project.mjs'
import { medians, row } from './lib/row.mjs'

export const title = 'Lockfile'

/**
 * Reading a lockfile and writing it again, by the library's own functions, each time in a new process.
 *
 * @param {import('./run.mjs').Context} context
 */
export async function bench({ folder, quick, note }) {
  const count = quick ? 10_000 : 100_000
  const { renderLockfile } = await import(library)
  const entries = makeEntries(count)
  const lockfile = join(folder, 'bench.lock.yaml')
  const json = join(folder, 'bench.lock.json')
  const canonical = renderLockfile(entries)
  writeFileSync(lockfile, canonical)
  writeFileSync(json, JSON.stringify({ lockfileVersion: 1, shots: Object.fromEntries(entries) }))

  const output = join(folder, 'milliseconds.txt')
  const roundTrip =
    (...args) =>
    async () => {
      await runNode([join(import.meta.dirname, 'floors/lockfile-round-trip.mjs'), ...args], { output })
      return Number(readFileSync(output, 'utf8'))
    }
  const series = await inTurn(
    { shotlock: roundTrip(lockfile, library), json: roundTrip(json) },
    { rounds: quick ? 3 : 5, note },
  )
  if (readFileSync(lockfile, 'utf8') !== canonical) throw new Error('The lockfile is not what it was')
  return {
    rows: [
      row({
        id: 'lockfile.round-trip',
        what: `lockfile of ${count.toLocaleString('en')} entries: read, write, flush`,
        against: '`JSON.parse`, `JSON.stringify`, flush of the same data',
        unit: '×',
        samples: ratiosOf(series.shotlock, series.json),
        aim: { atMost: 3 },
        detail: medians(series),
      }),
    ],
  }
}
