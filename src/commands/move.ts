import { extname, join } from 'node:path'
import { continuing, upstreamOf } from '../core/chains.js'
import { type DigestPart, differingParts, digestOf } from '../core/digest.js'
import { RunnerError } from '../core/errors.js'
import type { TakeState } from '../core/ledger-state.js'
import type { LockEntry, LockStatus } from '../core/lockfile.js'
import { movedEntry, movesBetween, type TakeMove } from '../core/move.js'
import { framePathOf, type ShotName, type TakeName } from '../core/names.js'
import { outputKey } from '../core/output-collisions.js'
import { previousPath } from '../core/output-path.js'
import { allTakesOf, type Manifest } from '../core/shot.js'
import { didYouMean } from '../core/suggest.js'
import type { TaskId } from '../core/task.js'
import { keptVideos, sha256Of } from '../core/verify.js'
import { type LoadedManifest, type LoadOptions, loadManifests } from '../engine/load-manifests.js'
import { type Places, staysInside } from '../engine/places.js'
import { type LedgerWorld, type OpenLedger, withLedgers } from '../engine/prepare-plans.js'
import type { Files } from '../ports/files.js'

export interface MoveOptions extends LoadOptions {
  /** The shot's name in the lockfile. */
  from: string
  /** The shot's name in the manifest. */
  to: string
}

export interface MoveReport {
  manifest: string
  file: string
  moved: MovedTake[]
  /** Takes that go on from the shot, and are what they were under its new name. */
  followers: TakeName[]
}

export interface MovedTake {
  from: TakeName
  to: TakeName
  status: LockStatus
  task?: TaskId
  /** Where its file belongs now, relative to the manifest. */
  video?: string
  /** Whether that file is in its place on this machine. */
  here?: boolean
  /** Where the videos of its superseded tasks are now, as far as they went along. */
  kept?: string[]
  /** What differs from the shot as it is in the manifest now; the next run then buys it anew. */
  changed?: readonly DigestPart[]
}

/** A move with the file that goes along. */
interface FileMove extends TakeMove {
  /** Absolute paths; `undefined` when there is no file to rename. */
  file: FileRename | undefined
  /** Where its last frame is from now on, relative to the manifest; `undefined`: where it was, if there is one. */
  frame: { path: string; file: FileRename | undefined } | undefined
  /** Videos of superseded tasks that go along, and where they are from now on, relative to the manifest. */
  kept: { task: TaskId; path: string; file: FileRename | undefined }[]
}

interface FileRename {
  source: string
  target: string
}

/**
 * Gives all takes of a shot the name that the shot has in the manifest now, in whatever state they are: nothing is
 * bought or lost by a rename. Everything is checked before anything is changed.
 *
 * Each take is written down under its new name, then its files are renamed, then its old name is dropped. After a crash
 * in between both names hold the task, so nothing is lost and nothing can be bought twice; the same move again finishes.
 *
 * @throws RunnerError `usage` when the manifest does not have the new name, still has the old one, or is not the only
 *   one; `name-taken` when a task or a file of its own stands under the new name; `nothing-selected` when the lockfile
 *   does not have the old one; `state-unwritable` when a file cannot be renamed.
 */
export async function move({ from, to, ...options }: MoveOptions, world: LedgerWorld): Promise<MoveReport> {
  const { loaded } = await loadManifests(options, world.files, world.clock)
  const one = onlyOne(loaded)
  requireRename(one.manifest, from, to)
  return await withLedgers([one], world, async ([open]) => {
    const moves = movesBetween(open!.ledger.states, from as ShotName, to as ShotName)
    const planned: FileMove[] = []
    for (const step of moves)
      planned.push({
        ...step,
        frame: await planFrame(step, open!, world.files),
        kept: await planKept(step, open!, world.files),
        file: await planFile(step, open!, world.files),
      })
    // First: a move that is cut off can then be done again as long as the old name stands.
    const followers = await renameUpstream(from as ShotName, to as ShotName, open!)
    const moved: MovedTake[] = []
    for (const step of planned) moved.push(await moveTake(step, open!, world.files))
    return { manifest: one.manifest.name, file: one.manifest.file, moved, followers }
  })
}

