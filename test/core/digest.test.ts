import { describe, expect, test } from 'vitest'
import { type DigestPart, differingParts, digestOf, digestParts } from '../../src/core/digest.js'
import type { Shot } from '../../src/core/shot.js'
import { digestA, fileMedia, pro10, pro15, read, shot, take, urlMedia } from './builders.js'

const hashes: Record<string, string> = { 'a.png': '11', 'copy-of-a.png': '11', 'b.png': '22' }
const digest = (parts: Partial<Shot> = {}, number = 1) =>
  digestOf(take(shot('a', parts), number), (path) => hashes[path]!)

/** The digest of the only shot of a manifest. */
const digestIn = (text: string) => digestOf(take(read(text).manifest.shots[0]!), (path) => hashes[path]!)

describe('a digest stays the same', () => {
  test.each<[string, Partial<Shot>]>([
    ['in another tier', { parameters: { service_tier: 'flex' } }],
    ['with a callback', { parameters: { callback_url: 'https://a.example' } }],
    ['with another deadline', { parameters: { execution_expires_after: 3600 } }],
    ['with a last frame returned', { parameters: { return_last_frame: true } }],
    ['with tags', { tags: ['ep01'] }],
    ['with more takes', { takes: 5 }],
    ['when the shot is skipped', { skip: true }],
    ['under another name', { name: 'b' as Shot['name'] }],
  ])('%s', (_, parts) => {
    expect(digest(parts)).toBe(digest())
  })

  const plain = `version: 1\nshots:\n  a: { model: ${pro15}, prompt: a fox, duration: 8, ratio: "1:1", image: a.png }\n`

  test.each([
    [
      'with comments and another layout',
      `# hi\nversion: 1\nshots:\n  a: # the fox\n    model: ${pro15}\n\n    prompt: >-\n      a\n      fox\n    duration: 8\n    ratio: '1:1'\n    image: a.png\n`,
    ],
    [
      'with keys in another order',
      `shots:\n  a: { image: a.png, ratio: "1:1", duration: 8, prompt: a fox, model: ${pro15} }\nversion: 1\n`,
    ],
    [
      'when fields move into the defaults',
      `version: 1\ndefaults: { model: ${pro15}, ratio: "1:1", image: a.png }\nshots: { a: { prompt: a fox, duration: 8 } }\n`,
    ],
    [
      'when the prompt is put together from variables',
      `version: 1\nvars: { who: fox }\nshots:\n  a: { model: ${pro15}, prompt: "a \${who}", duration: 8, ratio: "1:1", image: a.png }\n`,
    ],
    ['when the image goes by its long name', plain.replace('image:', 'first_frame:')],
    ['when the image is another file with the same bytes', plain.replace('a.png', 'copy-of-a.png')],
  ])('%s', (_, text) => {
    expect(digestIn(text)).toBe(digestIn(plain))
  })

  test('for every take of a shot without a seed', () => {
    expect(digest({}, 2)).toBe(digest({}, 1))
  })

  test('when extra is in another order', () => {
    expect(digest({ extra: { a: 1, b: { c: 1, d: 2 } } })).toBe(
      digest({ extra: { b: { d: 2, c: 1 }, a: 1 } }),
    )
  })
})

describe('a digest changes in just one part', () => {
  const image = (path: string) => ({ media: [fileMedia('first_frame', path)] })

  test.each<[string, DigestPart, Partial<Shot>, Partial<Shot>?]>([
    ['with the model', 'model', { model: pro10 }],
    ['with the prompt', 'prompt', { prompt: 'a fox ' }],
    ['without a prompt', 'prompt', { prompt: undefined }],
    ['with an image', 'media', image('a.png')],
    ['with the bytes of an image', 'media', image('a.png'), image('b.png')],
    [
      'with the role of an image',
      'media',
      image('a.png'),
      { media: [fileMedia('reference_image', 'a.png')] },
    ],
    [
      'with a URL',
      'media',
      { media: [urlMedia('first_frame', 'https://a.example/1')] },
      { media: [urlMedia('first_frame', 'https://a.example/2')] },
    ],
    [
      'with the order of images',
      'media',
      { media: ['a.png', 'b.png'].map((path) => fileMedia('reference_image', path)) },
      { media: ['b.png', 'a.png'].map((path) => fileMedia('reference_image', path)) },
    ],
    ['with the resolution', 'parameters', { parameters: { resolution: '720p' } }],
    ['with the ratio', 'parameters', { parameters: { ratio: '1:1' } }],
    ['with the duration', 'parameters', { parameters: { duration: 5 } }],
    ['with frames', 'parameters', { parameters: { frames: 29 } }],
    ['with a seed', 'parameters', { parameters: { seed: 0 } }],
    ['with another seed', 'parameters', { parameters: { seed: 0 } }, { parameters: { seed: 1 } }],
    ['with camera_fixed', 'parameters', { parameters: { camera_fixed: false } }],
    ['with watermark', 'parameters', { parameters: { watermark: false } }],
    ['with generate_audio', 'parameters', { parameters: { generate_audio: true } }],
    ['with draft', 'parameters', { parameters: { draft: true } }],
    ['with a field of extra', 'parameters', { extra: { output_format: 'mov' } }],
    ['with a value in extra', 'parameters', { extra: { a: { b: 1 } } }, { extra: { a: { b: 2 } } }],
  ])('%s: %s', (_, part, changed, before = {}) => {
    expect(differingParts(digest(before), digest(changed))).toEqual([part])
  })

  test('from take to take of a shot that states a seed', () => {
    const parameters = { seed: 5 }
    expect(differingParts(digest({ parameters }, 1), digest({ parameters }, 2))).toEqual(['parameters'])
  })
})

