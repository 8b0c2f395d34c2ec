import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { plan } from '../../src/commands/plan.js'
import { promote } from '../../src/commands/promote.js'
import type { RunOptions } from '../../src/commands/run.js'
import { status } from '../../src/commands/status.js'
import { validate } from '../../src/commands/validate.js'
import { digestOf } from '../../src/core/digest.js'
import { ManifestError } from '../../src/core/errors.js'
import { parseManifest } from '../../src/core/manifest.js'
import { takesOf } from '../../src/core/shot.js'
import { sha256Of } from '../../src/engine/media.js'
import type { ImageFitter } from '../../src/ports/image-fitter.js'
import { pro15, v20 } from '../core/builders.js'
import { createRig, type Rig } from '../support/rig.js'

const mebibyte = 1024 * 1024
const folder = '/project/manifests'
const plain = { paths: [], cwd: '/project', rehearsal: false, selection: {} }

/** As much of a PNG as tells its size, with so many bytes behind it. */
function png(width: number, height: number, sizeBytes = 100): Uint8Array {
  const bytes = Buffer.alloc(sizeBytes)
  bytes.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13])
  bytes.write('IHDR', 12)
  bytes.writeUInt32BE(width, 16)
  bytes.writeUInt32BE(height, 20)
  return bytes
}

/** As much of a JPEG as tells its size. */
function jpeg(width: number, height: number, sizeBytes = 100): Uint8Array {
  const frame = [0xff, 0xc0, 0, 17, 8, height >> 8, height & 255, width >> 8, width & 255]
  const bytes = Buffer.alloc(sizeBytes)
  bytes.set([0xff, 0xd8, 0xff, 0xe0, 0, 16, ...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0, ...frame])
  return bytes
}

/** Makes copies of which a pixel has so many bytes, and notes what it made. */
function fakeFitter({ png: pngBytes = 0.01, jpeg: jpegBytes = 0.01, isOpaque = true } = {}) {
  const made: string[] = []
  let opened = 0
  const fitter: ImageFitter = {
    async open() {
      opened++
      return {
        isOpaque,
        async render({ width, height, format }) {
          made.push(`${format} ${width}x${height}`)
          return format === 'png'
            ? png(width, height, Math.round(width * height * pngBytes))
            : jpeg(width, height, Math.round(width * height * jpegBytes))
        },
      }
    },
  }
  return { fitter, made, opened: () => opened }
}

/** A rig with a shot of a picture that is too large, and what its copies were made of. */
function rigOf(
  fields: Record<string, unknown> = {},
  { image = png(9000, 4000), ...options }: Parameters<typeof fakeFitter>[0] & { image?: Uint8Array } = {},
): Rig & ReturnType<typeof fakeFitter> {
  const rig = createRig({ fox: { prompt: 'a fox', image: 'fox.png', ...fields } })
  rig.files.write(`${folder}/fox.png`, image)
  const fake = fakeFitter(options)
  rig.world.fitter = fake.fitter
  return Object.assign(rig, fake)
}

const faultsOf = async (work: Promise<unknown>): Promise<string[]> => {
  const error: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (!(error instanceof ManifestError)) throw error ?? new Error('nothing was wrong')
  return error.problems
    .filter(({ severity }) => severity === 'error')
    .map(({ code, line, shot }) => `${code} ${shot} ${line}`)
}
const copiesIn = ({ files }: Rig) =>
  [...files.contents.keys()].filter((path) => path.includes('/.shotlock/fitted/'))
const sentIn = ({ provider }: Rig, index = 0) => {
  const { content } = provider.creates[index]!.request
  return content.flatMap((item) => (item.type === 'image_url' ? [item.image_url.url] : []))
}
const dataUrl = (type: string, bytes: Uint8Array) =>
  `data:${type};base64,${Buffer.from(bytes).toString('base64')}`

describe('a copy is sent in the place of an image that is too large', () => {
  test.each<[string, Record<string, unknown>, Partial<RunOptions>]>([
    ['with --fit', {}, { fit: true }],
    ['with fit: true in the shot', { fit: true }, {}],
  ])('%s', async (_, fields, options) => {
    const rig = rigOf(fields)
    expect(await rig.outcomes(options)).toMatchObject({ fox: { kind: 'done' } })
    expect(sentIn(rig)).toEqual([dataUrl('image/png', png(5999, 2666, Math.round(5999 * 2666 * 0.01)))])
  })

  test('with fit: true in the defaults, and in those of a file that is extended', async () => {
    const rig = rigOf()
    const shots = { fox: { prompt: 'a fox', image: 'fox.png' } }
    rig.files.write('/project/base.yaml', stringify({ version: 1, defaults: { model: pro15, fit: true } }))
    rig.files.write(`${folder}/ep01.yaml`, `extends: ../base.yaml\n${stringify({ version: 1, shots })}`)
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' } })
  })

  test('and not where a shot says fit: false, unless --fit is given', async () => {
    const rig = rigOf({ fit: false })
    expect(await faultsOf(rig.run())).toEqual(['media-limit fox 8'])
    expect(rig.made).toEqual([])
    expect(await rig.outcomes({ fit: true })).toMatchObject({ fox: { kind: 'done' } })
  })

  test('and told of, with both sizes and who asked for it', async () => {
    const by = async (rig: Rig, fit: boolean) => (await plan({ ...plain, fit }, rig.world)).fitted
    expect(await by(rigOf(), true)).toEqual([
      {
        file: 'manifests/ep01.yaml',
        image: 'manifests/fox.png',
        from: { format: 'png', width: 9000, height: 4000, sizeBytes: 100 },
        to: { format: 'png', width: 5999, height: 2666, sizeBytes: 159_933 },
        by: 'flag',
      },
    ])
    expect(await by(rigOf({ fit: true }), false)).toMatchObject([{ by: 'manifest' }])
  })
})

