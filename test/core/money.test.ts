import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { microsPerUnit, parseMoney, sumMoney, sumPrices, toMicros, writeMoney } from '../../src/core/money.js'

const currency = fc.stringMatching(/^[A-Z]{3}$/)
const amount = fc.oneof(fc.maxSafeNat(), fc.nat(10 * microsPerUnit))

describe('an amount as people write it', () => {
  test.each([
    ['50', undefined, 50_000_000],
    ['50 CNY', 'CNY', 50_000_000],
    ['CNY 50', 'CNY', 50_000_000],
    ['50CNY', 'CNY', 50_000_000],
    ['CNY50', 'CNY', 50_000_000],
    ['12.5usd', 'USD', 12_500_000],
    [' 0.000001 eur ', 'EUR', 1],
    ['0', undefined, 0],
    ['007', undefined, 7_000_000],
    ['1.10', undefined, 1_100_000],
    ['9007199254.740991', undefined, Number.MAX_SAFE_INTEGER],
  ])('"%s" is read', (text, currency, micros) => {
    expect(parseMoney(text)).toEqual({ currency, micros })
  })

  test.each([
    '',
    ' ',
    'CNY',
    '-5',
    '+5',
    '1,000',
    '1 000',
    '1e3',
    '.5',
    '5.',
    '1.0000001',
    '5 CN',
    '5 YUAN',
    '5 元',
    'CNY 5 USD',
    'CNY  5',
    '5\nCNY',
    'NaN',
    'Infinity',
    '9007199254.740992',
    '99999999999999999999',
  ])('"%s" is none', (text) => {
    expect(parseMoney(text)).toBeUndefined()
  })

  test('any text is read or refused, and never as something that cannot be counted exactly', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9.]{1,25} ?[A-Za-z]{0,3}$/)), (text) => {
        const read = parseMoney(text)
        if (read) {
          expect(Number.isSafeInteger(read.micros) && read.micros >= 0).toBe(true)
          expect(read.currency ?? 'CNY').toMatch(/^[A-Z]{3}$/)
        }
      }),
    )
  })
})

describe('an amount in a file', () => {
  test.each([
    [0, '0 CNY'],
    [1, '0.000001 CNY'],
    [1_396_800, '1.3968 CNY'],
    [100_000_000, '100 CNY'],
    [10_000_010, '10.00001 CNY'],
    [Number.MAX_SAFE_INTEGER, '9007199254.740991 CNY'],
  ])('%i is written as "%s"', (micros, text) => {
    expect(writeMoney({ currency: 'CNY', micros })).toBe(text)
  })

  test('is read back as what was written, whatever it is', () => {
    fc.assert(
      fc.property(fc.record({ currency, micros: amount }), (money) => {
        expect(parseMoney(writeMoney(money))).toEqual(money)
      }),
      { numRuns: 1_000 },
    )
  })
})

test('an amount in units becomes whole millionths', () => {
  expect([0.1 + 0.2, 1.005, 4.2, 0.000_001].map(toMicros)).toEqual([300_000, 1_005_000, 4_200_000, 1])
})

describe('sums', () => {
  test('are made by currency, and sorted by it', () => {
    expect(
      sumMoney([
        { currency: 'USD', micros: 1 },
        { currency: 'CNY', micros: 2 },
        { currency: 'USD', micros: 3 },
      ]),
    ).toEqual([
      { currency: 'CNY', micros: 2 },
      { currency: 'USD', micros: 4 },
    ])
    expect(sumMoney([])).toEqual([])
  })

  test('of ranges keep both ends', () => {
    expect(
      sumPrices([
        { currency: 'USD', minMicros: 1, maxMicros: 2 },
        { currency: 'CNY', minMicros: 5, maxMicros: 5 },
        { currency: 'USD', minMicros: 10, maxMicros: 20 },
      ]),
    ).toEqual([
      { currency: 'CNY', minMicros: 5, maxMicros: 5 },
      { currency: 'USD', minMicros: 11, maxMicros: 22 },
    ])
  })

  test('do not depend on the order', () => {
    const moneys = fc.array(fc.record({ currency, micros: fc.nat() }))
    fc.assert(
      fc.property(moneys, (all) => {
        expect(sumMoney([...all].reverse())).toEqual(sumMoney(all))
      }),
    )
  })
})
