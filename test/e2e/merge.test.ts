import { execFileSync, spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type LockEntry, parseLockfile, renderLockfile } from '../../src/core/lockfile.js'
import type { Simulator } from '../../src/simulator/server.js'
import { digestA, entry, takeName, task } from '../core/builders.js'
import { createProject, type Project } from '../support/project.js'
import { accepted, simulator } from '../support/simulated.js'

const manifestPath = 'manifests/ep.yaml'
const lockPath = 'manifests/ep.lock.yaml'
const driver = `"${process.execPath}" "${resolve('dist/bin.js')}" merge %O %A %B`

const manifest = (...shots: string[]) =>
  `version: 1\ndefaults: { model: doubao-seedance-1-5-pro-251215, duration: 4, resolution: 480p }\nshots:\n${shots
    .map((shot) => `  ${shot}: { prompt: a ${shot} runs }\n`)
    .join('')}`

/** A project under git whose runs go to a simulator as to a service that is paid, so that the ledger is used. */
interface Repository extends Project {
  /** Waits without blocking: git may call shotlock. */
  git(...args: string[]): Promise<{ status: number | null; output: string }>
  commit(message: string): Promise<void>
  run(...args: string[]): ReturnType<Project['shotlock']>
  entries(): Record<string, LockEntry>
}

function createRepository(sim: Simulator, ...shots: string[]): Repository {
  const project = createProject({
    [manifestPath]: manifest(...shots),
    '.gitignore': 'out/\n.shotlock/\n',
  })
  const settings = {
    'user.name': 'a person',
    'user.email': 'person@example.org',
    'merge.conflictStyle': 'merge',
  }
  for (const [key, value] of Object.entries(settings))
    execFileSync('git', ['-C', project.folder, 'config', key, value])
  const repository: Repository = {
    ...project,
    git: (...args) =>
      new Promise((done, reject) => {
        const child = spawn('git', args, { cwd: project.folder })
        let output = ''
        for (const stream of [child.stdout, child.stderr])
          stream.setEncoding('utf8').on('data', (text: string) => {
            output += text
          })
        child.on('error', reject)
        child.on('close', (status) => done({ status, output }))
      }),
    async commit(message) {
      await repository.git('add', '-A')
      expect(await repository.git('commit', '-qm', message)).toMatchObject({ status: 0 })
    },
    run: (...args) =>
      project.shotlock(['run', manifestPath, '--yes', '--base-url', sim.baseUrl, ...args], {
        env: { ARK_API_KEY: 'sk-a-key' },
      }),
    entries: () => Object.fromEntries(parseLockfile(project.read(lockPath), lockPath)),
  }
  return repository
}

/** Leaves what a fresh clone holds: the next command knows only what was committed. */
function forgetLocalState({ path }: Project): void {
  for (const folder of ['.shotlock', 'manifests/out']) rmSync(path(folder), { recursive: true, force: true })
}

/** The same start, then two branches that were run in clones of their own; `ours` is checked out in a third. */
async function diverge(repository: Repository, ours: () => Promise<unknown>, theirs: () => Promise<unknown>) {
  await repository.git('checkout', '-qb', 'ours')
  await repository.commit('start')
  await repository.git('checkout', '-qb', 'theirs')
  await theirs()
  await repository.commit('theirs')
  forgetLocalState(repository)
  await repository.git('checkout', '-q', 'ours')
  await ours()
  await repository.commit('ours')
  forgetLocalState(repository)
}

/** A run after the merge converges: everything is there, and the simulator has seen no create more than `bought`. */
async function expectSettled(repository: Repository, sim: Simulator, bought: number): Promise<void> {
  expect(await repository.run()).toMatchObject({ status: 0 })
  expect(accepted(sim)).toHaveLength(bought)
  const entries = Object.values(repository.entries())
  const known = entries.flatMap(({ task: id, previous = [] }) => [id, ...previous])
  expect(known.sort()).toEqual(
    accepted(sim)
      .map(({ id }) => id)
      .sort(),
  )
  expect(entries.every(({ status, sha256 }) => status === 'succeeded' && sha256 !== undefined)).toBe(true)
}

