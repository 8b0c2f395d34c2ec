import { hash } from 'node:crypto'
import { canonicalJson } from './canonical-json.js'
import { type Media, type Shot, sourceWords, statedSeed, type Take } from './shot.js'

declare const brand: unique symbol

/** `v1:` and 64 hexadecimal digits, 16 for each of the parts. */
export type Digest = string & { readonly [brand]: 'Digest' }

/** What a digest is made of, in its order. */
export const digestParts = ['model', 'prompt', 'media', 'parameters'] as const
export type DigestPart = (typeof digestParts)[number]

/** Says the SHA-256 of a local file, in hexadecimal. */
export type FileHash = (path: string) => string

/**
 * Hash of what decides a take's result: the model, the prompt, the bytes of local media (the text of a URL, the
 * name of the shot whose last frame it is), and every
 * parameter of picture or sound that the manifest states. What shotlock or the service fills in is left out, so a
 * default that changes does not make old results look outdated; so are prices, deadlines, names and layout.
 *
 * Each part is hashed on its own (the first 64 bits of SHA-256 over canonical JSON), so that two digests also tell
 * which part differs.
 */
export function digestOf(take: Take, fileHash: FileHash): Digest {
  const { shot } = take
  const parts: Record<DigestPart, string> = {
    model: sharedHash(canonicalJson(shot.model)),
    prompt: shortHash(canonicalJson(shot.prompt ?? null)),
    media: sharedHash(canonicalJson(shot.media.map((media) => [media.role, mediaIdentity(media, fileHash)]))),
    parameters: sharedHash(canonicalJson(statedParameters(take))),
  }
  return `v1:${digestParts.map((part) => parts[part]).join('')}` as Digest
}

/** What decides a take's result besides model, prompt and media: what the manifest states, with the take's own seed. */
export function statedParameters(take: Take): Record<string, unknown> {
  const { extra, parameters } = take.shot
  return { ...extra, ...decisiveParameters(parameters), seed: statedSeed(take) }
}

/** The stated parameters that change picture or sound, without the seed. */
export function decisiveParameters(parameters: Shot['parameters']): Record<string, unknown> {
  const decisive: Record<string, unknown> = {}
  for (const name in parameters) {
    if (!indecisive.has(name)) decisive[name] = parameters[name as keyof typeof parameters]
  }
  return decisive
}

/** Parameters that change neither picture nor sound; the seed is the take's own. */
const indecisive: ReadonlySet<string> = new Set([
  ...['service_tier', 'execution_expires_after', 'callback_url', 'return_last_frame', 'seed'],
])

/** The parts in which two digests differ; every part when their schemes do. */
export function differingParts(a: Digest, b: Digest): DigestPart[] {
  const left = /^v1:([0-9a-f]{64})$/.exec(a)?.[1]
  const right = /^v1:([0-9a-f]{64})$/.exec(b)?.[1]
  if (left === undefined || right === undefined) return a === b ? [] : [...digestParts]
  return digestParts.filter(
    (_, index) => left.slice(index * 16, index * 16 + 16) !== right.slice(index * 16, index * 16 + 16),
  )
}

/**
 * Tells the model behind a digest, if it is one of `modelIds`.
 *
 * @returns A function that gives `undefined` for other models and for digests of another scheme.
 */
export function modelReader(modelIds: Iterable<string>): (digest: Digest) => string | undefined {
  const byHash = new Map([...modelIds].map((id) => [shortHash(canonicalJson(id)), id]))
  return (digest) => byHash.get(/^v1:([0-9a-f]{16})[0-9a-f]{48}$/.exec(digest)?.[1] ?? '')
}

function mediaIdentity({ source }: Media, fileHash: FileHash): string {
  return source.kind === 'file' ? `sha256:${fileHash(source.path)}` : sourceWords(source)
}

/** Hashes of texts that many takes share. */
const shared = new Map<string, string>()
const mostShared = 1_000
const longestShared = 500

function sharedHash(text: string): string {
  const known = shared.get(text)
  if (known !== undefined) return known
  const short = shortHash(text)
  if (text.length <= longestShared) {
    if (shared.size >= mostShared) shared.clear()
    shared.set(text, short)
  }
  return short
}

function shortHash(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 16)
}
