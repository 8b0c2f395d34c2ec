import { effectiveParameters } from './build-request.js'
import { upstreamOf, upstreamsFirst } from './chains.js'
import { billedTokens, leastTokens, type ModelProfile, modeOf, profileOf, type Ratio } from './models.js'
import type { PriceRange } from './money.js'
import type { ShotName } from './names.js'
import { findRate, homeProvider, type Priced, priceRange, publishedRates, type Rate } from './prices.js'
import type { Media, Shot } from './shot.js'

/** From the least to the most that a take can be billed, in tokens. */
export interface TokenRange {
  min: number
  max: number
}

/** Both ends are possible. */
export interface SecondsRange {
  min: number
  max: number
}

/** What is known of a picture, film or sound besides where it is. */
export interface MediaFacts {
  /** Pixels, as shown. */
  width?: number | undefined
  height?: number | undefined
  /** Length of a film or sound. */
  seconds?: number | undefined
}

/** What a take will be and cost, as far as can be told beforehand. */
export interface Estimate {
  resolution: string | undefined
  /** `adaptive` where only the service will know. */
  ratio: string | undefined
  /** Width and height; `undefined` where only the service will know, or where no page lists them. */
  pixels: readonly [number, number] | undefined
  /** Length of the video; `undefined` for a model that is not known and a length that is not stated. */
  seconds: SecondsRange | undefined
  /** Seconds of films among the references, which are billed as well; `undefined` when there are none. */
  inputSeconds: SecondsRange | undefined
  audio: boolean | undefined
  tier: 'default' | 'flex'
  draft: boolean
  tokens: TokenRange | undefined
  price: PriceRange | undefined
  /** The rate that `price` comes from. */
  rate: Rate | undefined
  /** What could not be known, each as the end of a sentence. */
  unknowns: readonly string[]
}

/** What an estimate is made with, besides the shot. */
export interface EstimateContext {
  /** Who is asked. `undefined` or `simulator`: nobody real, so published prices of the model's own service count. */
  provider?: string | undefined
  /** Rates to look at before the published ones, nearest place first. */
  rates?: readonly Rate[] | undefined
  facts?: ((media: Media) => MediaFacts | undefined) | undefined
}

/**
 * What one take of a shot will be and cost. Ranges where the service decides: `duration: -1`, `ratio: adaptive` with
 * an image that cannot be looked at, films whose length is not stated.
 */
export function estimateShot(shot: Shot, context: EstimateContext = {}): Estimate {
  const profile = profileOf(shot)
  const { resolution, ratio, duration, frames, draft = false, generate_audio } = effectiveParameters(shot)
  const mode = modeOf(new Set(shot.media.map(({ role }) => role)))
  const unknowns: string[] = []

  const asked = ratio ?? profile?.defaultRatio[mode]
  const sizes = profile?.pixels[resolution as keyof typeof profile.pixels]
  const followed = asked === 'adaptive' && sizes ? adaptiveRatio(shot, sizes, context) : undefined
  const decided = followed ?? (asked === 'adaptive' ? undefined : (asked as Ratio | undefined))
  const pixels = decided === undefined ? undefined : sizes?.[decided]
  if (!profile) unknowns.push('the model is not in the tables')
  else if (!sizes) unknowns.push(`no page lists the pixels of ${resolution}`)
  else if (!pixels) unknowns.push('the service chooses the ratio')

  const seconds = secondsOf({ duration, frames }, profile)
  if (duration === -1) unknowns.push('the model chooses the length')
  const videoInput = shot.media.some(({ role }) => role === 'reference_video')
  const inputSeconds = profile && videoInput ? inputSecondsOf(shot, profile, context) : undefined
  if (inputSeconds && inputSeconds.min !== inputSeconds.max)
    unknowns.push('the length of an input video is not stated')
  if (draft && profile && !profile.draft?.tenths)
    unknowns.push('what a draft is billed is not published: counted in full')

  const possible = pixels ? [pixels] : sizes ? Object.values(sizes) : []
  const lengths = seconds && [
    { made: seconds.min, input: inputSeconds?.min ?? 0 },
    { made: seconds.max, input: inputSeconds?.max ?? 0 },
  ]
  const least = inputSeconds && profile?.references.videos
  const tenths = (draft && profile?.draft?.tenths?.[generate_audio ? 'audio' : 'silent']) || 10
  const counts = possible.flatMap(([width, height]) =>
    (lengths ?? []).map(({ made, input }) =>
      Math.max(
        billedTokens(width, height, made + input, tenths),
        least ? leastTokens(width, height, made, least) : 0,
      ),
    ),
  )
  const tokens = counts.length === 0 ? undefined : { min: Math.min(...counts), max: Math.max(...counts) }

  const tier = shot.parameters.service_tier === 'flex' ? 'flex' : 'default'
  const priced: Priced = {
    modelIds: profile ? [shot.model, profile.ids.ark, profile.ids.byteplus] : [shot.model],
    provider: providerFor(shot, context),
    tier,
    audio: generate_audio ?? false,
    videoInput,
    draft,
    resolution,
  }
  const rate = findRate(context.rates ?? [], priced) ?? findRate(publishedRates, priced)
  const price =
    rate &&
    priceRange(
      rate,
      { tokens: tokens?.min, seconds: seconds?.min },
      { tokens: tokens?.max, seconds: seconds?.max },
    )
  if (!rate && profile) unknowns.push('no price is known for it')

  return {
    resolution,
    ratio: decided ?? asked,
    pixels,
    seconds,
    inputSeconds,
    audio: generate_audio,
    tier,
    draft,
    tokens,
    price,
    rate,
    unknowns,
  }
}

