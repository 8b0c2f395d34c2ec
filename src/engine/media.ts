import { createHash } from 'node:crypto'
import { join, normalize, relative, sep } from 'node:path'
import { clipFault, readClipFacts, totalLengthFault } from '../core/clip.js'
import type { MediaFacts } from '../core/estimate.js'
import { isFittable } from '../core/fit.js'
import { imageFault, imageLimits, readImageFacts, shrinkCommand } from '../core/image.js'
import { isLoopback } from '../core/loopback.js'
import type { ParsedManifest } from '../core/manifest.js'
import { type ModelProfile, profileOf } from '../core/models.js'
import type { ShotName } from '../core/names.js'
import type { Problem } from '../core/problem.js'
import type { MediaRole } from '../core/request.js'
import { type Media, type MediaSource, type Shot, sourceWords } from '../core/shot.js'
import type { Files } from '../ports/files.js'
import type { LocalFile, MediaCache } from './media-cache.js'
import { isInside, type Places } from './places.js'

/** The local files and data URLs of a manifest, by their path or URL as written. */
export type LocalMedia = ReadonlyMap<string, LocalFile>

/** A local image that the service would refuse, and of which a smaller copy would do. It matters to what sends it. */
export interface OversizeImage {
  shot: ShotName
  /** As written. */
  path: string
  /** The path as a person would type it. */
  shownAs: string
  /** What is said of it where no copy is asked for. */
  problem: Problem
  /** How to make a smaller one by hand. */
  byHand: string | undefined
}

/** What was found of a manifest's media. */
export interface LoadedMedia {
  local: LocalMedia
  /** In the manifest's order. */
  oversize: readonly OversizeImage[]
}

type Kind = 'image' | 'video' | 'audio'
/** What is there before anything is made. */
type GivenSource = Exclude<MediaSource, { kind: 'last_frame' }>
type Fault = Pick<Problem, 'code' | 'message'> & {
  /** The command that makes a smaller copy, where one would do. */
  byHand?: string | undefined
}

const mebibyte = 1024 * 1024
/** Larger images are not even looked at: nobody means to send one, and it would not fit into memory. */
const largestRead = 512 * mebibyte

export interface MediaWorld {
  places: Places
  files: Files
  cache: MediaCache
  /** The folder that a person's commands start from. */
  cwd: string
}

/**
 * Reads every local picture, film and sound of a manifest once, unless the cache knows it, checks all media, and
 * reports what the service would refuse. Images that are only too large are told apart: what was bought with a smaller
 * copy of one is no problem, and what sends none neither.
 */
export async function loadMedia(
  { manifest, report, place }: ParsedManifest,
  world: MediaWorld,
): Promise<LoadedMedia> {
  const local = new Map<string, LocalFile>()
  const oversize: OversizeImage[] = []
  // One text may stand for a picture here and for a film there; at most one of the two is right.
  const tried: Record<Kind, Map<string, LocalFile | Fault>> = {
    image: new Map(),
    video: new Map(),
    audio: new Map(),
  }
  const load = async (kind: Kind, source: GivenSource): Promise<LocalFile | Fault> => {
    const text = sourceWords(source)
    const known = tried[kind].get(text)
    if (known) return known
    const loaded =
      source.kind === 'file' ? await loadFile(kind, source.path, world) : await readDataUrl(kind, source.url)
    tried[kind].set(text, loaded)
    if ('facts' in loaded) local.set(text, loaded)
    return loaded
  }

  const warned = new Set<string>()
  for (const shot of manifest.shots) {
    const profile = profileOf(shot)
    const tooLarge = new Set<string>()
    for (const { role, source, field } of shot.media) {
      if (source.kind === 'last_frame') continue
      const kind = kindOf(role)
      const loaded = isInline(source) ? await load(kind, source) : urlFault(source)
      const file = loaded && 'facts' in loaded ? loaded : undefined
      const fault = file ? fileFault(file, source, { profile, world }) : (loaded as Fault | undefined)
      const isFilm = file && kind === 'video' && (!profile || profile.references.videos)
      if (fault && source.kind === 'file' && file && !('kind' in file.facts) && isFittable(file.facts)) {
        const { path } = source
        const { byHand, ...rest } = fault
        const problem = place(shot.name, field, { ...rest, severity: 'error' })
        oversize.push({ shot: shot.name, path, shownAs: fromHere(path, world), problem, byHand })
        tooLarge.add(path)
      } else if (fault) report(shot.name, field, { ...withAdvice(fault), severity: 'error' })
      else if (isFilm && !warned.has(sourceWords(source))) {
        // Once a film, at the first shot that shows it.
        warned.add(sourceWords(source))
        report(shot.name, field, { ...inlineFilm, severity: 'warning' })
      }
    }
    reportLengths(shot, profile, local, report)
    const fault = requestFault(shot, (path) =>
      tooLarge.has(path) ? undefined : local.get(path)?.facts.sizeBytes,
    )
    if (fault) report(shot.name, shot.media[0]!.field, { ...fault, severity: 'error' })
  }
  return { local, oversize }
}

