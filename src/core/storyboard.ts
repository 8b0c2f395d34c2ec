import { parseManifest } from './manifest.js'
import { nameKey, shotNameFault } from './names.js'
import { once } from './once.js'
import type { Problem, ProblemCode } from './problem.js'
import {
  type Column,
  isTitle,
  mapColumns,
  readCell,
  type ShotField,
  shotFields,
} from './storyboard-columns.js'
import { type DraftedShot, writeManifest } from './storyboard-manifest.js'
import {
  type Delimiter,
  readTable,
  type Table,
  type TableEncoding,
  type TableFault,
  undefused,
} from './table.js'
import { cellAddress, type Sheet } from './workbook.js'

export interface StoryboardOptions {
  /** The table as the person named it. */
  file: string
  /** Where the manifest will be, as the person would name it. */
  manifestFile: string
  /** The model of shots that state none; `undefined`: the one that the table names most often. */
  model?: string | undefined
  /** Where an editor finds the schema, relative to the manifest, with `/`. */
  schemaPath: string
}

/** A manifest made of a table. */
export interface Storyboard {
  /** The manifest's text. */
  text: string
  /** `undefined` for a workbook. */
  encoding?: TableEncoding
  /** `undefined` for a workbook. */
  delimiter?: Delimiter
  /** The sheet that was read; `undefined` for a table that is a text. */
  sheet?: string
  /** The other sheets of the workbook. */
  otherSheets?: readonly string[]
  shots: number
  takes: number
  model: string
  /** Titles of columns that hold results of an export, which a manifest does not. */
  leftOut: readonly string[]
  /** What is to be known: of the table (rows as lines, columns as columns), then of the manifest, as `validate` says it. */
  problems: readonly Problem[]
}

/** Rows above the titles that may hold something else, such as the name of the film. */
const rowsAbove = 10

/**
 * Makes a manifest of a storyboard table: of CSV or TSV as bytes, or of a sheet of a workbook. Problems are collected; a
 * place in the table is its row and its column, both 1-based.
 *
 * @returns Problems alone when one of the table's is an error: no manifest can be made then.
 */
export function storyboardToManifest(
  source: Uint8Array | Sheet,
  { file, manifestFile, model, schemaPath }: StoryboardOptions,
): Storyboard | { fault: TableFault['kind'] | 'cells'; problems: readonly Problem[] } {
  const sheet = source instanceof Uint8Array ? undefined : source
  const table = source instanceof Uint8Array ? readTable(source, isTitle) : source
  const problems: Problem[] = []
  const report: Report = (row, col, code, message, { severity = 'error', shot } = {}) => {
    const cell = sheet && { cell: cellAddress(row, col) }
    const place = { file, line: row, col, ...cell, length: 1, sourceLine: '' }
    problems.push({ code, severity, message, ...place, ...(shot === undefined ? {} : { shot }) })
  }
  if ('kind' in table) {
    report(table.row, 1, table.kind === 'quotes' ? 'wrong-value' : 'encoding', table.message)
    return { fault: table.kind, problems }
  }

  const headRow = findHeader(table.rows)
  if (headRow === undefined) {
    const how = 'encoding' in table ? `the file was read as ${table.encoding}` : sheetWords(table)
    const message = `no column has the title prompt, image or one like these (提示词, 首帧); ${how}`
    report(1, 1, 'missing-field', message)
    return { fault: 'cells', problems }
  }
  const body = table.rows.slice(headRow)
  const columns = mapColumns(table.rows[headRow - 1]!, body)
  reportColumns(columns, headRow, report)
  const extraAdvice = sheet ? '' : ': a text that holds the delimiter is put in quotes'
  const drafted = draftShots(body, columns, headRow, report, extraAdvice)
  if (sheet) warnOfDates(sheet, columns, headRow, report)
  const chosen = model ?? mostFrequent(drafted)
  if (chosen === undefined) {
    report(
      headRow,
      1,
      'missing-field',
      'no model: give one with --model ID, or in a column with the title model',
    )
  }
  if (drafted.length === 0 && !hasErrors(problems)) {
    report(headRow, 1, 'no-shots', 'there are no rows below the titles')
  }
  if (chosen === undefined || hasErrors(problems)) return { fault: 'cells', problems }

  const above = table.rows.slice(0, headRow - 1).map((row) =>
    row
      .map((cell) => cell.trim())
      .filter(Boolean)
      .join('  '),
  )
  const text = writeManifest(
    { schemaPath, comments: above.filter((line) => line !== ''), model: chosen },
    drafted.map((shot) => ({
      ...shot,
      fields: shot.fields.filter(([field, value]) => field !== 'model' || value !== chosen),
    })),
  )
  const parsed = parseManifest(text, manifestFile)
  return {
    text,
    ...('encoding' in table
      ? { encoding: table.encoding, delimiter: table.delimiter }
      : { sheet: table.name, otherSheets: table.others }),
    shots: drafted.length,
    takes: parsed.manifest.shots.reduce((sum, { takes }) => sum + takes, 0),
    model: chosen,
    leftOut: columns.filter(({ holds }) => holds === 'result').map(({ title }) => title),
    problems: [...problems, ...parsed.problems],
  }
}

