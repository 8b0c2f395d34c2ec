import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import lockfileSchema from '../../schemas/lockfile.schema.json' with { type: 'json' }
import manifestSchema from '../../schemas/manifest.schema.json' with { type: 'json' }
import pricesSchema from '../../schemas/prices.schema.json' with { type: 'json' }
import { parseLockfile, renderLockfile } from '../../src/core/lockfile.js'
import { parseManifest } from '../../src/core/manifest.js'
import { findModel, knownModelIds } from '../../src/core/models.js'
import { lintCodes } from '../../src/core/prompt-lint.js'
import { digestA, entry, pro15, read, takeName, task, v20 } from './builders.js'

// One price of several is a `oneOf` of `required`s, which name properties that stand beside them.
const strict = () => new Ajv({ strict: true, strictRequired: false, allErrors: true, allowUnionTypes: true })
const accepts = strict().compile(manifestSchema)

describe.each([
  ['manifest', manifestSchema],
  ['lockfile', lockfileSchema],
  ['prices', pricesSchema],
])('the schema of the %s', (_, schema) => {
  test('compiles in strict mode', () => {
    expect(strict().compile(schema)).toBeTypeOf('function')
  })

  test('describes every property', () => {
    const definitions: Record<string, { description?: string }> = schema.definitions
    const silent: string[] = []
    const look = (node: unknown, path: string) => {
      if (typeof node !== 'object' || node === null) return
      for (const [key, child] of Object.entries(node)) {
        const inside = `${path}/${key}`
        if (path.endsWith('/properties')) {
          const { $ref, description } = child as { $ref?: string; description?: string }
          const target = $ref === undefined ? undefined : definitions[$ref.replace('#/definitions/', '')]
          if (!(description ?? target?.description)) silent.push(inside)
        }
        look(child, inside)
      }
    }
    look(schema, '')
    expect(silent).toEqual([])
  })

  test('allows no field that it does not describe', () => {
    expect(schema.additionalProperties).toBe(false)
  })
})

test('what the defaults take, a shot takes as well', () => {
  const { shot, defaults } = manifestSchema.definitions
  expect(shot.properties).toMatchObject(defaults.properties)
})

test.each(['model', 'model_profile'] as const)('editors offer every known model for %s', (field) => {
  const { examples } = manifestSchema.definitions[field]
  expect(examples.toSorted()).toEqual(knownModelIds().sort())
})

test('models whose end was announced are offered last', () => {
  const { examples } = manifestSchema.definitions.model
  const ends = examples.map((id) => findModel(id)?.retirement !== undefined)
  expect(ends).toEqual(ends.toSorted((a, b) => Number(a) - Number(b)))
  expect(manifestSchema.definitions.model_profile.examples).toEqual(examples)
})

test('the advice that can be switched off is the advice that there is', () => {
  expect(manifestSchema.definitions.lint.properties.ignore.items.enum).toEqual(lintCodes)
})

test('a price is the same in a manifest and in a file of its own', () => {
  expect(pricesSchema.definitions.price).toEqual(manifestSchema.definitions.price)
})

/** Films or sounds, as a text or with their length. */
function clips(path: string) {
  const url = fc.constantFrom(path, `https://a.example/${path}`, 'asset://asset-1', '${shot}')
  const seconds = fc.double({ min: 0.1, max: 600, noNaN: true })
  const clip = fc.oneof(url, fc.record({ url, seconds }, { requiredKeys: ['url'] }))
  return fc.array(clip, { minLength: 1, maxLength: 30 })
}

