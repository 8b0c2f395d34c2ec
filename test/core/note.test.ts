import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type LockEntry, parseLockfile, readAny, renderLockfile } from '../../src/core/lockfile.js'
import { noteFault, noteLimit, readNote } from '../../src/core/note.js'
import { entry, takeName, task } from './builders.js'

/** Any text, halves of characters and control characters in it. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 600 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)) }),
  fc.string({ unit: fc.constantFrom('a', '太', '👩‍🎨', ' ', '\n', '\u2028', '"', '#', ':'), maxLength: 300 }),
)

describe('a note', () => {
  test.each([
    ['is one paragraph', ' too\r\n\tdark,\u2028 take  2 ', 'too dark, take 2'],
    ['of white space is none', ' \n\u3000', undefined],
    ['that is empty is none', '', undefined],
    ['that is not there is none', undefined, undefined],
  ])('%s', (_, text, note) => {
    expect(readNote(text)).toBe(note)
  })

  test.each([
    ['of as many characters as it may have', 'x'.repeat(noteLimit), true],
    ['of one more', 'x'.repeat(noteLimit + 1), false],
    ['of as many that take two places each', '🦊'.repeat(noteLimit), true],
    ['with a bell in it', 'a\u0007b', false],
    ['with half a character', 'a\ud83d', false],
  ])('%s can be kept: %o', (_, note, isKept) => {
    expect(noteFault(note) === undefined).toBe(isKept)
  })

  test('that can be kept comes back from a lockfile as it was, and one that cannot is no lockfile’s', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const note = readNote(text)
        if (note === undefined || noteFault(note) !== undefined) return
        const judged: LockEntry = entry('succeeded', { task: task('t'), approved: false, note })
        const lockfile = renderLockfile(new Map([[takeName('fox'), judged]]))
        expect(lockfile.split('\n').filter((line) => line.includes('note:'))).toHaveLength(1)
        for (const read of [parseLockfile, readAny])
          expect(read(lockfile, 'x')).toEqual(new Map([[takeName('fox'), judged]]))
      }),
      { numRuns: 1_000 },
    )
    const tooLong = entry('succeeded', { note: 'x'.repeat(noteLimit + 1) })
    const lockfile = renderLockfile(new Map([[takeName('fox'), tooLong]]))
    expect(() => parseLockfile(lockfile, 'x')).toThrow(/note/)
  })

  test('that was read once is read the same the second time, within its limits', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const note = readNote(text)
        expect(readNote(note)).toBe(note)
        if (note === undefined) return
        expect(note).not.toMatch(/^\s|\s$|\s\s|[\n\r\u2028\u2029]/)
        if (noteFault(note) === undefined) expect([...note].length).toBeLessThanOrEqual(noteLimit)
        else expect([...note].length > noteLimit || /[\p{Cc}\p{Cs}]/u.test(note)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })
})
