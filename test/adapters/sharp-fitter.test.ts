import sharp, { type Sharp } from 'sharp'
import { describe, expect, test } from 'vitest'
import { sharpFitter } from '../../src/adapters/sharp-fitter.js'
import { RunnerError } from '../../src/core/errors.js'
import { readImageFacts } from '../../src/core/image.js'
import type { CopyFormat, OpenPicture } from '../../src/ports/image-fitter.js'

type Colour = { r: number; g: number; b: number; alpha?: number }
const red: Colour = { r: 220, g: 30, b: 40 }
const blue: Colour = { r: 20, g: 40, b: 200 }

/** A picture of one colour, 40 x 20 px. */
function plain(background: Colour): Sharp {
  return sharp({
    create: { width: 40, height: 20, channels: background.alpha === undefined ? 3 : 4, background },
  })
}

async function open(bytes: Uint8Array): Promise<OpenPicture> {
  const picture = await sharpFitter().open(bytes)
  if ('fault' in picture) throw new Error(picture.fault)
  return picture
}

async function copyOf(bytes: Uint8Array, format: CopyFormat = 'png', size = { width: 20, height: 10 }) {
  const copy = await (await open(bytes)).render({ ...size, format })
  if ('fault' in copy) throw new Error(copy.fault)
  return copy
}

/** The colour of a pixel, red, green, blue and perhaps how opaque it is. */
async function pixelOf(bytes: Uint8Array, left: number, top: number): Promise<number[]> {
  return [...(await sharp(bytes).extract({ left, top, width: 1, height: 1 }).raw().toBuffer())]
}

/** Whether two colours are one, but for what a codec loses. */
const expectNear = (actual: number[], { r, g, b }: Colour, most = 4) => {
  for (const [index, value] of [r, g, b].entries())
    expect(Math.abs(actual[index]! - value)).toBeLessThanOrEqual(most)
}

test.each<CopyFormat>(['png', 'jpeg'])(
  'a copy as %s has the size and the colour that it is to have',
  async (format) => {
    const copy = await copyOf(await plain(red).png().toBuffer(), format)
    expect(readImageFacts(copy)).toMatchObject({ format, width: 20, height: 10 })
    expectNear(await pixelOf(copy, 10, 5), red)
  },
)

test('a photograph that is held sideways is turned, and says so no more', async () => {
  const left = await plain(red).png().toBuffer()
  // Red on the left; turned by a quarter to the right, red is at the top.
  const photo = await sharp({ create: { width: 80, height: 20, channels: 3, background: blue } })
    .composite([{ input: left, left: 0, top: 0 }])
    .jpeg()
    .withMetadata({ orientation: 6 })
    .toBuffer()
  const copy = await copyOf(photo, 'jpeg', { width: 20, height: 80 })
  expect(readImageFacts(copy)).toMatchObject({ width: 20, height: 80 })
  expect((await sharp(copy).metadata()).orientation).toBeUndefined()
  expectNear(await pixelOf(copy, 10, 10), red, 12)
  expectNear(await pixelOf(copy, 10, 70), blue, 12)
})

test('colours of a wider space become the same colours of sRGB', async () => {
  const wide = await plain(red).withIccProfile('p3').png().toBuffer()
  const raw = await sharp(wide, { ignoreIcc: true }).raw().toBuffer()
  expect([...raw.subarray(0, 3)]).not.toEqual([red.r, red.g, red.b])
  const copy = await copyOf(wide)
  expectNear(await pixelOf(copy, 5, 5), red)
  expect((await sharp(copy).metadata()).icc).toBeUndefined()
})

describe('what can be seen through', () => {
  test('stays so', async () => {
    const glass = await plain({ ...red, alpha: 0.5 })
      .png()
      .toBuffer()
    expect((await open(glass)).isOpaque).toBe(false)
    expect((await pixelOf(await copyOf(glass), 5, 5))[3]).toBe(128)
  })

  test('is not a picture that only could be', async () => {
    const solid = await plain({ ...red, alpha: 1 })
      .png()
      .toBuffer()
    expect((await open(solid)).isOpaque).toBe(true)
    expect(await pixelOf(await copyOf(solid), 5, 5)).toHaveLength(3)
  })
})

test.each(['avif', 'webp', 'gif', 'tiff'] as const)('%s is read', async (format) => {
  const copy = await copyOf(await plain(red).toFormat(format).toBuffer())
  expectNear(await pixelOf(copy, 5, 5), red, 12)
})

test('what is no picture, or only half of one, is told', async () => {
  expect(await sharpFitter().open(new TextEncoder().encode('not a picture'))).toEqual({
    fault: expect.any(String),
  })
  const whole = await plain(red).resize(400, 400, { kernel: 'nearest', fit: 'fill' }).jpeg().toBuffer()
  const half = await open(whole.subarray(0, whole.length / 2))
  expect(await half.render({ width: 20, height: 10, format: 'png' })).toEqual({ fault: expect.any(String) })
})

test('the same picture gives the same bytes', async () => {
  const bytes = await plain(red).png().toBuffer()
  expect(await copyOf(bytes, 'jpeg')).toEqual(await copyOf(bytes, 'jpeg'))
})

test('where the library is not installed, that is told when it is needed, with what to do', async () => {
  const fitter = sharpFitter(() => Promise.reject(new Error('Cannot find package')))
  const error: unknown = await fitter.open(new Uint8Array()).catch((error: unknown) => error)
  expect(error).toBeInstanceOf(RunnerError)
  expect(error).toMatchObject({ code: 'fit-unavailable', hint: expect.stringContaining('npm install sharp') })
})
