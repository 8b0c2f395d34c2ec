import { encode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import {
  type ImageFacts,
  imageFault,
  imageLimits,
  readImageFacts,
  shrinkCommand,
} from '../../src/core/image.js'
import { findModel } from '../../src/core/models.js'
import { fast10, liteI2v, pro10, pro15, v20 } from './builders.js'

const png = (width: number, height: number) =>
  encode({ width, height, data: new Uint8Array(width * height), channels: 1, depth: 8 })

function gif(width: number, height: number): Uint8Array {
  const bytes = Buffer.alloc(13)
  bytes.write('GIF89a')
  bytes.writeUInt16LE(width, 6)
  bytes.writeUInt16LE(height, 8)
  return bytes
}

function bmp(width: number, height: number): Uint8Array {
  const bytes = Buffer.alloc(54)
  bytes.write('BM')
  bytes.writeUInt32LE(40, 14)
  bytes.writeInt32LE(width, 18)
  bytes.writeInt32LE(height, 22)
  return bytes
}

/** The head of a JPEG, as a camera writes it: the orientation, then the size of what was exposed. */
function jpeg(width: number, height: number, orientation?: number): Uint8Array {
  const frame = Buffer.from([
    0xff,
    0xc0,
    0,
    17,
    8,
    height >> 8,
    height & 255,
    width >> 8,
    width & 255,
    3,
    1,
    0x22,
    0,
    2,
    0x11,
    1,
    3,
    0x11,
    1,
  ])
  if (orientation === undefined) {
    const jfif = Buffer.from([0xff, 0xe0, 0, 16, ...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0])
    return Buffer.concat([Buffer.from([0xff, 0xd8]), jfif, frame, Buffer.from([0xff, 0xd9])])
  }
  const tiff = Buffer.from([
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    0x01,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
  ])
  const exif = Buffer.concat([Buffer.from('Exif\0\0'), tiff])
  const head = Buffer.from([0xff, 0xd8, 0xff, 0xe1, 0, exif.length + 2])
  return Buffer.concat([head, exif, frame, Buffer.from([0xff, 0xd9])])
}

describe('a picture is told from its bytes', () => {
  test.each<[string, Uint8Array, string]>([
    ['PNG', png(640, 480), 'png'],
    ['GIF', gif(640, 480), 'gif'],
    ['BMP', bmp(640, 480), 'bmp'],
    ['JPEG', jpeg(640, 480), 'jpeg'],
  ])('%s', (_, bytes, format) => {
    expect(readImageFacts(bytes)).toEqual({ format, width: 640, height: 480, sizeBytes: bytes.length })
  })

  test('upright as it is shown, when the camera was turned', () => {
    const sides = [1, 2, 3, 4, 5, 6, 7, 8].map(
      (orientation) => readImageFacts(jpeg(640, 480, orientation))?.width,
    )
    expect(sides).toEqual([640, 640, 640, 640, 480, 480, 480, 480])
  })

  test.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['text', Buffer.from('a fox, and no picture')],
    ['a PNG cut short', png(640, 480).subarray(0, 12)],
    ['a JPEG cut short', jpeg(640, 480).subarray(0, 6)],
    ['a film', Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom', 'latin1')],
  ])('%s is none', (_, bytes) => {
    expect(readImageFacts(bytes)).toBeUndefined()
  })
})

