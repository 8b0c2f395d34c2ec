import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encode } from 'fast-png'
import { describe, expect, onTestFinished, test } from 'vitest'
import { nodeFiles } from '../../src/adapters/node-files.js'
import { systemClock } from '../../src/adapters/system-clock.js'
import { pick } from '../../src/commands/pick.js'
import { ManifestError, RunnerError } from '../../src/core/errors.js'
import type { ReviewEvent, ReviewManifest } from '../../src/core/review.js'
import type { LedgerWorld } from '../../src/engine/prepare-plans.js'
import { changesOf, type WatchedOptions, WatchedReview } from '../../src/review-server/watched-review.js'
import { shotName, takeName } from '../core/builders.js'
import { type HeldLocks, heldLocks } from '../support/held-locks.js'
import { createRig, type Rig } from '../support/rig.js'

const path = '/project/manifests/ep01.yaml'
const lockPath = '/project/.shotlock/ledger/manifests/ep01.lock'

async function watch(world: LedgerWorld, options: Partial<WatchedOptions> = {}) {
  const events: ReviewEvent[] = []
  const watched = new WatchedReview(
    {
      paths: [],
      cwd: '/project',
      rehearsal: false,
      selection: {},
      selected: false,
      hrefOf: (at) => at,
      ...options,
    },
    world,
    (event) => void events.push(event),
  )
  await watched.open()
  /** What is told by the next look. */
  const look = async () => {
    events.length = 0
    await watched.refresh()
    return [...events]
  }
  return { watched, look }
}

/** A review of shots in memory; runs on the same rig stand for those of other processes. */
async function watchRig(shots: Record<string, unknown> = { fox: 'a fox', owl: 'an owl' }) {
  const rig = createRig(shots)
  const locks: HeldLocks = heldLocks()
  return { rig, locks, ...(await watch({ ...rig.world, locks })) }
}

const fault = (rig: Rig) => rig.files.write(path, 'version: 1\nshots:\n  fox: { promt: a fox }\n')

