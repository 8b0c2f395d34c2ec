import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type EstimateContext, estimateShot } from '../../src/core/estimate.js'
import { models } from '../../src/core/model-data.js'
import {
  accountLimits,
  billedTokens,
  findModel,
  knownModelIds,
  type ModelProfile,
} from '../../src/core/models.js'
import { microsPerUnit } from '../../src/core/money.js'
import { planRun } from '../../src/core/plan.js'
import { planTotals } from '../../src/core/plan-view.js'
import { rateOf } from '../../src/core/prices.js'
import { type Manifest, type Media, type Shot, takesOf } from '../../src/core/shot.js'
import {
  digestsOf,
  fast10,
  fast20,
  liteI2v,
  liteT2v,
  pro10,
  pro15,
  read,
  shot,
  urlMedia,
  v20,
  v25,
} from './builders.js'
import { tableIn } from './tables.js'

const tokens = (parts: Partial<Shot>) => estimateShot(shot('a', parts)).tokens
const exactly = (count: number) => ({ min: count, max: count })

const page = readFileSync('docs/pricing.md', 'utf8')
const modelOf = (label: string | undefined) => models.find((profile) => profile.label === label)!.ids.ark
const inputVideo = (seconds?: number): Media => ({
  ...urlMedia('reference_video', 'https://a.example/in.mp4'),
  ...(seconds === undefined ? {} : { seconds }),
})
/** Input videos of so many seconds together, in pieces that models take. */
const inputVideos = (seconds: number): Media[] =>
  seconds > 15 ? [inputVideo(15), inputVideo(seconds - 15)] : [inputVideo(seconds)]

describe('recorded usages in docs/pricing.md are met to the token', () => {
  const rows = tableIn(page, 'recorded usages')

  test('which are all that are known of', () => {
    expect(rows.map(({ Recorded }) => Number(Recorded))).toEqual(
      expect.arrayContaining([19_845, 40_594, 108_900, 87_300, 1_296_900]),
    )
  })

  test.each(rows.map((row) => [`${row.Model}, ${row.Resolution}, ${row.Seconds} s`, row] as const))(
    '%s',
    (_, { Model, Resolution, Ratio, Seconds, Input, Tier, Recorded, shotlock, Difference }) => {
      const estimate = tokens({
        model: modelOf(Model),
        media: Input ? inputVideos(Number(Input)) : [],
        parameters: {
          resolution: Resolution!,
          ratio: Ratio!,
          duration: Number(Seconds),
          ...(Tier === 'flex' ? { service_tier: 'flex' } : {}),
        },
      })
      expect(estimate).toEqual(exactly(Number(Recorded)))
      expect([shotlock, Difference]).toEqual([Recorded, '0'])
    },
  )
})

describe("the vendor's examples in docs/pricing.md, which lack the last frame", () => {
  const rows = tableIn(page, 'examples of the price page')

  test.each(rows.map((row) => [`${row.Model}, ${row.Resolution}, ${row.What}, ${row.Input}`, row] as const))(
    '%s: is no higher than ours and at most 1 %% lower',
    (_, { Model, Resolution, Seconds, Input, What = '', 'Page, CNY': stated, 'shotlock, CNY': ours }) => {
      const { price } = estimateShot(
        shot('a', {
          model: modelOf(Model),
          media: Input ? inputVideos(Number(Input)) : [],
          parameters: {
            resolution: Resolution!,
            ratio: '16:9',
            duration: Number(Seconds),
            generate_audio: !What.includes('silent'),
            ...(What.startsWith('draft') ? { draft: true } : {}),
          },
        }),
      )
      const amount = price!.maxMicros / microsPerUnit
      expect(price).toEqual({ currency: 'CNY', minMicros: price!.maxMicros, maxMicros: price!.maxMicros })
      expect(amount.toFixed(2)).toBe(ours)
      expect(Number(stated)).toBeLessThanOrEqual(Number(ours))
      // The page's figures are rounded to a hundredth.
      expect(Number(stated) + 0.01).toBeGreaterThan(amount * 0.99)
    },
  )
})

