import stringWidth from 'string-width'
import { formatMoney, formatNumber } from '../core/amount-words.js'

/** Colours for people, or none. */
export interface Palette {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

/** Fills a cell to `width` columns of a terminal; a Chinese character takes two. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

/** As `padEnd`, text to the right. */
export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text
}

/** Columns that a text takes up. */
export function widthOf(text: string): number {
  // Most texts are, and the library takes long to load.
  return isPlain(text) ? text.length : stringWidth(text)
}

function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text)
}

/** Cuts a text to `width` columns, with `…` where something is missing. No colours may be in it yet. */
export function truncate(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let fitted = ''
  let used = 0
  for (const char of text) {
    const next = widthOf(char)
    if (used + next > width - 1) break
    fitted += char
    used += next
  }
  return `${fitted}…`
}

/** Rows as aligned columns, two spaces apart; the last is not padded. */
export function columns(
  rows: readonly (readonly string[])[],
  align: readonly ('left' | 'right')[] = [],
): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell))
  }
  return rows.map((row) =>
    row
      .map((cell, index) => {
        if (align[index] === 'right') return padStart(cell, widths[index]!)
        return index === row.length - 1 ? cell : padEnd(cell, widths[index]!)
      })
      .join('  ')
      .trimEnd(),
  )
}

/** `1 shot`, `2 shots`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${formatNumber(number)} ${number === 1 ? one : many}`
}

/** `12.3 MB`; below a tenth of a megabyte `<0.1 MB`, of nothing `0 MB`. */
export function formatSize(bytes: number): string {
  const megabytes = bytes / 1024 / 1024
  if (bytes === 0) return '0 MB'
  if (megabytes < 0.05) return '<0.1 MB'
  if (megabytes < 1024) return `${megabytes.toFixed(1)} MB`
  return `${(megabytes / 1024).toFixed(1)} GB`
}

/** `CNY 1.40`, or `CNY 0.40 to 1.40`. */
export function formatPrice({ currency, min, max }: { currency: string; min: number; max: number }): string {
  const most = formatMoney({ currency, amount: max })
  const least = formatMoney({ currency, amount: min })
  return least === most ? most : `${least} to ${most.slice(currency.length + 1)}`
}

/** `40s`, `2m10s`, `1h05m`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}m${String(seconds % 60).padStart(2, '0')}s`
  return `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}m`
}

/** Line ends and other control characters of a foreign text made harmless for a terminal. */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').trim()
}

const shownPerList = 200

/** Indented lines of a list; of a long one the first, and how many there are more. */
export function shownLines(lines: readonly string[]): string[] {
  const more = lines.length - shownPerList
  return [...lines.slice(0, shownPerList), ...(more > 0 ? [`… ${formatNumber(more)} more`] : [])].map(
    (line) => `  ${line}`,
  )
}
