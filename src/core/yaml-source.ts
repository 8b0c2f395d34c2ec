import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  parseDocument,
  visit,
} from 'yaml'
import type { Problem, ProblemCode } from './problem.js'
import { type SourceText, sourceText } from './text-position.js'

/** Collects problems of one file, each placed in its text. */
export interface ProblemSink {
  readonly problems: Problem[]
  readonly source: SourceText
  add(code: ProblemCode, offset: number, message: string, options?: ProblemOptions): void
  /** The problem that `add` would add, without adding it. */
  place(code: ProblemCode, offset: number, message: string, options?: ProblemOptions): Problem
}

export interface ProblemOptions {
  /** How many characters to underline; default 1. */
  length?: number
  shot?: string | undefined
  severity?: Problem['severity']
}

/**
 * A sink for problems in `text`, which the person knows as `file`.
 *
 * @param problems Where they go, for several files that are one manifest.
 */
export function problemSink(file: string, text: string, problems: Problem[] = []): ProblemSink {
  const source = sourceText(text)
  // What stands in the defaults is wrong once, not once for every shot.
  const known = new Set<string>()
  const sink: ProblemSink = {
    problems,
    source,
    add(code, offset, message, options) {
      const fault = `${code} ${offset} ${message}`
      if (known.has(fault)) return
      known.add(fault)
      problems.push(sink.place(code, offset, message, options))
    },
    place(code, offset, message, { length = 1, shot, severity = 'error' } = {}) {
      const { line, col } = source.positionAt(offset)
      const sourceLine = source.lineAt(line)
      const visible = Math.max(1, Math.min(length, sourceLine.length - col + 1))
      const place = { file, line, col, length: visible, sourceLine }
      return { code, severity, message, ...place, ...(shot === undefined ? {} : { shot }) }
    },
  }
  return sink
}

/** A document, and the node that each of its aliases stands for; aliases that were reported are left out. */
export interface YamlFile {
  contents: Node | null
  targets: ReadonlyMap<Alias, Node>
}

/** How deep collections may be nested; beyond it a parser that recurses is in danger, and nobody means it. */
const maxDepth = 64

/** How many nodes the aliases in one value may bring in. */
const maxExpandedNodes = 10_000

const coreTags = new Set(
  ['map', 'seq', 'str', 'int', 'float', 'bool', 'null'].map((name) => `tag:yaml.org,2002:${name}`),
)

/** How the library is asked to read: keys as written, and without its check of their uniqueness. */
export const yamlOptions = {
  uniqueKeys: false,
  stringKeys: true,
  prettyErrors: false,
  logLevel: 'error',
} as const

/**
 * Reads one YAML 1.2 document with keys as written (`012`, `no` and `1e3` are texts), and reports everything in it
 * that two readers could understand differently.
 *
 * @returns The document, or `undefined` when it is too broken to be looked into further.
 */
export function readYaml(sink: ProblemSink): YamlFile | undefined {
  const { text } = sink.source
  const deep = tooDeepAt(text)
  if (deep !== undefined) {
    sink.add('yaml-depth', deep, `Collections are nested more than ${maxDepth} deep`)
    return undefined
  }

  // Key uniqueness is checked below: the library compares every pair of keys, which takes minutes at 100,000.
  const document = parseDocument(text, yamlOptions)
  const exhausted = document.errors.find(({ code }) => code === 'RESOURCE_EXHAUSTION')
  // Whatever else is reported then only follows from it.
  for (const error of exhausted ? [exhausted] : document.errors.slice(0, 20)) {
    const [start, end] = error.pos
    if (error === exhausted) {
      sink.add('yaml-depth', start, `Collections are nested more than ${maxDepth} deep`)
    } else if (error.code === 'MULTIPLE_DOCS') {
      sink.add('yaml-documents', start, 'A second document starts here; a file holds one', { length: 3 })
    } else {
      sink.add('yaml-syntax', start, error.message.replace(/\.$/, ''), { length: end - start })
    }
  }
  const { yaml } = document.directives
  if (yaml.explicit && yaml.version !== '1.2') {
    sink.add(
      'yaml-directive',
      Math.max(0, text.search(/^%YAML/m)),
      `%YAML ${yaml.version} gives words other meanings; shotlock reads YAML 1.2`,
      { length: 5 },
    )
  }
  if (sink.problems.length > 0) return undefined

  const { targets, faults } = inspectNodes(document, sink.source)
  addFaults(faults, sink)
  return { contents: document.contents, targets }
}

/** A problem that is not placed in its file yet: what `ProblemSink.add` takes. */
export type NodeFault = Parameters<ProblemSink['add']>

/** What is found in looking at every node of a document. */
export interface NodeFindings {
  targets: YamlFile['targets']
  faults: NodeFault[]
  /** Whether anything in it is an anchor or an alias, which may reach beyond it. */
  hasAnchors: boolean
  /** The most nodes and pairs that one of them stands in. */
  depth: number
}

/** Adds faults in the order of their places. */
export function addFaults(faults: readonly NodeFault[], sink: ProblemSink): void {
  for (const fault of faults.toSorted(([, a], [, b]) => a - b)) sink.add(...fault)
}

