import { Ajv, type ValidateFunction } from 'ajv'
import { isAlias, isMap, isScalar, type Node, type Pair } from 'yaml'
import schema from '../../schemas/manifest.schema.json' with { type: 'json' }
import { asFields, buildShot, type OnTemplateFault, type RawFields } from './build-shot.js'
import { readMoney } from './money.js'
import { nameKey, type ShotName, shotNameFault } from './names.js'
import { rateOf } from './prices.js'
import type { Problem } from './problem.js'
import { lintShots } from './prompt-lint.js'
import { describeSchemaErrors, type SchemaFault } from './schema-problems.js'
import type { Manifest, Shot } from './shot.js'
import { checkShot, modelWarnings, type RuleFault } from './shot-rules.js'
import { didYouMean } from './suggest.js'
import { addAt, fieldNode, pieceOffset, plainPairs, resolveAlias } from './yaml-nodes.js'
import {
  decodeUtf8,
  keyText,
  lengthOf,
  type ProblemSink,
  problemSink,
  readYaml,
  startOf,
  type YamlFile,
} from './yaml-source.js'

/** A manifest as far as it could be read, with everything that is wrong with it. */
export interface ParsedManifest {
  /** Shots that could be read at all; complete and valid only when no problem is an error. */
  manifest: Manifest
  problems: readonly Problem[]
  /** Adds a problem found later (a missing image, say), placed at a shot's field. */
  report(
    shot: ShotName,
    field: readonly (string | number)[],
    problem: Pick<Problem, 'code' | 'message' | 'severity'>,
  ): void
}

/**
 * Reads a manifest: YAML, schema, names, variables, defaults, and the rules of models. Problems are collected, never
 * thrown. Files that the manifest names are not looked at.
 *
 * @param file The path as the person gave it; its last part without ending names the manifest.
 */
export function parseManifest(content: Uint8Array | string, file: string): ParsedManifest {
  const name = manifestName(file)
  const decoded = typeof content === 'string' ? { text: content.replace(/^\ufeff/, '') } : decodeUtf8(content)
  if ('fault' in decoded) return unreadable(name, file, decoded)

  const sink = problemSink(file, decoded.text)
  const manifest: Manifest = { name, file, shots: [] }
  const yaml = readYaml(sink)
  const parts = yaml && splitRoot(yaml, sink)
  if (!parts) return { manifest, problems: sink.problems, report: () => undefined }

  const nodes = new Map(parts.shots.map(({ name, node }) => [name, node]))
  const locate: Locate = (shot, field) =>
    fieldNode(nodes.get(shot), field) ?? fieldNode(parts.defaults.node, field) ?? parts.keys.get(shot)
  const shots = parts.shots.map((layer) => {
    const shot = readShot(layer, parts, sink)
    checkRules(shot, new Set([...layer.broken, ...parts.defaults.broken]), locate, sink)
    return shot
  })
  warnOfModels(shots, parts, sink)
  const byName = new Map(shots.map((shot) => [shot.name, shot]))
  // Shots may differ in just what is wrong with them.
  const faulty = sink.problems.some(({ severity }) => severity === 'error')
  const off = faulty ? new Set([...parts.lintOff, 'prompt-twice']) : parts.lintOff
  for (const finding of lintShots(shots, off)) {
    addFault({ ...finding, severity: 'warning' }, byName.get(finding.shot)!, locate, sink)
  }
  const { earlierVars } = parts
  const earlier = earlierVars && {
    earlier: parts.shots.map((layer) =>
      readShot(layer, { ...parts, vars: earlierVars }, problemSink(file, decoded.text)),
    ),
  }

  return {
    manifest: { name, file, ...parts.money, shots, ...earlier },
    problems: sink.problems,
    report(shot, field, { code, message, severity }) {
      const node = locate(shot, field)
      sink.add(code, node ? startOf(node) : 0, message, { length: node ? lengthOf(node) : 1, shot, severity })
    },
  }
}

