import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  beginningWith,
  borderAdvice,
  bordersOf,
  linkShots,
  upstreamOf,
  upstreamsFirst,
} from '../../src/core/chains.js'
import { digestOf } from '../../src/core/digest.js'
import { estimateShot, withLastFrames } from '../../src/core/estimate.js'
import { parseManifest } from '../../src/core/manifest.js'
import type { Media, Shot } from '../../src/core/shot.js'
import { fileMedia, shot, shotName, take, urlMedia } from './builders.js'

const lastFrameOf = (name: string): Media => ({
  role: 'first_frame',
  source: { kind: 'last_frame', shot: shotName(name) },
  field: ['first_frame', 'last_frame_of'],
})
const goingOn = (name: string, upstream: string, parts: Partial<Shot> = {}) =>
  shot(name, { media: [lastFrameOf(upstream)], ...parts })

function problemsOf(shots: string): string[] {
  const text = `version: 1\ndefaults: { model: doubao-seedance-2-0-mini-260615 }\nshots:\n${shots}`
  return parseManifest(text, 'ep01.yaml').problems.map(
    ({ line, col, code, message }) => `${line}:${col} ${code}: ${message}`,
  )
}

function upstreamsIn(shots: string): Record<string, string | undefined> {
  const text = `version: 1\ndefaults: { model: doubao-seedance-2-0-mini-260615 }\nshots:\n${shots}`
  const { manifest, problems } = parseManifest(text, 'ep01.yaml')
  expect(problems).toEqual([])
  return Object.fromEntries(manifest.shots.map((one) => [one.name, upstreamOf(one)]))
}

describe('a shot that begins with the last frame of another', () => {
  test('names it under first_frame or image, wherever the other stands', () => {
    expect(
      upstreamsIn(`
  b: { prompt: on, first_frame: { last_frame_of: a } }
  a: { prompt: begin }
  c: { prompt: further, image: { last_frame_of: b } }
`),
    ).toEqual({ b: 'a', a: undefined, c: 'b' })
  })

  test('has the other return its last frame', () => {
    const { shots } = linkShots([
      { shot: shot('a'), suffix: '' },
      { shot: goingOn('b', 'a'), suffix: '' },
    ])
    expect(shots.map(({ parameters }) => parameters.return_last_frame)).toEqual([true, undefined])
  })

  test('makes no difference to what the other was bought as', () => {
    const [alone] = linkShots([{ shot: shot('a'), suffix: '' }]).shots
    const [asked] = linkShots([
      { shot: shot('a'), suffix: '' },
      { shot: goingOn('b', 'a'), suffix: '' },
    ]).shots
    const hash = () => ''
    expect(digestOf(take(asked!), hash)).toBe(digestOf(take(alone!), hash))
  })

  test('is another shot when it goes on from another', () => {
    const hash = () => ''
    expect(digestOf(take(goingOn('b', 'a')), hash)).not.toBe(digestOf(take(goingOn('b', 'c')), hash))
  })

  test('goes on from the same cell of another matrix', () => {
    expect(
      upstreamsIn(`
  open: { prompt: 'open \${style}', matrix: { style: [noir, ink] } }
  walk: { prompt: 'walk \${style}', matrix: { style: [noir, ink] }, image: { last_frame_of: open } }
  end: { prompt: end, image: { last_frame_of: walk.ink } }
`),
    ).toEqual({
      ...{ 'open.noir': undefined, 'open.ink': undefined },
      ...{ 'walk.noir': 'open.noir', 'walk.ink': 'open.ink', end: 'walk.ink' },
    })
  })

  test('may name it with a variable', () => {
    expect(
      upstreamsIn(`
  open.noir: { prompt: open }
  on: { prompt: 'on \${style}', matrix: { style: [noir] }, image: { last_frame_of: 'open.\${style}' } }
`),
    ).toEqual({ 'open.noir': undefined, 'on.noir': 'open.noir' })
  })

  test('is estimated at the ratio of the other when the service follows the picture', () => {
    const wide = shot('a', { parameters: { ratio: '21:9', resolution: '480p' } })
    const on = goingOn('b', 'a', { parameters: { ratio: 'adaptive', resolution: '480p' } })
    const facts = withLastFrames([on, wide], () => undefined)
    expect(estimateShot(on, { facts }).ratio).toBe('21:9')
  })

  test('is sent with the picture in its place', () => {
    expect(beginningWith(goingOn('b', 'a'), 'out/a.last.png').media[0]!.source).toEqual({
      kind: 'file',
      path: 'out/a.last.png',
    })
  })
})

