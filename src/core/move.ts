import type { Digest } from './digest.js'
import { RunnerError } from './errors.js'
import { lostCode, type TakeState } from './ledger-state.js'
import type { LockEntry } from './lockfile.js'
import { compareTakeNames, type ShotName, splitTakeName, type TakeName, takeName } from './names.js'
import type { Step } from './plan.js'
import type { Manifest } from './shot.js'

type States = ReadonlyMap<TakeName, TakeState>

/** One take that gets another name. */
export interface TakeMove {
  from: TakeName
  to: TakeName
  /** What `from` has. */
  entry: LockEntry
  /** What `to` has of the same task, when an earlier move was cut off half way. */
  moved: LockEntry | undefined
}

/**
 * The takes of a shot under another shot's name, in order.
 *
 * @throws RunnerError `nothing-selected` when there is nothing to move, `name-taken` when the new name has a task of its
 *   own, or may have one.
 */
export function movesBetween(states: States, from: ShotName, to: ShotName): TakeMove[] {
  const moves: TakeMove[] = []
  for (const name of namesWhere(states, (shot) => shot === from)) {
    const entry = states.get(name)?.entry
    if (!entry) continue
    const { number, draft } = splitTakeName(name)
    const target = takeName(to, number, { draft })
    const there = states.get(target)?.entry
    const moved = there && isSameTask(there, entry) ? there : undefined
    if (there && !moved && mayHaveTask(there)) throw taken(name, target, there)
    moves.push({ from: name, to: target, entry, moved })
  }
  if (moves.length > 0) return moves
  throw new RunnerError('nothing-selected', `Cannot move "${from}": the lockfile has no such shot`, {
    hint: 'Shots are named as in the lockfile, without @ and number; all takes are moved together.',
  })
}

/**
 * The entry that a take has under its new name. What became of the task since an earlier move was cut off is kept: a
 * run in between looks after both names.
 *
 * @param video Where its file goes; counts only when there is one.
 */
export function movedEntry({ entry, moved }: Pick<TakeMove, 'entry' | 'moved'>, video: string): LockEntry {
  const { pick, ...rest } = entry
  const latest = moved && moved.status !== 'submitted' ? { ...rest, ...moved } : entry
  return latest.video === undefined ? latest : { ...latest, video }
}

/** Without ids, a create whose answer was lost is known by its seed. */
function isSameTask(a: LockEntry, b: LockEntry): boolean {
  if (a.task !== undefined || b.task !== undefined) return a.task === b.task
  return a.status === b.status && a.provider === b.provider && a.digest === b.digest && a.seed === b.seed
}

/** A create that was refused has none; one whose answer was lost may have. */
function mayHaveTask({ task, status }: LockEntry): boolean {
  return task !== undefined || status === 'unknown' || status === 'submitted'
}

function taken(from: TakeName, to: TakeName, { task }: LockEntry): RunnerError {
  const what = task === undefined ? 'a create of its own whose answer was never seen' : `task ${task}`
  return new RunnerError('name-taken', `Cannot move "${from}" to "${to}": that has ${what}`, {
    hint: 'Give the shot a name in the manifest that was not used before, and move to that.',
  })
}

/**
 * Steps that would buy a take anew are told where it could be moved from: a take of the same number and digest whose
 * shot has left the manifest, as a rename leaves it. Nobody is offered twice.
 */
export function offerMoves(steps: readonly Step[], { shots }: Manifest, states: States): Step[] {
  const names = new Set(shots.map(({ name }) => name))
  const left = new Map<string, TakeName[]>()
  for (const name of namesWhere(states, (shot) => !names.has(shot))) {
    const { entry, intent } = states.get(name)!
    const digest = intent?.digest ?? (entry && mayBePaid(entry) ? entry.digest : undefined)
    if (digest === undefined) continue
    const { number, draft } = splitTakeName(name)
    const key = moveKey(digest, number, draft)
    if (left.has(key)) left.get(key)!.push(name)
    else left.set(key, [name])
  }
  if (left.size === 0) return [...steps]
  return steps.map((step) => {
    if (step.kind !== 'generate' || step.reason !== 'new') return step
    const { number, draft = false } = step.take
    const movedFrom = left.get(moveKey(step.digest, number, draft))?.shift()
    return movedFrom === undefined ? step : { ...step, movedFrom }
  })
}

function moveKey(digest: Digest, number: number, draft: boolean): string {
  return `${digest}@${number}${draft ? '@draft' : ''}`
}

/** Names of takes whose shots pass the test, in the lockfile's order. */
function namesWhere(states: States, test: (shot: ShotName) => boolean): TakeName[] {
  return [...states.keys()].filter((name) => test(splitTakeName(name).shot)).sort(compareTakeNames)
}

function mayBePaid({ status, error }: LockEntry): boolean {
  if (error === lostCode) return false
  return status === 'succeeded' || status === 'submitted' || status === 'unknown'
}