/** The node of a shot's field, in the shot or in the defaults; the shot's key when neither states it. */
type Locate = (shot: ShotName, field: readonly (string | number)[]) => Node | undefined

/** A manifest's name: its file name without `.yaml` or `.yml`. */
export function manifestName(file: string): string {
  return file.replace(/^.*[\\/]/, '').replace(/\.ya?ml$/i, '')
}

function unreadable(
  name: string,
  file: string,
  { fault, line }: { fault: string; line: number },
): ParsedManifest {
  const place = { file, line, col: 1, length: 1, sourceLine: '' }
  return {
    manifest: { name, file, shots: [] },
    problems: [{ code: 'encoding', severity: 'error', message: fault, ...place }],
    report: () => undefined,
  }
}

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true })
ajv.addSchema(schema)
const part = (name: string) => ajv.getSchema(`${schema.$id}#/definitions/${name}`)!
const { shots: _, ...rootProperties } = schema.properties
const { $id: _id, ...anonymous } = schema
const validateRoot = ajv.compile({ ...anonymous, required: [], properties: { ...rootProperties, shots: {} } })
const validateShot = part('shot')
const rootFields = Object.keys(schema.properties)
const shotFields = Object.keys(schema.definitions.shot.properties)

interface RootParts {
  money: Pick<Manifest, 'budget' | 'rates'>
  /** Codes of advice about prompts that the manifest switches off. */
  lintOff: ReadonlySet<string>
  defaults: Layer
  vars: ReadonlyMap<string, string>
  /** The variables as the first versions read them: numbers in JavaScript's words. `undefined` where that is the same. */
  earlierVars: ReadonlyMap<string, string> | undefined
  shots: (Layer & { name: ShotName })[]
  keys: ReadonlyMap<ShotName, Node>
}

/** A shot or the defaults: what of it passed the schema, and the names of the fields that did not. */
interface Layer {
  node: Node | undefined
  fields: RawFields
  broken: ReadonlySet<string>
}

