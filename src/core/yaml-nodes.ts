import { isAlias, isMap, isNode, isScalar, isSeq, type Node, type Pair, type YAMLMap } from 'yaml'
import type { ShotName } from './names.js'
import type { ProblemCode } from './problem.js'
import {
  keyText,
  lengthOf,
  type Placed,
  type ProblemSink,
  plainValue,
  startOf,
  type YamlFile,
} from './yaml-source.js'

/** Plain values of a map's pairs; keys such as `__proto__` become ordinary own properties. */
export function plainPairs(
  map: YAMLMap,
  file: YamlFile,
  sink: ProblemSink,
  wanted: (pair: Pair) => boolean,
): Record<string, unknown> | undefined {
  const entries: [string, unknown][] = []
  for (const pair of map.items) {
    if (!wanted(pair)) continue
    const plain = isNode(pair.value) ? plainValue(pair.value, file, sink) : { value: null }
    if (!plain) return undefined
    entries.push([keyText(pair.key), plain.value])
  }
  return Object.fromEntries(entries)
}

/** The node behind an alias; any other node as it is. */
export function resolveAlias(node: Node | null, { targets }: YamlFile): Node | null {
  return isAlias(node) ? (targets.get(node) ?? null) : node
}

/** The node of a field, or `undefined` when the map does not state it; an empty path is the map itself. */
export function fieldNode(map: Node | undefined, path: readonly (string | number)[]): Node | undefined {
  if (path.length === 0 || map === undefined) return undefined
  let node: unknown = map
  for (const key of path) node = isMap(node) || isSeq(node) ? node.get(key, true) : undefined
  return isNode(node) ? node : undefined
}

/** Adds a problem at a field of `map`, or at its key. */
export function addAt(
  sink: ProblemSink,
  map: Node,
  path: readonly string[],
  atKey: boolean,
  code: ProblemCode,
  message: string,
  shot?: ShotName,
): void {
  const parent = atKey ? (path.length === 1 ? map : fieldNode(map, path.slice(0, -1))) : undefined
  const key = isMap(parent)
    ? parent.items.map((pair) => pair.key).find((one) => isScalar(one) && one.value === path.at(-1))
    : undefined
  const indexed = path.map((one) => (/^\d+$/.test(one) ? Number(one) : one))
  const node = isNode(key) ? key : (fieldNode(map, path) ?? fieldNode(map, indexed) ?? map)
  sink.add(code, startOf(node), message, { length: node === map ? 1 : lengthOf(node), shot })
}

/**
 * Where a piece of a text stands in the source: quoting and folding seldom change the piece itself.
 *
 * @param before The text before the piece, to tell it from others like it.
 */
export function pieceOffset(
  node: Placed,
  piece: string,
  before: string,
  sink: ProblemSink,
): number | undefined {
  const start = startOf(node)
  const written = sink.source.text.slice(start, start + lengthOf(node))
  let found = written.indexOf(piece)
  for (let at = before.indexOf(piece); at !== -1 && found !== -1; at = before.indexOf(piece, at + 1)) {
    found = written.indexOf(piece, found + 1)
  }
  return found === -1 ? undefined : start + found
}
