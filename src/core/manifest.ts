import type { Node } from 'yaml'
import { buildShot, type OnTemplateFault } from './build-shot.js'
import { borderAdvice, linkShots } from './chains.js'
import { type BaseFile, type Layer, type RootParts, type ShotLayer, splitRoot } from './manifest-parts.js'
import { type ManifestReader, readManifestYaml } from './manifest-slices.js'
import type { ShotName } from './names.js'
import { outputFaults } from './output-path.js'
import type { Problem } from './problem.js'
import { lintShots } from './prompt-lint.js'
import type { Manifest, Shot } from './shot.js'
import { checkShot, modelWarnings, type RuleFault } from './shot-rules.js'
import { didYouMean } from './suggest.js'
import type { Position } from './text-position.js'
import { fieldNode, pieceOffset } from './yaml-nodes.js'
import { decodeUtf8, lengthOf, type Placed, type ProblemSink, problemSink, startOf } from './yaml-source.js'

/** A manifest as far as it could be read, with everything that is wrong with it. */
export interface ParsedManifest {
  /** Shots that could be read at all; complete and valid only when no problem is an error. */
  manifest: Manifest
  problems: readonly Problem[]
  /** Adds a problem found later (a missing image, say), placed at a shot's field. */
  report(shot: ShotName, field: readonly (string | number)[], problem: FoundLater): void
  /** The problem that `report` would add, without adding it. */
  place(shot: ShotName, field: readonly (string | number)[], problem: FoundLater): Problem
  /** Where a shot's key stands, that of its matrix for a shot of one; `undefined` when the manifest has no such shot. */
  placeOf(shot: ShotName): Position | undefined
}

/** A problem before it has a place. */
export type FoundLater = Pick<Problem, 'code' | 'message' | 'severity'>

/**
 * Reads a manifest: YAML, schema, names, variables, defaults, and the rules of models. Problems are collected, never
 * thrown. Files that the manifest names are not looked at.
 *
 * @param file The path as the person gave it; its last part without ending names the manifest.
 * @param bases What it extends, nearest first: `extendsIn` says of each whether there is a next.
 */
export function parseManifest(
  content: Uint8Array | string,
  file: string,
  bases: readonly BaseFile[] = [],
): ParsedManifest {
  return parseManifestWith(readManifestYaml, content, { file, bases })
}

/** As `parseManifest`, with another reader of the text. */
export function parseManifestWith(
  read: ManifestReader,
  content: Uint8Array | string,
  { file, bases = [] }: { file: string; bases?: readonly BaseFile[] },
): ParsedManifest {
  const name = manifestName(file)
  const decoded = typeof content === 'string' ? { text: content.replace(/^\ufeff/, '') } : decodeUtf8(content)
  if ('fault' in decoded) return unreadable(name, file, decoded)

  const sink = problemSink(file, decoded.text)
  const manifest: Manifest = { name, file, shots: [] }
  const yaml = read(sink)
  const parts = yaml && splitRoot(yaml, sink, bases)
  if (!parts) return { manifest, problems: sink.problems, ...withoutShots(sink) }

  const layers = new Map(parts.shots.map((layer) => [layer.name, layer]))
  const locate: Locate = (shot, field) => {
    const own = field.length > 0 ? fieldNode(layers.get(shot)?.node, field) : undefined
    if (own) return { node: own, sink }
    for (const { node, sink } of parts.defaults) {
      const inherited = fieldNode(node, field)
      if (inherited) return { node: inherited, sink }
    }
    const key = parts.keys.get(shot)
    return key && { node: key, sink }
  }
  const brokenDefaults = parts.defaults.flatMap(({ broken }) => [...broken])
  const { shots, faults } = linkShots(
    parts.shots.map((layer) => {
      const shot = readShot(layer, parts)
      const broken = brokenDefaults.length > 0 ? new Set([...layer.broken, ...brokenDefaults]) : layer.broken
      checkRules(shot, broken, locate, sink)
      return { shot, suffix: layer.suffix }
    }),
  )
  const byName = new Map(shots.map((shot) => [shot.name, shot]))
  for (const fault of [...faults, ...borderAdvice(shots)])
    addFault(fault, byName.get(fault.shot)!, locate, sink)
  checkOutputs(manifest.name, shots, locate, sink)
  warnOfModels(shots, parts)
  adviseOnPrompts(shots, parts, locate, sink)
  const { earlierVars } = parts
  const quiet = problemSink(file, decoded.text)
  const earlier = earlierVars && {
    earlier: linkShots(
      parts.shots.map((layer) => ({
        shot: readShot(layer, { ...parts, vars: earlierVars }, quiet),
        suffix: layer.suffix,
      })),
    ).shots,
  }

  return {
    manifest: { name, file, ...parts.money, shots, ...earlier },
    problems: sink.problems,
    report(...found) {
      const { at, args } = spot(...found)
      at.add(...args)
    },
    place(...found) {
      const { at, args } = spot(...found)
      return at.place(...args)
    },
    placeOf(shot) {
      const key = parts.keys.get(shot)
      return key && sink.source.positionAt(startOf(key))
    },
  }

  function spot(...[shot, field, { code, message, severity }]: Parameters<ParsedManifest['report']>) {
    const found = locate(shot, field)
    const [start, length] = found ? [startOf(found.node), lengthOf(found.node)] : [0, 1]
    return { at: found?.sink ?? sink, args: [code, start, message, { length, shot, severity }] as const }
  }
}