describe('the review', () => {
  test('tells nothing while nothing changes', async () => {
    const { look } = await watchRig()
    expect(await look()).toEqual([])
    expect(await look()).toEqual([])
  })

  test('reads nothing while nothing changes', async () => {
    const { look, rig } = await watchRig()
    await look()
    const { read } = rig.files
    let reads = 0
    rig.files.read = (one) => {
      reads++
      return read(one)
    }
    await look()
    expect(reads).toBe(0)
  })

  test('tells each step of a run as its journal has it, before the lockfile does', async () => {
    const { look, rig } = await watchRig({ fox: 'a fox' })
    await look()
    const told: unknown[] = []
    const note = async () => {
      for (const event of await look())
        if (event.type === 'shots')
          told.push(event.shots.map(({ takes }) => takes.map(({ status }) => status)))
    }
    rig.provider.onCreate = async () => {
      await note()
      rig.files.fault = (action, at) => {
        if (action === 'replace' && at.endsWith('.lock.yaml')) throw new Error('ENOSPC')
      }
      return undefined
    }
    rig.provider.script = () => ({ livesMs: Number.POSITIVE_INFINITY })
    await rig.run({ wait: false }).catch(() => undefined)
    await note()
    expect(rig.locked().fox).toMatchObject({ status: 'unknown' })
    expect(told).toEqual([[['unknown']], [['submitted']]])
  })

  test('tells only the shots that look different', async () => {
    const { look, rig, watched } = await watchRig()
    await rig.run({ selection: { shots: ['owl'] } })
    const events = await look()
    expect(events).toMatchObject([
      {
        type: 'shots',
        manifest: 'ep01',
        running: false,
        shots: [{ name: 'owl', takes: [{ status: 'succeeded', video: { path: 'out/ep01/owl.mp4' } }] }],
      },
    ])
    expect(watched.review.manifests[0]!.shots.map(({ takes }) => takes[0]!.status)).toEqual([
      'absent',
      'succeeded',
    ])
  })

  test('tells that a run begins and ends, by its lock', async () => {
    const { look, locks } = await watchRig()
    locks.hold(lockPath)
    expect(await look()).toEqual([{ type: 'shots', manifest: 'ep01', running: true, shots: [] }])
    locks.free(lockPath)
    expect(await look()).toEqual([{ type: 'shots', manifest: 'ep01', running: false, shots: [] }])
  })

  test('tells what was decided at another terminal', async () => {
    const { look, rig } = await watchRig()
    await rig.run()
    await look()
    await pick({ paths: [], cwd: '/project', rehearsal: false, shots: ['fox'] }, rig.world)
    expect(await look()).toMatchObject([{ type: 'shots', shots: [{ name: 'fox', takes: [{ pick: true }] }] }])
  })

  test('tells what changed between its first reading and its first look', async () => {
    const { look, rig } = await watchRig()
    rig.writeManifest({ fox: 'a red fox', owl: 'an owl' })
    expect(await look()).toMatchObject([{ type: 'shots', shots: [{ name: 'fox', prompt: 'a red fox' }] }])
  })

  test('looks once more for whoever asks while it is looking', async () => {
    const { watched, look, rig } = await watchRig()
    await look()
    const { read } = rig.files
    let goOn = () => {}
    const reading = new Promise<void>((begun) => {
      rig.files.read = async (at) => {
        const bytes = await read(at)
        if (at !== path) return bytes
        rig.files.read = read
        begun()
        await new Promise<void>((resolve) => (goOn = resolve))
        return bytes
      }
    })
    rig.writeManifest({ fox: 'a red fox', owl: 'an owl' })
    const first = watched.refresh()
    await reading
    rig.writeManifest({ fox: 'an old fox', owl: 'an owl' })
    const second = watched.refresh()
    goOn()
    await second
    expect(watched.review.manifests[0]!.shots[0]!.prompt).toBe('an old fox')
    await first
  })

  test('goes by the selection', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    const { watched, look } = await watch(rig.world, { selection: { shots: ['fox'] }, selected: true })
    expect(watched.review.manifests[0]!.shots.map(({ name }) => name)).toEqual(['fox'])
    await rig.run()
    expect(await look()).toMatchObject([{ type: 'shots', shots: [{ name: 'fox' }] }])
  })
})

describe('a manifest', () => {
  test('that was edited is told by the shots that are different, or all anew when there are others', async () => {
    const { look, rig } = await watchRig()
    rig.writeManifest({ fox: 'a red fox', owl: 'an owl' })
    expect(await look()).toMatchObject([{ type: 'shots', shots: [{ name: 'fox' }] }])
    rig.writeManifest({ fox: 'a red fox', bee: 'a bee', owl: 'an owl' })
    expect(await look()).toMatchObject([
      { type: 'manifest', manifest: { shots: [{ name: 'fox' }, { name: 'bee' }, { name: 'owl' }] } },
    ])
  })

  test('that extends another changes with it', async () => {
    const rig = createRig()
    rig.files.write('/project/manifests/base.yaml', 'version: 1\ndefaults: { model: m, ratio: "1:1" }\n')
    rig.files.write(path, 'version: 1\nextends: base.yaml\nshots:\n  fox: { prompt: a fox }\n')
    const { look } = await watch(rig.world, { paths: ['manifests/ep01.yaml'] })
    await look()
    rig.files.write('/project/manifests/base.yaml', 'version: 1\ndefaults: { model: m, ratio: "9:16" }\n')
    expect(await look()).toMatchObject([{ type: 'shots', shots: [{ parameters: { ratio: '9:16' } }] }])
  })

  test('that is deleted is gone from the page, and back when it is back', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.writeManifest({ owl: 'an owl' }, 'ep02')
    const { watched, look } = await watch(rig.world)
    await look()
    const text = rig.files.text(path)!
    rig.files.contents.delete(path)
    expect(await look()).toEqual([{ type: 'manifests', names: ['ep02'] }])
    expect(watched.find('ep01')).toBeUndefined()

    rig.files.write(path, text)
    // Something else that is looked at tells that it is worth a look in memory, where folders look like nothing.
    rig.writeManifest({ owl: 'an owl' }, 'ep02')
    expect(await look()).toMatchObject([
      { type: 'manifest', manifest: { name: 'ep01' } },
      { type: 'manifests', names: ['ep01', 'ep02'] },
    ])
    expect(watched.find('ep01')?.places.manifest).toBe(path)
  })

  test('that is put into the folder appears', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shotlock-watched-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const write = (name: string) =>
      writeFileSync(
        join(folder, name),
        'version: 1\ndefaults: { model: m }\nshots:\n  fox: { prompt: a fox }\n',
      )
    mkdirSync(join(folder, 'manifests/more'), { recursive: true })
    writeFileSync(join(folder, 'package.json'), '{}')
    write('manifests/a.yaml')
    write('manifests/more/b.yaml')
    const world = { files: nodeFiles, clock: systemClock, locks: heldLocks(), mark: () => undefined }
    const { look } = await watch(world, { cwd: folder })
    await look()
    for (const name of ['manifests/0.yaml', 'manifests/more/c.yaml']) {
      write(name)
      expect((await look()).map(({ type }) => type)).toEqual(['manifest', 'manifests'])
      // What is new is looked at from now on.
      expect(await look()).toEqual([])
    }
  })
})

