import { type CsvError, parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import { workbookKind } from './workbook.js'

/** Encodings that spreadsheets write; what is valid UTF-8 is taken for that. */
export type TableEncoding = 'UTF-8' | 'UTF-16' | 'GBK'

/** What stands between cells. */
export type Delimiter = ',' | ';' | '\t' | '|'

/** A table of texts. Row and column numbers count from 1, as a spreadsheet shows them: every row, also empty ones. */
export interface Table {
  /** Cells as written, without the quotes around them. Rows may differ in length. */
  rows: readonly (readonly string[])[]
  encoding: TableEncoding
  delimiter: Delimiter
}

/** Why bytes are no table, and in which row (1-based). */
export interface TableFault {
  kind: 'encoding' | 'quotes' | 'workbook'
  message: string
  row: number
}

const delimiters: readonly Delimiter[] = [',', ';', '\t', '|']

/** So many rows are looked at to tell the delimiter, and to find the row with the titles. */
const sampleRows = 50

/**
 * Reads CSV or TSV of any of four delimiters. The one is taken under which most cells of a row are titles, then under
 * which most rows are as long as that one.
 *
 * @param isTitle Whether a cell is the title of a column that is known.
 */
export function readTable(bytes: Uint8Array, isTitle: (cell: string) => boolean): Table | TableFault {
  if (workbookKind(bytes)) return { kind: 'workbook', message: 'this is a workbook, not a text', row: 1 }
  const decoded = decode(bytes)
  if (!decoded) {
    const message = 'the file is neither UTF-8 nor GBK, nor UTF-16 with a byte order mark'
    return { kind: 'encoding', message, row: 1 }
  }
  const { text, encoding } = decoded
  const [best = ','] = delimiters
    .map((delimiter) => ({ delimiter, score: scoreOf(sampleOf(text, delimiter), isTitle) }))
    .sort((a, b) => b.score.titles - a.score.titles || b.score.even - a.score.even)
    .map(({ delimiter }) => delimiter)
  const rows = split(text, best)
  return 'message' in rows ? rows : { rows, encoding, delimiter: best }
}

/**
 * Writes a table as RFC 4180 has it, with a byte order mark: without one, Excel takes UTF-8 for the code page of the
 * machine and Chinese for noise.
 */
export function writeTable(rows: readonly (readonly string[])[]): string {
  return stringify(rows as string[][], {
    bom: true,
    record_delimiter: '\r\n',
    // The library quotes for the whole delimiter only, and a lone line feed would end a row for most readers.
    quoted_match: /[\r\n]/,
  })
}

/**
 * A text that a spreadsheet would take for a formula, made harmless by an apostrophe. Texts that look made harmless get
 * one more, so that `undefused` gives every text back. Source: OWASP, "CSV Injection".
 */
export function defused(text: string): string {
  return /^'*[=+\-@]/.test(text) ? `'${text}` : text
}

/** Takes back what `defused` did. */
export function undefused(text: string): string {
  return /^'+[=+\-@]/.test(text) ? text.slice(1) : text
}

function decode(bytes: Uint8Array): { text: string; encoding: TableEncoding } | undefined {
  const order = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-16be'
  const isUtf16 = order === 'utf-16le' || (bytes[0] === 0xfe && bytes[1] === 0xff)
  const tries: [string, TableEncoding][] = isUtf16
    ? [[order, 'UTF-16']]
    : [
        ['utf-8', 'UTF-8'],
        // Its superset: characters of four bytes too, which some spreadsheets write; Node's own GBK knows none.
        ['gb18030', 'GBK'],
      ]
  for (const [label, encoding] of tries) {
    try {
      return { text: new TextDecoder(label, { fatal: true }).decode(bytes), encoding }
    } catch {
      // Not this one.
    }
  }
  return undefined
}

/** The first rows; those before the fault, where there is one. */
function sampleOf(text: string, delimiter: Delimiter): string[][] {
  const rows = split(text, delimiter, sampleRows)
  if (!('message' in rows)) return rows
  const sound = rows.row > 1 ? split(text, delimiter, rows.row - 1) : []
  return 'message' in sound ? [] : sound
}

function split(text: string, delimiter: Delimiter, to?: number): string[][] | TableFault {
  try {
    return parse(text, {
      delimiter,
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      // A quote inside of a cell without quotes, such as 5" screen, is a quote.
      relax_quotes: true,
      ...(to === undefined ? {} : { to }),
    })
  } catch (error) {
    const { code, records = 0 } = error as CsvError & { records?: number }
    if (!String(code).startsWith('CSV_')) throw error
    const message = 'a cell that begins with a quote has no end: a quote inside of it is written twice'
    return { kind: 'quotes', message, row: records + 1 }
  }
}

function scoreOf(rows: readonly (readonly string[])[], isTitle: (cell: string) => boolean) {
  let titles = 0
  let width = 0
  for (const row of rows) {
    const known = row.filter(isTitle).length
    if (known <= titles) continue
    titles = known
    width = row.length
  }
  const full = rows.filter((row) => row.some((cell) => cell.trim() !== ''))
  return { titles, even: full.filter(({ length }) => length === width).length / Math.max(1, full.length) }
}
