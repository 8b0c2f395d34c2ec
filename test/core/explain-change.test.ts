import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BoughtFacts, type BoughtMedia, boughtFactsOf } from '../../src/core/bought-facts.js'
import { differingParts, digestOf } from '../../src/core/digest.js'
import { compareFacts, differenceOf } from '../../src/core/explain-change.js'
import type { MediaRole } from '../../src/core/request.js'
import type { Media, Shot } from '../../src/core/shot.js'
import { fileMedia, pro10, pro15, shot, take, urlMedia } from './builders.js'

const facts = (parts: Partial<BoughtFacts> = {}): BoughtFacts => ({
  model: pro15,
  prompt: 'a fox',
  media: [],
  parameters: {},
  ...parts,
})

const item = (source: string, sha256: string, role = 'reference_image'): BoughtMedia => ({
  role,
  source,
  sha256,
})

/** What changed from one list of media to another, as `change position source`. */
function mediaChanges(before: readonly BoughtMedia[], after: readonly BoughtMedia[]): string[] {
  return compareFacts(facts({ media: before }), facts({ media: after })).map((change) => {
    if (change.part !== 'media') throw new Error(`${change.part} has not changed`)
    if (change.change === 'order') return `order ${change.from} > ${change.to}`
    const from = 'from' in change ? change.from : undefined
    const to = 'to' in change ? change.to : undefined
    const sources = [...new Set([from?.source, to?.source].filter((source) => source !== undefined))]
    return `${change.change} ${change.position} ${sources.join(' > ')}`
  })
}

describe('a change of model, prompt or parameters', () => {
  test('is told with both values', () => {
    const before = facts({ prompt: 'a fox', parameters: { duration: 4, seed: 7, watermark: false } })
    const after = facts({
      model: pro10,
      prompt: 'an owl',
      parameters: { duration: 8, ratio: '1:1', seed: 7 },
    })
    expect(compareFacts(before, after)).toEqual([
      { part: 'model', from: pro15, to: pro10 },
      { part: 'prompt', from: 'a fox', to: 'an owl' },
      { part: 'parameters', field: 'duration', from: 4, to: 8 },
      { part: 'parameters', field: 'ratio', from: undefined, to: '1:1' },
      { part: 'parameters', field: 'watermark', from: false, to: undefined },
    ])
  })

  test('tells a prompt that came and one that went', () => {
    const { prompt, ...none } = facts()
    expect(compareFacts(none, facts())).toEqual([{ part: 'prompt', from: undefined, to: 'a fox' }])
    expect(compareFacts(facts(), none)).toEqual([{ part: 'prompt', from: 'a fox', to: undefined }])
  })

  test('tells a stated nothing from what is not stated', () => {
    expect(compareFacts(facts({ parameters: { style: null } }), facts())).toEqual([
      { part: 'parameters', field: 'style', from: null, to: undefined },
    ])
  })

  test('is none where only the order of keys within an extra field is another', () => {
    const before = facts({ parameters: { camera: { x: 1, y: [2] } } })
    expect(compareFacts(before, facts({ parameters: { camera: { y: [2], x: 1 } } }))).toEqual([])
    expect(compareFacts(before, facts({ parameters: { camera: { y: [3], x: 1 } } }))).toHaveLength(1)
  })
})

describe('a change of media', () => {
  test.each<[string, BoughtMedia[], BoughtMedia[], string[]]>([
    ['other bytes under the same path', [item('a', '1')], [item('a', '2')], ['content 1 a']],
    ['another file', [item('a', '1')], [item('b', '2')], ['replaced 1 a > b']],
    ['the same bytes under another path', [item('a', '1')], [item('b', '1')], []],
    ['a file more', [item('a', '1')], [item('a', '1'), item('b', '2')], ['added 2 b']],
    ['a file less', [item('a', '1'), item('b', '2')], [item('b', '2')], ['removed 1 a']],
    [
      'a URL with another query',
      [item('https://a.example/f.png', '1')],
      [item('https://a.example/f.png', '2')],
      ['query 1 https://a.example/f.png'],
    ],
    ['another inline picture', [item('data:', '1')], [item('data:', '2')], ['content 1 data:']],
    [
      'a file in the place of a URL',
      [item('https://a.example/f.png', '1')],
      [item('f.png', '2')],
      ['replaced 1 https://a.example/f.png > f.png'],
    ],
    [
      'another order',
      [item('a', '1'), item('b', '2'), item('c', '3')],
      [item('c', '3'), item('a', '1'), item('b', '2')],
      ['order a,b,c > c,a,b'],
    ],
    [
      'the bytes of two files exchanged',
      [item('a', '1'), item('b', '2')],
      [item('a', '2'), item('b', '1')],
      ['content 1 a', 'content 2 b'],
    ],
    [
      'paths exchanged together with the bytes',
      [item('a', '1'), item('b', '2')],
      [item('b', '1'), item('a', '2')],
      [],
    ],
    [
      'one put in front, one changed, one gone',
      [item('a', '1'), item('b', '2'), item('c', '3')],
      [item('n', '9'), item('b', '4'), item('a', '1')],
      ['replaced 1 c > n', 'content 2 b', 'order a,b,c > n,b,a'],
    ],
    [
      'an image that serves for something else now',
      [item('a', '1', 'first_frame')],
      [item('a', '1', 'last_frame')],
      ['removed 1 a', 'added 1 a'],
    ],
  ])('%s', (_, before, after, expected) => {
    expect(mediaChanges(before, after)).toEqual(expected)
  })

  test('is told with the hash of both', () => {
    expect(compareFacts(facts({ media: [item('a', '1')] }), facts({ media: [item('a', '2')] }))).toEqual([
      {
        part: 'media',
        change: 'content',
        role: 'reference_image',
        position: 1,
        from: { source: 'a', sha256: '1' },
        to: { source: 'a', sha256: '2' },
      },
    ])
  })

  test('never shows the query of a URL, which may be a signature', () => {
    const at = (query: string) =>
      boughtFactsOf(
        take(shot('a', { media: [urlMedia('first_frame', `https://a.example/f.png?${query}`)] })),
        () => '',
      )
    const changes = compareFacts(at('sig=secret-1'), at('sig=secret-2'))
    expect(changes).toMatchObject([{ change: 'query', from: { source: 'https://a.example/f.png' } }])
    expect(JSON.stringify(changes)).not.toContain('secret')
  })
})

