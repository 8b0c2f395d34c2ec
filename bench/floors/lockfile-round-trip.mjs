// Reads a lockfile and writes it again, flushed and renamed into its place, as shotlock or as JSON; prints the
// milliseconds of that alone.
//
//   node lockfile-round-trip.mjs FILE LIBRARY    as shotlock: LIBRARY is dist/index.mjs
//   node lockfile-round-trip.mjs FILE            as JSON
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'

const [, , file, library] = process.argv
const codec = library === undefined ? { parse: JSON.parse, render: JSON.stringify } : await ours(library)

const startedAt = performance.now()
const data = codec.parse(readFileSync(file, 'utf8'))
const text = codec.render(data)
const handle = openSync(`${file}.tmp`, 'w')
writeSync(handle, text)
fsyncSync(handle)
closeSync(handle)
renameSync(`${file}.tmp`, file)
console.log(performance.now() - startedAt)

async function ours(path) {
  const { parseLockfile, renderLockfile } = await import(path)
  return { parse: (text) => parseLockfile(text, file), render: renderLockfile }
}
