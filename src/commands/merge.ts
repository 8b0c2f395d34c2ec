import { resolve } from 'node:path'
import { RunnerError } from '../core/errors.js'
import { type LockEntries, renderLockfile } from '../core/lockfile.js'
import { type Contradiction, mergeLockfiles, readLockfile } from '../core/merge-lockfiles.js'
import type { Files } from '../ports/files.js'

/** Files as git's merge drivers get them. */
export interface MergeOptions {
  /** What both sides come from; missing or empty when there is nothing. */
  base: string
  /** Gets the result. */
  ours: string
  theirs: string
  /** What relative paths start from. */
  cwd: string
}

export interface MergeReport {
  /** Empty when `ours` now holds the merge; otherwise it is as it was. */
  contradictions: Contradiction[]
}

/**
 * Merges two lockfiles into `ours`, in one step or not at all.
 *
 * @throws RunnerError `lockfile-…` or `state-…`; `ours` is as it was.
 */
export async function merge({ base, ours, theirs, cwd }: MergeOptions, files: Files): Promise<MergeReport> {
  const before = await readSide(resolve(cwd, base), files)
  const left = await readSide(resolve(cwd, ours), files)
  const right = await readSide(resolve(cwd, theirs), files)
  const { entries, contradictions } = mergeLockfiles(before, required(left, ours), required(right, theirs))
  if (contradictions.length === 0) await replace(resolve(cwd, ours), renderLockfile(entries), files)
  return { contradictions }
}

/** @returns `undefined` when the file is missing or empty. */
async function readSide(path: string, files: Files): Promise<LockEntries | undefined> {
  let bytes: Uint8Array | undefined
  try {
    bytes = await files.read(path)
  } catch (cause) {
    throw new RunnerError('state-unreadable', `Cannot read "${path}": ${(cause as Error).message}`, { cause })
  }
  return bytes?.length ? readLockfile(bytes, path).entries : undefined
}

function required(entries: LockEntries | undefined, path: string): LockEntries {
  if (entries) return entries
  throw new RunnerError('lockfile-invalid', `Cannot merge "${path}": the file is missing or empty`, {
    hint: 'Only BASE may be missing; OURS and THEIRS must be lockfiles.',
  })
}

async function replace(path: string, text: string, files: Files): Promise<void> {
  try {
    await files.replace(path, text)
  } catch (cause) {
    throw new RunnerError('lockfile-unwritten', `Cannot write "${path}": ${(cause as Error).message}`, {
      cause,
      hint: 'Make room on the disk or make the folder writable, then merge again; nothing was changed.',
    })
  }
}
