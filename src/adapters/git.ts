import { execFile } from 'node:child_process'
import { relative } from 'node:path'
import type { Git } from '../ports/git.js'

const most = 256 * 1024 * 1024

/** Runs git; `undefined` when it fails or is not there. */
function git(args: readonly string[], cwd: string): Promise<Buffer | undefined> {
  // Hooks and pagers of the person have no say in what is read.
  const safe = ['--no-pager', '-c', 'core.fsmonitor=false', ...args]
  return new Promise((resolve) => {
    execFile('git', safe, { cwd, encoding: 'buffer', maxBuffer: most }, (error, stdout) =>
      resolve(error ? undefined : stdout),
    )
  })
}

async function text(args: readonly string[], cwd: string): Promise<string | undefined> {
  const out = (await git(args, cwd))?.toString('utf8').trim()
  return out === '' ? undefined : out
}

/** History read with the `git` that is on the PATH. */
export const systemGit: Git = {
  root: (folder) => text(['rev-parse', '--show-toplevel'], folder),

  commitOf: (ref, root) =>
    text(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`], root),

  async log(paths, root, { most }) {
    const names = paths.map((path) => inside(path, root))
    const lines = await text(['log', `--max-count=${most}`, '--format=%H %cI', '--', ...names], root)
    return (lines?.split('\n') ?? []).map((line) => {
      const [id = '', at = ''] = line.split(' ')
      return { id, at }
    })
  },

  show: (commit, path, root) => git(['show', `${commit}:${inside(path, root)}`], root),
}

/** Git names files from the top folder, with `/`. */
function inside(path: string, root: string): string {
  return relative(root, path).replaceAll('\\', '/')
}
