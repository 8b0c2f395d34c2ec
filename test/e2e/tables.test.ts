import { existsSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { exportTable } from '../../src/commands/export.js'
import { parseManifest } from '../../src/core/manifest.js'
import { storyboardToManifest } from '../../src/core/storyboard.js'
import { createProject } from '../support/project.js'
import { createRig } from '../support/rig.js'
import { against, simulator } from '../support/simulated.js'
import { timeOf, workbook } from '../support/workbook.js'

/** The storyboard below in GBK, as a spreadsheet on a Chinese Windows saves it; Node decodes GBK and does not encode. */
const gbkTable = Buffer.from(
  'vrW6xSzM4cq+tMosyrGzpCyxyMD9LLfWsebCyizJ+dL0LLTOyv0sserHqSzJ49Owu/ossbjXog0KMSwiuvzA6tTa0am12MDv' +
    'sbzF3CwKvrXNt7j6y+YiLDXD6ywxNqO6OSw0ODBwLMrHLDIsZXAwMaGi0aksytaz1iwNCjEtM0EsIsWuuqLLtaO6IiLE47rD' +
    'IiIiLDQsOToxNiw0ODBwLLfxLCxlcDAxLCwi1tjSqgrU2b+00rux6SINCg0KtdozvrUsPdS2vrA9LDQsMToxLDQ4MHAszt4s' +
    'MSwsucy2qCwNCg==',
  'base64',
)
const table = `镜号,提示词,时长,比例,分辨率,声音,次数,标签,摄影机,备注\r
1,"狐狸在雪地里奔跑,\n镜头跟随",5秒,16：9,480p,是,2,ep01、雪,手持,\r
1-3A,"女孩说：""你好""",4,9:16,480p,否,,ep01,,"重要\n再看一遍"\r
\r
第3镜,=远景=,4,1:1,480p,无,1,,固定,\r
`
const model = 'doubao-seedance-2-0-mini-260615'
const codeOf = (stderr: string) => /\(([\w-]+)\): /.exec(stderr)?.[1]

test('a storyboard in GBK becomes a manifest that validates and runs, and its results a table without loss', async () => {
  expect(new TextDecoder('gbk').decode(gbkTable)).toBe(table)
  const project = createProject({ '分镜 01.csv': gbkTable })
  const imported = await project.shotlock(['import', '分镜 01.csv', '--model', model])
  expect(imported).toMatchObject({ status: 0 })
  expect(imported.stdout).toContain('GBK, commas, 3 shots, 4 takes')
  const manifest = 'manifests/分镜-01.yaml'
  expect(project.read(manifest)).toContain('# 摄影机: 手持\n')
  expect(await project.shotlock(['validate'])).toMatchObject({ status: 0 })

  const sim = against(await simulator())
  expect(await project.shotlock(['run', ...sim, '--yes'])).toMatchObject({ status: 0 })
  const exported = await project.shotlock(['export', ...sim, '--out', 'results.csv'])
  expect(exported).toMatchObject({ status: 0, stdout: 'results.csv: 4 takes\n' })

  const text = project.read('results.csv')
  expect(text.startsWith('\ufeffshot,take,prompt,')).toBe(true)
  const rows: Record<string, string>[] = parse(text, { columns: true, bom: true })
  expect(rows.map(({ shot, take, prompt, tags }) => [shot, take, prompt, tags])).toEqual([
    ['1', '1', '狐狸在雪地里奔跑,\n镜头跟随', 'ep01, 雪'],
    ['1', '2', '狐狸在雪地里奔跑,\n镜头跟随', 'ep01, 雪'],
    ['1-3A', '1', '女孩说："你好"', 'ep01'],
    ['第3镜', '1', "'=远景=", ''],
  ])
  for (const row of rows) {
    expect(row).toMatchObject({ status: 'succeeded', currency: 'CNY', error: '', manifest })
    expect(Number(row.cost)).toBeGreaterThan(0)
    expect(Number(row.tokens)).toBeGreaterThan(0)
    expect(existsSync(project.path(`manifests/${row.video}`))).toBe(true)
  }

  const again = await project.shotlock(['import', 'results.csv', '--out', 'manifests/again.yaml'])
  expect(again).toMatchObject({ status: 0 })
  const shotsIn = (file: string) => parseManifest(project.read(file), file).manifest.shots
  expect(shotsIn('manifests/again.yaml')).toEqual(shotsIn(manifest))
})

test('a sheet of a workbook becomes a manifest that validates, and its problems name their cells', async () => {
  const book = workbook({
    封面: [['第一集']],
    分镜: [
      ['镜号', '提示词', '时长', '比例', '声音'],
      ['1-3A', '狐狸在雪地里奔跑', 5, timeOf(16, 9), true],
      [2, '女孩说："你好"', '4秒', '9:16', false],
    ],
    旧: [
      ['镜号', '提示词', '时长'],
      [1, '奔跑', '很久'],
    ],
  })
  const project = createProject({ 'sb.xlsx': book })
  const imported = await project.shotlock(['import', 'sb.xlsx', '--model', model, '--sheet', '分镜'])
  expect(imported).toMatchObject({ status: 0, stdout: expect.stringContaining('sheet "分镜" of 3, 2 shots') })
  expect(await project.shotlock(['validate'])).toMatchObject({ status: 0 })
  const { shots } = parseManifest(project.read('manifests/sb.yaml'), 'sb.yaml').manifest
  expect(shots.map(({ name, parameters }) => ({ name, ...parameters }))).toEqual([
    { name: '1-3A', duration: 5, ratio: '16:9', generate_audio: true },
    { name: '2', duration: 4, ratio: '9:16', generate_audio: false },
  ])

  const first = await project.shotlock(['import', 'sb.xlsx', '--out', '-'])
  expect(first).toMatchObject({ status: 2, stderr: expect.stringContaining('(--sheet NAME)') })
  const old = await project.shotlock(['import', 'sb.xlsx', '--out', '-', '--model', model, '--sheet', '旧'])
  expect(old).toMatchObject({ status: 2, stderr: expect.stringMatching(/^sb\.xlsx:C2 {2}时长 is "很久"/m) })
})

test('nothing is written over', async () => {
  const project = createProject({
    'sb.csv': 'prompt\na fox\n',
    'manifests/sb.yaml': 'mine',
    'out.csv': 'mine',
    'manifests/a.yaml': `version: 1\ndefaults: { model: ${model} }\nshots: { fox: { prompt: a fox } }\n`,
  })
  const imported = await project.shotlock(['import', 'sb.csv', '--model', model])
  expect([imported.status, codeOf(imported.stderr)]).toEqual([2, 'file-exists'])
  const exported = await project.shotlock(['export', 'manifests/a.yaml', '--out', 'out.csv'])
  expect([exported.status, codeOf(exported.stderr)]).toEqual([2, 'file-exists'])
  expect([project.read('manifests/sb.yaml'), project.read('out.csv')]).toEqual(['mine', 'mine'])
})

test('both commands print where they are asked to', async () => {
  const project = createProject({
    'sb.tsv': 'name\tprompt\nfox\ta fox\n',
    'manifests/a.yaml': `version: 1\ndefaults: { model: ${model} }\nshots: { fox: { prompt: "-a\\n-b" } }\n`,
  })
  const { stdout, status } = await project.shotlock(['import', 'sb.tsv', '--model', model, '--out', '-'])
  expect({ status, problems: parseManifest(stdout, 'sb.yaml').problems }).toEqual({ status: 0, problems: [] })
  expect(existsSync(project.path('manifests/sb.yaml'))).toBe(false)

  const exported = await project.shotlock(['export'])
  expect(exported.stdout).toContain(`\r\nfox,1,"'-a\n-b",,,,,,${model},,,absent,`)
  expect(exported.stdout.endsWith('manifests/a.yaml\r\n')).toBe(true)
})

test('a table with problems shows them all with row and column, and nothing is written', async () => {
  const project = createProject({ 'sb.csv': '镜号,提示词,时长\n1,奔跑,很久\n1,,5\n' })
  const { status, stdout, stderr } = await project.shotlock(['import', 'sb.csv'])
  expect({ status, stdout, code: codeOf(stderr) }).toEqual({ status: 2, stdout: '', code: 'table-invalid' })
  expect(stderr.match(/^sb\.csv:\d+:\d+/gm)).toEqual(['sb.csv:1:1', 'sb.csv:2:3', 'sb.csv:3:1', 'sb.csv:3:2'])
  expect(existsSync(project.path('manifests'))).toBe(false)
})

test.each([
  ['a damaged workbook', ['import', 'a.xlsx'], 'table-invalid', /damaged.*\nSave it as \.xlsx/],
  ['a sheet of a text', ['import', 'a.csv', '--sheet', 'one'], 'usage', /no sheets/],
  ['a table that is not there', ['import', 'nope.csv'], 'table-invalid', /no such file/],
  ['a manifest with another ending', ['import', 'a.xlsx', '--out', 'a.csv'], 'usage', /\.yaml/],
  ['--out without a file', ['import', 'a.xlsx', '--out'], 'usage', /--out/],
])('%s is refused', async (_, args, code, message) => {
  const project = createProject({ 'a.xlsx': Uint8Array.of(0x50, 0x4b, 3, 4), 'a.csv': 'prompt\na fox\n' })
  const { status, stderr } = await project.shotlock(args)
  expect({ status, code: codeOf(stderr) }).toEqual({ status: 2, code })
  expect(stderr).toMatch(message)
})

test('any prompt comes back from an export that is imported', async () => {
  const prompts = fc
    .oneof(
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.string({ unit: fc.constantFrom(...' \t\r\n"\'=+-@,;|${}#狐\u2028'), maxLength: 12 }),
    )
    .filter((text) => /\S/.test(text))
  await fc.assert(
    fc.asyncProperty(fc.array(prompts, { minLength: 1, maxLength: 6 }), async (texts) => {
      const rig = createRig(
        Object.fromEntries(
          texts.map((text, index) => [`s${index}`, { prompt: text.replaceAll('${', () => '$${'), takes: 2 }]),
        ),
      )
      const options = { paths: [], cwd: '/project', rehearsal: false, selection: {} }
      const { text } = await exportTable(options, rig.world)
      const names = { file: 'out.csv', manifestFile: 'a.yaml', schemaPath: 'schema.json' }
      const made = storyboardToManifest(new TextEncoder().encode(text), names)
      if ('fault' in made) throw new Error(JSON.stringify(made.problems))
      const { shots } = parseManifest(made.text, 'a.yaml').manifest
      expect(shots.map(({ name, prompt, takes }) => ({ name, prompt, takes }))).toEqual(
        texts.map((prompt, index) => ({ name: `s${index}`, prompt, takes: 2 })),
      )
    }),
  )
})
