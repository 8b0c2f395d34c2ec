import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseManifest } from '../../src/core/manifest.js'
import { takeName as takeNameOf } from '../../src/core/names.js'
import { findCollisions, outputKey } from '../../src/core/output-collisions.js'
import { outputFaults, outputFields, outputNames, outputPaths } from '../../src/core/output-path.js'
import type { Shot } from '../../src/core/shot.js'
import {
  digestsOf,
  faultsOf,
  manifestOf,
  pro15,
  problemsIn,
  read,
  readOne,
  shot,
  take,
  takeName,
  task,
  top,
  unmark,
} from './builders.js'

const real = { rehearsal: false }

/** Where the first take of a shot with this template goes. */
function pathOf(output: string, parts: Parameters<typeof shot>[1] = {}, rehearsal = false): string {
  return outputPaths(manifestOf([shot('fox', { output, ...parts })]), { rehearsal })(takeName('fox'), {
    seed: 7,
  })
}

describe('a shot without an output', () => {
  test.each([
    ['fox', false, 'out/ep01/fox.mp4'],
    ['fox@2', false, 'out/ep01/fox@2.mp4'],
    ['fox@2@draft', false, 'out/ep01/fox@2@draft.mp4'],
    ['fox@12', true, 'out/simulator/ep01/fox@12.mp4'],
  ])('has the video of %s (rehearsal: %s) in %s', (name, rehearsal, path) => {
    expect(outputPaths(manifestOf([shot('fox')]), { rehearsal })(takeName(name))).toBe(path)
  })
})

describe('an output', () => {
  test.each([
    ['clips/{shot}.{ext}', 'clips/fox.mp4'],
    ['{take}-{index}-{seed}.mp4', '1-001-7.mp4'],
    ['{manifest}/{ shot }.mp4', 'ep01/fox.mp4'],
    ['{model}.mp4', `${pro15}.mp4`],
    ['{{shot}}/{{{shot}}}.mp4', '{shot}/{fox}.mp4'],
    ['./a//b/./{shot}.mp4', 'a/b/fox.mp4'],
    ['a/../{shot}.mp4', 'fox.mp4'],
    ['../films/{shot}.mp4', '../films/fox.mp4'],
    ['第一集/{shot} 1.mp4', '第一集/fox 1.mp4'],
  ])('%s: %s', (output, path) => {
    expect(outputFaults(shot('fox', { output }), { manifest: 'ep01', index: 1, count: 1 })).toEqual([])
    expect(pathOf(output)).toBe(path)
  })

  test('has of a model what a file name takes', () => {
    expect(pathOf('{model}.mp4', { model: 'volc/see dance:2' })).toBe('volc_see_dance_2.mp4')
  })

  test('numbers shots from 1, with as many digits as the last one needs and at least 3', () => {
    const shots = Array.from({ length: 1000 }, (_, at) => shot(`s${at}`, { output: '{index}.mp4' }))
    expect(outputPaths(manifestOf(shots), real)(takeName('s6'))).toBe('0007.mp4')
    expect(outputPaths(manifestOf(shots.slice(0, 999)), real)(takeName('s6'))).toBe('007.mp4')
  })

  test('of a draft has its mark before the ending', () => {
    const places = outputPaths(manifestOf([shot('fox', { output: '{shot}-{take}.mp4', takes: 2 })]), real)
    expect(places(takeName('fox@2@draft'))).toBe('fox-2@draft.mp4')
  })

  test('does not count for takes that the manifest no longer has', () => {
    const places = outputPaths(manifestOf([shot('fox', { output: 'fox.mp4' })]), real)
    expect(places(takeName('fox@2'))).toBe('out/ep01/fox@2.mp4')
    expect(places(takeName('owl'))).toBe('out/ep01/owl.mp4')
  })

  test('has the task in the place of a seed that nobody knows', () => {
    const places = outputPaths(manifestOf([shot('fox', { output: '{seed}.mp4' })]), real)
    expect(places(takeName('fox'), { task: task('a/b') })).toBe('a_b.mp4')
  })

  test.each([
    ['clips/{shot}.mp4', 'out/simulator/ep01/clips/fox.mp4'],
    ['../../{shot}.mp4', 'out/simulator/ep01/@up/@up/fox.mp4'],
    ['out/ep01/fox.mp4', 'out/simulator/ep01/out/ep01/fox.mp4'],
  ])('of a rehearsal stays apart: %s', (output, path) => {
    expect(pathOf(output, {}, true)).toBe(path)
  })
})

