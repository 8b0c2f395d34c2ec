import { Composer, type Document, isMap, isScalar, type Node, Parser, parseDocument } from 'yaml'
import type { RawFields } from './build-shot.js'
import type { ShotName } from './names.js'
import { PlainManifest, readPlainTop } from './plain-manifest.js'
import { type PlainPair, plainReader } from './plain-yaml.js'
import type { ProblemCode } from './problem.js'
import type { SourceText } from './text-position.js'
import type { WrittenShot } from './written-shots.js'
import { plainPairs } from './yaml-nodes.js'
import {
  addFaults,
  duplicateFault,
  inspectNodes,
  keyText,
  type NodeFault,
  type ProblemSink,
  readYaml,
  suspiciouslyDeep,
  type YamlFile,
  yamlOptions,
} from './yaml-source.js'

/** A manifest as YAML. */
export interface ManifestYaml {
  /** Its tree, to find places in. Where everything was read without the parser, asking means parsing. */
  readonly yaml: YamlFile
  /** Everything but the shots as plain values, where they were read without the parser: the file is then a map. */
  top?: RawFields
  /** The shots, where they were read on their own; `shots:` is then empty in `yaml`. */
  shots?: readonly WrittenShot[]
}

/** Reads a manifest as YAML; `undefined` when it is too broken to be looked into, which was said. */
export type ManifestReader = (sink: ProblemSink) => ManifestYaml | undefined

/**
 * Reads a manifest shot by shot, in time and memory that grow with its shots alone: the library needs ten times the
 * text's size for the tree of a whole file, and most shots need no tree. What may mean something else by itself than in
 * its place is read as a whole, so that values, problems and places are always those of the whole file.
 */
export const readManifestYaml: ManifestReader = (sink) => readSlices(sink) ?? readWhole(sink)

/** Reads a manifest as a whole: what `readManifestYaml` is held against. */
export const readWhole: ManifestReader = (sink) => {
  const yaml = readYaml(sink)
  return yaml && { yaml }
}

/** How deep the tree of a shot goes that is read by itself, in nodes and pairs. */
const maxDepth = 40

/**
 * Reads every shot by itself, and the rest of the file without them.
 *
 * @returns `undefined`, with nothing reported, where only the whole file tells what is meant: shots that are not a block
 *   map of plain keys at one indentation, directives, anchors and aliases in shots, and whatever is no valid YAML.
 */
function readSlices(sink: ProblemSink): ManifestYaml | undefined {
  const { text } = sink.source
  const shotsAt = findShots(text)
  if (shotsAt === undefined) return readWithoutShots(text)
  const bodyAt = lineAfter(text, shotsAt)
  const header = text.slice(0, bodyAt)
  if (header.startsWith('%') || header.includes('\n%')) return undefined

  const found = readShots(sink.source, bodyAt)
  if (!found) return undefined
  const { shots, faults, end } = found
  // What follows the shots stays in its place behind one long comment.
  const restOfText = () =>
    end < text.length ? `${header}#${' '.repeat(end - bodyAt - 2)}\n${text.slice(end)}` : header
  const top = readPlainTop(text, [
    { start: lineWithText(text, 0), end: shotsAt },
    { start: end, end: text.length },
  ])
  if (top) {
    addFaults(faults, sink)
    return new PlainManifest(top, restOfText, shots)
  }
  const rest = readRest(restOfText(), shotsAt, sink.source)
  if (!rest) return undefined
  addFaults([...rest.faults, ...faults], sink)
  return { yaml: rest.yaml, shots }
}

/** Reads a file that states no shots, as those do that others extend. */
function readWithoutShots(text: string): ManifestYaml | undefined {
  const start = lineWithText(text, 0)
  const top = start < text.length ? readPlainTop(text, [{ start, end: text.length }]) : undefined
  return top && new PlainManifest(top, () => text)
}

