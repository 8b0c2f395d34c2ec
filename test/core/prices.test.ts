import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { modelSources, models } from '../../src/core/model-data.js'
import {
  findRate,
  homeProvider,
  type Priced,
  priceOf,
  priceRange,
  publishedRates,
  type Rate,
  rateOf,
} from '../../src/core/prices.js'
import { pro15, v20 } from './builders.js'
import { tableIn } from './tables.js'

const rate = (parts: Partial<Rate> = {}): Rate => ({
  currency: 'CNY',
  amount: 1,
  per: 'video',
  source: 'test',
  ...parts,
})
const priced = (parts: Partial<Priced> = {}): Priced => ({
  modelIds: [pro15],
  provider: 'ark',
  tier: 'default',
  audio: true,
  videoInput: false,
  draft: false,
  resolution: '720p',
  ...parts,
})

describe('a rate holds', () => {
  test.each<[string, Partial<Rate>, Partial<Priced>, Partial<Priced>]>([
    ['for one of its models', { models: ['other', pro15] }, {}, { modelIds: [v20] }],
    ['for a model by any of its ids', { models: ['b'] }, { modelIds: ['a', 'b'] }, { modelIds: ['a'] }],
    ['for its provider', { provider: 'ark' }, {}, { provider: 'byteplus' }],
    ['for its tier', { tier: 'flex' }, { tier: 'flex' }, {}],
    ['with sound', { audio: true }, {}, { audio: false }],
    ['without sound', { audio: false }, { audio: false }, {}],
    ['with a video put in', { videoInput: true }, { videoInput: true }, {}],
    ['without one', { videoInput: false }, {}, { videoInput: true }],
    ['for drafts', { draft: true }, { draft: true }, {}],
    ['for finals', { draft: false }, {}, { draft: true }],
    ['for one of its resolutions', { resolutions: ['480p', '720p'] }, {}, { resolution: '1080p' }],
    ['for its resolution, when that is known', { resolutions: ['720p'] }, {}, { resolution: undefined }],
  ])('%s', (_, conditions, yes, no) => {
    const one = rate(conditions)
    expect(findRate([one], priced(yes))).toBe(one)
    expect(findRate([one], priced(no))).toBeUndefined()
  })

  test('for everything when it states no condition', () => {
    const one = rate()
    expect(
      findRate([one], priced({ modelIds: ['ep-1'], provider: 'a.example', resolution: undefined })),
    ).toBe(one)
  })
})

describe('of several rates', () => {
  const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
  const provider = fc.constantFrom('ark', 'byteplus', 'relay.example')
  const tier = fc.constantFrom('default' as const, 'flex' as const)
  const resolution = fc.constantFrom('480p', '720p', '1080p')
  const model = fc.constantFrom('a', 'b', 'c')
  const some = <T>(item: fc.Arbitrary<T>) => fc.uniqueArray(item, { minLength: 1, maxLength: 2 })
  const rates: fc.Arbitrary<Rate[]> = fc.array(
    fc.record({
      currency: fc.constant('CNY'),
      amount: fc.nat(),
      per: fc.constantFrom('million-tokens' as const, 'second' as const, 'video' as const),
      models: maybe(some(model)),
      provider: maybe(provider),
      tier: maybe(tier),
      audio: maybe(fc.boolean()),
      videoInput: maybe(fc.boolean()),
      draft: maybe(fc.boolean()),
      resolutions: maybe(some(resolution)),
      source: fc.constant('test'),
    }),
    { maxLength: 8 },
  )
  const asked = fc.record({
    modelIds: some(model),
    provider,
    tier,
    audio: fc.boolean(),
    videoInput: fc.boolean(),
    draft: fc.boolean(),
    resolution: maybe(resolution),
  })

  test('the first that holds counts', () => {
    fc.assert(
      fc.property(rates, asked, (table, of) => {
        const found = findRate(table, of)
        const at = found === undefined ? table.length : table.indexOf(found)
        // Each alone: whether it holds does not depend on what stands around it.
        for (const before of table.slice(0, at)) expect(findRate([before], of)).toBeUndefined()
        if (found) expect(findRate([found], of)).toBe(found)
      }),
    )
  })

  test('a nearer place wins, and what it does not price is left to the farther ones', () => {
    const near = rate({ provider: 'relay.example', source: 'near' })
    const far = rate({ source: 'far' })
    expect(findRate([near, far], priced({ provider: 'relay.example' }))).toBe(near)
    expect(findRate([near, far], priced())).toBe(far)
  })
})

