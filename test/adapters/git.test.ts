import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemGit } from '../../src/adapters/git.js'

interface Repository {
  folder: string
  path(name: string): string
  write(name: string, content: string | Uint8Array): void
  git(...args: string[]): string
  /** Commits everything; gives the commit's id. */
  commit(at?: string): string
}

function temporaryFolder(): string {
  // Free of links, as git gives it.
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'shotlock-test-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

function createRepository(folder = temporaryFolder()): Repository {
  const path = (name: string) => join(folder, name)
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@example.org', ...args], {
      encoding: 'utf8',
      env: { ...process.env, ...dates.at(-1) },
    }).trim()
  const dates: Record<string, string>[] = []
  const repository: Repository = {
    folder,
    path,
    git,
    write(name, content) {
      mkdirSync(dirname(path(name)), { recursive: true })
      writeFileSync(path(name), content)
    },
    commit(at = '2026-01-08T03:13:52Z') {
      dates.push({ GIT_AUTHOR_DATE: at, GIT_COMMITTER_DATE: at })
      git('add', '-A')
      git('commit', '-q', '--allow-empty', '-m', 'a change')
      return git('rev-parse', 'HEAD')
    },
  }
  git('init', '-q', '-b', 'main')
  return repository
}

const textOf = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes)
const all = { most: 500 }

describe('the top of a working tree', () => {
  test('is found from a folder inside, whatever characters its path has', async () => {
    const folder = join(temporaryFolder(), '分镜 one ')
    mkdirSync(folder)
    const { write, path } = createRepository(folder)
    write('第一 集/ep.yaml', '')
    expect(await systemGit.root(path('第一 集'))).toBe(folder)
  })

  test('is undefined outside of every repository', async () => {
    expect(await systemGit.root(temporaryFolder())).toBeUndefined()
  })

  test('is undefined in a folder that does not exist', async () => {
    expect(await systemGit.root(join(temporaryFolder(), 'nothing'))).toBeUndefined()
  })

  test('is undefined on a machine without git', async () => {
    const { folder } = createRepository()
    const path = process.env.PATH
    onTestFinished(() => {
      process.env.PATH = path
    })
    process.env.PATH = temporaryFolder()
    expect(await systemGit.root(folder)).toBeUndefined()
    expect(await systemGit.log([join(folder, 'a')], folder, all)).toEqual([])
    expect(await systemGit.contents(['ab'], folder)).toEqual([undefined])
  })
})

describe('a ref', () => {
  test('names its commit, as a branch, a tag or an expression', async () => {
    const { folder, commit, git } = createRepository()
    const first = commit()
    git('tag', '-a', 'v1', '-m', 'a tag')
    const second = commit()
    expect(await systemGit.commitOf('main', folder)).toBe(second)
    expect(await systemGit.commitOf('HEAD~1', folder)).toBe(first)
    expect(await systemGit.commitOf('v1', folder)).toBe(first)
  })

  test.each(['nothing', 'HEAD~9', '', '--help', 'HEAD:a'])(
    'that names no commit is undefined: "%s"',
    async (ref) => {
      const { folder, commit, write } = createRepository()
      write('a', '')
      commit()
      expect(await systemGit.commitOf(ref, folder)).toBeUndefined()
    },
  )

  test('is undefined before the first commit', async () => {
    expect(await systemGit.commitOf('HEAD', createRepository().folder)).toBeUndefined()
  })
})

