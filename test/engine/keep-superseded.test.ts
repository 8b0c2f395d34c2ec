import { describe, expect, test } from 'vitest'
import { verify } from '../../src/commands/verify.js'
import type { MarkPoint } from '../../src/ports/world.js'
import { createRig, type Rig } from '../support/rig.js'

const folder = '/project/manifests'
const text = (rig: Rig, path: string) => rig.files.text(`${folder}/${path}`)
const videos = (rig: Rig) =>
  Object.fromEntries(
    [...rig.files.contents.keys()]
      .filter((path) => path.endsWith('.mp4'))
      .map((path) => [path.slice(folder.length + 1), rig.files.text(path)]),
  )
const bought = async (shots: Record<string, unknown> = { fox: 'a fox' }) => {
  const rig = createRig(shots)
  await rig.run()
  return rig
}

const code = 'OutputVideoSensitiveContentDetected'
const failed = { ends: { status: 'failed', error: { code, message: 'moderated' } } } as const

describe('the video of a take that is bought anew', () => {
  test('is put beside the new one, and the lockfile says where', async () => {
    const rig = await bought()
    await rig.run({ force: true })
    expect(videos(rig)).toEqual({
      'out/ep01/fox.mp4': 'video of cgt-2',
      'out/ep01/previous/fox.cgt-1.mp4': 'video of cgt-1',
    })
    const { sha256, video } = rig.locked().fox!.spent!['cgt-1' as never]!
    expect(video).toBe('out/ep01/previous/fox.cgt-1.mp4')
    expect(sha256).toMatch(/^[0-9a-f]{64}$/)
  })

  test('is kept each time, and through a failure in between', async () => {
    const rig = await bought()
    await rig.run({ force: true })
    rig.provider.script = (_, number) => (number === 3 ? failed : {})
    await rig.run({ force: true })
    expect(Object.keys(videos(rig))).toContain('out/ep01/fox.mp4')
    await rig.run({ force: true })
    expect(videos(rig)).toEqual({
      'out/ep01/fox.mp4': 'video of cgt-4',
      'out/ep01/previous/fox.cgt-1.mp4': 'video of cgt-1',
      'out/ep01/previous/fox.cgt-2.mp4': 'video of cgt-2',
    })
  })

  test('stays where it is when the shot states another place by now', async () => {
    const rig = await bought()
    rig.writeManifest({ fox: { prompt: 'a fox', output: 'films/{shot}.mp4' } })
    await rig.run({ force: true })
    expect(videos(rig)).toEqual({
      'films/fox.mp4': 'video of cgt-2',
      'out/ep01/fox.mp4': 'video of cgt-1',
    })
    expect(rig.locked().fox!.spent!['cgt-1' as never]!.video).toBe('out/ep01/fox.mp4')
  })

  test('is no orphan', async () => {
    const rig = await bought()
    await rig.run({ force: true })
    const signal = new AbortController().signal
    const { manifests } = await verify({ paths: [], cwd: '/project', rehearsal: false }, rig.files, {
      signal,
    })
    expect(manifests[0]!.orphans).toEqual([])
  })

  test('is not kept for one that lies there without being it, and then the lockfile names none', async () => {
    const rig = await bought()
    rig.files.write(`${folder}/out/ep01/fox.mp4`, 'cut by hand')
    await rig.run({ force: true })
    expect(Object.keys(videos(rig))).toEqual(['out/ep01/fox.mp4'])
    expect(rig.locked().fox!.spent!['cgt-1' as never]).toEqual({
      tokens: expect.any(Number),
      cost: expect.any(String),
    })
  })

  test('takes another name when a file of other people has its own', async () => {
    const rig = await bought()
    rig.files.write(`${folder}/out/ep01/previous/fox.cgt-1.mp4`, 'of somebody')
    await rig.run({ force: true })
    expect(videos(rig)).toEqual({
      'out/ep01/fox.mp4': 'video of cgt-2',
      'out/ep01/previous/fox.cgt-1.mp4': 'of somebody',
      'out/ep01/previous/fox.cgt-1-2.mp4': 'video of cgt-1',
    })
    expect(rig.locked().fox!.spent!['cgt-1' as never]!.video).toBe('out/ep01/previous/fox.cgt-1-2.mp4')
  })

  test('is kept for each of two tasks that made the same bytes', async () => {
    const rig = createRig({ fox: 'a fox' })
    const same = new TextEncoder().encode('the same film')
    rig.provider.onDownload = () => ({
      offset: 0,
      totalBytes: same.length,
      chunks: (async function* () {
        yield same
      })(),
    })
    await rig.run()
    await rig.run({ force: true })
    await rig.run({ force: true })
    const paths = ['cgt-1', 'cgt-2'].map((task) => `out/ep01/previous/fox.${task}.mp4`)
    expect(Object.keys(videos(rig)).sort()).toEqual(['out/ep01/fox.mp4', ...paths])
    expect(Object.values(rig.locked().fox!.spent!).map(({ video }) => video)).toEqual(paths)
  })

  test('is not written over by that of a shot that is given its place', async () => {
    const rig = createRig({
      fox: { prompt: 'a fox', output: 'a.mp4' },
      owl: { prompt: 'an owl', output: 'b.mp4' },
    })
    await rig.run()
    rig.writeManifest({
      fox: { prompt: 'a red fox', output: 'c.mp4' },
      owl: { prompt: 'an owl', output: 'b.mp4' },
    })
    await rig.run()
    rig.writeManifest({
      fox: { prompt: 'a red fox', output: 'c.mp4' },
      owl: { prompt: 'a hen', output: 'a.mp4' },
    })
    await expect(rig.run()).rejects.toMatchObject({ code: 'output-taken' })
    expect(text(rig, 'a.mp4')).toBe('video of cgt-1')
    expect(rig.provider.creates).toHaveLength(3)
  })

  test.each<MarkPoint>(['superseded-written', 'part-written', 'file-renamed', 'collected-written'])(
    'is in one of its places whole when the process dies at %s, and the next run ends it well',
    async (point) => {
      const rig = await bought()
      rig.world.mark = (reached) => {
        if (reached === point) throw new Error('killed')
      }
      await rig.run({ force: true }).catch(() => undefined)
      rig.world.mark = () => undefined
      expect(Object.values(videos(rig))).toContain('video of cgt-1')
      await rig.run()
      expect(videos(rig)).toEqual({
        'out/ep01/fox.mp4': 'video of cgt-2',
        'out/ep01/previous/fox.cgt-1.mp4': 'video of cgt-1',
      })
      expect(text(rig, 'ep01.lock.yaml')).toContain('previous/fox.cgt-1.mp4')
    },
  )
})
