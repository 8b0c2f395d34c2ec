import { describe, expect, test } from 'vitest'
import { type CostHistory, cost } from '../../src/commands/cost.js'
import { prune } from '../../src/commands/prune.js'
import { type PreviousPrune, prunePrevious } from '../../src/commands/prune-previous.js'
import { verify } from '../../src/commands/verify.js'
import type { MarkPoint } from '../../src/ports/world.js'
import { createRig, type Rig } from '../support/rig.js'

const options = { paths: [], cwd: '/project', rehearsal: false }
const folder = '/project/manifests'
const at = (path: string) => `${folder}/out/ep01/${path}`
const previous = (name: string) => `out/ep01/previous/${name}.mp4`
const lockPath = `${folder}/ep01.lock.yaml`

async function pruned(rig: Rig, { agree = true } = {}): Promise<PreviousPrune> {
  const { manifests } = await prunePrevious(options, rig.world, { confirm: async () => agree })
  return manifests[0]!
}

/** Two shots; the first was bought three times. */
async function retaken(): Promise<Rig> {
  const rig = createRig({ fox: 'a fox', owl: 'an owl' })
  await rig.run()
  const selection = { shots: ['fox'] }
  await rig.run({ selection, force: true })
  await rig.run({ selection, force: true })
  return rig
}

const videos = (rig: Rig) =>
  [...rig.files.contents.keys()]
    .filter((path) => path.endsWith('.mp4'))
    .map((path) => path.slice(folder.length + 1))
    .sort()
const kept = (rig: Rig) =>
  Object.entries(rig.locked().fox!.spent ?? {}).flatMap(([task, { video }]) =>
    video === undefined ? [] : [task],
  )
const look = async (rig: Rig) => {
  const { signal } = new AbortController()
  return (await verify(options, rig.files, { signal })).manifests[0]!
}

const noGit: CostHistory = {
  root: async () => undefined,
  commitOf: async () => undefined,
  show: async () => undefined,
}
const sums = async ({ files }: Rig) =>
  await cost({ ...options, by: 'shot', selection: {} }, { files, git: noGit })

describe('pruning videos of superseded tasks', () => {
  test('deletes them and nothing else, and says how much that is', async () => {
    const rig = await retaken()
    expect(await pruned(rig)).toEqual({
      manifest: 'ep01',
      file: 'manifests/ep01.yaml',
      deleted: [
        { take: 'fox', task: 'cgt-1', video: previous('fox.cgt-1'), sizeBytes: 14 },
        { take: 'fox', task: 'cgt-3', video: previous('fox.cgt-3'), sizeBytes: 14 },
      ],
      missing: [],
      left: [],
    })
    expect(videos(rig)).toEqual(['out/ep01/fox.mp4', 'out/ep01/owl.mp4'])
    expect(await look(rig)).toMatchObject({
      files: [{ state: 'ok' }, { state: 'ok' }],
      kept: [],
      orphans: [],
    })
  })

  test('keeps what their tasks came to, so that no sum changes', async () => {
    const rig = await retaken()
    const { spent, ...entry } = rig.locked().fox!
    const before = await sums(rig)
    await pruned(rig)

    const bills = Object.entries(spent!).map(([task, { tokens, cost }]) => [task, { tokens, cost }])
    expect(rig.locked().fox).toEqual({ ...entry, spent: Object.fromEntries(bills) })
    expect(await sums(rig)).toEqual(before)
  })

  test('takes a task that has nothing but a video out of what was spent, and the sums stay as they are', async () => {
    const rig = await retaken()
    rig.files.write(
      lockPath,
      rig.lockText()!.replace(/"cgt-1": \{ tokens: \d+, cost: "[^"]+", /, '"cgt-1": { '),
    )
    const before = await sums(rig)
    await pruned(rig)
    expect(Object.keys(rig.locked().fox!.spent!)).toEqual(['cgt-3'])
    expect(rig.locked().fox!.previous).toEqual(['cgt-1', 'cgt-3'])
    expect(await sums(rig)).toEqual(before)
  })

  test('asks first, and changes nothing when it is not agreed to', async () => {
    const rig = await retaken()
    const before = rig.lockText()
    await expect(pruned(rig, { agree: false })).rejects.toMatchObject({ code: 'no-consent' })
    expect(rig.lockText()).toBe(before)
    expect(videos(rig)).toHaveLength(4)
  })

  test('asks nothing when there is nothing to delete, and changes no byte', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    const before = new Map(rig.files.contents)
    const confirm = async () => expect.unreachable('nobody is to be asked')
    expect(await prunePrevious(options, rig.world, { confirm })).toMatchObject({
      manifests: [{ deleted: [], missing: [], left: [] }],
    })
    expect(rig.files.contents).toEqual(before)
  })

  test('makes the lockfile forget those that are not on this machine', async () => {
    const rig = await retaken()
    await rig.files.remove(at('previous/fox.cgt-1.mp4'))
    expect(await pruned(rig)).toMatchObject({
      deleted: [{ task: 'cgt-3' }],
      missing: [{ task: 'cgt-1', video: previous('fox.cgt-1') }],
    })
    expect(kept(rig)).toEqual([])
  })

  test('works for entries whose shots are gone as well', async () => {
    const rig = await retaken()
    rig.writeManifest({ owl: 'an owl' })
    expect((await pruned(rig)).deleted).toHaveLength(2)
    expect(Object.keys(rig.locked())).toEqual(['fox', 'owl'])
  })

  test('holds when the lockfile is lost afterwards: what is recalled names no deleted video', async () => {
    const rig = await retaken()
    await pruned(rig)
    await rig.files.remove(lockPath)
    await rig.run()
    expect(rig.provider.creates).toHaveLength(4)
    expect(rig.locked().fox!.previous).toEqual(['cgt-1', 'cgt-3'])
    expect(kept(rig)).toEqual([])
  })
})

