import { type Money, microsPerUnit } from './money.js'

/** Digits in groups of three: 87,300. */
export function formatNumber(number: number): string {
  // The first use of a locale takes a third of the time that node needs to start.
  if (!Number.isSafeInteger(number)) return number.toLocaleString('en-US')
  return String(number).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** Formats of numbers by the most digits they show; making one takes as long as formatting a hundred numbers. */
const formats = new Map<number, Intl.NumberFormat>()

function formatWith(number: number, least: number, most: number): string {
  const format =
    formats.get(most) ??
    new Intl.NumberFormat('en-US', { minimumFractionDigits: least, maximumFractionDigits: most })
  formats.set(most, format)
  return format.format(number)
}

/** `CNY 1,234.50`; amounts below a hundredth keep their digits, and what was paid back has a minus. */
export function formatMoney({ currency, amount }: { currency: string; amount: number }): string {
  const digits = amount !== 0 && Math.abs(amount) < 0.01 ? 6 : 2
  return `${currency} ${formatWith(amount, 2, digits)}`
}

/** As `formatMoney`, of an exact amount. */
export function formatExact({ currency, micros }: Money): string {
  return formatMoney({ currency, amount: micros / microsPerUnit })
}