describe('the service takes a picture', () => {
  const facts = (changes: Partial<ImageFacts> = {}) => ({
    format: 'png',
    width: 1_000,
    height: 1_000,
    sizeBytes: 1_000,
    ...changes,
  })
  const code = (changes: Partial<ImageFacts>, model = pro15) =>
    imageFault(facts(changes), findModel(model))?.code
  const side = (pixels: number) => ({ width: pixels, height: pixels })

  test.each<[string, Partial<ImageFacts>, string | undefined]>([
    ['of 301 px a side', side(301), undefined],
    ['of 5,999 px a side', side(5_999), undefined],
    ['of less than 30 MB', { sizeBytes: 30 * 1024 * 1024 - 1 }, undefined],
    ['nearly 2.5 times as wide as high', { width: 2_499, height: 1_000 }, undefined],
    ['nearly 2.5 times as high as wide', { width: 1_000, height: 2_499 }, undefined],
    ['but none of 300 px a side', side(300), 'media-limit'],
    ['but none of 6,000 px a side', side(6_000), 'media-limit'],
    ['but none with one side too short', { width: 299, height: 400 }, 'media-limit'],
    ['but none of 30 MB', { sizeBytes: 30 * 1024 * 1024 }, 'media-limit'],
    ['but none 2.5 times as wide as high', { width: 2_500, height: 1_000 }, 'media-limit'],
    ['but none 2.5 times as high as wide', { width: 1_000, height: 2_500 }, 'media-limit'],
    ['but none in SVG', { format: 'svg' }, 'media-format'],
    ['but none in AVIF', { format: 'avif' }, 'media-format'],
    ['but none in ICO', { format: 'ico' }, 'media-format'],
  ])('%s', (_, changes, expected) => {
    expect(code(changes)).toBe(expected)
  })

  test.each([...imageLimits.formats])('in %s', (format) => {
    expect(code({ format })).toBeUndefined()
  })

  test.each(['heic', 'heif'])('in %s only from 1.5 pro on', (format) => {
    for (const model of [pro10, fast10, liteI2v]) expect(code({ format }, model)).toBe('media-format')
    for (const model of [pro15, v20, 'ep-1']) expect(code({ format }, model)).toBeUndefined()
  })
})

describe('the command that makes a smaller copy', () => {
  test.each([
    ['refs/fox.png', 'magick "refs/fox.png" -resize "5999x5999>" "refs/fox-small.png"'],
    ['refs.d/fox', 'magick "refs.d/fox" -resize "5999x5999>" "refs.d/fox-small.jpg"'],
    ['a fox (1).JPG', 'magick "a fox (1).JPG" -resize "5999x5999>" "a fox (1)-small.JPG"'],
    ['.fox', 'magick ".fox" -resize "5999x5999>" ".fox-small.jpg"'],
    ['-fox.png', 'magick "./-fox.png" -resize "5999x5999>" "./-fox-small.png"'],
    ['../狐狸.webp', 'magick "../狐狸.webp" -resize "5999x5999>" "../狐狸-small.webp"'],
  ])('keeps the format of %s when its sides are too long', (path, expected) => {
    expect(shrinkCommand(path, 'sides')).toBe(expected)
  })

  test('makes a JPEG of what has too many bytes', () => {
    expect(shrinkCommand('fox.png', 'bytes')).toBe(
      'magick "fox.png" -flatten -resize "5999x5999>" -define jpeg:extent=29MB "fox-small.jpg"',
    )
  })

  test('lets a shell expand nothing', () => {
    expect(shrinkCommand('$(rm -rf x)`\'"!.png', 'sides')).toBe(
      `magick '$(rm -rf x)\`'\\''"!.png' -resize "5999x5999>" '$(rm -rf x)\`'\\''"!-small.png'`,
    )
  })

  test.each(['fox[1].png', 'png:fox', '@fox.png', 'fox%d.png', '*.png', 'a\nb.png'])(
    'is not told for %s, which ImageMagick would read otherwise',
    (path) => {
      expect(shrinkCommand(path, 'sides')).toBeUndefined()
    },
  )

  test('is told only where a smaller copy would do', () => {
    const fault = (width: number, height: number, sizeBytes = 1) =>
      imageFault({ format: 'png', width, height, sizeBytes }, undefined)?.tooLarge
    expect(fault(6000, 3000)).toBe('sides')
    expect(fault(6000, 2000)).toBeUndefined()
    expect(fault(300, 400)).toBeUndefined()
    expect(fault(800, 400, imageLimits.sizeBytes)).toBe('bytes')
    expect(fault(800, 400)).toBeUndefined()
  })
})
