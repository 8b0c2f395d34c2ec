import type { ValidateFunction } from 'ajv'
import { isMap, isScalar, type Node, type Pair, type YAMLMap } from 'yaml'
import { asFields, type RawFields } from './build-shot.js'
import { type ManifestYaml, readManifestYaml } from './manifest-slices.js'
import { type Axis, type Cell, cellsOf, countCells, mostCells } from './matrix.js'
import { readMoney } from './money.js'
import { nameKey, type ShotName, shotNameFault } from './names.js'
import { rateOf } from './prices.js'
import { describeSchemaErrors, type SchemaFault } from './schema-problems.js'
import { rootFields, shotFields, validateRoot, validateShot } from './schemas/manifest.js'
import type { Manifest } from './shot.js'
import { type WrittenShot, writtenIn } from './written-shots.js'
import { addAt, fieldNode, plainPairs, resolveAlias } from './yaml-nodes.js'
import {
  decodeUtf8,
  lengthOf,
  type Placed,
  type ProblemSink,
  problemSink,
  startOf,
  type YamlFile,
} from './yaml-source.js'

/** A manifest taken apart: what of it passed the schema. */
export interface RootParts {
  money: Pick<Manifest, 'budget' | 'rates'>
  /** Codes of advice about prompts that the manifest switches off. */
  lintOff: ReadonlySet<string>
  /** The manifest's own, then those of what it extends, nearest first. */
  defaults: readonly Layer[]
  vars: ReadonlyMap<string, string>
  /** The variables as the first versions read them: numbers in JavaScript's words. `undefined` where that is the same. */
  earlierVars: ReadonlyMap<string, string> | undefined
  shots: ShotLayer[]
  keys: ReadonlyMap<ShotName, Placed>
}

/** A shot or the defaults: what of it passed the schema, and the names of the fields that did not. */
export interface Layer {
  node: Node | undefined
  /** Hears of what is wrong with it. */
  sink: ProblemSink
  fields: RawFields
  broken: ReadonlySet<string>
}

/** A shot that is to be. Those of one matrix share everything but their name and what its axes fill. */
export class ShotLayer implements Layer {
  readonly name: ShotName
  readonly cell: ReadonlyMap<string, string>
  /** What its matrix put behind its name; empty without one. */
  readonly suffix: string
  readonly sink: ProblemSink
  readonly fields: RawFields
  readonly broken: ReadonlySet<string>
  readonly #written: WrittenShot

  constructor(
    written: WrittenShot,
    { sink, fields, broken }: Pick<Layer, 'sink' | 'fields' | 'broken'>,
    { name, cell }: { name: ShotName; cell: Cell },
  ) {
    this.name = name
    this.cell = cell.values
    this.suffix = cell.suffix
    this.sink = sink
    this.fields = fields
    this.broken = broken
    this.#written = written
  }

  /** Offset that nothing of it stands before. */
  get earliest(): number {
    return this.#written.earliest
  }

  /** Made when it is asked for: only the place of a fault needs it. */
  get node(): Node | undefined {
    return this.#written.node
  }
}

/** Everything of a file but its shots. */
interface Top {
  defaults: Layer
  vars: ReadonlyMap<string, string>
  /** The variables in JavaScript's words. */
  plainVars: ReadonlyMap<string, string>
  money: RootParts['money']
  lintOff: ReadonlySet<string>
  /** Finds where it names the file that it extends; `undefined` when it extends none. */
  extends: (() => Placed) | undefined
}

/** A file that a manifest extends, or why it cannot. Nearest first in a list of them. */
export type BaseFile = { file: string; content: Uint8Array | string } | { fault: string }

const unread = 'the file that this extends was not read: "extends:" stands on a line of its own, at the left'

/**
 * Takes a manifest apart and holds every part against the schema. Variables, defaults and prices of the files that it
 * extends count where it does not state its own; their shots are theirs alone.
 */