/** What a manifest without shots makes of problems of shots, which it cannot have. */
function withoutShots(sink: ProblemSink): Pick<ParsedManifest, 'report' | 'place' | 'placeOf'> {
  return {
    report: () => undefined,
    placeOf: () => undefined,
    place: (shot, _, { code, message, severity }) => sink.place(code, 0, message, { shot, severity }),
  }
}

/** The node of a shot's field, in the shot or in the defaults; the shot's key when neither states it. */
type Locate = (
  shot: ShotName,
  field: readonly (string | number)[],
) => { node: Placed; sink: ProblemSink } | undefined

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
    ...withoutShots(problemSink(file, '')),
  }
}

/** Fills variables and merges defaults. */
function readShot(
  own: ShotLayer,
  { defaults, vars }: Pick<RootParts, 'defaults' | 'vars'>,
  quiet?: ProblemSink,
): Shot {
  const { name, cell } = own
  let filled: Map<string, string> | undefined
  const values = () => {
    filled ??= new Map([...vars, ...cell, ['shot', name]])
    return filled
  }
  const faultIn = (layer: Layer): OnTemplateFault => {
    const sink = quiet ?? layer.sink
    return (path, { kind, piece, name: unknown, offset }, written) => {
      // Not before: there is a node only where a fault needs one.
      const text = fieldNode(layer.node, path)
      const at =
        (text && pieceOffset(text, piece, written.slice(0, offset), sink)) ?? startOf((text ?? own.node)!)
      const options = { length: piece.length, shot: name }
      if (kind === 'syntax') {
        sink.add('template-syntax', at, `"${piece}" names no variable; write $\${ for a literal \${`, options)
      } else {
        const near = didYouMean(unknown, values().keys())
        sink.add('unknown-variable', at, `unknown variable "${unknown}"${near}`, options)
      }
    }
  }
  const inherited = defaults.map((one) => ({ fields: one.fields, onFault: faultIn(one) }))
  return buildShot(name, [{ fields: own.fields, onFault: faultIn(own) }, ...inherited], values)
}