describe('with input videos', () => {
  const from = (seconds: (number | undefined)[], duration: number, model = v20) =>
    estimateShot(
      shot('a', {
        model,
        media: seconds.map(inputVideo),
        parameters: { resolution: '720p', ratio: '16:9', duration },
      }),
    )

  test('their stated seconds are billed as well, at the lower price', () => {
    const { inputSeconds, tokens, rate, price, unknowns } = from([6], 4)
    expect(inputSeconds).toEqual(exactly(6))
    expect(tokens).toEqual(exactly(billedTokens(1280, 720, 10)))
    expect(rate).toMatchObject({ amount: 28, videoInput: true })
    expect(price).toMatchObject({ maxMicros: 28 * billedTokens(1280, 720, 10) })
    expect(unknowns).toEqual([])
  })

  test('the seconds of several add up', () => {
    expect(from([3, 4, 5], 4).tokens).toEqual(exactly(billedTokens(1280, 720, 16)))
  })

  test('seconds that are not stated are a range: from one shortest to all that may be put in', () => {
    const one = from([undefined], 4)
    expect(one.inputSeconds).toEqual({ min: 2, max: 15 })
    expect(one.tokens).toEqual({ min: 151_200, max: billedTokens(1280, 720, 19) })
    expect(one.unknowns).toEqual(['the length of an input video is not stated'])
    expect(from([5, undefined], 4).inputSeconds).toEqual({ min: 7, max: 15 })
    expect(from([undefined, undefined], 4, v25).inputSeconds).toEqual({ min: 4, max: 30 })
  })

  test('a sound or picture among the references is not billed', () => {
    const media = [
      urlMedia('reference_image', 'https://a.example/1'),
      urlMedia('reference_audio', 'https://a.example/2'),
    ]
    const estimate = estimateShot(shot('a', { model: v20, media, parameters: { ratio: '16:9' } }))
    expect(estimate.tokens).toEqual(exactly(108_900))
    expect(estimate).toMatchObject({ inputSeconds: undefined, rate: { amount: 46, videoInput: false } })
  })

  const rows = tableIn(page, 'least tokens')

  test('the list of least tokens goes over all lengths of 2.0', () => {
    expect(rows.map((row) => Number(row['Seconds made']))).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
  })

  test.each(rows.map((row) => [row['Seconds made']!, row] as const))(
    '%s s are billed as the list says, when the input is as short as can be',
    (seconds, row) => {
      for (const resolution of ['480p', '720p']) {
        const least = Number(row[`Least tokens, ${resolution}`])
        const parameters = { resolution, ratio: '16:9', duration: Number(seconds) }
        for (const model of [v20, fast20])
          expect(tokens({ model, media: [inputVideo(2)], parameters })).toEqual(exactly(least))
      }
    },
  )
})

describe('what is left out', () => {
  test('is what the model makes by default', () => {
    expect(tokens({ model: pro10, parameters: {} })).toEqual(exactly(billedTokens(1920, 1088, 5)))
  })

  test('is every ratio where the service chooses one', () => {
    const sizes = Object.values(models[0]!.pixels['720p']!).map(([width, height]) =>
      billedTokens(width, height, 4),
    )
    const parameters = { ratio: 'adaptive', duration: 4 }
    expect(tokens({ parameters })).toEqual({ min: Math.min(...sizes), max: Math.max(...sizes) })
    expect(tokens({ parameters: { duration: 4 } })).toEqual(tokens({ parameters }))
  })

  test('is every length where the model chooses one', () => {
    expect(tokens({ parameters: { ratio: '1:1', resolution: '480p', duration: -1 } })).toEqual({
      min: billedTokens(640, 640, 4),
      max: billedTokens(640, 640, 12),
    })
  })

  test('is the ratio of the image on 1.0, and 16:9 without one', () => {
    const media = [urlMedia('first_frame', 'https://a.example/1')]
    const parameters = { resolution: '480p', duration: 2 }
    expect(tokens({ model: pro10, parameters })).toEqual(exactly(19_845))
    expect(tokens({ model: pro10, media, parameters })!.min).toBeLessThan(
      tokens({ model: pro10, media, parameters })!.max,
    )
  })
})

describe('a draft', () => {
  test.each([4, 7, 9, 12, 18, 19])(
    'of %i s is billed at 6 tenths with sound and 7 without, rounded down',
    (duration) => {
      const parameters = { draft: true, ratio: '1:1', duration }
      const full = billedTokens(640, 640, duration)
      expect(tokens({ parameters })).toEqual(exactly(Math.floor((full * 6) / 10)))
      expect(tokens({ parameters: { ...parameters, generate_audio: false } })).toEqual(
        exactly(Math.floor((full * 7) / 10)),
      )
    },
  )
})

