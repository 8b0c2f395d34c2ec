import { describe, expect, test } from 'vitest'
import { noteLimit } from '../../src/core/note.js'
import type { Decision, DecisionAnswer } from '../../src/core/review.js'
import { DecisionDesk } from '../../src/review-server/decision-desk.js'
import { WatchedReview } from '../../src/review-server/watched-review.js'
import { shotName, takeName } from '../core/builders.js'
import { type HeldLocks, heldLocks } from '../support/held-locks.js'
import { createRig, type Rig } from '../support/rig.js'

const fox = { prompt: 'a fox', takes: 3 }
const lockPath = (name = 'ep01') => `/project/.shotlock/ledger/manifests/${name}.lock`
const manifestPath = '/project/manifests/ep01.yaml'

const pick = (take: string, manifest = 'ep01'): Decision => ({ do: 'pick', manifest, take: takeName(take) })
const takes = (shot: string, more = 2, manifest = 'ep01'): Decision => ({
  do: 'takes',
  manifest,
  shot: shotName(shot),
  more,
})
const judge = (take: string, parts: { approved?: boolean; note?: string } = {}): Decision => ({
  do: 'judge',
  manifest: 'ep01',
  take: takeName(take),
  ...parts,
})

interface OpenDesk {
  rig: Rig
  locks: HeldLocks
  desk: DecisionDesk
  watched: WatchedReview
  /** What came of decisions that had waited. */
  told: [Decision, DecisionAnswer][]
}

/** A desk over shots that are bought and collected. */
async function open(shots: Record<string, unknown> = { fox, owl: 'an owl' }, run = {}): Promise<OpenDesk> {
  const rig = createRig(shots)
  await rig.run(run)
  return await openOn(rig)
}

async function openOn(rig: Rig): Promise<OpenDesk> {
  const locks = heldLocks()
  rig.world.locks = locks
  const plan = { paths: [], cwd: '/project', rehearsal: false }
  const options = { ...plan, selection: {}, selected: false, hrefOf: (path: string) => path }
  const watched = new WatchedReview(options, rig.world, () => undefined)
  await watched.open()
  const told: OpenDesk['told'] = []
  const desk = new DecisionDesk({
    plan,
    world: rig.world,
    watched,
    onDecided: (...what) => void told.push(what),
  })
  return { rig, locks, desk, watched, told }
}

const picksIn = (rig: Rig, name?: string) =>
  Object.entries(rig.locked(name)).flatMap(([take, { pick }]) => (pick ? [take] : []))

describe('a decision', () => {
  test('to pick is in the lockfile when it is answered, and the answer has the shot as it is then', async () => {
    const { rig, desk } = await open()
    const answer = await desk.decide(pick('fox@2'))
    expect(picksIn(rig)).toEqual(['fox@2'])
    expect(answer).toMatchObject({
      kind: 'decided',
      manifest: 'ep01',
      shots: [{ name: 'fox', takes: [{ name: 'fox' }, { name: 'fox@2', pick: true }, { name: 'fox@3' }] }],
    })
  })

  test('on the first take is not taken for one on the picked take', async () => {
    const { rig, desk } = await open()
    await desk.decide(pick('fox@2'))
    const undo: Decision = { do: 'unpick', manifest: 'ep01', take: takeName('fox') }
    expect(await desk.decide(undo)).toMatchObject({ kind: 'refused', code: 'cannot-pick' })
    await desk.decide(pick('fox'))
    expect(picksIn(rig)).toEqual(['fox'])
    expect(await desk.decide(undo)).toMatchObject({ kind: 'decided' })
    expect(picksIn(rig)).toEqual([])
  })

  test('to reject keeps its note, and one to undecide takes both away', async () => {
    const { rig, desk } = await open()
    const before = rig.lockText()
    await desk.decide(judge('fox@2', { approved: false, note: ' too\ndark ' }))
    expect(rig.locked()['fox@2']).toMatchObject({ approved: false, note: 'too dark' })
    await desk.decide(judge('fox@2'))
    expect(rig.lockText()).toBe(before)
  })

  test('to approve a draft has its final bought next', async () => {
    const { rig, desk } = await open({ fox: 'a fox' }, { draft: true })
    expect(await desk.decide(judge('fox@draft', { approved: true }))).toMatchObject({
      kind: 'decided',
      shots: [
        {
          takes: [
            { name: 'fox', next: 'generate' },
            { name: 'fox@draft', approved: true },
          ],
        },
      ],
    })
    await rig.run()
    expect(rig.locked().fox).toMatchObject({ status: 'succeeded', draft: 'cgt-1' })
  })

  test('for more takes edits the manifest and nothing else in it', async () => {
    const { rig, desk } = await open({ fox: 'a fox' })
    const text = `# The whole episode.\nversion: 1\ndefaults: { model: doubao-seedance-1-5-pro-251215, duration: 4 }\nshots:\n  fox: # the hero\n    prompt: a fox\n`
    rig.files.write(manifestPath, text)
    expect(await desk.decide(takes('fox'))).toMatchObject({
      kind: 'decided',
      shots: [{ takes: [{ status: 'succeeded' }, { name: 'fox@2', status: 'absent' }, { name: 'fox@3' }] }],
    })
    expect(rig.files.text(manifestPath)).toBe(text.replace('    prompt', '    takes: 3\n    prompt'))
    expect(rig.provider.creates).toHaveLength(1)
  })

  test('reaches the manifest that is meant of two with one name', async () => {
    const rig = createRig({ fox })
    rig.files.write('/project/manifests/two/ep01.yaml', rig.files.text(manifestPath)!)
    await rig.run()
    const { desk, watched } = await openOn(rig)
    const names = watched.review.manifests.map(({ name }) => name)
    expect(names).toEqual(['manifests/ep01', 'manifests/two/ep01'])
    expect(await desk.decide(pick('fox@3', names[1]))).toMatchObject({
      kind: 'decided',
      manifest: names[1],
      shots: [{ name: 'fox' }],
    })
    expect([picksIn(rig), picksIn(rig, 'two/ep01')]).toEqual([[], ['fox@3']])
  })
})

