import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type LockEntry, renderLockfile } from '../../src/core/lockfile.js'
import { entry, takeName, task } from '../core/builders.js'
import { createProject, type Project } from '../support/project.js'
import { simulator } from '../support/simulated.js'

const lockPath = 'manifests/ep01.lock.yaml'
const lockOf = (entries: Record<string, LockEntry>) =>
  renderLockfile(new Map(Object.entries(entries).map(([name, one]) => [takeName(name), one])))
const paid = (id: string, fields: Partial<LockEntry> = {}) =>
  entry('succeeded', {
    task: task(id),
    tokens: 87_300,
    cost: '1.3968 CNY',
    sha256: 'a'.repeat(64),
    ...fields,
  })

const first = { 'fox-run': paid('cgt-20260108111352-x1c9q') }
const second = {
  alley: entry('failed', { task: task('t3'), error: 'OutputVideoSensitiveContentDetected' }),
  'fox-hug': paid('t1'),
  'fox-run': paid('t2', { previous: [task('cgt-20260108111352-x1c9q')] }),
  'fox-run@2': paid('t4', { pick: true, cost: undefined }),
}
const sentences = `alley    failed: output moderated
fox-hug  bought, CNY 1.40
fox-run  retaken (was cgt-…x1c9q); take 2 bought, picked take 2, CNY 1.40, 87,300 tokens
2 bought, 1 retaken, 1 failed, 1 picked; CNY 2.79, 87,300 tokens.
`
const nothing = 'No results changed between HEAD and the work tree.\n'

interface Repository extends Project {
  git(...args: string[]): string
  commit(message: string): void
}

