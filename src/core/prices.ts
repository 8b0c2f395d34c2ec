import { models } from './model-data.js'
import { findModel } from './models.js'
import { type Money, type PriceRange, toMicros } from './money.js'

/** A price: what one unit costs, and for what it holds. Conditions that are `undefined` hold for all. */
export interface Rate {
  currency: string
  /** In units of the currency, at most six decimals. */
  amount: number
  per: 'million-tokens' | 'second' | 'video'
  /** Model ids; `undefined`: every model. */
  models?: readonly string[] | undefined
  /** `ark`, `byteplus`, or a relay's host; `undefined`: every provider. */
  provider?: string | undefined
  tier?: 'default' | 'flex' | undefined
  audio?: boolean | undefined
  videoInput?: boolean | undefined
  draft?: boolean | undefined
  resolutions?: readonly string[] | undefined
  /** Where it is from, for people. */
  source: string
  /** ISO date, or less where no more is known. */
  asOf?: string | undefined
}

/** What a price depends on, besides how much is bought. */
export interface Priced {
  /** Every id that the model goes by. */
  modelIds: readonly string[]
  /** Who is asked. */
  provider: string
  tier: 'default' | 'flex'
  audio: boolean
  videoInput: boolean
  draft: boolean
  resolution: string | undefined
}

/** How much is bought: tokens as billed, seconds of the video that is made. */
export interface Amount {
  tokens: number | undefined
  seconds: number | undefined
}

/** Published prices of the two services. A relay's are its own, and not in here. */
export const publishedRates: readonly Rate[] = models.flatMap(({ ids, prices }) =>
  prices.map(
    ({ provider, currency, perMillionTokens, tier, audio, videoInput, resolutions, asOf, source }) => ({
      currency,
      amount: perMillionTokens,
      per: 'million-tokens' as const,
      models: [ids.ark, ids.byteplus],
      provider,
      tier,
      audio,
      videoInput,
      resolutions,
      source,
      asOf,
    }),
  ),
)

/** The first rate that holds; `undefined` when none does. Nearer places come first in the table. */
export function findRate(table: readonly Rate[], priced: Priced): Rate | undefined {
  return table.find(
    ({ models: ids, provider, tier, audio, videoInput, draft, resolutions }) =>
      (ids === undefined || ids.some((id) => priced.modelIds.includes(id))) &&
      holds(provider, priced.provider) &&
      holds(tier, priced.tier) &&
      holds(audio, priced.audio) &&
      holds(videoInput, priced.videoInput) &&
      holds(draft, priced.draft) &&
      (resolutions === undefined ||
        (priced.resolution !== undefined && resolutions.includes(priced.resolution))),
  )
}

function holds<T>(condition: T | undefined, value: T): boolean {
  return condition === undefined || condition === value
}

/** What an amount costs, rounded to a millionth of the unit; `undefined` when what the rate counts is not known. */
export function priceOf({ currency, amount, per }: Rate, { tokens, seconds }: Amount): Money | undefined {
  switch (per) {
    case 'million-tokens':
      // Units a million tokens are millionths of a unit a token.
      return tokens === undefined ? undefined : { currency, micros: Math.round(amount * tokens) }
    case 'second':
      return seconds === undefined ? undefined : { currency, micros: toMicros(amount * seconds) }
    case 'video':
      return { currency, micros: toMicros(amount) }
  }
}

/** As `priceOf`, from the least to the most. */
export function priceRange(rate: Rate, least: Amount, most: Amount): PriceRange | undefined {
  const [min, max] = [priceOf(rate, least), priceOf(rate, most)]
  return min && max && { currency: rate.currency, minMicros: min.micros, maxMicros: max.micros }
}

/**
 * Whose published prices count where nobody real is asked (a rehearsal, or a plan without a provider): those of the
 * service that the model id belongs to.
 */
export function homeProvider(modelId: string): 'ark' | 'byteplus' {
  return findModel(modelId)?.ids.byteplus === modelId ? 'byteplus' : 'ark'
}

/** One price as a manifest or a price file states it, past the schema. */
export interface WrittenPrice {
  model?: string | readonly string[]
  provider?: string
  currency: string
  per_million_tokens?: number
  per_second?: number
  per_video?: number
  service_tier?: 'default' | 'flex'
  generate_audio?: boolean
  video_input?: boolean
  draft?: boolean
  resolution?: string | readonly string[]
}

/** @param source Where the price stands, for people. */
export function rateOf(price: WrittenPrice, source: string): Rate {
  const { model, provider, currency, service_tier, generate_audio, video_input, draft, resolution } = price
  return {
    ...amountOf(price),
    currency,
    models: model === undefined ? undefined : [model].flat(),
    provider,
    tier: service_tier,
    audio: generate_audio,
    videoInput: video_input,
    draft,
    resolutions: resolution === undefined ? undefined : [resolution].flat(),
    source,
  }
}

function amountOf({ per_million_tokens, per_second, per_video }: WrittenPrice): Pick<Rate, 'amount' | 'per'> {
  if (per_million_tokens !== undefined) return { amount: per_million_tokens, per: 'million-tokens' }
  if (per_second !== undefined) return { amount: per_second, per: 'second' }
  return { amount: per_video!, per: 'video' }
}