/**
 * Why a request could not hold all that a shot sends inline.
 *
 * @param sizeOf Bytes of a local file; `undefined` for one that does not count.
 */
export function requestFault(
  { media }: Shot,
  sizeOf: (path: string) => number | undefined,
): Fault | undefined {
  const sizes = media.map(({ source }) => {
    if (source.kind === 'file') return base64Length(sizeOf(source.path) ?? 0)
    return source.kind === 'url' && isInline(source) ? source.url.length : 0
  })
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  if (bytes <= imageLimits.requestBytes) return undefined
  const message = `the shot's media come to ${Math.ceil(bytes / mebibyte)} MB in the request, at most 64 MB are possible`
  return { code: 'media-limit', message }
}

/** What can be told of a media item without asking anybody; `undefined` for one that lies elsewhere. */
export function mediaFacts({ source }: Media, local: LocalMedia): MediaFacts | undefined {
  return local.get(sourceWords(source))?.facts
}

/** The type of a local file in a data URL, such as `image/png`. */
export function mediaType(role: MediaRole, { facts }: LocalFile): string {
  return `${kindOf(role)}/${facts.format}`
}

/** In hexadecimal. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function kindOf(role: MediaRole): Kind {
  if (role === 'reference_video') return 'video'
  return role === 'reference_audio' ? 'audio' : 'image'
}

function kindOfFacts({ facts }: LocalFile): Kind {
  return 'kind' in facts ? facts.kind : 'image'
}

/** Whether an item's bytes go into the request. */
function isInline(source: GivenSource): boolean {
  return source.kind === 'file' || source.url.startsWith('data:')
}

async function loadFile(kind: Kind, path: string, world: MediaWorld): Promise<LocalFile | Fault> {
  const { places, files, cache } = world
  const outside: Fault = {
    code: 'media-outside',
    message: `"${path}" lies outside the project; files are read only from inside`,
  }
  const absolute = join(places.folder, normalize(path))
  if (/^([\\/]|[a-z]:)/i.test(path) || !isInside(absolute, places.projectRoot)) return outside
  try {
    const real = await files.realPath(absolute)
    const size = real === undefined ? undefined : await files.size(real)
    if (real === undefined || size === undefined)
      return { code: 'media-missing', message: `there is no file "${path}"` }
    const root = (await files.realPath(places.projectRoot)) ?? places.projectRoot
    if (!isInside(real, root)) return outside
    const tooLarge = sizeFault(kind, size)
    const limitFault: Fault = {
      code: 'media-limit',
      message: `"${path}" ${tooLarge}`,
      ...(kind === 'image' ? { byHand: shrinkCommand(fromHere(path, world), 'bytes') } : {}),
    }
    if (tooLarge !== undefined && (kind !== 'image' || size > largestRead)) return limitFault
    const { known, keep } = await cache.look(absolute, places.projectRoot)
    const isOfKind = known && kindOfFacts(known) === kind && known.facts.sizeBytes === size
    if (isOfKind) return { facts: known.facts, sha256: known.sha256 }
    const bytes = await files.read(real)
    const facts = bytes && (await readFacts(kind, bytes))
    if (!facts && tooLarge !== undefined) return limitFault
    if (!facts) return { code: 'media-format', message: `"${path}" ${unreadable[kind]}` }
    const file = { facts, sha256: sha256Of(bytes) }
    keep(file)
    return file
  } catch (error) {
    return { code: 'media-unreadable', message: `"${path}" cannot be read: ${(error as Error).message}` }
  }
}

async function readDataUrl(kind: Kind, url: string): Promise<LocalFile | Fault> {
  const [, type, data] = /^data:(image|video|audio)\/[a-z0-9.+-]+;base64,([A-Za-z0-9+/]+=*)$/.exec(url) ?? []
  if (data === undefined || type !== kind)
    return { code: 'media-url', message: `a data URL must read data:${kind}/<format>;base64,<data>` }
  const bytes = Buffer.from(data, 'base64')
  const facts = await readFacts(kind, bytes)
  return facts
    ? { facts, sha256: sha256Of(bytes) }
    : { code: 'media-format', message: `the data URL ${unreadable[kind]}` }
}

