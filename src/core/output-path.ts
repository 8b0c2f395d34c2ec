import { isDeviceName, type ShotName, splitTakeName, type TakeName } from './names.js'
import { once } from './once.js'
import { type Manifest, type Shot, statedSeed, takesOf } from './shot.js'
import { didYouMean } from './suggest.js'
import type { TaskId } from './task.js'

/** What a template of `output` may name in braces. */
export const outputFields = ['shot', 'take', 'index', 'seed', 'model', 'manifest', 'ext'] as const
export type OutputField = (typeof outputFields)[number]

/** What is known of a take's task. A seed may be any text that stands for one. */
export interface SentFacts {
  seed?: number | string | undefined
  /** Stands in for a seed that is not known. */
  task?: TaskId | undefined
}

/** Says where a take's video goes. */
export type OutputPaths = (name: TakeName, sent?: SentFacts) => string

/** Something wrong with a template, or with a path that it makes. `within`: where in the template. */
export interface OutputFault {
  message: string
  within?: { offset: number; length: number }
}

const ext = 'mp4'
const ending = `.${ext}`
const draftMark = '@draft'
/** File names end at 255 bytes on most systems; the rest is for a draft's mark and for `.` and `.part` around it. */
const maxFileBytes = 255 - draftMark.length - '..part'.length
const maxFolderBytes = 255
const minIndexDigits = 3
/** Folders beside a manifest where other things are put than results of its own. */
const reserved = /(^|\/)out\/(simulator|unclaimed)\//i

/**
 * Where the videos of a manifest's takes go, relative to the manifest, with `/`. Takes that the manifest does not have,
 * and shots that state no `output`, have `out/MANIFEST/TAKE.mp4`. What was collected is where the lockfile says.
 *
 * @param options.rehearsal Whether results are kept apart from those that were paid for, below `out/simulator/MANIFEST/`.
 */
export function outputPaths(
  { name: manifest, shots }: Pick<Manifest, 'name' | 'shots'>,
  { rehearsal }: { rehearsal: boolean },
): OutputPaths {
  const folder = outputFolder(manifest, { rehearsal })
  const stated = new Map<ShotName, { shot: Shot; index: number; parts: readonly Part[] }>()
  // Most shots share one template, and there can be a hundred thousand.
  const partsOf = new Map<string, readonly Part[]>()
  for (const [at, shot] of shots.entries()) {
    const { output } = shot
    if (output === undefined) continue
    const parts = partsOf.get(output) ?? takeApart(normalized(output).join('/'))
    partsOf.set(output, parts)
    stated.set(shot.name, { shot, index: at + 1, parts })
  }
  return (name, { seed, task } = {}) => {
    if (stated.size === 0) return `${folder}/${name}${ending}`
    const { shot: shotName, number: take, draft } = splitTakeName(name)
    const own = stated.get(shotName)
    if (!own || take > own.shot.takes) return `${folder}/${name}${ending}`
    const { shot, index, parts } = own
    const text = String(seed ?? fileSafe(task ?? 'unknown'))
    const path = fill(parts, shot, { manifest, index, count: shots.length, take, seed: text })
    const place = rehearsal ? `${folder}/${withoutUps(path)}` : path
    return draft ? `${place.slice(0, -ending.length)}${draftMark}${ending}` : place
  }
}

/** Where a template leads up, so would a rehearsal, out of its own folder. */
function withoutUps(path: string): string {
  return path.replace(/^(\.\.\/)+/, (ups) => ups.replaceAll('..', '@up'))
}

/**
 * Where the video of a superseded task goes when the place of it is needed: a folder beside it, `previous/fox.TASK.mp4`.
 *
 * @param path Where it is, relative to the manifest, with `/`.
 * @param number 1-based; from 2 on names for where another file has the place: `previous/fox.TASK-2.mp4`.
 */
export function previousPath(path: string, task: TaskId, number = 1): string {
  const [, folder = '', stem = '', ending = ''] = /^(.*\/)?([^/]*?)(\.[^./]+)?$/.exec(path) ?? []
  const id = `${fileSafe(task)}${number === 1 ? '' : `-${number}`}`
  const name = `${stem}.${id}${ending}`
  // Names of files end at 255 bytes; the id alone says which it is.
  return `${folder}previous/${new TextEncoder().encode(name).length > 255 ? `${id}${ending}` : name}`
}

/** The folder of a manifest's results where it states no other, relative to the manifest. */
export function outputFolder(manifest: string, { rehearsal }: { rehearsal: boolean }): string {
  return `out/${rehearsal ? 'simulator/' : ''}${manifest}`
}

/** What of the manifest a path can name, besides the shot. */
interface ShotFacts {
  manifest: string
  /** 1-based, after matrices are spread out. */
  index: number
  /** How many shots there are. */
  count: number
}

/** What is wrong with a shot's `output`, if it states one. Whether it leaves the project or collides is not looked at. */
export function outputFaults(shot: Shot, facts: ShotFacts): OutputFault[] {
  const template = shot.output
  if (template === undefined) return []
  const faults = templateFaults(template)
  if (faults.length > 0) return faults
  // The last take has the longest number, and so has the largest seed.
  const { number } = takesOf(shot).at(-1)!
  const seed = statedSeed({ name: '' as TakeName, shot, number }) ?? 2 ** 31 - 1
  const path = fill(takeApart(template), shot, { ...facts, take: number, seed: String(seed) })
  const message = pathFault(path) ?? endingFault(path, template)
  return message === undefined ? [] : [{ message }]
}

