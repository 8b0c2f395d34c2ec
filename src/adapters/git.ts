import { execFile } from 'node:child_process'
import { realpath } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import type { BlobId, Git } from '../ports/git.js'

/** Bytes of one answer; a larger one counts as none. */
const most = 256 * 1024 * 1024

/** What a person has set up for themselves has no say in what is read, and a path is a path, not a pattern. */
const settings = [
  '--no-pager',
  '--literal-pathspecs',
  ...['core.fsmonitor=false', 'log.showSignature=false', 'log.follow=false'].flatMap((one) => ['-c', one]),
]

/** Runs git; `undefined` when it fails or is not there. */
function git(args: readonly string[], cwd: string, input?: string): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const options = { cwd, encoding: 'buffer', maxBuffer: most } as const
    const child = execFile('git', [...settings, ...args], options, (error, stdout) =>
      resolve(error ? undefined : stdout),
    )
    // A git that has failed no longer reads; its end says so.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

/** The answer without its last line end, and nothing else taken off: a folder's name may end in a space. */
async function text(args: readonly string[], cwd: string, input?: string): Promise<string | undefined> {
  const out = (await git(args, cwd, input))?.toString('utf8').replace(/\r?\n$/, '')
  return out === '' ? undefined : out
}

/** History read with the `git` that is on the PATH. */
export const systemGit: Git = {
  root: (folder) => text(['rev-parse', '--show-toplevel'], folder),

  commitOf: (ref, root) =>
    text(['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`], root),

  async log(paths, root, { most }) {
    const names = await Promise.all(paths.map((path) => inside(path, root)))
    // Without --full-history the side of a merge that lost is left out, and with it what was bought there.
    const options = ['--full-history', `--max-count=${most}`, '--format=%H %cI']
    const lines = await text(['log', ...options, '--', ...names], root)
    return (lines?.split('\n') ?? []).map((line) => {
      const [id = '', at = ''] = line.split(' ')
      return { id, at }
    })
  },

  async show(commit, path, root) {
    const [blob] = await blobsOf([commit], path, root)
    return blob === undefined ? undefined : (await contents([blob], root))[0]
  },

  async filesOf(commit, root) {
    const out = await git(['ls-tree', '-r', '-z', '--full-tree', commit], root)
    if (!out) return undefined
    // `<mode> <type> <id>`, a tab, the path. Of modes, 120000 is a link.
    const found = piecesOf(out).map((line) => /^(100\d{3}) blob ([0-9a-f]+)\t(.+)$/s.exec(line))
    return new Map(found.flatMap((match) => (match ? [[match[3]!, match[2]!]] : [])))
  },

  async workFiles(root) {
    const out = await git(['ls-files', '-z', '--cached', '--others', '--exclude-standard'], root)
    return out && [...new Set(piecesOf(out))]
  },

  // Of several, as a merge of merges has them, git takes the same one.
  async mergeBase(a, b, root) {
    return (await text(['merge-base', '--end-of-options', a, b], root))?.split('\n')[0]
  },

  blobsOf,
  contents,
}

function piecesOf(out: Buffer): string[] {
  return out
    .toString('utf8')
    .split('\0')
    .filter((piece) => piece !== '')
}

async function blobsOf(
  commits: readonly string[],
  path: string,
  root: string,
): Promise<(BlobId | undefined)[]> {
  const name = await inside(path, root)
  // Questions are one a line.
  if (commits.length === 0 || name.includes('\n')) return commits.map(() => undefined)
  const asked = commits.map((commit) => `${commit}:${name}\n`).join('')
  const answers = (await text(['cat-file', '--batch-check'], root, asked))?.split('\n') ?? []
  return commits.map((_, index) => /^([0-9a-f]+) blob \d+$/.exec(answers[index] ?? '')?.[1])
}

async function contents(blobs: readonly BlobId[], root: string): Promise<(Uint8Array | undefined)[]> {
  if (blobs.length === 0) return []
  const asked = blobs.map((blob) => `${blob}\n`).join('')
  const answer = (await git(['cat-file', '--batch'], root, asked)) ?? Buffer.alloc(0)
  let at = 0
  return blobs.map(() => {
    // `<id> <type> <size>`, the bytes, a line end; `<id> missing` alone.
    const end = answer.indexOf('\n', at)
    if (end === -1) return undefined
    const [, type, size] = /^\w+ (\w+) (\d+)$/.exec(answer.toString('latin1', at, end)) ?? []
    const start = end + 1
    at = size === undefined ? start : start + Number(size) + 1
    return type === 'blob' ? answer.subarray(start, start + Number(size)) : undefined
  })
}

/** Git names files from the top folder, with `/`, and gives that folder free of links. */
async function inside(path: string, root: string): Promise<string> {
  return relative(root, await withoutLinks(path))
    .split(sep)
    .join('/')
}

/** The path with links resolved as far as it exists; what history holds may be gone. */
async function withoutLinks(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const above = dirname(path)
    return above === path ? path : join(await withoutLinks(above), basename(path))
  }
}