type Report = (
  row: number,
  col: number,
  code: ProblemCode,
  message: string,
  options?: { severity?: Problem['severity']; shot?: string },
) => void

/** The row with the titles, 1-based: the first that has a column for prompts or first frames. */
function findHeader(rows: Table['rows']): number | undefined {
  const index = rows.slice(0, rowsAbove + 1).findIndex((row) => {
    const holds = mapColumns(row, []).map((column) => column.holds)
    return holds.includes('prompt') || holds.includes('first_frame')
  })
  return index === -1 ? undefined : index + 1
}

function reportColumns(columns: readonly Column[], headRow: number, report: Report): void {
  for (const { col, title, why } of columns) {
    if (why === undefined) continue
    const words = {
      unknown: 'is not known',
      'not-first': 'means the same as another one, which is taken',
      'no-switch': 'says neither yes nor no in any row',
    }
    report(headRow, col, 'unknown-field', `the column "${title}" ${words[why]}: kept as comments`, {
      severity: 'warning',
    })
  }
}

/** A spreadsheet makes a date of a shot that is called 1-3, and nobody can tell what was typed. */
function warnOfDates(
  { rows, dates }: Sheet,
  columns: readonly Column[],
  headRow: number,
  report: Report,
): void {
  const column = columns.find(({ holds }) => holds === 'shot')
  if (!column) return
  for (const [index, cells] of rows.entries()) {
    const row = index + 1
    if (row <= headRow || !dates.has(cellAddress(row, column.col))) continue
    const seen = cells[column.col - 1]!
    const message = `to the spreadsheet this is the date or time ${seen}; if a name such as 1-3 was typed, format the column as text and type it again`
    report(row, column.col, 'wrong-value', message, { severity: 'warning', shot: shotNameFrom(seen, row) })
  }
}

/** Which sheet was looked at, and which others there are. */
function sheetWords({ name, others }: Sheet): string {
  const more =
    others.length > 0 ? `; others are ${others.map((one) => `"${one}"`).join(', ')} (--sheet NAME)` : ''
  return `the sheet "${name}" was read${more}`
}

