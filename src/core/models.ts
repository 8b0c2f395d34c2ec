import { models } from './model-data.js'

/** What a request asks the model to do. The service's own words. Source: reference section 2.2, error messages. */
export type Mode = 't2v' | 'i2v' | 'flf2v' | 'r2v'

export type Resolution = '480p' | '720p' | '1080p' | '4k'
export type Ratio = '16:9' | '4:3' | '1:1' | '3:4' | '9:16' | '21:9'

/** Width and height in pixels that the service makes for a resolution and ratio. */
export type PixelTable = Readonly<
  Partial<Record<Resolution, Readonly<Record<Ratio, readonly [number, number]>>>>
>

/** How many reference files of a kind a model takes. */
export interface FileCount {
  min: number
  max: number
}

/** Limits of films and sounds that go into a request. */
export interface ClipLimits extends FileCount {
  /** Seconds of one file, both ends included. */
  seconds: { min: number; max: number }
  /** Seconds of all files together; `undefined` where no limit is published. */
  totalSeconds: number | undefined
  sizeBytes: number
  /** File formats, as in a data URL. */
  formats: readonly string[]
}

export interface VideoLimits extends ClipLimits {
  /** Frames a second. */
  fps: { min: number; max: number }
  /** Width times height. */
  pixels: { min: number; max: number }
  /** With films among the references, every `made` seconds are billed as at least `billed`, rounded up. */
  leastBilled: { made: number; billed: number }
}

/** Reference files of each kind; `undefined` where a model takes none. */
export interface ReferenceLimits {
  images?: FileCount
  videos?: VideoLimits
  audio?: ClipLimits
  /** Whether sound may be the only reference. */
  audioAlone?: boolean
}

/** Where a fact comes from; `modelSources` says more of each. */
export type SourceKey =
  | 'vendor'
  | 'vendor-2026-07'
  | 'vendor-tutorial'
  | 'vendor-2026-08'
  | 'vendor-2026-09-02'
  | 'vendor-2026-09-19'
  | 'vendor-prices'
  | 'vendor-prices-2026-08'
  | 'byteplus'
  | 'byteplus-article'
  | 'probe-2026-07'
  | 'probe-2026-08'
  | 'resellers'
  | 'apiyi'
  | 'cometapi'
  | 'inferred'

/** Facts of a profile that carry a source. */
export type ModelFact =
  | 'ids'
  | 'modes'
  | 'resolutions'
  | 'ratios'
  | 'duration'
  | 'audio'
  | 'camera'
  | 'inputs'
  | 'draft'
  | 'flex'
  | 'references'
  | 'pixels'
  | 'account'

/** A price as published. Conditions that are left out hold for all. */
export interface PublishedPrice {
  provider: 'ark' | 'byteplus'
  currency: string
  perMillionTokens: number
  tier?: 'default' | 'flex'
  audio?: boolean
  /** Whether a film is among the references. */
  videoInput?: boolean
  resolutions?: readonly Resolution[]
  /** ISO date, or less where no more is known; `undefined`: the source has no date. */
  asOf?: string
  source: SourceKey
}

/** What an account may have and do. */
export interface AccountLimits {
  createsPerMinute: number
  /** Tasks being made at once; more are accepted and wait as `queued`. */
  liveTasks: number
}

