import { type ImageFacts, imageLimits, quoted } from './image.js'

/**
 * What a copy keeps to, besides what the service asks. A third of the bytes that one picture may have: a copy is sent
 * with every take, and several fit into one request of 64 MB in base64.
 */
export const copyLimits = {
  sizeBytes: 10 * 1024 * 1024,
  /** Pixels. */
  side: imageLimits.side.max - 1,
} as const

/** To be raised whenever copies are made in another way, so that older ones are not taken for them. */
export const copyVersion = 1

/** Formats of pictures that can be read. A drawing (svg) has no pixels of its own; nobody reads bmp and heic for us. */
const readable = new Set(['jpeg', 'png', 'webp', 'tiff', 'gif', 'avif'])

/** Whether of a picture that the service refuses a smaller copy, in a format that it takes, would do. */
export function isFittable({ format, width, height }: ImageFacts): boolean {
  const { side, ratio } = imageLimits
  const shape = width / height
  const isPossibleShape = shape > ratio.min && shape < ratio.max
  return readable.has(format) && isPossibleShape && Math.min(width, height) > side.min
}

/**
 * The size of a copy: never larger than the picture, in its shape as far as whole pixels allow, and within the limits.
 *
 * @param scale At most 1, the whole size; what the sides must lose anyway does not come on top.
 */
export function copySize(
  { width, height }: Pick<ImageFacts, 'width' | 'height'>,
  scale = 1,
): { width: number; height: number } {
  const [long, short] = width >= height ? [width, height] : [height, width]
  const factor = Math.min(scale, copyLimits.side / long)
  const newLong = Math.max(Math.round(long * factor), imageLimits.side.min + 1)
  // Rounding must not push a shape that is just possible over its limit.
  const least = Math.max(Math.floor(newLong / imageLimits.ratio.max) + 1, imageLimits.side.min + 1)
  const newShort = Math.max(Math.round((short * newLong) / long), least)
  return width >= height ? { width: newLong, height: newShort } : { width: newShort, height: newLong }
}

/** The command that sends smaller copies of a manifest's images. */
export function fitCommand(manifestFile: string): string {
  const isPlain = /^[\p{L}\p{N}_./\\-]+$/u.test(manifestFile) && !manifestFile.startsWith('-')
  return `shotlock run --fit ${isPlain ? manifestFile : quoted(manifestFile)}`
}
