import { describe, expect, test } from 'vitest'
import type { LockEntry } from '../../src/core/lockfile.js'
import { pickedTakeOf } from '../../src/core/pick.js'
import { entry, known, pending, shot, takeName, task } from './builders.js'

const bought = (fields: Partial<LockEntry> = {}) => known(entry('succeeded', { task: task('t'), ...fields }))
const fox = shot('fox', { takes: 3 })

describe('downstream work uses', () => {
  test('take 1 when nothing is picked, bought or not', () => {
    expect(pickedTakeOf(fox, new Map())).toBe('fox')
    expect(pickedTakeOf(fox, new Map([[takeName('fox@2'), bought()]]))).toBe('fox')
  })

  test.each(['fox', 'fox@2', 'fox@3'])('%s when it is picked', (name) => {
    const states = new Map(['fox', 'fox@2', 'fox@3'].map((take) => [takeName(take), bought()]))
    states.set(takeName(name), bought({ pick: true }))
    expect(pickedTakeOf(fox, states)).toBe(name)
  })

  test('take 1 while the picked take is not in the manifest', () => {
    const states = new Map([[takeName('fox@3'), bought({ pick: true })]])
    expect(pickedTakeOf(shot('fox', { takes: 2 }), states)).toBe('fox')
    expect(pickedTakeOf(fox, states)).toBe('fox@3')
  })

  test('no draft, and no take of another shot', () => {
    const states = new Map(['fox@2@draft', 'foxes@2'].map((take) => [takeName(take), bought({ pick: true })]))
    expect(pickedTakeOf(fox, states)).toBe('fox')
  })

  test('what is picked also while a new create of it is under way: it is not bought anew yet', () => {
    const states = new Map([[takeName('fox@2'), { ...bought({ pick: true }), intent: pending() }]])
    expect(pickedTakeOf(fox, states)).toBe('fox@2')
  })
})
