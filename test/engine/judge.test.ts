import { describe, expect, test } from 'vitest'
import { adopt } from '../../src/commands/adopt.js'
import { type JudgeOptions, judge } from '../../src/commands/judge.js'
import { move } from '../../src/commands/move.js'
import { plan } from '../../src/commands/plan.js'
import { promote } from '../../src/commands/promote.js'
import { prune } from '../../src/commands/prune.js'
import { status } from '../../src/commands/status.js'
import { why } from '../../src/commands/why.js'
import { loadPlan, optionsOf } from '../../src/engine/saved-plans.js'
import { memoryGit } from '../support/memory-git.js'
import { createRig, type Rig } from '../support/rig.js'

const fox = { prompt: 'a fox', takes: 3 }
/** Of a model that makes drafts. */
const sketch = { prompt: 'a fox', ratio: '1:1', resolution: '720p' }
const options = { paths: [], cwd: '/project', rehearsal: false }
const asked = { ...options, provider: 'ark', selection: {} }
const lockPath = '/project/manifests/ep01.lock.yaml'
const journalPath = '/project/.shotlock/ledger/manifests/ep01.journal.jsonl'

type Decision = Pick<JudgeOptions, 'approved' | 'note'>
const decide = async (rig: Rig, takes: string[], decision: Decision) =>
  (await judge({ ...options, takes, ...decision }, rig.world)).judged
const approve = (rig: Rig, ...takes: string[]) => decide(rig, takes, { approved: true })
const reject = (rig: Rig, ...takes: string[]) => decide(rig, takes, { approved: false })
const undo = (rig: Rig, ...takes: string[]) => decide(rig, takes, {})

/** `fox@2 rejected: too dark`, of every take with a decision. */
const decisions = (rig: Rig, name?: string) =>
  Object.entries(rig.locked(name)).flatMap(([take, { approved, note }]) => {
    const state = approved === undefined ? [] : [approved ? 'approved' : 'rejected']
    const words = [...state, ...(note === undefined ? [] : [note])].join(': ')
    return words === '' ? [] : [`${take} ${words}`]
  })

async function kinds(rig: Rig, run = {}): Promise<Record<string, string>> {
  const outcomes = Object.entries(await rig.outcomes(run))
  return Object.fromEntries(outcomes.map(([take, { kind }]) => [take, kind]))
}

async function stepsOf(rig: Rig, run = {}) {
  const { plans } = await plan({ ...asked, ...run }, rig.world)
  return Object.fromEntries(plans.flatMap(({ steps }) => steps.map((step) => [step.take, step])))
}

/** A rig whose shots are bought and collected. */
async function bought(shots: Record<string, unknown> = { fox, owl: 'an owl' }): Promise<Rig> {
  const rig = createRig(shots)
  await rig.run()
  return rig
}

/** A rig whose shots have drafts. */
async function drafted(shots: Record<string, unknown> = { fox: sketch }): Promise<Rig> {
  const rig = createRig(shots)
  await rig.run({ draft: true })
  return rig
}

