import { join } from 'node:path'
import { RunnerError } from '../core/errors.js'
import type { LockEntries } from '../core/lockfile.js'
import { readLockfile } from '../core/merge-lockfiles.js'
import type { Files } from '../ports/files.js'
import type { Git } from '../ports/git.js'
import { readable } from './ledger.js'

/** A commit, and how a person called it. */
export interface Ref {
  name: string
  commit: string
}

/** A lockfile as it was at some time. */
export interface LockfileState {
  bytes: Uint8Array
  /** Its place in words: the path, or as git writes it, `REF:PATH`. */
  place: string
  /** Whether it is of a commit, and so not to be mended. */
  isPast: boolean
}

/** Lockfiles by their paths from the root of the work tree, with `/`. */
export type LockfileStates = ReadonlyMap<string, LockfileState>

/** Whether a path is that of a lockfile that git keeps. Those of rehearsals are left to the machine. */
function isLockfile(path: string): boolean {
  return /\.lock\.yaml$/i.test(path) && !isRehearsal(path) && !/(^|\/)node_modules\//.test(path)
}

/** Whether a path is that of a rehearsal's lockfile. */
export function isRehearsal(path: string): boolean {
  return /\.simulator\.lock\.ya?ml$/i.test(path)
}

/**
 * The lockfiles of a commit.
 *
 * @param also Other files that count as lockfiles.
 * @throws RunnerError `state-unreadable` when this clone lacks something of it.
 */
export async function lockfilesAt(
  { name, commit }: Ref,
  root: string,
  { git, also }: { git: Pick<Git, 'filesOf' | 'contents'>; also: ReadonlySet<string> },
): Promise<LockfileStates> {
  const listed = await git.filesOf(commit, root)
  if (!listed) throw absent(name)
  const found = [...listed].filter(([path]) => isLockfile(path) || also.has(path))
  const contents = await git.contents(
    found.map(([, blob]) => blob),
    root,
  )
  const states = new Map<string, LockfileState>()
  for (const [index, [path, blob]] of found.entries()) {
    const place = `${name}:${path}`
    // Together they may be more than git may answer at once.
    const bytes = contents[index] ?? (await git.contents([blob], root))[0]
    if (!bytes) throw absent(place)
    states.set(path, { bytes, place, isPast: true })
  }
  return states
}

function absent(what: string): RunnerError {
  return new RunnerError('state-unreadable', `Cannot read "${what}": this clone does not have it`, {
    hint: 'Fetch it first, such as with git fetch --unshallow, or check that git can be run.',
  })
}

/**
 * The lockfiles of the work tree, also those that git does not know yet.
 *
 * @throws RunnerError `state-unreadable`
 */
export async function lockfilesHere(
  root: string,
  {
    files,
    git,
    also,
  }: { files: Pick<Files, 'read'>; git: Pick<Git, 'workFiles'>; also: ReadonlySet<string> },
): Promise<LockfileStates> {
  const listed = await git.workFiles(root)
  if (!listed) throw absent(root)
  const states = new Map<string, LockfileState>()
  for (const path of new Set([...listed.filter(isLockfile), ...also])) {
    const place = join(root, path)
    const bytes = await readable(() => files.read(place), place)
    if (bytes) states.set(path, { bytes, place, isPast: false })
  }
  return states
}

/**
 * The entries of a lockfile; none where there is no file, or an empty one.
 *
 * @throws RunnerError as `readLockfile` does.
 */
export function entriesIn(state: LockfileState | undefined): LockEntries {
  if (!state || state.bytes.length === 0) return new Map()
  try {
    return readLockfile(state.bytes, state.place).entries
  } catch (error) {
    if (!state.isPast || !(error instanceof RunnerError) || error.code === 'lockfile-newer') throw error
    throw new RunnerError(error.code, error.message, {
      hint: 'Name another commit, or only lockfiles that can be read: shotlock diff REF FILE.',
      cause: error,
    })
  }
}

/** Whether two states hold the same bytes. */
export function isSameState(a: LockfileState | undefined, b: LockfileState | undefined): boolean {
  if (!a || !b) return a === b
  return a.bytes.length === b.bytes.length && a.bytes.every((byte, at) => byte === b.bytes[at])
}