function onlyOne(loaded: readonly LoadedManifest[]): LoadedManifest {
  const [one, ...others] = loaded
  if (one && others.length === 0) return one
  throw new RunnerError('usage', `Cannot move: there are ${loaded.length} manifests`, {
    hint: `Name the one that is meant: shotlock move OLD NEW ${one?.manifest.file}.`,
  })
}

function requireRename({ file, shots }: Manifest, from: string, to: string): void {
  const refuse = (why: string, hint: string) =>
    new RunnerError('usage', `Cannot move "${from}" to "${to}": ${why}`, { hint })
  const names = shots.map(({ name }) => name as string)
  if (!names.includes(to)) {
    throw refuse(
      `"${file}" has no shot "${to}"${didYouMean(to, names)}`,
      'Rename the shot in the manifest first.',
    )
  }
  if (names.includes(from)) {
    throw refuse(
      `"${file}" still has a shot "${from}", and the next run would buy it again`,
      'Rename the shot in the manifest first; a shot beside it is bought by a run.',
    )
  }
}

/** @throws RunnerError `name-taken` when another file, or the place of one, is in the way. */
async function planFile(
  step: TakeMove,
  { places, ledger }: OpenLedger,
  files: Files,
): Promise<FileMove['file']> {
  const { video, sha256 } = step.entry
  if (video === undefined || !staysInside(video, places)) return undefined
  const place = targetOf(step, places)
  const source = join(places.folder, video)
  const target = join(places.folder, place)
  // A template without the shot's name has the same place for the new name.
  if (source === target) return undefined
  const taken = (what: string, hint: string) =>
    new RunnerError('name-taken', `Cannot move "${step.from}" to "${step.to}": ${what}`, { hint })
  const owner = ownerOf(place, ledger.states)
  if (owner !== undefined && owner !== step.from && owner !== step.to) {
    const hint = 'Give the shot another output in the manifest, and move again.'
    throw taken(`"${place}" is where the video of "${owner}" is`, hint)
  }
  if (await files.exists(target)) {
    // An earlier move, or a run after it, has put the result there already.
    if (await holdsAnyOf([sha256, step.moved?.sha256], target, files)) return undefined
    throw taken(`"${target}" is there`, 'Move that file out of the way; it is not overwritten.')
  }
  return (await files.exists(source)) ? { source, target } : undefined
}

/** The last frame goes along with its video, unless another file is in the way: then it stays where it is. */
async function planFrame(step: TakeMove, { places }: OpenLedger, files: Files): Promise<FileMove['frame']> {
  const { frame, frameSha256 } = step.entry
  if (frame === undefined || !staysInside(frame, places)) return undefined
  const path = `${framePathOf(targetOf(step, places))}${extname(frame)}`
  const [source, target] = [join(places.folder, frame), join(places.folder, path)]
  if (source === target) return undefined
  if (await files.exists(target))
    return (await holdsAnyOf([frameSha256], target, files)) ? { path, file: undefined } : undefined
  return (await files.exists(source)) ? { path, file: { source, target } } : undefined
}

/**
 * Videos of superseded tasks go along as well: where they are, a new shot of the old name may have its own. One stays
 * where another file is in the way, or when it is on another machine.
 */
async function planKept(step: TakeMove, { places }: OpenLedger, files: Files): Promise<FileMove['kept']> {
  const kept: FileMove['kept'] = []
  for (const { task, path: before, sha256 } of keptVideos(new Map([[step.from, stateOf(step.entry)]]))) {
    if (before === step.entry.video || !staysInside(before, places)) continue
    const path = previousPath(targetOf(step, places), task)
    const [source, target] = [join(places.folder, before), join(places.folder, path)]
    if (source === target) continue
    if (await files.exists(target)) {
      if (await holdsAnyOf([sha256], target, files)) kept.push({ task, path, file: undefined })
    } else if (await files.exists(source)) kept.push({ task, path, file: { source, target } })
  }
  return kept
}

