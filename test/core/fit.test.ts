import fc from 'fast-check'
import { expect, test } from 'vitest'
import { copyLimits, copySize, fitCommand, isFittable } from '../../src/core/fit.js'
import { type ImageFacts, imageFault } from '../../src/core/image.js'

const facts = (width: number, height: number, format = 'png'): ImageFacts => ({
  format,
  width,
  height,
  sizeBytes: 40 * 1024 * 1024,
})

test.each([
  [9000, 4000, { width: 5999, height: 2666 }],
  [4000, 9000, { width: 2666, height: 5999 }],
  [6000, 6000, { width: 5999, height: 5999 }],
  [5000, 4000, { width: 5000, height: 4000 }],
])('a picture of %i x %i loses no more than it must', (width, height, size) => {
  expect(copySize({ width, height })).toEqual(size)
})

test('a copy is within the limits and never larger than the picture, however small it is to be', () => {
  const side = fc.integer({ min: 301, max: 40_000 })
  fc.assert(
    fc.property(side, side, fc.double({ min: 0.01, max: 1, noNaN: true }), (width, height, scale) => {
      fc.pre(isFittable(facts(width, height)))
      const copy = copySize({ width, height }, scale)
      expect(imageFault({ ...copy, format: 'png', sizeBytes: 1 }, undefined)).toBeUndefined()
      expect(copy.width <= width && copy.height <= height).toBe(true)
      expect(Math.max(copy.width, copy.height)).toBeLessThanOrEqual(copyLimits.side)
    }),
  )
})

test.each<[string, ImageFacts, boolean]>([
  ['a picture with too many pixels', facts(9000, 4000), true],
  ['a picture in a newer format', facts(800, 600, 'avif'), true],
  ['a picture that is too small', facts(300, 320), false],
  ['a picture that is too wide', facts(9000, 3000), false],
  ['a picture that is too tall', facts(3000, 9000), false],
  ['a drawing', facts(800, 600, 'svg'), false],
  ['a picture in a format that is not read', facts(9000, 4000, 'bmp'), false],
])('%s: whether a copy would do', (_, image, expected) => {
  expect(isFittable(image)).toBe(expected)
})

test('the command that sends copies can be pasted', () => {
  expect(fitCommand('manifests/ep01.yaml')).toBe('shotlock run --fit manifests/ep01.yaml')
  expect(fitCommand('季/分镜.yaml')).toBe('shotlock run --fit 季/分镜.yaml')
  expect(fitCommand('my film/$1.yaml')).toBe(`shotlock run --fit 'my film/$1.yaml'`)
})
