import { join, relative, sep } from 'node:path'
import { ProviderError, RunnerError } from '../core/errors.js'
import { lostCode, type TakeState } from '../core/ledger-state.js'
import { type TakeName, withoutEnding } from '../core/names.js'
import type { TaskId } from '../core/task.js'
import {
  asideName,
  type FilePart,
  type FileState,
  type KeptVideo,
  keptVideos,
  type LockedFile,
  lockedFiles,
  orphansAmong,
  type Repair,
  sha256Of,
} from '../core/verify.js'
import { collectLastFrame, collectResult } from '../engine/collect-result.js'
import { readStates } from '../engine/ledger.js'
import { type LoadedManifest, type LoadOptions, loadManifests } from '../engine/load-manifests.js'
import { type Places, staysInside } from '../engine/places.js'
import { type OpenLedger, withLedgers } from '../engine/prepare-plans.js'
import type { Files } from '../ports/files.js'
import type { World } from '../ports/world.js'

/** One collected file that the lockfile names. */
export interface FileCheck {
  take: TakeName
  part: FilePart
  /** Relative to the manifest, with `/`. */
  path: string
  /** As it was found, before any repair. */
  state: FileState
  repair?: Repair
}

/** The kept video of a task that another has taken the place of. The shot has a newer one, so this is no fault of it. */
export interface KeptCheck extends Pick<KeptVideo, 'take' | 'task' | 'path'> {
  state: FileState
}

export interface ManifestCheck {
  manifest: string
  file: string
  files: FileCheck[]
  /** Videos of superseded tasks. They are looked at and never fetched again. */
  kept: KeptCheck[]
  /** Videos below the manifest's results that no entry names, relative to the manifest. They are left alone. */
  orphans: string[]
}

export interface VerifyReport {
  manifests: ManifestCheck[]
  /** Whether it was broken off: then files are missing from the report. */
  interrupted: boolean
}

export interface VerifyControls {
  /** Breaks off between two files. */
  signal: AbortSignal
  /** With whom missing and changed files are fetched again; `undefined` only looks. */
  repairWith?: World | undefined
}

/**
 * Hashes every collected file again, and the videos of superseded tasks that were kept. Looking locks nothing and writes nothing; a repair does both.
 *
 * @throws RunnerError for manifests and lockfiles that cannot be read; when repairing also `run-in-progress` and
 *   `state-unwritable`.
 */
export async function verify(
  options: LoadOptions,
  files: Files,
  { signal, repairWith }: VerifyControls,
): Promise<VerifyReport> {
  const { loaded } = await loadManifests(options, files, repairWith?.clock)
  const manifests: ManifestCheck[] = []
  if (repairWith) {
    await withLedgers(loaded, repairWith, async (ledgers) => {
      for (const one of ledgers) {
        const check = await checkManifest(one, one.ledger.states, { files, signal })
        manifests.push(await repairManifest(check, { one, world: repairWith, signal }))
      }
    })
  } else {
    for (const one of loaded) {
      const { states } = await readStates(one.places, { files })
      manifests.push(await checkManifest(one, states, { files, signal }))
    }
  }
  return { manifests, interrupted: signal.aborted }
}

async function checkManifest(
  { manifest: { name, file }, places }: LoadedManifest,
  states: ReadonlyMap<TakeName, TakeState>,
  { files, signal }: { files: Files; signal: AbortSignal },
): Promise<ManifestCheck> {
  const locked = lockedFiles(states)
  const checks: FileCheck[] = []
  for (const { take, part, path, sha256 } of locked) {
    if (signal.aborted) break
    checks.push({ take, part, path, state: await checkFile(join(places.folder, path), sha256, files) })
  }
  const superseded = keptVideos(states)
  const kept: KeptCheck[] = []
  for (const { take, task, path, sha256 } of superseded) {
    if (signal.aborted) break
    // Where the take's own video is by now, the old one is not.
    const isReplaced = path === states.get(take)?.entry?.video
    const state = isReplaced ? 'missing' : await checkFile(join(places.folder, path), sha256, files)
    kept.push({ take, task, path, state })
  }
  const named = [...locked, ...superseded].map(({ path }) => path)
  const orphans = orphansAmong(await findResults(places, files), named)
  return { manifest: name, file, files: checks, kept, orphans }
}

/** @param sha256 `undefined`: there is none on record, and what is there is taken as it is. */
async function checkFile(path: string, sha256: string | undefined, files: Files): Promise<FileState> {
  try {
    // Only a regular file has a size.
    const chunks = (await files.size(path)) === undefined ? undefined : await files.readChunks(path)
    if (!chunks) return 'missing'
    const found = await sha256Of(chunks)
    return found === (sha256 ?? found) ? 'ok' : 'changed'
  } catch {
    return 'unreadable'
  }
}

