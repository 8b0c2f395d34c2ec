import { describe, expect, test } from 'vitest'
import { type PruneReport, prune } from '../../src/commands/prune.js'
import type { CreateAnswer } from '../../src/core/create-answer.js'
import { createRig, type Rig } from '../support/rig.js'

const options = { paths: [], cwd: '/project', rehearsal: false }
const unknown: CreateAnswer = { kind: 'unknown', why: 'the connection was reset' }
const archive = '/project/.shotlock/ledger/manifests/ep01.archive.jsonl'

async function pruned(rig: Rig, { agree = true } = {}): Promise<PruneReport['manifests'][number]> {
  const { manifests } = await prune(options, rig.world, { confirm: async () => agree })
  return manifests[0]!
}

/** A collected shot that has left the manifest since, and one that stays. */
async function withOrphan(): Promise<Rig> {
  const rig = createRig({ fox: { prompt: 'a fox', takes: 2 }, owl: 'an owl' })
  await rig.run()
  rig.writeManifest({ fox: 'a fox' })
  return rig
}

describe('pruning', () => {
  test('drops entries whose shots or takes are gone, and leaves the files', async () => {
    const rig = await withOrphan()

    expect(await pruned(rig)).toEqual({
      manifest: 'ep01',
      file: 'manifests/ep01.yaml',
      pruned: [
        { take: 'fox@2', status: 'succeeded', task: 'cgt-2', video: 'out/ep01/fox@2.mp4', here: true },
        { take: 'owl', status: 'succeeded', task: 'cgt-3', video: 'out/ep01/owl.mp4', here: true },
      ],
      staying: [],
    })
    expect(Object.keys(rig.locked())).toEqual(['fox'])
    expect(rig.files.text('/project/manifests/out/ep01/owl.mp4')).toBe('video of cgt-3')
  })

  test('leaves the ids in the archive, also those that only the lockfile brought here', async () => {
    const rig = await withOrphan()
    await rig.run({ selection: { shots: ['fox'] }, force: true })
    rig.files.contents.delete(archive)
    await pruned(rig)
    expect(rig.files.text(archive)).toContain('"cgt-3"')
  })

  test('asks first, and changes nothing when it is not agreed to', async () => {
    const rig = await withOrphan()
    const before = rig.lockText()
    await expect(pruned(rig, { agree: false })).rejects.toMatchObject({ code: 'no-consent' })
    expect(rig.lockText()).toBe(before)
  })

  test('asks nothing when there is nothing to drop', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    const before = new Map(rig.files.contents)
    const confirm = async () => expect.unreachable('nobody is to be asked')
    expect(await prune(options, rig.world, { confirm })).toMatchObject({
      manifests: [{ pruned: [], staying: [] }],
    })
    expect(rig.files.contents).toEqual(before)
  })

  test('drops what failed and what was refused', async () => {
    const rig = createRig({ fox: 'a fox', hen: 'a hen', owl: 'an owl' })
    const refusal = { code: 'InvalidParameter', message: 'no', status: 400 }
    rig.provider.onCreate = (_, number) => (number === 1 ? { kind: 'refused', refusal } : undefined)
    rig.provider.script = (_, number) => (number === 2 ? { ends: { status: 'expired' } } : {})
    await rig.run()
    rig.writeManifest({ owl: 'an owl' })
    expect((await pruned(rig)).pruned).toMatchObject([
      { take: 'fox', status: 'failed' },
      { take: 'hen', status: 'expired' },
    ])
  })

  test('says which of them a renamed shot could keep', async () => {
    const rig = await withOrphan()
    rig.writeManifest({ fox: 'a fox', bird: 'an owl' })
    expect((await pruned(rig)).pruned).toMatchObject([{ take: 'fox@2' }, { take: 'owl', movable: 'bird' }])
  })

  test('brings a pruned take back when its shot returns: it is not paid for twice', async () => {
    const rig = await withOrphan()
    await pruned(rig)
    rig.writeManifest({ fox: 'a fox', owl: 'an owl' })
    await rig.run()
    expect(rig.provider.creates).toHaveLength(3)
    expect(rig.locked().owl).toMatchObject({ task: 'cgt-3' })
  })
})

describe('never drops', () => {
  test('what is live, unknown, or paid for and not fetched', async () => {
    const rig = createRig({ live: 'a fox', lost: 'a hen', paid: 'an owl', keep: 'a cat' })
    rig.provider.script = (_, number) => ({ livesMs: number === 3 ? 60_000 : Number.POSITIVE_INFINITY })
    rig.provider.onCreate = (_, number) => (number === 2 ? unknown : undefined)
    await rig.run({ wait: false })
    const lock = rig.lockText()!
    rig.files.write(
      '/project/manifests/ep01.lock.yaml',
      lock.replace(/("paid":\n {4}status: )submitted/, '$1succeeded'),
    )
    rig.writeManifest({ keep: 'a cat' })

    expect(await pruned(rig)).toMatchObject({
      pruned: [],
      staying: [
        { take: 'live', why: 'live', task: 'cgt-1' },
        { take: 'lost', why: 'unknown' },
        { take: 'paid', why: 'uncollected', task: 'cgt-3' },
      ],
    })
    expect(Object.keys(rig.locked())).toEqual(['keep', 'live', 'lost', 'paid'])
  })

  test('a live entry whose id is missing: its task may be anywhere', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    await rig.run({ wait: false })
    rig.files.write('/project/manifests/ep01.lock.yaml', rig.lockText()!.replace(/ {4}task: "cgt-1"\n/, ''))
    rig.writeManifest({ owl: 'an owl' })
    expect(await pruned(rig)).toMatchObject({ pruned: [], staying: [{ take: 'fox', why: 'unknown' }] })
  })

  test('what was paid for and can no longer be had', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    await rig.run({ wait: false })
    const lock = rig.lockText()!
    const lost = lock.replace(
      /(task: "cgt-1"\n(?: {4}.*\n)*? {4}seed: \d+\n)/,
      '$1    error: "result-gone"\n',
    )
    rig.files.write('/project/manifests/ep01.lock.yaml', lost)
    rig.writeManifest({ owl: 'an owl' })
    expect(await pruned(rig)).toMatchObject({
      pruned: [],
      staying: [{ take: 'fox', why: 'lost', task: 'cgt-1' }],
    })
  })
})