const piece = /\{\{|\}\}|\{([^{}]*)\}|[{}]/g

function templateFaults(template: string): OutputFault[] {
  const faults: OutputFault[] = []
  for (const { 0: match, 1: inner, index: offset } of template.matchAll(piece)) {
    const within = { offset, length: match.length }
    const field = inner?.trim()
    if (match === '{' || match === '}') {
      faults.push({ message: `a single "${match}"; write "${match}${match}" where it is meant`, within })
    } else if (field !== undefined && !isField(field)) {
      const near = didYouMean(field, outputFields).replace(/"(.*)"/, '"{$1}"')
      const all = outputFields.map((one) => `{${one}}`).join(', ')
      faults.push({ message: `unknown "{${field}}"${near || `; possible are ${all}`}`, within })
    }
  }
  return faults
}

function isField(name: string): name is OutputField {
  return (outputFields as readonly string[]).includes(name)
}

/** A piece of a template: a text as it stands there, or a field. */
type Part = { text: string } | { field: OutputField }

/** The pieces of a sound template. */
function takeApart(template: string): Part[] {
  const parts: Part[] = []
  let at = 0
  for (const { 0: match, 1: inner, index } of template.matchAll(piece)) {
    parts.push({ text: template.slice(at, index) })
    parts.push(inner === undefined ? { text: match[0]! } : { field: inner.trim() as OutputField })
    at = index + match.length
  }
  return [...parts, { text: template.slice(at) }]
}

function fill(parts: readonly Part[], shot: Shot, facts: FillFacts): string {
  let path = ''
  for (const part of parts) path += 'text' in part ? part.text : textOf(part.field, shot, facts)
  return path
}

/** Never empty, and without `/`. */
function textOf(field: OutputField, shot: Shot, facts: FillFacts): string {
  switch (field) {
    case 'shot':
      return shot.name
    case 'take':
      return String(facts.take)
    case 'index':
      return String(facts.index).padStart(Math.max(minIndexDigits, String(facts.count).length), '0')
    case 'seed':
      return facts.seed
    case 'model':
      return fileSafe(shot.model)
    case 'manifest':
      return facts.manifest
    case 'ext':
      return ext
  }
}

interface FillFacts extends ShotFacts {
  take: number
  seed: string
}

/** Whether a template names a field. */
export function outputNames(template: string, field: OutputField): boolean {
  return [...template.matchAll(piece)].some(([, inner]) => inner?.trim() === field)
}

const unsafe = once(() => /^\.|[^\p{L}\p{N}._-]/gu)
const refused = once(() => /[\u0000-\u001f\u007f<>:"|?*]|\p{Cs}/u)

/** Ids are whatever a relay makes them; of what file names do not take, `_` is left. */
function fileSafe(id: string): string {
  return id.replace(unsafe(), '_')
}

/** A path's names, without `.` and with `..` at the start only. */
function normalized(path: string): string[] {
  const names: string[] = []
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue
    if (name === '..' && names.length > 0 && names.at(-1) !== '..') names.pop()
    else names.push(name)
  }
  return names
}

function pathFault(path: string): string | undefined {
  if (/^([\\/]|~(\/|$)|[a-z]:)/i.test(path)) return 'an output is a path relative to the manifest'
  if (path.includes('\\')) return 'folders are separated by "/", not by "\\"'
  const names = normalized(path)
  const folders = names.slice(0, -1)
  for (const name of names) {
    const fault = name === '..' ? undefined : nameFault(name)
    if (fault) return `${JSON.stringify(name)} cannot name a file or folder: ${fault}`
  }
  const tooLong =
    folders.find((name) => bytesOf(name) > maxFolderBytes) ??
    names.slice(-1).find((name) => bytesOf(name) > maxFileBytes)
  if (tooLong !== undefined) {
    const most = folders.includes(tooLong) ? maxFolderBytes : maxFileBytes
    return `a name of ${bytesOf(tooLong)} bytes in UTF-8, at most ${most} are possible`
  }
  const other = reserved.exec(names.join('/'))
  return other ? `out/${other[2]} holds other things than results; take another folder` : undefined
}

/** Names must work on every system, so what one of them refuses is refused here. */
function nameFault(name: string): string | undefined {
  const odd = refused().exec(name)?.[0]
  if (odd !== undefined) return `it holds ${JSON.stringify(odd)}`
  if (name.startsWith('.')) return 'it starts with "."'
  if (/^\s|\s$/.test(name)) return 'it starts or ends with a space'
  if (name.endsWith('.')) return 'it ends with "."'
  return isDeviceName(name) ? 'it is a device name on Windows' : undefined
}

function endingFault(path: string, template: string): string | undefined {
  if (path.endsWith(ending)) return undefined
  const file = path.slice(path.lastIndexOf('/') + 1)
  const advice = file === '' || file.includes('.') ? '' : `: write "${template}.{ext}"`
  return `an output ends in .{ext}, which is ${ending}${advice}`
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}
