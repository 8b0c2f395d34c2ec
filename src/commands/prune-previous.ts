import { join } from 'node:path'
import { RunnerError } from '../core/errors.js'
import type { TakeName } from '../core/names.js'
import { outputKey } from '../core/output-collisions.js'
import type { TaskId } from '../core/task.js'
import { type KeptVideo, keptVideos, lockedFiles, sha256Of } from '../core/verify.js'
import { findPresent, type LoadOptions, loadManifests } from '../engine/load-manifests.js'
import { type Places, staysInside } from '../engine/places.js'
import { type LedgerWorld, type OpenLedger, withLedgers } from '../engine/prepare-plans.js'
import { isInOneOf } from '../engine/shown-files.js'
import type { Files, Fingerprint } from '../ports/files.js'

/** The video of a superseded task. */
export interface PreviousVideo {
  take: TakeName
  task: TaskId
  /** Relative to the manifest, with `/`. */
  video: string
}

/**
 * Why a video is left alone. `only`: its take has no newer one on this machine; `used`: something
 * that was collected is there; `changed`: its hash is not the recorded one; `outside`: it lies outside of the project,
 * or a link leads there; `unreadable`: it is there and nobody can say what it is; `undeletable`: the disk refused.
 */
export type KeepReason = 'only' | 'used' | 'changed' | 'outside' | 'unreadable' | 'undeletable'

export interface PreviousPrune {
  manifest: string
  file: string
  /** Deleted, or to be deleted. */
  deleted: (PreviousVideo & { sizeBytes: number })[]
  /** Not on this machine: the lockfile no longer says where they were. */
  missing: PreviousVideo[]
  left: (PreviousVideo & { why: KeepReason })[]
}

export interface PrunePreviousReport {
  manifests: PreviousPrune[]
}

export interface PrunePreviousControls {
  /** Asked before anything is deleted, and only when something would be. */
  confirm: (report: PrunePreviousReport) => Promise<boolean>
}

/** So many videos share two flushes of the journal. A crash leaves as many that are deleted and still named. */
const deletedTogether = 100

/**
 * Deletes the videos of superseded tasks, for the room that they take. What the tasks came to stays in the lockfile.
 *
 * A file goes first and its name after: a crash in between leaves a name without a file, as on any other machine, and
 * the same command again takes that out. The other way round it would leave a file that nothing names.
 *
 * @throws RunnerError `no-consent` when it is not agreed to; nothing is deleted then.
 */
export async function prunePrevious(
  options: LoadOptions,
  world: LedgerWorld,
  { confirm }: PrunePreviousControls,
): Promise<PrunePreviousReport> {
  const { loaded } = await loadManifests(options, world.files, world.clock)
  return await withLedgers(loaded, world, async (ledgers) => {
    const used = new Set(ledgers.flatMap(usedPaths))
    const found: Found[][] = []
    for (const one of ledgers) found.push(await findVideos(one, used, world.files))
    if (found.every((videos) => videos.every(({ state }) => state === 'left')))
      return reportOf(ledgers, found)
    if (!(await confirm(reportOf(ledgers, found)))) {
      throw new RunnerError('no-consent', 'Nothing was deleted: it was not agreed to', {
        hint: 'Run again and answer y, or give --yes.',
      })
    }
    const done: Found[][] = []
    for (const [index, videos] of found.entries())
      done.push(await deleteVideos(videos, ledgers[index]!, world))
    return reportOf(ledgers, done)
  })
}

/** A kept video and what is to become of it. */
type Found = PreviousVideo &
  (
    | { state: 'here'; sizeBytes: number; fingerprint: Fingerprint | undefined }
    | { state: 'missing' }
    | { state: 'left'; why: KeepReason }
  )

/** Where collected files are that are no superseded task's. */
function usedPaths({ ledger, places }: OpenLedger): string[] {
  return lockedFiles(ledger.states).map(({ path }) => keyOf(path, places))
}

function keyOf(path: string, { folder }: Places): string {
  return outputKey(join(folder, path))
}

