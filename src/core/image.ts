import { imageSize } from 'image-size'
import type { ModelProfile } from './models.js'
import type { ProblemCode } from './problem.js'

/** A picture as told from its own bytes, whatever its name says. */
export interface ImageFacts {
  /** As in a data URL: `png`, `jpeg`, … */
  format: string
  /** Pixels, as shown: a rotated photograph has its sides exchanged. */
  width: number
  height: number
  sizeBytes: number
}

/** Limits of the service for every picture. Source: vendor create page; reference section 2.4. */
export const imageLimits = {
  formats: ['jpeg', 'png', 'webp', 'bmp', 'tiff', 'gif', 'heic', 'heif'],
  sizeBytes: 30 * 1024 * 1024,
  /** Pixels, both ends excluded. */
  side: { min: 300, max: 6000 },
  /** Width divided by height, both ends excluded. */
  ratio: { min: 0.4, max: 2.5 },
  requestBytes: 64 * 1024 * 1024,
} as const

/** Formats that only models from 1.5 pro on take. */
const newerFormats = new Set(['heic', 'heif'])

/** Reads a picture's format and size from its first bytes; `undefined` when it is none that we know. */
export function readImageFacts(bytes: Uint8Array): ImageFacts | undefined {
  try {
    const { type, width, height, orientation = 1 } = imageSize(bytes)
    if (type === undefined) return undefined
    const turned = orientation >= 5
    return {
      format: type === 'jpg' ? 'jpeg' : type,
      width: turned ? height : width,
      height: turned ? width : height,
      sizeBytes: bytes.length,
    }
  } catch {
    return undefined
  }
}

/** Why the service would refuse a picture; `undefined` when it would not. */
export function imageFault(
  { format, width, height, sizeBytes }: ImageFacts,
  profile: ModelProfile | undefined,
): { code: ProblemCode; message: string } | undefined {
  const { formats, side, ratio } = imageLimits
  const limit = (message: string) => ({ code: 'media-limit' as const, message })
  if (!(formats as readonly string[]).includes(format)) {
    return { code: 'media-format', message: `the image is ${format}; possible are ${formats.join(', ')}` }
  }
  if (newerFormats.has(format) && profile?.heic === false) {
    return {
      code: 'media-format',
      message: `the image is ${format}, which models before 1.5 do not take; use jpeg or png`,
    }
  }
  if (sizeBytes >= imageLimits.sizeBytes)
    return limit(`the image has ${megabytes(sizeBytes)} MB, it must have less than 30 MB`)
  if (Math.min(width, height) <= side.min || Math.max(width, height) >= side.max) {
    return limit(
      `the image is ${width} x ${height} px, a side must have more than ${side.min} and less than ${side.max} px`,
    )
  }
  const shape = width / height
  if (shape <= ratio.min || shape >= ratio.max) {
    return limit(
      `the image is ${width} x ${height} px, width / height must lie between ${ratio.min} and ${ratio.max}`,
    )
  }
  return undefined
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1)
}