describe('refused is', () => {
  test.each<[string, Decision, string]>([
    ['a manifest that is not shown', pick('fox', 'ep02'), 'nothing-selected'],
    ['a shot that is not there', pick('wolf'), 'nothing-selected'],
    ['more takes of a shot that is not there', takes('wolf'), 'nothing-selected'],
    ['a take beyond the last', pick('fox@4'), 'cannot-pick'],
    ['a take that is not bought', judge('owl', { approved: true }), 'cannot-judge'],
    ['a draft that was not made', judge('fox@draft', { approved: true }), 'cannot-judge'],
    ['a note that is too long', judge('fox', { note: 'x'.repeat(noteLimit + 1) }), 'usage'],
    ['a note with signs that steer terminals', judge('fox', { note: 'a\u001b[31m' }), 'usage'],
  ])('%s, and nothing is changed', async (_, decision, code) => {
    const { rig, desk } = await open({ fox })
    rig.writeManifest({ fox, owl: 'an owl' })
    const before = [rig.lockText(), rig.files.text(manifestPath)]
    expect(await desk.decide(decision)).toMatchObject({
      kind: 'refused',
      code,
      message: expect.any(String),
    })
    expect([rig.lockText(), rig.files.text(manifestPath)]).toEqual(before)
  })

  test.each([
    [
      'a shot of a matrix',
      { fox: { prompt: '${look} fox', matrix: { look: ['red', 'old'] } } },
      'fox.red',
      2,
    ],
    ['more than a hundred takes', { fox: { prompt: 'a fox', takes: 3, skip: true } }, 'fox', 98],
  ])('more takes for %s', async (_, shots, shot, more) => {
    const { rig, desk } = await open(shots, { force: false })
    const before = rig.files.text(manifestPath)
    expect(await desk.decide(takes(shot, more))).toMatchObject({ kind: 'refused', code: 'cannot-raise' })
    expect(rig.files.text(manifestPath)).toBe(before)
  })

  test.each<[string, Decision]>([
    ['a lockfile', pick('fox@2')],
    ['a manifest', takes('fox')],
  ])('what cannot be written down, such as %s, and no path of this machine is told', async (_, decision) => {
    const { rig, desk } = await open({ fox })
    rig.files.fault = (action, path) => {
      if (action !== 'append') throw new Error(`ENOSPC: no space left on device, write '${path}'`)
    }
    const answer = await desk.decide(decision)
    expect(answer).toMatchObject({ kind: 'refused', code: expect.stringMatching(/unwrit/) })
    expect(JSON.stringify(answer)).not.toContain('/project')
  })
})

describe('decisions that come together', () => {
  test('are carried out in turn', async () => {
    const { rig, desk } = await open()
    const wanted = [pick('fox'), pick('fox@2'), judge('fox', { approved: false }), pick('fox@3'), pick('owl')]
    const answers = await Promise.all(wanted.map((one) => desk.decide(one)))
    // One that met the lock of another would wait.
    expect(answers.map(({ kind }) => kind)).toEqual(wanted.map(() => 'decided'))
    expect(picksIn(rig)).toEqual(['fox@3', 'owl'])
    expect(rig.locked().fox).toMatchObject({ approved: false })
  })

  test('go on after one that was refused, and after one that met a bug', async () => {
    const { rig, desk } = await open()
    const { realPath } = rig.files
    rig.files.realPath = () => Promise.reject(new TypeError('a bug'))
    const { exists } = rig.files
    rig.files.exists = () => Promise.reject(new TypeError('a bug'))
    const broken = desk.decide(pick('fox@2'))
    await expect(broken).rejects.toThrow('a bug')
    Object.assign(rig.files, { realPath, exists })
    expect(await desk.decide(pick('fox@4'))).toMatchObject({ kind: 'refused' })
    expect(await desk.decide(pick('fox@2'))).toMatchObject({ kind: 'decided' })
  })
})

