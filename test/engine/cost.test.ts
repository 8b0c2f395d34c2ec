import { describe, expect, test } from 'vitest'
import { type CostHistory, type CostOptions, type CostReport, cost } from '../../src/commands/cost.js'
import { type LockEntry, renderLockfile } from '../../src/core/lockfile.js'
import { entry, takeName, task } from '../core/builders.js'
import { createRig, type Rig } from '../support/rig.js'

const lockPath = '/project/manifests/ep01.lock.yaml'
const paid = (id: string, money: string, fields: Partial<LockEntry> = {}) =>
  entry('succeeded', { task: task(id), tokens: 1000, cost: money, ...fields })
const lockText = (entries: Record<string, LockEntry>) =>
  renderLockfile(new Map(Object.entries(entries).map(([name, one]) => [takeName(name), one])))

/** A project with a lockfile as the rig's manifest would have it. */
function projectWith(
  entries: Record<string, LockEntry>,
  shots: Record<string, unknown> = { fox: 'a fox' },
): Rig {
  const rig = createRig(shots)
  rig.files.write(lockPath, lockText(entries))
  return rig
}

/** A history in which `HEAD~1` has these files, by their path from the project. */
function gitWith(files: Record<string, string>, root: string | undefined = '/project'): CostHistory {
  return {
    root: async () => root,
    commitOf: async (ref) => (ref === 'HEAD~1' ? 'c0ffee' : undefined),
    show: async (_, path) => {
      const text = files[path.slice('/project/'.length)]
      return text === undefined ? undefined : new TextEncoder().encode(text)
    },
  }
}

const noGit: CostHistory = { ...gitWith({}), root: async () => undefined }

async function look(
  rig: Rig,
  options: Partial<CostOptions> = {},
  git: CostHistory = noGit,
): Promise<CostReport> {
  const usual: CostOptions = { paths: [], cwd: '/project', rehearsal: false, selection: {} }
  return await cost({ ...usual, ...options }, { files: rig.files, git })
}

const cny = (amount: number) => [{ currency: 'CNY', amount }]

describe('what was spent', () => {
  test('is read without changing anything', async () => {
    const rig = projectWith({ fox: paid('t1', '1 CNY'), gone: paid('t2', '2 CNY') })
    const before = new Map(rig.files.contents)
    expect(await look(rig)).toMatchObject({
      by: 'shot',
      groups: [
        { name: 'fox', manifest: 'manifests/ep01.yaml', spent: cny(1) },
        { name: 'gone', gone: true, spent: cny(2) },
      ],
      total: { spent: cny(3) },
    })
    expect(rig.files.contents).toEqual(before)
  })

  test('counts what so far only the journal knows', async () => {
    const rig = projectWith({ fox: entry('submitted', { task: task('t1') }) })
    const ended = { type: 'ended', at: '2026-01-08T00:00:00Z', take: 'fox', task: 't1', status: 'succeeded' }
    const journal = `${JSON.stringify({ ...ended, tokens: 1000, cost: '1 CNY' })}\n`
    rig.files.write('/project/.shotlock/ledger/manifests/ep01.journal.jsonl', journal)
    expect((await look(rig)).total).toMatchObject({ spent: cny(1), open: { tasks: 0 } })
  })

  test('takes prices of today from near to far where no cost is on record', async () => {
    const rate = (currency: string) => ({ currency, amount: 3, per: 'video' as const, source: 'a file' })
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    const text = rig.lockText()!.replace(/^ {4}cost: .*\n/m, '')
    rig.files.write(lockPath, text)
    const rates = { nearer: [rate('EUR')], farther: [rate('USD')] }
    expect((await look(rig, { rates })).total).toMatchObject({
      cost: [{ currency: 'EUR', amount: 3 }],
      pricedToday: 1,
    })
    expect((await look(rig, { rates: { farther: [rate('USD')] } })).total.cost).toEqual([
      { currency: 'USD', amount: 3 },
    ])
  })

  test('sums up several manifests', async () => {
    const rig = projectWith({ fox: paid('t1', '1 CNY') })
    rig.writeManifest({ fox: 'a fox' }, 'ep02')
    rig.files.write('/project/manifests/ep02.lock.yaml', lockText({ fox: paid('t2', '2 CNY') }))
    const { groups, total } = await look(rig, { by: 'manifest' })
    expect(groups.map(({ name, spent }) => [name, spent])).toEqual([
      ['manifests/ep01.yaml', cny(1)],
      ['manifests/ep02.yaml', cny(2)],
    ])
    expect(total.spent).toEqual(cny(3))
  })

  test('of a rehearsal is told from its own lockfile', async () => {
    const rig = projectWith({ fox: paid('t1', '1 CNY') })
    rig.files.write('/project/manifests/ep01.simulator.lock.yaml', lockText({ fox: paid('s1', '5 CNY') }))
    expect((await look(rig, { rehearsal: true })).total.spent).toEqual(cny(5))
  })

  test('of a draft made of the shot as it is can be held against its estimate', async () => {
    const rig = createRig({ fox: { prompt: 'a fox', ratio: '16:9' } })
    await rig.run({ draft: true })
    expect((await look(rig)).total).toMatchObject({
      drafts: { takes: 1 },
      estimated: { tokens: { takes: 1, actual: 1000 } },
    })
  })
})

