import type { ClipLimits, VideoLimits } from './models.js'
import type { ProblemCode } from './problem.js'

/** A film or sound as told from its own bytes, whatever its name says. */
export interface ClipFacts {
  /** `video`: it has a picture. */
  kind: 'video' | 'audio'
  /** As in a data URL: `mp4`, `quicktime`, `wav`, `mpeg`, … */
  format: string
  /** Length: of the picture where there is one. */
  seconds: number
  sizeBytes: number
  /** Pixels, as shown: a turned film has its sides exchanged. Films only, like frames a second. */
  width?: number
  height?: number
  /** Frames a second, on average. */
  fps?: number
}

/** Formats whose name in a data URL is not what people call them. */
const familiarNames: Readonly<Record<string, string>> = {
  quicktime: 'mov',
  mpeg: 'mp3',
  'x-matroska': 'mkv',
}

const mebibyte = 1024 * 1024

/**
 * Reads format, length, pixels and frames a second of a film or sound.
 *
 * @returns `undefined` when the bytes are none that can be read.
 */
export async function readClipFacts(bytes: Uint8Array): Promise<ClipFacts | undefined> {
  // Loaded at the first clip: it takes a tenth of a second, and most manifests have none.
  const { ADTS, BufferSource, FLAC, Input, MATROSKA, MP3, MP4, OGG, QTFF, WAVE, WEBM } = await import(
    'mediabunny'
  )
  // Not every format that there is: a playlist would send the reader to other files, and to the network.
  const formats = [MP4, QTFF, WAVE, MP3, WEBM, MATROSKA, OGG, FLAC, ADTS]
  const input = new Input({ formats, source: new BufferSource(bytes) })
  try {
    const picture = await input.getPrimaryVideoTrack()
    const track = picture ?? (await input.getPrimaryAudioTrack())
    if (!track) return undefined
    const seconds = (await track.computeDuration()) - Math.max(0, await track.getFirstTimestamp())
    if (!(seconds > 0)) return undefined
    const { mimeType } = await input.getFormat()
    const format = mimeType.slice(mimeType.indexOf('/') + 1)
    const facts = { format, seconds, sizeBytes: bytes.length }
    if (!picture) return { kind: 'audio', ...facts }
    const { averagePacketRate: fps } = await picture.computePacketStats()
    return { kind: 'video', ...facts, width: picture.displayWidth, height: picture.displayHeight, fps }
  } catch {
    return undefined
  } finally {
    input.dispose()
  }
}

/** Why a model would refuse a film or sound; `undefined` when it would not. */
export function clipFault(
  facts: ClipFacts,
  limits: ClipLimits | VideoLimits,
): { code: ProblemCode; message: string } | undefined {
  const { kind, format, seconds, sizeBytes, width, height, fps } = facts
  const what = `the ${clipWord(kind)}`
  const limit = (message: string) => ({ code: 'media-limit' as const, message })
  if (!limits.formats.includes(format)) {
    const possible = limits.formats.map(familiar).join(', ')
    return { code: 'media-format', message: `${what} is ${familiar(format)}; possible are ${possible}` }
  }
  if (sizeBytes > limits.sizeBytes) {
    const most = limits.sizeBytes / mebibyte
    return limit(`${what} has ${(sizeBytes / mebibyte).toFixed(1)} MB, at most ${most} MB are possible`)
  }
  const length = lengthFault(kind, seconds, limits)
  if (length !== undefined) return limit(length)
  if (!('pixels' in limits) || width === undefined || height === undefined || fps === undefined)
    return undefined
  const { pixels, fps: rates } = limits
  if (width * height < pixels.min || width * height > pixels.max) {
    return limit(
      `${what} is ${width} x ${height} px, width times height must lie between ${pixels.min} and ${pixels.max}`,
    )
  }
  // 23.976 and 59.94 are what is called 24 and 60.
  if (Math.round(fps) < rates.min || Math.round(fps) > rates.max) {
    return limit(
      `${what} has ${fps.toFixed(1)} frames a second, it must have ${rates.min} to ${rates.max} frames`,
    )
  }
  return undefined
}

/**
 * Why a film or sound of so many seconds would be refused, in words. Tenths count, no less: encoders add a few
 * hundredths to what was asked for.
 */
export function lengthFault(
  kind: ClipFacts['kind'],
  seconds: number,
  { seconds: { min, max } }: ClipLimits,
): string | undefined {
  const shown = tenths(seconds)
  if (shown >= min && shown <= max) return undefined
  return `the ${clipWord(kind)} is ${shown} s long, it must have ${min} to ${max} s`
}

/**
 * Why films or sounds that together have so many seconds would be refused, in words. Where one alone is too long,
 * `lengthFault` has said it.
 *
 * @param seconds Of each, as far as they are known.
 */
export function totalLengthFault(
  kind: ClipFacts['kind'],
  seconds: readonly number[],
  { seconds: { max }, totalSeconds }: ClipLimits,
): string | undefined {
  const lengths = seconds.map(tenths)
  const sum = tenths(lengths.reduce((total, one) => total + one, 0))
  if (totalSeconds === undefined || sum <= totalSeconds || Math.max(...lengths) > max) return undefined
  return `the ${clipWord(kind)}s come to ${sum} s, at most ${totalSeconds} s together are possible`
}

/** What a clip is called in messages. */
function clipWord(kind: ClipFacts['kind']): 'film' | 'sound' {
  return kind === 'video' ? 'film' : 'sound'
}

function familiar(format: string): string {
  return familiarNames[format] ?? format
}

function tenths(seconds: number): number {
  return Math.round(seconds * 10) / 10
}