describe('is left alone, and named:', () => {
  test('a video that is not what was collected', async () => {
    const rig = await retaken()
    rig.files.write(at('previous/fox.cgt-1.mp4'), 'cut by hand')
    expect(await pruned(rig)).toMatchObject({
      deleted: [{ task: 'cgt-3' }],
      left: [{ take: 'fox', task: 'cgt-1', video: previous('fox.cgt-1'), why: 'changed' }],
    })
    expect(rig.files.text(at('previous/fox.cgt-1.mp4'))).toBe('cut by hand')
    expect(kept(rig)).toEqual(['cgt-1'])
  })

  test('a file that changes while a person is asked', async () => {
    const rig = await retaken()
    const path = at('previous/fox.cgt-1.mp4')
    const confirm = async () => {
      rig.files.write(path, 'cut by hand')
      return true
    }
    const { manifests } = await prunePrevious(options, rig.world, { confirm })
    expect(manifests[0]).toMatchObject({
      deleted: [{ task: 'cgt-3' }],
      left: [{ task: 'cgt-1', why: 'changed' }],
    })
    expect(rig.files.text(path)).toBe('cut by hand')
  })

  test.each([
    ['a path of the lockfile leads out', '"../../home/fox.mp4"'],
    ['its path is absolute', '"/home/fox.mp4"'],
  ])('a file outside of the project: %s', async (_, path) => {
    const rig = await retaken()
    const video = rig.files.text(at('previous/fox.cgt-1.mp4'))!
    rig.files.write(lockPath, rig.lockText()!.replace(`"${previous('fox.cgt-1')}"`, path))
    rig.files.write('/home/fox.mp4', video)
    expect((await pruned(rig)).left).toMatchObject([{ task: 'cgt-1', why: 'outside' }])
    expect(rig.files.text('/home/fox.mp4')).toBe(video)
    expect(kept(rig)).toEqual(['cgt-1'])
  })

  test('a file that a link puts outside of the project', async () => {
    const rig = await retaken()
    rig.files.realPath = async (path) => path.replace(`${folder}/out`, '/disk/out')
    expect((await pruned(rig)).left.map(({ why }) => why)).toEqual(['outside', 'outside'])
    expect(videos(rig)).toHaveLength(4)
  })

  test('the only video of a take, whose newer task brought none', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    rig.provider.script = () => ({ ends: { status: 'expired' } })
    await rig.run({ force: true })
    expect((await pruned(rig)).left).toMatchObject([
      { task: 'cgt-1', video: 'out/ep01/fox.mp4', why: 'only' },
    ])
    expect(videos(rig)).toEqual(['out/ep01/fox.mp4'])
  })

  test('the only video of a take on this machine', async () => {
    const rig = await retaken()
    await rig.files.remove(at('fox.mp4'))
    expect((await pruned(rig)).left.map(({ why }) => why)).toEqual(['only', 'only'])
    expect(videos(rig)).toHaveLength(3)
  })

  test('a file that is the collected one of another take', async () => {
    const rig = await retaken()
    rig.files.write(lockPath, rig.lockText()!.replace(previous('fox.cgt-1'), 'out/ep01/owl.mp4'))
    expect((await pruned(rig)).left).toMatchObject([{ task: 'cgt-1', why: 'used' }])
    expect(videos(rig)).toContain('out/ep01/owl.mp4')
  })

  test('a file that cannot be read, and one that the disk does not let go', async () => {
    const rig = await retaken()
    const { readChunks, remove } = rig.files
    const refuse = () => {
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    }
    rig.files.readChunks = async (path) => (path.endsWith('cgt-1.mp4') ? refuse() : await readChunks(path))
    rig.files.remove = async (path) => (path.endsWith('cgt-3.mp4') ? refuse() : await remove(path))
    expect((await pruned(rig)).left.map(({ why }) => why)).toEqual(['unreadable', 'undeletable'])
    expect(kept(rig)).toEqual(['cgt-1', 'cgt-3'])
  })
})

