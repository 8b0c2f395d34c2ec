import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { raiseTakes } from '../../src/core/raise-takes.js'
import { read, shotName } from './builders.js'

const manifest = (shots: string) =>
  `version: 1 # keep\ndefaults:   { model: doubao-seedance-1-5-pro-251215 }\n# shots\nshots:\n${shots}`
const raised = (shots: string, from: number, by = 2) =>
  raiseTakes(manifest(shots), shotName('fox'), { from, by }).slice(manifest('').length)

describe('raising takes changes the number and nothing else', () => {
  test.each([
    [
      'where it is stated',
      '  fox:\n    takes:   1   # one\n    prompt: x\n',
      1,
      '  fox:\n    takes:   3   # one\n    prompt: x\n',
    ],
    ['in a flow map', '  fox: { prompt: "a, b",  takes: 2 }\n', 2, '  fox: { prompt: "a, b",  takes: 4 }\n'],
    [
      'where it is not stated',
      '  fox:\n      # why\n      prompt: x\n',
      1,
      '  fox:\n      # why\n      takes: 3\n      prompt: x\n',
    ],
    ['in a flow map where it is not stated', '  fox: { prompt: x }\n', 1, '  fox: { takes: 3, prompt: x }\n'],
    ['with a name in quotes', "  'fox':\n    prompt: x\n", 1, "  'fox':\n    takes: 3\n    prompt: x\n"],
  ])('%s', (_, shots, from, after) => {
    expect(raised(shots, from)).toBe(after)
  })

  test('with the line ends of Windows', () => {
    const text = manifest('  fox:\n    prompt: x\n').replaceAll('\n', '\r\n')
    expect(raiseTakes(text, shotName('fox'), { from: 1, by: 1 })).toContain('\r\n    takes: 2\r\n    prompt')
  })

  test.each([
    ['of a matrix', '  f: { prompt: x, matrix: { n: [ox] } }\n'],
    ['that is an alias', '  f: &f { prompt: x }\n  fox: *f\n'],
  ])('and is refused for a shot %s', (_, shots) => {
    expect(() => raised(shots, 1)).toThrow(expect.objectContaining({ code: 'cannot-raise' }))
  })
})

test('whatever the layout, the shot has that many takes afterwards and the others as many as before', () => {
  const layout = fc.record({
    indent: fc.constantFrom('  ', '    '),
    own: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    comment: fc.constantFrom('', '  # a: b', ' # takes: 7'),
    by: fc.integer({ min: 1, max: 5 }),
  })
  fc.assert(
    fc.property(layout, ({ indent, own, comment, by }) => {
      const takes = own === undefined ? '' : `${indent}${indent}takes: ${own}${comment}\n`
      const text = manifest(
        `${indent}owl: { prompt: o, takes: 2 }\n${indent}fox:${comment}\n${takes}${indent}${indent}prompt: x${comment}\n`,
      )
      const after = raiseTakes(text, shotName('fox'), { from: own ?? 1, by })
      const counts = Object.fromEntries(read(after).manifest.shots.map((shot) => [shot.name, shot.takes]))
      expect(counts).toEqual({ owl: 2, fox: (own ?? 1) + by })
    }),
  )
})
