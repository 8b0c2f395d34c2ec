import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseManifest } from '../../src/core/manifest.js'
import { type Storyboard, storyboardToManifest } from '../../src/core/storyboard.js'
import { writeTable } from '../../src/core/table.js'
import { cellAddress, readWorkbook, type Sheet, workbookKind } from '../../src/core/workbook.js'
import { type Cell, timeOf, workbook, zip } from '../support/workbook.js'
import { pro15 } from './builders.js'

const options = { file: 'sb.xlsx', manifestFile: 'sb.yaml', schemaPath: 'schema.json', model: pro15 }

async function sheetOf(bytes: Uint8Array, name?: string): Promise<Sheet> {
  const sheet = await readWorkbook(bytes, name)
  if ('kind' in sheet) throw new Error(sheet.message)
  return sheet
}

async function storyboardOf(rows: Cell[][]): Promise<Storyboard> {
  const made = storyboardToManifest(await sheetOf(workbook({ one: rows })), options)
  if ('fault' in made) throw new Error(JSON.stringify(made.problems))
  return made
}

const shotsIn = ({ text }: Storyboard) => parseManifest(text, 'sb.yaml').manifest.shots
/** What is said of the table, as `cell code`. */
const saidOf = (problems: Storyboard['problems']) =>
  problems.filter(({ file }) => file === 'sb.xlsx').map(({ cell, code }) => `${cell} ${code}`)

test.each<[string, Cell, string]>([
  ['a text', ' a\nb ', ' a\nb '],
  ['a whole number', 5, '5'],
  ['a number', 7.5, '7.5'],
  ['a number that is not exact in binary', 0.1 + 0.2, '0.3'],
  ['a seed', 4_294_967_295, '4294967295'],
  ['yes', true, 'TRUE'],
  ['a day', { date: 46_025 }, '2026-01-03'],
  ['a day and a time', { date: 46_025.75 }, '2026-01-03 18:00'],
  ['a time of day', timeOf(16, 9), '16:09'],
  ['a time of day to the second', timeOf(0, 0, 5), '00:00:05'],
  ['an error of a formula', { error: '#N/A' }, ''],
])('%s is the text that a person sees', async (_, cell, text) => {
  const { rows } = await sheetOf(workbook({ one: [[cell, 'end']] }))
  expect(rows).toEqual([[text, 'end']])
})

test('times are the same where days count from 1904', async () => {
  const { rows } = await sheetOf(workbook({ one: [[timeOf(16, 9)]] }, { epoch1904: true }))
  expect(rows).toEqual([['16:09']])
})

test('rows and columns keep their numbers, whatever is empty', async () => {
  const { rows } = await sheetOf(workbook({ one: [[], [null, 'B2'], [], [null, null, 'C4', null]] }))
  expect(rows).toEqual([[], ['', 'B2'], [], ['', '', 'C4']])
  expect([cellAddress(4, 3), cellAddress(1, 26), cellAddress(2, 27), cellAddress(9, 703)]).toEqual([
    'C4',
    'Z1',
    'AA2',
    'AAA9',
  ])
})

describe('of several sheets', () => {
  const book = workbook({ 封面: [['第一集']], 分镜: [['prompt'], ['a fox']] }, { chart: true })

  test('the first is read, charts aside', async () => {
    expect(await sheetOf(book)).toMatchObject({ name: '封面', others: ['分镜'], rows: [['第一集']] })
  })

  test('another is read by its name', async () => {
    expect(await sheetOf(book, '分镜')).toMatchObject({ name: '分镜', rows: [['prompt'], ['a fox']] })
  })

  test('one that is not there is told, with those that are', async () => {
    expect(await readWorkbook(book, 'nope')).toMatchObject({
      kind: 'sheet',
      hint: expect.stringContaining('封面, 分镜'),
    })
  })

  test('the others are named when the first holds no table', async () => {
    const made = storyboardToManifest(await sheetOf(book), options)
    expect(made.problems).toMatchObject([
      { code: 'missing-field', cell: 'A1', message: expect.stringContaining('"分镜" (--sheet NAME)') },
    ])
  })
})