describe('a copy', () => {
  test.each<[string, Parameters<typeof rigOf>[1], string[]]>([
    ['of a PNG is one where its bytes are few enough', {}, ['png 5999x2666']],
    ['of a PNG is a JPEG where they are not', { png: 3 }, ['png 5999x2666', 'jpeg 5999x2666']],
    ['of anything else is a JPEG', { image: jpeg(9000, 4000) }, ['jpeg 5999x2666']],
    [
      'of what can be seen through is a PNG, as small as it must be',
      { png: 3, isOpaque: false },
      ['png 5999x2666', 'png 2720x1209'],
    ],
    [
      'of a picture with too many bytes only has no fewer pixels than it must',
      { image: jpeg(5000, 4000, 30 * mebibyte) },
      ['jpeg 5000x4000'],
    ],
    [
      'gets smaller until its bytes are few enough',
      { image: jpeg(5000, 4000, 30 * mebibyte), jpeg: 1 },
      ['jpeg 5000x4000', 'jpeg 3512x2810'],
    ],
  ])('%s', async (_, options, made) => {
    const rig = rigOf({}, options)
    const { fitted } = await plan({ ...plain, fit: true }, rig.world)
    expect(rig.made).toEqual(made)
    const [format, size] = made.at(-1)!.split(' ')
    expect(fitted.map(({ to }) => [to.format, `${to.width}x${to.height}`])).toEqual([[format, size]])
  })

  test('is made once for all shots and all commands', async () => {
    const rig = rigOf()
    rig.writeManifest({ a: { image: 'fox.png' }, b: { image: 'fox.png', last_frame: 'fox.png' } })
    await validate({ paths: [], cwd: '/project', fit: true }, rig.files, rig.fitter)
    await plan({ ...plain, fit: true }, rig.world)
    await rig.run({ fit: true })
    await rig.run({ fit: true, force: true })
    expect(rig.opened()).toBe(1)
    expect(rig.provider.creates).toHaveLength(4)
  })

  test('needs nothing that reads pictures where it was made before', async () => {
    const rig = rigOf()
    await plan({ ...plain, fit: true }, rig.world)
    rig.world.fitter = undefined
    expect(await rig.outcomes({ fit: true })).toMatchObject({ fox: { kind: 'done' } })
  })

  test('is made anew of other bytes, and where what was kept of it is damaged', async () => {
    const rig = rigOf()
    await plan({ ...plain, fit: true }, rig.world)
    for (const damaged of ['damaged', png(9000, 4000)]) {
      rig.files.write(copiesIn(rig)[0]!, damaged)
      await plan({ ...plain, fit: true }, rig.world)
    }
    rig.files.write(`${folder}/fox.png`, png(8000, 4000))
    await plan({ ...plain, fit: true }, rig.world)
    expect(rig.made).toEqual(['png 5999x2666', 'png 5999x2666', 'png 5999x2666', 'png 5999x3000'])
    expect(copiesIn(rig)).toHaveLength(2)
  })

  test('is not kept in git', async () => {
    const rig = rigOf()
    await plan({ ...plain, fit: true }, rig.world)
    expect(rig.files.text('/project/.shotlock/.gitignore')).toBe('*\n')
  })

  test('that cannot be kept stops the command', async () => {
    const rig = rigOf()
    rig.files.fault = (_, path) => {
      if (path.includes('fitted')) throw new Error('no space')
    }
    await expect(plan({ ...plain, fit: true }, rig.world)).rejects.toMatchObject({ code: 'state-unwritable' })
  })
})

