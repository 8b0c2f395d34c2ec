import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { cellsOf, countCells } from '../../src/core/matrix.js'
import { problemsIn, read, top } from './builders.js'

/** Shots of a manifest with their prompts. */
const prompts = (shots: string) =>
  Object.fromEntries(read(`${top}${shots}`).manifest.shots.map(({ name, prompt }) => [name, prompt]))

describe('a matrix', () => {
  test('makes a shot of every combination, named by the keys', () => {
    expect(
      prompts(
        '  fox:\n    prompt: a fox, ${style}, ${place}\n    matrix: { style: { noir: film noir, ink: 水墨 }, place: [forest, city] }\n',
      ),
    ).toEqual({
      'fox.noir.forest': 'a fox, film noir, forest',
      'fox.noir.city': 'a fox, film noir, city',
      'fox.ink.forest': 'a fox, 水墨, forest',
      'fox.ink.city': 'a fox, 水墨, city',
    })
  })

  test('fills an axis over a variable of the same name, and the shot with its full name', () => {
    const text = `version: 1\nvars: { place: nowhere }\ndefaults: { model: doubao-seedance-2-0-260128 }\nshots:\n  fox: { prompt: '\${place} \${shot}', matrix: { place: [forest] } }\n`
    expect(read(text).manifest.shots[0]).toMatchObject({ name: 'fox.forest', prompt: 'forest fox.forest' })
  })

  test('takes numbers as they are written', () => {
    expect(prompts("  fox: { prompt: 'take ${n}', matrix: { n: [01, 1_0], m: { a: 1.10 } } }\n")).toEqual({
      'fox.01.a': 'take 01',
      'fox.1_0.a': 'take 1_0',
    })
  })

  test('leaves every other field of the shot to all of them', () => {
    const [one, two] = read(`${top}  fox: { prompt: x, takes: 2, tags: [a], matrix: { n: [1, 2] } }\n`)
      .manifest.shots
    expect([one, two]).toMatchObject([
      { name: 'fox.1', takes: 2, tags: ['a'] },
      { name: 'fox.2', takes: 2, tags: ['a'] },
    ])
  })
})

describe('a value that is added', () => {
  const names = (place: string) =>
    Object.keys(prompts(`  fox: { prompt: x, matrix: { style: [a, b], place: ${place} } }\n`))

  test('renames no neighbour', () => {
    expect(names('[sea, forest, city]')).toEqual(expect.arrayContaining(names('[forest, city]')))
  })
})

describe('what is wrong with a matrix', () => {
  test.each([
    ['an axis that is empty', '{ n: [] }', '4:34 wrong-value fox'],
    ['a word that cannot stand in a name', '{ n: [a b] }', '4:35 wrong-value fox'],
    ['a key that cannot stand in a name', '{ n: { "a.b": x } }', '4:36 wrong-value fox'],
    ['an axis that is a text', '{ n: x }', '4:34 wrong-type fox'],
    ['no axis', '{}', '4:29 wrong-value fox'],
  ])('%s', (_, matrix, problem) => {
    expect(problemsIn(`${top}  fox: { prompt: x, matrix: ${matrix} }\n`)).toEqual([problem])
  })

  test('more shots than anybody means', () => {
    const axis = `[${Array.from({ length: 101 }, (_, index) => index).join(', ')}]`
    expect(problemsIn(`${top}  fox: { prompt: x, matrix: { a: ${axis}, b: ${axis} } }\n`)).toEqual([
      '4:29 wrong-value fox',
    ])
  })

  test('a name that another shot has', () => {
    expect(problemsIn(`${top}  fox: { prompt: x, matrix: { n: [1] } }\n  fox.1: { prompt: y }\n`)).toEqual([
      '5:3 shot-name fox.1',
    ])
  })

  test('a fault of a prompt, said once at its place', () => {
    expect(problemsIn(`${top}  fox: { prompt: 'a \${bogus}', matrix: { n: [1, 2, 3] } }\n`)).toEqual([
      '4:21 unknown-variable fox.1',
    ])
  })
})

test('there are as many cells as combinations, each with a name of its own', () => {
  const axis = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    values: fc.uniqueArray(fc.record({ key: fc.stringMatching(/^[a-z]{1,3}$/), value: fc.string() }), {
      selector: ({ key }) => key,
      minLength: 1,
      maxLength: 4,
    }),
  })
  const axes = fc.uniqueArray(axis, { selector: ({ name }) => name, maxLength: 3 })
  fc.assert(
    fc.property(axes, (some) => {
      const cells = cellsOf(some)
      expect(cells).toHaveLength(countCells(some))
      expect(new Set(cells.map(({ suffix }) => suffix)).size).toBe(cells.length)
      for (const { values } of cells) expect(values.size).toBe(some.length)
    }),
  )
})
