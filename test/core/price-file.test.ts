import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { RunnerError } from '../../src/core/errors.js'
import { parsePriceFile } from '../../src/core/price-file.js'
import { rateOf, type WrittenPrice } from '../../src/core/prices.js'
import { unmark } from './builders.js'

const top = 'version: 1\nprices:\n'

describe('a price file', () => {
  test('gives its prices in their order, with itself as their source', () => {
    const text = `${top}  - { currency: USD, per_video: 0.25, model: ep-1 }\n  - { currency: CNY, per_second: 1 }\n`
    expect(parsePriceFile(text, 'mine.yaml')).toEqual([
      rateOf({ currency: 'USD', per_video: 0.25, model: 'ep-1' }, 'mine.yaml'),
      rateOf({ currency: 'CNY', per_second: 1 }, 'mine.yaml'),
    ])
  })

  test('may state no price', () => {
    expect(parsePriceFile('version: 1\nprices: []\n', 'p.yaml')).toEqual([])
  })

  test('may use anchors, and have a byte order mark', () => {
    const text = `\ufeff${top}  - &usd { currency: USD, per_video: 1 }\n  - *usd\n`
    expect(parsePriceFile(new TextEncoder().encode(text), 'p.yaml')).toHaveLength(2)
  })

  test('may state anything that the schema describes', () => {
    const maybe = { requiredKeys: ['currency'] as ['currency'] }
    const conditions = fc.record(
      {
        currency: fc.stringMatching(/^[A-Z]{3}$/),
        model: fc.oneof(fc.constant('ep-1'), fc.constant(['ep-1', 'ep-2'])),
        provider: fc.constantFrom('ark', 'relay.example:8080'),
        service_tier: fc.constantFrom('default' as const, 'flex' as const),
        generate_audio: fc.boolean(),
        video_input: fc.boolean(),
        draft: fc.boolean(),
        resolution: fc.oneof(fc.constant('720p'), fc.constant(['480p', '4k'])),
      },
      maybe,
    )
    const unit = fc.constantFrom('per_million_tokens', 'per_second', 'per_video')
    const amount = fc.integer({ min: 0, max: 10 ** 9 }).map((thousandths) => thousandths / 1000)
    const price = fc
      .tuple(conditions, unit, amount)
      .map(([stated, per, of]) => ({ ...stated, [per]: of }) as WrittenPrice)
    fc.assert(
      fc.property(fc.array(price, { maxLength: 5 }), (prices) => {
        const read = parsePriceFile(stringify({ version: 1, prices }), 'p.yaml')
        expect(read).toEqual(prices.map((one) => rateOf(one, 'p.yaml')))
      }),
    )
  })

  test('is what docs/pricing.md shows', () => {
    const page = readFileSync('docs/pricing.md', 'utf8')
    const [, example = ''] = /```yaml\n(# yaml-language-server: .*?)```/s.exec(page) ?? []
    expect(parsePriceFile(example, 'p.yaml').map(({ amount, per }) => `${amount} a ${per}`)).toEqual([
      '0.25 a video',
      '12.8 a million-tokens',
      '6.4 a million-tokens',
    ])
  })
})

describe('a price file that cannot be used names the line', () => {
  test.each([
    ['nothing in it', '▸'],
    ['a list', '▸- 1\n'],
    ['no version', '▸prices: []\n'],
    ['another version', 'version: ▸2\nprices: []\n'],
    ['no prices', '▸version: 1\n'],
    ['prices that are no list', 'version: 1\nprices:\n  ▸a: 1\n'],
    ['an unknown field', 'version: 1\nprices: []\n▸price: []\n'],
    ['a price without a currency', `${top}  - currency: CNY\n    per_video: 1\n  - ▸per_video: 1\n`],
    ['a price that says not for what', `${top}  - ▸currency: CNY\n    model: a\n`],
    ['a price for two things', `${top}  - ▸currency: CNY\n    per_video: 1\n    per_second: 1\n`],
    ['a mistyped field', `${top}  - currency: CNY\n    ▸per_vidio: 1\n`],
    ['a currency in small letters', `${top}  - per_video: 1\n    currency: ▸cny\n`],
    ['a price below nothing', `${top}  - currency: CNY\n    per_video: ▸-1\n`],
    ['a price that is a text', `${top}  - currency: CNY\n    per_video: ▸"1"\n`],
    ['a resolution that is none', `${top}  - currency: CNY\n    per_video: 1\n    resolution: ▸2k\n`],
    [
      'one such among several',
      `${top}  - currency: CNY\n    per_video: 1\n    resolution:\n      - 480p\n      - ▸2k\n`,
    ],
    ['a tier that is none', `${top}  - currency: CNY\n    per_video: 1\n    service_tier: ▸slow\n`],
    ['a key twice', `${top}  - currency: CNY\n    per_video: 1\n    ▸per_video: 2\n`],
    ['broken YAML', `${top}  - currency: CNY\n   ▸per_video: 1\n`],
    ['a second document', 'version: 1\nprices: []\n▸---\na: 1\n'],
  ])('%s', (_, marked) => {
    const { text, places } = unmark(marked)
    const line = Number(places[0]!.split(':')[0])
    expect(faultIn(text)).toEqual({
      code: 'prices-invalid',
      line,
      hint: expect.stringContaining('docs/pricing.md'),
    })
  })

  test('bytes that are not UTF-8', () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('version: 1\n# '), 0xff, 0x0a])
    expect(faultIn(bytes)).toMatchObject({ code: 'prices-invalid', line: 2 })
  })

  test('and a mistyped field is told with what was meant', () => {
    expect(() => parsePriceFile(`${top}  - { currency: CNY, per_vidio: 1 }\n`, 'p.yaml')).toThrow(
      /"p\.yaml": line 3: .*per_vidio.*did you mean "per_video"/,
    )
  })

  test('whatever stands in it', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.jsonValue().map((value) => stringify(value)),
        ),
        (text) => {
          try {
            parsePriceFile(text, 'p.yaml')
          } catch (error) {
            expect(error).toBeInstanceOf(RunnerError)
            expect((error as RunnerError).code).toBe('prices-invalid')
          }
        },
      ),
    )
  })
})

function faultIn(content: string | Uint8Array) {
  try {
    parsePriceFile(content, 'p.yaml')
  } catch (error) {
    const { code, message, hint } = error as RunnerError
    return {
      code,
      line: Number(/^Cannot read the prices in "p\.yaml": line (\d+): ./.exec(message)?.[1]),
      hint,
    }
  }
  return undefined
}