describe('the commits of a file', () => {
  test('come newest first with their time, and those of other files are left out', async () => {
    const { folder, path, write, commit } = createRepository()
    write('a b/第一集.yaml', '1')
    const first = commit('2026-01-08T03:13:52Z')
    write('other.yaml', '1')
    commit()
    write('a b/第一集.yaml', '2')
    const last = commit('2026-01-09T10:00:00Z')

    const commits = await systemGit.log([path('a b/第一集.yaml')], folder, all)
    expect(commits.map(({ id }) => id)).toEqual([last, first])
    expect(new Date(commits[1]!.at).toISOString()).toBe('2026-01-08T03:13:52.000Z')
    expect(await systemGit.log([path('a b/第一集.yaml')], folder, { most: 1 })).toEqual([commits[0]])
  })

  test('hold those of every file that is asked for, also of one that is gone', async () => {
    const { folder, path, write, commit, git } = createRepository()
    write('folder/gone.png', '1')
    write('b', '1')
    const first = commit()
    git('rm', '-q', 'folder/gone.png')
    const second = commit()
    write('b', '2')
    const third = commit()
    const commits = await systemGit.log([path('folder/gone.png'), path('b')], folder, all)
    expect(commits.map(({ id }) => id)).toEqual([third, second, first])
  })

  test('are those of that very name, not of names that fit it as a pattern', async () => {
    const { folder, path, write, commit } = createRepository()
    write('[ab].yaml', '1')
    const first = commit()
    write('a.yaml', '1')
    commit()
    expect((await systemGit.log([path('[ab].yaml')], folder, all)).map(({ id }) => id)).toEqual([first])
  })

  test('hold the side of a merge that did not win', async () => {
    const { folder, path, write, commit, git } = createRepository()
    write('a', '0')
    commit()
    git('checkout', '-q', '-b', 'side')
    write('a', 'side')
    const side = commit()
    git('checkout', '-q', 'main')
    write('a', 'main')
    commit()
    git('merge', '-q', '-s', 'ours', '-m', 'a merge', 'side')
    expect((await systemGit.log([path('a')], folder, all)).map(({ id }) => id)).toContain(side)
  })

  test('are none for a file that was never committed, and before the first commit', async () => {
    const { folder, path, commit, write } = createRepository()
    expect(await systemGit.log([path('a')], folder, all)).toEqual([])
    write('b', '')
    commit()
    write('a', '')
    expect(await systemGit.log([path('a')], folder, all)).toEqual([])
  })

  test("keep to their form whatever a person's settings are", async () => {
    const { folder, path, write, commit, git } = createRepository()
    for (const [key, value] of [
      ['log.showSignature', 'true'],
      ['log.follow', 'true'],
      ['color.ui', 'always'],
      ['core.quotePath', 'true'],
    ] as const)
      git('config', key, value)
    write('旧.yaml', 'the same text')
    commit()
    git('mv', '旧.yaml', '新.yaml')
    const renamed = commit()
    expect((await systemGit.log([path('新.yaml')], folder, all)).map(({ id }) => id)).toEqual([renamed])
  })
})

describe('a file in a commit', () => {
  test('is given as its bytes were then', async () => {
    const { folder, path, write, commit } = createRepository()
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index)
    write('图片/狐 狸.png', bytes)
    const first = commit()
    write('图片/狐 狸.png', 'another')
    commit()
    expect([...(await systemGit.show(first, path('图片/狐 狸.png'), folder))!]).toEqual([...bytes])
    expect(textOf(await systemGit.show('HEAD', path('图片/狐 狸.png'), folder))).toBe('another')
  })

  test('is undefined when it was not there, was a folder, or lies outside', async () => {
    const { folder, path, write, commit } = createRepository()
    write('folder/a', '1')
    const id = commit()
    write('later', '1')
    commit()
    expect(await systemGit.show(id, path('later'), folder)).toBeUndefined()
    expect(await systemGit.show(id, path('folder'), folder)).toBeUndefined()
    expect(await systemGit.show(id, folder, folder)).toBeUndefined()
    expect(await systemGit.show(id, join(folder, '..', 'a'), folder)).toBeUndefined()
    expect(await systemGit.show('nothing', path('later'), folder)).toBeUndefined()
  })

  test('is found by a path that leads through a link', async () => {
    const { folder, write, commit } = createRepository()
    write('manifests/ep.yaml', 'one')
    commit()
    const link = join(temporaryFolder(), 'link')
    symlinkSync(folder, link)
    const root = (await systemGit.root(join(link, 'manifests')))!
    expect(root).toBe(folder)
    expect(textOf(await systemGit.show('HEAD', join(link, 'manifests/ep.yaml'), root))).toBe('one')
  })

  test('with a line end in its name is left out, and confuses no other', async () => {
    const { folder, path, write, commit } = createRepository()
    write('a\nb', 'odd')
    write('a', 'plain')
    const id = commit()
    expect(await systemGit.blobsOf([id], path('a\nb'), folder)).toEqual([undefined])
    expect(textOf(await systemGit.show(id, path('a'), folder))).toBe('plain')
  })
})

