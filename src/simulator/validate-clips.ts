import type { ClipLimits, VideoLimits } from '../core/models.js'
import { fraction } from './chance.js'
import { isRemoteUrl } from './media-url.js'
import type { ClipFacts } from './read-clips.js'
import { invalid } from './service-error.js'

/** A film or sound of a create. */
export interface Clip {
  kind: 'video' | 'audio'
  url: string
  /** The item as the service names it: `content[1]`. */
  where: string
  /** Seconds, where they are known: of a clip that came inline, or as its URL says. */
  seconds: number | undefined
}

export interface ClipPlace {
  kind: 'video' | 'audio'
  where: string
  limits: Partial<VideoLimits> & ClipLimits
  /** Whether `asset://` URLs are taken. */
  assets: boolean
  /** What was read of an inline clip. */
  facts: ClipFacts | undefined
}

/**
 * Checks one film or sound. Those elsewhere are taken as they are: the simulator fetches nothing.
 * Source of the limits: reference section 2.4.
 *
 * @throws ServiceError 400.
 */
export function checkClip(url: string, { kind, where, limits, assets, facts }: ClipPlace): Clip {
  const refuse = (rule: string) => notValid(kind, `${where}: ${rule}`)
  const checkSeconds = (seconds: number) => {
    const { min, max } = limits.seconds
    if (!isWithin(seconds, limits.seconds)) throw refuse(`its duration must be between ${min} and ${max} s`)
  }
  if (isRemoteUrl(url, { assets })) {
    const seconds = statedSeconds(url, where)
    if (seconds !== undefined) checkSeconds(seconds)
    return { kind, url, where, seconds }
  }

  if (!url.startsWith(`data:${kind}/`)) throw invalid(`The ${kind} URL of ${where} is not valid.`)
  if (!facts || !limits.formats.includes(facts.format)) {
    throw invalid(`The ${kind} of ${where} cannot be read.`)
  }
  if (facts.sizeBytes > limits.sizeBytes) {
    throw refuse(`it must be no larger than ${limits.sizeBytes / 1024 / 1024} MB`)
  }
  checkSeconds(facts.seconds)
  const { picture } = facts
  const { fps, pixels } = limits
  if (fps && picture && !isWithin(picture.framesPerSecond, fps)) {
    throw refuse(`its frame rate must be between ${fps.min} and ${fps.max}`)
  }
  if (pixels && picture && !isWithin(picture.width * picture.height, pixels)) {
    throw refuse(`its width times height must be between ${pixels.min} and ${pixels.max} px`)
  }
  return { kind, url, where, seconds: facts.seconds }
}

/**
 * Seconds of all films, or of all sounds, of one create.
 *
 * @param clips All of one kind.
 * @throws ServiceError 400 when they are too long together.
 */
export function totalSeconds(
  clips: readonly Clip[],
  { seconds: one, totalSeconds: most }: ClipLimits,
): number {
  const known = clips.reduce((sum, { seconds }) => sum + (seconds ?? 0), 0)
  const unknown = clips.filter(({ seconds }) => seconds === undefined).length
  // An equal share for each, so that they fit together whatever their URLs come to.
  const share = most === undefined ? one.max : Math.min(one.max, (most - known) / unknown)
  const sum = clips.reduce(
    (sum, { seconds, url }) => sum + (seconds ?? madeUpSeconds(url, one.min, share)),
    0,
  )
  if (most !== undefined && !isWithin(sum, { min: 0, max: most })) {
    throw notValid(clips[0]!.kind, `all ${clips[0]!.kind} contents together must be no longer than ${most} s`)
  }
  return sum
}

/** Whole seconds that depend on the URL and the bounds alone; `min` where the bounds leave no room. */
function madeUpSeconds(url: string, min: number, max: number): number {
  const choices = Math.max(1, Math.floor(max) - min + 1)
  return min + Math.floor(fraction(url, 'seconds') * choices)
}

/** What the query `?sim-seconds=7` says of a clip that cannot be looked at. */
function statedSeconds(url: string, where: string): number | undefined {
  const text = URL.canParse(url) ? new URL(url).searchParams.get('sim-seconds') : null
  if (text === null) return undefined
  const seconds = Number(text)
  if (text.trim() === '' || !Number.isFinite(seconds)) {
    throw invalid(`The sim-seconds in the URL of ${where} is not a number of seconds.`)
  }
  return seconds
}

/** Both ends included; what is off by a rounding is not off. */
function isWithin(value: number, { min, max }: { min: number; max: number }): boolean {
  const rounded = Math.round(value * 100) / 100
  return rounded >= min && rounded <= max
}

function notValid(kind: Clip['kind'], rule: string) {
  return invalid(`The parameter ${kind} specified in the request is not valid: ${rule}.`)
}