/** Everything that differs from model to model. A new model is a new entry in `models`, never a new branch. */
export interface ModelProfile {
  /** Short name for people: `1.5 pro`. */
  label: string
  /** Model ids by provider; a request may name either. */
  ids: { ark: string; byteplus: string }
  modes: readonly Mode[]
  resolutions: readonly Resolution[]
  defaultResolution: Resolution
  /** Resolutions with reference media, where they are fewer. */
  referenceResolutions?: readonly Resolution[]
  /** Ratio that the service takes when none is sent. */
  defaultRatio: Readonly<Record<Mode, Ratio | 'adaptive'>>
  /** Modes in which `adaptive` is refused. */
  adaptiveRefused: readonly Mode[]
  /** Modes in which any ratio but `adaptive` is refused. */
  adaptiveOnly: readonly Mode[]
  /** Whole seconds; `auto` where -1 lets the model choose. */
  duration: { min: number; max: number; auto: boolean; default: number }
  /** Whether `frames` may stand in for `duration`. */
  frames: boolean
  /** Whether the model makes sound; then `generate_audio` decides the price. */
  audio: boolean
  /** Whether `camera_fixed` is accepted. */
  cameraFixed: boolean
  /** Whether HEIC and HEIF pictures are taken. */
  heic: boolean
  /** Whether `asset://` URLs name files of the account's library. */
  assets: boolean
  /** `undefined`: no drafts. `tenths`: what a draft is billed of a video of its size; `undefined` where that is not published. */
  draft?: { resolution: Resolution; tenths: { audio: number; silent: number } | undefined } | undefined
  flex: boolean
  /** Whether any `service_tier` is refused, even `default`. */
  serviceTierRefused: boolean
  references: ReferenceLimits
  pixels: PixelTable
  /** Limits of an account; `personal` of one that is not a company's, `at4k` of tasks in 4k, where they are lower. */
  account: AccountLimits & { personal?: AccountLimits; at4k?: AccountLimits; flexTokensPerDay?: number }
  prices: readonly PublishedPrice[]
  /** The day a retirement was announced for, ISO, and by whom; `undefined` when none was. */
  retirement?: { on: string; source: SourceKey }
  sources: Readonly<Record<ModelFact, readonly SourceKey[]>>
}

const byId = new Map(
  models.flatMap((profile) => [
    [profile.ids.ark, profile] as const,
    [profile.ids.byteplus, profile] as const,
  ]),
)

/** The profile behind a model id of either service; `undefined` for an endpoint id (`ep-…`) or a newer model. */
export function findModel(id: string): ModelProfile | undefined {
  return byId.get(id)
}

/** The rules that a shot goes by: those of `model_profile` where it is stated, else those of its model. */
export function profileOf({
  model,
  modelProfile,
}: {
  model: string
  modelProfile?: string | undefined
}): ModelProfile | undefined {
  return findModel(modelProfile ?? model)
}

/** Every model id that is known, for suggestions. */
export function knownModelIds(): string[] {
  return [...byId.keys()]
}

/** The mode that a set of media roles asks for. */
export function modeOf(roles: ReadonlySet<string>): Mode {
  if (roles.has('reference_image') || roles.has('reference_video') || roles.has('reference_audio'))
    return 'r2v'
  if (roles.has('last_frame')) return 'flf2v'
  return roles.has('first_frame') ? 'i2v' : 't2v'
}

/**
 * Tokens that the service bills for one video. Exact on all recorded usages; see docs/pricing.md.
 *
 * @param seconds Of the video, plus those of all films among the references.
 * @param tenths What a draft is billed of that. Whether the service rounds before or after is not known: this way it is
 *   never less.
 */
export function billedTokens(width: number, height: number, seconds: number, tenths = 10): number {
  return Math.floor((width * height * (24 * seconds + 1) * tenths) / 10_240)
}

/**
 * Tokens that are billed at least when films are among the references. Exact on the vendor's list for 2.0; see
 * docs/pricing.md.
 *
 * @param made Seconds of the video itself, without those of the films.
 */
export function leastTokens(width: number, height: number, made: number, limits: VideoLimits): number {
  const seconds = Math.ceil((made * limits.leastBilled.billed) / limits.leastBilled.made)
  return Math.floor((width * height * 24 * seconds) / 1024)
}

/** Limits of an account for a set of models: the tightest of each; those of 1.5 pro for models not known. */
export function accountLimits(modelIds: Iterable<string>): AccountLimits {
  const usual = models[0]!.account
  const all = [...modelIds].map((id) => findModel(id)?.account ?? usual)
  return {
    createsPerMinute: Math.min(
      ...all.map(({ createsPerMinute }) => createsPerMinute),
      usual.createsPerMinute,
    ),
    liveTasks: Math.min(...all.map(({ liveTasks }) => liveTasks), usual.liveTasks),
  }
}