describe('trouble', () => {
  test('is told once, with the place of the first problem, and told to be over when it is', async () => {
    const { look, rig, watched } = await watchRig()
    const before = watched.review
    const sound = rig.files.text(path)!
    fault(rig)
    const [event, ...more] = await look()
    expect(event).toMatchObject({ type: 'trouble', code: 'manifest-invalid' })
    expect(event).toMatchObject({ message: expect.stringContaining('manifests/ep01.yaml:3:10 ') })
    expect(more).toEqual([])
    expect(await look()).toEqual([])
    expect(watched.review).toEqual(before)

    rig.files.write(path, sound)
    expect(await look()).toEqual([{ type: 'sound' }])
    expect(await look()).toEqual([])
  })

  test('that is another one is told too', async () => {
    const { look, rig } = await watchRig()
    fault(rig)
    await look()
    rig.files.write(path, 'version: 1\nshots:\n  fox: { prompt: a fox, durration: 4 }\n')
    expect(await look()).toMatchObject([{ type: 'trouble' }])
  })

  test('that comes again is told again', async () => {
    const { look, rig } = await watchRig()
    const sound = rig.files.text(path)!
    for (let time = 0; time < 2; time++) {
      fault(rig)
      expect(await look()).toMatchObject([{ type: 'trouble' }])
      rig.files.write(path, sound)
      expect(await look()).toEqual([{ type: 'sound' }])
    }
  })

  test('comes with what changed meanwhile when it is over', async () => {
    const { look, rig } = await watchRig()
    fault(rig)
    await look()
    rig.writeManifest({ fox: 'a red fox', owl: 'an owl' })
    expect(await look()).toMatchObject([{ type: 'shots', shots: [{ name: 'fox' }] }, { type: 'sound' }])
  })

  test('is over when a picture is there that was missing', async () => {
    const { look, rig } = await watchRig()
    rig.writeManifest({ fox: { prompt: 'a fox', image: 'fox.png' } })
    expect(await look()).toMatchObject([{ type: 'trouble', message: expect.stringContaining('fox.png') }])
    const data = new Uint8Array(320 * 320 * 3)
    rig.files.write('/project/manifests/fox.png', encode({ width: 320, height: 320, channels: 3, data }))
    expect(await look()).toMatchObject([{ type: 'manifest' }, { type: 'sound' }])
  })

  test.each<[string, (rig: Rig) => void, string]>([
    [
      'a broken lockfile',
      (rig) => rig.files.write('/project/manifests/ep01.lock.yaml', 'shots: ['),
      'lockfile-invalid',
    ],
    [
      'a lockfile of a newer version',
      (rig) => rig.files.write('/project/manifests/ep01.lock.yaml', 'lockfileVersion: 99\nshots: {}\n'),
      'lockfile-newer',
    ],
    ['no manifest at all', (rig) => rig.files.contents.delete(path), 'no-manifests'],
  ])('may be %s', async (_, spoil, code) => {
    const { look, rig } = await watchRig()
    spoil(rig)
    const [event] = await look()
    expect(event).toMatchObject({ type: 'trouble', code })
    expect(JSON.stringify(event)).not.toContain('/project')
  })

  test('at the start is an error', async () => {
    const rig = createRig({ fox: 'a fox' })
    fault(rig)
    await expect(watch(rig.world)).rejects.toMatchObject({ code: 'manifest-invalid' })
  })

  test('that is a bug is no trouble, and does not stop later looks', async () => {
    const { watched, locks, rig } = await watchRig()
    const { exists } = rig.files
    rig.files.exists = () => Promise.reject(new TypeError('a bug'))
    await expect(watched.refresh()).rejects.toThrow('a bug')
    rig.files.exists = exists
    const { holder } = locks
    locks.holder = () => Promise.reject(new TypeError('another bug'))
    await expect(watched.refresh()).rejects.toThrow('another bug')
    locks.holder = holder
    await watched.refresh()
  })
})

