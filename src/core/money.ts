/** An amount in one currency. Whole millionths of the currency's unit, so that sums are exact. */
export interface Money {
  /** ISO 4217, such as `CNY`. */
  currency: string
  micros: number
}

/** From the least to the most that something can cost, in one currency. */
export interface PriceRange {
  currency: string
  minMicros: number
  maxMicros: number
}

export const microsPerUnit = 1_000_000
const written = /^(?:(\d+(?:\.\d{1,6})?) ?([A-Za-z]{3})?|([A-Za-z]{3}) ?(\d+(?:\.\d{1,6})?))$/

/**
 * Reads an amount as people write it: `50 CNY`, `CNY 50`, `12.5usd`, `50`.
 *
 * @returns `currency` is `undefined` where none is written. `undefined` for anything else, and for amounts that are too
 *   large to be counted exactly.
 */
export function parseMoney(text: string): { currency: string | undefined; micros: number } | undefined {
  const [, first, after, before, last] = written.exec(text.trim()) ?? []
  const amount = first ?? last
  if (amount === undefined) return undefined
  // Digit by digit: as a fraction, a large amount would lose its last ones.
  const [units = '', rest = ''] = amount.split('.')
  const micros = Number(units) * microsPerUnit + Number(rest.padEnd(6, '0'))
  return Number.isSafeInteger(micros) ? { currency: (after ?? before)?.toUpperCase(), micros } : undefined
}

/** An amount in units of its currency as whole millionths. */
export function toMicros(amount: number): number {
  return Math.round(amount * microsPerUnit)
}

/** The exact amount as files hold it: `1.3968 CNY`. `readMoney` reads it back. */
export function writeMoney({ currency, micros }: Money): string {
  return `${decimal(micros)} ${currency}`
}

/** Reads what `writeMoney` wrote; `undefined` for nothing, and for an amount without a currency. */
export function readMoney(text: string | undefined): Money | undefined {
  const { currency, micros } = (text === undefined ? undefined : parseMoney(text)) ?? {}
  return currency === undefined || micros === undefined ? undefined : { currency, micros }
}

/** Digits without an exponent and without trailing zeros. */
function decimal(micros: number): string {
  const rest = String(micros % microsPerUnit).padStart(6, '0')
  return `${Math.floor(micros / microsPerUnit)}.${rest}`.replace(/\.?0+$/, '')
}

/**
 * Adds up amounts by currency.
 *
 * @returns One amount a currency, sorted by its name.
 */
export function sumMoney(amounts: Iterable<Money>): Money[] {
  const sums = new Map<string, number>()
  for (const { currency, micros } of amounts) sums.set(currency, (sums.get(currency) ?? 0) + micros)
  return [...sums].map(([currency, micros]) => ({ currency, micros })).sort(byCurrency)
}

/** As `sumMoney`, for ranges. */
export function sumPrices(prices: Iterable<PriceRange>): PriceRange[] {
  const sums = new Map<string, PriceRange>()
  for (const { currency, minMicros, maxMicros } of prices) {
    const sum = sums.get(currency) ?? { currency, minMicros: 0, maxMicros: 0 }
    sums.set(currency, {
      currency,
      minMicros: sum.minMicros + minMicros,
      maxMicros: sum.maxMicros + maxMicros,
    })
  }
  return [...sums.values()].sort(byCurrency)
}

function byCurrency(a: { currency: string }, b: { currency: string }): number {
  return a.currency < b.currency ? -1 : a.currency > b.currency ? 1 : 0
}
