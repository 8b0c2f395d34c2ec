import { createHash } from 'node:crypto'
import type { TakeState } from './ledger-state.js'
import { compareCodePoints, compareTakeNames, type TakeName } from './names.js'
import type { TaskId } from './task.js'

/** What of a result a file holds: the video, or its last frame. */
export type FilePart = 'video' | 'frame'

/** A collected file as the lockfile has it. */
export interface LockedFile {
  take: TakeName
  part: FilePart
  /** Relative to the manifest, with `/`. */
  path: string
  sha256: string
  task: TaskId | undefined
  provider: string
}

/** How a collected file was found. `changed`: its hash is another; `unreadable`: it is there and nobody can say. */
export type FileState = 'ok' | 'missing' | 'changed' | 'unreadable'

/** What came of fetching a file again. */
export type Repair = {
  /** Where the changed file was put, relative to the manifest; it is never overwritten. */
  kept?: string
} & (
  | { kind: 'restored' }
  /** The provider delivers other bytes now: they are in place, and the lockfile has their hash. */
  | { kind: 'different'; sha256: string }
  | { kind: 'impossible'; why: string }
)

/** Every collected file that the lockfile names, in its order. */
export function lockedFiles(states: ReadonlyMap<TakeName, TakeState>): LockedFile[] {
  return [...states.keys()].sort(compareTakeNames).flatMap((take) => {
    const entry = states.get(take)?.entry
    if (!entry) return []
    const { video, sha256, frame, frameSha256, task, provider } = entry
    const of = { take, task, provider }
    return [
      ...(video === undefined || sha256 === undefined
        ? []
        : [{ ...of, part: 'video', path: video, sha256 } as const]),
      ...(frame === undefined || frameSha256 === undefined
        ? []
        : [{ ...of, part: 'frame', path: frame, sha256: frameSha256 } as const]),
    ]
  })
}

/** The video of a superseded task as the lockfile has it. */
export interface KeptVideo {
  take: TakeName
  task: TaskId
  /** Relative to the manifest, with `/`. */
  path: string
  /** `undefined` where a hand has taken it away. */
  sha256: string | undefined
}

/** Every video of a superseded task that the lockfile names, in its order. */
export function keptVideos(states: ReadonlyMap<TakeName, TakeState>): KeptVideo[] {
  const holders = [...states].filter(([, { entry }]) => entry?.spent !== undefined)
  return holders
    .sort(([a], [b]) => compareTakeNames(a, b))
    .flatMap(([take, { entry }]) =>
      (Object.keys(entry!.spent!) as TaskId[]).sort(compareCodePoints).flatMap((task) => {
        const { video, sha256 } = entry!.spent![task]!
        return video === undefined ? [] : [{ take, task, path: video, sha256 }]
      }),
    )
}

/** SHA-256 of a file that comes piece by piece, in hexadecimal. */
export async function sha256Of(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of chunks) hash.update(chunk)
  return hash.digest('hex')
}

/**
 * Videos that no entry names.
 *
 * @param found Paths relative to the manifest, with `/`; unfinished downloads, which start with a dot, are passed over.
 * @param named Those that entries name, likewise.
 */
export function orphansAmong(found: readonly string[], named: readonly string[]): string[] {
  // Some file systems give names back in decomposed letters.
  const known = new Set(named.map((path) => path.normalize('NFC')))
  return found.filter((path) => isVideo(path) && !known.has(path.normalize('NFC'))).sort()
}

function isVideo(path: string): boolean {
  return /(^|\/)[^./][^/]*\.(mp4|mov)$/i.test(path)
}

/** Where a changed file goes: `fox.changed.mp4`, then `fox.changed-2.mp4`, … */
export function asideName(path: string, number: number): string {
  const mark = number === 1 ? 'changed' : `changed-${number}`
  return path.replace(/(\.[^./]+)?$/, `.${mark}$1`)
}