describe('a decision', () => {
  test('is written down for the takes that are named, take 1 by the name of its shot', async () => {
    const rig = await bought()
    const asDecided = { manifest: 'ep01', approved: false, note: 'too dark', unchanged: false }
    expect(await decide(rig, ['fox@2', 'owl'], { approved: false, note: 'too dark' })).toEqual([
      { take: 'fox@2', task: 'cgt-2', ...asDecided },
      { take: 'owl', task: 'cgt-4', ...asDecided },
    ])
    expect(await approve(rig, 'fox')).toMatchObject([{ take: 'fox', task: 'cgt-1', approved: true }])
    expect(decisions(rig)).toEqual(['fox approved', 'fox@2 rejected: too dark', 'owl rejected: too dark'])
  })

  test('adds its lines to the lockfile and changes no other', async () => {
    const rig = await bought()
    const before = rig.lockText()!.split('\n')
    await decide(rig, ['fox@2'], { approved: false, note: 'too dark' })
    const after = rig.lockText()!.split('\n')
    expect(after.filter((line) => !before.includes(line))).toEqual([
      '    approved: false',
      '    note: "too dark"',
    ])
    expect(after).toHaveLength(before.length + 2)
  })

  test('that stands already is not written again', async () => {
    const rig = await bought()
    await decide(rig, ['fox'], { approved: false, note: 'too dark' })
    const text = rig.lockText()
    const writes: string[] = []
    rig.files.fault = (action, path) => {
      if (action === 'append' || action === 'replace') writes.push(path)
    }
    const again = await decide(rig, ['fox'], { approved: false, note: ' too\n dark ' })
    expect(again).toMatchObject([{ take: 'fox', unchanged: true }])
    expect(writes).toEqual([])
    expect(rig.lockText()).toBe(text)
  })

  test('takes the place of the one before as a whole, its note with it', async () => {
    const rig = await bought()
    await decide(rig, ['fox'], { approved: false, note: 'too dark' })
    expect(await approve(rig, 'fox')).toMatchObject([{ unchanged: false }])
    expect(decisions(rig)).toEqual(['fox approved'])
    await decide(rig, ['fox'], { approved: true, note: 'better' })
    expect(decisions(rig)).toEqual(['fox approved: better'])
  })

  test('can be a note alone', async () => {
    const rig = await bought()
    await decide(rig, ['fox'], { note: 'ask Li' })
    expect(decisions(rig)).toEqual(['fox ask Li'])
  })

  test('can be taken back, and leaves no trace then', async () => {
    const rig = await bought()
    const before = rig.lockText()
    await decide(rig, ['fox@2'], { approved: false, note: 'too dark' })
    expect(await undo(rig, 'fox@2')).toEqual([
      { manifest: 'ep01', take: 'fox@2', task: 'cgt-2', unchanged: false },
    ])
    expect(rig.lockText()).toBe(before)
    expect(await undo(rig, 'fox@2')).toMatchObject([{ unchanged: true }])
  })

  test('is taken for every shot that fits a glob, with the number of the take behind it', async () => {
    const rig = await bought({ 'fox-a': fox, 'fox-b': fox, 'fox-c': 'one take', owl: fox })
    await reject(rig, 'fox-*@2')
    expect(decisions(rig)).toEqual(['fox-a@2 rejected', 'fox-b@2 rejected'])
    await approve(rig, '*')
    expect(decisions(rig).filter((line) => line.endsWith('approved'))).toHaveLength(4)
  })

  test('is taken once for a take that is named in two ways', async () => {
    const rig = await bought()
    expect(await reject(rig, 'fox', 'fox@1', 'f*')).toHaveLength(1)
  })

  test('is taken in every manifest that has the shot', async () => {
    const rig = await bought()
    rig.writeManifest({ fox }, 'ep02')
    await rig.run()
    await reject(rig, 'fox@2')
    expect([decisions(rig), decisions(rig, 'ep02')]).toEqual([['fox@2 rejected'], ['fox@2 rejected']])
  })

  test('can be taken about a take that has left the manifest', async () => {
    const rig = await bought()
    rig.writeManifest({ fox: { ...fox, takes: 2 } })
    await reject(rig, 'fox@3', 'owl')
    expect(decisions(rig)).toEqual(['fox@3 rejected', 'owl rejected'])
  })
})

