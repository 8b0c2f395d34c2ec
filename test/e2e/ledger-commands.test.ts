import { existsSync, readdirSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { parseLockfile } from '../../src/core/lockfile.js'
import type { Simulator } from '../../src/simulator/server.js'
import { serve } from '../support/http-server.js'
import { createProject, type Project } from '../support/project.js'
import { accepted, against, simulator } from '../support/simulated.js'

const head =
  'version: 1\ndefaults: { model: doubao-seedance-1-5-pro-251215, duration: 4, resolution: 480p }\nshots:\n'
const shots = (...lines: string[]) => `${head}${lines.map((line) => `  ${line}\n`).join('')}`
const foxAndOwl = shots('fox: { prompt: a fox, tags: [hero] }', 'owl: { prompt: an owl }')
const results = 'out/simulator/ep'

function locked(project: Project, name = 'ep.simulator.lock.yaml') {
  return Object.fromEntries(parseLockfile(project.read(name), name))
}

/** A project whose two shots are bought and collected. */
async function collected(sim: Simulator): Promise<Project> {
  const project = createProject({ 'ep.yaml': foxAndOwl })
  expect(await project.shotlock(['run', 'ep.yaml', ...against(sim)])).toMatchObject({ status: 0 })
  return project
}

describe('verify', () => {
  test('ends with 0 when all is well, and touches nothing', async () => {
    const sim = await simulator()
    const project = await collected(sim)
    const before = readdirSync(project.folder, { recursive: true }).sort()
    expect(await project.shotlock(['verify', 'ep.yaml', ...against(sim)])).toEqual({
      status: 0,
      stdout: 'ep  2 ok\n',
      stderr: '',
    })
    expect(readdirSync(project.folder, { recursive: true }).sort()).toEqual(before)
  })

  test("ends with 1 and says what is missing, changed and nobody's", async () => {
    const sim = await simulator()
    const project = await collected(sim)
    rmSync(project.path(`${results}/fox.mp4`))
    project.write(`${results}/owl.mp4`, 'cut')
    project.write(`${results}/old.mp4`, 'of another time')

    const { status, stdout } = await project.shotlock(['verify', 'ep.yaml', ...against(sim)])
    expect(status).toBe(1)
    expect(stdout).toMatchInlineSnapshot(`
      "ep  1 missing, 1 changed
        ✗  fox  missing: out/simulator/ep/fox.mp4
        ✗  owl  changed: out/simulator/ep/owl.mp4
        1 video that no entry names, left alone:
          out/simulator/ep/old.mp4
      shotlock verify --repair fetches again what the provider still has: results for 24 hours.
      "
    `)
  })

  test('--repair fetches again what the provider has, and keeps a changed file beside', async () => {
    const sim = await simulator()
    const project = await collected(sim)
    rmSync(project.path(`${results}/fox.mp4`))
    project.write(`${results}/owl.mp4`, 'cut')

    expect(await project.shotlock(['verify', 'ep.yaml', '--repair', ...against(sim)])).toMatchObject({
      status: 0,
    })
    expect(project.read(`${results}/owl.changed.mp4`)).toBe('cut')
    expect(await project.shotlock(['verify', 'ep.yaml', ...against(sim)])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('2 ok'),
    })
    expect(accepted(sim)).toHaveLength(2)
  })

  test('--repair says what cannot be had, and --json says it to scripts', async () => {
    const project = await collected(await simulator())
    rmSync(project.path(`${results}/fox.mp4`))
    const forgetful = await simulator()

    const { status, stdout, stderr } = await project.shotlock([
      'verify',
      'ep.yaml',
      '--repair',
      '--json',
      ...against(forgetful),
    ])
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      manifests: [
        {
          files: [
            {
              take: 'fox',
              state: 'missing',
              repair: { kind: 'impossible', why: 'the provider no longer has it' },
            },
            { take: 'owl', state: 'ok' },
          ],
        },
      ],
    })
  })

  test('--repair needs a provider', async () => {
    const project = createProject({ 'ep.yaml': foxAndOwl })
    expect(await project.shotlock(['verify', 'ep.yaml', '--repair'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no-provider'),
    })
  })
})