describe.each([
  ['with the driver registered', true],
  ['without it, by conflict markers', false],
])('two branches that were run apart, merged by git %s', (_, registered) => {
  async function repositoryWith(sim: Simulator, ...shots: string[]): Promise<Repository> {
    const repository = createRepository(sim, ...shots)
    await repository.shotlock(['init'])
    if (registered) await repository.git('config', 'merge.shotlock.driver', driver)
    return repository
  }

  async function merge(repository: Repository): Promise<void> {
    const { status } = await repository.git('merge', '-q', '--no-edit', 'theirs')
    expect(status).toBe(registered ? 0 : 1)
    expect(/^<{7} /m.test(repository.read(lockPath))).toBe(!registered)
  }

  test('different shots: all are kept and none is bought again', async () => {
    const sim = await simulator()
    const repository = await repositoryWith(sim, 'bear', 'cat', 'dog', 'elk', 'fox')
    await repository.run('--shot', 'cat')
    await diverge(
      repository,
      () => repository.run('--shot', 'bear', '--shot', 'dog'),
      () => repository.run('--shot', 'elk', '--shot', 'fox', '--no-wait'),
    )
    await merge(repository)
    const whileMerging = repository.read(lockPath)

    const status = await repository.shotlock(['status', manifestPath])
    expect(status.stdout).toContain('3 succeeded, 2 submitted')
    expect(repository.read(lockPath)).toBe(whileMerging)
    await expectSettled(repository, sim, 5)
  })

  test('a lockfile that both branches started', async () => {
    const sim = await simulator()
    const repository = await repositoryWith(sim, 'cat', 'dog')
    await diverge(
      repository,
      () => repository.run('--shot', 'dog'),
      () => repository.run('--shot', 'cat'),
    )
    await merge(repository)
    await expectSettled(repository, sim, 2)
  })

  test('the same shot, bought by both: one is the entry, the other stays on record', async () => {
    const sim = await simulator()
    const repository = await repositoryWith(sim, 'cat', 'dog')
    await diverge(
      repository,
      () => repository.run(),
      () => repository.run(),
    )
    await merge(repository)
    await expectSettled(repository, sim, 4)
    expect(repository.entries().cat?.previous).toHaveLength(1)
  })

  test('a contradiction stops the merge or the run, and nothing is bought', async () => {
    const sim = await simulator()
    const repository = await repositoryWith(sim, 'cat', 'dog')
    const tell = (status: 'failed' | 'succeeded') => async () =>
      repository.write(
        lockPath,
        renderLockfile(new Map([[takeName('cat'), entry(status, { task: task('t') })]])),
      )
    await diverge(repository, tell('failed'), tell('succeeded'))
    const before = repository.read(lockPath)

    const { status, output } = await repository.git('merge', '--no-edit', 'theirs')
    expect(status).toBe(1)
    if (registered) {
      expect(output).toMatch(/"cat": one task cannot have ended in two ways: .*failed; .*succeeded\.\n/)
      expect(repository.read(lockPath)).toBe(before)
      return
    }
    expect(await repository.run()).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/\(lockfile-conflict\).*two ways/),
    })
    expect(accepted(sim)).toEqual([])
  })
})

test('entries that git mixed are refused, and the driver can still merge them', async () => {
  const sim = await simulator()
  const repository = createRepository(sim, 'cat')
  await repository.shotlock(['init'])
  const write = (one: LockEntry) =>
    repository.write(lockPath, renderLockfile(new Map([[takeName('cat'), one]])))
  write(entry('succeeded', { task: task('t1') }))
  await diverge(
    repository,
    async () => write(entry('submitted', { task: task('t2'), previous: [task('t1')] })),
    async () => write(entry('succeeded', { task: task('t1'), video: 'a.mp4', sha256: 'f'.repeat(64) })),
  )
  expect(await repository.git('merge', 'theirs')).toMatchObject({ status: 1 })
  expect(await repository.run('--shot', 'cat')).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/two tasks.*\n.*git checkout -m --/),
  })

  await repository.git('config', 'merge.shotlock.driver', driver)
  await repository.git('checkout', '-m', '--', lockPath)
  // Where the video of the superseded task is, its new owner keeps.
  expect(repository.entries().cat).toEqual(
    entry('submitted', {
      task: task('t2'),
      previous: [task('t1')],
      spent: { [task('t1')]: { video: 'a.mp4', sha256: 'f'.repeat(64) } },
    }),
  )
})