describe('a page that comes later', () => {
  test('hears of everything there is, and of the trouble', async () => {
    const { watched, look, rig } = await watchRig()
    expect(watched.all()).toMatchObject([
      { type: 'manifest', manifest: { name: 'ep01', shots: [{ name: 'fox' }, { name: 'owl' }] } },
      { type: 'manifests', names: ['ep01'] },
      { type: 'sound' },
    ])
    fault(rig)
    const [trouble] = await look()
    expect(watched.all().at(-1)).toEqual(trouble)
  })
})

test('an error is shown without keys and without the folders of this machine', async () => {
  const { watched } = await watchRig()
  const error = new RunnerError(
    'state-unwritable',
    'Cannot write to "/project/manifests/x": https://a.example/?k=1',
    {
      hint: 'Remove /project/.shotlock/lock.',
    },
  )
  expect(watched.shown(error)).toEqual({
    code: 'state-unwritable',
    message: 'Cannot write to "manifests/x": https://a.example/?***',
    hint: 'Remove .shotlock/lock.',
  })
  expect(watched.shown(new ManifestError([], '0 problems'))).toEqual({
    code: 'manifest-invalid',
    message: '0 problems',
  })
})

describe('what changed', () => {
  const shot = (name: string, status: 'absent' | 'succeeded' = 'absent') => ({
    name: shotName(name),
    parameters: {},
    media: [],
    tags: [],
    takes: [{ name: takeName(name), status, next: 'keep' as const }],
  })
  const manifestOf = (...shots: ReviewManifest['shots']): ReviewManifest => ({
    name: 'ep01',
    file: 'ep01.yaml',
    running: false,
    shots,
  })
  const one = manifestOf(shot('a'), shot('b'))

  test.each<[string, ReviewManifest | undefined, ReviewManifest, ReviewEvent | undefined]>([
    ['nothing', one, manifestOf(shot('a'), shot('b')), undefined],
    ['a manifest that was not there', undefined, one, { type: 'manifest', manifest: one }],
    [
      'a shot',
      one,
      manifestOf(shot('a'), shot('b', 'succeeded')),
      { type: 'shots', manifest: 'ep01', running: false, shots: [shot('b', 'succeeded')] },
    ],
    ['a run', one, { ...one, running: true }, { type: 'shots', manifest: 'ep01', running: true, shots: [] }],
    [
      'the order',
      one,
      manifestOf(shot('b'), shot('a')),
      { type: 'manifest', manifest: manifestOf(shot('b'), shot('a')) },
    ],
    ['a shot less', one, manifestOf(shot('a')), { type: 'manifest', manifest: manifestOf(shot('a')) }],
  ])('may be %s', (_, before, after, event) => {
    expect(changesOf(before, after)).toEqual(event)
  })
})