describe('a crash', () => {
  test.each<MarkPoint>([
    'file-deleted',
    'discarded-written',
    'lock-replaced',
    'journal-archived',
    'journal-emptied',
  ])('at %s leaves nothing that verify calls an error, and the same command again ends it', async (point) => {
    const rig = await retaken()
    rig.world.mark = (reached) => {
      if (reached === point) throw new Error('killed')
    }
    await pruned(rig).catch(() => undefined)
    rig.world.mark = () => undefined
    const check = await look(rig)
    expect(check.files.map(({ state }) => state)).toEqual(['ok', 'ok'])
    expect(check.orphans).toEqual([])

    await pruned(rig)
    expect(await look(rig)).toMatchObject({ kept: [], orphans: [] })
    expect(videos(rig)).toEqual(['out/ep01/fox.mp4', 'out/ep01/owl.mp4'])
    expect(kept(rig)).toEqual([])
    expect(Object.values(rig.locked().fox!.spent!)).toHaveLength(2)
  })

  test('of the ledger after a file is deleted leaves a name, which the same command again takes out', async () => {
    const rig = await retaken()
    rig.files.fault = (action) => {
      if (action === 'append') throw new Error('ENOSPC')
    }
    await expect(pruned(rig)).rejects.toMatchObject({ code: 'state-unwritable' })
    rig.files.fault = () => undefined
    expect((await look(rig)).kept.map(({ state }) => state)).toEqual(['missing', 'missing'])
    expect(await pruned(rig)).toMatchObject({ deleted: [], missing: [{}, {}] })
    expect(kept(rig)).toEqual([])
  })
})

describe('plain pruning', () => {
  test('leaves kept videos on the disk, tells of them, and their names come back with the shot', async () => {
    const rig = await retaken()
    rig.writeManifest({ owl: 'an owl' })
    const { manifests } = await prune(options, rig.world, { confirm: async () => true })
    const paths = [previous('fox.cgt-1'), previous('fox.cgt-3')]
    expect(manifests[0]!.pruned).toMatchObject([{ take: 'fox', kept: paths }])
    expect(videos(rig)).toEqual(['out/ep01/fox.mp4', 'out/ep01/owl.mp4', ...paths])
    expect((await look(rig)).orphans).toEqual(['out/ep01/fox.mp4', ...paths])

    rig.writeManifest({ fox: 'a fox', owl: 'an owl' })
    await rig.run()
    expect(rig.provider.creates).toHaveLength(4)
    expect((await look(rig)).kept).toMatchObject([{ state: 'ok' }, { state: 'ok' }])
  })

  test('counts only those that are on this machine', async () => {
    const rig = await retaken()
    await rig.files.remove(at('previous/fox.cgt-1.mp4'))
    rig.writeManifest({ owl: 'an owl' })
    const { manifests } = await prune(options, rig.world, { confirm: async () => true })
    expect(manifests[0]!.pruned).toMatchObject([{ kept: [previous('fox.cgt-3')] }])
  })
})