describe('shotlock merge', () => {
  const text = (status: LockEntry['status']) =>
    renderLockfile(new Map([[takeName('cat'), entry(status, { task: task('t'), digest: digestA })]]))

  test.each([
    ['missing', {}],
    ['empty', { base: '' }],
    ['what both come from', { base: text('submitted') }],
  ])('writes the merge to OURS when BASE is %s', async (_, files) => {
    const project = createProject({ ours: text('submitted'), theirs: text('succeeded'), ...files })
    expect(await project.shotlock(['merge', 'base', 'ours', 'theirs'])).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    })
    expect(project.read('ours')).toBe(text('succeeded'))
  })

  test.each([
    ['OURS is missing', {}, 'lockfile-invalid'],
    ['THEIRS is empty', { theirs: '' }, 'lockfile-invalid'],
    ['THEIRS is no lockfile', { theirs: 'shots: [\n' }, 'lockfile-invalid'],
    ['BASE is no lockfile', { base: 'shots: [\n' }, 'lockfile-invalid'],
    ['THEIRS is of a newer version', { theirs: 'lockfileVersion: 2\n' }, 'lockfile-newer'],
    ['BASE is a folder', { 'base/x': '' }, 'state-unreadable'],
  ])('ends with status 2 when %s', async (what, files, code) => {
    const all = { ours: text('failed'), theirs: text('failed'), ...files }
    const { ours, ...others } = all
    const project = createProject(what.startsWith('OURS') ? others : all)
    const { status, stderr } = await project.shotlock(['merge', 'base', 'ours', 'theirs'])
    expect({ status, code: /\(([\w-]+)\)/.exec(stderr)?.[1] }).toEqual({ status: 2, code })
    if (!what.startsWith('OURS')) expect(project.read('ours')).toBe(ours)
  })
})

describe('init', () => {
  const attributes = '*.lock.yaml merge=shotlock text eol=lf linguist-generated\n*.lock.yaml diff=shotlock'

  test('tells git which files the driver merges, and offers to register it', async () => {
    const project = createProject({ '.gitattributes': '*.mp4 binary\n' })
    const { stdout } = await project.shotlock(['init'])
    expect(project.read('.gitattributes')).toBe(`*.mp4 binary\n${attributes}\n`)
    expect(stdout).toContain('git config merge.shotlock.driver "shotlock merge %O %A %B"')
    expect(stdout).toContain('git config merge.shotlock.name "')
    expect(stdout).toContain('git config diff.shotlock.textconv "shotlock textconv"')
    expect(project.read('.git/config')).not.toContain('shotlock')
  })

  test('registers it with --git-driver, as often as one likes', async () => {
    const project = createProject()
    for (const did of ['created', 'kept']) {
      const { status, stdout } = await project.shotlock(['init', '--git-driver', '--json'])
      expect(status).toBe(0)
      expect(JSON.parse(stdout)).toMatchObject({
        gitDriver: 'registered',
        files: expect.arrayContaining([{ file: '.gitattributes', did }]),
      })
    }
    const config = execFileSync('git', ['-C', project.folder, 'config', '--get-all', 'merge.shotlock.driver'])
    expect(config.toString()).toBe('shotlock merge %O %A %B\n')
  })

  test('makes nothing when the driver is wanted outside of git', async () => {
    const project = createProject()
    execFileSync('rm', ['-r', project.path('.git')])
    expect(await project.shotlock(['init', '--git-driver'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no git work tree'),
    })
    expect(() => project.read('.gitattributes')).toThrow()
  })
})