/**
 * Everything below the folder of a manifest's results, relative to the manifest. Folders that shots state are not looked
 * through: other people's films may lie there.
 */
async function findResults(places: Places, files: Files): Promise<string[]> {
  const paths = await files.filesBelow(join(places.folder, places.outputFolder))
  return paths.map((path) => relative(places.folder, path).split(sep).join('/'))
}

interface RepairContext {
  one: OpenLedger
  world: World
  signal: AbortSignal
}

async function repairManifest(check: ManifestCheck, context: RepairContext): Promise<ManifestCheck> {
  const locked = new Map(lockedFiles(context.one.ledger.states).map((file) => [keyOf(file), file]))
  const files: FileCheck[] = []
  for (const found of check.files) {
    const asked = found.state !== 'ok' && !context.signal.aborted
    const repair = asked ? { repair: await repairFile(found.state, locked.get(keyOf(found))!, context) } : {}
    files.push({ ...found, ...repair })
  }
  return { ...check, files }
}

function keyOf({ take, part }: Pick<LockedFile, 'take' | 'part'>): string {
  return `${take} ${part}`
}

async function repairFile(state: FileState, file: LockedFile, context: RepairContext): Promise<Repair> {
  const { world, one } = context
  const { task, path, provider } = file
  const impossible = (why: string): Repair => ({ kind: 'impossible', why })
  if (state === 'unreadable') return impossible('it is there but cannot be read: make it readable')
  if (!staysInside(path, one.places)) return impossible('the lockfile has it outside of the project')
  if (task === undefined) return impossible('the lockfile names no task for it')
  if (provider !== world.provider.name) return impossible(`it was bought from ${provider}`)

  const { openPart, kept } = keepingOld(path, one.places, world.files)
  const repair = await fetchAgain({ ...file, task }, { openPart }, context)
  return kept() === undefined ? repair : { ...repair, kept: kept()! }
}

async function fetchAgain(
  { take, task, part, path, sha256: expected }: LockedFile & { task: TaskId },
  files: Pick<Files, 'openPart'>,
  { one: { places, ledger }, world, signal }: RepairContext,
): Promise<Repair> {
  const onTrouble = (message: string, waitMs: number) =>
    world.emit({ type: 'trouble', during: 'download', message, waitMs })
  const { folder } = places
  const collecting = { ...world, files, onTrouble }
  try {
    let sha256: string
    if (part === 'frame') {
      const asked = { id: task, lastFrameUrl: undefined }
      const target = { folder, stem: withoutEnding(path) }
      const frame = await collectLastFrame(asked, target, collecting, { signal })
      sha256 = frame.sha256
      await ledger.commit({ type: 'framed', take, task, frame: frame.path, frameSha256: sha256 })
    } else {
      const asked = { id: task, videoUrl: undefined }
      const video = await collectResult(asked, { folder, path }, collecting, { signal })
      sha256 = video.sha256
      await ledger.commit({ type: 'collected', take, task, video: path, ...video })
    }
    return sha256 === expected ? { kind: 'restored' } : { kind: 'different', sha256 }
  } catch (error) {
    return { kind: 'impossible', why: whyNot(error, signal) }
  }
}

/** @throws What is no matter of this one file: the ledger cannot be written, or there is a bug. */
function whyNot(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'it was interrupted'
  if (error instanceof ProviderError)
    return error.providerCode === lostCode ? 'the provider no longer has it' : error.message
  const isOfFiles = error instanceof Error && !(error instanceof RunnerError) && 'code' in error
  if (!isOfFiles) throw error
  return error.message
}

/** Files whose new content takes its place only after the old one, if there is one, has been put aside. */
function keepingOld(
  path: string,
  places: Places,
  files: Files,
): Pick<Files, 'openPart'> & { kept: () => string | undefined } {
  let kept: string | undefined
  return {
    kept: () => kept,
    async openPart(absolute) {
      const part = await files.openPart(absolute)
      const commit = async () => {
        if (await files.exists(absolute)) kept = await putAside(path, places, files)
        await part.commit()
      }
      return { ...part, commit }
    },
  }
}

/** @returns Where the file is now, relative to the manifest. */
async function putAside(path: string, places: Places, files: Files): Promise<string> {
  for (let number = 1; ; number++) {
    const aside = asideName(path, number)
    if (await files.moveNew(join(places.folder, path), join(places.folder, aside))) return aside
  }
}