async function findVideos(one: OpenLedger, used: ReadonlySet<string>, files: Files): Promise<Found[]> {
  const { ledger, places } = one
  const present = await findPresent(one, ledger.states, files)
  const found: Found[] = []
  const counted = new Set<string>()
  for (const kept of keptVideos(ledger.states)) {
    const { take, task, path } = kept
    const key = keyOf(path, places)
    const own = ledger.states.get(take)?.entry?.video
    const isReplaced = own !== undefined && keyOf(own, places) === key
    const state: FoundState = isReplaced
      ? { state: 'missing' }
      : !present.has(take)
        ? { state: 'left', why: 'only' }
        : used.has(key)
          ? { state: 'left', why: 'used' }
          : await findVideo(kept, places, files)
    // A move that was cut off leaves one video under two names: its room counts once.
    const isAgain = state.state === 'here' && counted.has(key)
    if (state.state === 'here') counted.add(key)
    found.push({ take, task, video: path, ...(isAgain ? { state: 'missing' } : state) })
  }
  return found
}

type FoundState = Found extends infer F ? (F extends Found ? Omit<F, keyof PreviousVideo> : never) : never

async function findVideo({ path, sha256 }: KeptVideo, places: Places, files: Files): Promise<FoundState> {
  if (!staysInside(path, places)) return { state: 'left', why: 'outside' }
  const absolute = join(places.folder, path)
  try {
    if (!(await files.exists(absolute))) return { state: 'missing' }
    if (!(await isInOneOf([places.projectRoot], absolute, files))) return { state: 'left', why: 'outside' }
    const fingerprint = await files.fingerprint(absolute)
    const sizeBytes = await files.size(absolute)
    const chunks = sizeBytes === undefined ? undefined : await files.readChunks(absolute)
    if (sizeBytes === undefined || !chunks) return { state: 'left', why: 'changed' }
    if ((await sha256Of(chunks)) !== sha256) return { state: 'left', why: 'changed' }
    return { state: 'here', sizeBytes, fingerprint }
  } catch {
    return { state: 'left', why: 'unreadable' }
  }
}

async function deleteVideos(
  videos: readonly Found[],
  { ledger, places }: OpenLedger,
  { files, mark }: LedgerWorld,
): Promise<Found[]> {
  const done: Found[] = []
  for (let start = 0; start < videos.length; start += deletedTogether) {
    const some: Found[] = []
    for (const one of videos.slice(start, start + deletedTogether)) {
      some.push(one.state === 'here' ? await deleteVideo(one, places, files) : one)
      if (some.at(-1)!.state === 'here') mark('file-deleted')
    }
    const gone = some.filter(({ state }) => state !== 'left')
    await Promise.all(gone.map(({ take, task }) => ledger.commit({ type: 'discarded', take, task })))
    done.push(...some)
  }
  return done
}

/** While a person was asked, the file may have become another. */
async function deleteVideo(
  { take, task, video, ...found }: Extract<Found, { state: 'here' }>,
  { folder }: Places,
  files: Files,
): Promise<Found> {
  const path = join(folder, video)
  const leave = (why: KeepReason): Found => ({ take, task, video, state: 'left', why })
  try {
    if ((await files.fingerprint(path)) !== found.fingerprint) return leave('changed')
    await files.remove(path)
    return { take, task, video, ...found }
  } catch {
    return leave('undeletable')
  }
}

function reportOf(ledgers: readonly OpenLedger[], found: readonly (readonly Found[])[]): PrunePreviousReport {
  return {
    manifests: ledgers.map(({ manifest: { name, file } }, index) => {
      const report: PreviousPrune = { manifest: name, file, deleted: [], missing: [], left: [] }
      for (const { take, task, video, ...one } of found[index]!) {
        if (one.state === 'here') report.deleted.push({ take, task, video, sizeBytes: one.sizeBytes })
        else if (one.state === 'missing') report.missing.push({ take, task, video })
        else report.left.push({ take, task, video, why: one.why })
      }
      return report
    }),
  }
}
