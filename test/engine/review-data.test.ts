import { encode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { judge } from '../../src/commands/judge.js'
import { pick } from '../../src/commands/pick.js'
import type { LockEntry } from '../../src/core/lockfile.js'
import { renderLockfile } from '../../src/core/lockfile.js'
import { manifestName } from '../../src/core/manifest.js'
import type { ReviewManifest, ReviewShot, ReviewTake } from '../../src/core/review.js'
import { type PrepareOptions, previewPlans } from '../../src/engine/prepare-plans.js'
import { type ReviewDataOptions, reviewManifest, reviewNames } from '../../src/engine/review-data.js'
import { entry, takeName, task } from '../core/builders.js'
import type { TaskScript } from '../support/fake-provider.js'
import { createRig, type Rig } from '../support/rig.js'

const folder = '/project/manifests'
const base: PrepareOptions = { paths: [], cwd: '/project', rehearsal: false, selection: {} }

/** The first manifest as the page shows it; addresses are paths from the project's root, with their version. */
async function look(
  rig: Rig,
  { data = {}, ...options }: Partial<PrepareOptions> & { data?: Partial<ReviewDataOptions> } = {},
): Promise<ReviewManifest> {
  const { previews } = await previewPlans({ ...base, ...options }, rig.world)
  const hrefOf = (path: string, version?: string) =>
    `${path.replace('/project/', '')}${version ? `?${version.length}` : ''}`
  return await reviewManifest(previews[0]!, { hrefOf, ...data }, rig.files)
}

const takesIn = ({ shots }: ReviewManifest): Record<string, ReviewTake> =>
  Object.fromEntries(shots.flatMap(({ takes }) => takes.map((take) => [take.name, take])))
const shotIn = (manifest: ReviewManifest, name: string): ReviewShot =>
  manifest.shots.find((shot) => shot.name === name)!

function lock(rig: Rig, entries: Record<string, LockEntry>): void {
  const named = Object.entries(entries).map(([name, one]) => [takeName(name), one] as const)
  rig.files.write(`${folder}/ep01.lock.yaml`, renderLockfile(new Map(named)))
}

const bought = async (shots: Record<string, unknown>) => {
  const rig = createRig(shots)
  await rig.run()
  return rig
}

const failing = (code: string): TaskScript => ({ ends: { status: 'failed', error: { code, message: '' } } })

describe('a take', () => {
  test('that is done tells what was paid, and where its video is', async () => {
    const rig = await bought({ fox: { prompt: 'a fox', seed: 7 } })
    const { cost, ...rest } = takesIn(await look(rig)).fox!
    expect(rest).toEqual({
      name: 'fox',
      next: 'keep',
      status: 'succeeded',
      task: 'cgt-1',
      provider: 'ark',
      seed: 7,
      tokens: 1000,
      video: { href: 'manifests/out/ep01/fox.mp4?8', path: 'out/ep01/fox.mp4' },
    })
    expect(cost).toMatch(/^0\.\d+ CNY$/)
  })

  test('whose video is not on this machine has none, and is fetched next', async () => {
    const rig = await bought({ fox: 'a fox' })
    rig.files.contents.delete(`${folder}/out/ep01/fox.mp4`)
    const { fox } = takesIn(await look(rig))
    expect(fox).toMatchObject({ status: 'succeeded', next: 'collect' })
    expect(fox).not.toHaveProperty('video')
  })

  test.each<[string, TaskScript, Partial<ReviewTake>]>([
    [
      'live',
      { livesMs: Number.POSITIVE_INFINITY },
      { status: 'submitted', next: 'resume', task: 'cgt-1' as never },
    ],
    ['expired', { ends: { status: 'expired' } }, { status: 'expired', next: 'generate' }],
    ['cancelled', { ends: { status: 'cancelled' } }, { status: 'cancelled', next: 'generate' }],
    [
      'failed and may pass',
      failing('OutputVideoSensitiveContentDetected'),
      {
        status: 'failed',
        next: 'generate',
        failure: 'moderation-output',
        error: 'OutputVideoSensitiveContentDetected',
      },
    ],
    [
      'failed by what was asked for',
      failing('InputTextSensitiveContentDetected'),
      { status: 'failed', next: 'hold', held: 'moderation-input', failure: 'moderation-input' },
    ],
  ])('that is %s tells so', async (_, script, expected) => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.script = () => script
    await rig.run({ wait: false })
    if (script.ends) await rig.run()
    const { fox } = takesIn(await look(rig))
    expect(fox).toMatchObject(expected)
    expect(fox).not.toHaveProperty('video')
  })

  test('that is live tells the most it can cost', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.script = () => ({ livesMs: Number.POSITIVE_INFINITY })
    await rig.run({ wait: false })
    expect(takesIn(await look(rig)).fox?.reserved).toMatch(/ CNY$/)
  })

  test('whose create was never answered is unknown', async () => {
    const rig = createRig({ fox: { prompt: 'a fox', seed: 7 } })
    rig.provider.onCreate = () => ({ kind: 'unknown', why: 'reset' })
    await rig.run()
    expect(takesIn(await look(rig)).fox).toMatchObject({
      status: 'unknown',
      next: 'reconcile',
      seed: 7,
      provider: 'ark',
    })
  })

  test('that was never bought is absent', async () => {
    const rig = createRig({ fox: 'a fox', owl: { prompt: 'an owl', skip: true } })
    const manifest = await look(rig)
    expect(takesIn(manifest)).toEqual({
      fox: { name: 'fox', next: 'generate', status: 'absent' },
      owl: { name: 'owl', next: 'hold', held: 'skipped', status: 'absent' },
    })
    expect(shotIn(manifest, 'owl').skip).toBe(true)
  })

  test('tells what a person decided about it', async () => {
    const rig = await bought({ fox: { prompt: 'a fox', takes: 2 } })
    const options = { paths: [], cwd: '/project', rehearsal: false }
    await pick({ ...options, shots: ['fox@2'] }, rig.world)
    await judge({ ...options, takes: ['fox'], approved: false, note: 'too dark' }, rig.world)
    const { fox, 'fox@2': second } = takesIn(await look(rig))
    expect(fox).toMatchObject({ approved: false, note: 'too dark' })
    expect(fox).not.toHaveProperty('pick')
    expect(second).toMatchObject({ pick: true })
    expect(second).not.toHaveProperty('approved')
  })

  test('tells the tasks that it had before, the newest first, with the videos that were kept', async () => {
    const rig = await bought({ fox: 'a fox' })
    await rig.run({ force: true })
    await rig.run({ force: true })
    rig.files.contents.delete(`${folder}/out/ep01/previous/fox.cgt-1.mp4`)
    const { previous } = takesIn(await look(rig)).fox!
    expect(previous).toMatchObject([
      {
        task: 'cgt-2',
        tokens: 1000,
        video: {
          href: 'manifests/out/ep01/previous/fox.cgt-2.mp4?8',
          path: 'out/ep01/previous/fox.cgt-2.mp4',
        },
      },
      { task: 'cgt-1', tokens: 1000 },
    ])
    expect(previous![1]).not.toHaveProperty('video')
  })

  test('does not pass its own video off as the one before', async () => {
    const rig = createRig({ fox: 'a fox' })
    const video = 'out/ep01/fox.mp4'
    rig.files.write(`${folder}/${video}`, 'film')
    const previous = [task('t1')]
    const done = entry('succeeded', { task: task('t2'), video, sha256: 'a'.repeat(64), previous })
    lock(rig, { fox: { ...done, spent: { [task('t1')]: { tokens: 1, video, sha256: 'b'.repeat(64) } } } })
    expect(takesIn(await look(rig)).fox?.previous).toEqual([{ task: 't1', tokens: 1 }])
  })

  test('that waits for another one, or was overtaken by it, names it', async () => {
    const rig = createRig({ a: 'a', b: { prompt: 'b', first_frame: { last_frame_of: 'a' } } })
    rig.provider.script = () => failing('InputTextSensitiveContentDetected')
    await rig.run()
    expect(takesIn(await look(rig)).b).toMatchObject({ status: 'absent', next: 'hold', upstream: 'a' })
    expect(takesIn(await look(rig)).b?.held).toMatch(/^upstream/)

    rig.provider.script = () => ({})
    await rig.run({ force: true })
    await rig.run({ force: true, selection: { shots: ['a'] } })
    expect(takesIn(await look(rig)).b).toMatchObject({ next: 'keep', stale: true, upstream: 'a' })
  })

  test('comes before its draft, and finals come by their numbers', async () => {
    const rig = createRig({ fox: { prompt: 'a fox', takes: 11 } })
    await rig.run({ draft: true })
    await rig.run({ selection: { shots: ['fox@2'] } })
    const names = shotIn(await look(rig), 'fox').takes.map(({ name }) => name)
    expect(names.slice(0, 5)).toEqual(['fox', 'fox@draft', 'fox@2', 'fox@2@draft', 'fox@3'])
    expect(names.at(-1)).toBe('fox@11@draft')
    expect(takesIn(await look(rig))['fox@draft']).toMatchObject({ draft: true, status: 'succeeded' })
  })
})

