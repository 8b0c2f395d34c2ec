import schema from '../../schemas/manifest.schema.json' with { type: 'json' }
import { undefused } from './table.js'

/** What a column of a storyboard can hold besides notes: the shot's name, a take's number, or a field of the shot. */
export type ColumnField = 'shot' | 'take' | ShotField

export type ShotField =
  | 'prompt'
  | 'first_frame'
  | 'last_frame'
  | 'duration'
  | 'ratio'
  | 'resolution'
  | 'model'
  | 'seed'
  | 'takes'
  | 'generate_audio'
  | 'tags'

/** Fields in the order in which a manifest states them. */
export const shotFields: readonly ShotField[] = [
  'prompt',
  'first_frame',
  'last_frame',
  'model',
  'resolution',
  'ratio',
  'duration',
  'generate_audio',
  'seed',
  'takes',
  'tags',
]

/** A column of a table; `notes` is kept as a comment, `result` is left out. */
export interface Column {
  /** 1-based. */
  col: number
  title: string
  holds: ColumnField | 'notes' | 'result'
  /** Whether nothing is known by that title, so that it is kept as a comment; or another column is the field. */
  why?: 'unknown' | 'not-first' | 'no-switch'
}

/** Titles by what they mean, the surest first; compared by `titleKey`. */
const titles: Record<ColumnField | 'notes', readonly string[]> = {
  shot: [
    'shot',
    'name',
    '镜号',
    '编号',
    '镜头',
    '镜头号',
    '镜头编号',
    '分镜号',
    'shot name',
    'shot no.',
    '序号',
  ],
  take: ['take'],
  prompt: ['prompt', '提示词', '画面', '描述', '画面描述', '画面内容', 'description'],
  first_frame: ['first_frame', 'image', '首帧', '首帧图', '首帧图片'],
  last_frame: ['last_frame', '尾帧', '尾帧图', '尾帧图片'],
  duration: ['duration', '时长', '秒', '秒数', 'seconds'],
  ratio: ['ratio', '比例', '画幅', '宽高比', '画面比例', 'aspect ratio'],
  resolution: ['resolution', '分辨率', '清晰度'],
  model: ['model', '模型'],
  seed: ['seed', '种子'],
  takes: ['takes', '条数', '次数'],
  tags: ['tags', '标签', 'tag'],
  generate_audio: ['generate_audio', 'audio', '声音', 'sound'],
  notes: ['notes', 'remarks', '备注', 'note', 'remark'],
}
/** Columns of `export` that say what became of a take: not a wish, and nothing that a manifest holds. */
const resultTitles = [
  'status',
  'task',
  'seed',
  'tokens',
  'cost',
  'currency',
  'video',
  'picked',
  'error',
  'manifest',
]
/** A table that has these was written by `export`. */
const exportTitles = ['shot', 'take', 'status', 'task']

const meanings = new Map(
  Object.entries(titles).flatMap(([field, words]) =>
    words.map((word, rank) => [titleKey(word), { field: field as ColumnField | 'notes', rank }] as const),
  ),
)

/** What the title of a column means; `undefined` when it is not known. */
function meaningOf(cell: string): { field: ColumnField | 'notes'; rank: number } | undefined {
  const whole = cell.normalize('NFKC')
  // As people title columns: 时长（秒）, Prompt / 提示词.
  const parts = [whole, whole.replace(/\(.*?\)/g, ''), ...whole.split('/')]
  for (const part of parts) {
    const found = meanings.get(titleKey(part))
    if (found) return found
  }
  return undefined
}

/** Whether a cell is the title of a column that is known. */
export function isTitle(cell: string): boolean {
  return meaningOf(cell) !== undefined
}

/** Case, width, spaces and the marks between words make no difference between titles. */
function titleKey(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s_.:*-]/g, '')
}

/**
 * Tells what each column holds.
 *
 * @param header The row with the titles.
 * @param rows The rows below it.
 */
export function mapColumns(
  header: readonly string[],
  rows: readonly (readonly string[])[],
): readonly Column[] {
  const keys = header.map((cell) => titleKey(cell))
  const isExport = exportTitles.every((title) => keys.includes(title))
  const found = header.map((cell, index) => ({ index, meaning: meaningOf(cell) }))
  const chosen = new Map<string, number>()
  const ranked = found.flatMap(({ index, meaning }) => (meaning ? [{ index, ...meaning }] : []))
  for (const { field, index } of ranked.sort((a, b) => a.rank - b.rank || a.index - b.index)) {
    if (!chosen.has(field)) chosen.set(field, index)
  }
  return found.map(({ index, meaning }): Column => {
    const title = header[index]!.trim().replace(/\s+/g, ' ')
    const column = { col: index + 1, title: title === '' ? `column ${index + 1}` : title }
    if (isExport && resultTitles.includes(keys[index]!)) return { ...column, holds: 'result' }
    const field = meaning?.field
    if (field === 'notes') return { ...column, holds: 'notes' }
    // Without the rest of an export, nobody knows what a take is to be.
    if (!field || (field === 'take' && !isExport)) return { ...column, holds: 'notes', why: 'unknown' }
    if (chosen.get(field) !== index) return { ...column, holds: 'notes', why: 'not-first' }
    if (field === 'generate_audio' && !hasSwitch(rows, index)) {
      return { ...column, holds: 'notes', why: 'no-switch' }
    }
    return { ...column, holds: field }
  })
}

