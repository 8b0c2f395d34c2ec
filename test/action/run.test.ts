import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { shotlockIn, withoutSecrets } from '../../action/processes.mjs'
import { parseLockfile } from '../../src/core/lockfile.js'
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.js'
import { accepted, simulator } from '../support/simulated.js'
import { type ActionOptions, type ActionRun, runAction } from './composite.js'
import { createRemote, type Remote, readIn } from './repository.js'

// Each test is a job of many processes.
vi.setConfig({ testTimeout: 180_000 })

const manifestPath = 'manifests/ep01.yaml'
const lockPath = 'manifests/ep01.lock.yaml'
const manifest = (...shots: string[]) =>
  `version: 1
defaults: { model: doubao-seedance-2-0-mini-260615, duration: 4, resolution: 480p, ratio: '16:9' }
prices: [{ currency: CNY, per_video: 0.9 }]
shots:
${shots.map((shot) => `  ${shot}: { prompt: a ${shot} }\n`).join('')}`

const films = (...shots: string[]) =>
  createRemote({ [manifestPath]: manifest(...shots), '.gitignore': 'out/\n.shotlock/\n' })

/** A push to `main`; the simulator stands for a service that is paid, so that the ledger is used. */
async function onPush(
  remote: Remote,
  sim: Simulator,
  options: Partial<ActionOptions> = {},
): Promise<ActionRun & { workspace: string }> {
  const workspace = options.workspace ?? remote.checkout('refs/heads/main')
  const run = await runAction({
    given: { install: { bin: resolve('dist/bin.js') } },
    ...options,
    workspace,
    inputs: { mode: 'run', 'max-cost': '50CNY', ...options.inputs },
    env: {
      GITHUB_EVENT_NAME: 'push',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_REF_PROTECTED: 'true',
      GITHUB_RUN_ID: '7',
      SHOTLOCK_BASE_URL: sim.baseUrl,
      SHOTLOCK_API_KEY: 'sk-a-key',
      ...options.env,
    },
  })
  return { ...run, workspace }
}

const quick: SimulatorOptions = { taskMs: { min: 10, max: 50 }, queuedMs: 0 }

function entriesOn(remote: Remote) {
  return parseLockfile(`${remote.read('main', lockPath)}\n`, lockPath)
}

function idsOn(remote: Remote): (string | undefined)[] {
  return [...entriesOn(remote).values()].map(({ task }) => task).sort()
}

function boughtIds(sim: Simulator): (string | undefined)[] {
  return accepted(sim)
    .map(({ id }) => id)
    .sort()
}

describe('a push to a protected branch', () => {
  test('buys within the budget, commits the lockfile and nothing else, and leaves a contact sheet', async () => {
    const sim = await simulator(quick)
    const remote = films('fox', 'owl')
    const run = await onPush(remote, sim, { given: {} })
    expect(run.log).not.toContain('::error')
    expect(run).toMatchObject({ succeeded: true, outputs: { status: '0', pushed: 'true' } })
    expect(idsOn(remote)).toEqual(boughtIds(sim))
    expect(accepted(sim)).toHaveLength(2)
    expect(remote.git('show', '--name-only', '--format=%B%an', 'main')).toBe(
      `Record what shotlock bought in run 7\n\n[skip ci]\ngithub-actions[bot]\n\n${lockPath}`,
    )
    const sheet = run.step('Upload the contact sheet').with.path!
    expect(readFileSync(sheet, 'utf8')).toContain('data:video/mp4;base64,')
    expect(run.summary).toContain('### shotlock')
    expect(run.step('Upload what could not be pushed').status).toBe('skipped')
    expect(run.step('Keep the journal').with).toMatchObject({
      path: join(run.workspace, '.shotlock'),
      key: 'shotlock:refs/heads/main:7:1',
    })
  })

  test('with nothing to buy commits nothing', async () => {
    const sim = await simulator(quick)
    const remote = films('fox')
    const inputs = { 'contact-sheet': 'false' }
    const { workspace } = await onPush(remote, sim, { inputs })
    // As the next job has it: the commit, and from the cache the journal; the video stays with the first.
    await onPush(remote, sim, { inputs, workspace })
    expect(accepted(sim)).toHaveLength(1)
    const subjects = remote.log('main')
    const run = await onPush(remote, sim, { inputs, workspace: remote.checkout('refs/heads/main') })
    expect(run).toMatchObject({ outputs: { status: '0', pushed: 'nothing' } })
    expect(remote.log('main')).toEqual(subjects)
  })

  test('over the budget exits with 5, and commits what was bought before it ended', async () => {
    const sim = await simulator(quick)
    const remote = films('fox', 'owl', 'elk')
    const run = await onPush(remote, sim, { inputs: { 'max-cost': '1CNY' } })
    expect(run).toMatchObject({ succeeded: false, outputs: { status: '5', pushed: 'true' } })
    expect(accepted(sim)).toHaveLength(1)
    expect(idsOn(remote)).toEqual(boughtIds(sim))
  })

  test('with a budget that nothing fits into buys and commits nothing, and exits with 5', async () => {
    const sim = await simulator(quick)
    const remote = films('fox')
    const run = await onPush(remote, sim, { inputs: { 'max-cost': '0.5' } })
    expect(run.outputs).toMatchObject({ status: '5', pushed: 'nothing' })
    expect(remote.log('main')).toHaveLength(1)
  })

  test('on the simulator commits no lockfile of a rehearsal', async () => {
    const sim = await simulator(quick)
    const remote = films('fox')
    const env = { GITHUB_REF_PROTECTED: 'false', SHOTLOCK_BASE_URL: '' }
    const run = await onPush(remote, sim, { inputs: { provider: 'simulator' }, env })
    expect(run.outputs).toMatchObject({ status: '0', pushed: 'nothing' })
    expect(existsSync(join(run.workspace, 'manifests/ep01.simulator.lock.yaml'))).toBe(true)
    expect(remote.log('main')).toHaveLength(1)
  })
})