describe('what the digest leaves out', () => {
  test.each<[string, Partial<Shot>]>([
    ['the tier', { parameters: { service_tier: 'flex' } }],
    ['the callback', { parameters: { callback_url: 'https://a.example' } }],
    ['the deadline', { parameters: { execution_expires_after: 3600 } }],
    ['a last frame returned', { parameters: { return_last_frame: true } }],
    ['tags', { tags: ['ep01'] }],
  ])('is no change: %s', (_, parts) => {
    const of = (parts: Partial<Shot>) => boughtFactsOf(take(shot('a', parts)), () => '')
    expect(compareFacts(of({}), of(parts))).toEqual([])
  })
})

const paths = ['a.png', 'b.png', 'c.png']
const anyMedia: fc.Arbitrary<Media> = fc
  .tuple(
    fc.constantFrom<MediaRole>('first_frame', 'reference_image'),
    fc.constantFrom(
      ...paths,
      'https://a.example/x.png?1',
      'https://a.example/x.png?2',
      'data:image/png;base64,',
    ),
  )
  .map(([role, source]) => (source.includes(':') ? urlMedia(role, source) : fileMedia(role, source)))
const anyShot = fc
  .record({
    model: fc.constantFrom(pro15, pro10),
    prompt: fc.constantFrom(undefined, 'a fox', 'an owl'),
    // As `buildShot` has them: roles one after the other.
    media: fc
      .array(anyMedia, { maxLength: 6 })
      .map((media) => media.toSorted((a, b) => (a.role < b.role ? -1 : a.role > b.role ? 1 : 0))),
    parameters: fc.record(
      {
        duration: fc.constantFrom(4, 8),
        seed: fc.constantFrom(1, 2),
        service_tier: fc.constant('flex' as const),
      },
      { requiredKeys: [] },
    ),
    extra: fc.constantFrom({}, { style: 'noir' }, { style: null }),
  })
  .map((parts) => take(shot('a', parts), 2))
const anyFolder = fc
  .tuple(...paths.map(() => fc.constantFrom('1', '2')))
  .map((hashes) => (path: string) => hashes[paths.indexOf(path)]!)

test('changes are told of exactly the parts in which the digests differ', () => {
  fc.assert(
    fc.property(anyShot, anyFolder, anyShot, anyFolder, (before, hashBefore, after, hashAfter) => {
      const changes = compareFacts(boughtFactsOf(before, hashBefore), boughtFactsOf(after, hashAfter))
      const parts = differingParts(digestOf(before, hashBefore), digestOf(after, hashAfter))
      expect([...new Set(changes.map(({ part }) => part))]).toEqual(parts)
    }),
    { numRuns: 2000 },
  )
})

test('what is compared through the text of a journal is told the same', () => {
  fc.assert(
    fc.property(anyShot, anyShot, anyFolder, (before, after, hash) => {
      const [bought, now] = [boughtFactsOf(before, hash), boughtFactsOf(after, hash)]
      expect(compareFacts(JSON.parse(JSON.stringify(bought)), now)).toEqual(compareFacts(bought, now))
    }),
  )
})

describe('the difference of two texts', () => {
  test.each([
    ['the fox runs into the forest', 'the fox walks into the forest', 'the fox [runs|walks] into the forest'],
    ['the fox runs', 'the fox runs fast', 'the fox runs[| fast]'],
    ['the red fox runs', 'the fox runs', 'the [red |]fox runs'],
    ['a fox', 'an owl', '[a fox|an owl]'],
    ['foxes run', 'foxes ran', 'foxes [run|ran]'],
    ['a a a', 'a a', 'a a[ a|]'],
    ['', 'a fox', '[|a fox]'],
    ['caf\u0065\u0301 noir', 'cafe noir', '[cafe\u0301|cafe] noir'],
    ['a \u{1f98a} runs', 'a \u{1f989} runs', 'a [\u{1f98a}|\u{1f989}] runs'],
  ])('"%s" and "%s" differ as %s', (from, to, expected) => {
    const { start, end, ...differing } = differenceOf(from, to)
    expect(`${start}[${differing.from}|${differing.to}]${end}`).toBe(expected)
  })

  test('keeps characters of Chinese whole and finds where they differ', () => {
    const { start, from, to, end } = differenceOf('狐狸在雪地里奔跑', '狐狸在月光里奔跑')
    expect({ start, end }).toEqual({
      start: expect.stringMatching(/^狐狸/),
      end: expect.stringMatching(/奔跑$/),
    })
    expect([from.includes('雪地'), to.includes('月光')]).toEqual([true, true])
  })

  test('puts both texts together again, and is empty only for equal ones', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.array(fc.constantFrom('a', 'fox', ' ', '狐狸', '。', '\n')).map((words) => words.join('')),
    )
    fc.assert(
      fc.property(anyText, anyText, (a, b) => {
        const { start, from, to, end } = differenceOf(a, b)
        expect([start + from + end, start + to + end]).toEqual([a, b])
        expect(from === '' && to === '').toBe(a === b)
      }),
      { numRuns: 2000 },
    )
  })
})
