import { describe, expect, test } from 'vitest'
import { models } from '../../src/core/model-data.js'
import type { ModelProfile, Ratio } from '../../src/core/models.js'
import type { MediaRole, Parameters } from '../../src/core/request.js'
import type { Shot } from '../../src/core/shot.js'
import { checkShot } from '../../src/core/shot-rules.js'
import {
  fast10,
  fast20,
  liteI2v,
  liteT2v,
  mini20,
  pro10,
  pro15,
  shot,
  urlMedia,
  v20,
  v25,
} from './builders.js'

/** Faults as `code field`; warnings begin with `warning `. */
function faults(parts: Partial<Shot>): string[] {
  return checkShot(shot('a', parts)).map(
    ({ code, field, severity }) => `${severity === 'warning' ? 'warning ' : ''}${code} ${field.join('.')}`,
  )
}

const images = (...roles: MediaRole[]) => roles.map((role, n) => urlMedia(role, `https://a.example/${n}.png`))
const times = (count: number, role: MediaRole) => images(...Array.from({ length: count }, () => role))
const none: string[] = []

/** Media that give a shot the least a model needs, so that only what is tested is wrong. */
const mediaFor = (model: string) => (model === liteI2v ? images('first_frame') : [])
const withParameters = (model: string, parameters: Parameters) =>
  faults({ model, parameters, media: mediaFor(model) })

/** What the reference says of every model (section 2.3), written down a second time on purpose. */
const table = [
  {
    model: pro15,
    seconds: [4, 12],
    auto: true,
    upTo: 1080,
    draft: true,
    flex: true,
    sound: true,
    camera: true,
    frames: false,
  },
  {
    model: pro10,
    seconds: [2, 12],
    auto: false,
    upTo: 1080,
    draft: false,
    flex: true,
    sound: false,
    camera: true,
    frames: true,
  },
  {
    model: fast10,
    seconds: [2, 12],
    auto: false,
    upTo: 1080,
    draft: false,
    flex: true,
    sound: false,
    camera: true,
    frames: true,
  },
  {
    model: liteT2v,
    seconds: [2, 12],
    auto: false,
    upTo: 1080,
    draft: false,
    flex: true,
    sound: false,
    camera: true,
    frames: true,
  },
  {
    model: liteI2v,
    seconds: [2, 12],
    auto: false,
    upTo: 1080,
    draft: false,
    flex: true,
    sound: false,
    camera: true,
    frames: true,
  },
  {
    model: v20,
    seconds: [4, 15],
    auto: true,
    upTo: 4000,
    draft: false,
    flex: false,
    sound: true,
    camera: false,
    frames: false,
  },
  {
    model: fast20,
    seconds: [4, 15],
    auto: true,
    upTo: 720,
    draft: false,
    flex: false,
    sound: true,
    camera: false,
    frames: false,
  },
  {
    model: mini20,
    seconds: [4, 15],
    auto: true,
    upTo: 720,
    draft: false,
    flex: false,
    sound: true,
    camera: false,
    frames: false,
  },
  {
    model: v25,
    seconds: [4, 30],
    auto: true,
    upTo: 1080,
    draft: true,
    flex: false,
    sound: true,
    camera: false,
    frames: false,
  },
] as const

test('the table below speaks of every model there is', () => {
  expect(table.map(({ model }) => model).sort()).toEqual(models.map(({ ids }) => ids.ark).sort())
})

describe.each(table)('$model', ({ model, seconds, auto, upTo, draft, flex, sound, camera, frames }) => {
  const [least, most] = seconds

  test('makes its shortest and longest video, and nothing beyond', () => {
    for (const duration of [least, most]) expect(withParameters(model, { duration })).toEqual(none)
    for (const duration of [least - 1, most + 1, 0]) {
      expect(withParameters(model, { duration })).toEqual(['duration-range duration'])
    }
  })

  test(`${auto ? 'chooses' : 'does not choose'} the duration itself`, () => {
    expect(withParameters(model, { duration: -1 })).toEqual(auto ? none : ['duration-range duration'])
  })

  test('makes the resolutions it has and no others', () => {
    const sizes = { '480p': 480, '720p': 720, '1080p': 1080, '4k': 4000 }
    for (const [resolution, size] of Object.entries(sizes)) {
      expect(withParameters(model, { resolution })).toEqual(size <= upTo ? none : ['model-rule resolution'])
    }
  })

  test(`${draft ? 'makes' : 'makes no'} drafts`, () => {
    expect(withParameters(model, { draft: true })).toEqual(draft ? none : ['model-rule draft'])
  })

  test(`${flex ? 'has' : 'has no'} flex tier`, () => {
    expect(withParameters(model, { service_tier: 'flex' })).toEqual(flex ? none : ['model-rule service_tier'])
    expect(withParameters(model, { service_tier: 'default' })).toEqual(none)
  })

  test(`${sound ? 'makes' : 'makes no'} sound`, () => {
    const warning = ['warning model-rule generate_audio']
    expect(withParameters(model, { generate_audio: true })).toEqual(sound ? none : warning)
    expect(withParameters(model, { generate_audio: false })).toEqual(none)
  })

  test(`${camera ? 'takes' : 'takes no'} camera_fixed`, () => {
    for (const camera_fixed of [true, false]) {
      expect(withParameters(model, { camera_fixed })).toEqual(camera ? none : ['model-rule camera_fixed'])
    }
  })

  test(`${frames ? 'takes' : 'takes no'} frames`, () => {
    for (const count of [29, 33, 289]) {
      expect(withParameters(model, { frames: count })).toEqual(frames ? none : ['model-rule frames'])
    }
  })

  test('makes every ratio from what it starts from', () => {
    for (const ratio of ['16:9', '4:3', '1:1', '3:4', '9:16', '21:9'] satisfies Ratio[]) {
      expect(withParameters(model, { ratio })).toEqual(none)
    }
  })

  test('is checked alike under the id of BytePlus', () => {
    const { ids } = models.find((one: ModelProfile) => one.ids.ark === model)!
    expect(withParameters(ids.byteplus, { duration: most + 1 })).toContain('duration-range duration')
  })
})

