/** What a cell holds; its form, such as the number of decimals, is not told. */
type Cell = string | number | boolean | Date | null

/** One sheet of a workbook, as texts. Row and column numbers count from 1, as the spreadsheet shows them. */
export interface Sheet {
  /** Cells as a person sees them, as far as the file tells; rows may differ in length. */
  rows: readonly (readonly string[])[]
  name: string
  /** Names of the other sheets. */
  others: readonly string[]
  /** Addresses, such as `C7`, of cells that are a date or a time to the spreadsheet, whatever was typed there. */
  dates: ReadonlySet<string>
}

/** Why bytes are no workbook that can be read. */
export interface WorkbookFault {
  kind: 'workbook' | 'sheet'
  /** The end of a sentence. */
  message: string
  hint: string
}

const saveAsXlsx = 'Save it as .xlsx, or as CSV UTF-8, in the spreadsheet, and import that file.'

/**
 * Tells workbooks from texts by their first bytes: `zip` is what .xlsx, .ods and .numbers are, `ole` what .xls, .et and
 * workbooks with a password are.
 */
export function workbookKind(bytes: Uint8Array): 'zip' | 'ole' | undefined {
  const starts = (mark: readonly number[]) => mark.every((byte, index) => bytes[index] === byte)
  if (starts([0x50, 0x4b, 0x03, 0x04])) return 'zip'
  return starts([0xd0, 0xcf, 0x11, 0xe0]) ? 'ole' : undefined
}

/**
 * Reads a sheet of an .xlsx workbook.
 *
 * @param name Of the sheet; `undefined`: the first.
 */
export async function readWorkbook(
  bytes: Uint8Array,
  name: string | undefined,
): Promise<Sheet | WorkbookFault> {
  if (workbookKind(bytes) === 'ole') {
    return isEncrypted(bytes)
      ? {
          kind: 'workbook',
          message: 'it is protected with a password',
          hint: `Take the password away. ${saveAsXlsx}`,
        }
      : { kind: 'workbook', message: 'it is a workbook of an older kind (.xls, .et)', hint: saveAsXlsx }
  }
  const { default: readSheets } = await import('read-excel-file/universal')
  let sheets: { sheet: string; data: Cell[][] | undefined }[]
  try {
    // Blanks at the end of a prompt count, as they do in CSV.
    sheets = (await readSheets(new Blob([new Uint8Array(bytes)]), { trim: false })) as typeof sheets
  } catch (error) {
    return { kind: 'workbook', message: reasonOf(error as Error & { code?: string }), hint: saveAsXlsx }
  }

  // Of charts on a sheet of their own, nothing is read.
  const tables = sheets.flatMap(({ sheet, data }) => (data ? [{ sheet, data }] : []))
  const found = name === undefined ? tables[0] : tables.find(({ sheet }) => sheet === name)
  const names = tables.map(({ sheet }) => sheet)
  if (!found) {
    const message = name === undefined ? 'it has no sheet' : `it has no sheet "${name}"`
    return {
      kind: 'sheet',
      message,
      hint: names.length === 0 ? saveAsXlsx : `Name one: ${names.join(', ')}.`,
    }
  }
  const dates = new Set<string>()
  const rows = found.data.map((cells, row) => {
    const texts = cells.map((cell, col) => {
      if (cell instanceof Date) dates.add(cellAddress(row + 1, col + 1))
      return textOf(cell)
    })
    // All rows come as long as the longest one.
    return texts.slice(0, texts.findLastIndex((text) => text !== '') + 1)
  })
  return { rows, name: found.sheet, others: names.filter((one) => one !== found.sheet), dates }
}

/** `C7` for row 7 and column 3, both 1-based. */
export function cellAddress(row: number, col: number): string {
  let letters = ''
  for (let left = col; left > 0; left = Math.floor((left - 1) / 26)) {
    letters = String.fromCharCode(65 + ((left - 1) % 26)) + letters
  }
  return `${letters}${row}`
}

function textOf(cell: Cell): string {
  if (cell === null) return ''
  if (cell instanceof Date) return dateText(cell)
  // As spreadsheets do: fifteen digits, so that 0.1 + 0.2 is 0.3.
  if (typeof cell === 'number') return String(Number(cell.toPrecision(15)))
  return typeof cell === 'boolean' ? String(cell).toUpperCase() : cell
}

/** Times of day count from the first day that a spreadsheet knows: in 1899, or in 1904. */
const afterFirstDays = Date.UTC(1904, 0, 3)

/** `2026-01-03`, with its time where it has one; a time alone as `16:09`. */
function dateText(date: Date): string {
  // A third of a day and the like are not whole in binary.
  const rounded = new Date(Math.round(date.getTime() / 1000) * 1000)
  const [day, time] = [rounded.toISOString().slice(0, 10), rounded.toISOString().slice(11, 19)]
  const shortTime = time.endsWith(':00') ? time.slice(0, 5) : time
  if (rounded.getTime() < afterFirstDays) return shortTime
  return time === '00:00:00' ? day : `${day} ${shortTime}`
}

/** The stream that holds a workbook with a password is named so. Source: [MS-OFFCRYPTO] 2.3.4.4. */
function isEncrypted(bytes: Uint8Array): boolean {
  const name = [...'EncryptedPackage'].join('\0')
  return new TextDecoder('latin1').decode(bytes).includes(name)
}

function reasonOf({ name, code, message }: Error & { code?: string }): string {
  if (code === 'INVALID_ZIP') return 'the workbook is damaged: it cannot be unpacked'
  // What other spreadsheets write is packed in the same way.
  if (/file not found inside/.test(message)) return 'it is no .xlsx workbook, or a part of it is missing'
  return `the workbook is damaged${name === 'InvalidSpreadsheetError' ? `: ${message}` : ''}`
}
