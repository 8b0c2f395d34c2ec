import { basename, join, resolve } from 'node:path'
import { diffLockfiles, type LockfileDiff } from '../core/diff-lockfiles.js'
import type { NamedDiff } from '../core/diff-markdown.js'
import { RunnerError } from '../core/errors.js'
import type { LockEntries } from '../core/lockfile.js'
import { readLockfile } from '../core/merge-lockfiles.js'
import type { Files } from '../ports/files.js'
import type { Git } from '../ports/git.js'

export interface DiffOptions {
  /**
   * None: git's HEAD against the work tree. A ref: that against the work tree. Two refs, or `A..B`: those. A lockfile or
   * its manifest beside them: only that one. Two files alone: those, without git.
   */
  what: readonly string[]
  cwd: string
}

export interface DiffReport {
  /** What stood before and after, as a person names it. */
  from: string
  to: string
  /** Lockfiles with a difference, in the order of their paths. */
  manifests: (NamedDiff & { file: string })[]
}

/**
 * What happened between two states of the project's lockfiles. Rehearsals are left out, unless their file is named.
 *
 * @throws RunnerError `no-git`, `usage` for a ref that is none, and `lockfile-…` of either side.
 */
export async function diff(
  { what, cwd }: DiffOptions,
  { files, git }: { files: Files; git: Git },
): Promise<DiffReport> {
  const named: string[] = []
  const refs: string[] = []
  for (const word of what) {
    const path = resolve(cwd, word)
    if ((await files.size(path)) !== undefined) named.push(lockfileOf(path))
    else refs.push(...(/^(.+)\.\.([^.].*)$/.exec(word)?.slice(1) ?? [word]))
  }
  if (named.length === 2 && refs.length === 0) return await diffFiles(named[0]!, named[1]!, files)
  if (refs.length > 2) throw usage('more than two states are named')

  const root = await git.root(cwd)
  if (root === undefined) {
    throw new RunnerError('no-git', 'Cannot compare with git: this folder is in no work tree', {
      hint: 'Name two lockfiles to compare them without git: shotlock diff OLD NEW.',
    })
  }
  const [from = 'HEAD', to] = refs
  const before = await commitOf(from, root, git)
  const after = to === undefined ? undefined : await commitOf(to, root, git)
  const listed = named.length > 0 ? named : await lockfilesIn(root, [before, after], git)
  const manifests: DiffReport['manifests'] = []
  for (const file of listed) {
    const left = await entriesOf(file, await git.show(before, file, root), from)
    const bytes = after === undefined ? await files.read(file) : await git.show(after, file, root)
    const right = await entriesOf(file, bytes, to)
    const found = diffLockfiles(left, right)
    if (found.changes.length > 0) manifests.push({ manifest: nameOf(file), file, ...found })
  }
  return { from, to: to ?? 'the work tree', manifests }
}

async function diffFiles(from: string, to: string, files: Files): Promise<DiffReport> {
  const [left, right] = [await files.read(from), await files.read(to)]
  const found: LockfileDiff = diffLockfiles(
    await entriesOf(from, left, undefined),
    await entriesOf(to, right, undefined),
  )
  const manifests = found.changes.length === 0 ? [] : [{ manifest: nameOf(to), file: to, ...found }]
  return { from, to, manifests }
}

/** Both sides' lockfiles: one that is gone, and one that git does not have yet. */
async function lockfilesIn(
  root: string,
  [before, after]: readonly [string, string | undefined],
  git: Git,
): Promise<string[]> {
  const paths = new Set([...(await git.paths(root, before)), ...(await git.paths(root, after))])
  return [...paths]
    .filter((path) => /\.lock\.yaml$/i.test(path) && !/\.simulator\.lock\.yaml$/i.test(path))
    .filter((path) => !/(^|\/)node_modules\//.test(path))
    .sort()
    .map((path) => join(root, path))
}

async function commitOf(ref: string, root: string, git: Git): Promise<string> {
  const commit = await git.commitOf(ref, root)
  if (commit !== undefined) return commit
  throw usage(`there is no commit and no file "${ref}"`)
}

function usage(state: string): RunnerError {
  return new RunnerError('usage', `Cannot compare: ${state}`, {
    hint: 'Such as: shotlock diff, shotlock diff main, shotlock diff v1..v2, shotlock diff OLD.lock.yaml NEW.lock.yaml.',
  })
}

async function entriesOf(
  file: string,
  bytes: Uint8Array | undefined,
  ref: string | undefined,
): Promise<LockEntries> {
  if (!bytes?.length) return new Map()
  return readLockfile(bytes, ref === undefined ? file : `${file} in ${ref}`).entries
}

function lockfileOf(path: string): string {
  return /\.lock\.ya?ml$/i.test(path) ? path : path.replace(/\.ya?ml$/i, '.lock.yaml')
}

function nameOf(lockfile: string): string {
  return basename(lockfile).replace(/(\.simulator)?\.lock\.ya?ml$/i, '')
}