describe('an output that cannot be is an error at its place', () => {
  /** The places and messages of what is wrong; marks in the template say where carets must stand. */
  function faults(template: string) {
    const { text, places } = unmark(
      `version: 1\ndefaults: { model: ${pro15} }\nshots:\n  fox:\n    prompt: a fox\n    output: ${template}\n`,
    )
    const found = faultsOf(parseManifest(text, 'm.yaml'))
    expect(found.map(({ line, col, code }) => `${line}:${col} ${code}`)).toEqual(
      places.map((place) => `${place} output-path`),
    )
    return found.map(({ message }) => message).join()
  }

  test.each([
    ['"clips/▸{shto}.mp4"', 'did you mean "{shot}"?'],
    ['"▸{name}/▸{x}.mp4"', 'possible are {shot}, {take}'],
    ['"{shot}▸{.mp4"', 'write "{{"'],
    ['"{shot}▸}.mp4"', 'write "}}"'],
    ['▸/videos/fox.mp4', 'relative to the manifest'],
    ['▸~/fox.mp4', 'relative to the manifest'],
    ['▸C:/fox.mp4', 'relative to the manifest'],
    ['▸C:\\fox.mp4', 'relative to the manifest'],
    ['▸clips\\fox.mp4', 'separated by "/"'],
    ['▸"a?.mp4"', 'holds "?"'],
    ['▸"a\\tb.mp4"', 'holds "\\t"'],
    ['▸"\\ud800.mp4"', 'holds'],
    ['▸clips/con.mp4', 'device name'],
    ['▸nul/fox.mp4', 'device name'],
    ['▸.git/fox.mp4', 'starts with "."'],
    ['▸a/.mp4', 'starts with "."'],
    ['▸a./fox.mp4', 'ends with "."'],
    ['▸"a /fox.mp4"', 'a space'],
    [`▸${'狐'.repeat(86)}/a.mp4`, '258 bytes'],
    [`▸${'a'.repeat(240)}.mp4`, '244 bytes'],
    ['▸"{shot}"', 'write "{shot}.{ext}"'],
    ['▸"{shot}.mov"', 'ends in .{ext}'],
    ['▸"clips/"', 'ends in .{ext}'],
    ['▸Out/Simulator/ep01/fox.mp4', 'holds other things'],
    ['▸../x/out/unclaimed/fox.mp4', 'holds other things'],
  ])('%s', (template, message) => {
    expect(faults(template)).toContain(message)
  })

  test('which is that of the defaults where it stands there, once', () => {
    const text = `version: 1\ndefaults: { model: ${pro15}, output: '{shto}.mp4' }\nshots: { a: { prompt: a }, b: { prompt: b } }\n`
    expect(problemsIn(text)).toEqual([`2:${text.split('\n')[1]!.indexOf('{shto}') + 1} output-path a`])
  })
})

test('variables are filled before braces', () => {
  const text = `version: 1\nvars: { where: clips }\ndefaults: { model: ${pro15}, output: '\${where}/{take}.mp4' }\nshots: { fox: { prompt: a fox } }\n`
  expect(read(text).manifest.shots[0]!.output).toBe('clips/{take}.mp4')
})

test('an output has no part in the digest or the request', () => {
  const [plain, placed] = ['', ', output: a.mp4'].map((more) =>
    readOne(`${top}  fox: { prompt: a fox${more} }\n`),
  ) as [Shot, Shot]
  expect(placed.output).toBe('a.mp4')
  expect(digestsOf([take(placed)])).toEqual(digestsOf([take(plain)]))
  expect(placed.parameters).toEqual(plain.parameters)
})

/** Templates that are sound, and that may say the same of many takes. */
const segments = fc.array(
  fc.oneof(
    fc.constantFrom(...outputFields.map((one) => `{${one}}`)),
    fc.constantFrom('a', 'A', '-', '狐', '{{', '}}'),
  ),
  { minLength: 1, maxLength: 4 },
)
const templates = fc
  .array(segments, { minLength: 1, maxLength: 3 })
  .map((names) => `${names.map((parts) => `x${parts.join('')}`).join('/')}.{ext}`)
const shots = fc
  .uniqueArray(fc.stringMatching(/^[a-c]{1,2}$/), { minLength: 1, maxLength: 6 })
  .chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc
          .record({
            output: fc.option(templates, { nil: undefined }),
            takes: fc.integer({ min: 1, max: 12 }),
          })
          .map((parts) => shot(name, parts)),
      ),
    ),
  )

test('sound templates make relative paths of names that need no change, wherever they are used', () => {
  fc.assert(
    fc.property(shots, fc.nat(), fc.boolean(), (all, seed, rehearsal) => {
      const places = outputPaths(manifestOf(all), { rehearsal })
      for (const [at, one] of all.entries()) {
        expect(outputFaults(one, { manifest: 'ep01', index: at + 1, count: all.length })).toEqual([])
        const path = places(takeNameOf(one.name, one.takes), { seed })
        expect(path).toMatch(/^[^/]+(\/[^/]+)*\.mp4$/)
        expect(path.startsWith('out/simulator/ep01/')).toBe(rehearsal)
      }
    }),
  )
})

test('a template that names shot and take, apart, brings no two takes together', () => {
  fc.assert(
    fc.property(shots, templates, (all, template) => {
      const output = `{shot}/{take}/${template}`
      const claims = all
        .map((one) => ({ ...one, output }))
        .flatMap((one, _, every) => {
          const places = outputPaths(manifestOf(every), real)
          return Array.from({ length: one.takes }, (_, at) => ({
            key: outputKey(places(takeNameOf(one.name, at + 1))),
          }))
        })
      expect(findCollisions(claims)).toEqual([])
    }),
  )
})

test('collisions are just the pairs of equal paths, and of files that others need as folders', () => {
  const names = fc.constantFrom('a.mp4', 'A.mp4', 'b', 'é', 'e\u0301', 'c.mp4')
  const paths = fc.array(names, { minLength: 1, maxLength: 3 }).map((one) => `${one.join('/')}.mp4`)
  fc.assert(
    fc.property(fc.array(paths, { maxLength: 12 }), (written) => {
      const claims = written.map((path) => ({ path, key: path.normalize('NFC').toLowerCase() }))
      const found = findCollisions(written.map((path) => ({ path, key: outputKey(path) })))
      const repeated = claims.length - new Set(claims.map(({ key }) => key)).size
      expect(found.filter(({ kind }) => kind === 'same')).toHaveLength(repeated)
      const keys = [...new Set(claims.map(({ key }) => key))]
      const nested = keys.flatMap((file) => keys.filter((path) => path.startsWith(`${file}/`)))
      expect(found.filter(({ kind }) => kind === 'folder')).toHaveLength(nested.length)
    }),
  )
})

test('what a template names is told from what it only writes', () => {
  expect(outputNames('{{shot}}-{take}.mp4', 'shot')).toBe(false)
  expect(outputNames('{{shot}}-{ take }.mp4', 'take')).toBe(true)
})