test('sound and tier change the price of a token, not their number', () => {
  const parameters = { ratio: '1:1', duration: 5 }
  const usual = tokens({ parameters })
  expect(tokens({ parameters: { ...parameters, generate_audio: false } })).toEqual(usual)
  expect(tokens({ parameters: { ...parameters, service_tier: 'flex' } })).toEqual(usual)
})

test('frames are billed as frames, for every number of them', () => {
  for (const [width, height] of Object.values(findModel(pro10)!.pixels['1080p']!)) {
    for (let frames = 29; frames <= 289; frames += 4) {
      expect(billedTokens(width, height, (frames - 1) / 24)).toBe(
        Math.floor((width * height * frames) / 1024),
      )
    }
  }
})

describe('an adaptive ratio follows the first frame', () => {
  const parameters = { resolution: '720p', duration: 5 }
  const frame = urlMedia('first_frame', 'https://a.example/1')
  const like = (width: number, height: number, model = pro15) =>
    estimateShot(shot('a', { model, media: [frame], parameters }), { facts: () => ({ width, height }) })

  test.each([
    [1280, 720, '16:9'],
    [1000, 1000, '1:1'],
    [720, 1280, '9:16'],
    [3000, 1290, '21:9'],
    [4000, 3000, '4:3'],
    [600, 800, '3:4'],
    // Between two: the one that less has to be cropped for.
    [1160, 1000, '4:3'],
    [1140, 1000, '1:1'],
    [1000, 1160, '3:4'],
    [1520, 1000, '4:3'],
    [1560, 1000, '16:9'],
  ])('%i x %i becomes %s', (width, height, ratio) => {
    const { pixels, tokens, unknowns, ratio: told } = like(width, height)
    expect({ told, unknowns }).toEqual({ told: ratio, unknowns: [] })
    expect(pixels).toEqual(models[0]!.pixels['720p']![ratio as '1:1'])
    expect(tokens!.min).toBe(tokens!.max)
  })

  test('to the ratio that is nearest, whatever its size', () => {
    const sizes = models[0]!.pixels['720p']!
    const crop = ([width, height]: readonly [number, number], aspect: number) =>
      Math.max(width / height / aspect, aspect / (width / height))
    fc.assert(
      fc.property(
        fc.integer({ min: 301, max: 5999 }),
        fc.integer({ min: 301, max: 5999 }),
        (width, height) => {
          const chosen = crop(like(width, height).pixels!, width / height)
          for (const size of Object.values(sizes))
            expect(chosen).toBeLessThanOrEqual(crop(size, width / height) + 1e-9)
        },
      ),
    )
  })

  test('by the sizes of its model', () => {
    expect(like(1280, 720, pro10).pixels).toEqual([1248, 704])
  })

  test('but not one that cannot be looked at, nor a stated ratio', () => {
    const blind = estimateShot(shot('a', { media: [frame], parameters }), { facts: () => undefined })
    expect(blind).toMatchObject({
      ratio: 'adaptive',
      pixels: undefined,
      unknowns: ['the service chooses the ratio'],
    })
    const stated = shot('a', { media: [frame], parameters: { ...parameters, ratio: '1:1' } })
    expect(estimateShot(stated, { facts: () => ({ width: 1280, height: 720 }) }).pixels).toEqual([960, 960])
  })
})

