import fc from 'fast-check'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { widthOf } from '../../src/cli/text.js'
import { formatNumber } from '../../src/core/amount-words.js'

test('numbers read as the locale writes them', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: true })), (number) => {
      fc.pre(!Object.is(number, -0))
      expect(formatNumber(number)).toBe(number.toLocaleString('en-US'))
    }),
  )
})

test('plain texts are as wide as the library says, and others are left to it', () => {
  const texts = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }))
  fc.assert(
    fc.property(texts, (text) => {
      expect(widthOf(text)).toBe(stringWidth(text))
    }),
  )
})
