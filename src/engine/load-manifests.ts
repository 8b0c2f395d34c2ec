import { basename, join, relative, resolve, sep } from 'node:path'
import { type Digest, digestOf } from '../core/digest.js'
import { ManifestError, RunnerError } from '../core/errors.js'
import type { TakeState } from '../core/ledger-state.js'
import type { ParsedManifest } from '../core/manifest.js'
import { hasDraft, type TakeName } from '../core/names.js'
import { once } from '../core/once.js'
import type { Problem } from '../core/problem.js'
import { draftsOf, framedTakesOf, type Manifest, type Take, takesOf } from '../core/shot.js'
import type { Clock } from '../ports/clock.js'
import type { Files } from '../ports/files.js'
import { checkOutputs } from './check-outputs.js'
import { ManifestCache } from './manifest-cache.js'
import { type LocalMedia, loadMedia, type OversizeImage } from './media.js'
import { MediaCache } from './media-cache.js'
import { type Places, placesOf } from './places.js'
import { readManifest } from './read-manifest.js'
import { sharedFiles } from './shared-files.js'

/** A manifest with everything that a plan needs of the file system. */
export interface LoadedManifest {
  manifest: Manifest
  places: Places
  images: LocalMedia
  /** Images that cannot be sent as they are. No problem where nothing is sent. */
  oversize: readonly OversizeImage[]
  digests: ReadonlyMap<TakeName, Digest>
  /** What earlier versions made of the takes that they read otherwise. */
  earlierDigests: ReadonlyMap<TakeName, Digest>
  /** SHA-256 of the manifest and what it extends as they were read, in hexadecimal. */
  sha256: () => string
  /** The files that it extends, absolute. */
  bases: readonly string[]
  /** What is known of local media; one for all manifests. */
  mediaCache: MediaCache
  /** Where a shot stands in the manifest; parses one that came from a cache. */
  placeOf: ParsedManifest['placeOf']
}

export interface LoadOptions {
  /** Files or folders as the person named them; none means all below `manifests/`. */
  paths: readonly string[]
  /** What relative paths start from. */
  cwd: string
  /** Whether this is for the simulator: then lockfile, journal and results are apart. */
  rehearsal: boolean
  /**
   * Whether what an earlier command has read of an unchanged manifest is good enough; default false. Not for what
   * buys: a cache is a file that somebody else may have written.
   */
  cached?: boolean | undefined
}

/**
 * Reads and checks manifests, and says everything that is wrong with them.
 *
 * @param clock Given by commands that will hold the ledgers, which save what is learned of local media.
 */
export async function checkManifests(
  { paths, cwd, rehearsal, cached }: LoadOptions,
  files: Files,
  clock?: Clock,
): Promise<{ loaded: LoadedManifest[]; problems: Problem[] }> {
  const found = await findManifests(paths, cwd, files)
  const named = new Set(paths)
  const mediaCache = new MediaCache(files, clock)
  const shared = sharedFiles(files)
  const read: { one: LoadedManifest; parsed: ParsedManifest; ofName: Problem[]; isNamed: boolean }[] = []
  const extended = new Set<string>()
  const lockfiles = new Map<string, string>()
  for (const file of found) {
    const absolute = resolve(cwd, file)
    const cache = cached ? await ManifestCache.of(absolute, { files, shared }) : undefined
    const { parsed, sha256, bases } = await readManifest(absolute, file, files, { cache, shared })
    for (const base of bases) extended.add(base)
    const { shots } = parsed.manifest
    const places = await placesOf(absolute, { files: shared, rehearsal, shots })
    const { local: images, oversize } = await loadMedia(parsed, { places, files, cache: mediaCache, cwd })
    const ofName = nameProblems(file, places.lockfile, lockfiles)
    lockfiles.set(places.lockfile, file)
    const broken = parsed.problems.some(({ severity }) => severity === 'error')
    const { manifest } = parsed
    const digests = once(() => (broken ? none : digestsOf(parsed, images)))
    const earlierDigests = once(() => (broken ? none : earlierDigestsOf(parsed, images)))
    const one: LoadedManifest = {
      ...{ manifest, places, images, oversize, sha256, bases, mediaCache },
      placeOf: parsed.placeOf,
      // Not every command needs them.
      get digests() {
        return digests()
      },
      get earlierDigests() {
        return earlierDigests()
      },
    }
    read.push({ one, parsed, ofName, isNamed: named.has(file) })
  }
  checkOutputs(read.map(({ parsed, one: { places } }) => ({ parsed, places })))
  // A file that is only there to be extended was found by the way, and is no manifest.
  const manifests = read.filter(
    ({ one, parsed, isNamed }) =>
      isNamed ||
      !extended.has(one.places.manifest) ||
      parsed.problems.every(({ code }) => code !== 'no-shots'),
  )
  return {
    loaded: manifests.map(({ one }) => one),
    problems: withoutRepeats(manifests.flatMap(({ parsed, ofName }) => [...parsed.problems, ...ofName])),
  }
}

