import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import schema from '../../schemas/lockfile.schema.json' with { type: 'json' }
import { cost } from '../../src/commands/cost.js'
import { why } from '../../src/commands/why.js'
import { parseLockfile, renderLockfile } from '../../src/core/lockfile.js'
import type { Step } from '../../src/core/plan.js'
import { previewPlans } from '../../src/engine/prepare-plans.js'
import { memoryGit } from '../support/memory-git.js'
import { createRig, type Rig } from '../support/rig.js'

/** Lockfiles that earlier versions wrote, beside the manifests that they belong to; see the README there. */
const root = 'test/fixtures/lockfiles'
const project = '/project/manifests'

const states = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && /^\d\d-/.test(entry.name))
  .map(({ name }) => name)
  .sort()

const open = {
  succeeded: 'keep',
  uncollected: 'collect',
  refused: 'hold moderation-input',
  moderated: 'generate failed',
  broken: 'generate failed',
  expired: 'generate expired',
  cancelled: 'generate cancelled',
  live: 'resume',
  unknown: 'reconcile',
  rewritten: 'reconcile',
  lost: 'hold lost',
}

const draftsOpen = {
  waiting: 'hold draft-unapproved',
  'waiting@draft': 'keep',
  approved: 'generate new',
  'approved@draft': 'keep',
  outdated: 'hold draft-outdated',
  'outdated@draft': 'keep',
  live: 'resume',
  'live@draft': 'keep',
  unknown: 'reconcile',
  'unknown@draft': 'keep',
  'draft-live': 'hold draft-unapproved',
  'draft-live@draft': 'resume',
}

/** Manifests with something left to do, and what a plan says of each take. All others are up to date. */
const unfinished: Record<string, Record<string, string>> = {
  // That a result is gone was not yet written down.
  '01-first/open': { ...open, lost: 'collect' },
  '02-variables-as-written/open': { ...open, lost: 'collect' },
  '03-before-prices/open': open,
  '04-drafts-and-costs/open': open,
  '04-drafts-and-costs/drafts-open': draftsOpen,
  '05-picks/open': open,
  '05-picks/drafts-open': draftsOpen,
  '06-chains/open': open,
  '06-chains/drafts-open': draftsOpen,
  '07-decisions/open': open,
  '07-decisions/drafts-open': draftsOpen,
}

interface Fixture {
  id: string
  state: string
  name: string
  lock: string
}

const fixtures: Fixture[] = states.flatMap((state) =>
  readdirSync(join(root, state))
    .filter((file) => file.endsWith('.lock.yaml'))
    .map((file) => {
      const name = file.replace('.lock.yaml', '')
      return {
        id: `${state}/${name}`,
        state,
        name,
        lock: readFileSync(join(root, state, file), 'utf8'),
      }
    }),
)
const finished = fixtures.filter(({ id }) => !unfinished[id])

/** A project with the fixture in it as a rehearsal has it, and an empty file for every video. */
function openFixture({ state, name, lock }: Fixture): Rig {
  const rig = createRig()
  rig.files.write(`${project}/${name}.yaml`, readFileSync(join(root, state, `${name}.yaml`)))
  rig.files.write(`${project}/${name}.simulator.lock.yaml`, lock)
  for (const picture of readdirSync(join(root, state, 'refs')))
    rig.files.write(`${project}/refs/${picture}`, readFileSync(join(root, state, 'refs', picture)))
  for (const { video } of parseLockfile(lock, name).values())
    if (video !== undefined) rig.files.write(`${project}/${video}`, '')
  return rig
}

const rehearsal = { rehearsal: true, provider: 'simulator' }

async function stepsOf(rig: Rig): Promise<readonly Step[]> {
  const options = { ...rehearsal, paths: [], cwd: '/project', selection: {} }
  const { previews } = await previewPlans(options, rig.world)
  return previews[0]!.plan.steps
}

function say(step: Step): string {
  return 'reason' in step ? `${step.kind} ${step.reason}` : step.kind
}

