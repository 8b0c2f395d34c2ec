import { join } from 'node:path'
import { encode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { cancel } from '../../src/commands/cancel.js'
import { move } from '../../src/commands/move.js'
import { plan } from '../../src/commands/plan.js'
import { promote } from '../../src/commands/promote.js'
import { prune } from '../../src/commands/prune.js'
import { validate } from '../../src/commands/validate.js'
import { verify } from '../../src/commands/verify.js'
import type { Files } from '../../src/ports/files.js'
import { createRig, type Rig } from '../support/rig.js'

const png = (width: number, height = 320) =>
  encode({ width, height, channels: 3, data: new Uint8Array(width * height * 3) })

const image = '/project/manifests/fox.png'
const cache = '/project/.shotlock/media-cache.json'
const plain = { paths: [], cwd: '/project', rehearsal: false, selection: {} }

/** A rig with a shot of a picture, and how often that picture was read. */
function rigWithImage(): Rig & { reads: () => number } {
  const rig = createRig({ fox: { prompt: 'a fox', image: 'fox.png' } })
  rig.files.write(image, png(320))
  let reads = 0
  const { read } = rig.files
  rig.files.read = async (path) => {
    if (path === image) reads++
    return await read(path)
  }
  return Object.assign(rig, {
    reads: () => {
      const before = reads
      reads = 0
      return before
    },
  })
}

/** A rig that has run, so that its cache is written. */
async function rigWithCache(): Promise<Rig & { reads: () => number }> {
  const rig = rigWithImage()
  await rig.run()
  rig.reads()
  return rig
}

const looks: [string, (rig: Rig) => Promise<unknown>][] = [
  ['validate', ({ files }) => validate({ paths: [], cwd: '/project' }, files)],
  ['plan', ({ world }) => plan(plain, world)],
]

describe('a picture that nobody has touched since a run', () => {
  test.each(looks)('is not read again by %s', async (_, look) => {
    const rig = await rigWithCache()
    await look(rig)
    expect(rig.reads()).toBe(0)
  })

  test('is not read by the next run, which finds nothing to do', async () => {
    const rig = await rigWithCache()
    await rig.run()
    expect(rig.reads()).toBe(0)
    expect(rig.provider.creates).toHaveLength(1)
  })

  test('is read and hashed again before it is sent', async () => {
    const rig = await rigWithCache()
    rig.writeManifest({ fox: { prompt: 'another fox', image: 'fox.png' } })
    await rig.run()
    expect(rig.reads()).toBe(1)
    expect(rig.provider.creates).toHaveLength(2)
  })
})

test('a picture that was written to is read again, and bought again when it is another', async () => {
  const rig = await rigWithCache()
  rig.files.write(image, png(400))
  await rig.run()
  expect(rig.provider.creates).toHaveLength(2)
})

test.each(looks)('%s writes no cache', async (_, look) => {
  const rig = rigWithImage()
  await look(rig)
  expect(rig.reads()).toBe(1)
  expect(rig.files.text(cache)).toBeUndefined()
})

test('a run writes the cache once, and not at all when it learned nothing', async () => {
  const rig = rigWithImage()
  await rig.run()
  expect(rig.files.replaced.get(cache)).toBe(1)
  await rig.run()
  expect(rig.files.replaced.get(cache)).toBe(1)
})

const signal = new AbortController().signal
const confirm = async () => true
const writers: [string, (rig: Rig) => Promise<unknown>][] = [
  ['cancel', ({ world }) => cancel(plain, world, { confirm, signal })],
  ['move', ({ world }) => move({ ...plain, from: 'wolf', to: 'fox' }, world)],
  ['promote', ({ world }) => promote({ ...plain, shots: ['fox'] }, world)],
  ['prune', ({ world }) => prune(plain, world, { confirm })],
  ['verify --repair', ({ files, world }) => verify(plain, files, { signal, repairWith: world })],
]

test.each(writers)('%s, which holds a ledger, writes the cache too', async (_, work) => {
  const rig = rigWithImage()
  rig.writeManifest({ wolf: { prompt: 'a fox' }, fox: { prompt: 'a fox', image: 'fox.png' } })
  await rig.run({ selection: { shots: ['wolf'] } })
  await rig.run({ draft: true, selection: { shots: ['fox'] } })
  rig.writeManifest({ fox: { prompt: 'a fox', image: 'fox.png' } })
  await rig.files.remove(cache)
  rig.reads()
  await work(rig)
  expect(rig.reads()).toBe(1)
  await plan(plain, rig.world)
  expect(rig.reads()).toBe(0)
})

test('a run that finds another one working writes no cache', async () => {
  const rig = rigWithImage()
  const heldBy = { pid: 1, host: 'here' }
  rig.world.locks = { acquire: async () => ({ heldBy }), holder: async () => heldBy }
  await expect(rig.run()).rejects.toMatchObject({ code: 'run-in-progress' })
  expect(rig.files.text(cache)).toBeUndefined()
})

test.each([
  [2_000, 0],
  [1_999, 1],
  [-5_000, 1],
])(
  'a picture that was written %i ms before it was read is read %i times by the next command',
  async (ageMs, expected) => {
    const rig = rigWithImage()
    rig.files.modified.set(image, rig.clock.now() - ageMs)
    // No wait, so that the clock stands still.
    await rig.run({ wait: false })
    rig.reads()
    await plan(plain, rig.world)
    expect(rig.reads()).toBe(expected)
  },
)

describe('a cache counts as empty', () => {
  test.each<[string, (text: string) => string]>([
    ['that is no JSON', (text) => text.slice(1)],
    ['that is empty', () => ''],
    ['that is of another version', (text) => text.replace('"version": 1', '"version": 2')],
    ['that is a list', (text) => `[${text}]`],
    ['whose entry has no hash', (text) => text.replace('"sha256"', '"sha1"')],
    ['whose entry has no width', (text) => text.replace('"width"', '"length"')],
    ['whose entry has another size', (text) => text.replace('"sizeBytes": ', '"sizeBytes": 1')],
    ['whose entry is of a film', (text) => text.replace('"width"', '"kind": "video", "seconds": 1, "width"')],
  ])('%s', async (_, damage) => {
    const rig = await rigWithCache()
    const text = rig.files.text(cache)!
    expect(damage(text)).not.toBe(text)
    rig.files.write(cache, damage(text))
    await plan(plain, rig.world)
    expect(rig.reads()).toBe(1)
  })

  test('that cannot be read', async () => {
    const rig = await rigWithCache()
    const { read } = rig.files
    const files: Files = {
      ...rig.files,
      async read(path) {
        if (path === cache) throw new Error('no access')
        return await read(path)
      },
    }
    await plan(plain, { ...rig.world, files })
    expect(rig.reads()).toBe(1)
  })
})

test('a cache that cannot be written stops nothing', async () => {
  const rig = rigWithImage()
  rig.files.fault = (action, path) => {
    if (action === 'replace' && path === cache) throw new Error('no space')
  }
  expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' } })
})

test('a wrong entry sends nothing, and is forgotten so that the next run mends it', async () => {
  const rig = await rigWithCache()
  const wrong = rig.files.text(cache)!.replace(/"sha256": "[0-9a-f]{64}"/, `"sha256": "${'0'.repeat(64)}"`)
  rig.files.write(cache, wrong)
  expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'failed', code: 'image-changed' } })
  expect(rig.provider.creates).toHaveLength(1)
  await rig.run({ failed: true })
  expect(rig.files.text(cache)).not.toContain('0'.repeat(64))
})

test('the cache keeps what other manifests use, and loses files that are gone', async () => {
  const rig = rigWithImage()
  const other = (name: string) => join('/project/manifests', name)
  rig.writeManifest({ owl: { prompt: 'an owl', image: 'owl.png' } }, 'ep02')
  rig.files.write(other('owl.png'), png(330))
  await rig.run()
  expect(Object.keys(JSON.parse(rig.files.text(cache)!).files)).toEqual([
    'manifests/fox.png',
    'manifests/owl.png',
  ])
  rig.writeManifest({ fox: { prompt: 'a fox', image: 'wolf.png' } })
  rig.files.write(other('wolf.png'), png(340))
  await rig.files.remove(image)
  await rig.run({ paths: ['manifests/ep01.yaml'] })
  expect(Object.keys(JSON.parse(rig.files.text(cache)!).files)).toEqual([
    'manifests/owl.png',
    'manifests/wolf.png',
  ])
})
