import { crc32, deflateRawSync } from 'node:zlib'

/** What a cell holds. Excel keeps `16:9` that is typed as a time of day: a share of a day, shown as hours and minutes. */
export type Cell = string | number | boolean | null | { date: number } | { time: number } | { error: string }

/** The share of a day that a time is. */
export const timeOf = (hours: number, minutes: number, seconds = 0): Cell => ({
  time: (hours * 3600 + minutes * 60 + seconds) / 86_400,
})

/** A workbook as Excel packs it, with texts in the shared table; sheets by their names, as rows of cells. */
export function workbook(
  sheets: Record<string, Cell[][]>,
  { epoch1904 = false, chart = false }: { epoch1904?: boolean; chart?: boolean } = {},
): Uint8Array {
  const texts: string[] = []
  const shared = (text: string) => (texts.includes(text) ? texts.indexOf(text) : texts.push(text) - 1)
  const names = Object.keys(sheets)
  const parts: Record<string, string> = {}
  for (const [index, rows] of Object.values(sheets).entries()) {
    const xml = rows.map((cells, row) => {
      const inside = cells.map((cell, col) => cellXml(cell, `${letter(col)}${row + 1}`, shared)).join('')
      return inside === '' ? '' : `<row r="${row + 1}">${inside}</row>`
    })
    parts[`xl/worksheets/sheet${index + 1}.xml`] =
      `<worksheet ${main}><sheetData>${xml.join('')}</sheetData></worksheet>`
  }
  const links = names.map((name, index) => ({
    name,
    to: `worksheets/sheet${index + 1}.xml`,
    type: 'worksheet',
  }))
  if (chart) {
    links.unshift({ name: 'Chart', to: 'chartsheets/sheet1.xml', type: 'chartsheet' })
    parts['xl/chartsheets/sheet1.xml'] = `<chartsheet ${main}/>`
  }
  const tags = links.map(
    ({ name }, index) => `<sheet name="${escaped(name)}" sheetId="${index + 1}" r:id="r${index}"/>`,
  )
  parts['xl/workbook.xml'] =
    `<workbook ${main}>${epoch1904 ? '<workbookPr date1904="1"/>' : ''}<sheets>${tags.join('')}</sheets></workbook>`
  const relations = [
    ...links,
    { to: 'styles.xml', type: 'styles' },
    { to: 'sharedStrings.xml', type: 'sharedStrings' },
  ]
  parts['xl/_rels/workbook.xml.rels'] = `<Relationships xmlns="${packages}/relationships">${relations
    .map(({ to, type }, index) => `<Relationship Id="r${index}" Type="${office}/${type}" Target="${to}"/>`)
    .join('')}</Relationships>`
  // Plain, a day, hours and minutes, hours to seconds.
  const formats = [0, 14, 20].map((id) => `<xf numFmtId="${id}" applyNumberFormat="1"/>`)
  parts['xl/styles.xml'] = `<styleSheet ${main}><cellXfs>${formats.join('')}</cellXfs></styleSheet>`
  parts['xl/sharedStrings.xml'] = `<sst ${main}>${texts
    .map((text) => `<si><t xml:space="preserve">${escaped(text)}</t></si>`)
    .join('')}</sst>`
  parts['[Content_Types].xml'] = `<Types xmlns="${packages}/content-types"/>`
  return zip(parts)
}

const packages = 'http://schemas.openxmlformats.org/package/2006'
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships'
const main = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="${office}"`

function letter(col: number): string {
  return String.fromCharCode(65 + col)
}

function cellXml(cell: Cell, at: string, shared: (text: string) => number): string {
  if (cell === null) return ''
  if (typeof cell === 'string') return cell === '' ? '' : `<c r="${at}" t="s"><v>${shared(cell)}</v></c>`
  if (typeof cell === 'boolean') return `<c r="${at}" t="b"><v>${Number(cell)}</v></c>`
  if (typeof cell === 'number') return `<c r="${at}"><v>${cell}</v></c>`
  if ('error' in cell) return `<c r="${at}" t="e"><v>${cell.error}</v></c>`
  return 'date' in cell
    ? `<c r="${at}" s="1"><v>${cell.date}</v></c>`
    : `<c r="${at}" s="2"><v>${cell.time}</v></c>`
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '_x000D_')
}

/** A ZIP archive of texts. Source: APPNOTE.TXT of PKWARE, 4.3. */
export function zip(parts: Record<string, string>): Uint8Array {
  const files: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [path, text] of Object.entries(parts)) {
    const name = Buffer.from(path)
    const bytes = Buffer.from(text)
    const packed = deflateRawSync(bytes)
    // From the version to the length of the name, both headers say the same.
    const facts = Buffer.alloc(26)
    facts.writeUInt16LE(20, 0)
    facts.writeUInt16LE(0x0800, 2)
    facts.writeUInt16LE(8, 4)
    facts.writeUInt32LE(crc32(bytes), 10)
    facts.writeUInt32LE(packed.length, 14)
    facts.writeUInt32LE(bytes.length, 18)
    facts.writeUInt16LE(name.length, 22)
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    const file = Buffer.concat([Buffer.from('PK\x03\x04'), facts, name, packed])
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\0'), facts, place, name]))
    files.push(file)
    offset += file.length
  }
  const index = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(files.length, 4)
  end.writeUInt16LE(files.length, 6)
  end.writeUInt32LE(index.length, 8)
  end.writeUInt32LE(offset, 12)
  return new Uint8Array(Buffer.concat([...files, index, Buffer.from('PK\x05\x06'), end]))
}
