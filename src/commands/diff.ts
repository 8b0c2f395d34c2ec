import { basename, dirname, join, posix, relative, resolve, sep } from 'node:path'
import { diffLockfiles, type LockfilePair } from '../core/diff-lockfiles.js'
import { type DiffView, diffView } from '../core/diff-view.js'
import { RunnerError } from '../core/errors.js'
import { readable } from '../engine/ledger.js'
import {
  entriesIn,
  isRehearsal,
  isSameState,
  type LockfileState,
  type LockfileStates,
  lockfilesAt,
  lockfilesHere,
  type Ref,
} from '../engine/lockfile-states.js'
import { isInside } from '../engine/places.js'
import type { Files } from '../ports/files.js'
import type { Git } from '../ports/git.js'

export interface DiffOptions {
  /**
   * Two states, each a ref or a file.
   *
   * - None: git's HEAD against the work tree. A ref: that against the work tree.
   * - Two refs, or `A..B`: those. `A...B`: what B has since it left A, as a pull request shows it.
   * - Lockfiles, or manifests for the lockfiles beside them: only these. Two of them without a ref: one against the
   *   other, without git.
   */
  what: readonly string[]
  /** Files, whatever refs have their names. */
  files?: readonly string[] | undefined
  cwd: string
}

export interface DiffReport extends DiffView {
  /** What stood before and after, as a person names it. */
  from: string
  to: string
}

/** The history that lockfiles are compared in. */
export type DiffHistory = Pick<Git, 'root' | 'commitOf' | 'mergeBase' | 'filesOf' | 'workFiles' | 'contents'>

interface World {
  files: Files
  git: DiffHistory
}

/**
 * Says what happened between two states of the project's lockfiles. Nothing is written.
 *
 * Lockfiles of rehearsals are left out unless they are named, and git has none of them.
 *
 * @throws RunnerError `usage` for a word that is neither ref nor file, or both; `no-git`; `state-unreadable`; and
 *   `lockfile-…` of either side.
 */
export async function diff({ what, files: named = [], cwd }: DiffOptions, world: World): Promise<DiffReport> {
  const root = await world.git.root(cwd)
  const asked: Asked = { refs: [], files: [] }
  for (const word of what) {
    const { refs = [], file } = await readWord(word, { cwd, root }, world)
    asked.refs.push(...refs)
    if (file !== undefined) asked.files.push(file)
  }
  asked.files.push(...named)
  const { refs, files } = asked
  if (refs.length > 2 || (refs.length === 0 && files.length > 2))
    throw usage('more than two states are named', 'Name the ref first: shotlock diff HEAD FILE FILE FILE.')
  if (refs.length === 0 && files.length === 2) return await diffFiles(files, cwd, world.files)
  if (root === undefined) {
    throw new RunnerError('no-git', 'Cannot compare with git: this folder is in no work tree', {
      hint: 'Name two lockfiles to compare them without git: shotlock diff OLD.lock.yaml NEW.lock.yaml.',
    })
  }
  return await diffStates(asked, { cwd, root }, world)
}

interface Asked {
  refs: Ref[]
  files: string[]
}

interface Place {
  cwd: string
  root: string | undefined
}

async function readWord(
  word: string,
  { cwd, root }: Place,
  { files, git }: World,
): Promise<{ refs?: Ref[]; file?: string }> {
  const isFile = (await files.size(resolve(cwd, word))) !== undefined
  const commit = root === undefined ? undefined : await git.commitOf(word, root)
  if (isFile && commit !== undefined) {
    const hint = `For the commit: refs/heads/${word} or refs/tags/${word}. For the file: ./${word}, or shotlock diff -- ${word}.`
    throw usage(`"${word}" is both a commit and a file`, hint)
  }
  if (isFile) return { file: word }
  if (commit !== undefined) return { refs: [{ name: word, commit }] }
  // A file that only the other side has.
  if (/\.ya?ml$/i.test(word)) return { file: word }
  const [, left, dots, right] = /^(.*?)(\.\.\.?)(.*)$/.exec(word) ?? []
  if (root === undefined || dots === undefined || (left === '' && right === ''))
    throw noCommit(word, root === undefined ? 'file' : 'commit and no file')
  const [from, to] = [await refOf(left || 'HEAD', root, git), await refOf(right || 'HEAD', root, git)]
  return { refs: [dots === '..' ? from : await mergeBase(from, to, root, git), to] }
}

async function refOf(name: string, root: string, git: DiffHistory): Promise<Ref> {
  const commit = await git.commitOf(name, root)
  if (commit === undefined) throw noCommit(name, 'commit')
  return { name, commit }
}

async function mergeBase(from: Ref, to: Ref, root: string, git: DiffHistory): Promise<Ref> {
  const commit = await git.mergeBase(from.commit, to.commit, root)
  if (commit !== undefined) return { name: `the merge base of ${from.name} and ${to.name}`, commit }
  throw usage(
    `"${from.name}" and "${to.name}" have no commit in common here`,
    'A shallow clone does not reach back to it: git fetch --unshallow, or with --deepen.',
  )
}

/** One lockfile against another, whatever their names. */
async function diffFiles(words: readonly string[], cwd: string, files: Files): Promise<DiffReport> {
  const [before, after] = await Promise.all(words.map((word) => readFile(word, cwd, files)))
  const pair = { manifest: nameOf(after!.place), file: after!.place }
  const diffs = diffLockfiles([{ ...pair, before: entriesIn(before), after: entriesIn(after) }])
  return { from: before!.place, to: after!.place, ...diffView(diffs) }
}