describe('move', () => {
  test('is offered by plan after a rename, and keeps what was bought', async () => {
    const sim = await simulator()
    const project = await collected(sim)
    project.write('ep.yaml', foxAndOwl.replace('fox:', 'wolf:'))
    const plan = await project.shotlock(['plan', 'ep.yaml', ...against(sim)])
    expect(plan.stdout).toContain(
      'new; same as "fox", which left the manifest: shotlock move fox wolf keeps it without paying',
    )

    expect(await project.shotlock(['move', 'fox', 'wolf', 'ep.yaml', ...against(sim)])).toEqual({
      status: 0,
      stdout: `fox  →  wolf  ${results}/wolf.mp4\n`,
      stderr: '',
    })
    expect(readdirSync(project.path(results)).sort()).toEqual(['owl.mp4', 'wolf.mp4'])
    expect(await project.shotlock(['run', 'ep.yaml', ...against(sim)])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('2 up to date'),
    })
    expect(await project.shotlock(['verify', 'ep.yaml', ...against(sim)])).toMatchObject({ status: 0 })
    expect(accepted(sim)).toHaveLength(2)
  })

  test('ends with 2 when the new name has a task, and changes nothing', async () => {
    const sim = await simulator()
    const project = await collected(sim)
    project.write('ep.yaml', shots('owl: { prompt: an owl }'))
    const before = project.read('ep.simulator.lock.yaml')
    expect(await project.shotlock(['move', 'fox', 'owl', 'ep.yaml', ...against(sim)])).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/name-taken.*task cgt-/),
    })
    expect(project.read('ep.simulator.lock.yaml')).toBe(before)
    expect(existsSync(project.path(`${results}/fox.mp4`))).toBe(true)
  })

  test('takes names that look like numbers as typed', async () => {
    const sim = await simulator()
    const project = createProject({ 'ep.yaml': shots('012: { prompt: a fox }') })
    await project.shotlock(['run', 'ep.yaml', ...against(sim)])
    project.write('ep.yaml', shots('013: { prompt: a fox }'))
    const { status, stdout } = await project.shotlock([
      'move',
      '012',
      '013',
      'ep.yaml',
      '--json',
      ...against(sim),
    ])
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ moved: [{ from: '012', to: '013', here: true }] })
  })

  test('needs both names', async () => {
    const project = createProject({ 'ep.yaml': foxAndOwl })
    expect(await project.shotlock(['move', 'fox'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('usage'),
    })
  })
})

describe('prune', () => {
  test('without a terminal drops nothing unless --yes says so', async () => {
    const sim = await simulator()
    const project = await collected(sim)
    project.write('ep.yaml', shots('owl: { prompt: an owl }'))
    const before = project.read('ep.simulator.lock.yaml')
    expect(await project.shotlock(['prune', 'ep.yaml', ...against(sim)])).toMatchObject({
      status: 5,
      stdout: '',
      stderr: expect.stringMatching(/- {2}fox {2}succeeded as cgt-.* stays on the disk(.|\n)*--yes/),
    })
    expect(project.read('ep.simulator.lock.yaml')).toBe(before)

    expect(await project.shotlock(['prune', 'ep.yaml', '--yes', ...against(sim)])).toMatchObject({
      status: 0,
    })
    expect(Object.keys(locked(project))).toEqual(['owl'])
    expect(existsSync(project.path(`${results}/fox.mp4`))).toBe(true)
    expect(await project.shotlock(['prune', 'ep.yaml', ...against(sim)])).toMatchObject({
      status: 0,
      stdout: 'Nothing to prune: every entry has its take in the manifest.\n',
    })
  })

  test('leaves what is live, and says why', async () => {
    const sim = await simulator({ taskMs: { min: 60_000, max: 60_000 } })
    const project = createProject({ 'ep.yaml': foxAndOwl })
    await project.shotlock(['run', 'ep.yaml', '--no-wait', ...against(sim)])
    project.write('ep.yaml', shots('owl: { prompt: an owl }'))
    const { status, stdout } = await project.shotlock([
      'prune',
      'ep.yaml',
      '--yes',
      '--json',
      ...against(sim),
    ])
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      manifests: [{ pruned: [], staying: [{ take: 'fox', why: 'live' }] }],
    })
    expect(Object.keys(locked(project))).toEqual(['fox', 'owl'])
  })

  test('keeps the ids of the ledger in the archive', async () => {
    const sim = await simulator()
    const env = { ARK_API_KEY: 'sk-some-key' }
    const flags = ['ep.yaml', '--yes', '--base-url', sim.baseUrl]
    const project = createProject({ 'ep.yaml': foxAndOwl })
    await project.shotlock(['run', ...flags], { env })
    const { task } = locked(project, 'ep.lock.yaml').fox!
    project.write('ep.yaml', shots('owl: { prompt: an owl }'))
    await project.shotlock(['prune', ...flags], { env })

    expect(project.read('ep.lock.yaml')).not.toContain(task)
    expect(project.read('.shotlock/ledger/ep.archive.jsonl')).toContain(task)
  })
})

