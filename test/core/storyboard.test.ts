import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseManifest } from '../../src/core/manifest.js'
import { shotNameFault } from '../../src/core/names.js'
import { type Storyboard, shotNameFrom, storyboardToManifest } from '../../src/core/storyboard.js'
import { defused, undefused, writeTable } from '../../src/core/table.js'
import { pro15 } from './builders.js'

const options = {
  file: 'sb.csv',
  manifestFile: 'manifests/sb.yaml',
  schemaPath: '../schemas/manifest.schema.json',
}
const bytesOf = (text: string) => new TextEncoder().encode(text)

function storyboard(table: string | Uint8Array, model: string | undefined = pro15): Storyboard {
  const bytes = typeof table === 'string' ? bytesOf(table) : table
  const made = storyboardToManifest(bytes, { ...options, model })
  if ('fault' in made) throw new Error(JSON.stringify(made.problems))
  return made
}

/** The shots of the manifest that a table becomes. */
function shotsOf(table: string | Uint8Array, model?: string) {
  const { manifest, problems } = parseManifest(storyboard(table, model).text, 'sb.yaml')
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
  return manifest.shots
}

/** What is wrong with a table, as `row:col code`. */
function faultsOf(table: string | Uint8Array, model: string | undefined = pro15): string[] {
  const bytes = typeof table === 'string' ? bytesOf(table) : table
  const made = storyboardToManifest(bytes, { ...options, model })
  expect(made).toHaveProperty('fault')
  return made.problems
    .filter(({ severity }) => severity === 'error')
    .map(({ line, col, code }) => `${line}:${col} ${code}`)
}

/** `镜号,提示词` and a row `1,奔跑` in GBK. */
const gbk = [
  ...[0xbe, 0xb5, 0xba, 0xc5, 0x2c, 0xcc, 0xe1, 0xca, 0xbe, 0xb4, 0xca, 0x0d, 0x0a],
  ...[0x31, 0x2c, 0xb1, 0xbc, 0xc5, 0xdc, 0x0d, 0x0a],
]

function utf16(text: string, littleEndian: boolean): Uint8Array {
  const bytes = new Uint8Array(2 * (text.length + 1))
  const view = new DataView(bytes.buffer)
  for (const [index, char] of [...`\ufeff${text}`].entries()) {
    view.setUint16(2 * index, char.charCodeAt(0), littleEndian)
  }
  return bytes
}

describe('a table of any kind is read', () => {
  const text = '镜号,提示词\r\n1,奔跑\r\n'
  test.each([
    ['UTF-8', bytesOf(text)],
    ['UTF-8', bytesOf(`\ufeff${text}`)],
    ['UTF-16', utf16(text, true)],
    ['UTF-16', utf16(text, false)],
    ['GBK', Uint8Array.from(gbk)],
  ] as const)('%s', (encoding, bytes) => {
    expect(storyboard(bytes).encoding).toBe(encoding)
    expect(shotsOf(bytes)).toMatchObject([{ name: '1', prompt: '奔跑' }])
  })

  test.each([',', ';', '\t', '|'] as const)(
    'with %j between the cells, whatever stands in the texts',
    (delimiter) => {
      const table = `shot${delimiter}prompt\na${delimiter}"one, two; three\tfour | five"\n`
      expect(storyboard(table).delimiter).toBe(delimiter)
      expect(shotsOf(table)).toMatchObject([{ name: 'a', prompt: 'one, two; three\tfour | five' }])
    },
  )

  test('a single column of prompts needs no delimiter', () => {
    expect(shotsOf('prompt\na fox; a hen\nan owl, a cat, a dog; all\n')).toHaveLength(2)
  })

  test('the last row needs no end, and line ends of all kinds may be mixed', () => {
    expect(shotsOf('prompt\r\na fox\nan owl\ra cat').map(({ prompt }) => prompt)).toEqual([
      'a fox',
      'an owl',
      'a cat',
    ])
  })

  test('a cell that is never closed is told with its row', () => {
    expect(faultsOf('shot,prompt\na,fox\nb,"owl\nc,cat\n')).toEqual(['3:1 wrong-value'])
  })

  test('a character of four bytes does not make a table of GBK unreadable', () => {
    const bytes = Uint8Array.from([...gbk.slice(0, -4), 0x94, 0x39, 0xda, 0x33, 0x0a])
    expect(shotsOf(bytes)).toMatchObject([{ prompt: '奔💩' }])
  })

  test('what is no text is told', () => {
    expect(faultsOf(Uint8Array.of(0x50, 0x4b, 3, 4, 0))).toEqual(['1:1 encoding'])
    expect(faultsOf(Uint8Array.of(0x70, 0xff, 0xff))).toEqual(['1:1 encoding'])
  })
})

