import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import lockfileSchema from '../../schemas/lockfile.schema.json' with { type: 'json' }
import manifestSchema from '../../schemas/manifest.schema.json' with { type: 'json' }
import pricesSchema from '../../schemas/prices.schema.json' with { type: 'json' }
import { type LanguageServer, type OpenFile, startLanguageServer } from '../support/language-server.js'
import { createProject } from '../support/project.js'

const modeline = '# yaml-language-server: $schema=../schemas/manifest.schema.json\n'
const page = readFileSync('docs/manifest.md', 'utf8')

let folder: string
let server: LanguageServer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'shotlock-test-'))
  // What `init` puts into a project, and what installing the package does.
  for (const place of ['schemas', 'node_modules/shotlock/schemas'])
    cpSync('schemas', join(folder, place), { recursive: true })
  const [, settings = ''] = /^```json\n(.*?)^```/ms.exec(page) ?? []
  server = await startLanguageServer(folder, { settings: { schemas: JSON.parse(settings)['yaml.schemas'] } })
})

afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

interface Schema {
  $ref?: string
  type?: string | string[]
  description?: string
  const?: unknown
  enum?: unknown[]
  examples?: unknown[]
  required?: string[]
  items?: Schema
  properties?: Record<string, Schema>
  additionalProperties?: boolean | Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  allOf?: Schema[]
  definitions?: Record<string, Schema>
}

/** A map in a file, with all the fields that the schema has for it. */
interface Place {
  /** The way to it: `shots.fox`. */
  name: string
  /** Price files are `prices`. */
  file: 'manifests' | 'prices' | 'lockfiles'
  /** The file up to the map. */
  before: string
  indent: string
  fields: [name: string, schema: Schema][]
}

/** Every map that a schema has fields for, wherever it stands, so that a new one is tested by itself. */
function placesOf(file: Place['file'], root: Schema, head: string): Place[] {
  const resolve = (schema: Schema) =>
    schema.$ref === undefined ? schema : root.definitions![schema.$ref.replace('#/definitions/', '')]!
  const places: Place[] = []
  const look = (schema: Schema, name: string, before: string, indent: string) => {
    const { properties, items, additionalProperties, oneOf = [], anyOf = [], allOf = [] } = resolve(schema)
    const dot = root.properties === properties ? '' : `${name}.`
    const deeper = `${indent}  `
    if (properties) {
      const fields = Object.entries(properties)
      places.push({
        name,
        file,
        before,
        indent,
        fields: fields.map(([key, field]) => [key, resolve(field)]),
      })
      for (const [key, field] of fields) look(field, dot + key, `${before}${indent}${key}:\n`, deeper)
    }
    if (items) look(items, `${name}[0]`, `${before}${indent}-\n`, deeper)
    if (typeof additionalProperties === 'object')
      look(additionalProperties, `${dot}fox`, `${before}${indent}fox:\n`, deeper)
    for (const part of [...oneOf, ...anyOf, ...allOf]) look(part, name, before, indent)
  }
  look(root, 'the top', head, '')
  return places
}

const inManifest = placesOf('manifests', manifestSchema, modeline)
const inPrices = placesOf('prices', pricesSchema, modeline.replace('manifest', 'prices'))
const inLockfile = placesOf('lockfiles', lockfileSchema, '')

test('the maps of all kinds of files are found', () => {
  const names = [...inManifest, ...inPrices, ...inLockfile].map(({ name }) => name)
  expect(names).toEqual(
    expect.arrayContaining(['the top', 'defaults', 'prices[0]', 'shots.fox', 'shots.fox.spent.fox']),
  )
})

/** A value of the kind that the schema wants, as text of a flow collection. */
function sample(schema: Schema): string {
  const first = schema.const ?? schema.enum?.[0] ?? schema.examples?.[0]
  if (first !== undefined) return JSON.stringify(first)
  const [one] = schema.oneOf ?? schema.anyOf ?? []
  const type = [schema.type].flat()[0]
  if (type === undefined && one) return sample(one)
  if (type === 'integer' || type === 'number') return '1'
  return { boolean: 'true', array: '["x"]', object: '{}' }[type as string] ?? '"x"'
}

let opened = 0
/** Opens a file under a name of its own. */
function open(text: string, { in: place = 'manifests' } = {}): OpenFile {
  opened += 1
  const name = place === 'lockfiles' ? `manifests/m${opened}.lock.yaml` : `${place}/m${opened}.yaml`
  return server.open(join(folder, name), text)
}