export function splitRoot(
  file: ManifestYaml,
  sink: ProblemSink,
  bases: readonly BaseFile[],
): RootParts | undefined {
  if (!isMapOfFields(file)) {
    const root = file.yaml.contents
    const what =
      root === null || (isScalar(root) && root.value === null)
        ? 'The manifest is empty'
        : 'A manifest is a map'
    sink.add('no-shots', root ? startOf(root) : 0, `${what}: it needs "version: 1" and "shots:"`)
    return undefined
  }

  const top = readTop(file, sink)
  if (!top) return undefined
  const tops = [top, ...readBases(top, sink, bases)]
  const found = file.shots ?? findShots(file.yaml, sink)
  if (!found) return undefined
  const shots = splitShots(found, sink)

  const farthestFirst = tops.toReversed()
  const vars = new Map(farthestFirst.flatMap((one) => [...one.vars]))
  const plainVars = new Map(farthestFirst.flatMap((one) => [...one.plainVars]))
  const earlierVars = [...vars].some(([name, value]) => plainVars.get(name) !== value) ? plainVars : undefined
  const rates = tops.flatMap(({ money }) => money.rates ?? [])
  const money = { ...top.money, ...(rates.length > 0 && { rates }) }
  return {
    money,
    lintOff: top.lintOff,
    defaults: tops.map(({ defaults }) => defaults),
    vars,
    earlierVars,
    ...shots,
  }
}

/** What a manifest extends, nearest first, each with its problems placed in its own file. */
function readBases(top: Top, sink: ProblemSink, bases: readonly BaseFile[]): Top[] {
  const tops: Top[] = []
  let [last, at] = [top, sink]
  for (const base of bases.length === 0 ? [{ fault: unread }] : bases) {
    if (!last.extends) break
    if ('fault' in base) {
      at.add('extends', startOf(last.extends()), base.fault, { length: lengthOf(last.extends()) })
      break
    }
    const decoded = typeof base.content === 'string' ? { text: base.content } : decodeUtf8(base.content)
    if ('fault' in decoded) {
      at.add('extends', startOf(last.extends()), `"${base.file}": ${decoded.fault}`)
      break
    }
    const own = problemSink(base.file, decoded.text, sink.problems)
    const extended = readManifestYaml(own)
    if (!extended || !isMapOfFields(extended)) {
      if (extended)
        own.add('wrong-type', 0, 'a file that is extended is a map of version, vars, defaults and prices')
      break
    }
    const read = readTop(extended, own)
    if (!read) break
    tops.push(read)
    ;[last, at] = [read, own]
  }
  return tops
}

function isMapOfFields(file: ManifestYaml): boolean {
  return file.top !== undefined || isMap(file.yaml.contents)
}

function readTop(file: ManifestYaml, sink: ProblemSink): Top | undefined {
  // Only the place of a fault needs it.
  const root = () => file.yaml.contents as YAMLMap
  const others = file.top ?? plainPairs(root(), file.yaml, sink, (pair) => !isShots(pair))
  if (!others) return undefined
  const faults = schemaFaults(validateRoot, others, [...rootFields, ...shotFields])
  for (const { code, path, atKey, message } of faults) addAt(sink, root(), path, atKey, code, message)
  if (hasBothNames(others.defaults)) {
    addAt(sink, root(), ['defaults', 'image'], true, 'field-conflict', bothNames)
  }
  if (others.version === undefined && !root().has('version')) {
    sink.add('version', startOf(root()), '"version: 1" is missing')
  }

  const vars = new Map<string, string>()
  const plainVars = new Map<string, string>()
  for (const [name, plain] of Object.entries(asFields(others.vars))) {
    if (typeof plain === 'object') continue
    const value = typeof plain === 'string' ? plain : asWritten(fieldNode(root(), ['vars', name]), plain)
    if (value.includes('${')) {
      addAt(
        sink,
        root(),
        ['vars', name],
        false,
        'template-syntax',
        `the variable "${name}" refers to another; variables are plain texts`,
      )
    }
    vars.set(name, value)
    plainVars.set(name, String(plain))
  }

  const inDefaults = faults.filter(({ path }) => path[0] === 'defaults')
  const sound = (field: string) => (faults.some(({ path }) => path[0] === field) ? undefined : others[field])
  // A misspelt code is an error of its own; the others count.
  const { ignore } = asFields(others.lint)
  return {
    lintOff: new Set<string>(Array.isArray(ignore) ? ignore : []),
    defaults: {
      get node() {
        return resolveAlias(fieldNode(root(), ['defaults']) ?? null, file.yaml) ?? undefined
      },
      sink,
      ...soundPart(
        asFields(others.defaults),
        inDefaults.map(({ path }) => ({ path: path.slice(1) })),
      ),
    },
    vars,
    plainVars,
    money: moneyIn(sound('budget'), sound('prices')),
    extends: others.extends === undefined ? undefined : () => fieldNode(root(), ['extends'])!,
  }
}