function draftShots(
  body: Table['rows'],
  columns: readonly Column[],
  headRow: number,
  report: Report,
  extraAdvice: string,
): DraftedShot[] {
  const columnOf = (field: Column['holds']) => columns.find(({ holds }) => holds === field)
  const nameColumn = columnOf('shot')
  const takeColumn = columnOf('take')
  const promptCol = (columnOf('prompt') ?? columnOf('first_frame'))!.col
  const shots: (DraftedShot & { fields: (readonly [ShotField, unknown])[] })[] = []
  const seen = new Map<string, { row: number; index: number; takes: Set<number> }>()

  for (const [index, cells] of body.entries()) {
    const row = headRow + 1 + index
    if (cells.every((cell) => cell.trim() === '')) continue
    const shot = shotNameFrom(undefused((nameColumn && cells[nameColumn.col - 1])?.trim() ?? ''), row)
    const extra = cells.findIndex((cell, at) => at >= columns.length && cell.trim() !== '')
    if (extra !== -1) {
      const message = `the row has a cell beyond the last title (${columns.length} columns)${extraAdvice}`
      report(row, extra + 1, 'wrong-value', message, { shot })
    }

    const take = takeColumn ? readTake(cells, takeColumn, row, report, shot) : 1
    const twin = seen.get(nameKey(shot))
    if (twin && takeColumn && !twin.takes.has(take)) {
      // A further take of an export: the shot stands in its first row.
      twin.takes.add(take)
      continue
    }
    if (twin) {
      const what = takeColumn ? `take ${take} of the shot "${shot}"` : `the shot "${shot}"`
      report(row, nameColumn?.col ?? 1, 'shot-name', `${what} is already in row ${twin.row}`, { shot })
    }
    const fields = readFields(cells, columns, row, report, shot)
    if (!fields.has('prompt') && !fields.has('first_frame')) {
      report(row, promptCol, 'missing-field', 'the row has neither a prompt nor an image', { shot })
    }
    const ordered = shotFields.flatMap((field) =>
      fields.has(field) ? [[field, fields.get(field)] as const] : [],
    )
    if (!twin) seen.set(nameKey(shot), { row, index: shots.length, takes: new Set([take]) })
    shots.push({ name: shot, comments: commentsOf(cells, columns), fields: ordered })
  }

  for (const { index, takes } of seen.values()) {
    const most = Math.max(...takes)
    if (takeColumn && most > 1) shots[index]!.fields.push(['takes', most])
  }
  return shots
}

function readTake(
  cells: readonly string[],
  { col }: Column,
  row: number,
  report: Report,
  shot: string,
): number {
  const cell = cells[col - 1]?.trim() ?? ''
  if (cell === '') return 1
  const reading = readCell('take', cell)
  if ('value' in reading) return reading.value as number
  report(row, col, 'wrong-value', `take is "${cell}", ${reading.fault}`, { shot })
  return 1
}

function readFields(
  cells: readonly string[],
  columns: readonly Column[],
  row: number,
  report: Report,
  shot: string,
): Map<ShotField, unknown> {
  const fields = new Map<ShotField, unknown>()
  for (const { col, title, holds } of columns) {
    const cell = cells[col - 1] ?? ''
    if (cell.trim() === '' || holds === 'shot' || holds === 'take' || holds === 'notes' || holds === 'result')
      continue
    const reading = readCell(holds, cell)
    if ('value' in reading) fields.set(holds, reading.value)
    else
      report(row, col, 'wrong-value', `${title} is "${shortened(cell.trim())}", ${reading.fault}`, { shot })
  }
  return fields
}

/** Notes as they are; what is not understood with the title of its column. */
function commentsOf(cells: readonly string[], columns: readonly Column[]): string[] {
  return columns.flatMap(({ col, title, holds, why }) => {
    const cell = undefused((cells[col - 1] ?? '').trim())
    if (holds !== 'notes' || cell === '') return []
    return [why === undefined ? cell : `${title}: ${cell}`]
  })
}

const notInNames = once(() => /[^\p{L}\p{N}\p{M}_.-]+/gu)

/**
 * A shot's name from a cell: the cell itself where it can be one, else with `-` for what cannot stand in a name.
 *
 * @param row 1-based; names a shot that has no name.
 */
export function shotNameFrom(cell: string, row: number): string {
  if (shotNameFault(cell) === undefined) return cell
  let name = cell.replace(notInNames(), '-').replace(/^[.-]+|[.-]+$/g, '')
  if (name === '') return `row-${row}`
  if (shotNameFault(name)?.includes('device')) name = `shot-${name}`
  while (shotNameFault(name) !== undefined) name = [...name].slice(0, -1).join('')
  return name
}

function mostFrequent(shots: readonly DraftedShot[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { fields } of shots) {
    for (const [field, value] of fields) {
      if (field === 'model') counts.set(String(value), (counts.get(String(value)) ?? 0) + 1)
    }
  }
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0]
}

function hasErrors(problems: readonly Problem[]): boolean {
  return problems.some(({ severity }) => severity === 'error')
}

function shortened(text: string): string {
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}