const lockOf = (rig: Rig, { name }: Fixture) => rig.files.text(`${project}/${name}.simulator.lock.yaml`)!

/** Everything in the project but the state folder, which is this machine's own. */
function snapshot(rig: Rig): Record<string, string> {
  const paths = [...rig.files.contents.keys()].filter((path) => !path.startsWith('/project/.shotlock/'))
  return Object.fromEntries(paths.map((path) => [path, rig.files.text(path)!]))
}

test('every state of the format has lockfiles in which all is done, and some in which it is not', () => {
  expect(fixtures.map(({ id }) => id)).toEqual(expect.arrayContaining(Object.keys(unfinished)))
  for (const state of states) {
    const names = finished.filter((fixture) => fixture.state === state).map(({ name }) => name)
    expect([state, names]).toEqual([state, expect.arrayContaining(['again', 'done'])])
    expect(unfinished[`${state}/open`]).toBeDefined()
  }
})

describe.each(fixtures)('the lockfile $id', (fixture) => {
  test('reads and renders as the same bytes', () => {
    expect(renderLockfile(parseLockfile(fixture.lock, fixture.id))).toBe(fixture.lock)
  })

  test('holds an entry for every take of its manifest, or its draft', async () => {
    const steps = await stepsOf(openFixture(fixture))
    const names = new Set([...parseLockfile(fixture.lock, fixture.id).keys()])
    expect(
      steps
        .map(({ name }) => name)
        .filter((name) => !names.has(name) && !names.has(`${name}@draft` as never)),
    ).toEqual([])
    expect(steps.length).toBeGreaterThanOrEqual(names.size)
  })
})

describe.each(finished)('where all is done, $id', (fixture) => {
  test('leaves a plan nothing to do', async () => {
    const steps = await stepsOf(openFixture(fixture))
    expect(steps.filter(({ kind }) => kind !== 'keep')).toEqual([])
  })

  test('has nothing that differs from what was bought, take by take', async () => {
    const options = { ...rehearsal, paths: [], cwd: '/project', shot: '*' }
    const { manifests } = await why(options, { ...openFixture(fixture).world, git: memoryGit(undefined) })
    const takes = manifests.flatMap(({ takes }) => takes)
    expect(takes.length).toBeGreaterThan(0)
    expect(takes.filter(({ difference }) => difference !== undefined)).toEqual([])
  })

  test('is run again without a call, and no byte changes', async () => {
    const rig = openFixture(fixture)
    const before = snapshot(rig)
    const { outcomes } = await rig.run(rehearsal)
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['kept']))
    expect(snapshot(rig)).toEqual(before)
    expect([...rig.files.replaced.keys()].filter((path) => !path.includes('/.shotlock/'))).toEqual([])
    const { retrieve, list, download, remove } = rig.provider.calls
    expect([...rig.provider.creates, ...retrieve, ...list, ...download, ...remove]).toEqual([])
  })

  test('gets one block for one more shot, and every other line stays', async () => {
    const rig = openFixture(fixture)
    const manifest = `${project}/${fixture.name}.yaml`
    // The last in order, so that its block is what the file ends with.
    const shot = '  𠮿: { model: doubao-seedance-1-5-pro-251215, prompt: one more }\n'
    rig.files.write(manifest, rig.files.text(manifest) + shot)
    await rig.run(rehearsal)
    expect(rig.provider.creates).toHaveLength(1)
    const after = lockOf(rig, fixture)
    expect(after.slice(0, fixture.lock.length)).toBe(fixture.lock)
    expect(after.slice(fixture.lock.length).match(/^ {2}\S/gm)).toEqual(['  "'])
  })
})

describe.each(fixtures.filter(({ id }) => unfinished[id]))('where something is left, $id', (fixture) => {
  test('is planned as it was when it was written', async () => {
    const steps = await stepsOf(openFixture(fixture))
    expect(Object.fromEntries(steps.map((step) => [step.name, say(step)]))).toEqual(unfinished[fixture.id])
  })
})

