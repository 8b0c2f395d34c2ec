import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import * as lockfile from '../../src/core/schemas/lockfile.js'
import * as manifest from '../../src/core/schemas/manifest.js'
import * as prices from '../../src/core/schemas/prices.js'

/** The same module as its text says, with ajv at run time: the query keeps it from being compiled ahead of time. */
async function plain<Module>(name: string): Promise<Module> {
  return import(/* @vite-ignore */ `../../src/core/schemas/${name}.ts?plain`)
}

const names = {
  root: ['version', 'vars', 'defaults', 'budget', 'prices', 'lint', 'extends', 'shots', 'other'],
  shot: ['prompt', 'model', 'image', 'matrix', 'duration', 'ratio', 'tags', 'takes', 'seed', 'extra', 'x'],
  lockfile: ['lockfileVersion', 'shots', 'other'],
  prices: ['version', 'prices', 'per_second', 'currency', 'model', 'other'],
}

/** Values that are nearly right, and some that are not at all; texts are also longer than UTF-16 counts them. */
function values(keys: readonly string[]) {
  const { any } = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(
        null,
        true,
        1,
        -1,
        1.5,
        4,
        '',
        'x',
        '1.50 CNY',
        '16:9',
        '狐狸',
        '🦊'.repeat(90),
      ),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...keys, 'ep01', '夜', 'a b', '🦊'), tie('any'), { maxKeys: 6 }),
    ),
  }))
  return any
}

describe.each([
  ['the top of a manifest', 'manifest', 'validateRoot', manifest.validateRoot, names.root],
  ['a shot', 'manifest', 'validateShot', manifest.validateShot, names.shot],
  ['a lockfile', 'lockfile', 'validateLockfile', lockfile.validateLockfile, names.lockfile],
  ['a price file', 'prices', 'validatePrices', prices.validatePrices, names.prices],
] as const)('the compiled schema of %s', (_, file, exported, compiled, keys) => {
  test('finds the same errors as ajv at run time', async () => {
    const module = await plain<Record<string, typeof compiled>>(file)
    const original = module[exported]!
    fc.assert(
      fc.property(values(keys), (value) => {
        expect(compiled(value)).toBe(original(value))
        expect(compiled.errors).toEqual(original.errors)
      }),
      { numRuns: 300 },
    )
  })

  test('was compiled before', async () => {
    const module = await plain<Record<string, typeof compiled>>(file)
    // What ajv makes at run time knows the schema that it came from.
    expect('schemaEnv' in module[exported]!).toBe(true)
    expect('schemaEnv' in compiled).toBe(false)
  })
})

test('lists of fields are those of the schema', async () => {
  const { rootFields, shotFields } = await plain<typeof manifest>('manifest')
  const { priceFields } = await plain<typeof prices>('prices')
  expect(manifest.rootFields).toEqual(rootFields)
  expect(manifest.shotFields).toEqual(shotFields)
  expect(prices.priceFields).toEqual(priceFields)
})