/** Storyboards describe sounds in a column of the same title: it is a switch only where a cell is one. */
function hasSwitch(rows: readonly (readonly string[])[], index: number): boolean {
  const texts = rows.map((row) => plain(row[index] ?? '')).filter((text) => text !== '')
  return texts.length === 0 || texts.some((text) => switches.has(text.toLowerCase()))
}

/** What a cell says, or what it should say. */
export type Reading = { value: unknown } | { fault: string }

/** Reads a cell that is not empty as a field. Prompts are taken to the last blank; elsewhere blanks around do not count. */
export function readCell(field: ShotField | 'take', cell: string): Reading {
  return readers[field](cell)
}

const { definitions } = schema

const readers: Record<ShotField | 'take', (cell: string) => Reading> = {
  prompt: (cell) => ({ value: escaped(undefused(cell)) }),
  first_frame: (cell) => ({ value: escaped(undefused(cell.trim())) }),
  last_frame: (cell) => ({ value: escaped(undefused(cell.trim())) }),
  model: (cell) => ({ value: escaped(undefused(cell.trim())) }),
  duration: wholeNumber(/(?:s|secs?|seconds?|秒|秒钟)$/i, definitions.duration, 'seconds'),
  seed: wholeNumber(/$/, definitions.seed, 'a seed'),
  takes: wholeNumber(/(?:takes?|x|条|次)$/i, definitions.takes, 'takes'),
  take: wholeNumber(/$/, definitions.takes, 'a take'),
  // To a spreadsheet 16:9 is a time of day, and it writes 16:09 or 16:09:00.
  ratio: oneOf(definitions.ratio.enum, (text) =>
    text.replace(/^0?(\d{1,2})\s*:\s*0?(\d{1,2})(?::00)?$/, '$1:$2'),
  ),
  resolution: oneOf(definitions.resolution.enum, (text) => (/^\d{3,4}$/.test(text) ? `${text}p` : text)),
  generate_audio(cell) {
    const value = switches.get(plain(cell).toLowerCase())
    return value === undefined ? { fault: 'it must be yes or no (是 or 否)' } : { value }
  },
  tags(cell) {
    const words = undefused(cell)
      .split(/[\s,;、，；]+/)
      .filter((word) => word !== '')
    const value = [...new Set(words)]
    const odd = value.find((word) => !new RegExp(definitions.tags.items.pattern, 'u').test(word))
    const long = value.find((word) => [...word].length > definitions.tags.items.maxLength)
    if (odd !== undefined) return { fault: `"${odd}" must be letters, digits, "-", "_" and "."` }
    return long === undefined ? { value } : { fault: 'a tag has at most 100 characters' }
  },
}

const switches = new Map<string, boolean>([
  ...['yes', 'y', 'true', 'on', '1', '是', '有', '开'].map((word) => [word, true] as const),
  ...['no', 'n', 'false', 'off', '0', '否', '无', '关'].map((word) => [word, false] as const),
])

function wholeNumber(
  unit: RegExp,
  { minimum, maximum }: { minimum: number; maximum: number },
  what: string,
): (cell: string) => Reading {
  return (cell) => {
    const digits = plain(cell).replace(unit, '').trim()
    // Some spreadsheets write whole numbers as 5.0.
    const value = /^-?\d+(?:\.0+)?$/.test(digits) ? Number(digits) : Number.NaN
    if (value >= minimum && value <= maximum) return { value }
    return { fault: `it must be ${what}: a whole number from ${minimum} to ${maximum}` }
  }
}

function oneOf(allowed: readonly string[], tidy: (text: string) => string): (cell: string) => Reading {
  return (cell) => {
    const value = tidy(plain(cell).toLowerCase())
    return allowed.includes(value) ? { value } : { fault: `possible are ${allowed.join(', ')}` }
  }
}

/** A word as people type it in either width, without the blanks around it. */
function plain(cell: string): string {
  return cell.normalize('NFKC').trim()
}

/** A table knows no variables: what would be one in a manifest is a text. */
function escaped(text: string): string {
  return text.replaceAll('${', () => '$${')
}