describe('a decision is refused, and none of those named with it is taken,', () => {
  test.each([
    ['about a shot that is not there', 'fxo', 'nothing-selected', 'did you mean "fox"'],
    ['about a take that has no number', 'fox@x', 'nothing-selected', 'no shot fits'],
    ['about a take beyond the last', 'fox@4', 'cannot-judge', '"fox@4" is not bought yet'],
    ['about a take that was not bought', 'owl', 'cannot-judge', '"owl" is not bought yet'],
    ['about a draft that there is none of', 'fox@draft', 'cannot-judge', 'is not bought yet'],
  ])('%s', async (_, name, code, why) => {
    const rig = await bought({ fox })
    rig.writeManifest({ fox, owl: 'an owl' })
    const before = rig.lockText()
    await expect(reject(rig, 'fox@2', name)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(why),
    })
    expect(rig.lockText()).toBe(before)
    expect(rig.journal()).toBeUndefined()
  })

  test.each([
    ['has failed', { ends: { status: 'failed', error: { code: 'E', message: '' } } }, 'has failed'],
    ['was cancelled', { ends: { status: 'cancelled' } }, 'was cancelled'],
    ['expired', { ends: { status: 'expired' } }, 'not done in time'],
    ['is live', { livesMs: Number.POSITIVE_INFINITY }, 'is not done yet'],
  ] as const)('about a take that %s', async (_, script, why) => {
    const rig = createRig({ owl: 'an owl', fox })
    rig.provider.script = (_, number) => (number === 1 ? {} : script)
    await rig.run({ wait: false })
    await rig.run({ waitTimeoutMs: 3_600_000, selection: { shots: ['owl'] } })
    if ('ends' in script) await rig.run()
    await expect(approve(rig, 'owl', 'fox')).rejects.toMatchObject({
      code: 'cannot-judge',
      message: expect.stringContaining(why),
    })
    expect(decisions(rig)).toEqual([])
  })

  test('about a create whose answer was never seen', async () => {
    const rig = createRig({ owl: 'an owl' })
    rig.provider.onCreate = () => ({ kind: 'unknown', why: 'reset' })
    await rig.run()
    await expect(approve(rig, 'owl')).rejects.toMatchObject({ code: 'cannot-judge' })
    expect(decisions(rig)).toEqual([])
  })

  test('about a result that is lost', async () => {
    const rig = await bought({ owl: 'an owl' })
    rig.files.write(lockPath, rig.lockText()!.replace(/( +sha256: .*\n)/, '$1    error: "result-gone"\n'))
    await expect(reject(rig, 'owl')).rejects.toMatchObject({ code: 'cannot-judge' })
    expect(decisions(rig)).toEqual([])
  })

  test.each([
    ['that is too long', 'x'.repeat(501)],
    ['with control characters', 'a\u0007b'],
    ['with half a character', 'a\ud83d'],
  ])('with a note %s', async (_, note) => {
    const rig = await bought()
    await expect(decide(rig, ['fox'], { approved: false, note })).rejects.toMatchObject({ code: 'usage' })
    expect(decisions(rig)).toEqual([])
  })

  test('but a glob takes those that it fits and can be judged', async () => {
    const rig = await bought({ fox: 'a fox' })
    rig.writeManifest({ fox: 'a fox', owl: 'an owl' })
    expect(await approve(rig, '*')).toMatchObject([{ take: 'fox' }])
  })
})

describe('approving a draft', () => {
  test('is the same as promoting it: the next run makes its final', async () => {
    const rig = await drafted()
    const before = rig.lockText()!
    expect(await approve(rig, 'fox@draft')).toMatchObject([{ take: 'fox@draft', approved: true }])
    const approved = rig.lockText()
    rig.files.write(lockPath, before)
    await promote({ ...options, shots: ['fox'] }, rig.world)
    expect(rig.lockText()).toBe(approved)

    expect(await kinds(rig)).toMatchObject({ fox: 'done' })
    expect(rig.locked().fox).toMatchObject({ draft: 'cgt-1' })
  })

  test.each([
    ['whose shot has changed since', { fox: { ...sketch, prompt: 'a red fox' } }],
    ['of a take that is no longer wanted', { owl: 'an owl' }],
  ])('%s is refused, and rejecting it is not', async (_, shots) => {
    const rig = await drafted()
    rig.writeManifest(shots)
    await expect(approve(rig, 'fox@draft')).rejects.toMatchObject({ code: 'cannot-judge' })
    expect(decisions(rig)).toEqual([])
    await reject(rig, 'fox@draft')
    expect(decisions(rig)).toEqual(['fox@draft rejected'])
  })
})

