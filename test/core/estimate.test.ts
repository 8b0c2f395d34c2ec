import { describe, expect, test } from 'vitest'
import { estimateShot } from '../../src/core/estimate.js'
import { models } from '../../src/core/model-data.js'
import {
  accountLimits,
  billedTokens,
  findModel,
  knownModelIds,
  type ModelProfile,
} from '../../src/core/models.js'
import type { Shot } from '../../src/core/shot.js'
import { fast20, liteI2v, liteT2v, pro10, pro15, shot, urlMedia, v20 } from './builders.js'

const tokens = (parts: Partial<Shot>) => estimateShot(shot('a', parts)).tokens
const exactly = (count: number) => ({ min: count, max: count })

describe('recorded usages are met to the token', () => {
  test.each([
    ['1.0 pro, 864x480, 2 s', pro10, { resolution: '480p', ratio: '16:9', duration: 2 }, 19_845],
    [
      '1.5 pro, 496x864, 4 s, flex',
      pro15,
      { resolution: '480p', ratio: '9:16', duration: 4, service_tier: 'flex' as const },
      40_594,
    ],
    ['2.0, 1280x720, 5 s', v20, { resolution: '720p', ratio: '16:9', duration: 5 }, 108_900],
    ['2.0 fast, 1280x720, 4 s', fast20, { resolution: '720p', ratio: '16:9', duration: 4 }, 87_300],
  ])('%s', (_, model, parameters, recorded) => {
    expect(tokens({ model, parameters })).toEqual(exactly(recorded))
  })
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