describe('a shot', () => {
  test('tells what the manifest states of it', async () => {
    const rig = createRig({
      fox: { prompt: 'a fox', ratio: '1:1', watermark: false, tags: ['ep01', 'hero'] },
    })
    expect(shotIn(await look(rig), 'fox')).toMatchObject({
      prompt: 'a fox',
      model: 'doubao-seedance-1-5-pro-251215',
      parameters: { ratio: '1:1', watermark: false, duration: 4 },
      tags: ['ep01', 'hero'],
      media: [],
    })
  })

  test('stands where the manifest has it; one that has left the manifest comes last, with what was paid for', async () => {
    const rig = await bought({ wolf: 'a wolf', fox: { prompt: 'a fox', takes: 2 } })
    rig.writeManifest({ owl: 'an owl', bee: 'a bee' })
    const { shots } = await look(rig)
    expect(shots.map(({ name, gone }) => [name, gone])).toEqual([
      ['owl', undefined],
      ['bee', undefined],
      ['fox', true],
      ['wolf', true],
    ])
    expect(shots[2]!.takes).toMatchObject([
      { name: 'fox', status: 'succeeded', video: { path: 'out/ep01/fox.mp4' } },
      { name: 'fox@2', status: 'succeeded' },
    ])
    expect(shots[2]).not.toHaveProperty('prompt')
  })

  test('has takes that it no longer wants, where they were paid for', async () => {
    const rig = await bought({ fox: { prompt: 'a fox', takes: 3 } })
    rig.writeManifest({ fox: { prompt: 'a fox', takes: 1 } })
    expect(shotIn(await look(rig), 'fox').takes.map(({ name }) => name)).toEqual(['fox', 'fox@2', 'fox@3'])
  })

  test('and no other is shown where it is selected', async () => {
    const rig = await bought({
      fox: { prompt: 'a fox', takes: 2, tags: ['hero'] },
      owl: 'an owl',
      bee: 'a bee',
    })
    const shown = async (selection: PrepareOptions['selection']) =>
      (await look(rig, { selection, data: { selected: true } })).shots.map(({ name, takes }) => [
        name,
        ...takes.map((take) => take.name),
      ])
    expect(await shown({ shots: ['owl'] })).toEqual([['owl', 'owl']])
    expect(await shown({ tags: ['hero'] })).toEqual([['fox', 'fox', 'fox@2']])
    expect(await shown({ shots: ['fox@2', 'b*'] })).toEqual([
      ['fox', 'fox@2'],
      ['bee', 'bee'],
    ])
  })
})