/** What hovering shows, without the marks that keep Markdown from reading it as its own. */
const plain = (markdown: string) => markdown.replaceAll(/\\([\\`*_{}[\]#+!])/g, '$1')

describe.each([...inManifest, ...inPrices, ...inLockfile])(
  'hovering in $file at $name',
  ({ file, before, indent, fields }) => {
    test('shows the description of every field', async () => {
      const lines = fields.map(([name, schema]) => `${indent}${name}: ${sample(schema)}\n`)
      const document = open(before + lines.join(''), { in: file })
      const silent: string[] = []
      for (const [at, [name, { description }]] of fields.entries()) {
        const start = before.length + lines.slice(0, at).join('').length + indent.length
        const shown = plain(await document.hover(start + 1))
        if (!description || !shown.includes(description)) silent.push(`${name}: ${shown}`)
      }
      expect(fields).not.toEqual([])
      expect(silent).toEqual([])
    })
  },
)

describe.each([...inManifest, ...inPrices])(
  'typing in $file at $name',
  ({ file, before, indent, fields }) => {
    const names = fields.map(([name]) => name)

    async function offered(present: Place['fields']) {
      const lines = present.map(([name, schema]) => `${indent}${name}: ${sample(schema)}\n`)
      const text = `${before}${lines.join('')}${indent}`
      const all = await open(text, { in: file }).complete(text.length)
      return all.filter(({ label }) => names.includes(label))
    }

    test('offers every field of an empty map, each with its description', async () => {
      const suggestions = await offered([])
      expect(suggestions.map(({ label }) => label).sort()).toEqual(names.toSorted())
      const described = Object.fromEntries(fields.map(([name, { description }]) => [name, description]))
      expect(
        Object.fromEntries(suggestions.map(({ label, documentation }) => [label, documentation])),
      ).toEqual(described)
    })

    test('offers the fields that are not there yet, and no others', async () => {
      const present = fields.filter((_, at) => at % 2 === 0)
      const missing = names.filter((_, at) => at % 2 === 1)
      const suggestions = await offered(present)
      expect(suggestions.map(({ label }) => label).sort()).toEqual(missing.toSorted())
    })

    test('puts in a field with its colon and no value that the schema refuses', async () => {
      const { $schema, definitions } = manifestSchema
      const refused: string[] = []
      for (const { label, text } of await offered([])) {
        if (!text.startsWith(`${label}:`)) refused.push(text)
        // A number or word that stands there until it is typed over.
        const [, value] = /^[a-z_]+: \$\{1:(.+)\}$/.exec(text) ?? []
        if (value === undefined) continue
        const schema = fields.find(([name]) => name === label)![1]
        const accepts = new Ajv({ allowUnionTypes: true }).compile({ ...schema, $schema, definitions })
        if (!accepts(parse(value))) refused.push(text)
      }
      expect(refused).toEqual([])
    })

    test('offers every value of the fields that have a few, and the known models', async () => {
      const wanted: Record<string, string[]> = {}
      const seen: Record<string, string[]> = {}
      for (const [name, schema] of fields) {
        const closed = schema.enum ?? (schema.type === 'boolean' ? [true, false] : undefined)
        const values = name.startsWith('model') ? schema.examples : closed
        if (values === undefined) continue
        wanted[name] = values.map(String).sort()
        const text = `${before}${indent}${name}: `
        seen[name] = (await open(text, { in: file }).complete(text.length)).map(({ label }) => label).sort()
      }
      expect(seen).toEqual(wanted)
    })
  },
)

describe('the editor marks', () => {
  const shot = (...lines: string[]) =>
    `version: 1\nshots:\n  fox:\n${lines.map((one) => `    ${one}\n`).join('')}`
  // Lines count from the comment that names the schema.
  test.concurrent.each([
    ['an unknown field of a shot', shot('prompt: a fox', 'raito: 1:1'), 6, /raito/],
    ['an unknown field of the defaults', 'version: 1\ndefaults:\n  skip: true\nshots: {}\n', 4, /skip/],
    ['an unknown field of the manifest', 'version: 1\nshots: {}\nshot: {}\n', 4, /shot/],
    ['a text where a whole number belongs', shot('prompt: a fox', 'duration: "5"'), 6, /integer/],
    ['a list where a text belongs', shot('image: [a.png]'), 5, /string/],
    ['a text where a list belongs', shot('prompt: a fox', 'tags: hero'), 6, /array/],
    ['a ratio that there is not', shot('prompt: a fox', 'ratio: 5:4'), 6, /"16:9"/],
    ['a tier that there is not', shot('service_tier: cheap', 'prompt: a fox'), 5, /"flex"/],
    ['a number that is too small', shot('prompt: a fox', 'takes: 0'), 6, /minimum of 1/],
    ['an empty prompt', shot('prompt: ""'), 5, /pattern/],
    ['a version that it does not know', 'version: 2\nshots: {}\n', 2, /1/],
    ['a map of variables that is none', 'version: 1\nvars: fox\nshots: {}\n', 3, /object/],
    ['a variable that is a list', 'version: 1\nvars:\n  hero: [fox]\nshots: {}\n', 4, /string/],
    ['a manifest without shots', 'version: 1\n', 2, /shots/],
    ['a manifest without a version', 'shots: {}\n', 2, /version/],
    ['a price without a currency', 'version: 1\nshots: {}\nprices:\n  - per_second: 1\n', 5, /currency/],
    ['a film without its address', shot('reference_videos:', '  - seconds: 4'), 6, /url/],
    ['a shot that is there twice', `${shot('prompt: a')}  fox: {}\n`, 6, /unique/],
  ])('%s', async (_, text, line, message) => {
    expect(await open(modeline + text).diagnostics).toEqual([
      { line, message: expect.stringMatching(message) },
    ])
  })

  test('each of several mistakes at its own line', async () => {
    const file = open(modeline + shot('promt: a fox', 'duration: long', 'ratio: wide', 'draft: maybe'))
    const lines = (await file.diagnostics).map(({ line }) => line)
    expect(lines.toSorted((a, b) => a - b)).toEqual([5, 6, 7, 8])
  })
})

/** Expects no marks; and one for a field too many, so that the schema is known to be found. */
async function expectClean(text: string, openAs: (text: string) => OpenFile) {
  const broken = `${text}nonsense: 1\n`
  const [found, foundInBroken] = await Promise.all([openAs(text).diagnostics, openAs(broken).diagnostics])
  expect(found).toEqual([])
  expect(foundInBroken).toEqual([
    { line: broken.split('\n').length - 1, message: expect.stringContaining('nonsense') },
  ])
}

const fixtures = 'test/fixtures/lockfiles'
const lockfiles = readdirSync(fixtures, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.lock.yaml'),
)
const refused = lockfiles.filter((name) => name.startsWith('refused'))

describe('the editor finds nothing wrong with', () => {
  const manifests = readdirSync('manifests', { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.yaml') && !name.endsWith('.lock.yaml') && !isBase(name),
  )
  // What is only there to be extended has no shots, which the schema asks for.
  function isBase(name: string): boolean {
    return !/^shots:/m.test(readFileSync(join('manifests', name), 'utf8'))
  }
  test.concurrent.each(manifests)('manifests/%s', async (name) => {
    await expectClean(readFileSync(join('manifests', name), 'utf8'), (text) => {
      opened += 1
      return server.open(join(folder, 'manifests', name.replace('.yaml', `-${opened}.yaml`)), text)
    })
  })

  test('the manifest that init writes, by the schema that it writes', async () => {
    const project = createProject()
    expect(await project.shotlock(['init'])).toMatchObject({ status: 0 })
    await expectClean(project.read('manifests/example.yaml'), (text) => {
      opened += 1
      return server.open(project.path(`manifests/example-${opened}.yaml`), text)
    })
  })

  test.concurrent.each(['manifest', 'pricing'])('the example of docs/%s.md', async (name) => {
    const text = readFileSync(`docs/${name}.md`, 'utf8')
    const [, example = ''] = /```yaml\n(# yaml-language-server: .*?)```/s.exec(text) ?? []
    await expectClean(example, open)
  })

  test.concurrent.each(lockfiles.filter((name) => !refused.includes(name)))(
    'the lockfile %s',
    async (name) => {
      await expectClean(readFileSync(join(fixtures, name), 'utf8'), (text) => open(text, { in: 'lockfiles' }))
    },
  )
})

test.concurrent.each(refused)('the editor marks %s, which shotlock refuses', async (name) => {
  const file = open(readFileSync(join(fixtures, name), 'utf8'), { in: 'lockfiles' })
  expect(await file.diagnostics).not.toEqual([])
})
