import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { keepShots } from '../../src/core/keep-shots.js'
import { parseManifest } from '../../src/core/manifest.js'
import { pro15 } from './builders.js'

const only = (...names: string[]) => new Set(names)

describe('a manifest is cut down to the shots that are asked for', () => {
  test('with everything that is not a shot, and their lines as they were', () => {
    const text = `version: 1
defaults: { model: ${pro15} } # for all
shots: # three
  # the first
  fox:
    prompt: |
      a fox

        # no comment
      runs
    duration: 4

  "owl": { prompt: an owl,
    duration: 4
  }
  '狐狸': { prompt: 狐狸 }
vars: { a: b }
`
    expect(keepShots(text, only('fox'))).toBe(`version: 1
defaults: { model: ${pro15} } # for all
shots: # three
  fox:
    prompt: |
      a fox

        # no comment
      runs
    duration: 4

vars: { a: b }
`)
    expect(keepShots(text, only('owl', '狐狸'))).toBe(`version: 1
defaults: { model: ${pro15} } # for all
shots: # three
  "owl": { prompt: an owl,
    duration: 4
  }
  '狐狸': { prompt: 狐狸 }
vars: { a: b }
`)
  })

  test('to nothing when it has none of them', () => {
    expect(keepShots('shots:\n  fox: { prompt: a }\n', only('owl'))).toBe('')
  })

  test('whatever its line ends are', () => {
    const text = 'version: 1\r\nshots:\r\n  fox:\r\n    prompt: a\r\n  owl:\r\n    prompt: b\r\n'
    expect(keepShots(text, only('owl'))).toBe('version: 1\r\nshots:\r\n  owl:\r\n    prompt: b\r\n')
  })

  test.each([
    ['shots in braces', 'shots: { fox: { prompt: a } }\n'],
    ['shots in braces over several lines', 'shots:\n  { fox: { prompt: a } }\n'],
    ['a key with an escape', 'shots:\n  "f\\x6fx": { prompt: a }\n'],
    ['a key with an anchor', 'shots:\n  &fox fox: { prompt: a }\n'],
    ['a key in long form', 'shots:\n  ? fox\n  : { prompt: a }\n'],
    ['no shots', 'version: 1\n'],
    ['nothing below shots', 'shots:\n'],
    ['shots in JSON', '{"shots": {"fox": {"prompt": "a"}}}'],
    ['a line between the depths', 'shots:\n   fox:\n     prompt: a\n  owl: b\n'],
  ])('not at all where only a reader of YAML can tell: %s', (_, text) => {
    expect(keepShots(text, only('fox'))).toBeUndefined()
  })
})

test('a shot reads the same from what was kept as from the whole manifest, or an alias is found to be cut', () => {
  const word = fc.constantFrom(
    'a',
    'fox',
    '狐狸',
    ' ',
    '\n',
    '\n\n',
    '# no',
    ': ',
    '"',
    "'",
    '  owl: x',
    '- ',
    '{',
    '}',
  )
  const anyShot = fc.record(
    {
      prompt: fc.array(word, { minLength: 1, maxLength: 8 }).map((words) => `p${words.join('')}`),
      seed: fc.nat(100),
      extra: fc.constantFrom({ style: 'noir' }, { camera: { x: [1, 2] } }),
    },
    { requiredKeys: ['prompt'] },
  )
  const names = ['fox', '012', '狐狸', 'shots', 'a.b_c-d', 'true', 'null']
  const anyManifest = fc.record({
    shots: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), anyShot), {
      selector: ([name]) => name,
      minLength: 1,
    }),
    indent: fc.constantFrom(1, 2, 4),
    lineWidth: fc.constantFrom(0, 20, 80),
    last: fc.boolean(),
  })
  let cuts = 0
  fc.assert(
    fc.property(anyManifest, fc.constantFrom(...names), ({ shots, indent, lineWidth, last }, name) => {
      const vars = { vars: { hero: 'a\nb: c\nshots:\n  fox: d' } }
      const body = { shots: Object.fromEntries(shots), ...(last ? vars : {}) }
      const text = stringify(
        { version: 1, ...(last ? {} : vars), defaults: { model: pro15 }, ...body },
        { indent, lineWidth },
      )
      const cut = keepShots(text, only(name))
      if (cut === undefined) return
      const read = (from: string) => {
        const { manifest, problems } = parseManifest(from, 'm.yaml')
        return {
          shot: manifest.shots.find((one) => one.name === name),
          codes: problems.map(({ code }) => code),
        }
      }
      const whole = read(text)
      if (cut === '') {
        expect(whole.shot).toBeUndefined()
        return
      }
      const { shot, codes } = read(cut)
      if (codes.includes('yaml-alias')) return
      expect(shot).toEqual(whole.shot)
      cuts++
    }),
    { numRuns: 500 },
  )
  // Most manifests that have the shot are laid out plainly.
  expect(cuts).toBeGreaterThan(100)
})
