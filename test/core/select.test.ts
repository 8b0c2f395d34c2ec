import { describe, expect, test } from 'vitest'
import { type Selection, selectTakes } from '../../src/core/select.js'
import { takesOf } from '../../src/core/shot.js'
import { shot } from './builders.js'

const takes = [
  shot('fox-run', { takes: 2, tags: ['ep01', 'fox'] }),
  shot('fox.hug', { tags: ['ep02', 'fox'] }),
  shot('狐狸'),
].flatMap(takesOf)
const selected = (selection: Selection) => {
  const selects = selectTakes(selection)
  return takes.filter((take) => selects!(take)).map(({ name }) => name)
}

test('nothing asked for selects everything', () => {
  expect(selectTakes({})).toBeUndefined()
  expect(selectTakes({ shots: [], tags: [] })).toBeUndefined()
})

describe('a selection', () => {
  test.each<[string, Selection, string[]]>([
    ['by the name of a shot takes all its takes', { shots: ['fox-run'] }, ['fox-run', 'fox-run@2']],
    ['by the name of a take takes that one', { shots: ['fox-run@2'] }, ['fox-run@2']],
    ['by a glob', { shots: ['fox*'] }, ['fox-run', 'fox-run@2', 'fox.hug']],
    ['by a glob over take numbers', { shots: ['*@2'] }, ['fox-run@2']],
    ['by a glob in braces', { shots: ['{fox.hug,狐*}'] }, ['fox.hug', '狐狸']],
    ['by several names', { shots: ['fox.hug', '狐狸'] }, ['fox.hug', '狐狸']],
    ['by a name that is not there', { shots: ['fox'] }, []],
    ['by a tag', { tags: ['ep02'] }, ['fox.hug']],
    [
      'by several tags, any of which will do',
      { tags: ['ep01', 'ep02'] },
      ['fox-run', 'fox-run@2', 'fox.hug'],
    ],
    ['by name and tag, both of which must fit', { shots: ['fox*'], tags: ['ep02'] }, ['fox.hug']],
  ])('%s', (_, selection, names) => {
    expect(selected(selection)).toEqual(names)
  })
})