describe('titles and cells', () => {
  test('Chinese and English titles mean the same, in either width and case', () => {
    const english =
      'Shot,Prompt,First Frame,Last_Frame,DURATION,Ratio,Resolution,Model,Seed,Takes,Tags,Audio\n' +
      `1-3A,a fox,a.png,b.png,5s,16:9,720P,${pro15},7,2,"ep01, snow",yes\n`
    const chinese =
      '镜号,提示词,首帧图,尾帧,时长（秒）,画幅,分辨率,模型,种子,次数,标签,声音\n' +
      `1-3A,a fox,a.png,b.png,５秒,16：9,720,${pro15},7,2条,ep01、snow,是\n`
    const [shot] = shotsOf(english)
    expect(shot).toMatchObject({
      name: '1-3A',
      prompt: 'a fox',
      media: [{ source: { path: 'a.png' } }, { source: { path: 'b.png' } }],
      parameters: { duration: 5, ratio: '16:9', resolution: '720p', seed: 7, generate_audio: true },
      takes: 2,
      tags: ['ep01', 'snow'],
    })
    expect(shotsOf(chinese)).toEqual([shot])
  })

  test('rows above the titles, notes and columns that are not known become comments', () => {
    const { text, problems } = storyboard(
      '第一集,,\n镜号,提示词,备注,摄影机\n1,奔跑,"重要\n# 再看",手持\n\n2,跳跃,,手持\n',
    )
    expect(text).toMatchInlineSnapshot(`
      "# yaml-language-server: $schema=../schemas/manifest.schema.json
      # 第一集

      version: 1
      defaults:
        model: doubao-seedance-1-5-pro-251215

      shots:
        # 重要
        # # 再看
        # 摄影机: 手持
        '1':
          prompt: 奔跑

        # 摄影机: 手持
        '2':
          prompt: 跳跃
      "
    `)
    expect(problems.filter(({ file }) => file === 'sb.csv')).toMatchObject([
      { severity: 'warning', code: 'unknown-field', line: 2, col: 4 },
    ])
  })

  test('of two columns for one field the surer title counts, and the other is kept', () => {
    const { text } = storyboard('画面,提示词\n雪原,a snowy plain\n')
    expect(text).toContain('# 画面: 雪原\n')
    expect(text).toContain('prompt: a snowy plain\n')
  })

  test('a column of sounds that are described is no switch', () => {
    const { text } = storyboard('提示词,声音\n奔跑,风声\n')
    expect(text).toContain('# 声音: 风声\n')
    expect(text).not.toContain('generate_audio')
  })

  test('the model of most shots becomes the default, unless one is given', () => {
    const table = 'prompt,model\na,m-1\nb,m-2\nc,m-2\nd,m-2\n'
    expect(storyboardToManifest(bytesOf(table), options)).toMatchObject({ model: 'm-2' })
    expect(shotsOf(table, 'm-3').map(({ model }) => model)).toEqual(['m-1', 'm-2', 'm-2', 'm-2'])
    expect(shotsOf('prompt,model\na,m-1\nb,\n', 'm-3').map(({ model }) => model)).toEqual(['m-1', 'm-3'])
  })
})

