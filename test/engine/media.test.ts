import { join } from 'node:path'
import { encode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { plan } from '../../src/commands/plan.js'
import { validate } from '../../src/commands/validate.js'
import type { Problem } from '../../src/core/problem.js'
import { v20 } from '../core/builders.js'
import { dataUrlOf, film, mp3, wav } from '../support/clips.js'
import { createRig, type Rig } from '../support/rig.js'

const png = (width: number, height: number) =>
  encode({ width, height, channels: 3, data: new Uint8Array(width * height * 3) })

const folder = '/project/manifests'
type FileContents = Record<string, Uint8Array | string>

/** A rig with a shot of these fields, and files beside its manifest. */
function rigOf(fields: Record<string, unknown>, files: FileContents = {}): Rig {
  const rig = createRig({ fox: { prompt: 'a fox', ...fields } })
  for (const [name, content] of Object.entries(files)) rig.files.write(join(folder, name), content)
  return rig
}

/** Problems of a manifest, but for the word that its model was announced to stop. */
async function problemsOf({ files }: Pick<Rig, 'files'>): Promise<Problem[]> {
  const { problems } = await validate({ paths: [], cwd: '/project' }, files)
  return problems.filter(({ code }) => code !== 'model-retired')
}

/** Codes of the problems of a shot with this image. */
async function codesOf(image: string, files: FileContents): Promise<string[]> {
  const problems = await problemsOf(rigOf({ image }, files))
  return problems.map(({ code, line, shot }) => `${code} ${shot} ${line}`)
}

/** Bytes that hold more than is read: the size counts, the rest is passed over. */
const padded = (bytes: Uint8Array, megabytes: number) => {
  const full = new Uint8Array(megabytes * 1024 * 1024)
  full.set(bytes)
  return full
}
const dataUrl = (bytes: Uint8Array) => dataUrlOf('image/png', bytes)
const at = (code: string) => [`${code} fox 8`]

describe('an image is checked before anything is bought', () => {
  test.each<[string, string, string[]]>([
    ['a file that is there', 'fox.png', []],
    ['a file in a folder beside', './refs/../fox.png', []],
    ['a file that is not there', 'none.png', at('media-missing')],
    ['a file that is no image, whatever its name says', 'text.png', at('media-format')],
    ['an image that is too small', 'small.png', at('media-limit')],
    ['an image that is too wide', 'wide.png', at('media-limit')],
    ['an image beyond 30 MB', 'huge.png', at('media-limit')],
    ['a file beyond 30 MB that is no image', 'noise.png', at('media-limit')],
    ['a path that leaves the project', '../../fox.png', at('media-outside')],
    ['an absolute path', '/project/manifests/fox.png', at('media-outside')],
    ['an https URL', 'https://host.test/fox.png', []],
    ['an http URL', 'http://host.test/fox.png', at('media-url')],
    ['an http URL of this machine', 'http://127.0.0.1:8000/fox.png', []],
    ['a URL with a password', 'https://me:secret@host.test/fox.png', at('media-url')],
    ['a URL of another kind', 'ftp://host.test/fox.png', at('media-url')],
    ['no URL', 'https://', at('media-url')],
    ['a data URL', dataUrl(png(320, 320)), []],
    ['a data URL with an image that is too small', dataUrl(png(10, 10)), at('media-limit')],
    ['a data URL without an image', 'data:image/png;base64,AAAA', at('media-format')],
    ['a data URL of another form', 'data:text/plain,hello', at('media-url')],
    ['a data URL of a film', dataUrlOf('video/mp4', png(320, 320)), at('media-url')],
    ['an asset URL on a model that takes none', 'asset://asset-1', at('media-url')],
    ['an asset URL without an id', 'asset://', [...at('media-url'), ...at('media-url')]],
  ])('%s', async (_, image, expected) => {
    const codes = await codesOf(image, {
      'fox.png': png(320, 320),
      'small.png': png(300, 320),
      'wide.png': png(1000, 400),
      'text.png': 'not a picture',
      'huge.png': padded(png(320, 320), 30),
      'noise.png': new Uint8Array(30 * 1024 * 1024).fill(7),
    })
    expect(codes).toEqual(expected)
  })
})

test('a local image is sent as a data URL of the format that its bytes have', async () => {
  const bytes = png(320, 320)
  const rig = rigOf({ image: 'fox.jpg' }, { 'fox.jpg': bytes })
  await rig.run()
  expect(rig.provider.creates[0]!.request.content[1]).toEqual({
    type: 'image_url',
    image_url: { url: dataUrl(bytes) },
    role: 'first_frame',
  })
})

test('images that together are too much for one request are refused', async () => {
  const padded = new Uint8Array(29 * 1024 * 1024)
  padded.set(png(320, 320))
  const rig = rigOf({ image: 'a.png', last_frame: 'b.png' }, { 'a.png': padded, 'b.png': padded })
  expect(await problemsOf(rig)).toMatchObject([
    { code: 'media-limit', shot: 'fox', message: expect.stringContaining('64 MB') },
  ])
})

const [oneSecond, threeSeconds] = [await film({ seconds: 1 }), await film({ seconds: 3 })]

describe('films and sounds', () => {
  /** Codes of the problems of a shot of 2.0, or of another model, with these references. */
  const codes = async (fields: Record<string, unknown>, files: FileContents = {}) => {
    const problems = await problemsOf(rigOf({ model: v20, duration: 5, ...fields }, files))
    return problems.map(({ code, severity }) => (severity === 'warning' ? `warning ${code}` : code))
  }

  test.each<[string, unknown, string[]]>([
    ['a film that is there', 'fox.mp4', ['warning media-inline']],
    ['a film from a camera', 'fox.mov', ['warning media-inline']],
    ['a film with its length', { url: 'fox.mp4', seconds: 5 }, ['warning media-inline']],
    ['a film that is not there', 'none.mp4', ['media-missing']],
    ['a film that is not there, with its length', { url: 'none.mp4', seconds: 5 }, ['media-missing']],
    ['a film outside', '../../fox.mp4', ['media-outside']],
    ['a text', 'text.mp4', ['media-format']],
    ['a picture', 'fox.png', ['media-format']],
    ['a sound', 'fox.wav', ['media-format']],
    ['a film of another format', 'fox.webm', ['media-format']],
    ['a film that is too short', 'short.mp4', ['media-limit']],
    ['a film that is too long', 'long.mp4', ['media-limit']],
    ['a film that is too small', 'small.mp4', ['media-limit']],
    ['a film that is too slow', 'slow.mp4', ['media-limit']],
    ['a film beyond what a request holds', 'huge.mp4', ['media-limit']],
    ['an https URL', 'https://host.test/fox.mp4', []],
    ['an http URL', 'http://host.test/fox.mp4', ['media-url']],
    ['an asset URL', 'asset://asset-20260108-x', []],
    ['an asset URL with its length', { url: 'asset://asset-1', seconds: 5 }, []],
    ['an asset URL without an id', 'asset://', ['media-url']],
    ['an asset URL of another form', 'asset:asset-1', ['media-url']],
    ['a data URL', dataUrlOf('video/mp4', threeSeconds), ['warning media-inline']],
    ['a data URL with a film that is too short', dataUrlOf('video/mp4', oneSecond), ['media-limit']],
    ['a data URL without a film', 'data:video/mp4;base64,AAAA', ['media-format']],
    ['a data URL of a sound', dataUrlOf('audio/wav', wav(3)), ['media-url']],
  ])('%s among the videos', async (_, video, expected) => {
    const files = {
      'fox.mp4': await film(),
      'fox.mov': await film({ format: 'mov' }),
      'fox.webm': await film({ format: 'webm' }),
      'short.mp4': await film({ seconds: 1.5 }),
      'long.mp4': await film({ seconds: 16 }),
      'small.mp4': await film({ width: 640, height: 480 }),
      'slow.mp4': await film({ fps: 12 }),
      'huge.mp4': padded(await film(), 49),
      'fox.png': png(320, 320),
      'fox.wav': wav(3),
      'text.mp4': 'not a film',
    }
    expect(await codes({ reference_videos: [video] }, files)).toEqual(expected)
  })

  test.each<[string, unknown, string[]]>([
    ['a wav file', 'fox.wav', []],
    ['an mp3 file', 'fox.mp3', []],
    ['a sound with its length', { url: 'fox.wav', seconds: 3 }, []],
    ['a film', 'fox.mp4', ['media-format']],
    ['a sound that is too short', 'short.wav', ['media-limit']],
    ['a sound that is too long', 'long.wav', ['media-limit']],
    ['a sound that is too large', 'large.wav', ['media-limit']],
    ['an https URL', 'https://host.test/fox.wav', []],
    ['an asset URL', 'asset://asset-1', []],
    ['a data URL', dataUrlOf('audio/wav', wav(3)), []],
    ['a data URL without a sound', 'data:audio/wav;base64,AAAA', ['media-format']],
    ['a data URL of a film', dataUrlOf('video/mp4', threeSeconds), ['media-url']],
  ])('%s among the sounds', async (_, sound, expected) => {
    const files = {
      'fox.wav': wav(3),
      'fox.mp3': mp3(100),
      'fox.mp4': await film(),
      'short.wav': wav(1),
      'long.wav': wav(16),
      'large.wav': padded(wav(3), 16),
    }
    const fields = { reference_images: ['asset://asset-1'], reference_audio: [sound] }
    expect(await codes(fields, files)).toEqual(expected)
  })

  test('are held against no limits of a model that is not known', async () => {
    const files = { 'slow.mp4': await film({ fps: 12, seconds: 1 }), 'fox.wav': wav(100) }
    const fields = { reference_videos: ['slow.mp4', 'asset://a'], reference_audio: ['fox.wav'] }
    expect(await codes({ model: 'ep-1', ...fields }, files)).toEqual([
      'warning unknown-model',
      'warning media-inline',
    ])
    expect(await codes({ model: 'ep-1', model_profile: v20, ...fields }, files)).toEqual([
      'media-limit',
      'media-limit',
    ])
  })

  test('are added up, those that are read with those whose length is stated', async () => {
    const files = { 'a.mp4': await film({ seconds: 8 }), 'a.wav': wav(8) }
    const stated = (seconds: number) => ({ url: 'https://host.test/b', seconds })
    const sum = async (field: string, clip: string, seconds: number) => {
      const fields = { reference_images: ['asset://a'], [field]: [clip, stated(seconds)] }
      return (await problemsOf(rigOf({ model: v20, ...fields }, files)))
        .filter(({ severity }) => severity === 'error')
        .map(({ code, message, line }) => `${code} ${line} ${message}`)
    }
    expect(await sum('reference_videos', 'a.mp4', 7)).toEqual([])
    expect(await sum('reference_audio', 'a.wav', 7)).toEqual([])
    expect(await sum('reference_videos', 'a.mp4', 7.1)).toEqual([
      'media-limit 12 the films come to 15.1 s, at most 15 s together are possible',
    ])
    expect(await sum('reference_audio', 'a.wav', 7.1)).toEqual([
      'media-limit 12 the sounds come to 15.1 s, at most 15 s together are possible',
    ])
  })

  test('count by the length that is read, not by the one that is stated beside', async () => {
    const files = { 'a.mp4': await film({ seconds: 4 }) }
    const clip = { url: 'a.mp4', seconds: 14 }
    expect(await codes({ reference_videos: [clip, { url: 'asset://b', seconds: 5 }] }, files)).toEqual([
      'media-limit',
      'warning media-inline',
    ])
    const [real, ...others] = [
      { url: 'a.mp4', seconds: 2 },
      { url: 'asset://b', seconds: 12 },
    ]
    expect(await codes({ reference_videos: [real, ...others] }, files)).toEqual([
      'warning media-inline',
      'media-limit',
    ])
  })

  test('together with images keep to what a request holds', async () => {
    const files = { 'a.png': padded(png(320, 320), 29), 'a.mp4': padded(await film(), 25) }
    expect(await codes({ reference_images: ['a.png'], reference_videos: ['a.mp4'] }, files)).toEqual([
      'warning media-inline',
      'media-limit',
    ])
  })

  test('are refused where they are taken for a picture too', async () => {
    const fields = { reference_images: ['a.mp4'], reference_videos: ['a.mp4'] }
    expect(await codes(fields, { 'a.mp4': await film() })).toEqual(['media-format', 'warning media-inline'])
  })

  test('bring the warning that they are inline once a film, at the first shot that shows it', async () => {
    const rig = rigOf({}, { 'a.mp4': await film(), 'b.mp4': await film({ seconds: 4 }) })
    const shows = (name: string, prompt = 'x') => ({ prompt, model: v20, reference_videos: [name] })
    rig.writeManifest({ one: shows('a.mp4'), two: shows('a.mp4', 'y'), three: shows('b.mp4') })
    expect((await problemsOf(rig)).map(({ code, shot }) => `${code} ${shot}`)).toEqual([
      'media-inline one',
      'media-inline three',
    ])
  })

  test('are read once, however many shots show them', async () => {
    const rig = rigOf(
      { model: v20, reference_audio: ['a.wav'], reference_images: ['a.png'] },
      {
        'a.wav': wav(3),
        'a.png': png(320, 320),
      },
    )
    rig.writeManifest(
      Object.fromEntries(
        ['a', 'b', 'c'].map((name) => [
          name,
          { prompt: name, model: v20, reference_audio: ['a.wav'], reference_images: ['a.png'] },
        ]),
      ),
    )
    const read: string[] = []
    const files: Rig['files'] = {
      ...rig.files,
      async read(path) {
        read.push(path)
        return await rig.files.read(path)
      },
    }
    expect(await problemsOf({ files })).toEqual([])
    expect(read.filter((path) => /\.(png|wav)$/.test(path)).sort()).toEqual([
      `${folder}/a.png`,
      `${folder}/a.wav`,
    ])
  })

  test('that are local are sent as data URLs of the format that their bytes have', async () => {
    const files = {
      'a.film': await film(),
      'b.film': await film({ format: 'mov' }),
      'a.sound': wav(3),
      'b.sound': mp3(100),
    }
    const rig = rigOf(
      {
        model: v20,
        reference_videos: ['a.film', { url: 'b.film', seconds: 5 }, 'asset://asset-1'],
        reference_audio: ['a.sound', 'b.sound', 'https://host.test/c.wav'],
      },
      files,
    )
    await rig.run()
    expect(rig.provider.creates[0]!.request.content.slice(1)).toEqual([
      ...[
        dataUrlOf('video/mp4', files['a.film']),
        dataUrlOf('video/quicktime', files['b.film']),
        'asset://asset-1',
      ].map((url) => ({ type: 'video_url', video_url: { url }, role: 'reference_video' })),
      ...[
        dataUrlOf('audio/wav', files['a.sound']),
        dataUrlOf('audio/mpeg', files['b.sound']),
        'https://host.test/c.wav',
      ].map((url) => ({ type: 'audio_url', audio_url: { url }, role: 'reference_audio' })),
    ])
  })

  test('that change after the plan are not sent', async () => {
    const rig = rigOf({}, { 'a.mp4': await film() })
    rig.writeManifest({ slow: 'x', fox: { prompt: 'a fox', model: v20, reference_videos: ['a.mp4'] } })
    const changed = await film({ seconds: 6 })
    rig.provider.onCreate = (_, number) => {
      if (number === 1) rig.files.write(`${folder}/a.mp4`, changed)
      return undefined
    }
    expect(await rig.outcomes({ concurrency: 1 })).toMatchObject({
      slow: { kind: 'done' },
      fox: { kind: 'failed', code: 'image-changed' },
    })
    expect(rig.provider.creates).toHaveLength(1)
  })

  test('count by their bytes: the same under another name is the same, other bytes are bought again', async () => {
    const write = (rig: Rig, name: string) =>
      rig.writeManifest({ fox: { prompt: 'a fox', model: v20, reference_videos: [name] } })
    const rig = rigOf({}, { 'a.mp4': await film(), 'b.mp4': await film({ seconds: 6 }) })
    write(rig, 'a.mp4')
    await rig.run()
    rig.files.write(`${folder}/c.mp4`, (await rig.files.read(`${folder}/a.mp4`))!)
    write(rig, 'c.mp4')
    await rig.run()
    expect(rig.provider.creates).toHaveLength(1)
    write(rig, 'b.mp4')
    await rig.run()
    expect(rig.provider.creates).toHaveLength(2)
  })
})

describe('what is read goes into the estimate', () => {
  const estimateOf = async (fields: Record<string, unknown>, files: FileContents) => {
    const rig = rigOf({ model: v20, ratio: '16:9', ...fields }, files)
    const { plans } = await plan({ paths: [], cwd: '/project', rehearsal: false, selection: {} }, rig.world)
    return plans[0]!.steps[0]?.estimate
  }
  const seconds = (length: number) => ({ min: length, max: length })

  test('the length of local films, also against what is stated', async () => {
    const files = { 'a.mp4': await film({ seconds: 4 }) }
    const videos = [{ url: 'a.mp4', seconds: 3 }]
    expect((await estimateOf({ reference_videos: videos }, files))?.inputSeconds).toEqual(seconds(4))
  })

  test('the length of films in data URLs', async () => {
    const videos = [dataUrlOf('video/mp4', await film({ seconds: 3 }))]
    expect((await estimateOf({ reference_videos: videos }, {}))?.inputSeconds).toEqual(seconds(3))
  })

  test('the length that is stated of films elsewhere', async () => {
    const videos = [{ url: 'https://host.test/a.mp4', seconds: 7 }]
    expect((await estimateOf({ reference_videos: videos }, {}))?.inputSeconds).toEqual(seconds(7))
  })

  test('the shape of pictures in files and data URLs', async () => {
    for (const image of ['a.png', dataUrl(png(400, 800))]) {
      const estimate = await estimateOf({ ratio: 'adaptive', image }, { 'a.png': png(400, 800) })
      expect(estimate?.ratio).toBe('9:16')
    }
  })
})

test('an image that is too large comes with the command that mends it, from where the person is', async () => {
  const messages = async (bytes: Uint8Array) => {
    const problems = await problemsOf(rigOf({ image: 'refs/fox.png' }, { 'refs/fox.png': bytes }))
    return problems.map(({ message }) => message)
  }
  const fit = 'send a smaller copy: shotlock run --fit manifests/ep01.yaml'
  const byHand = 'make one: magick "manifests/refs/fox.png"'
  expect(await messages(png(6000, 3000))).toEqual([expect.stringContaining(`; ${fit}; or ${byHand} -resize`)])
  expect(await messages(padded(png(320, 320), 30))).toEqual([
    expect.stringContaining(`; ${fit}; or ${byHand} -flatten`),
  ])
  expect(await messages(new Uint8Array(30 * 1024 * 1024).fill(7))).toEqual([
    expect.stringContaining('; make a smaller one: magick'),
  ])
  for (const cure of ['magick', '--fit']) {
    expect(await messages(png(1000, 400))).toEqual([expect.not.stringContaining(cure)])
  }
})