describe('a job that is cancelled', () => {
  test('while tasks are live pushes their ids, and buys nothing more', async () => {
    const sim = await simulator({ taskMs: { min: 60_000, max: 60_000 } })
    const remote = films('fox', 'owl')
    const run = await onPush(remote, sim, {
      inputs: { 'contact-sheet': 'false' },
      during: {
        run: async ({ sees, cancel }) => {
          await sees(/cgt-[\s\S]*cgt-/)
          cancel()
        },
      },
    })
    expect(run.outputs).toMatchObject({ status: '4', pushed: 'true' })
    expect(idsOn(remote)).toEqual(boughtIds(sim))
    expect([...entriesOn(remote).values()].map(({ status }) => status)).toEqual(['submitted', 'submitted'])
    expect(run.step('Keep the journal').status).toBe('used')
  })
})

describe('a push of somebody else in between', () => {
  const theirs = `lockfileVersion: 1
shots:
  "owl":
    status: submitted
    task: "cgt-20260108111355-x1c9q"
    provider: ark
    digest: "v1:00"
    seed: 1
`

  test('that bought another shot is merged with, and both ids are kept', async () => {
    const sim = await simulator(quick)
    const remote = films('fox')
    const run = await onPush(remote, sim, {
      inputs: { 'contact-sheet': 'false' },
      before: { save: () => remote.commit('main', { [lockPath]: theirs, 'README.md': 'films' }) },
    })
    expect(run.log).not.toContain('::error')
    expect(run.outputs.pushed).toBe('true')
    expect(idsOn(remote)).toEqual([...boughtIds(sim), 'cgt-20260108111355-x1c9q'].sort())
    expect(remote.read('main', 'README.md')).toBe('films')
    expect(remote.log('main')).toHaveLength(3)
  })

  test('that contradicts it: nothing of theirs is lost, ours is kept as an artifact, and the job fails', async () => {
    const sim = await simulator(quick)
    const remote = films('fox')
    const run = await onPush(remote, sim, {
      inputs: { 'contact-sheet': 'false' },
      before: { save: () => remote.commit('main', { [lockPath]: 'lockfileVersion: 2\nshots: {}\n' }) },
    })
    expect(run).toMatchObject({ succeeded: false, outputs: { status: '0', pushed: 'false' } })
    expect(remote.read('main', lockPath)).toContain('lockfileVersion: 2')
    const rescue = run.step('Upload what could not be pushed').with.path!
    expect(readIn(rescue, `lockfiles/${lockPath}`)).toContain(boughtIds(sim)[0])
    expect(existsSync(join(rescue, 'journals/manifests'))).toBe(true)
    expect(run.step('save').log).toContain('::error title=shotlock%3A paid results are not on the branch::')
  })
})

test('a branch that refuses every push: the lockfile is kept as an artifact, and the job fails', async () => {
  const sim = await simulator(quick)
  const remote = films('fox')
  const hook = join(remote.git('rev-parse', '--absolute-git-dir'), 'hooks', 'pre-receive')
  writeFileSync(hook, '#!/bin/sh\necho "protected branch hook declined" >&2\nexit 1\n', { mode: 0o755 })
  const run = await onPush(remote, sim, { inputs: { 'contact-sheet': 'false' } })
  expect(run).toMatchObject({ succeeded: false, outputs: { pushed: 'false' } })
  expect(run.step('Upload what could not be pushed').status).toBe('used')
})

describe('keys and tokens', () => {
  test('are not in the environment of anything but the run', () => {
    const env = {
      PATH: '/bin',
      SHOTLOCK_API_KEY: 'a',
      ARK_API_KEY: 'b',
      GITHUB_TOKEN: 'c',
      ACTIONS_RUNTIME_TOKEN: 'd',
    }
    expect(withoutSecrets(env)).toEqual({ PATH: '/bin' })
  })

  test('are replaced by words where a provider is named, since nothing is sent', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shotlock-env-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const bin = join(folder, 'bin.mjs')
    writeFileSync(bin, 'console.log(process.env.SHOTLOCK_API_KEY)')
    vi.stubEnv('SHOTLOCK_API_KEY', 'sk-a-key')
    onTestFinished(() => void vi.unstubAllEnvs())
    const keys = [undefined, 'ark'].map(
      async (provider) => (await shotlockIn({ bin, cwd: folder, provider })()).stdout,
    )
    expect(await Promise.all(keys)).toEqual(['undefined\n', 'none-is-needed\n'])
  })
})
