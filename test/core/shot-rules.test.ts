import { describe, expect, test } from 'vitest'
import { models } from '../../src/core/model-data.js'
import { findModel, type ModelProfile, type Ratio } from '../../src/core/models.js'
import type { MediaRole, Parameters } from '../../src/core/request.js'
import type { Media, Shot } from '../../src/core/shot.js'
import { checkShot, modelWarnings } from '../../src/core/shot-rules.js'
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

  const referenceFields = {
    reference_image: 'reference_images',
    reference_video: 'reference_videos',
    reference_audio: 'reference_audio',
  } as const

  test.each<[string, MediaRole[]]>([
    [pro15, []],
    [pro10, []],
    [fast10, []],
    [liteT2v, []],
    [liteI2v, ['reference_image']],
    [v20, ['reference_image', 'reference_video', 'reference_audio']],
    [fast20, ['reference_image', 'reference_video', 'reference_audio']],
    [mini20, ['reference_image', 'reference_video', 'reference_audio']],
    [v25, ['reference_image', 'reference_video', 'reference_audio']],
  ])('%s takes these references and no others: %j', (model, taken) => {
    for (const [role, field] of Object.entries(referenceFields) as [MediaRole, string][]) {
      const others = taken.filter((one) => one !== role).slice(0, 1)
      expect(faults({ model, media: images(...others, role) })).toEqual(
        taken.includes(role) ? none : [`model-rule ${field}`],
      )
    }
  })

  test.each([
    [liteI2v, 'reference_image', 4],
    [v20, 'reference_image', 9],
    [fast20, 'reference_image', 9],
    [mini20, 'reference_image', 9],
    [v25, 'reference_image', 30],
    [v20, 'reference_video', 3],
    [fast20, 'reference_video', 3],
    [mini20, 'reference_video', 3],
    [v25, 'reference_video', 10],
    [v20, 'reference_audio', 3],
    [fast20, 'reference_audio', 3],
    [mini20, 'reference_audio', 3],
    [v25, 'reference_audio', 10],
  ] as const)('%s takes of %s %i and no more', (model, role, most) => {
    const beside = role === 'reference_audio' ? images('reference_image') : []
    const field = referenceFields[role]
    expect(faults({ model, media: [...beside, ...times(most, role)] })).toEqual(none)
    expect(faults({ model, media: [...beside, ...times(most + 1, role)] })).toEqual([`model-rule ${field}`])
  })

  test('a message names the model and what it does not take', () => {
    const [fault] = checkShot(shot('a', { media: images('reference_video') }))
    expect(fault?.message).toBe('1.5 pro takes no reference videos')
  })

  test('a shot needs a prompt or media', () => {
    expect(faults({ prompt: undefined })).toEqual(['missing-field prompt'])
    expect(faults({ prompt: undefined, media: first })).toEqual(none)
    expect(faults({ model: v20, prompt: undefined, media: images('reference_video') })).toEqual(none)
  })

  test('a last frame needs a first frame', () => {
    expect(faults({ media: images('last_frame') })).toEqual(['field-conflict last_frame'])
  })

  test.each(Object.entries(referenceFields) as [MediaRole, string][])(
    '%s does not go together with frames',
    (role, field) => {
      for (const frame of ['first_frame', 'last_frame'] as const) {
        expect(faults({ model: v25, media: images(frame, role) })).toContain(`field-conflict ${field}`)
      }
    },
  )

  test('sound as the only reference is for 2.5', () => {
    const sound = images('reference_audio')
    for (const model of [v20, fast20, mini20]) {
      expect(faults({ model, media: sound })).toEqual(['model-rule reference_audio'])
      expect(faults({ model, media: [...sound, ...images('reference_video')] })).toEqual(none)
    }
    expect(faults({ model: v25, media: sound })).toEqual(none)
  })

  test('fewer resolutions with references are told as such', () => {
    const media = images('reference_image')
    const [fault] = checkShot(shot('a', { model: liteI2v, media, parameters: { resolution: '1080p' } }))
    expect(fault?.message).toBe('1.0 lite i2v makes 480p, 720p with reference media, not 1080p')
  })

  test('asset URLs are for 2.x', () => {
    const asset = (role: MediaRole) => [urlMedia(role, 'asset://asset-1')]
    for (const model of [pro15, pro10, liteI2v])
      expect(faults({ model, media: asset('first_frame') })).toEqual(['media-url first_frame'])
    for (const model of [v20, fast20, mini20, v25]) {
      for (const role of ['first_frame', 'reference_image', 'reference_video'] as const)
        expect(faults({ model, media: asset(role) })).toEqual(none)
    }
    expect(faults({ model: 'ep-1', media: asset('first_frame') })).toEqual(none)
  })
})