test('the archive of this machine tells the models of superseded tasks', async () => {
  const rig = createRig({ fox: { prompt: 'a fox', model: 'doubao-seedance-1-0-pro-250528' } })
  await rig.run()
  rig.writeManifest({ fox: 'a fox' })
  await rig.run()
  const names = async () => (await look(rig, { by: 'model' })).groups.map(({ name }) => name)
  expect(await names()).toEqual(['doubao-seedance-1-0-pro-250528', 'doubao-seedance-1-5-pro-251215'])

  rig.files.contents.delete('/project/.shotlock/ledger/manifests/ep01.archive.jsonl')
  expect(await names()).toEqual(['doubao-seedance-1-5-pro-251215', '(superseded)'])
})

describe('a selection', () => {
  const entries = { fox: paid('t1', '1 CNY'), gone: paid('t2', '2 CNY') }

  test('may name a shot that has left the manifest', async () => {
    const { total } = await look(projectWith(entries), { selection: { shots: ['gone'] } })
    expect(total.spent).toEqual(cny(2))
  })

  test('of shots that were never bought is nothing spent', async () => {
    const rig = projectWith(entries, { fox: 'a fox', owl: 'an owl' })
    expect((await look(rig, { selection: { shots: ['owl'] } })).groups).toEqual([])
  })

  test('that nothing fits is refused', async () => {
    const looking = look(projectWith(entries), { selection: { shots: ['wolf'] } })
    await expect(looking).rejects.toMatchObject({ code: 'nothing-selected' })
  })
})

describe('since a commit', () => {
  const now = { fox: paid('t1', '1 CNY'), owl: paid('t2', '2 CNY') }

  test('only what its lockfile does not know counts', async () => {
    const git = gitWith({ 'manifests/ep01.lock.yaml': lockText({ fox: now.fox }) })
    const report = await look(projectWith(now), { since: 'HEAD~1' }, git)
    expect(report).toMatchObject({
      total: { spent: cny(2) },
      since: { ref: 'HEAD~1', commits: ['c0ffee'], absent: [] },
    })
  })

  test('a manifest that had no lockfile then counts whole, and is named', async () => {
    const report = await look(projectWith(now), { since: 'HEAD~1' }, gitWith({}))
    expect(report).toMatchObject({ total: { spent: cny(3) }, since: { absent: ['manifests/ep01.yaml'] } })
  })

  test('a shot that went to another manifest was not bought again', async () => {
    const rig = projectWith({})
    rig.writeManifest({ fox: 'a fox', owl: 'an owl' }, 'ep02')
    rig.files.write('/project/manifests/ep02.lock.yaml', lockText(now))
    const git = gitWith({ 'manifests/ep01.lock.yaml': lockText(now) })
    expect((await look(rig, { since: 'HEAD~1' }, git)).groups).toEqual([])
  })

  test('a lockfile reached through a link is found where git has it', async () => {
    const rig = projectWith(now)
    rig.files.realPath = async (path) => path.replace('/project', '/real')
    const git: CostHistory = {
      ...gitWith({}, '/real'),
      show: async (_, path) =>
        path === '/real/manifests/ep01.lock.yaml' ? new TextEncoder().encode(lockText(now)) : undefined,
    }
    expect((await look(rig, { since: 'HEAD~1' }, git)).groups).toEqual([])
  })

  test.each([
    ['a commit that is not there', 'nope', gitWith({}), 'usage'],
    ['a folder that is not under git', 'HEAD~1', noGit, 'no-git'],
    [
      'a lockfile that was in conflict then',
      'HEAD~1',
      gitWith({ 'manifests/ep01.lock.yaml': '<<<<<<< ours\n' }),
      'lockfile-conflict',
    ],
  ])('%s is refused', async (_, since, git, code) => {
    await expect(look(projectWith(now), { since }, git)).rejects.toMatchObject({ code })
  })
})