function stateOf(entry: LockEntry): TakeState {
  return { entry, intent: undefined }
}

/**
 * A digest names the upstream shot of its take. What was bought under the old name is the same under the new one, and
 * gets the digest that says so.
 */
async function renameUpstream(
  from: ShotName,
  to: ShotName,
  { manifest, ledger, images }: OpenLedger,
): Promise<TakeName[]> {
  const hash = (path: string) => images.get(path)!.sha256
  const renamed: TakeName[] = []
  for (const take of manifest.shots.filter((shot) => upstreamOf(shot) === to).flatMap(allTakesOf)) {
    const { entry, intent, sentAt } = ledger.states.get(take.name) ?? {}
    const before = digestOf({ ...take, shot: continuing(take.shot, from) }, hash)
    if (intent || entry?.digest !== before) continue
    await ledger.commit({
      type: 'placed',
      take: take.name,
      entry: { ...entry, digest: digestOf(take, hash) },
      ...(sentAt === undefined ? {} : { sentAt }),
    })
    renamed.push(take.name)
  }
  return renamed
}

/** Where the new name has its video: as an earlier move decided that was cut off, else as the manifest says now. */
function targetOf({ to, entry, moved }: TakeMove, places: Places): string {
  if (moved?.video !== undefined && staysInside(moved.video, places)) return moved.video
  return places.output(to, entry)
}

function ownerOf(place: string, states: ReadonlyMap<TakeName, TakeState>): TakeName | undefined {
  for (const [name, { entry }] of states)
    if (entry?.video !== undefined && outputKey(entry.video) === outputKey(place)) return name
  return undefined
}

async function holdsAnyOf(
  hashes: readonly (string | undefined)[],
  path: string,
  files: Files,
): Promise<boolean> {
  try {
    const chunks = await files.readChunks(path)
    return chunks !== undefined && hashes.includes(await sha256Of(chunks))
  } catch {
    return false
  }
}

async function moveTake(
  step: FileMove,
  { ledger, places, digests }: OpenLedger,
  files: Files,
): Promise<MovedTake> {
  const { from, to, file, frame, kept } = step
  const moved = movedEntry(step, targetOf(step, places))
  const spent = kept.map(({ task, path }) => [task, { ...moved.spent?.[task], video: path }])
  const entry = {
    ...moved,
    ...(frame === undefined ? {} : { frame: frame.path }),
    ...(kept.length === 0 ? {} : { spent: { ...moved.spent, ...Object.fromEntries(spent) } }),
  }
  const sentAt = ledger.states.get(from)?.sentAt
  await ledger.commit({ type: 'placed', take: to, entry, ...(sentAt === undefined ? {} : { sentAt }) })
  if (file) await rename(file, files)
  if (frame?.file) await rename(frame.file, files)
  for (const one of kept) if (one.file) await rename(one.file, files)
  await ledger.commit({ type: 'dropped', take: from })

  const { status, task, video, digest } = entry
  const wanted = digests.get(to)
  const changed = wanted === undefined ? [] : differingParts(digest, wanted)
  const here = video !== undefined && (await files.exists(join(places.folder, video)))
  return {
    from,
    to,
    status,
    ...(task === undefined ? {} : { task }),
    ...(video === undefined ? {} : { video, here }),
    ...(kept.length === 0 ? {} : { kept: kept.map(({ path }) => path) }),
    ...(changed.length === 0 ? {} : { changed }),
  }
}

async function rename({ source, target }: FileRename, files: Files): Promise<void> {
  const fail = (why: string, cause?: unknown) =>
    new RunnerError('state-unwritable', `Cannot rename "${source}" to "${target}": ${why}`, {
      cause,
      hint: 'Nothing is lost: both names hold the task. Put the file system in order and move again.',
    })
  let done: boolean
  try {
    done = await files.moveNew(source, target)
  } catch (cause) {
    throw fail((cause as Error).message, cause)
  }
  if (!done) throw fail('a file has appeared there')
}
