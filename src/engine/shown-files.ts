import type { Files } from '../ports/files.js'
import { isInside } from './places.js'

/** Whether a file, its links followed, lies in one of the folders. One whose links cannot be followed does not. */
export async function isInOneOf(
  roots: Iterable<string>,
  path: string,
  files: Pick<Files, 'realPath'>,
): Promise<boolean> {
  const real = await files.realPath(path).catch(() => undefined)
  if (real === undefined) return false
  for (const root of roots) {
    const realRoot = await files.realPath(root).catch(() => undefined)
    if (realRoot !== undefined && isInside(real, realRoot)) return true
  }
  return false
}

const mediaTypes: Readonly<Record<string, string>> = {
  mp4: 'video/mp4',
  mov: 'video/quicktime',
  webm: 'video/webm',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
  gif: 'image/gif',
  bmp: 'image/bmp',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  heic: 'image/heic',
  heif: 'image/heif',
  mp3: 'audio/mpeg',
  wav: 'audio/wav',
}

/** By the ending of a file; `undefined` for what the page does not show. */
export function mediaTypeOf(path: string): string | undefined {
  const ending = /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? ''
  return Object.hasOwn(mediaTypes, ending) ? mediaTypes[ending] : undefined
}