describe('a take that was bought when variables were read as numbers', () => {
  const fixture = fixtures.find(({ id }) => id === '01-first/done')!
  const planned = async (from: string, to: string) => {
    const rig = openFixture(fixture)
    const path = `${project}/done.yaml`
    expect(rig.files.text(path)).toContain(from)
    rig.files.write(path, rig.files.text(path)!.replace(from, to))
    return (await stepsOf(rig)).filter(({ kind }) => kind !== 'keep')
  }

  test.each([
    ['its own text changes', "prompt: 'scene ", "prompt: 'Scene "],
    ['the variable gets another value', 'scene: 012', 'scene: 013'],
  ])('is bought anew when %s', async (_, from, to) => {
    expect(await planned(from, to)).toMatchObject([
      { name: 'numbers', kind: 'generate', reason: 'changed', changed: ['prompt'] },
    ])
  })

  test('is kept when its variables are put as they were read', async () => {
    expect(await planned('scene: 012', 'scene: "12"')).toEqual([])
  })

  test('is priced as what the manifest asks for', async () => {
    const options = { ...rehearsal, paths: [], cwd: '/project', selection: { shots: ['numbers'] } }
    const { files } = openFixture(fixture)
    const { total } = await cost(options, { files, git: memoryGit(undefined) })
    expect(total).toMatchObject({ takes: 1, pricedToday: 1, unpriced: 0 })
  })

  test('does not need the file that a path would then have named', async () => {
    const rig = createRig({ fox: { prompt: 'a fox', image: 'refs/${n}.png' } })
    const path = `${project}/ep01.yaml`
    rig.files.write(path, rig.files.text(path)!.replace('version: 1', 'version: 1\nvars: { n: 012 }'))
    rig.files.write(`${project}/refs/012.png`, readFileSync(join(root, '01-first', 'refs', 'dusk.png')))
    expect((await stepsOf(rig)).map(say)).toEqual(['generate new'])
  })
})

describe('the newest state', () => {
  const entries = fixtures
    .filter(({ state }) => state === states.at(-1))
    .flatMap(({ id, lock }) => [...parseLockfile(lock, id).values()])

  test('has every field that an entry can have', () => {
    const written = new Set(entries.flatMap((entry) => Object.keys(entry)))
    expect([...written].sort()).toEqual(Object.keys(schema.definitions.entry.properties).sort())
  })

  test('has every status', () => {
    const written = new Set(entries.map(({ status }) => status))
    expect([...written].sort()).toEqual([...schema.definitions.entry.properties.status.enum].sort())
  })

  test('has every field of what superseded tasks came to', () => {
    const written = new Set(
      entries.flatMap(({ spent = {} }) => Object.values(spent).flatMap((one) => Object.keys(one))),
    )
    const { properties } = schema.definitions.entry.properties.spent.additionalProperties
    expect([...written].sort()).toEqual(Object.keys(properties).sort())
  })
})

describe('a lockfile that this version does not understand stops everything and stays as it is', () => {
  test.each([
    ['newer', 'lockfile-newer'],
    ['unknown-field', 'lockfile-invalid'],
    ['unknown-status', 'lockfile-invalid'],
  ])('%s', async (file, code) => {
    const rig = createRig()
    rig.files.write(`${project}/shots.yaml`, readFileSync(join(root, 'refused', 'shots.yaml')))
    rig.files.write(`${project}/shots.lock.yaml`, readFileSync(join(root, 'refused', `${file}.lock.yaml`)))
    const before = snapshot(rig)
    const options = { rehearsal: false, paths: [], cwd: '/project', selection: {} }
    await expect(previewPlans(options, rig.world)).rejects.toMatchObject({ code })
    await expect(rig.run()).rejects.toMatchObject({ code })
    expect(snapshot(rig)).toEqual(before)
    expect(rig.provider.creates).toEqual([])
  })
})
