import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A bare repository on this machine in the place of GitHub's. */
export interface Remote {
  /** A commit on a branch, which may be new; `undefined` removes a file. */
  commit(branch: string, files: Record<string, string | undefined>, options?: { onto?: string }): string
  /** The merge that GitHub makes for a pull request, of a branch that has all of its base. */
  mergeOf(branch: string, base?: string): { sha: string; head: string; base: string }
  /** As actions/checkout leaves a work tree: one commit deep. */
  checkout(ref: string): string
  /** A file of a branch; `undefined` when it has none. */
  read(branch: string, path: string): string | undefined
  /** Subjects of a branch, the newest first. */
  log(branch: string): string[]
  git(...args: string[]): string
}

/** A remote whose branch `main` has these files. */
export function createRemote(files: Record<string, string>): Remote {
  const root = mkdtempSync(join(tmpdir(), 'shotlock-remote-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }))
  const bare = join(root, 'remote.git')
  const git = (cwd: string, args: readonly string[], input?: string) =>
    execFileSync('git', args, { cwd, encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'pipe'] }).trim()
  git(root, ['init', '-q', '--bare', '-b', 'main', bare])
  // GitHub gives any commit that is asked for.
  git(bare, ['config', 'uploadpack.allowAnySHA1InWant', 'true'])
  let workspaces = 0
  const known = (ref: string, path: string): string | undefined => {
    try {
      return git(bare, ['show', `${ref}:${path}`])
    } catch {
      return undefined
    }
  }
  const filesOf = (ref: string): Map<string, string> => {
    const paths = git(bare, ['ls-tree', '-r', '--name-only', '-z', ref]).split('\0')
    return new Map(paths.filter((path) => path !== '').map((path) => [path, `${known(ref, path)}\n`]))
  }
  /** One process a commit, and no work tree. */
  const write = (ref: string, parents: readonly string[], content: ReadonlyMap<string, string>): string => {
    const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`
    const commands = [
      ...(parents.length > 0 ? [`reset ${ref}\nfrom ${parents[0]}\n\n`] : []),
      `commit ${ref}\ncommitter a person <person@example.org> ${1_700_000_000} +0000\n`,
      data(parents.length > 1 ? 'merge' : `change ${[...content.keys()].join(', ')}`),
      ...parents.map((parent, at) => `${at === 0 ? 'from' : 'merge'} ${parent}\n`),
      'deleteall\n',
      ...[...content].map(([path, text]) => `M 100644 inline ${JSON.stringify(path)}\n${data(text)}`),
    ]
    git(bare, ['fast-import', '--quiet', '--force'], commands.join(''))
    return git(bare, ['rev-parse', ref])
  }
  const tip = (branch: string) => git(bare, ['rev-parse', `refs/heads/${branch}`])
  const remote: Remote = {
    commit(branch, changes, { onto = branch } = {}) {
      const content = filesOf(`refs/heads/${onto}`)
      for (const [path, text] of Object.entries(changes)) {
        if (text === undefined) content.delete(path)
        else content.set(path, text)
      }
      return write(`refs/heads/${branch}`, [tip(onto)], content)
    },
    mergeOf(branch, into = 'main') {
      const [base, head] = [tip(into), tip(branch)]
      return { sha: write('refs/pull/1/merge', [base, head], filesOf(head)), head, base }
    },
    checkout(ref) {
      const folder = join(root, `workspace-${++workspaces}`)
      git(root, ['init', '-q', folder])
      git(folder, ['remote', 'add', 'origin', `file://${bare}`])
      git(folder, ['fetch', '-q', '--no-tags', '--depth=1', 'origin', ref])
      git(folder, ['checkout', '-q', '--detach', 'FETCH_HEAD'])
      return folder
    },
    read: known,
    log: (branch) => git(bare, ['log', '--format=%s', branch]).split('\n'),
    git: (...args) => git(bare, args),
  }
  write('refs/heads/main', [], new Map(Object.entries(files)))
  return remote
}

/** A file of a work tree. */
export function readIn(folder: string, path: string): string {
  return readFileSync(join(folder, path), 'utf8')
}
