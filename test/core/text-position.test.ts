import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sourceText } from '../../src/core/text-position.js'

const texts = fc.string({ unit: fc.constantFrom('a', '狐', '🦊', '\t', '\r', '\n', '\u2028'), maxLength: 40 })

test('a place is found as by counting line ends', () => {
  fc.assert(
    fc.property(texts, fc.nat({ max: 100 }), (text, anywhere) => {
      const offset = anywhere % (text.length + 1)
      const before = text.slice(0, offset).split('\n')
      expect(sourceText(text).positionAt(offset)).toEqual({
        line: before.length,
        col: before.at(-1)!.length + 1,
      })
    }),
  )
})

test('a line is what stands between two line ends', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const source = sourceText(text)
      const lines = text.split('\n').map((line) => line.replace(/\r+$/, ''))
      expect(lines.map((_, index) => source.lineAt(index + 1))).toEqual(lines)
    }),
  )
})

test('a line that is not there is empty', () => {
  expect([0, 3, -1].map((line) => sourceText('a\nb').lineAt(line))).toEqual(['', '', ''])
})

test('a place looked up in the middle of an astral character counts its halves', () => {
  expect(sourceText('🦊x').positionAt(2)).toEqual({ line: 1, col: 3 })
})
