import { describe, expect, test } from 'vitest'
import { didYouMean, suggest } from '../../src/core/suggest.js'

const fields = ['prompt', 'duration', 'ratio', 'seed', 'takes', 'tags', 'image']

describe('a word brings the nearest of what there is', () => {
  test.each([
    ['duraton', 'duration'],
    ['duratino', 'duration'],
    ['durattion', 'duration'],
    ['Duration', 'duration'],
    ['PROMPT', 'prompt'],
    ['tag', 'tags'],
    ['take', 'takes'],
    ['sede', 'seed'],
  ])('%s: %s', (word, nearest) => {
    expect(suggest(word, fields)).toBe(nearest)
  })

  test('also when it is another by one letter only', () => {
    expect(suggest('x', ['y', 'yz'])).toBe('y')
  })

  test('the first of several as near', () => {
    expect(suggest('bat', ['cat', 'rat'])).toBe('cat')
  })
})

test.each(['colour', 'fps', '', 'a completely other thing'])('%j is near to nothing', (word) => {
  expect(suggest(word, fields)).toBeUndefined()
})

test('a swap of neighbours is one mistake', () => {
  expect(suggest('abc', ['acb'])).toBe('acb')
})

test('a suggestion is put at the end of a message, or nothing is', () => {
  expect(didYouMean('sed', fields)).toBe(', did you mean "seed"?')
  expect(didYouMean('colour', fields)).toBe('')
})
