import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareTakeNames, nameKey, shotNameFault, splitTakeName, takeName } from '../../src/core/names.js'
import { takeName as named, shotName } from './builders.js'

const reserved = ['con', 'prn', 'aux', 'nul', 'com1', 'com9', 'lpt1', 'lpt9', 'com¹']

describe('a shot can be named', () => {
  test.each([
    'a',
    '1',
    '012',
    '狐狸',
    'été',
    'e\u0301te\u0301',
    'शॉट',
    'a-b_c.d',
    '_x',
    'cone',
    'com10',
    'auxiliary',
    '\u{20000}',
    'x'.repeat(100),
    '狐'.repeat(80),
  ])('%s', (name) => {
    expect(shotNameFault(name)).toBeUndefined()
  })
})

describe('a shot cannot be named', () => {
  test.each([
    '',
    '.a',
    '-a',
    'a.',
    'a b',
    'a/b',
    'a\\b',
    'a@2',
    'a:b',
    'a*',
    'a?',
    '"a"',
    'a\n',
    'a\u0000',
    '🦊',
    'a\u200db',
    '..',
    '~',
    'a,b',
    'x'.repeat(101),
  ])('%j', (name) => {
    expect(shotNameFault(name)).toBeTypeOf('string')
  })

  test.each(reserved.flatMap((name) => [name, name.toUpperCase(), `${name}.old`]))(
    '%s, a device on Windows',
    (name) => {
      expect(shotNameFault(name)).toBeTypeOf('string')
    },
  )

  test('longer than a file name can be', () => {
    // "狐…狐@100.mp4" and the dot and ending of a part file must stay within 255 bytes.
    expect(shotNameFault('狐'.repeat(81))).toBeTypeOf('string')
    expect(Buffer.byteLength(`.${'狐'.repeat(80)}@100.mp4.part`)).toBeLessThanOrEqual(255)
  })
})

describe('names that a file system may take for one are one', () => {
  test.each([
    ['Fox', 'fOX'],
    ['caf\u00e9', 'cafe\u0301'],
    ['CAFE\u0301', 'caf\u00e9'],
    ['J\u030c', '\u01f0'],
    ['ΟΔΟΣ', 'οδοσ'],
    ['\u212b', '\u00e5'],
  ])('%s and %s', (a, b) => {
    expect(nameKey(a)).toBe(nameKey(b))
  })

  test('in whatever normal form they are written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (name) => {
        expect(nameKey(name.normalize('NFD'))).toBe(nameKey(name.normalize('NFC')))
      }),
    )
  })

  test('and others are not', () => {
    expect(new Set(['a', 'b', 'ä', 'ab', 'a-b', 'a_b'].map(nameKey)).size).toBe(6)
  })
})

describe('the name of a take', () => {
  test('is that of its shot for take 1', () => {
    expect(takeName(shotName('fox'), 1)).toBe('fox')
  })

  test('has the number of any other', () => {
    expect(takeName(shotName('fox'), 12)).toBe('fox@12')
  })

  test('can be taken apart again', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z狐.]+$/),
        fc.integer({ min: 1, max: 100 }),
        fc.boolean(),
        (shot, number, draft) => {
          const name = takeName(shotName(shot), number, { draft })
          expect(splitTakeName(name)).toEqual({ shot, number, draft })
        },
      ),
    )
  })

  test('is ordered by shot, then by number, drafts after their finals', () => {
    const sorted = ['a', 'a@draft', 'a@2', 'a@2@draft', 'a@10', 'a-b', 'a.b', 'b'].map(named)
    expect([...sorted].reverse().sort(compareTakeNames)).toEqual(sorted)
  })
})
