import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { plan } from '../../src/commands/plan.js'
import { validate } from '../../src/commands/validate.js'
import { loadManifests } from '../../src/engine/load-manifests.js'
import { createRig, type Rig } from '../support/rig.js'

const manifest = '/project/manifests/large.yaml'
const cache = '/project/.shotlock/cache/manifests/large.manifest.jsonl'
const options = { paths: ['manifests/large.yaml'], cwd: '/project', rehearsal: false }
const planOptions = { ...options, selection: {} }

const head = `version: 1
budget: 99 CNY
defaults: { model: doubao-seedance-1-5-pro-251215, extra: { k: 0 } }
shots:
`
const shots = (number: number) =>
  Array.from(
    { length: number },
    (_, index) => `  s${index}:\n    prompt: 狐狸 ${index}\n    tags: [ep01]\n`,
  ).join('')

function rigWith(text: string, { marked = true } = {}): Rig {
  const rig = createRig()
  if (!marked) rig.files.contents.delete('/project/package.json')
  rig.files.write(manifest, text)
  return rig
}

async function readCached(rig: Rig) {
  const { loaded, warnings } = await loadManifests({ ...options, cached: true }, rig.files)
  return { manifest: loaded[0]!.manifest, digests: loaded[0]!.digests, warnings }
}

/** Changes what is cached, with a hash that fits. */
function replaceChecked(rig: Rig, change: (text: string) => string): void {
  const content = change(rig.files.text(cache)!).slice(0, -64)
  rig.files.write(cache, content + createHash('sha256').update(content).digest('hex'))
}

describe('a large manifest that was looked at before', () => {
  test('is the same from the cache, with its warnings', async () => {
    const rig = rigWith(`${head}${shots(2_000)}  loud:\n    prompt: the fox says：hello\n`)
    const fresh = await loadManifests(options, rig.files)
    expect(rig.files.text(cache)).toBeUndefined()
    const first = await readCached(rig)
    expect(rig.files.text(cache)).toBeDefined()
    const second = await readCached(rig)
    for (const one of [first, second]) {
      expect(one.manifest).toEqual(fresh.loaded[0]!.manifest)
      expect(one.digests).toEqual(fresh.loaded[0]!.digests)
      expect(one.warnings).toEqual(fresh.warnings)
    }
    expect(fresh.warnings.length).toBeGreaterThan(1)
  })

  test('is not parsed again', async () => {
    const rig = rigWith(head + shots(2_000))
    await plan(planOptions, rig)
    replaceChecked(rig, (text) => text.replace('狐狸 7"', '狐狸 7 from the cache"'))
    expect((await readCached(rig)).manifest.shots[7]!.prompt).toBe('狐狸 7 from the cache')
    const report = await validate({ paths: options.paths, cwd: options.cwd }, rig.files)
    expect(report.manifests).toMatchObject([{ shots: 2_000 }])
  })

  test('is read anew once a character of it has changed', async () => {
    const rig = rigWith(head + shots(2_000))
    await plan(planOptions, rig)
    rig.files.write(manifest, head + shots(2_000).replace('狐狸 7\n', '狐狸 8\n'))
    expect((await readCached(rig)).manifest.shots[7]!.prompt).toBe('狐狸 8')
    expect((await readCached(rig)).manifest.shots[7]!.prompt).toBe('狐狸 8')
  })

  test('is read anew once a character of what it extends has changed', async () => {
    const rig = rigWith(`extends: base.yaml\n${head}${shots(2_000)}`)
    rig.files.write('/project/manifests/base.yaml', 'version: 1\ndefaults: { duration: 5 }\n')
    await plan(planOptions, rig)
    expect((await readCached(rig)).manifest.shots[0]!.parameters).toEqual({ duration: 5 })
    rig.files.write('/project/manifests/base.yaml', 'version: 1\ndefaults: { duration: 6 }\n')
    expect((await readCached(rig)).manifest.shots[0]!.parameters).toEqual({ duration: 6 })
  })

  test('names its files as they are named now', async () => {
    const rig = rigWith(head + shots(2_000))
    await plan(planOptions, rig)
    const { warnings } = await loadManifests(
      { ...options, paths: ['large.yaml'], cwd: '/project/manifests', cached: true },
      rig.files,
    )
    expect(warnings).toMatchObject([{ code: 'model-retired', file: 'large.yaml' }])
  })

  test('places what is found later, such as a file that is missing, in its text', async () => {
    const rig = rigWith(`${head}${shots(2_000)}  last: { prompt: x, image: fox.png }\n`)
    for (const _ of ['first', 'again']) {
      const { problems } = await validate({ paths: options.paths, cwd: options.cwd }, rig.files)
      expect(problems).toMatchObject([
        { code: 'model-retired', line: 3 },
        { code: 'media-missing', line: 6_005, col: 29, shot: 'last' },
      ])
    }
    expect(rig.files.text(cache)).toBeDefined()
  })
})

describe('a cache is as good as none', () => {
  test.each([
    ['that is empty', () => ''],
    ['that was cut off', (text: string) => text.slice(0, text.length / 2)],
    ['in which one character is another', (text: string) => text.replace('狐狸 7"', '狐狸 9"')],
    ['that lacks a line', (text: string) => text.split('\n').toSpliced(2, 1).join('\n')],
    ['of another manifest', (text: string) => text.replace(/"key":"[0-9a-f]+"/, `"key":"${'0'.repeat(64)}"`)],
    ['that is no text', () => '\u0000'.repeat(5_000)],
  ])('%s', async (_, change) => {
    const rig = rigWith(head + shots(2_000))
    await plan(planOptions, rig)
    rig.files.write(cache, change(rig.files.text(cache)!))
    expect((await readCached(rig)).manifest.shots[7]!.prompt).toBe('狐狸 7')
    expect((await readCached(rig)).manifest.shots).toHaveLength(2_000)
  })

  test('for a run, whatever it holds', async () => {
    const rig = rigWith(head + shots(2_000))
    await plan(planOptions, rig)
    replaceChecked(rig, (text) => text.replace('狐狸 7"', 'another film"'))
    const { loaded } = await loadManifests(options, rig.files)
    expect(loaded[0]!.manifest.shots[7]!.prompt).toBe('狐狸 7')
  })
})

describe('nothing is kept', () => {
  test('of a manifest of few shots', async () => {
    const rig = rigWith(head + shots(1_999))
    await plan(planOptions, rig)
    expect(rig.files.text(cache)).toBeUndefined()
  })

  test('of one with a fault', async () => {
    const rig = rigWith(`${head}${shots(2_000)}  last: { prompt: x, duration: 99 }\n`)
    await validate({ paths: options.paths, cwd: options.cwd }, rig.files)
    expect(rig.files.text(cache)).toBeUndefined()
  })

  test('where a state folder would make a project of a folder that is none', async () => {
    const rig = rigWith(head + shots(2_000), { marked: false })
    await plan(planOptions, rig)
    expect(await rig.files.filesBelow('/project/.shotlock')).toEqual([])
    expect(await rig.files.filesBelow('/project/manifests/.shotlock')).toEqual([])
  })

  test('where the disk takes nothing', async () => {
    const rig = rigWith(head + shots(2_000))
    rig.files.fault = () => {
      throw Object.assign(new Error('read-only file system'), { code: 'EROFS' })
    }
    const { totals } = await plan(planOptions, rig)
    expect(totals.buys).toBe(2_000)
  })
})
