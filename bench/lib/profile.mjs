import { readdirSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { isAbsolute, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = resolve(import.meta.dirname, '../..')

/** @typedef {{ name: string, place: string, share: number }} Cost `share` is between 0 and 1. */

/**
 * Where the time of a process went: functions by the time spent in themselves.
 *
 * @param {string} file A `.cpuprofile`.
 * @returns {Cost[]} The most first.
 */
export function timeByFunction(file) {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(file, 'utf8'))
  const byId = new Map(nodes.map((node) => [node.id, node.callFrame]))
  const costs = samples.map((id, index) => ({ frame: byId.get(id), amount: timeDeltas[index] }))
  // Waiting costs no processor.
  return ranked(costs.filter(({ frame }) => frame.functionName !== '(idle)'))
}

/**
 * Who asked for the memory that was in use when a profile was taken.
 *
 * @param {string} file A `.heapprofile`.
 * @returns {{ costs: Cost[], megabytes: number }} The most first; what is outside of the heap is not counted.
 */
export function memoryByFunction(file) {
  const { head } = JSON.parse(readFileSync(file, 'utf8'))
  const costs = []
  const waiting = [head]
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    costs.push({ frame: node.callFrame, amount: node.selfSize })
    waiting.push(...node.children)
  }
  const bytes = costs.reduce((sum, { amount }) => sum + amount, 0)
  return { costs: ranked(costs), megabytes: bytes / 1e6 }
}

/**
 * The newest file with an ending; of a program with workers, the one of the main thread is the largest.
 *
 * @param {string} folder
 * @param {string} ending
 */
export function profileIn(folder, ending) {
  const files = readdirSync(folder).filter((name) => name.endsWith(ending))
  if (files.length === 0) throw new Error(`There is no ${ending} in ${folder}`)
  return join(folder, files.sort((a, b) => size(join(folder, b)) - size(join(folder, a)))[0])
}

/** @param {string} path */
function size(path) {
  return readFileSync(path).length
}

function ranked(costs) {
  const total = costs.reduce((sum, { amount }) => sum + amount, 0)
  const place = placeFinder()
  const byFunction = new Map()
  for (const { frame, amount } of costs) {
    const name = frame.functionName || '(anonymous)'
    const key = `${name}\n${frame.url === '' ? '' : place(frame)}`
    byFunction.set(key, (byFunction.get(key) ?? 0) + amount)
  }
  return [...byFunction]
    .sort(([, a], [, b]) => b - a)
    .map(([key, amount]) => {
      const [name, place] = key.split('\n')
      return { name, place, share: amount / total }
    })
}

/** Finds a function's place in the sources, through the maps that the build leaves beside its files. */
function placeFinder() {
  const maps = new Map()
  const mapOf = (path) => {
    if (!maps.has(path)) {
      try {
        maps.set(path, new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8'))))
      } catch {
        maps.set(path, undefined)
      }
    }
    return maps.get(path)
  }
  return ({ url, lineNumber, columnNumber }) => {
    // Node's own modules have a scheme of their own, and CommonJS modules none.
    if (!url.startsWith('file:') && !isAbsolute(url)) return url
    const path = url.startsWith('file:') ? fileURLToPath(url) : url
    const entry = mapOf(path)?.findEntry(lineNumber, columnNumber)
    const source = entry?.originalSource
    const [file, line] = source ? [resolve(path, '..', source), entry.originalLine] : [path, lineNumber]
    const inPackage = /.*\/node_modules\/(.*)/.exec(file)?.[1]
    return `${inPackage ?? relative(root, file)}:${line + 1}`
  }
}