describe('what cannot go on', () => {
  test('an unknown shot is pointed at, with the nearest name', () => {
    expect(
      problemsOf(
        `  fox-run: { prompt: run }\n  on:\n    prompt: on\n    first_frame: { last_frame_of: fox-rnu }\n`,
      ),
    ).toEqual(['7:35 unknown-shot: there is no shot "fox-rnu" to go on from, did you mean "fox-run"?'])
  })

  test('a circle is named once, with the way around it', () => {
    expect(
      problemsOf(`
  a: { prompt: a, image: { last_frame_of: c } }
  b: { prompt: b, image: { last_frame_of: a } }
  c: { prompt: c, image: { last_frame_of: b } }
  d: { prompt: d, image: { last_frame_of: c } }
`),
    ).toEqual(['5:43 chain-cycle: these shots go on from each other: a → c → b → a'])
  })

  test('a shot does not go on from itself', () => {
    expect(problemsOf(`  a: { prompt: a, image: { last_frame_of: a } }\n`)).toEqual([
      '4:43 chain-cycle: these shots go on from each other: a → a',
    ])
  })

  test('a draft has no last frame to go on from', () => {
    const { faults } = linkShots([
      { shot: shot('a', { parameters: { draft: true } }), suffix: '' },
      { shot: goingOn('b', 'a'), suffix: '' },
    ])
    expect(faults).toMatchObject([{ shot: 'b', code: 'field-conflict' }])
  })

  test('a field beside last_frame_of is unknown', () => {
    expect(problemsOf(`  a: { prompt: a, image: { last_frame: b } }\n`)).toEqual([
      expect.stringContaining('missing-field'),
      expect.stringContaining('unknown field "last_frame"'),
    ])
  })
})

describe('where shots meet', () => {
  const key = 'refs/door.png'
  const ends = shot('a', { media: [fileMedia('first_frame', 'x.png'), fileMedia('last_frame', key)] })
  const begins = (parts: Partial<Shot> = {}) =>
    shot('b', { media: [fileMedia('first_frame', key)], ...parts })

  test('a key frame that both show is a border, and so is a last frame handed on', () => {
    expect(bordersOf([ends, begins(), goingOn('c', 'b')])).toEqual([
      { from: 'a', to: 'b', keyFrame: key },
      { from: 'b', to: 'c', keyFrame: undefined },
    ])
  })

  test('a URL is shown without what signs it', () => {
    const url = 'https://files.test/door.png?sig=secret'
    const [border] = bordersOf([
      shot('a', { media: [urlMedia('last_frame', url)] }),
      shot('b', { media: [urlMedia('first_frame', url)] }),
    ])
    expect(border!.keyFrame).not.toContain('secret')
  })

  test('the cut jumps where the two differ in ratio or resolution', () => {
    const one = { ...ends, parameters: { ratio: '16:9', resolution: '720p' } as const }
    const other = begins({ parameters: { ratio: '9:16', resolution: '720p' } })
    expect(borderAdvice([one, other]).map(({ message }) => message)).toEqual([
      'this shot begins with refs/door.png, where "a" ends, but the two differ in ratio (16:9, 9:16)',
    ])
    expect(borderAdvice([one, begins({ parameters: { ratio: 'adaptive' } })])).toEqual([])
  })
})

test('every upstream comes before what goes on from it, and nothing else is moved further than that', () => {
  // Each shot goes on from an earlier one of a hidden order, or from none.
  const forest = fc
    .array(fc.option(fc.nat()), { maxLength: 30 })
    .map((picks) =>
      picks.map((pick, index) =>
        pick === null || index === 0 ? shot(`s${index}`) : goingOn(`s${index}`, `s${pick % index}`),
      ),
    )
    .chain((shots) => fc.shuffledSubarray(shots, { minLength: shots.length }))
  fc.assert(
    fc.property(forest, (shots) => {
      const ordered = upstreamsFirst(shots)
      expect(ordered.map(({ name }) => name).sort()).toEqual(shots.map(({ name }) => name).sort())
      const place = new Map(ordered.map((one, index) => [one.name, index]))
      for (const one of ordered) {
        const upstream = upstreamOf(one)
        if (upstream !== undefined) expect(place.get(upstream)!).toBeLessThan(place.get(one.name)!)
      }
    }),
  )
})