describe('the price', () => {
  const parameters = { resolution: '720p', ratio: '16:9', duration: 5 }
  const of = (parts: Partial<Shot> = {}, context: EstimateContext = {}) =>
    estimateShot(shot('a', { ...parts, parameters: { ...parameters, ...parts.parameters } }), context)
  const micros = (parts: Partial<Shot>, context?: EstimateContext) => of(parts, context).price?.maxMicros

  test('is twice as high with sound on 1.5 pro, and the same on 2.0', () => {
    const silent = { parameters: { generate_audio: false } }
    expect([micros({}), micros(silent)]).toEqual([108_900 * 16, 108_900 * 8])
    expect(micros({ model: v20, ...silent })).toBe(micros({ model: v20 }))
  })

  test('is half in flex', () => {
    for (const model of [
      pro15,
      pro10,
      fast10,
      liteT2v,
      'seedance-1-5-pro-251215',
      'seedance-1-0-pro-250528',
    ]) {
      const flex = micros({ model, parameters: { service_tier: 'flex' } })
      // Rounded to a millionth.
      expect(flex).toBe(Math.round(micros({ model })! / 2))
    }
  })

  test('of a draft is that of its fewer tokens', () => {
    const draft = { draft: true, resolution: '480p' }
    const full = (864 * 496 * 121) / 1024
    expect(micros({ parameters: draft })).toBe(Math.floor(full * 0.6) * 16)
    expect(micros({ parameters: { ...draft, generate_audio: false } })).toBe(Math.floor(full * 0.7) * 8)
  })

  test('of a draft of 2.5 counts in full, and it says so', () => {
    const { price, unknowns } = of({ model: v25, parameters: { draft: true, resolution: '480p' } })
    expect(price!.maxMicros).toBe(billedTokens(864, 496, 5) * 70)
    expect(unknowns).toEqual(['what a draft is billed is not published: counted in full'])
  })

  test('is a range where the tokens are one', () => {
    const { price } = of({ parameters: { duration: -1, ratio: '16:9' } })
    expect(price).toEqual({
      currency: 'CNY',
      minMicros: billedTokens(1280, 720, 4) * 16,
      maxMicros: billedTokens(1280, 720, 12) * 16,
    })
  })

  test.each([undefined, 'simulator'])('where %s is asked is that of the service of the id', (provider) => {
    expect(of({}, { provider }).price).toMatchObject({ currency: 'CNY', maxMicros: 108_900 * 16 })
    const abroad = of({ model: 'seedance-1-5-pro-251215' }, { provider })
    expect(abroad.price).toMatchObject({ currency: 'USD', maxMicros: 108_900 * 2.4 })
    const profiled = of({ model: 'ep-1', modelProfile: 'dreamina-seedance-2-5-260628' }, { provider })
    expect(profiled.price).toMatchObject({ currency: 'USD', maxMicros: 108_900 * 10.7 })
  })

  test('is that of the service that is asked, whichever of its ids a model goes by', () => {
    expect(of({}, { provider: 'byteplus' }).price).toMatchObject({ currency: 'USD' })
    expect(of({ model: 'seedance-1-5-pro-251215' }, { provider: 'ark' }).price).toMatchObject({
      currency: 'CNY',
    })
  })

  test('at a relay is not known unless somebody states it', () => {
    const provider = 'relay.example'
    expect(of({}, { provider })).toMatchObject({
      price: undefined,
      tokens: exactly(108_900),
      unknowns: ['no price is known for it'],
    })
    const rates = [rateOf({ provider, currency: 'USD', per_video: 0.25 }, 'mine')]
    expect(of({}, { provider, rates })).toMatchObject({ price: { maxMicros: 250_000 }, unknowns: [] })
  })

  test('that is stated comes before the published one', () => {
    const rates = [rateOf({ currency: 'CNY', per_million_tokens: 1, generate_audio: true }, 'mine')]
    expect(of({}, { rates })).toMatchObject({ price: { maxMicros: 108_900 }, rate: { source: 'mine' } })
    expect(micros({ parameters: { generate_audio: false } }, { rates })).toBe(108_900 * 8)
  })

  test('may be stated by either id of a model, or by the id of an endpoint', () => {
    const rates = [rateOf({ model: 'seedance-1-5-pro-251215', currency: 'CNY', per_video: 1 }, 'mine')]
    expect(micros({}, { rates })).toBe(1_000_000)
    const endpoint = [rateOf({ model: 'ep-1', currency: 'CNY', per_video: 2 }, 'mine')]
    expect(micros({ model: 'ep-1', modelProfile: pro15 }, { rates: endpoint })).toBe(2_000_000)
  })

  test('by the second counts the video that is made, not what is put in', () => {
    const rates = [rateOf({ currency: 'USD', per_second: 0.1 }, 'mine')]
    const auto = { parameters: { duration: -1 } }
    expect(of(auto, { rates }).price).toEqual({ currency: 'USD', minMicros: 400_000, maxMicros: 1_200_000 })
    expect(micros({ model: v20, media: [inputVideo(5)] }, { rates })).toBe(500_000)
  })

  test('by the video or second is known for a model that is not', () => {
    expect(of({ model: 'ep-1' })).toMatchObject({
      price: undefined,
      unknowns: ['the model is not in the tables'],
    })
    expect(micros({ model: 'ep-1' }, { rates: [rateOf({ currency: 'USD', per_video: 1 }, 'mine')] })).toBe(
      1_000_000,
    )
    expect(micros({ model: 'ep-1' }, { rates: [rateOf({ currency: 'USD', per_second: 1 }, 'mine')] })).toBe(
      5_000_000,
    )
    expect(
      micros({ model: 'ep-1' }, { rates: [rateOf({ currency: 'USD', per_million_tokens: 1 }, 'mine')] }),
    ).toBeUndefined()
  })

  test('of a model that is not known is that of its profile', () => {
    const profiled = of({ model: 'ep-1', modelProfile: pro15 })
    expect(profiled).toMatchObject({
      tokens: exactly(108_900),
      price: { maxMicros: 108_900 * 16 },
      unknowns: [],
    })
  })

  test('depends on the resolution where the service says so', () => {
    const at = (model: string, resolution: string, media: Media[] = []) =>
      of({ model, media, parameters: { resolution } }).rate?.amount
    expect(['480p', '720p', '1080p', '4k'].map((resolution) => at(v20, resolution))).toEqual([46, 46, 51, 26])
    expect(['480p', '1080p', '4k'].map((resolution) => at(v20, resolution, [inputVideo(5)]))).toEqual([
      28, 31, 16,
    ])
    expect(['720p', '1080p'].map((resolution) => at(v25, resolution))).toEqual([70, 77])
  })
})