describe('the wish is that of the original', () => {
  test('what was bought with a copy is bought: later runs and looks need none', async () => {
    const rig = rigOf()
    await rig.run({ fit: true })
    const locked = rig.lockText()
    rig.world.fitter = undefined
    for (const path of copiesIn(rig)) await rig.files.remove(path)
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'kept' } })
    expect((await status(plain, rig.world)).manifests).toHaveLength(1)
    expect([rig.provider.creates.length, rig.lockText()]).toEqual([1, locked])
  })

  test('the digest is that of the bytes of the original', async () => {
    const rig = rigOf()
    await rig.run({ fit: true })
    const { manifest } = parseManifest(rig.files.text(`${folder}/ep01.yaml`)!, 'ep01.yaml')
    const [take] = manifest.shots.flatMap(takesOf)
    expect(rig.locked().fox!.digest).toBe(digestOf(take!, () => sha256Of(png(9000, 4000))))
  })

  test('an image that is too large is a problem only of what sends it', async () => {
    const rig = rigOf()
    rig.writeManifest({ fox: { image: 'fox.png' }, owl: 'an owl' })
    expect(await faultsOf(rig.run())).toEqual(['media-limit fox 7'])
    expect(await rig.outcomes({ selection: { shots: ['owl'] } })).toMatchObject({ owl: { kind: 'done' } })
    const { problems } = await validate({ paths: [], cwd: '/project' }, rig.files)
    expect(problems.filter(({ severity }) => severity === 'error')).toMatchObject([{ shot: 'fox', line: 7 }])
  })

  test('an original that is changed after the plan is not sent', async () => {
    const rig = rigOf()
    const { check } = rig.provider
    rig.provider.check = async (...call) => {
      rig.files.write(`${folder}/fox.png`, png(8000, 4000))
      return await check(...call)
    }
    expect(await rig.outcomes({ fit: true })).toMatchObject({
      fox: { kind: 'failed', code: 'image-changed' },
    })
    expect(rig.provider.creates).toEqual([])
  })

  test('a copy that is changed after the plan is not sent, and made anew by the next run', async () => {
    const rig = rigOf()
    const { check } = rig.provider
    rig.provider.check = async (...call) => {
      rig.files.write(copiesIn(rig)[0]!, png(700, 700))
      rig.provider.check = check
      return await check(...call)
    }
    expect(await rig.outcomes({ fit: true })).toMatchObject({
      fox: { kind: 'failed', code: 'image-changed' },
    })
    for (const path of copiesIn(rig)) await rig.files.remove(path)
    expect(await rig.outcomes({ fit: true })).toMatchObject({ fox: { kind: 'done' } })
  })
})

describe('what no copy heals', () => {
  test.each<[string, Uint8Array]>([
    ['an image that is too small', png(300, 320)],
    ['an image that is too wide', png(9000, 3000)],
    ['an image that is too wide and has too many bytes', png(9000, 3000, 30 * mebibyte)],
  ])('%s stays a problem', async (_, image) => {
    const rig = rigOf({}, { image })
    expect(await faultsOf(rig.run({ fit: true }))).toEqual(['media-limit fox 8'])
    expect(rig.opened()).toBe(0)
  })

  test('an image that turns out to be broken is a problem with its reason', async () => {
    const rig = rigOf()
    rig.world.fitter = { open: async () => ({ fault: 'the end of it is missing' }) }
    const { problems } = await validate(
      { paths: [], cwd: '/project', fit: true },
      rig.files,
      rig.world.fitter,
    )
    expect(problems.at(-1)).toMatchObject({
      code: 'media-limit',
      message: '"fox.png" cannot be scaled: the end of it is missing',
    })
  })

  test('copies that together are too much for one request are refused', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const rigWith = (bytesOfPixel: number) => {
      const rig = rigOf({}, { png: bytesOfPixel })
      const images = names.map((name) => `${name}.png`)
      rig.writeManifest({ fox: { model: v20, prompt: 'a fox', reference_images: images } })
      for (const image of images) rig.files.write(`${folder}/${image}`, png(9000, 4000))
      return rig
    }
    expect(await rigWith(0.3).outcomes({ fit: true })).toMatchObject({ fox: { kind: 'done' } })
    expect(await faultsOf(rigWith(0.6).run({ fit: true }))).toEqual(['media-limit fox 10'])
  })
})

test('where nothing reads pictures, a command that needs it says so before anything is sent', async () => {
  const rig = rigOf()
  rig.world.fitter = undefined
  await expect(rig.run({ fit: true })).rejects.toMatchObject({ code: 'fit-unavailable' })
  expect(rig.provider.creates).toEqual([])
})

test('takes that were to be raised are not when their image cannot be sent', async () => {
  const rig = rigOf()
  const before = rig.files.text(`${folder}/ep01.yaml`)
  await faultsOf(rig.run({ moreTakes: 2, selection: { shots: ['fox'] } }))
  expect(rig.files.text(`${folder}/ep01.yaml`)).toBe(before)
})

test('a final that is made from its draft sends no image and needs no copy', async () => {
  const rig = rigOf()
  await rig.run({ fit: true, draft: true })
  await promote({ ...plain, shots: ['fox'] }, rig.world)
  expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' } })
  expect(sentIn(rig, 1)).toEqual([])
})