/** Checks every node. Finds what aliases stand for on the way: the library walks the document anew for each. */
export function inspectNodes(document: Document, source: SourceText): NodeFindings {
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  const faults: NodeFault[] = []
  let depth = 0
  const checkNode = (node: Node, path: readonly unknown[]) => {
    depth = Math.max(depth, path.length)
    if (isAlias(node)) {
      const target = anchors.get(node.source)
      const fault = aliasFault(node, target)
      if (fault) faults.push(fault)
      else targets.set(node, target!)
      return
    }
    if ('anchor' in node && typeof node.anchor === 'string') anchors.set(node.anchor, node)
    if (node.tag !== undefined && !coreTags.has(node.tag)) {
      const shown = node.tag.replace('tag:yaml.org,2002:', '!!')
      const message = `The tag ${shown} has no meaning here`
      faults.push(['yaml-tag', startOf(node), message, { length: shown.length }])
    }
  }
  visit(document, {
    Node: (_, node, path) => checkNode(node, path),
    // A visitor of maps replaces that of nodes.
    Map(_, map, path) {
      checkNode(map, path)
      const seen = new Map<string, number>()
      for (const { key } of map.items) {
        if (!isScalar(key) || typeof key.value !== 'string') continue
        const first = seen.get(key.value)
        if (first === undefined) {
          seen.set(key.value, startOf(key))
          continue
        }
        faults.push(duplicateFault(key.value, key, source.positionAt(first).line))
      }
    },
  })
  const hasAnchors = anchors.size > 0 || targets.size > 0 || faults.some(([code]) => code === 'yaml-alias')
  return { targets, faults, hasAnchors, depth }
}

/** Says of a key that stands twice in a map where it stood first. */
export function duplicateFault(text: string, key: Placed, firstLine: number): NodeFault {
  return [
    'duplicate-key',
    startOf(key),
    `"${text}" is already on line ${firstLine}`,
    { length: lengthOf(key) },
  ]
}

function aliasFault(alias: Alias, target: Node | undefined): NodeFault | undefined {
  const at = startOf(alias)
  const options = { length: alias.source.length + 1 }
  if (target === undefined)
    return ['yaml-alias', at, `Nothing above is anchored as &${alias.source}`, options]
  if (startOf(target) <= at && at < (target.range?.[1] ?? 0))
    return ['yaml-alias', at, `*${alias.source} stands inside what it stands for`, options]
  return undefined
}

/**
 * The plain value of a node. Aliases that multiply are refused rather than expanded.
 *
 * @returns `undefined` after adding a problem, or when an alias in it was reported before.
 */
export function plainValue(
  node: Node,
  { targets }: YamlFile,
  sink: ProblemSink,
): { value: unknown } | undefined {
  let expanded = 0
  let fault: 'depth' | 'expansion' | 'reported' | undefined
  const plain = (one: unknown, depth: number, inAlias: boolean): unknown => {
    if (inAlias && ++expanded > maxExpandedNodes) fault = 'expansion'
    else if (depth > maxDepth) fault = 'depth'
    if (fault) return undefined
    if (isAlias(one)) {
      const target = targets.get(one)
      if (!target) fault = 'reported'
      return target && plain(target, depth, true)
    }
    if (isMap(one)) {
      return Object.fromEntries(
        one.items.map(({ key, value }) => [keyText(key), plain(value, depth + 1, inAlias)]),
      )
    }
    if (isSeq(one)) return one.items.map((item) => plain(item, depth + 1, inAlias))
    return isScalar(one) ? scalarValue(one) : null
  }
  const value = plain(node, 0, false)
  if (fault === 'expansion') {
    sink.add('yaml-alias', startOf(node), 'Aliases in here multiply beyond what a manifest needs')
  } else if (fault === 'depth') {
    sink.add('yaml-depth', startOf(node), `Collections are nested more than ${maxDepth} deep`)
  }
  return fault ? undefined : { value }
}

/** A key as written. */
export function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key)
}

/** A scalar's value; of one whose tag has no meaning here, its text. */
function scalarValue({ value, source }: { value: unknown; source?: string }): unknown {
  return typeof value === 'object' && value !== null ? (source ?? '') : value
}

/** Something that stands in a file: a node, or what is known of where one stands. */
export type Placed = Pick<Node, 'range'>

/** Offset of a node's first character. */
export function startOf(node: Placed): number {
  return node.range?.[0] ?? 0
}

/** Number of characters of a node as written. */
export function lengthOf(node: Placed): number {
  return node.range ? node.range[1] - node.range[0] : 1
}

/**
 * Decodes a file as UTF-8.
 *
 * @returns The text without a byte order mark, or where the first bad byte stands (1-based line).
 */
export function decodeUtf8(bytes: Uint8Array): { text: string } | { fault: string; line: number } {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return { fault: 'The file is UTF-16; save it as UTF-8', line: 1 }
  }
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch {
    // Lenient decoding puts U+FFFD where the first bad byte stands; a real U+FFFD before it is as good a place.
    const line = new TextDecoder().decode(bytes).split('\ufffd', 1)[0]!.split('\n').length
    return { fault: 'The file is not UTF-8 (first bad byte on this line); save it as UTF-8', line }
  }
}

/**
 * Where flow collections go deeper than `maxDepth`, found before parsing: the parser can run out of memory on them.
 * A cheap count over the raw text first; only a suspicious text is lexed, since brackets may also stand in prose.
 */
function tooDeepAt(text: string): number | undefined {
  if (!suspiciouslyDeep(text)) return undefined
  let depth = 0
  let offset = 0
  for (const token of new Lexer().lex(text)) {
    if (token === '[' || token === '{') depth++
    else if (token === ']' || token === '}') depth--
    if (depth > maxDepth) return offset
    if (token !== '\u0002' && token !== '\u001f' && token !== '\u0018') offset += token.length
  }
  return undefined
}

/** Whether flow collections may go too deep: their brackets do, wherever they stand. */
export function suspiciouslyDeep(text: string): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const c = text.charCodeAt(at)
    // [ and {, ] and }
    if (c === 91 || c === 123) {
      if (++depth > maxDepth) return true
    } else if ((c === 93 || c === 125) && depth > 0) depth--
  }
  return false
}
