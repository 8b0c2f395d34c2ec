import { copyLimits, copySize } from '../core/fit.js'
import { type ImageFacts, imageFault, readImageFacts } from '../core/image.js'
import type { CopyFormat, ImageFitter, UnreadablePicture } from '../ports/image-fitter.js'

/** So often a copy that has too many bytes is made again, smaller; each is well below the one before. */
const mostTries = 20

/**
 * Makes a copy of a picture that the service takes: no larger than it must be, as PNG where the picture can be seen
 * through or was one and its copy has few enough bytes, else as JPEG.
 *
 * @returns Why there is none, as the end of a sentence, when the picture cannot be read.
 */
export async function fitImage(
  bytes: Uint8Array,
  facts: ImageFacts,
  fitter: ImageFitter,
): Promise<{ bytes: Uint8Array; facts: ImageFacts } | UnreadablePicture> {
  const picture = await fitter.open(bytes)
  if ('fault' in picture) return picture
  let format: CopyFormat = !picture.isOpaque || facts.format === 'png' ? 'png' : 'jpeg'
  let scale = 1
  for (let tries = 1; tries <= mostTries; tries++) {
    const size = copySize(facts, scale)
    const copy = await picture.render({ ...size, format })
    if ('fault' in copy) return copy
    if (copy.length < copyLimits.sizeBytes) {
      const made = readImageFacts(copy)
      const fault = made ? imageFault(made, undefined)?.message : 'the copy is no image'
      return made && fault === undefined ? { bytes: copy, facts: made } : { fault: fault! }
    }
    if (format === 'png' && picture.isOpaque) format = 'jpeg'
    else {
      const wanted = Math.sqrt(copyLimits.sizeBytes / copy.length) * 0.97
      scale =
        (Math.max(size.width, size.height) / Math.max(facts.width, facts.height)) * Math.min(wanted, 0.95)
    }
  }
  return { fault: 'no copy of it has few enough bytes' }
}