describe('a decision holds for one task: it', () => {
  test('goes when its take is bought anew, and stays when the run leaves it alone', async () => {
    const rig = await bought()
    await decide(rig, ['fox@2', 'owl'], { approved: false, note: 'too dark' })
    rig.writeManifest({ fox, owl: 'another owl' })
    await rig.run()
    expect(decisions(rig)).toEqual(['fox@2 rejected: too dark'])
    expect(rig.locked().owl).toMatchObject({ task: 'cgt-5', previous: ['cgt-4'] })
  })

  test('goes when its take gets another task by hand', async () => {
    const rig = await bought({ owl: 'an owl' })
    await approve(rig, 'owl')
    rig.provider.add('cgt-found', {})
    const named = { ...options, provider: 'ark', take: 'owl', task: 'cgt-found' }
    await adopt(named, rig.world, { signal: new AbortController().signal })
    expect(rig.locked().owl!.task).toBe('cgt-found')
    expect(decisions(rig)).toEqual([])
  })

  test('stays when what it is about is fetched again', async () => {
    const rig = await bought({ owl: 'an owl' })
    await approve(rig, 'owl')
    await rig.files.remove('/project/manifests/out/ep01/owl.mp4')
    expect(await kinds(rig)).toEqual({ owl: 'done' })
    expect(decisions(rig)).toEqual(['owl approved'])
  })

  test('goes along when its shot is renamed', async () => {
    const rig = await bought({ fox })
    await decide(rig, ['fox@2'], { approved: false, note: 'too dark' })
    rig.writeManifest({ wolf: fox })
    await move({ ...options, from: 'fox', to: 'wolf' }, rig.world)
    expect(decisions(rig)).toEqual(['wolf@2 rejected: too dark'])
  })

  test('goes with its entry when that is pruned', async () => {
    const rig = await bought({ fox })
    await reject(rig, 'fox@3')
    rig.writeManifest({ fox: { ...fox, takes: 2 } })
    await prune(options, rig.world, { confirm: async () => true })
    expect(decisions(rig)).toEqual([])
  })
})

describe('a crash while a decision is written', () => {
  test.each(['append', 'replace'] as const)('at %s leaves the old one or the new one', async (at) => {
    const rig = await bought({ fox })
    await approve(rig, 'fox@2')
    rig.files.fault = (action, path) => {
      if (action === at && !path.endsWith('.gitignore')) throw new Error('ENOSPC')
    }
    await expect(decide(rig, ['fox@2'], { approved: false, note: 'too dark' })).rejects.toThrow()
    rig.files.fault = () => undefined
    expect(decisions(rig)).toEqual(['fox@2 approved'])

    await rig.run()
    // Once its record is on the disk, the decision holds.
    expect(decisions(rig)).toEqual([at === 'append' ? 'fox@2 approved' : 'fox@2 rejected: too dark'])
  })

  test('that cuts its record off at any byte leaves the old one', async () => {
    const rig = await bought({ fox: 'a fox' })
    await approve(rig, 'fox')
    rig.files.fault = (action) => {
      if (action === 'replace') throw new Error('ENOSPC')
    }
    await expect(decide(rig, ['fox'], { approved: false, note: '太暗' })).rejects.toThrow()
    rig.files.fault = () => undefined
    const journal = rig.files.contents.get(journalPath)!
    const lockfile = rig.lockText()!
    for (let length = 0; length <= journal.length; length++) {
      rig.files.write(journalPath, journal.slice(0, length))
      rig.files.write(lockPath, lockfile)
      await rig.run()
      expect(decisions(rig)).toEqual([length < journal.length ? 'fox approved' : 'fox rejected: 太暗'])
    }
  })
})