describe('differing parts', () => {
  test('are none between a digest and itself', () => {
    expect(differingParts(digest(), digest())).toEqual([])
  })

  test('are all that differ, in their order', () => {
    expect(differingParts(digest(), digest({ prompt: 'x', model: pro10 }))).toEqual(['model', 'prompt'])
  })

  test('are all of them between two schemes', () => {
    expect(differingParts(digestA, 'v2:00' as typeof digestA)).toEqual([...digestParts])
  })

  test('are none between two like digests of a scheme to come', () => {
    expect(differingParts('v2:00' as typeof digestA, 'v2:00' as typeof digestA)).toEqual([])
  })
})

test('a digest is v1 and 64 hexadecimal digits', () => {
  expect(digest()).toMatch(/^v1:[0-9a-f]{64}$/)
})

/**
 * Digests that stand in people's lockfiles. If one of these changes, every shot like it would be bought again: the
 * change is wrong, not the table. A new scheme gets `v2:` and its own table.
 */
describe('digests are frozen', () => {
  test.each<[string, Partial<Shot>, string]>([
    ['a prompt alone', {}, 'v1:4394465752a521580e6bdac6a7965c2b4f53cda18c2baa0c44136fa355b3678a'],
    [
      'the fox of the documentation',
      {
        prompt: '女孩抱着狐狸',
        media: [urlMedia('first_frame', 'https://a.example/fox.png')],
        parameters: { ratio: 'adaptive', duration: 4, watermark: false },
      },
      'v1:4394465752a52158fad9c0b496dc9036fa1a765dab897f74013b2bda68f65f5a',
    ],
    [
      'local first and last frames',
      { media: [fileMedia('first_frame', 'a.png'), fileMedia('last_frame', 'b.png')] },
      'v1:4394465752a521580e6bdac6a7965c2b865b5d34b793395a44136fa355b3678a',
    ],
    [
      'every parameter',
      {
        parameters: {
          resolution: '480p',
          ratio: '16:9',
          duration: -1,
          seed: 4294967295,
          camera_fixed: true,
          watermark: true,
          generate_audio: false,
          draft: true,
          return_last_frame: false,
          service_tier: 'flex',
          execution_expires_after: 7200,
          callback_url: 'https://a.example',
        },
      },
      'v1:4394465752a521580e6bdac6a7965c2b4f53cda18c2baa0c8f99d18ec785eb6e',
    ],
    [
      'frames',
      { model: pro10, parameters: { frames: 289 } },
      'v1:a24c386862b1ec000e6bdac6a7965c2b4f53cda18c2baa0c1d5be7230d02bd4b',
    ],
    [
      'extra of every kind',
      { extra: { z: null, a: [1, 1.5, 'x', true, { k: '\u2028' }], 狐: '🦊' } },
      'v1:4394465752a521580e6bdac6a7965c2b4f53cda18c2baa0cc0f099548aa27d47',
    ],
    [
      'no prompt',
      { prompt: undefined, media: [urlMedia('first_frame', 'https://a.example/fox.png')] },
      'v1:4394465752a5215874234e98afe7498ffa1a765dab897f7444136fa355b3678a',
    ],
  ])('%s', (_, parts, frozen) => {
    expect(digest(parts)).toBe(frozen)
  })
})