describe('lengths that a manifest states', () => {
  const clips = (role: MediaRole, ...seconds: (number | undefined)[]): Media[] =>
    seconds.map((one, index) => ({
      ...urlMedia(role, 'https://a.example/x'),
      field: [`${role}s`.replace('audios', 'audio'), index],
      seconds: one,
    }))

  test.each([
    ['reference_video', 'reference_videos'],
    ['reference_audio', 'reference_audio'],
  ] as const)('of one %s are held against the limits', (role, field) => {
    const media = (seconds: number) => [...images('reference_image'), ...clips(role, seconds)]
    for (const model of [v20, v25]) {
      const [least, most] = [2, findModel(model)!.references.videos!.seconds.max]
      for (const seconds of [least, most]) expect(faults({ model, media: media(seconds) })).toEqual(none)
      for (const seconds of [least - 0.1, most + 0.1])
        expect(faults({ model, media: media(seconds) })).toEqual([`media-limit ${field}.0.seconds`])
    }
  })

  test('are added up, a kind on its own', () => {
    const media = [...clips('reference_video', 7, undefined, 8), ...clips('reference_audio', 15)]
    expect(faults({ model: v20, media })).toEqual(none)
    expect(faults({ model: v20, media: clips('reference_video', 7, 8.1) })).toEqual([
      'media-limit reference_videos',
    ])
  })

  test('say nothing where none is stated, or nothing is known of the model', () => {
    expect(faults({ model: v20, media: clips('reference_video', undefined) })).toEqual(none)
    expect(faults({ model: 'ep-1', media: clips('reference_video', 100) })).toEqual(none)
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

  test('camera_fixed does not go with reference media', () => {
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
  test('are checked against no limits', () => {
    expect(faults({ model: 'nova-1', parameters: { duration: 60, resolution: '4k' } })).toEqual(none)
  })

  test('keep to the rules of the service as well', () => {
    expect(faults({ model: 'ep-1', media: images('last_frame') })).toEqual(['field-conflict last_frame'])
  })

  test('keep to the rules of a profile', () => {
    const media = images('reference_video')
    expect(faults({ model: 'ep-1', modelProfile: v20, media })).toEqual(none)
    expect(faults({ model: 'ep-1', modelProfile: pro15, media })).toEqual(['model-rule reference_videos'])
    expect(faults({ model: 'nova-1', modelProfile: v20, parameters: { duration: 16 } })).toEqual([
      'duration-range duration',
    ])
  })

  test('are not given rules by a profile that is not known itself', () => {
    expect(faults({ model: 'ep-1', modelProfile: 'nova-1' })).toEqual(['unknown-model model_profile'])
    expect(faults({ modelProfile: 'nova-1' })).toEqual(['unknown-model model_profile'])
  })

  test.each([
    ['doubao-seedance-2-0-260129', v20],
    ['2.0 fast', fast20],
    ['1.5 Pro', pro15],
  ])('the profile %s brings the suggestion %s', (modelProfile, meant) => {
    const [fault] = checkShot(shot('a', { model: 'ep-1', modelProfile }))
    expect(fault?.message).toContain(`did you mean "${meant}"?`)
  })
})

describe('a profile beside a known model', () => {
  test('may name that same model, by the id of either service', () => {
    for (const modelProfile of [pro15, 'seedance-1-5-pro-251215'])
      expect(faults({ modelProfile })).toEqual(none)
  })

  test('may not name another, and the rules of the model go on', () => {
    expect(faults({ modelProfile: v20, parameters: { duration: 15 } })).toEqual([
      'field-conflict model_profile',
      'duration-range duration',
    ])
  })
})

describe('warnings of a model', () => {
  const warnings = (model: string, modelProfile?: string) =>
    modelWarnings({ model, modelProfile }).map(({ code, field, severity }) => `${severity} ${code} ${field}`)

  test.each(['nova-1', 'ep-20260108-abcde'])('%s is not known: a profile would say its rules', (model) => {
    expect(warnings(model)).toEqual(['warning unknown-model model'])
    expect(modelWarnings({ model })[0]?.message).toMatch(/limits and prices are not known.*model_profile/)
    expect(warnings(model, v20)).toEqual([])
  })

  test('one that is close to a known one brings a suggestion', () => {
    const [fault] = modelWarnings({ model: 'doubao-seedance-1-5-pro-251216' })
    expect(fault?.message).toContain(`did you mean "${pro15}"?`)
  })

  test('each that was announced to stop brings the day and who said it', () => {
    const retired = models.filter(({ retirement }) => retirement)
    expect(retired.length).toBeGreaterThan(0)
    for (const { ids, retirement, label } of models) {
      const [fault] = modelWarnings({ model: ids.byteplus })
      expect(warnings(ids.ark)).toEqual(retirement ? ['warning model-retired model'] : [])
      if (!retirement) continue
      const words = `${label} was announced to stop on ${retirement.on} (CometAPI discussions 121 and 140; no vendor page found); newer models: shotlock models`
      expect(fault?.message).toBe(words)
    }
  })

  test('an endpoint stands for the model of its profile', () => {
    expect(warnings('ep-1', pro15)).toEqual(['warning model-retired model_profile'])
  })

  test('a newer model that goes by the rules of an older one does not end with it', () => {
    expect(warnings('doubao-seedance-1-6-pro-270101', pro15)).toEqual([])
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