async function readFile(word: string, cwd: string, files: Files): Promise<LockfileState> {
  const place = lockfileOf(word)
  const bytes = await readable(() => files.read(resolve(cwd, place)), place)
  if (bytes) return { bytes, place, isPast: false }
  throw usage(`there is no "${place}"`, 'Name two lockfiles, or two manifests with lockfiles beside them.')
}

/** The lockfiles of two commits, or of a commit and the work tree. */
async function diffStates(
  { refs, files: named }: Asked,
  { cwd, root }: { cwd: string; root: string },
  { files, git }: World,
): Promise<DiffReport> {
  const only = new Map<string, string>()
  for (const word of named) only.set(await pathFromRoot(lockfileOf(word), { cwd, root }, files), word)
  const also = new Set(only.keys())
  const head = refs.length > 0 ? undefined : await git.commitOf('HEAD', root)
  const from = refs[0] ?? (head === undefined ? undefined : { name: 'HEAD', commit: head })
  const before = from ? await lockfilesAt(from, root, { git, also }) : new Map<string, LockfileState>()
  const after = refs[1]
    ? await lockfilesAt(refs[1], root, { git, also })
    : await lockfilesHere(root, { files, git, also })
  for (const [path, word] of only) await requireSomewhere(path, word, { before, after, cwd, files })

  const changed = [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => !isSameState(before.get(path), after.get(path)))
    .sort()
  const isAsked = (path: string) => only.size === 0 || only.has(path)
  const names = namesOf(changed)
  const pairs = changed.flatMap((path): (LockfilePair & { path: string })[] => {
    const file = relative(cwd, join(root, path)).split(sep).join('/')
    const both = readBoth(before.get(path), after.get(path), isAsked(path))
    return both ? [{ path, manifest: names.get(path)!, file, ...both }] : []
  })
  // All of them are compared, so that what came from a manifest that nobody asked about is no purchase.
  const diffs = diffLockfiles(pairs).filter((_, index) => isAsked(pairs[index]!.path))
  return { from: from?.name ?? 'no commit', to: refs[1]?.name ?? 'the work tree', ...diffView(diffs) }
}

/** @returns `undefined` for one that cannot be read and that nobody asked about. */
function readBoth(
  before: LockfileState | undefined,
  after: LockfileState | undefined,
  isAsked: boolean,
): Pick<LockfilePair, 'before' | 'after'> | undefined {
  try {
    return { before: entriesIn(before), after: entriesIn(after) }
  } catch (error) {
    if (isAsked || !(error instanceof RunnerError)) throw error
    return undefined
  }
}

/** Where git has a file: from its root, without links, and with `/`. A file that is gone may still be in history. */
async function pathFromRoot(
  file: string,
  { cwd, root }: { cwd: string; root: string },
  files: Files,
): Promise<string> {
  const path = resolve(cwd, file)
  const real = join((await files.realPath(dirname(path))) ?? dirname(path), basename(path))
  if (isInside(real, root)) return relative(root, real).split(sep).join('/')
  throw usage(`"${file}" lies outside of this work tree`, 'Name two lockfiles to compare them without git.')
}

async function requireSomewhere(
  path: string,
  word: string,
  { before, after, cwd, files }: { before: LockfileStates; after: LockfileStates; cwd: string; files: Files },
): Promise<void> {
  if (isRehearsal(path) && !before.has(path)) {
    const hint = 'Keep a copy before the next rehearsal, and name both: shotlock diff OLD NEW.'
    throw usage(`git does not keep "${path}", the lockfile of a rehearsal`, hint)
  }
  // A manifest that was never run has no lockfile, and nothing happened.
  if (before.has(path) || after.has(path) || (await files.size(resolve(cwd, word))) !== undefined) return
  throw usage(`neither side has "${path}"`, 'Check the path; it is relative to this folder.')
}

function noCommit(word: string, what: string): RunnerError {
  const shallow = 'A shallow clone lacks older commits: git fetch --unshallow.'
  return usage(
    `there is no ${what} "${word}"`,
    `Such as: shotlock diff, shotlock diff main, shotlock diff v1..v2, shotlock diff OLD.lock.yaml NEW.lock.yaml. ${shallow}`,
  )
}

function usage(state: string, hint: string): RunnerError {
  return new RunnerError('usage', `Cannot compare: ${state}`, { hint })
}

/** A manifest stands for the lockfile beside it. */
function lockfileOf(file: string): string {
  return /\.lock\.ya?ml$/i.test(file) ? file : file.replace(/\.ya?ml$/i, '.lock.yaml')
}

function nameOf(lockfile: string): string {
  return basename(lockfile).replace(/(\.simulator)?\.lock\.ya?ml$/i, '')
}

/** Names of manifests by the paths of their lockfiles: with their folders where two have the same. */
function namesOf(paths: readonly string[]): Map<string, string> {
  const times = new Map<string, number>()
  for (const path of paths) times.set(nameOf(path), (times.get(nameOf(path)) ?? 0) + 1)
  return new Map(
    paths.map((path) => {
      const name = nameOf(path)
      return [path, times.get(name) === 1 ? name : posix.join(posix.dirname(path), name)]
    }),
  )
}