describe('an amount is priced', () => {
  const bought = { tokens: 108_900, seconds: 5 }

  test.each([
    ['by tokens', rate({ per: 'million-tokens', amount: 16 }), 1_742_400],
    ['by tokens, at a price with decimals', rate({ per: 'million-tokens', amount: 4.2 }), 457_380],
    ['by seconds', rate({ per: 'second', amount: 0.14 }), 700_000],
    ['by the video', rate({ per: 'video', amount: 0.25 }), 250_000],
    ['at nothing', rate({ per: 'video', amount: 0 }), 0],
  ])('%s', (_, one, micros) => {
    expect(priceOf(one, bought)).toEqual({ currency: 'CNY', micros })
    expect(priceRange(one, bought, bought)).toEqual({ currency: 'CNY', minMicros: micros, maxMicros: micros })
  })

  test('not at all when what counts is not known', () => {
    expect(priceOf(rate({ per: 'million-tokens' }), { ...bought, tokens: undefined })).toBeUndefined()
    expect(priceOf(rate({ per: 'second' }), { ...bought, seconds: undefined })).toBeUndefined()
    expect(priceOf(rate({ per: 'video' }), { tokens: undefined, seconds: undefined })).toBeDefined()
  })

  test('from the least to the most', () => {
    const one = rate({ per: 'second', amount: 0.1 })
    expect(priceRange(one, { tokens: 1, seconds: 4 }, { tokens: 1, seconds: 12 })).toMatchObject({
      minMicros: 400_000,
      maxMicros: 1_200_000,
    })
    expect(priceRange(one, bought, { ...bought, seconds: undefined })).toBeUndefined()
  })
})

describe('a price that a person writes', () => {
  test('keeps its conditions', () => {
    const written = {
      model: 'ep-1',
      provider: 'relay.example',
      currency: 'USD',
      per_second: 0.1,
      service_tier: 'flex',
      generate_audio: false,
      video_input: true,
      draft: false,
      resolution: ['480p', '720p'],
    } as const
    expect(rateOf(written, 'mine.yaml')).toEqual({
      currency: 'USD',
      amount: 0.1,
      per: 'second',
      models: ['ep-1'],
      provider: 'relay.example',
      tier: 'flex',
      audio: false,
      videoInput: true,
      draft: false,
      resolutions: ['480p', '720p'],
      source: 'mine.yaml',
    })
  })

  test.each([
    [{ per_million_tokens: 0 }, 'million-tokens', 0],
    [{ per_second: 0 }, 'second', 0],
    [{ per_video: 2 }, 'video', 2],
  ])('%j counts what it says', (price, per, amount) => {
    expect(rateOf({ currency: 'CNY', ...price }, 'x')).toMatchObject({ per, amount, models: undefined })
  })
})

test('where nobody real is asked, a model is priced by the service that its id belongs to', () => {
  for (const { ids } of models) {
    expect([homeProvider(ids.ark), homeProvider(ids.byteplus)]).toEqual(['ark', 'byteplus'])
  }
  expect(homeProvider('ep-1')).toBe('ark')
})

describe('published rates', () => {
  test('are in the currency of their service, and in its name', () => {
    for (const { provider, currency } of publishedRates) {
      expect([provider, currency]).toEqual(provider === 'ark' ? ['ark', 'CNY'] : ['byteplus', 'USD'])
    }
  })

  test('are those of docs/pricing.md, every one', () => {
    const stated = tableIn(readFileSync('docs/pricing.md', 'utf8'), 'published prices').map(
      ({ Model, Service, Price, Tier, Only, 'As of': asOf, Source }) =>
        [Model, Service, Price, Tier, Only, asOf, Source].join(' | '),
    )
    const known = models.flatMap(({ label, prices }) =>
      prices.map(
        ({ provider, currency, perMillionTokens, tier, audio, videoInput, resolutions, asOf, source }) => {
          const only = [
            audio === undefined ? '' : audio ? 'with sound' : 'silent',
            videoInput === undefined ? '' : videoInput ? 'with input video' : 'no input video',
            resolutions?.join(' ') ?? '',
          ]
          const { trust, title } = modelSources[source]
          return [
            label,
            provider === 'ark' ? 'Ark' : 'BytePlus',
            `${currency} ${perMillionTokens.toFixed(2)}`,
            tier === 'flex' ? 'flex' : 'online',
            only.filter(Boolean).join(', '),
            asOf ?? 'undated',
            [trust, ...(title.match(/\[\d+\]/) ?? [])].join(' '),
          ].join(' | ')
        },
      ),
    )
    expect(stated).toEqual(known)
  })
})