describe('prune --previous', () => {
  const command = ['prune', 'ep.yaml', '--previous']

  async function retaken(sim: Simulator): Promise<Project> {
    const project = await collected(sim)
    await project.shotlock(['run', 'ep.yaml', '--shot', 'fox', '--force', ...against(sim)])
    return project
  }

  test('without a terminal shows what and how much, and deletes nothing unless --yes says so', async () => {
    const sim = await simulator()
    const project = await retaken(sim)
    const [kept] = readdirSync(project.path(`${results}/previous`))
    const before = project.read('ep.simulator.lock.yaml')
    const size = String.raw`<?[\d.]+ MB`
    expect(await project.shotlock([...command, ...against(sim)])).toMatchObject({
      status: 5,
      stdout: '',
      stderr: expect.stringMatching(
        new RegExp(`^ep  1 video of superseded tasks, ${size}\n  -  fox  .*${kept}, ${size}\n(.|\n)*--yes`),
      ),
    })
    expect(project.read('ep.simulator.lock.yaml')).toBe(before)

    expect(await project.shotlock([...command, '--yes', ...against(sim)])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(new RegExp(`1 video deleted, ${size}`)),
    })
    expect(readdirSync(project.path(`${results}/previous`))).toEqual([])
    expect(await project.shotlock(['verify', 'ep.yaml', ...against(sim)])).toMatchObject({
      status: 0,
      stdout: 'ep  2 ok\n',
    })
    expect(await project.shotlock([...command, ...against(sim)])).toMatchObject({
      status: 0,
      stdout: 'Nothing to prune: no video of a superseded task is on record.\n',
    })
  })

  test('--json says to scripts what was deleted and what was left', async () => {
    const sim = await simulator()
    const project = await retaken(sim)
    const [kept] = readdirSync(project.path(`${results}/previous`))
    project.write(`${results}/previous/${kept}`, 'cut')
    const { status, stdout } = await project.shotlock([...command, '--yes', '--json', ...against(sim)])
    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      manifests: [{ deleted: [], left: [{ take: 'fox', why: 'changed' }] }],
    })
    // A kept video that is damaged is a note: the shot has what it needs.
    expect(await project.shotlock(['verify', 'ep.yaml', ...against(sim)])).toMatchObject({
      status: 0,
      stdout: `ep  2 ok\n  1 kept video of superseded tasks: 1 changed\n    ⚠  fox  changed: ${results}/previous/${kept}\n`,
    })
  })
})

