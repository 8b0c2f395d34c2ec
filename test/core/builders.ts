import { type Digest, digestOf } from '../../src/core/digest.js'
import type { PendingIntent, TakeState } from '../../src/core/ledger-state.js'
import type { LockEntry } from '../../src/core/lockfile.js'
import { type ParsedManifest, parseManifest } from '../../src/core/manifest.js'
import { type ShotName, splitTakeName, type TakeName } from '../../src/core/names.js'
import type { Problem } from '../../src/core/problem.js'
import type { MediaRole } from '../../src/core/request.js'
import type { Manifest, Media, Shot, Take } from '../../src/core/shot.js'
import { type TaskId, taskId } from '../../src/core/task.js'

export const pro15 = 'doubao-seedance-1-5-pro-251215'
export const pro10 = 'doubao-seedance-1-0-pro-250528'
export const fast10 = 'doubao-seedance-1-0-pro-fast-251015'
export const liteT2v = 'doubao-seedance-1-0-lite-t2v-250428'
export const liteI2v = 'doubao-seedance-1-0-lite-i2v-250428'
export const v20 = 'doubao-seedance-2-0-260128'
export const fast20 = 'doubao-seedance-2-0-fast-260128'
export const mini20 = 'doubao-seedance-2-0-mini-260615'
export const v25 = 'doubao-seedance-2-5-260628'

export const shotName = (text: string) => text as ShotName
export const takeName = (text: string) => text as TakeName
export const task = (text: string): TaskId => taskId(text)

/** A shot of 1.5 pro from a prompt; each part can be changed. */
export function shot(name: string, parts: Partial<Omit<Shot, 'name'>> = {}): Shot {
  return {
    name: shotName(name),
    model: pro15,
    prompt: 'a fox',
    media: [],
    parameters: {},
    extra: {},
    takes: 1,
    tags: [],
    skip: false,
    ...parts,
  }
}

/** Take 1 of a shot, or another by number. */
export function take(of: Shot, number = 1): Take {
  return { name: takeName(number === 1 ? of.name : `${of.name}@${number}`), shot: of, number }
}

export function fileMedia(role: MediaRole, path: string): Media {
  return { role, source: { kind: 'file', path }, field: [role] }
}

export function urlMedia(role: MediaRole, url: string): Media {
  return { role, source: { kind: 'url', url }, field: [role] }
}

export function manifestOf(shots: readonly Shot[]): Manifest {
  return { name: 'ep01', file: 'manifests/ep01.yaml', shots }
}

export const digestA = `v1:${'a'.repeat(64)}` as Digest
export const digestB = `v1:${'a'.repeat(16)}${'b'.repeat(16)}${'a'.repeat(32)}` as Digest

/** An entry of the lockfile, of `ark` and with `digestA`. */
export function entry(status: LockEntry['status'], fields: Partial<LockEntry> = {}): LockEntry {
  return { status, provider: 'ark', digest: digestA, seed: 7, ...fields }
}

export const known = (of: LockEntry): TakeState => ({ entry: of, intent: undefined })

export function pending(fields: Partial<PendingIntent> = {}): PendingIntent {
  return { attempt: 1, provider: 'ark', digest: digestA, seed: 9, at: '2026-01-08T11:13:52Z', ...fields }
}

/** Marks in a YAML text where a caret must stand; taken out before reading. */
export const mark = '▸'

/** Takes the marks out of a text, and says where they stood: `line:col`, both 1-based. */
export function unmark(marked: string): { text: string; places: string[] } {
  const [first = '', ...rest] = marked.split(mark)
  let text = first
  const places: string[] = []
  for (const piece of rest) {
    const lines = text.split('\n')
    places.push(`${lines.length}:${lines.at(-1)!.length + 1}`)
    text += piece
  }
  return { text, places }
}

/** The top of a manifest of 1.5 pro shots, up to `shots:`. */
export const top = `version: 1\ndefaults: { model: ${pro15} }\nshots:\n`

/**
 * Problems but for the words that 1.5 pro, which most manifests here name, was announced to stop, and that a prompt
 * stands twice, as it does in most of them.
 */
export function faultsOf({ problems }: ParsedManifest): Problem[] {
  return problems.filter(({ code }) => code !== 'model-retired' && code !== 'prompt-twice')
}

/** Reads a manifest that is all right. */
export function read(text: string | Uint8Array, file = 'm.yaml'): ParsedManifest {
  const parsed = parseManifest(text, file)
  const faults = faultsOf(parsed)
  if (faults.length > 0) throw new Error(JSON.stringify(faults, null, 2))
  return parsed
}

/** The only shot of a manifest that is all right. */
export function readOne(text: string): Shot {
  return read(text).manifest.shots[0]!
}

/** Problems as `line:col code shot`, in the order of their places. */
export function problemsIn(text: string | Uint8Array): string[] {
  return faultsOf(parseManifest(text, 'm.yaml'))
    .sort((a, b) => a.line - b.line || a.col - b.col)
    .map(({ line, col, code, shot }) => `${line}:${col} ${code}${shot === undefined ? '' : ` ${shot}`}`)
}

/** Digests of takes whose shots have no local files. */
export function digestsOf(takes: readonly Take[]): Map<TakeName, Digest> {
  return new Map(takes.map((one) => [one.name, digestOf(one, () => '')]))
}

export const numberOf = (name: TakeName) => splitTakeName(name).number