test('what VBench asks for comes to what docs/pricing.md says', () => {
  const shots = Array.from({ length: 946 }, (_, index) => `  vb-${index}: { prompt: "prompt ${index}" }`)
  const manifest = (tier: string) =>
    read(`version: 1
defaults:
  model: ${pro15}
  resolution: 720p
  ratio: "16:9"
  duration: 5
  generate_audio: false
  takes: 5
${tier}shots:
${shots.join('\n')}
`).manifest
  const totals = ['', '  service_tier: flex\n'].map((tier) => {
    const plan = planRun({
      manifest: manifest(tier),
      states: new Map(),
      digests: vbenchDigests(manifest(tier)),
      present: new Set(),
    })
    return planTotals([plan])
  })
  for (const { buys, tokens, prices } of totals) {
    const [{ currency, maxMicros } = { currency: '', maxMicros: 0 }] = prices
    const amount = (maxMicros / microsPerUnit).toLocaleString('en-US', { maximumFractionDigits: 2 })
    const line = `Buys ${buys.toLocaleString('en-US')} takes for ${currency} ${amount}: ${tokens.max.toLocaleString('en-US')} tokens.`
    expect(page).toContain(line)
  }
  expect(totals.map(({ prices }) => prices[0]?.maxMicros)).toEqual([4_120_776_000, 2_060_388_000])
})

const vbenchDigests = ({ shots }: Manifest) => digestsOf(shots.flatMap(takesOf))

test('nothing is told of a model or size that is not in the tables', () => {
  expect(tokens({ model: 'ep-1' })).toBeUndefined()
  expect(tokens({ model: fast20, parameters: { resolution: '4k' } })).toBeUndefined()
})

describe('the table of models', () => {
  test('names each model once, under both services', () => {
    const ids = knownModelIds()
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids).toHaveLength(models.length * 2)
  })

  test.each(models.map((profile) => [profile.label, profile] as const))(
    '%s: sizes are even, near their ratio, and mirrored',
    (_, profile: ModelProfile) => {
      for (const sizes of Object.values(profile.pixels)) {
        for (const [ratio, [width, height]] of Object.entries(sizes)) {
          const [across, down] = ratio.split(':').map(Number) as [number, number]
          expect(Math.abs(width / height / (across / down) - 1)).toBeLessThan(0.03)
          expect([width % 2, height % 2]).toEqual([0, 0])
        }
        expect(sizes['3:4']).toEqual([...sizes['4:3']].reverse())
        expect(sizes['9:16']).toEqual([...sizes['16:9']].reverse())
      }
    },
  )

  test('an id that is not known has no profile', () => {
    expect(findModel('ep-1')).toBeUndefined()
    expect(findModel('constructor')).toBeUndefined()
  })
})

describe('limits of an account', () => {
  const usual = { createsPerMinute: 600, liveTasks: 10 }

  test('are those of 1.5 pro where nothing tighter is known', () => {
    expect([accountLimits([]), accountLimits([pro15]), accountLimits(['ep-1'])]).toEqual([
      usual,
      usual,
      usual,
    ])
  })

  test('are the tightest of all models', () => {
    expect(accountLimits([pro15, liteT2v, liteI2v])).toEqual({ createsPerMinute: 300, liveTasks: 5 })
  })
})