describe('cancel', () => {
  const deletes = ({ log }: Simulator) =>
    log().flatMap((entry) => (entry.event === 'delete' ? [entry.outcome] : []))
  /** One task runs, the others wait behind it. */
  const oneAtATime = { liveTasks: 1, taskMs: { min: 60_000, max: 60_000 } }

  async function submitted(sim: Simulator): Promise<Project> {
    const project = createProject({ 'ep.yaml': foxAndOwl })
    await project.shotlock(['run', 'ep.yaml', '--no-wait', '--rpm', '100000', ...against(sim)])
    while (!sim.log().some((entry) => entry.event === 'status' && entry.status === 'running')) await sleep(20)
    return project
  }

  test('cancels what is queued and nothing else, and ends with 4 while something is live', async () => {
    const sim = await simulator(oneAtATime)
    const project = await submitted(sim)
    const { status, stdout } = await project.shotlock(['cancel', 'ep.yaml', ...against(sim)])

    expect(status).toBe(4)
    expect(stdout).toMatch(/is being made and cannot be cancelled/)
    expect(stdout).toMatch(/1 of 2 live takes cancelled/)
    expect(deletes(sim)).toEqual(['cancelled'])
    expect(
      Object.values(locked(project))
        .map((entry) => entry.status)
        .sort(),
    ).toEqual(['cancelled', 'submitted'])
  })

  test('ends with 0 when all that was asked for is cancelled', async () => {
    const sim = await simulator({ queuedMs: 60_000 })
    const project = createProject({ 'ep.yaml': foxAndOwl })
    await project.shotlock(['run', 'ep.yaml', '--no-wait', ...against(sim)])
    const { status, stdout } = await project.shotlock([
      'cancel',
      'ep.yaml',
      '--shot',
      'fox',
      '--json',
      ...against(sim),
    ])

    expect(status).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      outcomes: [{ manifest: 'ep', take: 'fox', kind: 'cancelled' }],
    })
    expect(locked(project)).toMatchObject({ fox: { status: 'cancelled' }, owl: { status: 'submitted' } })
  })

  test('never deletes a finished record: it ends with 1, and run collects what was paid for', async () => {
    const sim = await simulator()
    const project = createProject({ 'ep.yaml': foxAndOwl })
    await project.shotlock(['run', 'ep.yaml', '--no-wait', ...against(sim)])
    await sleep(400)
    expect(await project.shotlock(['cancel', 'ep.yaml', ...against(sim)])).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('done and paid for: shotlock run collects it'),
    })
    expect(deletes(sim)).toEqual([])
    expect(await project.shotlock(['run', 'ep.yaml', ...against(sim)])).toMatchObject({ status: 0 })
    expect(accepted(sim)).toHaveLength(2)
  })

  test('says so when a relay has no way to cancel', async () => {
    const sim = await simulator({ queuedMs: 60_000 })
    const flags = ['ep.yaml', '--provider', 'simulator', '--base-url', sim.relayUrl]
    const project = createProject({ 'ep.yaml': foxAndOwl })
    await project.shotlock(['run', '--no-wait', ...flags])
    expect(await project.shotlock(['cancel', ...flags])).toMatchObject({
      status: 4,
      stdout: expect.stringContaining('this provider has no way to cancel'),
    })
    expect(locked(project)).toMatchObject({ fox: { status: 'submitted' }, owl: { status: 'submitted' } })
  })

  test('has nothing to do when nothing is live', async () => {
    const sim = await simulator()
    const project = await collected(sim)
    expect(await project.shotlock(['cancel', 'ep.yaml', ...against(sim)])).toMatchObject({
      status: 0,
      stdout: 'Nothing is live.\n',
    })
  })

  describe('at a service whose task changes in between', () => {
    const env = { ARK_API_KEY: 'sk-some-key' }

    /** A service with one task; `look` answers the look with that number, from 1. */
    async function service(
      look: (number: number) => { status: number; body: object },
      deleted: { status: number; body: object },
    ) {
      let number = 0
      const answer = ({ method, url = '' }: IncomingMessage, response: ServerResponse) => {
        const list = { status: 200, body: { items: [], total: 0 } }
        const { status, body } = url.includes('?') ? list : method === 'DELETE' ? deleted : look(++number)
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      }
      const { url, requests } = await serve(answer)
      const lock = `lockfileVersion: 1\nshots:\n  "fox":\n    status: submitted\n    task: "cgt-1"\n    provider: "${new URL(url).host}"\n    digest: "v1:00"\n    seed: 7\n`
      const project = createProject({ 'ep.yaml': foxAndOwl, 'ep.lock.yaml': lock })
      const cancel = (...flags: string[]) =>
        project.shotlock(['cancel', 'ep.yaml', '--base-url', url, ...flags], { env })
      const methods = () => requests.filter(({ url }) => !url.includes('?')).map(({ method }) => method)
      return { project, cancel, methods }
    }

    const found = (status: string) => ({ status: 200, body: { id: 'cgt-1', status } })
    const refused = (status: number, code: string) => ({ status, body: { error: { code, message: 'no' } } })

    test('it has started: the service refuses, it stays live', async () => {
      const { project, cancel, methods } = await service(
        (number) => found(number === 1 ? 'queued' : 'running'),
        refused(409, 'InvalidAction.RunningTaskDeletion'),
      )
      expect(await cancel('--yes')).toMatchObject({
        status: 4,
        stdout: expect.stringContaining('cannot be cancelled'),
      })
      expect(methods()).toEqual(['GET', 'DELETE', 'GET'])
      expect(locked(project, 'ep.lock.yaml')).toMatchObject({ fox: { status: 'submitted', task: 'cgt-1' } })
    })

    test('its record is gone: that is said, the entry stays, the status is 4', async () => {
      const { project, cancel } = await service(
        (number) => (number === 1 ? found('queued') : refused(404, 'NotFound.Task')),
        { status: 200, body: {} },
      )
      expect(await cancel('--yes')).toMatchObject({
        status: 4,
        stdout: expect.stringContaining('cannot be told'),
      })
      expect(locked(project, 'ep.lock.yaml')).toMatchObject({ fox: { status: 'submitted', task: 'cgt-1' } })
    })

    test('without --yes nobody is asked for anything', async () => {
      const { cancel, methods } = await service(() => found('queued'), { status: 200, body: {} })
      expect(await cancel()).toMatchObject({
        status: 5,
        stdout: '',
        stderr: expect.stringContaining('--yes'),
      })
      expect(methods()).toEqual([])
    })
  })
})

test('each has help', async () => {
  const project = createProject()
  for (const command of ['verify', 'move', 'prune', 'cancel']) {
    expect(await project.shotlock([command, '--help'])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`shotlock ${command}`),
    })
  }
})
