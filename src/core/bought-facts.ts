import { createHash } from 'node:crypto'
import { type FileHash, statedParameters } from './digest.js'
import { type Media, sourceWords, type Take } from './shot.js'

/** What decided a take's result when it was bought: the words behind its digest, as the journal keeps them. */
export interface BoughtFacts {
  model: string
  prompt?: string | undefined
  media: readonly BoughtMedia[]
  /** Stated parameters and `extra`, under the API's names. */
  parameters: Readonly<Record<string, unknown>>
}

export interface BoughtMedia {
  role: string
  /**
   * A path as written, `last_frame_of:SHOT`, or a URL without its query: what follows may be a signature. `data:` for an
   * inline picture.
   */
  source: string
  /** SHA-256 in hexadecimal: of a file's bytes, of a URL's whole text, of the upstream shot's name. */
  sha256: string
}

/** What of a take goes into its digest, in words. Holds no signed URL. */
export function boughtFactsOf(take: Take, fileHash: FileHash): BoughtFacts {
  const { model, prompt, media } = take.shot
  return {
    model,
    ...(prompt === undefined ? {} : { prompt }),
    media: media.map((one) => boughtMedia(one, fileHash)),
    parameters: statedParameters(take),
  }
}

function boughtMedia({ role, source }: Media, fileHash: FileHash): BoughtMedia {
  if (source.kind === 'file') return { role, source: source.path, sha256: fileHash(source.path) }
  if (source.kind === 'last_frame') return { role, source: sourceWords(source), sha256: sha256(source.shot) }
  const { url } = source
  const shown = url.startsWith('data:') ? 'data:' : url.replace(/[?#].*$/s, '')
  return { role, source: shown, sha256: sha256(url) }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
