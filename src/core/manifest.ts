import { Ajv } from 'ajv'
import { type Document, isMap, isScalar, type Node, type Pair } from 'yaml'
import schema from '../../schemas/manifest.schema.json' with { type: 'json' }
import { asFields, buildShot, type OnTemplateFault, type RawFields } from './build-shot.js'
import { nameKey, type ShotName, shotNameFault } from './names.js'
import type { Problem } from './problem.js'
import { describeSchemaErrors } from './schema-problems.js'
import type { Manifest, Shot } from './shot.js'
import { checkShot } from './shot-rules.js'
import { didYouMean } from './suggest.js'
import { addAt, fieldNode, pieceOffset, plainPairs, resolveAlias } from './yaml-nodes.js'
import { decodeUtf8, lengthOf, type ProblemSink, problemSink, readYaml, startOf } from './yaml-source.js'

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
  const document = readYaml(sink)
  const parts = document && splitRoot(document, sink)
  if (!document || !parts) return { manifest, problems: sink.problems, report: () => undefined }

  const shots = readShots(parts, document, sink)
  const nodes = new Map(parts.shots.map(({ name, node }) => [name, node]))
  const locate = (shot: ShotName, field: readonly (string | number)[]) =>
    fieldNode(nodes.get(shot), field) ?? fieldNode(parts.defaults, field) ?? parts.keys.get(shot)
  for (const shot of shots) checkRules(shot, locate, sink)

  return {
    manifest: { name, file, shots },
    problems: sink.problems,
    report(shot, field, { code, message, severity }) {
      const node = locate(shot, field)
      sink.add(code, node ? startOf(node) : 0, message, { length: node ? lengthOf(node) : 1, shot, severity })
    },
  }
}

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
  defaults: Node | undefined
  defaultFields: RawFields
  vars: ReadonlyMap<string, string>
  shots: { name: ShotName; node: Node; fields: RawFields }[]
  keys: ReadonlyMap<ShotName, Node>
}

/** Takes the root apart and holds every part against the schema. */
function splitRoot(document: Document.Parsed, sink: ProblemSink): RootParts | undefined {
  const root = document.contents
  if (!isMap(root)) {
    const what =
      root === null || (isScalar(root) && root.value === null)
        ? 'The manifest is empty'
        : 'A manifest is a map'
    sink.add('no-shots', root ? startOf(root) : 0, `${what}: it needs "version: 1" and "shots:"`)
    return undefined
  }

  const shotsPair = root.items.find(({ key }) => isScalar(key) && key.value === 'shots')
  const others = plainPairs(root, document, sink, (pair) => pair !== shotsPair)
  if (!others) return undefined
  if (!validateRoot({ ...others, shots: {} })) {
    const faults = describeSchemaErrors(validateRoot.errors ?? [], others, [...rootFields, ...shotFields])
    for (const { code, path, atKey, message } of faults) addAt(sink, root, path, atKey, code, message)
  }
  if (others.version === undefined && !root.has('version')) {
    sink.add('version', startOf(root), '"version: 1" is missing')
  }

  const vars = new Map<string, string>()
  for (const [name, value] of Object.entries(asFields(others.vars))) {
    if (typeof value === 'object') continue
    if (String(value).includes('${')) {
      addAt(
        sink,
        root,
        ['vars', name],
        false,
        'template-syntax',
        `the variable "${name}" refers to another; variables are plain texts`,
      )
    }
    vars.set(name, String(value))
  }

  const shots = shotsPair && splitShots(shotsPair as Pair<Node, Node | null>, document, sink)
  if (!shots) {
    if (!shotsPair) sink.add('no-shots', startOf(root), '"shots:" is missing')
    return undefined
  }
  const defaults = root.get('defaults', true) as Node | undefined
  return { defaults, defaultFields: asFields(others.defaults), vars, ...shots }
}

function splitShots(
  pair: Pair<Node, Node | null>,
  document: Document.Parsed,
  sink: ProblemSink,
): Pick<RootParts, 'shots' | 'keys'> | undefined {
  const map = resolveAlias(pair.value, document)
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
    const name = String(isScalar(key) ? key.value : key) as ShotName
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

    const node = resolveAlias(value, document)
    if (!isMap(node)) {
      sink.add('wrong-type', startOf(key), 'a shot is a map of fields such as prompt', at)
      continue
    }
    const before = sink.problems.length
    const fields = plainPairs(node, document, sink, () => true)
    if (fields && !validateShot(fields)) {
      const faults = describeSchemaErrors(validateShot.errors ?? [], fields, shotFields)
      for (const { code, path, atKey, message } of faults) addAt(sink, node, path, atKey, code, message, name)
    }
    if (fields && sink.problems.length === before) shots.push({ name, node, fields })
  }
  return { shots, keys }
}

/** Fills variables and merges defaults, shot by shot. */
function readShots(
  { shots, defaultFields, defaults, vars }: RootParts,
  document: Document.Parsed,
  sink: ProblemSink,
): Shot[] {
  const usable =
    defaults === undefined ||
    !sink.problems.some(({ severity, shot }) => severity === 'error' && shot === undefined)
  if (!usable) return []
  return shots.map(({ name, node, fields }) => {
    const values = new Map([...vars, ['shot', name]])
    const faultIn = (from: Node | undefined): OnTemplateFault => {
      return (path, fault) => {
        const target = from && fieldNode(from, path)
        const at =
          (target ? pieceOffset(target, fault.piece, sink) : undefined) ??
          (target ? startOf(target) : startOf(node))
        const unknown = `unknown variable "${fault.name}"${didYouMean(fault.name, values.keys())}`
        const message =
          fault.kind === 'unknown' ? unknown : `"${fault.piece}" is not closed; write $\${ for a literal \${`
        const code = fault.kind === 'unknown' ? 'unknown-variable' : 'template-syntax'
        sink.add(code, at, message, { length: fault.piece.length, shot: name })
      }
    }
    const inherited = resolveAlias(defaults ?? null, document) ?? undefined
    const onFault = { own: faultIn(node), defaults: faultIn(inherited) }
    return buildShot(name, { own: fields, defaults: defaultFields }, values, onFault)
  })
}

function checkRules(
  shot: Shot,
  locate: (shot: ShotName, field: readonly (string | number)[]) => Node | undefined,
  sink: ProblemSink,
): void {
  if (shot.model === '') {
    const node = locate(shot.name, [])
    sink.add('missing-field', node ? startOf(node) : 0, 'no model: state one in defaults or in the shot', {
      shot: shot.name,
    })
    return
  }
  for (const { code, field, message, severity, within } of checkShot(shot)) {
    const node = locate(shot.name, field)
    const flag =
      within && node
        ? pieceOffset(node, shot.prompt!.slice(within.offset, within.offset + within.length), sink)
        : undefined
    const length = flag === undefined ? (node ? lengthOf(node) : 1) : within!.length
    sink.add(code, flag ?? (node ? startOf(node) : 0), message, { length, shot: shot.name, severity })
  }
}
