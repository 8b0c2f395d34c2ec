import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plan } from '../../src/commands/plan.js'
import { parseSavedPlan, type SavedPlan } from '../../src/core/saved-plan.js'
import { loadPlan, optionsOf } from '../../src/engine/saved-plans.js'
import { createRig, type Rig } from '../support/rig.js'

const path = '/project/plan.json'
const asked = { paths: [], cwd: '/project', rehearsal: false, provider: 'ark', selection: {} }
const manifest = '/project/manifests/ep01.yaml'

async function save(rig: Rig, options = {}): Promise<SavedPlan> {
  let ids = 0
  await plan({ ...asked, ...options, save: { path, provider: 'ark', newId: () => `id-${++ids}` } }, rig.world)
  return await loadPlan(path, 'plan.json', rig.files)
}

async function carryOut(rig: Rig): Promise<Record<string, string>> {
  const saved = await loadPlan(path, 'plan.json', rig.files)
  const { outcomes } = await rig.run({ ...optionsOf(saved, path, '/project'), saved: { plan: saved, path } })
  return Object.fromEntries(outcomes.map(({ take, kind }) => [take, kind]))
}

const shots = { fox: 'a fox', owl: 'an owl' }

test('a saved plan names its manifests from where it lies, with hashes of all it was decided from', async () => {
  const rig = createRig(shots)
  expect(await save(rig)).toMatchObject({
    planVersion: 1,
    id: 'id-1',
    provider: 'ark',
    manifests: [{ file: 'manifests/ep01.yaml', sha256: /^[0-9a-f]{64}$/, lockfileSha256: null }].map(
      (one) => ({
        ...one,
        sha256: expect.stringMatching(one.sha256),
      }),
    ),
  })
})

describe('a saved plan', () => {
  test('is carried out exactly: what it was made with counts', async () => {
    const rig = createRig(shots)
    await save(rig, { selection: { shots: ['owl'] } })
    expect(await carryOut(rig)).toEqual({ owl: 'done' })
  })

  test('is carried out once', async () => {
    const rig = createRig(shots)
    rig.provider.script = () => ({ ends: { status: 'failed', error: { code: 'E', message: '' } } })
    await save(rig)
    await carryOut(rig)
    await rig.files.remove('/project/manifests/ep01.lock.yaml')
    await rig.files.remove('/project/.shotlock/ledger/manifests/ep01.archive.jsonl')
    await expect(carryOut(rig)).rejects.toMatchObject({ code: 'plan-used' })
    expect(rig.provider.creates).toHaveLength(2)
  })

  test('that was refused can be carried out once everything is as it was', async () => {
    const rig = createRig(shots)
    await save(rig)
    const text = rig.files.text(manifest)!
    rig.files.write(manifest, `${text}# a note\n`)
    await expect(carryOut(rig)).rejects.toMatchObject({ code: 'plan-stale' })
    rig.files.write(manifest, text)
    expect(await carryOut(rig)).toEqual({ fox: 'done', owl: 'done' })
  })

  test.each<[string, (rig: Rig) => Promise<unknown> | unknown, string]>([
    ['the manifest', (rig) => rig.writeManifest({ ...shots, owl: 'a white owl' }), 'ep01.yaml has changed'],
    [
      'a comment in the manifest',
      (rig) => rig.files.write(manifest, `${rig.files.text(manifest)}# x\n`),
      'has changed',
    ],
    [
      'the lockfile, which was not there',
      (rig) => rig.run({ selection: { shots: ['fox'] } }),
      'has a lockfile now',
    ],
    [
      'the prices',
      (rig) => {
        rig.run = withRates(rig)
      },
      'prices have changed',
    ],
  ])('is refused when %s changed, and nothing is sent', async (_, change, why) => {
    const rig = createRig(shots)
    await save(rig)
    await change(rig)
    const before = rig.provider.creates.length
    await expect(carryOut(rig)).rejects.toMatchObject({
      code: 'plan-stale',
      message: expect.stringContaining(why),
    })
    expect(rig.provider.creates).toHaveLength(before)
  })

  test('is refused when the lockfile is gone or another', async () => {
    const rig = createRig(shots)
    await rig.run()
    rig.writeManifest({ ...shots, cat: 'a cat' })
    await save(rig)
    const lockfile = '/project/manifests/ep01.lock.yaml'
    const text = rig.files.text(lockfile)!
    rig.files.write(lockfile, text.replace('tokens: 1000', 'tokens: 1001'))
    await expect(carryOut(rig)).rejects.toMatchObject({ message: expect.stringContaining('lockfile') })
    await rig.files.remove(lockfile)
    await expect(carryOut(rig)).rejects.toMatchObject({ message: expect.stringContaining('is gone') })
    rig.files.write(lockfile, text)
    expect(await carryOut(rig)).toMatchObject({ cat: 'done' })
  })

  test('for drafts buys drafts', async () => {
    const rig = createRig(shots)
    await save(rig, { draft: true })
    expect(await carryOut(rig)).toEqual({ 'fox@draft': 'done', 'owl@draft': 'done' })
  })
})

/** A rig's run with a price from elsewhere. */
function withRates(rig: Rig): Rig['run'] {
  const { run } = rig
  const rate = { currency: 'CNY', amount: 1, per: 'video' as const, source: 'a file' }
  return (options) => run({ ...options, rates: { nearer: [rate] } })
}

describe('what is no saved plan', () => {
  test.each([
    ['no JSON', '{'],
    ['another JSON', '{"version":1}'],
    ['a newer one', '{"planVersion":2}'],
    ['one with an id that leads elsewhere', '../x'],
  ])('is refused: %s', async (what, text) => {
    const rig = createRig(shots)
    const saved = await save(rig)
    const content = what.startsWith('one with') ? JSON.stringify({ ...saved, id: text }) : text
    expect(() => parseSavedPlan(content, 'plan.json')).toThrow(
      expect.objectContaining({ code: 'plan-invalid' }),
    )
  })

  test('is refused without a crash, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(() => parseSavedPlan(text, 'plan.json')).toThrow(
          expect.objectContaining({ code: 'plan-invalid' }),
        )
      }),
    )
  })

  test('is not there', async () => {
    await expect(loadPlan(path, 'plan.json', createRig().files)).rejects.toMatchObject({
      code: 'plan-invalid',
    })
  })
})