const none: ReadonlyMap<TakeName, Digest> = new Map()

/** What is wrong with a file that several manifests extend is said once. */
export function withoutRepeats(problems: readonly Problem[]): Problem[] {
  const seen = new Set<string>()
  return problems.filter(({ file, line, col, code, message }) => {
    const key = `${file}:${line}:${col} ${code} ${message}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/**
 * Reads manifests that must be right.
 *
 * @param clock As for `checkManifests`.
 * @throws ManifestError with every problem, when one is an error.
 */
export async function loadManifests(
  options: LoadOptions,
  files: Files,
  clock?: Clock,
): Promise<{ loaded: LoadedManifest[]; warnings: Problem[] }> {
  const { loaded, problems } = await checkManifests(options, files, clock)
  requireSound(problems, loaded)
  return { loaded, warnings: problems }
}

/** @throws ManifestError with all problems, when one of them is an error. */
export function requireSound(problems: readonly Problem[], loaded: readonly LoadedManifest[]): void {
  const errors = problems.filter(({ severity }) => severity === 'error').length
  if (errors === 0) return
  throw new ManifestError(
    problems,
    `${errors} ${errors === 1 ? 'problem' : 'problems'} in ${countFiles(problems, loaded)}`,
  )
}

function countFiles(problems: readonly Problem[], loaded: readonly LoadedManifest[]): string {
  const broken = new Set(problems.filter(({ severity }) => severity === 'error').map(({ file }) => file)).size
  return `${broken} of ${loaded.length} ${loaded.length === 1 ? 'manifest' : 'manifests'}`
}

async function findManifests(paths: readonly string[], cwd: string, files: Files): Promise<string[]> {
  const found: string[] = []
  for (const path of paths.length === 0 ? ['manifests'] : paths) {
    const absolute = resolve(cwd, path)
    if ((await files.size(absolute)) !== undefined) {
      if (isLockfile(path))
        throw new RunnerError('usage', `Cannot run "${path}": it is a lockfile`, {
          hint: 'Name the manifest beside it.',
        })
      found.push(path)
      continue
    }
    const below = (await files.filesBelow(absolute)).filter(isManifest).sort()
    if (below.length === 0 && paths.length > 0 && !(await files.exists(absolute))) {
      throw new RunnerError('manifest-unreadable', `Cannot read "${path}": there is no such file or folder`, {
        hint: 'Check the path; without one, all manifests below manifests/ are taken.',
      })
    }
    found.push(...below.map((one) => relative(cwd, one) || one))
  }
  if (found.length === 0) {
    const places = paths.length === 0 ? 'manifests/' : paths.join(', ')
    throw new RunnerError('no-manifests', `Cannot find a manifest: there is no .yaml file below ${places}`, {
      hint: 'Name one, or start a project with: shotlock init.',
    })
  }
  return [...new Set(found)]
}

function isManifest(path: string): boolean {
  const hidden = path.split(sep).some((part) => part.startsWith('.') && part !== '.' && part !== '..')
  return /\.ya?ml$/i.test(path) && !isLockfile(path) && !hidden
}

function isLockfile(path: string): boolean {
  return /\.lock\.ya?ml$/i.test(path)
}

/** Two manifests must not share a lockfile, nor one take the name of another's rehearsal. */
function nameProblems(file: string, lockfile: string, taken: ReadonlyMap<string, string>): Problem[] {
  const problem = (message: string): Problem => ({
    code: 'manifest-name',
    severity: 'error',
    message,
    file,
    line: 1,
    col: 1,
    length: 1,
    sourceLine: '',
  })
  const other = taken.get(lockfile)
  if (other !== undefined)
    return [problem(`"${other}" would share its lockfile; give one of them another name`)]
  if (/\.simulator\.ya?ml$/i.test(file))
    return [problem('a manifest cannot end in ".simulator": rehearsals use that name')]
  if (/^\.|[\s:*?"<>|]/.test(basename(file)))
    return [problem('a manifest cannot have spaces or :*?"<>| in its name, nor start with a dot')]
  return []
}

function digestsOf({ manifest }: ParsedManifest, images: LocalMedia): Map<TakeName, Digest> {
  return hashTakes(manifest.shots.flatMap(takesOf), images)
}

function earlierDigestsOf({ manifest }: ParsedManifest, images: LocalMedia): Map<TakeName, Digest> {
  const takes = (manifest.earlier ?? []).flatMap(takesOf)
  // A variable may stand in a path, and another reading of it name a file that is not the shot's.
  const readable = takes.filter(({ shot }) =>
    shot.media.every(({ source }) => source.kind !== 'file' || images.has(source.path)),
  )
  return hashTakes(readable, images)
}

/**
 * Digests to hold against what was bought: those of the takes, and of their drafts where there are any. A take that was
 * bought by an earlier version's reading of the same manifest keeps the digest that it has, so that an upgrade buys
 * nothing again.
 *
 * @param options.drafts Whether drafts are to be told of although none was bought; default false.
 */
export function digestsFor(
  one: LoadedManifest,
  states: ReadonlyMap<TakeName, TakeState>,
  { drafts = false }: { drafts?: boolean | undefined } = {},
): ReadonlyMap<TakeName, Digest> {
  const withDrafts = drafts || hasDraft(states.keys())
  const bought = [...one.earlierDigests].filter(([name, digest]) => {
    const { entry, intent } = states.get(name) ?? {}
    return (intent ?? entry)?.digest === digest
  })
  if (!withDrafts && bought.length === 0) return one.digests
  return new Map([...one.digests, ...(withDrafts ? draftDigestsOf(one) : []), ...bought])
}

/** Digests of the drafts that a manifest's takes can have. */
export function draftDigestsOf({ manifest, images }: LoadedManifest): ReadonlyMap<TakeName, Digest> {
  const known = draftDigests.get(images)
  if (known) return known
  const digests = hashTakes(manifest.shots.flatMap(draftsOf), images)
  draftDigests.set(images, digests)
  return digests
}

/** By what stands for one reading of one manifest. */
const draftDigests = new WeakMap<LocalMedia, ReadonlyMap<TakeName, Digest>>()

function hashTakes(takes: readonly Take[], images: LocalMedia): Map<TakeName, Digest> {
  return new Map(takes.map((take) => [take.name, digestOf(take, (path) => images.get(path)!.sha256)]))
}

/** Takes whose video is in its place, by what lockfile and journal say. */
export async function findPresent(
  { places }: LoadedManifest,
  states: ReadonlyMap<TakeName, { entry: { video?: string | undefined } | undefined }>,
  files: Files,
): Promise<Set<TakeName>> {
  const present = new Set<TakeName>()
  for (const [name, { entry }] of states) {
    if (entry?.video === undefined) continue
    if ((await files.size(join(places.folder, ...entry.video.split('/')))) !== undefined) present.add(name)
  }
  return present
}

/** Takes whose last frame is in its place, of the shots that others go on from. */
export async function findFrames(
  { places, manifest }: LoadedManifest,
  states: ReadonlyMap<TakeName, { entry: { frame?: string | undefined } | undefined }>,
  files: Files,
): Promise<Set<TakeName>> {
  const found = new Set<TakeName>()
  for (const { name } of framedTakesOf(manifest.shots)) {
    const frame = states.get(name)?.entry?.frame
    if (frame === undefined) continue
    if ((await files.size(join(places.folder, ...frame.split('/')))) !== undefined) found.add(name)
  }
  return found
}
