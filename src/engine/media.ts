import { createHash } from 'node:crypto'
import { join, normalize } from 'node:path'
import type { MediaFacts } from '../core/estimate.js'
import { type ImageFacts, imageFault, imageLimits, readImageFacts } from '../core/image.js'
import { isLoopback } from '../core/loopback.js'
import type { ParsedManifest } from '../core/manifest.js'
import { profileOf } from '../core/models.js'
import type { Problem } from '../core/problem.js'
import type { Media, Shot } from '../core/shot.js'
import type { Files } from '../ports/files.js'
import { isInside, type Places } from './places.js'

/** A local picture as it was when the manifest was read. */
export interface LocalImage {
  facts: ImageFacts
  sha256: string
}

/** The local pictures of a manifest, by their path as written. */
export type LocalImages = ReadonlyMap<string, LocalImage>

type Fault = Pick<Problem, 'code' | 'message'>

/** Reads every local picture of a manifest once, checks all media, and reports what the service would refuse. */
export async function loadMedia(
  { manifest, report }: ParsedManifest,
  places: Places,
  files: Files,
): Promise<LocalImages> {
  const images = new Map<string, LocalImage>()
  const faults = new Map<string, Fault>()
  for (const shot of manifest.shots) {
    let inlineBytes = 0
    for (const media of shot.media) {
      const { source } = media
      if (source.kind === 'file' && !images.has(source.path) && !faults.has(source.path)) {
        const loaded = await loadImage(source.path, places, files)
        if ('code' in loaded) faults.set(source.path, loaded)
        else images.set(source.path, loaded)
      }
      const image = source.kind === 'file' ? images.get(source.path) : undefined
      const fault = source.kind === 'file' ? faults.get(source.path) : urlFault(source.url, shot)
      const found = fault ?? (image && imageFault(image.facts, profileOf(shot)))
      if (found) report(shot.name, media.field, { ...found, severity: 'error' })
      inlineBytes += image
        ? base64Size(image.facts.sizeBytes)
        : source.kind === 'url' && source.url.startsWith('data:')
          ? source.url.length
          : 0
    }
    if (inlineBytes > imageLimits.requestBytes) {
      const message = `the shot's images come to ${Math.ceil(inlineBytes / 1024 / 1024)} MB in the request, at most 64 MB are possible`
      report(shot.name, shot.media[0]!.field, { code: 'media-limit', message, severity: 'error' })
    }
  }
  return images
}

/** What can be told of a media item without asking anybody. */
export function mediaFacts({ source }: Media, images: LocalImages): MediaFacts | undefined {
  if (source.kind === 'file') return images.get(source.path)?.facts
  const data = dataOf(source.url)
  return data === undefined ? undefined : readImageFacts(Buffer.from(data, 'base64'))
}

/**
 * The URL that stands for a media item in a request: its own, or a data URL of a local picture.
 *
 * @returns `undefined` when the picture is no longer the one that was planned with.
 */
export async function mediaUrl(
  media: Media,
  images: LocalImages,
  { places, files }: { places: Places; files: Files },
): Promise<string | undefined> {
  if (media.source.kind === 'url') return media.source.url
  const planned = images.get(media.source.path)
  const bytes = await files.read(join(places.folder, normalize(media.source.path)))
  if (!planned || !bytes || sha256Of(bytes) !== planned.sha256) return undefined
  return `data:image/${planned.facts.format};base64,${Buffer.from(bytes).toString('base64')}`
}

async function loadImage(path: string, places: Places, files: Files): Promise<LocalImage | Fault> {
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
    if (size >= imageLimits.sizeBytes) {
      return {
        code: 'media-limit',
        message: `"${path}" has ${(size / 1024 / 1024).toFixed(1)} MB, it must have less than 30 MB`,
      }
    }
    const bytes = await files.read(real)
    const facts = bytes && readImageFacts(bytes)
    if (!facts)
      return {
        code: 'media-format',
        message: `"${path}" is no image that can be read; use jpeg, png or webp`,
      }
    return { facts, sha256: sha256Of(bytes) }
  } catch (error) {
    return { code: 'media-unreadable', message: `"${path}" cannot be read: ${(error as Error).message}` }
  }
}

function urlFault(url: string, shot: Shot): Fault | undefined {
  if (url.startsWith('data:')) return dataUrlFault(url, shot)
  const fault = (message: string): Fault => ({ code: 'media-url', message })
  if (!URL.canParse(url)) return fault('this is no URL')
  const { protocol, hostname, username } = new URL(url)
  if (username !== '') return fault('a URL in a manifest must not hold a user name or password')
  if (protocol === 'https:') return undefined
  if (protocol === 'http:')
    return isLoopback(hostname) ? undefined : fault('the URL must start with https://')
  return fault(`${protocol} URLs are not possible; use https:// or a path`)
}

function dataUrlFault(url: string, shot: Shot): Fault | undefined {
  const data = dataOf(url)
  if (data === undefined)
    return { code: 'media-url', message: 'a data URL must read data:image/<format>;base64,<data>' }
  const facts = readImageFacts(Buffer.from(data, 'base64'))
  return facts
    ? imageFault(facts, profileOf(shot))
    : { code: 'media-format', message: 'the data URL holds no image that can be read' }
}

function dataOf(url: string): string | undefined {
  return /^data:image\/[a-z0-9.+-]+;base64,([A-Za-z0-9+/]+=*)$/.exec(url)?.[1]
}

/** In hexadecimal. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function base64Size(bytes: number): number {
  return Math.ceil(bytes / 3) * 4
}