/**
 * The path of the file that a manifest extends, as written; `undefined` when it extends none. Looks at the text alone,
 * so that the files can be fetched before anything is parsed.
 */
export function extendsIn(content: Uint8Array | string): string | undefined {
  if (typeof content !== 'string' && !hasLine(content, extendsBytes)) return undefined
  const text = typeof content === 'string' ? content : new TextDecoder().decode(content)
  const [, double, single, plain] =
    /^extends:[ \t]+(?:"([^"\n]*)"|'([^'\n]*)'|([^\s#"'][^\n#]*?))[ \t]*(?:#.*)?\r?$/m.exec(text) ?? []
  return double ?? single ?? plain
}

const extendsBytes = new TextEncoder().encode('extends:')

/** Whether a line begins so, or the file behind a byte order mark; what may be very much is not decoded for it. */
function hasLine(content: Uint8Array, start: Uint8Array): boolean {
  const beginsAt = (at: number) => start.every((byte, index) => content[at + index] === byte)
  if (beginsAt(0) || beginsAt(3)) return true
  for (let end = content.indexOf(10); end !== -1; end = content.indexOf(10, end + 1)) {
    if (content[end + 1] === start[0] && beginsAt(end + 1)) return true
  }
  return false
}

function moneyIn(budget: unknown, prices: unknown): RootParts['money'] {
  const cap = typeof budget === 'string' ? readMoney(budget) : undefined
  const rates = Array.isArray(prices) ? prices.map((price) => rateOf(price, 'the manifest')) : undefined
  return { ...(cap && { budget: cap }), ...(rates && { rates }) }
}

/** A variable is a text: `012` and `1.10` are filled in as they stand there, not as the numbers that YAML reads. */
function asWritten(node: Node | undefined, value: unknown): string {
  return isScalar(node) && typeof value !== 'string' && node.source !== undefined
    ? node.source
    : String(value)
}

/** The shots of a file that was parsed as a whole; `undefined` after saying that there are none. */
function findShots(yaml: YamlFile, sink: ProblemSink): readonly WrittenShot[] | undefined {
  const root = yaml.contents as YAMLMap
  const pair = root.items.find(isShots) as Pair<Node, Node | null> | undefined
  if (!pair) {
    sink.add('no-shots', startOf(root), '"shots:" is missing')
    return undefined
  }
  const map = resolveAlias(pair.value, yaml)
  if (isMap(map) && map.items.length > 0) return writtenIn(map, yaml, sink)
  const what =
    isMap(map) || map === null || (isScalar(map) && map.value === null)
      ? 'there are no shots'
      : 'shots must be a map of names'
  sink.add('no-shots', startOf(pair.key), what, { length: 5 })
  return undefined
}

function isShots({ key }: Pair): boolean {
  return isScalar(key) && key.value === 'shots'
}