describe('a rejected take', () => {
  test('is kept by a run, which says so', async () => {
    const rig = await bought()
    await reject(rig, 'fox@2')
    expect(await rig.outcomes()).toMatchObject({
      fox: { kind: 'kept' },
      'fox@2': { kind: 'kept', rejected: true },
    })
    expect((await rig.outcomes()).fox).not.toHaveProperty('rejected')
    expect(rig.provider.creates).toHaveLength(4)
  })

  test('is all that run --rejected buys, once', async () => {
    const rig = await bought()
    await decide(rig, ['fox@2'], { approved: false, note: 'too dark' })
    rig.writeManifest({ fox, owl: 'an owl', wolf: 'a wolf' })
    expect(await kinds(rig, { rejected: true })).toEqual({ 'fox@2': 'done' })
    expect(rig.locked()['fox@2']).toMatchObject({ task: 'cgt-5', previous: ['cgt-2'] })
    expect(decisions(rig)).toEqual([])

    expect(await kinds(rig, { rejected: true })).toEqual({})
    expect(rig.provider.creates).toHaveLength(5)
  })

  test('gets a seed that no take has, and its video is kept beside the new one', async () => {
    const rig = await bought({ owl: 'an owl' })
    const { seed } = rig.locked().owl!
    await reject(rig, 'owl')
    await rig.run({ rejected: true })
    expect(rig.locked().owl!.seed).not.toBe(seed)
    expect(rig.files.text('/project/manifests/out/ep01/previous/owl.cgt-1.mp4')).toBe('video of cgt-1')
  })

  test('that states a seed is bought with that, and the plan says so', async () => {
    const rig = await bought({ owl: { prompt: 'an owl', seed: 7, takes: 2 } })
    await reject(rig, 'owl@2')
    expect(await stepsOf(rig, { rejected: true })).toMatchObject({
      'owl@2': { step: 'generate', reason: 'rejected', sameSeed: 8 },
    })
    await rig.run({ rejected: true })
    expect(rig.locked()['owl@2']).toMatchObject({ task: 'cgt-3', seed: 8 })
  })

  test('can be asked for together with a selection', async () => {
    const rig = await bought()
    await reject(rig, 'fox', 'owl')
    expect(await kinds(rig, { rejected: true, selection: { shots: ['owl'] } })).toEqual({ owl: 'done' })
  })

  test('can be bought by a saved plan', async () => {
    const rig = await bought()
    await reject(rig, 'fox@2')
    const path = '/project/plan.json'
    await plan({ ...asked, rejected: true, save: { path, provider: 'ark', newId: () => 'id-1' } }, rig.world)
    const saved = await loadPlan(path, 'plan.json', rig.files)
    const run = { ...optionsOf(saved, path, '/project'), saved: { plan: saved, path } }
    expect(await kinds(rig, run)).toEqual({ 'fox@2': 'done' })
  })

  test('that was bought again and forgotten by the lockfile is not bought a third time', async () => {
    const rig = await bought({ owl: 'an owl' })
    await reject(rig, 'owl')
    const rejected = rig.lockText()!
    await rig.run({ rejected: true })
    const anew = rig.lockText()
    rig.files.write(lockPath, rejected)
    await rig.run({ rejected: true })
    expect(rig.provider.creates).toHaveLength(2)
    expect(rig.lockText()).toBe(anew)
  })

  test('that comes back from the archive is rejected still, and another is bought', async () => {
    const rig = await bought({ owl: 'an owl' })
    const first = rig.lockText()!
    await rig.run({ force: true })
    await reject(rig, 'owl')
    // Its archive is what a run leaves behind.
    await rig.run()
    rig.files.write(lockPath, first)
    await reject(rig, 'owl')
    expect(await kinds(rig, { rejected: true })).toEqual({ owl: 'done' })
    expect(rig.locked().owl).toMatchObject({ task: 'cgt-3', previous: ['cgt-1', 'cgt-2'] })
  })

  test('is told by plan, status and why', async () => {
    const rig = await bought()
    await decide(rig, ['fox@2'], { approved: false, note: 'too dark' })
    await approve(rig, 'owl')
    const report = await plan(asked, rig.world)
    expect(report.totals.rejected).toBe(1)
    expect(report.plans[0]!.steps.filter(({ rejected }) => rejected)).toEqual([
      { take: 'fox@2', step: 'keep', rejected: true },
    ])
    const { manifests } = await status(asked, rig.world)
    const decided = manifests[0]!.takes.filter(({ approved }) => approved !== undefined)
    expect(decided).toMatchObject([
      { take: 'fox@2', approved: false, note: 'too dark' },
      { take: 'owl', approved: true },
    ])
    const told = await why({ ...asked, shot: 'fox@2' }, { ...rig.world, git: memoryGit(undefined) })
    expect(told.manifests[0]!.takes).toMatchObject([
      { step: 'keep', rejected: true, bought: { task: 'cgt-2', approved: false, note: 'too dark' } },
    ])
  })
})

