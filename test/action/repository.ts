import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A bare repository on this machine in the place of GitHub's, and clones of it. */
export interface Remote {
  /** A commit on a branch, made in a clone of its own; `undefined` removes a file. */
  commit(branch: string, files: Record<string, string | undefined>, options?: { onto?: string }): string
  /** The merge that GitHub makes for a pull request, as a ref of its own. */
  mergeOf(branch: string, base?: string): { sha: string; head: string; base: string }
  /** As actions/checkout leaves a work tree: one commit deep. */
  checkout(ref: string): string
  /** A file of a branch; `undefined` when it has none. */
  read(branch: string, path: string): string | undefined
  /** Subjects of a branch, the newest first. */
  log(branch: string): string[]
  git(...args: string[]): string
}

const person = ['-c', 'user.name=a person', '-c', 'user.email=person@example.org']

/** A remote whose branch `main` has these files. */
export function createRemote(files: Record<string, string>): Remote {
  const root = mkdtempSync(join(tmpdir(), 'shotlock-remote-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }))
  const bare = join(root, 'remote.git')
  const git = (cwd: string, ...args: string[]) =>
    execFileSync('git', [...person, ...args], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).trim()
  git(root, 'init', '-q', '--bare', '-b', 'main', bare)
  // GitHub gives any commit that is asked for.
  git(bare, 'config', 'uploadpack.allowAnySHA1InWant', 'true')
  let clones = 0
  const clone = () => {
    const folder = join(root, `clone-${++clones}`)
    git(root, 'clone', '-q', `file://${bare}`, folder)
    return folder
  }
  const write = (folder: string, path: string, text: string | undefined) => {
    if (text === undefined) return rmSync(join(folder, path))
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const remote: Remote = {
    commit(branch, changes, { onto = branch } = {}) {
      const folder = clone()
      const isEmpty = git(folder, 'ls-remote', 'origin') === ''
      if (!isEmpty) git(folder, 'checkout', '-q', '--detach', `origin/${onto}`)
      for (const [path, text] of Object.entries(changes)) write(folder, path, text)
      git(folder, 'add', '-A')
      git(folder, 'commit', '-q', '-m', `change ${Object.keys(changes).join(', ')}`)
      git(folder, 'push', '-q', 'origin', `HEAD:refs/heads/${branch}`)
      return git(folder, 'rev-parse', 'HEAD')
    },
    mergeOf(branch, into = 'main') {
      const folder = clone()
      const [base, head] = [into, branch].map((name) => git(folder, 'rev-parse', `origin/${name}`))
      git(folder, 'checkout', '-q', '--detach', base!)
      git(folder, 'merge', '-q', '--no-ff', '-m', 'merge', head!)
      git(folder, 'push', '-q', '--force', 'origin', 'HEAD:refs/pull/1/merge')
      return { sha: git(folder, 'rev-parse', 'HEAD'), head: head!, base: base! }
    },
    checkout(ref) {
      const folder = join(root, `workspace-${++clones}`)
      git(root, 'init', '-q', folder)
      git(folder, 'remote', 'add', 'origin', `file://${bare}`)
      git(folder, 'fetch', '-q', '--no-tags', '--depth=1', 'origin', ref)
      git(folder, 'checkout', '-q', '--detach', 'FETCH_HEAD')
      return folder
    },
    read(branch, path) {
      try {
        return execFileSync('git', ['show', `${branch}:${path}`], {
          cwd: bare,
          encoding: 'utf8',
          stdio: 'pipe',
        })
      } catch {
        return undefined
      }
    },
    log: (branch) => git(bare, 'log', '--format=%s', branch).split('\n'),
    git: (...args) => git(bare, ...args),
  }
  remote.commit('main', files)
  return remote
}

/** A file of a work tree. */
export function readIn(folder: string, path: string): string {
  return readFileSync(join(folder, path), 'utf8')
}
