import { imageSize } from 'image-size'
import { isRemoteUrl, readDataUrl } from './media-url.js'
import { invalid } from './service-error.js'

/** An image that came inside the request. */
export interface InlineImage {
  bytes: Uint8Array
  /** As the file itself says, not the data URL: `png`, `jpg`, … */
  format: string
  /** Pixels, as shown: a rotated photograph has its sides exchanged. */
  width: number
  height: number
}

/** Limits of an input image. The service writes sides and ratio as open intervals. Source: reference section 2.4. */
const sideLimits = { above: 300, below: 6000 }
const ratioLimits = { above: 0.4, below: 2.5 }
const sizeLimit = 30 * 1024 * 1024

const formats = new Set(['jpg', 'png', 'webp', 'bmp', 'tiff', 'gif'])
/** HEIC and HEIF, by the brands that their files name. */
const newerFormats = new Set(['heic', 'heix', 'hevc', 'hevx', 'mif1', 'msf1'])

/**
 * Checks an image's URL. Images elsewhere are taken as they are: the simulator fetches nothing.
 *
 * @param where The item as the service names it: `content[1]`.
 * @returns The image when it came as a data URL.
 * @throws ServiceError 400.
 */
export function checkImage(
  url: string,
  where: string,
  accepts: { heic: boolean; assets: boolean },
): InlineImage | undefined {
  if (url === '') throw invalid(`The image URL of ${where} is empty.`, 'InvalidImageURL.EmptyURL')
  if (isRemoteUrl(url, accepts)) return undefined

  const bytes = readDataUrl(url, 'image')
  if (!bytes) throw unreadable(where)
  if (bytes.length >= sizeLimit) throw notValid(where, 'it must be smaller than 30 MB')

  const image = measure(bytes, where)
  if (!formats.has(image.format) && !(accepts.heic && newerFormats.has(image.format))) throw unreadable(where)
  for (const side of [image.width, image.height]) {
    if (side <= sideLimits.above || side >= sideLimits.below) {
      throw notValid(where, `its sides must be between ${sideLimits.above} and ${sideLimits.below} px`)
    }
  }
  const ratio = image.width / image.height
  if (ratio <= ratioLimits.above || ratio >= ratioLimits.below) {
    throw notValid(
      where,
      `its width to height ratio must be between ${ratioLimits.above} and ${ratioLimits.below}`,
    )
  }
  return image
}

function measure(bytes: Uint8Array, where: string): InlineImage {
  try {
    const { type: format = '', width, height, orientation = 1 } = imageSize(bytes)
    // From 5 on, the EXIF orientation turns the picture by a quarter.
    return orientation < 5
      ? { bytes, format, width, height }
      : { bytes, format, width: height, height: width }
  } catch {
    throw unreadable(where)
  }
}

function unreadable(where: string) {
  return invalid(`The image of ${where} cannot be read.`, 'InvalidImageURL.InvalidFormat')
}

function notValid(where: string, rule: string) {
  return invalid(`The parameter image specified in the request is not valid: ${where}: ${rule}.`)
}
