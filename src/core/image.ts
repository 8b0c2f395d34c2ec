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

/** Why the service would refuse a picture. */
export interface ImageFault {
  code: ProblemCode
  message: string
  /** What is too much of it, where a smaller copy would do. */
  tooLarge?: 'bytes' | 'sides'
}

/** Why the service would refuse a picture; `undefined` when it would not. */
export function imageFault(
  { format, width, height, sizeBytes }: ImageFacts,
  profile: ModelProfile | undefined,
): ImageFault | undefined {
  const { formats, side, ratio } = imageLimits
  const shape = width / height
  const isPossibleShape = shape > ratio.min && shape < ratio.max
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
    return {
      ...limit(`the image has ${megabytes(sizeBytes)} MB, it must have less than 30 MB`),
      tooLarge: 'bytes',
    }
  if (Math.min(width, height) <= side.min || Math.max(width, height) >= side.max) {
    const fault = limit(
      `the image is ${width} x ${height} px, a side must have more than ${side.min} and less than ${side.max} px`,
    )
    const isShrinkable = isPossibleShape && Math.min(width, height) > side.min
    return isShrinkable ? { ...fault, tooLarge: 'sides' } : fault
  }
  if (!isPossibleShape) {
    return limit(
      `the image is ${width} x ${height} px, width / height must lie between ${ratio.min} and ${ratio.max}`,
    )
  }
  return undefined
}

/**
 * The command of ImageMagick 7 that makes a copy of a picture beside it which is small enough: the same format where
 * only its sides are too long, else a JPEG.
 *
 * @param path From where the command will be typed, with `/`.
 * @returns `undefined` for a path with characters that ImageMagick reads as patterns or formats.
 */
export function shrinkCommand(path: string, tooLarge: 'bytes' | 'sides'): string | undefined {
  // Source: imagemagick.org/script/command-line-processing.php, sections on filename references and read modifiers.
  if (/[\p{Cc}:*?%@~[\]{}]/u.test(path)) return undefined
  const plain = path.startsWith('-') ? `./${path}` : path
  const [, stem, ending] = /^(.*?[^/])(\.[^./]*)?$/.exec(plain) ?? []
  if (stem === undefined) return undefined
  const copy = `${stem}-small${tooLarge === 'bytes' ? '.jpg' : (ending ?? '.jpg')}`
  const most = imageLimits.side.max - 1
  const resize = `-resize "${most}x${most}>"`
  const smaller = tooLarge === 'bytes' ? `-flatten ${resize} -define jpeg:extent=29MB` : resize
  return `magick ${quoted(plain)} ${smaller} ${quoted(copy)}`
}

/** As one word of a shell. Double quotes, which every shell knows, unless they would not keep the text as it is. */
export function quoted(text: string): string {
  return /["$`\\!]/.test(text) ? `'${text.replaceAll("'", `'\\''`)}'` : `"${text}"`
}

function megabytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1)
}