/** Values of every field that the schema knows, each valid. */
const fields = {
  prompt: fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => /\S/.test(text)),
  model: fc.constantFrom(pro15, v20, 'ep-1', 'nova-1'),
  image: fc.constantFrom('a.png', 'https://a.example/a.png', 'data:image/png;base64,AA=='),
  last_frame: fc.constantFrom('b.png', '${shot}.png'),
  model_profile: fc.constantFrom(pro15, v20, 'nova-1', '${shot}'),
  reference_videos: clips('a.mp4'),
  reference_audio: clips('b.wav'),
  reference_images: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 30 }),
  matrix: fc.constantFrom({ style: ['noir', 'ink'] }, { place: { a: 'a wood', b: 1 }, time: [1, 2] }),
  resolution: fc.constantFrom(...manifestSchema.definitions.resolution.enum),
  ratio: fc.constantFrom(...manifestSchema.definitions.ratio.enum),
  duration: fc.integer({ min: -1, max: 60 }),
  frames: fc.integer({ min: 29, max: 289 }),
  seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  camera_fixed: fc.boolean(),
  watermark: fc.boolean(),
  generate_audio: fc.boolean(),
  draft: fc.boolean(),
  return_last_frame: fc.boolean(),
  service_tier: fc.constantFrom('default', 'flex'),
  execution_expires_after: fc.integer({ min: 3600, max: 259_200 }),
  callback_url: fc.webUrl(),
  extra: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
  takes: fc.integer({ min: 1, max: 100 }),
  tags: fc.uniqueArray(fc.constantFrom('ep01', '夜', 'a.b-c_d')),
  output: fc.constantFrom('clips/{shot}-{take}.{ext}', '{{a}}.mp4', '${shot}/{sed}', '/a.mp4'),
  fit: fc.boolean(),
  skip: fc.boolean(),
}
const { prompt: _prompt, skip: _skip, matrix: _matrix, ...inherited } = fields
const name = fc.stringMatching(/^[a-z狐é0-9_][a-z狐é0-9_.-]{0,20}[a-z狐]$/)
const manifests = fc.record(
  {
    version: fc.constant(1),
    vars: fc.dictionary(
      fc.stringMatching(/^[a-z_][a-z0-9_-]*$/),
      fc.oneof(fc.stringMatching(/^[^$]*$/), fc.integer(), fc.boolean()),
    ),
    defaults: fc.record(inherited, { requiredKeys: [] }),
    lint: fc.record({ ignore: fc.uniqueArray(fc.constantFrom(...lintCodes)) }, { requiredKeys: [] }),
    shots: fc.dictionary(name, fc.record(fields, { requiredKeys: [] }), { minKeys: 1, maxKeys: 5 }),
  },
  { requiredKeys: ['version', 'shots'] },
)

/** Problems that speak against the shape of a manifest rather than against what it asks for. */
const shape = new Set(['unknown-field', 'wrong-type', 'no-shots', 'version', 'duplicate-key', 'shot-name'])
const isShape = (code: string) => shape.has(code) || code.startsWith('yaml-') || code === 'encoding'

describe('schema and tool agree', () => {
  test('the generated manifests have every field that there is', () => {
    expect(Object.keys(fields).concat('first_frame').sort()).toEqual(
      Object.keys(manifestSchema.definitions.shot.properties).sort(),
    )
  })

  test('what the schema accepts has the shape that the tool reads', () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        // Two names may be one when case is ignored; that is for the tool to say.
        fc.pre(
          new Set(Object.keys(manifest.shots).map((one) => one.toLowerCase())).size ===
            Object.keys(manifest.shots).length,
        )
        expect(accepts(manifest)).toBe(true)
        const { problems } = parseManifest(stringify(manifest), 'm.yaml')
        expect(problems.filter(({ code }) => isShape(code))).toEqual([])
        const values = problems.filter(
          ({ code, message }) => code === 'wrong-value' && !message.includes('25 + 4n'),
        )
        expect(values).toEqual([])
      }),
      { numRuns: 150 },
    )
  })

  test('what the tool finds nothing wrong with, the schema accepts', () => {
    const junk = fc.constantFrom(null, -2, 1.5, '', 'x', true, [], ['a'], {}, { a: 1 })
    const almost = fc.record(
      Object.fromEntries(
        Object.keys(fields).map((key) => [
          key,
          fc.oneof(
            { weight: 4, arbitrary: fields[key as keyof typeof fields] as fc.Arbitrary<unknown> },
            junk,
          ),
        ]),
      ),
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(almost, (shot) => {
        const manifest = { version: 1, shots: { a: { model: 'ep-1', prompt: 'x', ...shot } } }
        const { problems } = parseManifest(stringify(manifest), 'm.yaml')
        // A warning speaks against nothing: that an endpoint's limits are not known, say.
        const errors = problems.filter(({ severity }) => severity === 'error')
        if (errors.length === 0) expect(accepts(manifest)).toBe(true)
        if (!accepts(manifest)) expect(errors).not.toEqual([])
      }),
      { numRuns: 200 },
    )
  })

  test('the examples are accepted by both', () => {
    for (const file of ['manifests/fox.yaml', 'manifests/storyboard.yaml']) {
      const { manifest } = read(readFileSync(file), file)
      expect(accepts(parse(readFileSync(file, 'utf8')))).toBe(true)
      expect(manifest.shots.length).toBeGreaterThan(0)
    }
  })

  test('a rendered lockfile fits its schema', () => {
    const full = entry('succeeded', {
      task: task('t'),
      tokens: 1,
      video: 'out/a.mp4',
      sha256: 'f'.repeat(64),
      error: 'E',
      previous: [task('p')],
    })
    const text = renderLockfile(new Map([[takeName('a'), full]]))
    expect(parseLockfile(text, 'm.lock.yaml').get(takeName('a'))).toEqual({ ...full, digest: digestA })
  })
})