/** What is said of bytes that are not of their kind, after a name for them. */
const unreadable: Readonly<Record<Kind, string>> = {
  image: 'is no image that can be read; use jpeg, png or webp',
  video: 'is no film that can be read; use mp4 or mov',
  audio: 'is no sound that can be read; use wav or mp3',
}

async function readFacts(kind: Kind, bytes: Uint8Array): Promise<LocalFile['facts'] | undefined> {
  if (kind === 'image') return readImageFacts(bytes)
  const facts = await readClipFacts(bytes)
  return facts?.kind === kind ? facts : undefined
}

/** Why no request could hold a file. */
function sizeFault(kind: Kind, size: number): string | undefined {
  const megabytes = `${(size / mebibyte).toFixed(1)} MB`
  if (kind === 'image')
    return size >= imageLimits.sizeBytes ? `has ${megabytes}, it must have less than 30 MB` : undefined
  return base64Length(size) > imageLimits.requestBytes
    ? `has ${megabytes}; a request holds at most 64 MB, so use a URL`
    : undefined
}

/** Why the model would refuse a file; films and sounds for a model that is not known are taken as they are. */
function fileFault(
  { facts }: LocalFile,
  source: GivenSource,
  { profile, world }: { profile: ModelProfile | undefined; world: MediaWorld },
): Fault | undefined {
  if (!('kind' in facts)) {
    const fault = imageFault(facts, profile)
    if (!fault?.tooLarge || source.kind === 'url') return fault
    const { tooLarge, ...rest } = fault
    return { ...rest, byHand: shrinkCommand(fromHere(source.path, world), tooLarge) }
  }
  const limits = profile?.references[facts.kind === 'video' ? 'videos' : 'audio']
  return limits && clipFault(facts, limits)
}

/** A path of the manifest as a person would type it. */
function fromHere(path: string, { places, cwd }: MediaWorld): string {
  const way = relative(cwd, join(places.folder, normalize(path)))
  return sep === '/' ? way : way.replaceAll(sep, '/')
}

function withAdvice({ byHand, code, message }: Fault): Pick<Problem, 'code' | 'message'> {
  return { code, message: byHand === undefined ? message : `${message}; make a smaller one: ${byHand}` }
}

/** Source: BytePlus page of the create call, August 2026: a film is a "video URL or asset ID", the others Base64 too. */
const inlineFilm: Fault = {
  code: 'media-inline',
  message:
    'this film goes into the request itself, which is documented for images and sounds only; an https or asset URL is safer',
}

/** Reports films and sounds that are too long together, by the lengths that were read and else those that are stated. */
function reportLengths(
  { name, media }: Shot,
  profile: ModelProfile | undefined,
  local: LocalMedia,
  report: ParsedManifest['report'],
): void {
  for (const kind of ['video', 'audio'] as const) {
    const limits = profile?.references[kind === 'video' ? 'videos' : 'audio']
    const clips = media.filter(({ role }) => kindOf(role) === kind)
    if (!limits || clips.length === 0) continue
    const lengths = clips.map((clip) => mediaFacts(clip, local)?.seconds ?? clip.seconds)
    const message = totalLengthFault(
      kind,
      lengths.filter((seconds) => seconds !== undefined),
      limits,
    )
    if (message === undefined) continue
    report(name, [clips[0]!.field[0]!], { code: 'media-limit', message, severity: 'error' })
  }
}

function urlFault(source: GivenSource): Fault | undefined {
  const url = sourceWords(source)
  const fault = (message: string): Fault => ({ code: 'media-url', message })
  // Whether the model takes it is a rule of the model.
  if (/^asset:/i.test(url)) {
    return /^asset:\/\/[^\s/]+$/.test(url) ? undefined : fault('an asset URL must read asset://<id>')
  }
  if (!URL.canParse(url)) return fault('this is no URL')
  const { protocol, hostname, username } = new URL(url)
  if (username !== '') return fault('a URL in a manifest must not hold a user name or password')
  if (protocol === 'https:') return undefined
  if (protocol === 'http:')
    return isLoopback(hostname) ? undefined : fault('the URL must start with https://')
  return fault(`${protocol} URLs are not possible; use https:// or a path`)
}

/** Of so many bytes, in characters. */
export function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4
}
