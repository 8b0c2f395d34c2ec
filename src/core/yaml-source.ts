import { type Document, isAlias, isNode, isScalar, Lexer, type Node, parseDocument, visit } from 'yaml'
import type { Problem, ProblemCode } from './problem.js'
import { type SourceText, sourceText } from './text-position.js'

/** Collects problems of one file, each placed in its text. */
export interface ProblemSink {
  readonly problems: Problem[]
  readonly source: SourceText
  add(code: ProblemCode, offset: number, message: string, options?: ProblemOptions): void
}

export interface ProblemOptions {
  /** How many characters to underline; default 1. */
  length?: number
  shot?: string | undefined
  severity?: Problem['severity']
}

/** A sink for problems in `text`, which the person knows as `file`. */
export function problemSink(file: string, text: string): ProblemSink {
  const source = sourceText(text)
  const problems: Problem[] = []
  // What stands in the defaults is wrong once, not once for every shot.
  const known = new Set<string>()
  return {
    problems,
    source,
    add(code, offset, message, { length = 1, shot, severity = 'error' } = {}) {
      const fault = `${code} ${offset} ${message}`
      if (known.has(fault)) return
      known.add(fault)
      const { line, col } = source.positionAt(offset)
      const sourceLine = source.lineAt(line)
      const visible = Math.max(1, Math.min(length, sourceLine.length - col + 1))
      const place = { file, line, col, length: visible, sourceLine }
      problems.push({ code, severity, message, ...place, ...(shot === undefined ? {} : { shot }) })
    },
  }
}

/** How deep collections may be nested; beyond it a parser that recurses is in danger, and nobody means it. */
const maxDepth = 64

const coreTags = new Set(
  ['map', 'seq', 'str', 'int', 'float', 'bool', 'null'].map((name) => `tag:yaml.org,2002:${name}`),
)

/**
 * Reads one YAML 1.2 document with keys as written (`012`, `no` and `1e3` are texts), and reports everything in it
 * that two readers could understand differently.
 *
 * @returns The document, or `undefined` when it is too broken to be looked into further.
 */
export function readYaml(sink: ProblemSink): Document.Parsed | undefined {
  const { text } = sink.source
  const deep = tooDeepAt(text)
  if (deep !== undefined) {
    sink.add('yaml-depth', deep, `Collections are nested more than ${maxDepth} deep`)
    return undefined
  }

  // Key uniqueness is checked below: the library compares every pair of keys, which takes minutes at 100,000.
  const document = parseDocument(text, {
    uniqueKeys: false,
    stringKeys: true,
    prettyErrors: false,
    logLevel: 'error',
  })
  for (const error of document.errors.slice(0, 20)) {
    const [start, end] = error.pos
    if (error.code === 'MULTIPLE_DOCS') {
      sink.add('yaml-documents', start, 'A second document starts here; a file holds one', { length: 3 })
    } else if (error.code === 'RESOURCE_EXHAUSTION') {
      sink.add('yaml-depth', start, `Collections are nested more than ${maxDepth} deep`)
    } else {
      sink.add('yaml-syntax', start, error.message.replace(/\.$/, ''), { length: end - start })
    }
  }
  const { yaml } = document.directives
  if (yaml.explicit && yaml.version !== '1.2') {
    sink.add(
      'yaml-directive',
      0,
      `%YAML ${yaml.version} gives words other meanings; shotlock reads YAML 1.2`,
      { length: 5 },
    )
  }
  if (sink.problems.length > 0) return undefined

  checkNodes(document, sink)
  return document
}

function checkNodes(document: Document.Parsed, sink: ProblemSink): void {
  visit(document, {
    Node(_, node) {
      if (isAlias(node)) {
        checkAlias(node, document, sink)
      } else if (node.tag !== undefined && !coreTags.has(node.tag)) {
        const shown = node.tag.replace('tag:yaml.org,2002:', '!!')
        sink.add('yaml-tag', startOf(node), `The tag ${shown} has no meaning here`, { length: shown.length })
      }
    },
    Map(_, map) {
      const seen = new Map<string, number>()
      for (const { key } of map.items) {
        if (!isScalar(key) || typeof key.value !== 'string') continue
        const first = seen.get(key.value)
        if (first === undefined) {
          seen.set(key.value, startOf(key))
          continue
        }
        const { line } = sink.source.positionAt(first)
        sink.add('duplicate-key', startOf(key), `"${key.value}" is already on line ${line}`, {
          length: lengthOf(key),
        })
      }
    },
  })
}

function checkAlias(alias: Node & { source: string }, document: Document.Parsed, sink: ProblemSink): void {
  const at = startOf(alias)
  const options = { length: alias.source.length + 1 }
  const target = isAlias(alias) ? alias.resolve(document) : undefined
  if (target === undefined) {
    sink.add('yaml-alias', at, `Nothing above is anchored as &${alias.source}`, options)
  } else if (isNode(target) && startOf(target) <= at && at < (target.range?.[1] ?? 0)) {
    sink.add('yaml-alias', at, `*${alias.source} stands inside what it stands for`, options)
  }
}

/**
 * The plain value of a node. Aliases that multiply are refused rather than expanded.
 *
 * @returns `undefined` after adding a problem.
 */
export function plainValue(
  node: Node,
  document: Document.Parsed,
  sink: ProblemSink,
): { value: unknown } | undefined {
  try {
    return { value: node.toJS(document, { maxAliasCount: 100 }) }
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    sink.add('yaml-alias', startOf(node), 'Aliases in here multiply beyond what a manifest needs')
    return undefined
  }
}

/** Offset of a node's first character. */
export function startOf(node: Node): number {
  return node.range?.[0] ?? 0
}

/** Number of characters of a node as written. */
export function lengthOf(node: Node): number {
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

function suspiciouslyDeep(text: string): boolean {
  let depth = 0
  for (const [bracket] of text.matchAll(/[[\]{}]/g)) {
    if (bracket === '[' || bracket === '{') depth++
    else depth = Math.max(0, depth - 1)
    if (depth > maxDepth) return true
  }
  return false
}
