import { describe, expect, test } from 'vitest'
import { promote } from '../../src/commands/promote.js'
import { createRig, type Rig } from '../support/rig.js'

const fox = { prompt: 'a fox', ratio: '1:1', resolution: '720p' }
const options = { paths: [], cwd: '/project', rehearsal: false }
const approve = (rig: Rig, shots: string[], undo = false) => promote({ ...options, shots, undo }, rig.world)
const kinds = async (rig: Rig, run = {}) =>
  Object.fromEntries(Object.entries(await rig.outcomes(run)).map(([take, { kind }]) => [take, kind]))

/** A rig whose shots have drafts. */
async function drafted(shots: Record<string, unknown> = { fox }): Promise<Rig> {
  const rig = createRig(shots)
  await rig.run({ draft: true })
  return rig
}

describe('run --draft', () => {
  test('asks for a cheap video of each take, and keeps it apart from the final', async () => {
    const rig = await drafted({ fox: { ...fox, takes: 2, return_last_frame: true, service_tier: 'flex' } })
    expect(rig.provider.creates.map(({ request }) => request)).toMatchObject([
      { draft: true, resolution: '480p', ratio: '1:1', duration: 4 },
      { draft: true, resolution: '480p', ratio: '1:1', duration: 4 },
    ])
    for (const { request } of rig.provider.creates) {
      expect(request).not.toHaveProperty('return_last_frame')
      expect(request).not.toHaveProperty('service_tier')
    }
    expect(Object.keys(rig.locked())).toEqual(['fox@draft', 'fox@2@draft'])
    expect(rig.files.text('/project/manifests/out/ep01/fox@2@draft.mp4')).toBeDefined()
  })

  test('run again changes nothing', async () => {
    const rig = await drafted()
    const before = rig.lockText()
    expect(await kinds(rig, { draft: true })).toEqual({ 'fox@draft': 'kept' })
    expect(rig.lockText()).toBe(before)
  })

  test('makes a new draft of a shot that has changed', async () => {
    const rig = await drafted()
    rig.writeManifest({ fox: { ...fox, prompt: 'a red fox' } })
    expect(await kinds(rig, { draft: true })).toEqual({ 'fox@draft': 'done' })
    expect(rig.locked()['fox@draft']).toMatchObject({ task: 'cgt-2', previous: ['cgt-1'] })
  })

  test('keeps a draft when only the resolution of its final changes', async () => {
    const rig = await drafted()
    rig.writeManifest({ fox: { ...fox, resolution: '1080p' } })
    expect(await kinds(rig, { draft: true })).toEqual({ 'fox@draft': 'kept' })
  })

  test('holds shots of models that make no drafts', async () => {
    const rig = createRig({ fox: { ...fox, model: 'doubao-seedance-2-0-260128' } })
    expect(await rig.outcomes({ draft: true })).toMatchObject({ fox: { kind: 'held', reason: 'no-drafts' } })
    expect(rig.provider.creates).toEqual([])
  })

  test('leaves a shot alone whose final is there', async () => {
    const rig = createRig({ fox })
    await rig.run()
    expect(await kinds(rig, { draft: true })).toEqual({ fox: 'kept' })
  })
})