describe('what was given with a shot', () => {
  const png = encode({ width: 320, height: 320, channels: 3, data: new Uint8Array(320 * 320 * 3) })

  test('is shown as it is named, and loaded when it is a file of the project', async () => {
    const rig = createRig({
      fox: { prompt: 'a fox', image: 'refs/fox.png' },
      owl: { prompt: 'an owl', image: 'https://cdn.example/owl.png?sign=s3cret' },
      bee: { prompt: 'a bee', first_frame: { last_frame_of: 'fox' } },
    })
    rig.files.write(`${folder}/refs/fox.png`, png)
    const manifest = await look(rig)
    const media = (name: string) => shotIn(manifest, name).media
    expect(media('fox')).toEqual([
      { role: 'first_frame', kind: 'image', source: 'refs/fox.png', href: 'manifests/refs/fox.png?8' },
    ])
    expect(media('owl')).toEqual([
      { role: 'first_frame', kind: 'image', source: 'https://cdn.example/owl.png?***' },
    ])
    expect(media('bee')).toEqual([{ role: 'first_frame', kind: 'image', source: 'last_frame_of:fox' }])
  })

  test('has another address when it was painted over', async () => {
    const rig = createRig({ fox: { prompt: 'a fox', image: 'refs/fox.png' } })
    const hrefs = []
    for (const shade of [0, 255]) {
      const data = new Uint8Array(320 * 320 * 3).fill(shade)
      rig.files.write(`${folder}/refs/fox.png`, encode({ width: 320, height: 320, channels: 3, data }))
      const hrefOf = (path: string, version?: string) => `${path}?${version}`
      hrefs.push(shotIn(await look(rig, { data: { hrefOf } }), 'fox').media[0]!.href)
    }
    expect(new Set(hrefs).size).toBe(2)
  })
})