/** Offset of a line that is `shots:` and nothing else. */
function findShots(text: string): number | undefined {
  for (let at = text.startsWith('shots:') ? 0 : nextShots(text, 0); at > -1; at = nextShots(text, at)) {
    if (/^shots:[ \t]*(?:[ \t]#.*)?$/s.test(text.slice(at, lineAfter(text, at)).trimEnd())) return at
  }
  return undefined
}

function nextShots(text: string, from: number): number {
  const at = text.indexOf('\nshots:', from)
  return at === -1 ? -1 : at + 1
}

/** Reads the file without its shots. Its end must begin as one more key of the same map does. */
function readRest(
  text: string,
  shotsAt: number,
  source: SourceText,
): { yaml: YamlFile; faults: NodeFault[] } | undefined {
  if (suspiciouslyDeep(text)) return undefined
  const document = parseDocument(text, yamlOptions)
  const { contents: root } = document
  if (document.errors.length > 0 || !isMap(root) || root.flow) return undefined
  const pair = root.items.find(({ key }) => isScalar(key) && key.value === 'shots')
  if (!isScalar(pair?.key) || pair.key.range?.[0] !== shotsAt) return undefined
  const { value } = pair
  if (!isScalar(value) || value.value !== null || value.anchor !== undefined || value.tag !== undefined) {
    return undefined
  }
  const { targets, faults } = inspectNodes(document, source)
  return { yaml: { contents: root, targets }, faults }
}

interface FoundShots {
  shots: SlicedShot[]
  faults: NodeFault[]
  /** Where the shots end and the rest of the file goes on. */
  end: number
}

function readShots(source: SourceText, bodyAt: number): FoundShots | undefined {
  const { text } = source
  const readPlain = plainReader(text)
  const shots: SlicedShot[] = []
  const faults: NodeFault[] = []
  const firsts = new Map<string, SlicedShot>()
  let slices: Slices | undefined
  let at = lineWithText(text, bodyAt)
  while (at < text.length) {
    const indent = indentAt(text, at)
    if (indent === 0) break
    slices ??= new Slices(text, indent)
    if (indent !== slices.indent) return undefined
    const plain = readPlain(at, indent)
    const read = plain ? plainShot(plain, slices) : parseShot(at, slices, source)
    if (!read) return undefined
    const { shot } = read
    const first = firsts.get(shot.name)
    if (first) faults.push(duplicateFault(shot.name, shot, source.positionAt(first.keyStart).line))
    else firsts.set(shot.name, shot)
    faults.push(...read.faults)
    shots.push(shot)
    at = lineWithText(text, shot.end)
  }
  // The end of the file goes on with a key, or it is none of a manifest.
  if (shots.length === 0 || (at < text.length && !/[A-Za-z_"']/.test(text[at]!))) return undefined
  return { shots, faults, end: at }
}

const none: readonly NodeFault[] = []

function plainShot(
  { key, value, keyStart, end }: PlainPair,
  slices: Slices,
): { shot: SlicedShot; faults: readonly NodeFault[] } {
  const isFields = typeof value === 'object' && !Array.isArray(value)
  const fields = isFields ? (value as RawFields) : undefined
  const place = { keyStart, keyEnd: keyStart + key.length, end }
  return { shot: new SlicedShot(key as ShotName, place, fields, slices), faults: none }
}

/** Reads the shot whose key stands in the line that begins at `start` with the library. */
function parseShot(
  start: number,
  slices: Slices,
  source: SourceText,
): { shot: SlicedShot; faults: readonly NodeFault[] } | undefined {
  const { text, indent } = slices
  // A key of another kind, which the lines before it have a say in.
  if (/[?:]/.test(text[start + indent]!)) return undefined
  const end = endOfSlice(text, start, indent)
  if (suspiciouslyDeep(text.slice(start, end))) return undefined
  const document = parseSlice(text, start, end)
  const map = document?.contents
  if (!document || !isMap(map) || map.flow || map.items.length !== 1) return undefined
  const { key, value } = map.items[0]!
  if (!isScalar(key) || key.range?.[0] !== start + indent) return undefined
  const { faults, hasAnchors, depth, targets } = inspectNodes(document, source)
  if (hasAnchors || depth > maxDepth) return undefined

  const [keyStart, keyEnd] = key.range
  // Nothing is left that could be wrong with its values.
  const fields = isMap(value) ? plainPairs(value, { contents: map, targets }, noSink, () => true) : undefined
  const place = { keyStart, keyEnd, end }
  return { shot: new SlicedShot(keyText(key) as ShotName, place, fields, slices), faults }
}

const noSink: ProblemSink = {
  problems: [],
  source: { text: '', positionAt: () => ({ line: 1, col: 1 }), lineAt: () => '' },
  add: cannotBe,
  place: cannotBe,
}

function cannotBe(code: ProblemCode, offset: number, message: string): never {
  throw new Error(`A shot cannot be read at ${offset}: ${message} (${code})`)
}

/** A piece of a file as a document of its own whose nodes have their places in the file; `undefined` when it is none. */
function parseSlice(text: string, start: number, end: number): Document.Parsed | undefined {
  const parser = new Parser()
  parser.offset = start
  const composer = new Composer(yamlOptions)
  const documents = [...composer.compose(parser.parse(text.slice(start, end)), true, end)]
  const [document] = documents
  return documents.length === 1 && document!.errors.length === 0 ? document : undefined
}

/** A file whose shots are read one by one. */
class Slices {
  readonly text: string
  /** How many spaces stand before each key. */
  readonly indent: number
  #latest: { start: number; node: Node | undefined } | undefined

  constructor(text: string, indent: number) {
    this.text = text
    this.indent = indent
  }

  /** The value of the shot in a slice, parsed anew; problems of one shot come together, so the latest is kept. */
  nodeIn(keyStart: number, end: number): Node | undefined {
    if (this.#latest?.start !== keyStart) {
      const map = parseSlice(this.text, keyStart - this.indent, end)?.contents
      const value = isMap(map) ? map.items[0]?.value : undefined
      this.#latest = { start: keyStart, node: (value as Node | null | undefined) ?? undefined }
    }
    return this.#latest.node
  }
}

/** A shot that was read by itself. There may be very many: it is small, and its tree is made when it is asked for. */
class SlicedShot implements WrittenShot {
  readonly name: ShotName
  readonly keyStart: number
  readonly keyEnd: number
  readonly end: number
  readonly #fields: RawFields | undefined
  readonly #slices: Slices

  constructor(
    name: ShotName,
    { keyStart, keyEnd, end }: { keyStart: number; keyEnd: number; end: number },
    fields: RawFields | undefined,
    slices: Slices,
  ) {
    this.name = name
    this.keyStart = keyStart
    this.keyEnd = keyEnd
    this.end = end
    this.#fields = fields
    this.#slices = slices
  }

  get key(): this {
    return this
  }

  get range(): [number, number, number] {
    return [this.keyStart, this.keyEnd, this.keyEnd]
  }

  get earliest(): number {
    return this.keyStart
  }

  get node(): Node | undefined {
    return this.#slices.nodeIn(this.keyStart, this.end)
  }

  read(): RawFields | 'no-map' {
    return this.#fields ?? 'no-map'
  }
}

/** Offset of the line after the one that `at` is in. */
function lineAfter(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return end === -1 ? text.length : end + 1
}

/** Offset of the first line from `at` on, itself the beginning of one, that is not empty nor a comment. */
function lineWithText(text: string, at: number): number {
  while (at < text.length && isEmptyAt(text, at + indentAt(text, at))) at = lineAfter(text, at)
  return at
}

function indentAt(text: string, at: number): number {
  let indent = 0
  while (text.charCodeAt(at + indent) === 32) indent++
  return indent
}

/** Whether nothing or a comment begins here. */
function isEmptyAt(text: string, at: number): boolean {
  const c = text[at]
  return c === '\n' || c === '#' || c === undefined || (c === '\r' && text[at + 1] === '\n')
}

/** Offset of the next line that is no deeper than a key, and does not close a bracket of it. */
function endOfSlice(text: string, start: number, indent: number): number {
  let at = lineAfter(text, start)
  for (; at < text.length; at = lineAfter(text, at)) {
    const own = indentAt(text, at)
    const c = text[at + own]
    if (own <= indent && c !== '}' && c !== ']' && !isEmptyAt(text, at + own)) return at
  }
  return at
}