/** A project with the first lockfile committed. */
function createRepository(): Repository {
  const project = createProject({ [lockPath]: lockOf(first) })
  const git = (...args: string[]) =>
    execFileSync(
      'git',
      ['-C', project.folder, '-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args],
      {
        encoding: 'utf8',
      },
    )
  const commit = (message: string) => {
    git('add', '-A')
    git('commit', '-qm', message)
  }
  commit('one')
  return { ...project, git, commit }
}

describe('shotlock diff', () => {
  test('has a sentence a shot since HEAD, and totals', async () => {
    const repository = createRepository()
    const { stderr, ...unchanged } = await repository.shotlock(['diff'])
    expect(unchanged).toEqual({ status: 0, stdout: nothing })
    expect(stderr).toContain('Rehearsals')
    repository.write(lockPath, lockOf(second))
    expect(await repository.shotlock(['diff'])).toEqual({ status: 0, stdout: sentences, stderr: '' })
  })

  test('compares refs as git does', async () => {
    const repository = createRepository()
    repository.write(lockPath, lockOf(second))
    repository.commit('two')
    repository.git('tag', 'v2')
    repository.git('branch', 'feature')
    repository.write(lockPath, lockOf({}))
    for (const what of [
      ['HEAD~1', 'v2'],
      ['HEAD~1..v2'],
      ['v2~1...feature'],
      ['HEAD~1..'],
      ['HEAD~1..HEAD', lockPath],
    ])
      expect({ what, ...(await repository.shotlock(['diff', ...what])) }).toEqual({
        what,
        status: 0,
        stdout: sentences,
        stderr: '',
      })
    expect((await repository.shotlock(['diff', 'HEAD~1', '--', lockPath])).stdout).toBe(
      'fox-run  dropped from the lockfile\n1 dropped.\n',
    )
  })

  test('compares two files, also without git', async () => {
    const repository = createRepository()
    repository.write('new.lock.yaml', lockOf(second))
    rmSync(repository.path('.git'), { recursive: true })
    expect((await repository.shotlock(['diff', lockPath, 'new.lock.yaml'])).stdout).toBe(sentences)
    expect(await repository.shotlock(['diff'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('(no-git)'),
    })
  })

  test('compares the whole repository from a folder below its root, names of any characters, before the first commit', async () => {
    const project = createProject({
      '分镜 "1"/第一 集.lock.yaml': lockOf(first),
      '分镜 "1"/new\tep.lock.yaml': lockOf({ owl: paid('t9') }),
      'other.lock.yaml': lockOf({ bear: paid('t8') }),
    })
    const cwd = project.path('分镜 "1"')
    const args = [resolve('dist/bin.js'), 'diff', '--json']
    const { from, manifests } = JSON.parse(execFileSync(process.execPath, args, { cwd, encoding: 'utf8' }))
    expect(from).toBe('no commit')
    const files = manifests.map(({ file }: { file: string }) => file)
    expect(files).toEqual(['../other.lock.yaml', 'new\tep.lock.yaml', '第一 集.lock.yaml'])
  })

  test('tells only what a shallow clone can tell', async () => {
    const origin = createRepository()
    origin.write(lockPath, lockOf(second))
    origin.commit('two')
    const clone = createProject()
    rmSync(clone.path('.git'), { recursive: true })
    execFileSync('git', ['clone', '-q', '--depth=1', `file://${origin.folder}`, clone.folder])
    expect((await clone.shotlock(['diff'])).stdout).toBe(nothing)
    expect(await clone.shotlock(['diff', 'HEAD~1'])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--unshallow'),
    })
  })

  test('gives a table for a pull request, and data', async () => {
    const repository = createRepository()
    repository.write(lockPath, lockOf(second))
    expect((await repository.shotlock(['diff', '--markdown'])).stdout).toMatchInlineSnapshot(`
      "**2 bought, 1 retaken, 1 failed, 1 picked**, CNY 2.79, 87,300 tokens

      ### \`ep01\`: 3 shots

      | shot | what happened | price |
      |---|---|---:|
      | \`alley\` | failed: output moderated |  |
      | \`fox-hug\` | bought | CNY 1.40 |
      | \`fox-run\` | retaken (was cgt-…x1c9q); take 2 bought, picked take 2 | CNY 1.40, 87,300 tokens |
      "
    `)
    const { stdout } = await repository.shotlock(['diff', '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      from: 'HEAD',
      to: 'the work tree',
      counts: { bought: 2, retaken: 1, failed: 1, picked: 1 },
      spent: [{ currency: 'CNY', amount: 2.7936 }],
      unpricedTokens: 87_300,
      manifests: [
        {
          manifest: 'ep01',
          file: lockPath,
          shots: [{ shot: 'alley' }, { shot: 'fox-hug' }, { shot: 'fox-run' }],
        },
      ],
    })
  })

  test.each([
    ['a word that is nothing', ['nothing']],
    ['a ref that is a flag of git', ['--', '--output=x']],
    ['two forms at once', ['--json', '--markdown']],
  ])('ends with status 2 for %s', async (_, args) => {
    const repository = createRepository()
    const { status, stdout, stderr } = await repository.shotlock(['diff', ...args])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('(usage)')
  })

  test('tells what a run has bought, and nothing of what a rehearsal has', async () => {
    const sim = await simulator()
    const repository = createRepository()
    repository.write(
      'manifests/ep02.yaml',
      'version: 1\ndefaults: { model: doubao-seedance-1-5-pro-251215, duration: 4, resolution: 480p }\nshots:\n  owl: { prompt: an owl }\n',
    )
    await repository.shotlock(['init'])
    repository.commit('two')
    const run = ['run', 'manifests/ep02.yaml', '--yes']
    await repository.shotlock([...run, '--provider', 'simulator'])
    expect((await repository.shotlock(['diff'])).stdout).toBe(nothing)
    await repository.shotlock([...run, '--base-url', sim.baseUrl], { env: { ARK_API_KEY: 'sk-a-key' } })
    expect((await repository.shotlock(['diff'])).stdout).toMatch(/^owl {2}bought, .*\n1 bought; .*\.\n$/)
  })
})

describe('the textconv that init registers', () => {
  /** Folder with a `shotlock` for git to find. */
  function pathWithShotlock(): string {
    const folder = mkdtempSync(join(tmpdir(), 'shotlock-test-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    writeFileSync(
      join(folder, 'shotlock'),
      `#!/bin/sh\nexec "${process.execPath}" "${resolve('dist/bin.js')}" "$@"\n`,
    )
    chmodSync(join(folder, 'shotlock'), 0o755)
    return folder
  }

  test('shows takes in git diff and git log -p, a line each', async () => {
    const repository = createRepository()
    expect(await repository.shotlock(['init', '--git-driver'])).toMatchObject({ status: 0 })
    repository.write(lockPath, lockOf({ ...first, owl: paid('t9') }))
    repository.commit('two')
    repository.write(lockPath, lockOf({ ...first, owl: paid('t9', { pick: true }) }))
    const changedIn = (...args: string[]) =>
      execFileSync('git', ['-C', repository.folder, ...args, '--', lockPath], {
        encoding: 'utf8',
        env: { ...process.env, PATH: `${pathWithShotlock()}:${process.env.PATH}` },
      })
        .split('\n')
        .filter((line) => /^[+-](?![+-])/.test(line))
        .map((line) => line.replace(/#[0-9a-f]{8}$/, '#…'))
    expect(changedIn('diff')).toEqual([
      '-owl  succeeded  1.3968 CNY  t9  #…',
      '+owl  succeeded  1.3968 CNY  t9  picked  #…',
    ])
    expect(changedIn('log', '-p', '-1', '--format=')).toEqual(['+owl  succeeded  1.3968 CNY  t9  #…'])
  })
})