describe('nothing secret', () => {
  test.each([
    '../../../etc/passwd.mp4',
    '/etc/film.mp4',
    '//host/film.mp4',
    'C:/film.mp4',
    '\\\\host\\film.mp4',
    'out/../../../film.mp4',
  ])('is loaded by a path that the lockfile names: %s', async (video) => {
    const rig = createRig({ fox: 'a fox' })
    for (const path of [video, `${folder}/${video}`, '/etc/passwd.mp4', '/film.mp4', '/etc/film.mp4'])
      rig.files.write(path, 'secret')
    const sha256 = 'a'.repeat(64)
    const previous = [task('t1')]
    const spent = { [task('t1')]: { video, sha256 } }
    lock(rig, { fox: entry('succeeded', { task: task('t2'), video, sha256, previous, spent }) })
    const asked: string[] = []
    const hrefOf = (path: string) => {
      asked.push(path)
      return path
    }
    const { fox } = takesIn(await look(rig, { data: { hrefOf } }))
    expect(asked).toEqual([])
    expect(fox).not.toHaveProperty('video')
    expect(fox!.previous).toEqual([{ task: 't1' }])
  })

  test('is told of addresses, codes of failures, or the machine', async () => {
    const rig = createRig({
      fox: {
        prompt: 'a fox',
        callback_url: 'https://user:s3cret@me.example/hook?key=s3cret',
        image: 'https://cdn.example/fox.png?X-Tos-Signature=s3cret',
        extra: { api_key: 's3cret' },
      },
      owl: { prompt: 'an owl', image: 'data:image/png;base64,czNjcmV0' },
    })
    const png = encode({ width: 320, height: 320, channels: 3, data: new Uint8Array(320 * 320 * 3) })
    const inline = `data:image/png;base64,${Buffer.from(png).toString('base64')}`
    rig.files.write(
      `${folder}/ep01.yaml`,
      rig.files.text(`${folder}/ep01.yaml`)!.replace('data:image/png;base64,czNjcmV0', inline),
    )
    const error = 'E: Bearer s3cret, see https://files.example/v.mp4?X-Tos-Signature=s3cret'
    lock(rig, { fox: entry('failed', { task: task('t1'), error }) })
    const json = JSON.stringify(await look(rig, { paths: ['/project/manifests/ep01.yaml'] }))
    expect(json).toContain('https://***@me.example/hook?***')
    expect(json).not.toMatch(/s3cret|\/project|;base64,[^…]/)
  })
})

describe('a manifest', () => {
  test('is told by its name and its place in the project, however it was named', async () => {
    const rig = createRig({ fox: 'a fox' })
    for (const paths of [[], ['manifests'], ['/project/manifests/ep01.yaml']])
      expect(await look(rig, { paths })).toMatchObject({
        name: 'ep01',
        file: 'manifests/ep01.yaml',
        running: false,
      })
    expect(await look(rig, { data: { running: true, name: 'x' } })).toMatchObject({
      name: 'x',
      running: true,
    })
  })

  test.each([
    [
      ['a/ep.yaml', 'b/ep.yml', 'b/other.yaml'],
      ['a/ep', 'b/ep', 'other'],
    ],
    [
      ['ep.yaml', 'a/ep.yaml'],
      ['ep', 'a/ep'],
    ],
    [
      ['a.yaml', 'b.yaml'],
      ['a', 'b'],
    ],
  ])('has a name of its own among others: %j', async (files, names) => {
    const loaded = files.map((file) => ({
      manifest: { name: manifestName(file), file, shots: [] },
      places: { projectRoot: '/project', manifest: `/project/${file}` },
    }))
    expect(reviewNames(loaded as never)).toEqual(names)
  })

  test('of one project has another name than that of another project', () => {
    const loaded = ['/one', '/two'].map((projectRoot) => ({
      manifest: { name: 'ep', file: 'ep.yaml', shots: [] },
      places: { projectRoot, manifest: `${projectRoot}/ep.yaml` },
    }))
    expect(reviewNames(loaded as never)).toEqual(['ep (1)', 'ep (2)'])
  })
})
