import { readDataUrl } from './media-url.js'

/** A film or sound that came inside a request, as its own bytes tell. */
export interface ClipFacts {
  /** As in a data URL: `mp4`, `quicktime`, `wav`, `mpeg`. */
  format: string
  seconds: number
  sizeBytes: number
  /** Of a film alone; sides as shown. */
  picture: { width: number; height: number; framesPerSecond: number } | undefined
}

/** Clips by the number of their item in `content`; `undefined`: its bytes cannot be read. */
export type Clips = ReadonlyMap<number, ClipFacts | undefined>

/**
 * Looks into the films and sounds that a create brings along. It runs ahead of all checks, because reading takes time
 * and what follows must not be interrupted; so it takes any body, and refuses nothing.
 */
export async function readClips(body: unknown): Promise<Clips> {
  const clips = new Map<number, ClipFacts | undefined>()
  const { content } = (body ?? {}) as { content?: unknown }
  if (!Array.isArray(content)) return clips
  for (const [index, item] of content.entries()) {
    const kind = kindOf(item)
    const url: unknown = kind && item[`${kind}_url`]?.url
    const bytes = kind && typeof url === 'string' ? readDataUrl(url, kind) : undefined
    if (kind && bytes) clips.set(index, await readClip(bytes, kind).catch(() => undefined))
  }
  return clips
}

function kindOf(item: unknown): 'video' | 'audio' | undefined {
  const { type } = (item ?? {}) as { type?: unknown }
  return type === 'video_url' ? 'video' : type === 'audio_url' ? 'audio' : undefined
}

/** @returns `undefined` for a file without a track of its kind. */
async function readClip(bytes: Uint8Array, kind: 'video' | 'audio'): Promise<ClipFacts | undefined> {
  // Only a request with a clip inside pays for loading this.
  const { BufferSource, Input, MP3, MP4, QTFF, WAVE } = await import('mediabunny')
  const input = new Input({ source: new BufferSource(bytes), formats: [MP4, QTFF, WAVE, MP3] })
  try {
    const [, format = ''] = (await input.getFormat()).mimeType.split('/')
    const [film, sound] = [await input.getPrimaryVideoTrack(), await input.getPrimaryAudioTrack()]
    if (!(kind === 'video' ? film : sound)) return undefined
    const seconds = await input.computeDuration()
    const picture = film && {
      width: await film.getDisplayWidth(),
      height: await film.getDisplayHeight(),
      framesPerSecond: (await film.computePacketStats()).averagePacketRate,
    }
    return { format, seconds, sizeBytes: bytes.length, picture: picture ?? undefined }
  } finally {
    input.dispose()
  }
}