test('a ratio that the spreadsheet took for a time is the ratio that was typed', async () => {
  const ratios = ['16:9', '9:16', '4:3', '3:4', '1:1', '21:9']
  const typed = ratios.map((ratio) => timeOf(...(ratio.split(':').map(Number) as [number, number])))
  const made = await storyboardOf([
    ['镜号', '提示词', '比例'],
    ...typed.map((cell, row) => [row + 1, 'x', cell]),
  ])
  expect(shotsIn(made).map(({ parameters }) => parameters.ratio)).toEqual(ratios)
})

test.each(['16:09', '16:09:00', '16：9', ' 16 : 9 '])(
  'a ratio in a text that a spreadsheet wrote may read %j',
  (cell) => {
    const made = storyboardToManifest(new TextEncoder().encode(`prompt,ratio\nx,${cell}\n`), options)
    if ('fault' in made) throw new Error(JSON.stringify(made.problems))
    expect(shotsIn(made)[0]!.parameters.ratio).toBe('16:9')
  },
)

test('a name that the spreadsheet took for a date is pointed at', async () => {
  const made = await storyboardOf([
    ['镜号', '提示词'],
    [{ date: 46_025 }, '奔跑'],
    ['1-4', '跳跃'],
  ])
  expect(saidOf(made.problems)).toEqual(['A2 wrong-value'])
  expect(made.problems[0]).toMatchObject({ severity: 'warning', line: 2, col: 1, shot: '2026-01-03' })
})

test('problems name the cell', async () => {
  const rows: Cell[][] = [
    ['镜号', '提示词', '时长'],
    [1, '奔跑', '很久'],
    [1, null, 5],
    [2, '跳跃', 5, 'more'],
  ]
  const made = storyboardToManifest(await sheetOf(workbook({ one: rows })), options)
  expect(saidOf(made.problems)).toEqual([
    'C2 wrong-value',
    'A3 shot-name',
    'B3 missing-field',
    'D4 wrong-value',
  ])
})

describe('what is no workbook that can be read', () => {
  const whole = workbook({ one: [['prompt']] })
  const ole = (text: string) => Uint8Array.from([0xd0, 0xcf, 0x11, 0xe0, ...Buffer.from(text, 'utf16le')])
  test.each<[string, Uint8Array, RegExp]>([
    ['a workbook with a password', ole('Root Entry…EncryptedPackage'), /password/],
    ['a workbook of an older kind', ole('Root Entry…Workbook'), /\.xls/],
    ['a workbook that is cut off', whole.subarray(0, whole.length / 2), /damaged/],
    ['a workbook of another program', zip({ 'content.xml': '<office/>' }), /no \.xlsx workbook/],
    ['a workbook with a broken part', zip(brokenParts()), /damaged/],
  ])('%s is told', async (_, bytes, message) => {
    expect(workbookKind(bytes)).toBeDefined()
    expect(await readWorkbook(bytes, undefined)).toMatchObject({
      kind: 'workbook',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('Save it as .xlsx'),
    })
  })

  function brokenParts(): Record<string, string> {
    const relation = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
    return {
      'xl/workbook.xml': `<workbook xmlns:r="${relation}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>`,
      'xl/_rels/workbook.xml.rels': `<Relationships><Relationship Id="r1" Type="${relation}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
      'xl/worksheets/sheet1.xml':
        '<worksheet><sheetData><row r="1"><c r="A1"><v>1</row></sheetData></worksheet>',
    }
  }
})

test('a table of texts becomes the same manifest from a workbook as from CSV', async () => {
  const text = fc
    .string({ unit: fc.constantFrom(...' \t\n"\'=+-,;|<&>${}#_x000D_狐💩'), minLength: 1, maxLength: 12 })
    .filter((one) => /\S/.test(one))
  const rows = fc.array(fc.tuple(text, fc.option(text, { nil: '' }), fc.constantFrom('', '16:9', '９：16')), {
    minLength: 1,
    maxLength: 5,
  })
  await fc.assert(
    fc.asyncProperty(rows, async (body) => {
      const table = [['prompt', '备注', 'ratio'], ...body]
      const read = (source: Uint8Array | Sheet) => {
        const made = storyboardToManifest(source, options)
        return 'fault' in made ? made.problems.map(({ line, col, code }) => [line, col, code]) : made.text
      }
      expect(read(await sheetOf(workbook({ one: table })))).toEqual(
        read(new TextEncoder().encode(writeTable(table))),
      )
    }),
    { numRuns: 60 },
  )
})