/**
 * `estimateShot` for very many shots, most of which differ in nothing that counts for it: those of equal ones are made
 * once, and are one object. The context must not change meanwhile.
 */
export function estimator(context: EstimateContext): (shot: Shot) => Estimate {
  const known = new Map<string, Estimate>()
  return (shot) => {
    const { model, modelProfile, media, parameters } = shot
    // What depends on files is looked at every time.
    if (media.some((one) => one.role === 'reference_video' || context.facts?.(one)))
      return estimateShot(shot, context)
    const { resolution, ratio, duration, frames, draft, generate_audio, service_tier } = parameters
    const sent = `${resolution} ${ratio} ${duration} ${frames} ${draft} ${generate_audio} ${service_tier}`
    const key = `${model}\n${modelProfile}\n${sent} ${media.map(({ role }) => role)}`
    const estimate = known.get(key) ?? estimateShot(shot, context)
    known.set(key, estimate)
    return estimate
  }
}

function providerFor({ model, modelProfile }: Shot, { provider }: EstimateContext): string {
  return provider === undefined || provider === 'simulator' ? homeProvider(modelProfile ?? model) : provider
}

/**
 * The ratio that the service will take from the first frame: the one that is nearest to the picture's own.
 *
 * @returns `undefined` where there is no picture to follow, or it cannot be looked at.
 */
function adaptiveRatio(
  shot: Shot,
  sizes: Readonly<Record<Ratio, readonly [number, number]>>,
  { facts }: EstimateContext,
): Ratio | undefined {
  const frame = shot.media.find(({ role }) => role === 'first_frame')
  const { width, height } = (frame && facts?.(frame)) ?? {}
  return width === undefined || height === undefined ? undefined : nearestRatio(width / height, sizes)
}

/**
 * The ratio whose pixels are nearest to a picture's, by the factor between them. How the service chooses is not
 * published; this is the reading that crops least.
 */
export function nearestRatio(
  aspect: number,
  sizes: Readonly<Record<Ratio, readonly [number, number]>>,
): Ratio {
  const distance = ([width, height]: readonly [number, number]) => Math.abs(Math.log(width / height / aspect))
  const ratios = Object.keys(sizes) as Ratio[]
  return ratios.reduce((best, ratio) => (distance(sizes[ratio]) < distance(sizes[best]) ? ratio : best))
}

function secondsOf(
  { duration, frames }: { duration?: number | undefined; frames?: number | undefined },
  profile: ModelProfile | undefined,
): SecondsRange | undefined {
  if (frames !== undefined) return exactly((frames - 1) / 24)
  if (duration === -1) return profile && { min: profile.duration.min, max: profile.duration.max }
  const seconds = duration ?? profile?.duration.default
  return seconds === undefined ? undefined : exactly(seconds)
}

function inputSecondsOf(
  { media }: Shot,
  profile: ModelProfile,
  { facts }: EstimateContext,
): SecondsRange | undefined {
  const { videos: limits } = profile.references
  if (!limits) return undefined
  const { seconds: one, totalSeconds } = limits
  const sum = { min: 0, max: 0 }
  for (const video of media) {
    if (video.role !== 'reference_video') continue
    const known = facts?.(video)?.seconds ?? video.seconds
    sum.min += known ?? one.min
    sum.max += known ?? one.max
  }
  return { min: sum.min, max: Math.max(sum.min, Math.min(sum.max, totalSeconds ?? sum.max)) }
}

function exactly(seconds: number): SecondsRange {
  return { min: seconds, max: seconds }
}

/** What is known of media, last frames of other shots included: they are as large as the videos that they end. */
export function withLastFrames(
  shots: readonly Shot[],
  facts: (media: Media) => MediaFacts | undefined,
): (media: Media) => MediaFacts | undefined {
  const frames = new Map<ShotName, MediaFacts>()
  const all = (media: Media) =>
    media.source.kind === 'last_frame' ? frames.get(media.source.shot) : facts(media)
  const asked = new Set(shots.map(upstreamOf))
  for (const shot of upstreamsFirst(shots)) {
    if (!asked.has(shot.name)) continue
    const [width, height] = estimateShot(shot, { facts: all }).pixels ?? []
    frames.set(shot.name, { width, height })
  }
  return all
}