describe('what goes on from a rejected take', () => {
  const pair = { a: 'first', b: { prompt: 'second', first_frame: { last_frame_of: 'a' } } }

  test('is stale once that is bought again, and kept', async () => {
    const rig = await bought(pair)
    await reject(rig, 'a')
    expect(await kinds(rig, { rejected: true })).toEqual({ a: 'done' })
    expect(await stepsOf(rig)).toMatchObject({ b: { step: 'keep', stale: true } })
  })

  test('is bought after it, from its new frame, when both are rejected', async () => {
    const rig = await bought(pair)
    await reject(rig, 'a', 'b')
    expect(await stepsOf(rig, { rejected: true })).toMatchObject({
      a: { step: 'generate', reason: 'rejected' },
      b: { step: 'generate', reason: 'rejected', upstream: 'a' },
    })
    await rig.run({ rejected: true })
    expect(rig.locked()).toMatchObject({ a: { task: 'cgt-3' }, b: { task: 'cgt-4', follows: 'cgt-3' } })
  })
})

describe('a rejected draft', () => {
  test('holds its final until there is another', async () => {
    const rig = await drafted()
    await reject(rig, 'fox@draft')
    expect(await rig.outcomes()).toMatchObject({
      fox: { kind: 'held', reason: 'draft-rejected' },
      'fox@draft': { kind: 'kept', rejected: true },
    })
    expect(await kinds(rig, { draft: true })).toEqual({ 'fox@draft': 'kept' })
    expect(rig.provider.creates).toHaveLength(1)
  })

  test.each([{ rejected: true }, { rejected: true, draft: true }])(
    'is bought again as a draft, with the price of its final, by %o',
    async (run) => {
      const rig = await drafted({ fox: sketch, owl: { ...sketch, prompt: 'an owl' } })
      await reject(rig, 'fox@draft')
      const steps = await stepsOf(rig, run)
      expect(Object.keys(steps)).toEqual(['fox@draft'])
      expect(steps['fox@draft']).toMatchObject({ step: 'generate', reason: 'rejected', finalPrice: {} })
      expect(await kinds(rig, run)).toEqual({ 'fox@draft': 'done' })
      expect(rig.provider.creates.at(-1)!.request).toMatchObject({ draft: true, resolution: '480p' })
      expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'held', reason: 'draft-unapproved' } })
    },
  )

  test('is not bought again beside a final that is bought without it by force', async () => {
    const rig = await drafted()
    await rig.run({ force: true })
    await reject(rig, 'fox', 'fox@draft')
    expect(await kinds(rig, { rejected: true, force: true })).toEqual({ fox: 'done' })
  })

  test('of a rejected final comes first, and the final is made from the new one', async () => {
    const rig = await drafted()
    await approve(rig, 'fox@draft')
    await rig.run()
    await reject(rig, 'fox', 'fox@draft')
    expect(await kinds(rig, { rejected: true })).toEqual({ fox: 'held', 'fox@draft': 'done' })
    await approve(rig, 'fox@draft')
    expect(await kinds(rig, { rejected: true })).toEqual({ fox: 'done' })
    expect(rig.locked().fox).toMatchObject({ draft: 'cgt-3', previous: ['cgt-2'] })
  })

  test('is what a rejected final needs, whose draft was approved: the plan tells that the seed is the same', async () => {
    const rig = await drafted()
    await approve(rig, 'fox@draft')
    await rig.run()
    await reject(rig, 'fox')
    const { seed } = rig.locked().fox!
    expect(await stepsOf(rig, { rejected: true })).toMatchObject({
      fox: { reason: 'rejected', draft: { task: 'cgt-1' }, sameSeed: seed },
    })
    // A draft was asked for, and this one is not what was rejected.
    expect(await stepsOf(rig, { rejected: true, draft: true })).toEqual({})
  })
})