/** Says what is to be said of each model once, where the manifest first states it. */
function warnOfModels(shots: readonly Shot[], { defaults, shots: layers }: RootParts): void {
  const warnings = new Map<string, RuleFault[]>()
  const firsts = new Map<
    string,
    { fault: RuleFault; node: Node; sink: ProblemSink; shot: ShotName | undefined }
  >()
  for (const [index, shot] of shots.entries()) {
    const own = layers[index]!
    const { broken } = own
    const unread = ['model', 'model_profile'].some(
      (field) => broken.has(field) || defaults.some((one) => one.broken.has(field)),
    )
    if (shot.model === '' || unread) continue
    const key = `${shot.model}\n${shot.modelProfile ?? ''}`
    const faults = warnings.get(key) ?? modelWarnings(shot)
    warnings.set(key, faults)
    for (const fault of faults) {
      const layer = [own, ...defaults].find(({ fields }) => fields[fault.field[0]!] !== undefined)
      const first = firsts.get(fault.message)
      const isOwn = layer === own
      // The shot is not looked into where all of it stands behind the first place.
      if (isOwn && first?.sink === own.sink && startOf(first.node) <= own.earliest) continue
      const node = fieldNode(layer?.node, fault.field)
      if (!layer || !node) continue
      if (first?.sink === layer.sink && startOf(first.node) <= startOf(node)) continue
      firsts.set(fault.message, {
        fault,
        node,
        sink: layer.sink,
        shot: isOwn ? shot.name : undefined,
      })
    }
  }
  for (const { fault, node, sink, shot } of firsts.values()) {
    const { code, message, severity } = fault
    sink.add(code, startOf(node), message, { length: lengthOf(node), shot, severity })
  }
}

function checkRules(shot: Shot, broken: ReadonlySet<string>, locate: Locate, sink: ProblemSink): void {
  if (shot.model === '') {
    if (broken.has('model')) return
    const found = locate(shot.name, [])
    const message = 'no model: state one in defaults or in the shot'
    sink.add('missing-field', found ? startOf(found.node) : 0, message, { shot: shot.name })
    return
  }
  for (const fault of checkShot(shot)) {
    if (!broken.has(String(fault.field[0]))) addFault(fault, shot, locate, sink)
  }
}

function checkOutputs(manifest: string, shots: readonly Shot[], locate: Locate, sink: ProblemSink): void {
  for (const [at, shot] of shots.entries()) {
    const facts = { manifest, index: at + 1, count: shots.length }
    for (const fault of outputFaults(shot, facts))
      addFault({ code: 'output-path', field: ['output'], severity: 'error', ...fault }, shot, locate, sink)
  }
}

function adviseOnPrompts(
  shots: readonly Shot[],
  { lintOff }: RootParts,
  locate: Locate,
  sink: ProblemSink,
): void {
  // Shots may differ in just what is wrong with them.
  const faulty = sink.problems.some(({ severity }) => severity === 'error')
  const off = faulty ? new Set([...lintOff, 'prompt-twice']) : lintOff
  const findings = lintShots(shots, off)
  const byName = new Map((findings.length > 0 ? shots : []).map((shot) => [shot.name, shot]))
  for (const finding of findings) {
    addFault({ ...finding, severity: 'warning' }, byName.get(finding.shot)!, locate, sink)
  }
}

/** Adds a fault at its field, or at the piece of the text that it is about. */
function addFault(
  { code, field, message, severity, within }: RuleFault,
  shot: Shot,
  locate: Locate,
  sink: ProblemSink,
): void {
  const found = locate(shot.name, field)
  const at = found?.sink ?? sink
  const text = (field[0] === 'output' ? shot.output : shot.prompt) ?? ''
  const piece = within && text.slice(within.offset, within.offset + within.length)
  const before = text.slice(0, within?.offset)
  // Where the source breaks the line within the piece, its first word shows the place.
  for (const part of piece && found ? [piece, piece.split(' ')[0]!] : []) {
    const inside = pieceOffset(found!.node, part, before, at)
    if (inside === undefined) continue
    at.add(code, inside, message, { length: part.length, shot: shot.name, severity })
    return
  }
  const [start, length] = found ? [startOf(found.node), lengthOf(found.node)] : [0, 1]
  at.add(code, start, message, { length, shot: shot.name, severity })
}