describe('what a model makes a video from', () => {
  const text = images()
  const first = images('first_frame')
  const both = images('first_frame', 'last_frame')
  const references = images('reference_image')

  test.each([
    [pro15, [none, none, none, ['model-rule reference_images']]],
    [pro10, [none, none, none, ['model-rule reference_images']]],
    [fast10, [none, none, ['model-rule last_frame'], ['model-rule reference_images']]],
    [liteT2v, [none, ['model-rule first_frame'], ['model-rule last_frame'], ['model-rule reference_images']]],
    [liteI2v, [['model-rule model'], none, none, none]],
    [v20, [none, none, none, none]],
    [fast20, [none, none, none, none]],
    [mini20, [none, none, none, none]],
    [v25, [none, none, none, none]],
  ])('%s: text, first frame, both frames, references', (model, expected) => {
    expect([text, first, both, references].map((media) => faults({ model, media }))).toEqual(expected)
  })

  test.each([
    [liteI2v, 4],
    [v20, 9],
    [fast20, 9],
    [mini20, 9],
    [v25, 30],
  ])('%s takes %i reference images and no more', (model, most) => {
    expect(faults({ model, media: times(most, 'reference_image') })).toEqual(none)
    expect(faults({ model, media: times(most + 1, 'reference_image') })).toEqual([
      'model-rule reference_images',
    ])
  })

  test('a shot needs a prompt or an image', () => {
    expect(faults({ prompt: undefined })).toEqual(['missing-field prompt'])
    expect(faults({ prompt: undefined, media: first })).toEqual(none)
  })

  test('a last frame needs a first frame', () => {
    expect(faults({ media: images('last_frame') })).toEqual(['field-conflict last_frame'])
  })

  test('references do not go together with frames', () => {
    for (const role of ['first_frame', 'last_frame'] as const) {
      expect(faults({ model: v20, media: images(role, 'reference_image') })).toContain(
        'field-conflict reference_images',
      )
    }
  })
})

describe('adaptive ratio', () => {
  test.each([pro10, fast10, liteT2v])('%s knows none without an image', (model) => {
    expect(faults({ model, parameters: { ratio: 'adaptive' } })).toEqual(['model-rule ratio'])
  })

  test.each([pro15, v20, v25])('%s chooses one from text alone', (model) => {
    expect(faults({ model, parameters: { ratio: 'adaptive' } })).toEqual(none)
  })

  test.each([pro15, pro10, v25])('%s follows the first frame', (model) => {
    expect(faults({ model, media: images('first_frame'), parameters: { ratio: 'adaptive' } })).toEqual(none)
  })

  test('2.5 takes no other one together with frames', () => {
    for (const media of [images('first_frame'), images('first_frame', 'last_frame')]) {
      expect(faults({ model: v25, media, parameters: { ratio: '16:9' } })).toEqual(['model-rule ratio'])
    }
  })

  test('2.5 takes any with references', () => {
    expect(faults({ model: v25, media: images('reference_image'), parameters: { ratio: '16:9' } })).toEqual(
      none,
    )
  })
})