describe('a final', () => {
  test('waits while its draft is not approved', async () => {
    const rig = await drafted()
    expect(await rig.outcomes()).toMatchObject({
      fox: { kind: 'held', reason: 'draft-unapproved' },
      'fox@draft': { kind: 'kept' },
    })
    expect(rig.provider.creates).toHaveLength(1)
  })

  test('is made from its approved draft, with the same seed and nothing that the draft decides', async () => {
    const rig = await drafted()
    await approve(rig, ['fox'])
    expect(await kinds(rig)).toMatchObject({ fox: 'done' })
    expect(rig.provider.creates[1]!.request).toEqual({
      model: 'doubao-seedance-1-5-pro-251215',
      content: [{ type: 'draft_task', draft_task: { id: 'cgt-1' } }],
      resolution: '720p',
    })
    const { fox: final, 'fox@draft': draft } = rig.locked()
    expect(final).toMatchObject({ task: 'cgt-2', draft: 'cgt-1', seed: draft!.seed })
    expect(await kinds(rig)).toEqual({ fox: 'kept', 'fox@draft': 'kept' })
  })

  test('is made for the approved take only', async () => {
    const rig = await drafted({ fox: { ...fox, takes: 2 } })
    await approve(rig, ['fox@2'])
    expect(await kinds(rig)).toMatchObject({ fox: 'held', 'fox@2': 'done' })
  })

  test('waits when the shot has changed since its draft was approved', async () => {
    const rig = await drafted()
    await approve(rig, ['fox'])
    rig.writeManifest({ fox: { ...fox, prompt: 'a red fox' } })
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'held', reason: 'draft-outdated' } })
  })

  test('waits once its draft is older than 7 days', async () => {
    const rig = createRig({ fox })
    const day = 86_400_000
    rig.provider.onCreate = () => {
      const id = stamped(rig.clock.now())
      return { kind: 'accepted', taskId: rig.provider.add(id, {}) }
    }
    await rig.run({ draft: true })
    await approve(rig, ['fox'])
    await rig.clock.sleep(7 * day)
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'held', reason: 'draft-expired' } })
    await expect(approve(rig, ['fox'])).rejects.toMatchObject({ code: 'cannot-promote' })
  })

  test('is bought without its draft by force', async () => {
    const rig = await drafted()
    expect(await kinds(rig, { force: true })).toMatchObject({ fox: 'done' })
    expect(rig.provider.creates[1]!.request.content).toMatchObject([{ type: 'text' }])
  })

  test('does not hinder a draft that is still live', async () => {
    const rig = createRig({ fox })
    await rig.run({ draft: true, wait: false })
    expect(await kinds(rig)).toEqual({ fox: 'held', 'fox@draft': 'done' })
  })
})

describe('promote', () => {
  test('says until when the final can be made, and that nothing changed the second time', async () => {
    const rig = await drafted()
    expect(await approve(rig, ['f*'])).toEqual({
      promoted: [{ manifest: 'ep01', take: 'fox', task: 'cgt-1', approved: true, unchanged: false }],
    })
    expect((await approve(rig, ['fox'])).promoted).toMatchObject([{ unchanged: true }])
    expect(rig.lockText()).toContain('approved: true')
  })

  test('can be taken back', async () => {
    const rig = await drafted()
    const before = rig.lockText()
    await approve(rig, ['fox'])
    await approve(rig, ['fox'], true)
    expect(rig.lockText()).toBe(before)
  })

  test.each([
    ['a shot that is not there', 'fxo', 'nothing-selected'],
    ['a shot without a draft', 'owl', 'cannot-promote'],
  ])('refuses %s, and approves nothing then', async (_, name, code) => {
    const rig = await drafted()
    rig.writeManifest({ fox, owl: 'an owl' })
    await expect(approve(rig, ['fox', name])).rejects.toMatchObject({ code })
    expect(rig.lockText()).not.toContain('approved')
  })

  test('refuses a draft of an older version of its shot', async () => {
    const rig = await drafted()
    rig.writeManifest({ fox: { ...fox, prompt: 'a red fox' } })
    await expect(approve(rig, ['fox'])).rejects.toMatchObject({ code: 'cannot-promote' })
  })

  test('refuses a draft that failed', async () => {
    const rig = createRig({ fox })
    rig.provider.script = () => ({ ends: { status: 'failed', error: { code: 'E', message: '' } } })
    await rig.run({ draft: true })
    await expect(approve(rig, ['fox'])).rejects.toMatchObject({ code: 'cannot-promote' })
  })
})

/** A task id as Ark makes it, stamped in UTC+8. */
function stamped(at: number): string {
  const stamp = new Date(at + 8 * 3_600_000).toISOString().replace(/\D/g, '').slice(0, 14)
  return `cgt-${stamp}-aaaaa`
}