/** Takes the root apart and holds every part against the schema. */
function splitRoot(yaml: YamlFile, sink: ProblemSink): RootParts | undefined {
  const root = yaml.contents
  if (!isMap(root)) {
    const what =
      root === null || (isScalar(root) && root.value === null)
        ? 'The manifest is empty'
        : 'A manifest is a map'
    sink.add('no-shots', root ? startOf(root) : 0, `${what}: it needs "version: 1" and "shots:"`)
    return undefined
  }

  const shotsPair = root.items.find(({ key }) => isScalar(key) && key.value === 'shots')
  const others = plainPairs(root, yaml, sink, (pair) => pair !== shotsPair)
  if (!others) return undefined
  const faults = schemaFaults(validateRoot, others, [...rootFields, ...shotFields])
  for (const { code, path, atKey, message } of faults) addAt(sink, root, path, atKey, code, message)
  if (hasBothNames(others.defaults)) {
    addAt(sink, root, ['defaults', 'image'], true, 'field-conflict', bothNames)
  }
  if (others.version === undefined && !root.has('version')) {
    sink.add('version', startOf(root), '"version: 1" is missing')
  }

  const vars = new Map<string, string>()
  const plainVars = new Map<string, string>()
  for (const [name, plain] of Object.entries(asFields(others.vars))) {
    if (typeof plain === 'object') continue
    const value = asWritten(fieldNode(root, ['vars', name]), plain)
    if (value.includes('${')) {
      addAt(
        sink,
        root,
        ['vars', name],
        false,
        'template-syntax',
        `the variable "${name}" refers to another; variables are plain texts`,
      )
    }
    vars.set(name, value)
    plainVars.set(name, String(plain))
  }
  const earlierVars = [...vars].some(([name, value]) => plainVars.get(name) !== value) ? plainVars : undefined

  const shots = shotsPair && splitShots(shotsPair as Pair<Node, Node | null>, yaml, sink)
  if (!shots) {
    if (!shotsPair) sink.add('no-shots', startOf(root), '"shots:" is missing')
    return undefined
  }
  const node = resolveAlias((root.get('defaults', true) as Node | undefined) ?? null, yaml) ?? undefined
  const inDefaults = faults.filter(({ path }) => path[0] === 'defaults').map(({ path }) => path[1])
  const sound = (field: string) => (faults.some(({ path }) => path[0] === field) ? undefined : others[field])
  const money = moneyIn(sound('budget'), sound('prices'))
  // A misspelt code is an error of its own; the others count.
  const { off } = asFields(others.lint)
  const lintOff = new Set<string>(Array.isArray(off) ? off : [])
  const inherited = layer(node, asFields(others.defaults), inDefaults)
  return { money, lintOff, defaults: inherited, vars, earlierVars, ...shots }
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

function splitShots(
  pair: Pair<Node, Node | null>,
  yaml: YamlFile,
  sink: ProblemSink,
): Pick<RootParts, 'shots' | 'keys'> | undefined {
  const map = resolveAlias(pair.value, yaml)
  if (!isMap(map) || map.items.length === 0) {
    const what =
      isMap(map) || map === null || (isScalar(map) && map.value === null)
        ? 'there are no shots'
        : 'shots must be a map of names'
    sink.add('no-shots', startOf(pair.key), what, { length: 5 })
    return undefined
  }

  const shots: RootParts['shots'] = []
  const keys = new Map<ShotName, Node>()
  const seen = new Map<string, Node>()
  for (const { key, value } of map.items as Pair<Node, Node | null>[]) {
    const name = keyText(key) as ShotName
    const at = { length: lengthOf(key), shot: name }
    const fault = shotNameFault(name)
    if (fault) sink.add('shot-name', startOf(key), `"${name}" cannot name a shot: ${fault}`, at)
    const twin = seen.get(nameKey(name))
    if (twin && !keys.has(name)) {
      const { line } = sink.source.positionAt(startOf(twin))
      sink.add('shot-name', startOf(key), `"${name}" differs only in case from the shot on line ${line}`, at)
    }
    if (keys.has(name)) continue
    seen.set(nameKey(name), key)
    keys.set(name, key)

    const node = resolveAlias(value, yaml)
    if (node === null && isAlias(value)) continue
    if (!isMap(node)) {
      sink.add('wrong-type', startOf(key), 'a shot is a map of fields such as prompt', at)
      continue
    }
    const fields = plainPairs(node, yaml, sink, () => true)
    if (!fields) continue
    if (hasBothNames(fields)) addAt(sink, node, ['image'], true, 'field-conflict', bothNames, name)
    const faults = schemaFaults(validateShot, fields, shotFields)
    for (const { code, path, atKey, message } of faults) addAt(sink, node, path, atKey, code, message, name)
    shots.push({
      name,
      ...layer(
        node,
        fields,
        faults.map(({ path }) => path[0]),
      ),
    })
  }
  return { shots, keys }
}

const bothNames = 'image is short for first_frame; keep one of them'

function hasBothNames(fields: unknown): boolean {
  const { image, first_frame } = asFields(fields)
  return image !== undefined && first_frame !== undefined
}

function schemaFaults(validate: ValidateFunction, value: unknown, known: readonly string[]): SchemaFault[] {
  return validate(value) ? [] : describeSchemaErrors(validate.errors ?? [], value, known)
}

/** One bad field does not hide what is wrong with the others: it is left out, and the rest is checked further. */
function layer(node: Node | undefined, fields: RawFields, faulty: readonly (string | undefined)[]): Layer {
  const broken = new Set(faulty.filter((name) => name !== undefined))
  const sound = Object.fromEntries(Object.entries(fields).filter(([name]) => !broken.has(name)))
  return { node, fields: sound, broken }
}

/** Fills variables and merges defaults. */
function readShot(
  { name, node, fields }: RootParts['shots'][number],
  { defaults, vars }: RootParts,
  sink: ProblemSink,
): Shot {
  const values = new Map([...vars, ['shot', name]])
  const faultIn = (from: Node | undefined): OnTemplateFault => {
    return (path, { kind, piece, name: unknown, offset }, written) => {
      const text = fieldNode(from, path)
      const at =
        (text && pieceOffset(text, piece, written.slice(0, offset), sink)) ?? startOf((text ?? node)!)
      const options = { length: piece.length, shot: name }
      if (kind === 'syntax') {
        sink.add('template-syntax', at, `"${piece}" names no variable; write $\${ for a literal \${`, options)
      } else {
        const near = didYouMean(unknown, values.keys())
        sink.add('unknown-variable', at, `unknown variable "${unknown}"${near}`, options)
      }
    }
  }
  const onFault = { own: faultIn(node), defaults: faultIn(defaults.node) }
  return buildShot(name, { own: fields, defaults: defaults.fields }, values, onFault)
}

/** Says what is to be said of each model once, where the manifest first states it. */
function warnOfModels(
  shots: readonly Shot[],
  { defaults, shots: layers }: RootParts,
  sink: ProblemSink,
): void {
  const warnings = new Map<string, RuleFault[]>()
  const firsts = new Map<string, { fault: RuleFault; node: Node; shot: ShotName | undefined }>()
  for (const [index, shot] of shots.entries()) {
    const { node: ownNode, broken } = layers[index]!
    const unread = ['model', 'model_profile'].some((field) => broken.has(field) || defaults.broken.has(field))
    if (shot.model === '' || unread) continue
    const key = `${shot.model}\n${shot.modelProfile ?? ''}`
    const faults = warnings.get(key) ?? modelWarnings(shot)
    warnings.set(key, faults)
    for (const fault of faults) {
      const own = fieldNode(ownNode, fault.field)
      const node = own ?? fieldNode(defaults.node, fault.field)
      const first = firsts.get(fault.message)
      if (!node || (first && startOf(first.node) <= startOf(node))) continue
      firsts.set(fault.message, { fault, node, shot: own && shot.name })
    }
  }
  for (const { fault, node, shot } of firsts.values()) {
    const { code, message, severity } = fault
    sink.add(code, startOf(node), message, { length: lengthOf(node), shot, severity })
  }
}

function checkRules(shot: Shot, broken: ReadonlySet<string>, locate: Locate, sink: ProblemSink): void {
  if (shot.model === '') {
    if (broken.has('model')) return
    const node = locate(shot.name, [])
    const message = 'no model: state one in defaults or in the shot'
    sink.add('missing-field', node ? startOf(node) : 0, message, { shot: shot.name })
    return
  }
  for (const fault of checkShot(shot)) {
    if (!broken.has(String(fault.field[0]))) addFault(fault, shot, locate, sink)
  }
}

/** Adds a fault at its field, or at the piece of the prompt that it is about. */
function addFault(
  { code, field, message, severity, within }: RuleFault,
  shot: Shot,
  locate: Locate,
  sink: ProblemSink,
): void {
  const node = locate(shot.name, field)
  const piece = within && shot.prompt!.slice(within.offset, within.offset + within.length)
  const before = shot.prompt?.slice(0, within?.offset) ?? ''
  // Where the source breaks the line within the piece, its first word shows the place.
  for (const part of piece && node ? [piece, piece.split(' ')[0]!] : []) {
    const inside = pieceOffset(node!, part, before, sink)
    if (inside === undefined) continue
    sink.add(code, inside, message, { length: part.length, shot: shot.name, severity })
    return
  }
  const length = node ? lengthOf(node) : 1
  sink.add(code, node ? startOf(node) : 0, message, { length, shot: shot.name, severity })
}