describe('what a file held in many commits', () => {
  test('is told by ids that are equal where the bytes are, and contents come in the order asked for', async () => {
    const { folder, path, write, commit, git } = createRepository()
    write('b', '')
    const none = commit()
    const commits = ['one', '', 'one', 'two\n\nthree'].map((text) => {
      write('a 号', text)
      return commit()
    })
    const [absent, one, empty, again, two] = await systemGit.blobsOf([none, ...commits], path('a 号'), folder)
    expect(absent).toBeUndefined()
    expect(again).toBe(one)
    expect(new Set([one, empty, two]).size).toBe(3)

    const missing = one!.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
    const tree = git('rev-parse', 'HEAD^{tree}')
    const asked = [two!, missing, empty!, tree, one!]
    const found = await systemGit.contents(asked, folder)
    expect(found.map(textOf)).toEqual(['two\n\nthree', undefined, '', undefined, 'one'])
  })

  test('is nothing for no commits', async () => {
    const { folder, path } = createRepository()
    expect(await systemGit.blobsOf([], path('a'), folder)).toEqual([])
    expect(await systemGit.contents([], folder)).toEqual([])
  })
})

describe('the files of a commit', () => {
  test('are told by their paths with the ids of their contents, links and submodules left out', async () => {
    const { folder, path, write, commit, git } = createRepository()
    const names = ['a.lock.yaml', '第一 集/"ep" 1.lock.yaml', 'a\tb\nc', 'run.sh']
    for (const name of names) write(name, name)
    git('add', '-A')
    git('update-index', '--chmod=+x', 'run.sh')
    symlinkSync('a.lock.yaml', path('link.lock.yaml'))
    git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},sub.lock.yaml`)
    git('add', 'link.lock.yaml')
    git('commit', '-qm', 'one')
    const files = (await systemGit.filesOf('HEAD', folder))!
    expect([...files.keys()].sort()).toEqual([...names].sort())
    const contents = await systemGit.contents([...files.values()], folder)
    expect(contents.map(textOf)).toEqual([...files.keys()])
    write('later', '')
    commit()
    expect((await systemGit.filesOf('HEAD~1', folder))!.has('later')).toBe(false)
  })

  test('are undefined for what is no commit', async () => {
    expect(await systemGit.filesOf('HEAD', createRepository().folder)).toBeUndefined()
  })
})

test('the files of a work tree are all that git does not ignore, also new and removed ones', async () => {
  const { folder, path, write, commit } = createRepository()
  write('.gitignore', '*.simulator.lock.yaml\n')
  write('旧 "a".lock.yaml', '')
  write('gone.lock.yaml', '')
  commit()
  rmSync(path('gone.lock.yaml'))
  write('new/b.lock.yaml', '')
  write('c.simulator.lock.yaml', '')
  expect((await systemGit.workFiles(folder))!.sort()).toEqual([
    '.gitignore',
    'gone.lock.yaml',
    'new/b.lock.yaml',
    '旧 "a".lock.yaml',
  ])
  expect(await systemGit.workFiles(temporaryFolder())).toBeUndefined()
})

describe('the commit that two have in common', () => {
  test('is where they parted', async () => {
    const { folder, write, commit, git } = createRepository()
    write('a', '0')
    const base = commit()
    git('checkout', '-q', '-b', 'side')
    const side = commit()
    git('checkout', '-q', 'main')
    const main = commit('2026-01-09T03:13:52Z')
    expect(await systemGit.mergeBase(main, side, folder)).toBe(base)
    expect(await systemGit.mergeBase(side, base, folder)).toBe(base)
  })

  test('is undefined where there is none', async () => {
    const { folder, commit, git } = createRepository()
    const main = commit()
    git('checkout', '-q', '--orphan', 'other')
    const other = commit('2026-01-09T03:13:52Z')
    expect(await systemGit.mergeBase(main, other, folder)).toBeUndefined()
  })
})
