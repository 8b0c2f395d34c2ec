import { createHash } from 'node:crypto'
import { cpSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { expect, test } from 'vitest'
import { type LockEntry, parseLockfile } from '../../src/core/lockfile.js'
import type { TaskEvent } from '../../src/simulator/task-desk.js'
import { createProject, type Project } from '../support/project.js'
import { accepted, against, simulator } from '../support/simulated.js'

const episodes = ['ep01', 'ep02', 'ep03']
const folder = 'manifests/season'

/** The season of this repository, in a project of its own. */
function season(): Project {
  const project = createProject()
  cpSync('manifests', project.path('manifests'), {
    recursive: true,
    filter: (path) => basename(path) !== 'out' && !path.endsWith('.lock.yaml'),
  })
  return project
}

const lockfile = (project: Project, episode: string) =>
  project.read(`${folder}/${episode}.simulator.lock.yaml`)

function entriesOf(project: Project, episode: string): ReadonlyMap<string, LockEntry> {
  return parseLockfile(lockfile(project, episode), episode)
}

/** SHA-256 of the first frame that each create carried, by task, as the simulator keeps it. */
function firstFrames(project: Project): Map<string, string | undefined> {
  const lines = project.read('simulator/tasks.jsonl').trimEnd().split('\n')
  const events = lines.map((line) => JSON.parse(line) as TaskEvent)
  return new Map(
    events.flatMap((event) =>
      event.event === 'created' ? [[event.task.id, event.task.backdrop] as const] : [],
    ),
  )
}

test('a season of 60 shots runs through, each follower begins with the last frame of its own upstream, and nothing is left to do', {
  timeout: 240_000,
}, async () => {
  const project = season()
  const sim = await simulator({ folder: project.path('simulator'), liveTasks: 100 })
  const run = () => project.shotlock(['run', folder, ...against(sim), '--concurrency', '64'])

  const first = await run()
  expect(first).toMatchObject({ status: 0, stdout: expect.stringContaining('66 done') })
  expect(accepted(sim)).toHaveLength(66)

  const began = firstFrames(project)
  const shots = new Set<string>()
  const chains: string[] = []
  for (const episode of episodes) {
    const entries = entriesOf(project, episode)
    const byTask = new Map([...entries.values()].map((entry) => [entry.task, entry]))
    for (const [take, entry] of entries) {
      shots.add(`${episode}/${take.replace(/@.*/, '')}`)
      expect([take, entry.status]).toEqual([take, 'succeeded'])
      if (entry.follows === undefined) continue
      const upstream = byTask.get(entry.follows)
      const frame = readFileSync(project.path(`${folder}/${upstream?.frame}`))
      expect(createHash('sha256').update(frame).digest('hex')).toBe(upstream?.frameSha256)
      expect([take, began.get(entry.task!)]).toEqual([take, upstream?.frameSha256])
      chains.push(`${[...entries].find(([, one]) => one === upstream)?.[0]} → ${take}`)
    }
  }
  expect(shots.size).toBe(60)
  expect(chains).toEqual([
    '06-locker → 07-dust',
    '07-dust → 08-邮袋',
    '08-邮袋 → 09-bench',
    '15-jetty → 16-path',
    '16-path → 17-敲门',
    '17-敲门 → 18-door',
    '09-flicker → 10-dark',
    '10-dark → 11-火柴',
    '11-火柴 → 12-gallery',
    '13-bow → 14-哨声',
    '14-哨声 → 15-star',
    '15-star → 16-clearing',
    '06-mirror → 07-threshold',
    '07-threshold → 08-下坡',
    '08-下坡 → 09-at-the-end',
    '13-gangway → 14-figure.letter',
    '13-gangway → 14-figure.returns',
    '14-figure.letter → 15-close.letter',
    '14-figure.returns → 15-close.returns',
    '15-close.letter → 16-lamp.letter',
    '15-close.returns → 16-lamp.returns',
  ])

  const before = episodes.map((episode) => lockfile(project, episode))
  expect(await run()).toMatchObject({ status: 0, stdout: expect.stringContaining('66 up to date') })
  expect(accepted(sim)).toHaveLength(66)
  expect(episodes.map((episode) => lockfile(project, episode))).toEqual(before)
})

interface PlanJson {
  plans: { steps: { take: string; step: string; stale?: boolean; estimate?: { price?: unknown } }[] }[]
  totals: { buys: number; stale: number; stalePrices: unknown[] }
}

test('when the first shot of a chain of four changes, it is bought, and the three behind it only with --stale', {
  timeout: 120_000,
}, async () => {
  const project = season()
  const sim = await simulator({ folder: project.path('simulator') })
  const chain = ['15-jetty', '16-path', '17-敲门', '18-door']
  const asked = [`${folder}/ep01.yaml`, ...chain.flatMap((shot) => ['--shot', shot]), ...against(sim)]
  const run = (...flags: string[]) => project.shotlock(['run', ...asked, ...flags])
  expect(await run()).toMatchObject({ status: 0, stdout: expect.stringContaining('4 done') })
  const old = entriesOf(project, 'ep01')

  const manifest = project.read(`${folder}/ep01.yaml`)
  project.write(
    `${folder}/ep01.yaml`,
    manifest.replace('The figure under the red', 'The woman under the red'),
  )
  const planned = await project.shotlock(['plan', ...asked, '--json'])
  const { plans, totals } = JSON.parse(planned.stdout) as PlanJson
  const yuan = (min: number, max = min) => ({ currency: 'CNY', min, max })
  expect(
    plans[0]!.steps.map(({ take, step, stale, estimate }) => [take, step, stale, estimate?.price]),
  ).toEqual([
    ['15-jetty', 'generate', undefined, yuan(1.164674)],
    ['16-path', 'keep', true, yuan(0.933662)],
    ['17-敲门', 'keep', true, yuan(0.933662)],
    ['18-door', 'keep', true, yuan(1.164674)],
  ])
  expect(totals).toMatchObject({ buys: 1, stale: 3, stalePrices: [yuan(3.031998)] })

  expect(await run()).toMatchObject({ status: 0, stdout: expect.stringContaining('1 done') })
  const changed = entriesOf(project, 'ep01')
  const tasks = (entries: ReadonlyMap<string, LockEntry>) => chain.map((shot) => entries.get(shot)?.task)
  expect(tasks(changed).slice(1)).toEqual(tasks(old).slice(1))
  expect(accepted(sim)).toHaveLength(5)

  expect(await run('--stale')).toMatchObject({ status: 0, stdout: expect.stringContaining('3 done') })
  const fresh = entriesOf(project, 'ep01')
  expect(accepted(sim)).toHaveLength(8)
  expect(tasks(fresh)[0]).toBe(tasks(changed)[0])
  expect(chain.map((shot) => fresh.get(shot)?.follows)).toEqual([undefined, ...tasks(fresh).slice(0, 3)])
  const began = firstFrames(project)
  expect(chain.slice(1).map((shot) => began.get(fresh.get(shot)!.task!))).toEqual(
    chain.slice(0, 3).map((shot) => fresh.get(shot)?.frameSha256),
  )
  expect(await run('--stale')).toMatchObject({ status: 0, stdout: expect.stringContaining('4 up to date') })
})
