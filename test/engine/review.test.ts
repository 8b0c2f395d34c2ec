import { encode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { type ReviewOptions, type ReviewReport, review } from '../../src/commands/review.js'
import { renderLockfile } from '../../src/core/lockfile.js'
import type { Review, ReviewTake } from '../../src/core/review.js'
import { entry, takeName, task } from '../core/builders.js'
import { createRig, type Rig } from '../support/rig.js'

const out = '/project/review.html'

async function write(
  rig: Rig,
  options: Partial<ReviewOptions> = {},
): Promise<{ report: ReviewReport; review: Review; takes: Record<string, ReviewTake> }> {
  const usual = { paths: [], cwd: '/project', rehearsal: false, selection: {}, out, embed: false }
  const report = await review({ ...usual, ...options }, rig.world)
  const html = rig.files.text(report.file)!
  const value: Review = JSON.parse(
    /<script type="application\/json" id="review">(.*)<\/script>/.exec(html)![1]!,
  )
  const all = value.manifests.flatMap(({ shots }) => shots.flatMap(({ takes }) => takes))
  return { report, review: value, takes: Object.fromEntries(all.map((take) => [take.name, take])) }
}

async function bought(shots: Record<string, unknown> = { fox: 'a fox' }): Promise<Rig> {
  const rig = createRig(shots)
  await rig.run()
  return rig
}

const png = encode({ width: 320, height: 320, channels: 3, data: new Uint8Array(320 * 320 * 3) })

describe('the page', () => {
  test.each([
    ['/project/review.html', 'manifests/out/ep01/fox.mp4'],
    ['/project/manifests/review.html', 'out/ep01/fox.mp4'],
    ['/project/pages/ep01/Review.HTM', '../../manifests/out/ep01/fox.mp4'],
  ])('at %s finds its films from there: %s', async (place, href) => {
    const { takes } = await write(await bought(), { out: place })
    expect(takes.fox?.video).toEqual({ href, path: 'out/ep01/fox.mp4' })
  })

  test('finds films whatever their names hold', async () => {
    const rig = createRig({ fox: { prompt: 'a fox', takes: 2 } })
    const videos = { fox: 'out/a b#1?%20&c.mp4', 'fox@2': 'out/狐狸:2.mp4' }
    const entries = Object.entries(videos).map(([name, video], at) => {
      rig.files.write(`/project/manifests/${video}`, 'film')
      return [
        takeName(name),
        entry('succeeded', { task: task(`t${at}`), video, sha256: 'a'.repeat(64) }),
      ] as const
    })
    rig.files.write('/project/manifests/ep01.lock.yaml', renderLockfile(new Map(entries)))
    const { takes } = await write(rig)
    for (const [name, video] of Object.entries(videos)) {
      const { pathname, search, hash } = new URL(takes[name]!.video!.href, 'file:///project/review.html')
      expect([decodeURIComponent(pathname), search, hash]).toEqual([`/project/manifests/${video}`, '', ''])
    }
  })

  test('counts what it shows, and the films that are not on this machine', async () => {
    const rig = await bought({ fox: { prompt: 'a fox', takes: 2 }, owl: 'an owl' })
    rig.writeManifest({ fox: { prompt: 'a fox', takes: 3 }, owl: 'an owl' })
    rig.files.contents.delete('/project/manifests/out/ep01/owl.mp4')
    const { report } = await write(rig)
    expect(report).toEqual({
      file: out,
      sizeBytes: rig.files.contents.get(out)!.length,
      shots: 2,
      takes: 4,
      missing: 1,
    })
  })

  test('shows all manifests, each under a name of its own', async () => {
    const rig = await bought()
    rig.writeManifest({ owl: 'an owl' }, 'ep02')
    rig.files.write('/project/manifests/two/ep01.yaml', rig.files.text('/project/manifests/ep02.yaml')!)
    const { manifests } = (await write(rig)).review
    expect(manifests.map(({ name, file }) => [name, file])).toEqual([
      ['manifests/ep01', 'manifests/ep01.yaml'],
      ['ep02', 'manifests/ep02.yaml'],
      ['manifests/two/ep01', 'manifests/two/ep01.yaml'],
    ])
  })

  test('shows what is selected', async () => {
    const rig = await bought({ fox: 'a fox', owl: 'an owl' })
    const { takes, report } = await write(rig, { selection: { shots: ['owl'] } })
    expect([Object.keys(takes), report.shots]).toEqual([['owl'], 1])
  })

  test.each([
    '/project/manifests/ep01.yaml',
    '/project/manifests/ep01.lock.yaml',
    '/project/fox.mp4',
    '/project/-',
    '/project',
  ])('is never written over what is none: %s', async (place) => {
    const rig = await bought()
    const before = rig.files.text(place)
    await expect(write(rig, { out: place })).rejects.toMatchObject({ code: 'usage' })
    expect(rig.files.text(place)).toBe(before)
  })

  test('that cannot be written is an error that says so, and leaves the one of before', async () => {
    const rig = await bought()
    rig.files.write(out, 'before')
    rig.files.fault = (action) => {
      if (action === 'replace') throw new Error('ENOSPC')
    }
    await expect(write(rig)).rejects.toMatchObject({ code: 'review-unwritten' })
    expect(rig.files.text(out)).toBe('before')
  })
})

describe('a page with all inside', () => {
  test('carries films and pictures, and names no file of this machine to load', async () => {
    const rig = createRig({ fox: { prompt: 'a fox', image: 'refs/fox.png' } })
    rig.files.write('/project/manifests/refs/fox.png', png)
    await rig.run()
    await rig.run({ force: true })
    const { takes, review } = await write(rig, { embed: true })
    const film = (text: string) => `data:video/mp4;base64,${Buffer.from(text).toString('base64')}`
    expect(takes.fox).toMatchObject({
      video: { href: film('video of cgt-2') },
      previous: [{ task: 'cgt-1', video: { href: film('video of cgt-1') } }],
    })
    expect(review.manifests[0]!.shots[0]!.media[0]!.href).toBe(
      `data:image/png;base64,${Buffer.from(png).toString('base64')}`,
    )
    expect(rig.files.text(out)).not.toContain('/project')
  })

  test('has nothing inside that a link in the project leads to elsewhere', async () => {
    const rig = await bought({ fox: 'a fox', owl: 'an owl' })
    rig.files.realPath = async (path) => (path.endsWith('/fox.mp4') ? '/etc/fox.mp4' : path)
    const { takes, report } = await write(rig, { embed: true })
    expect(takes.fox).not.toHaveProperty('video')
    expect(takes.owl).toHaveProperty('video')
    expect(report.missing).toBe(1)
  })

  test('does without a film that may not be read', async () => {
    const rig = await bought()
    const { read } = rig.files
    rig.files.read = async (path) => {
      if (path.endsWith('.mp4')) throw Object.assign(new Error('permission denied'), { code: 'EACCES' })
      return await read(path)
    }
    expect((await write(rig, { embed: true })).takes.fox).not.toHaveProperty('video')
  })

  test('has no more inside than browsers take, and nothing is read that is too much', async () => {
    const rig = await bought({ fox: 'a fox', owl: 'an owl' })
    const { read, size } = rig.files
    let sizeBytes = 100 * 1024 * 1024
    const readPaths: string[] = []
    rig.files.size = async (path) => (path.endsWith('.mp4') ? sizeBytes : await size(path))
    rig.files.read = (path) => {
      readPaths.push(path)
      return read(path)
    }
    await write(rig, { embed: true })
    sizeBytes++
    readPaths.length = 0
    await expect(write(rig, { embed: true })).rejects.toMatchObject({ code: 'review-too-large' })
    expect(readPaths.filter((path) => path.endsWith('.mp4'))).toHaveLength(1)
    await write(rig, { embed: true, selection: { shots: ['fox'] } })
  })
})