function splitShots(found: readonly WrittenShot[], sink: ProblemSink): Pick<RootParts, 'shots' | 'keys'> {
  const shots: RootParts['shots'] = []
  const keys = new Map<ShotName, Placed>()
  const seen = new Map<string, Placed>()
  const names = new Set<ShotName>()
  for (const written of found) {
    const { name, key } = written
    const at = { length: lengthOf(key), shot: name }
    // A key that stands twice was reported when the file was read.
    if (names.has(name)) continue
    names.add(name)
    claim(name, key)

    const fields = written.read()
    if (fields === 'reported') continue
    if (fields === 'no-map') {
      sink.add('wrong-type', startOf(key), 'a shot is a map of fields such as prompt', at)
      continue
    }
    if (hasBothNames(fields)) addAt(sink, written.node!, ['image'], true, 'field-conflict', bothNames, name)
    const faults = schemaFaults(validateShot, fields, shotFields)
    for (const { code, path, atKey, message } of faults)
      addAt(sink, written.node!, path, atKey, code, message, name)
    const sound = { sink, ...soundPart(fields, faults) }
    for (const cell of cellsIn(written, sound, at)) {
      const full = `${name}${cell.suffix}` as ShotName
      if (cell.suffix !== '' && !claim(full, key)) continue
      shots.push(new ShotLayer(written, sound, { name: full, cell }))
    }
  }
  return { shots, keys }

  /** @returns Whether the name is new and can name a shot. */
  function claim(name: ShotName, key: Placed): boolean {
    const at = { length: lengthOf(key), shot: name }
    const fault = shotNameFault(name)
    if (fault) sink.add('shot-name', startOf(key), `"${name}" cannot name a shot: ${fault}`, at)
    const twin = seen.get(nameKey(name))
    if (twin) {
      const { line } = sink.source.positionAt(startOf(twin))
      const what = keys.has(name) ? 'is also' : 'differs only in case from'
      sink.add('shot-name', startOf(key), `"${name}" ${what} the shot on line ${line}`, at)
    }
    if (keys.has(name)) return false
    seen.set(nameKey(name), key)
    keys.set(name, key)
    return true
  }
}

/** A shot without a matrix. */
const oneCell = cellsOf([])

/** The cells of a shot's matrix; a shot without one is its only cell. */
function cellsIn(
  written: WrittenShot,
  { fields, broken, sink }: Pick<Layer, 'fields' | 'broken' | 'sink'>,
  at: { length: number; shot: ShotName },
): Cell[] {
  if (fields.matrix === undefined) return broken.has('matrix') ? [] : oneCell
  const textOf = (path: (string | number)[], value: unknown) =>
    typeof value === 'string' ? value : asWritten(fieldNode(written.node, path), value)
  const axes = Object.entries(asFields(fields.matrix)).map(([name, axis]): Axis => {
    if (Array.isArray(axis)) {
      const values = axis.map((value, index) => textOf(['matrix', name, index], value))
      return { name, values: values.map((value) => ({ key: value, value })) }
    }
    const values = Object.entries(asFields(axis)).map(([key, value]) => ({
      key,
      value: textOf(['matrix', name, key], value),
    }))
    return { name, values }
  })
  const number = countCells(axes)
  if (number <= mostCells) return cellsOf(axes)
  const message = `the matrix makes ${number} shots, at most ${mostCells} are possible`
  const found = fieldNode(written.node, ['matrix'])
  sink.add('wrong-value', startOf(found ?? written.node!), message, at)
  return []
}

const bothNames = 'image is short for first_frame; keep one of them'

function hasBothNames(fields: unknown): boolean {
  const { image, first_frame } = asFields(fields)
  return image !== undefined && first_frame !== undefined
}

function schemaFaults(validate: ValidateFunction, value: unknown, known: readonly string[]): SchemaFault[] {
  return validate(value) ? [] : describeSchemaErrors(validate.errors ?? [], value, known)
}

const noNames: ReadonlySet<string> = new Set()

/** One bad field does not hide what is wrong with the others: it is left out, and the rest is checked further. */
function soundPart(
  fields: RawFields,
  faults: readonly { path: readonly string[] }[],
): Pick<Layer, 'fields' | 'broken'> {
  const broken = new Set(faults.map(({ path }) => path[0]).filter((name) => name !== undefined))
  if (broken.size === 0) return { fields, broken: noNames }
  const sound = Object.fromEntries(Object.entries(fields).filter(([name]) => !broken.has(name)))
  return { fields: sound, broken }
}
