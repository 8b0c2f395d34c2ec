import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LockEntry } from '../../src/core/lockfile.js'
import { lockfileLines } from '../../src/core/lockfile-lines.js'
import { digestB, entry, takeName, task } from './builders.js'

const linesOf = (entries: Record<string, LockEntry>) =>
  lockfileLines(new Map(Object.entries(entries).map(([name, one]) => [takeName(name), one])))

const done = entry('succeeded', { task: task('t1'), tokens: 87_300, cost: '1.3968 CNY' })

describe('a lockfile in lines', () => {
  test('has one line a take with what a person looks for', () => {
    const text = linesOf({
      fox: { ...done, previous: [task('t0')], pick: true, approved: true, note: 'the best' },
      'fox@2': { ...done, cost: undefined, approved: false },
      owl: entry('failed', { error: 'InvalidParameter' }),
    })
    expect(text.replace(/#[0-9a-f]{8}$/gm, '#…')).toMatchInlineSnapshot(`
      "fox  succeeded  1.3968 CNY  t1  after t0  picked  approved  “the best”  #…
      fox@2  succeeded  87300 tokens  t1  rejected  #…
      owl  failed  InvalidParameter  no task of ark  #…
      "
    `)
  })

  test('is empty for no takes', () => {
    expect(linesOf({})).toBe('')
  })

  test('stays one line a take whatever stands in it, and moves no cursor', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const note = `a${text}`
        const lines = linesOf({
          [`b${text}`]: { ...done, note, error: note, task: task(note), previous: [task(note)] },
        })
        expect(lines.split('\n')).toHaveLength(2)
        expect(lines).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2028\u2066-\u2069]/)
      }),
    )
  })

  test.each<[string, Partial<LockEntry>]>([
    ['digest', { digest: digestB }],
    ['seed', { seed: 8 }],
    ['file', { sha256: 'b'.repeat(64) }],
    ['place', { video: 'elsewhere.mp4' }],
    ['bills of the past', { spent: { [task('t0')]: { tokens: 1 } } }],
  ])('is another when only the %s is', (_, fields) => {
    expect(linesOf({ fox: { ...done, ...fields } })).not.toBe(linesOf({ fox: done }))
  })
})
