import { RunnerError } from '../core/errors.js'
import type { ImageFitter } from '../ports/image-fitter.js'

type Sharp = typeof import('sharp')['default']

/** Loads the library. Its types are not named: they are not there either where it has no binary. */
type LoadSharp = () => Promise<{ default: unknown }>

/**
 * Makes copies of pictures with sharp. The library is loaded with the first picture; most commands never need it.
 *
 * @param load Another way to it, for tests.
 */
export function sharpFitter(load: LoadSharp = () => import('sharp')): ImageFitter {
  let loading: Promise<Sharp> | undefined
  return {
    async open(bytes) {
      loading ??= loadSharp(load)
      const sharp = await loading
      // Oddities in the metadata of a photograph are no reason to refuse it; missing pixels are.
      const picture = () => sharp(bytes, { failOn: 'error' })
      try {
        const { hasAlpha } = await picture().metadata()
        const isOpaque = !hasAlpha || (await picture().stats()).isOpaque
        return {
          isOpaque,
          async render({ width, height, format }) {
            const copy = picture().autoOrient().resize({ width, height, fit: 'fill' })
            if (isOpaque) copy.removeAlpha()
            try {
              // Without a word on it, colours become those of sRGB and all metadata is left out.
              if (format === 'png') return await copy.png().toBuffer()
              return await copy.jpeg({ quality: 92, chromaSubsampling: '4:4:4' }).toBuffer()
            } catch (error) {
              return { fault: reasonOf(error) }
            }
          },
        }
      } catch (error) {
        return { fault: reasonOf(error) }
      }
    },
  }
}

async function loadSharp(load: LoadSharp): Promise<Sharp> {
  try {
    const sharp = (await load()).default as Sharp
    // Every picture is read once; what the library would keep of it is of no use.
    sharp.cache(false)
    return sharp
  } catch (cause) {
    throw new RunnerError(
      'fit-unavailable',
      'Cannot scale images: the package "sharp" cannot be loaded here',
      {
        cause,
        hint: 'Install it beside shotlock (npm install sharp@0.35), or make smaller copies with the command that shotlock validate names without --fit.',
      },
    )
  }
}

/** What the library says, on one line. */
function reasonOf(error: unknown): string {
  const [line = ''] = (error as Error).message.split('\n')
  return line.replace(/\.$/, '')
}