describe('fields that do not go together', () => {
  test('a draft is 480p', () => {
    expect(faults({ parameters: { draft: true, resolution: '480p' } })).toEqual(none)
    expect(faults({ parameters: { draft: true, resolution: '720p' } })).toEqual(['field-conflict resolution'])
  })

  test('a draft returns no last frame', () => {
    expect(faults({ parameters: { draft: true, return_last_frame: true } })).toEqual([
      'field-conflict return_last_frame',
    ])
    expect(faults({ parameters: { draft: true, return_last_frame: false } })).toEqual(none)
  })

  test('a draft cannot be made in the flex tier', () => {
    expect(faults({ parameters: { draft: true, service_tier: 'flex' } })).toEqual([
      'field-conflict service_tier',
    ])
  })

  test('no draft, no conflict', () => {
    expect(
      faults({
        parameters: { draft: false, resolution: '720p', return_last_frame: true, service_tier: 'flex' },
      }),
    ).toEqual(none)
  })

  test('camera_fixed does not go with reference images', () => {
    expect(
      faults({ model: liteI2v, media: images('reference_image'), parameters: { camera_fixed: true } }),
    ).toEqual(['model-rule camera_fixed'])
  })

  test('frames and duration both say how long', () => {
    expect(faults({ model: pro10, parameters: { frames: 29, duration: 5 } })).toEqual([
      'field-conflict frames',
    ])
  })

  test('frames are 25 and a multiple of 4', () => {
    for (let frames = 29; frames <= 289; frames++) {
      const fits = frames % 4 === 1
      expect(faults({ model: pro10, parameters: { frames } })).toEqual(fits ? none : ['wrong-value frames'])
    }
  })

  test.each([
    ...['model', 'content', 'seed', 'duration', 'resolution', 'ratio', 'frames', 'watermark', 'camera_fixed'],
    ...[
      'generate_audio',
      'draft',
      'return_last_frame',
      'service_tier',
      'execution_expires_after',
      'callback_url',
    ],
  ])('extra cannot hold %s, which has its own place', (field) => {
    expect(faults({ extra: { [field]: 1 } })).toEqual(['field-conflict extra'])
  })

  test('extra holds any other field', () => {
    expect(faults({ extra: { priority: 3, safety_identifier: 'x', constructor: 1 } })).toEqual(none)
  })
})

describe('models that are not known', () => {
  test('bring a warning, and a suggestion when the id is close to a known one', () => {
    const [fault] = checkShot(shot('a', { model: 'doubao-seedance-1-5-pro-251216' }))
    expect(fault).toMatchObject({ code: 'unknown-model', severity: 'warning' })
    expect(fault?.message).toContain(pro15)
  })

  test('are checked against no limits', () => {
    expect(faults({ model: 'nova-1', parameters: { duration: 60, resolution: '4k' } })).toEqual([
      'warning unknown-model model',
    ])
  })

  test('an endpoint id brings no warning', () => {
    expect(faults({ model: 'ep-20260108-abcde', parameters: { duration: 60 } })).toEqual(none)
  })

  test('rules of the service hold for them as well', () => {
    expect(faults({ model: 'ep-1', media: images('last_frame') })).toEqual(['field-conflict last_frame'])
  })
})

describe('flags in a prompt', () => {
  test.each([
    ['fox --rs 720p', '--rs'],
    ['fox --resolution 720p', '--resolution'],
    ['fox --rt 16:9', '--rt'],
    ['fox --ratio adaptive', '--ratio'],
    ['fox --dur 5', '--dur'],
    ['fox --duration=5', '--duration'],
    ['fox --frames 29', '--frames'],
    ['fox --seed 1', '--seed'],
    ['fox --cf true', '--cf'],
    ['fox --camerafixed true', '--camerafixed'],
    ['fox --wm false', '--wm'],
    ['fox --watermark false', '--watermark'],
    ['fox --fps 24', '--fps'],
    ['fox --framespersecond 24', '--framespersecond'],
    ['fox --DUR 5', '--DUR'],
    ['fox --Ratio 1:1', '--Ratio'],
    ['--dur 5 fox', '--dur'],
    ['fox --dur', '--dur'],
    ['fox\n--dur 5', '--dur'],
    ['fox\t--dur\t5', '--dur'],
    ['fox, --dur: 5', '--dur'],
    ['狐狸在雪地里奔跑。--dur 5', '--dur'],
    ['狐狸--ratio 16:9', '--ratio'],
    ['狐狸\u3000--seed\u30003', '--seed'],
  ])('are found in %j', (prompt, flag) => {
    const [fault, ...others] = checkShot(shot('a', { prompt }))
    expect(others).toEqual([])
    expect(fault).toMatchObject({ code: 'inline-flag', severity: 'error', field: ['prompt'] })
    const { offset, length } = fault!.within!
    expect(prompt.slice(offset, offset + length)).toBe(flag)
  })

  test('are found one by one', () => {
    expect(faults({ prompt: 'fox --ratio adaptive  --dur 5' })).toEqual([
      'inline-flag prompt',
      'inline-flag prompt',
    ])
  })

  test.each([
    'a fox -- red and quick -- runs',
    'a fox --- then snow',
    'a well-known, long--lost fox',
    'a seed-like --thing',
    'wait--duration unknown',
    'dur 5, ratio 16:9, -dur 5',
    'a fox —dur 5',
    'the word --constructor, and --toString',
    '--seedling in the snow',
    '--',
    '女孩——狐狸',
  ])('%j has none', (prompt) => {
    expect(faults({ prompt })).toEqual(none)
  })
})