describe('a decision that a run stands in the way of', () => {
  test('waits, and is carried out when the run has ended', async () => {
    const { rig, locks, desk, told } = await open()
    locks.hold(lockPath())
    expect(await desk.decide(pick('fox@2'))).toEqual({ kind: 'waiting' })
    await desk.retry()
    expect([picksIn(rig), told, desk.waiting]).toEqual([[], [], [pick('fox@2')]])

    locks.free(lockPath())
    await desk.retry()
    expect(picksIn(rig)).toEqual(['fox@2'])
    expect(told).toMatchObject([
      [pick('fox@2'), { kind: 'decided', shots: [{ takes: [{}, { name: 'fox@2', pick: true }, {}] }] }],
    ])
    expect(desk.waiting).toEqual([])
    await desk.retry()
    expect(told).toHaveLength(1)
  })

  test('has what comes after it for the same manifest wait too, and that of others not', async () => {
    const rig = createRig({ fox })
    rig.writeManifest({ fox }, 'ep02')
    await rig.run()
    const { desk, locks, told } = await openOn(rig)
    const before = rig.files.text(manifestPath)
    locks.hold(lockPath())
    expect(await desk.decide(pick('fox@2'))).toEqual({ kind: 'waiting' })
    // Needs no lock by itself.
    expect(await desk.decide(takes('fox'))).toEqual({ kind: 'waiting' })
    expect(await desk.decide(pick('fox@2', 'ep02'))).toMatchObject({ kind: 'decided', manifest: 'ep02' })
    expect(rig.files.text(manifestPath)).toBe(before)

    locks.free(lockPath())
    // Still behind, although the run has ended.
    expect(await desk.decide(pick('fox@3'))).toEqual({ kind: 'waiting' })
    await desk.retry()
    expect(told.map(([decision]) => decision)).toEqual([pick('fox@2'), takes('fox'), pick('fox@3')])
    expect(picksIn(rig)).toEqual(['fox@3'])
    expect(rig.files.text(manifestPath)).toContain('takes: 5')
  })

  test('is refused by then when it has become impossible, and what comes after it goes on', async () => {
    const { rig, locks, desk, told } = await open()
    locks.hold(lockPath())
    await desk.decide(pick('fox@3'))
    await desk.decide(pick('owl'))
    rig.writeManifest({ fox: { ...fox, takes: 2 }, owl: 'an owl' })
    locks.free(lockPath())
    await desk.retry()
    expect(told).toMatchObject([
      [pick('fox@3'), { kind: 'refused', code: 'cannot-pick' }],
      [pick('owl'), { kind: 'decided' }],
    ])
    expect(desk.waiting).toEqual([])
  })

  test('is not overtaken by what comes after it when the run ends in between', async () => {
    const { locks, desk, told } = await open()
    locks.hold(lockPath())
    await desk.decide(pick('fox@2'))
    await desk.decide(pick('fox@3'))
    const { holder } = locks
    locks.holder = async (path) => {
      const found = await holder(path)
      locks.free(path)
      return found
    }
    await desk.retry()
    expect([told, desk.waiting]).toEqual([[], [pick('fox@2'), pick('fox@3')]])
    await desk.retry()
    expect(told.map(([decision]) => decision)).toEqual([pick('fox@2'), pick('fox@3')])
  })

  test('looks at the lock alone while the run goes on', async () => {
    const { locks, desk, rig } = await open()
    locks.hold(lockPath())
    await desk.decide(pick('fox@2'))
    const asked = locks.asked.length
    const { read } = rig.files
    let reads = 0
    rig.files.read = (path) => {
      reads++
      return read(path)
    }
    await desk.retry()
    expect([locks.asked.length - asked, reads]).toEqual([0, 0])
  })

  test('is retried after all that was asked for before', async () => {
    const { rig, desk } = await open()
    void desk.decide(pick('fox@2'))
    await desk.retry()
    expect(picksIn(rig)).toEqual(['fox@2'])
  })

  test('gives back every lock that it took', async () => {
    const { locks, desk } = await open()
    await desk.decide(pick('fox@2'))
    await desk.decide(pick('fox@9'))
    expect(locks.asked).toEqual([lockPath(), lockPath()])
    expect([...locks.own]).toEqual([])
  })
})