describe('problems of a table are all told at once, by row and column', () => {
  test('an empty row counts as a row', () => {
    const table =
      '镜号,提示词,时长,比例,次数,声音\n1,奔跑,很久,16:9,1,是\n\n2,,5,,,\n1,跳跃,5,2:1,0,也许\n3,a,5,,,,,多\n'
    expect(faultsOf(table)).toEqual([
      '2:3 wrong-value',
      '4:2 missing-field',
      '5:1 shot-name',
      '5:4 wrong-value',
      '5:5 wrong-value',
      '5:6 wrong-value',
      '6:8 wrong-value',
    ])
  })

  test('names that differ only in case are one', () => {
    expect(faultsOf('shot,prompt\nFox,a\nfox,b\n')).toEqual(['3:1 shot-name'])
  })

  test('a table without a model, without rows, without titles', () => {
    const made = storyboardToManifest(bytesOf('prompt\na\n'), options)
    expect(made.problems).toMatchObject([{ code: 'missing-field', line: 1, col: 1 }])
    expect(faultsOf('prompt\n\n')).toEqual(['1:1 no-shots'])
    expect(faultsOf('a,b\nc,d\n')).toEqual(['1:1 missing-field'])
  })

  test('what the manifest breaks is told at the line of the manifest', () => {
    const { problems } = storyboard('shot,prompt,duration\nfox,a fox,3\n')
    expect(problems).toContainEqual(
      expect.objectContaining({ file: 'manifests/sb.yaml', code: 'duration-range', shot: 'fox' }),
    )
  })
})

describe('names', () => {
  test.each([
    ['1', '1'],
    ['1-3A', '1-3A'],
    ['第3镜', '第3镜'],
    ['第 3 镜', '第-3-镜'],
    ['EP01/SC02', 'EP01-SC02'],
    ['-3.', '3'],
    ['con', 'shot-con'],
    ['', 'row-7'],
    ['???', 'row-7'],
  ])('%j becomes %j', (cell, name) => {
    expect(shotNameFrom(cell, 7)).toBe(name)
  })

  test('any cell becomes a name that is possible, and one that is possible stays', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 150 }), (cell) => {
        const name = shotNameFrom(cell, 7)
        expect(shotNameFault(name)).toBeUndefined()
        expect(shotNameFrom(name, 7)).toBe(name)
      }),
    )
  })
})

/** Texts as people and their spreadsheets write them, and worse. */
const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({
    unit: fc.constantFrom(...' \t\r\n"\'#:-=+@,;|$${}[]&*!%>\\狐\u0085\u2028\ufeff\u0000'),
    maxLength: 20,
  }),
)
const prompts = texts.filter((text) => /\S/.test(text))

describe('round trips', () => {
  test('any prompt reads back from the manifest as it stood in the table', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(prompts, texts), { minLength: 1, maxLength: 8 }), (rows) => {
        const table = writeTable([
          ['镜号', 'prompt', '备注'],
          ...rows.map(([prompt, note], index) => [`s${index}`, defused(prompt), note]),
        ])
        const { manifest } = parseManifest(storyboard(table).text, 'sb.yaml')
        expect(manifest.shots.map(({ name, prompt }) => [name, prompt])).toEqual(
          rows.map(([prompt], index) => [`s${index}`, prompt]),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('what would be a variable in a manifest is a text in a table', () => {
    const prompt = 'a ${fox}, $${x}, $$${'
    expect(shotsOf(`prompt\n"${prompt}"\n`)).toMatchObject([{ prompt }])
  })

  test('a text that was made harmless is no formula, and comes back', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(undefused(defused(text))).toBe(text)
        expect(defused(text)).not.toMatch(/^[=+\-@]/)
      }),
    )
    expect(["'=1", '=1', "'a"].map(defused)).toEqual(["''=1", "'=1", "'a"])
  })

  test('a prompt of several lines is written as a block', () => {
    expect(storyboard('prompt\n"one\ntwo"\n').text).toContain('prompt: |-\n      one\n      two\n')
  })

  test('rows of an export that are takes of one shot become its takes, and results stay out', () => {
    const table =
      'shot,take,prompt,status,task,seed,cost\nfox,1,a fox,succeeded,t1,4,1\nfox,2,a fox,failed,t2,5,\nowl,1,an owl,absent,,,\n'
    const { text, leftOut } = storyboard(table)
    expect(leftOut).toEqual(['status', 'task', 'seed', 'cost'])
    expect(text).not.toContain('seed:')
    expect(shotsOf(table)).toMatchObject([
      { name: 'fox', takes: 2 },
      { name: 'owl', takes: 1 },
    ])
    expect(faultsOf(`${table}owl,1,again,,,,\n`)).toEqual(['5:1 shot-name'])
  })
})
