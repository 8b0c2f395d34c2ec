import { canonicalJson } from './canonical-json.js'
import { RunnerError } from './errors.js'
import { decisionsOf, supersede } from './ledger-state.js'
import {
  conflictSides,
  type LockEntries,
  type LockEntry,
  type LockStatus,
  lockfileText,
  parseLockfile,
} from './lockfile.js'
import { compareCodePoints, compareTakeNames, splitTakeName, type TakeName } from './names.js'
import { picksIn } from './pick.js'

/**
 * Why two entries cannot become one.
 *
 * - `status`, `sha256`, `provider`: the same task ended in two ways, gave two results, or is of two providers
 * - `unknown`: a create whose answer was never seen stands beside what the other side has, and an entry holds only one
 * - `mixed`: git's text merge put lines of two tasks into one entry
 * - `judged`: each side decided otherwise about one task, or wrote another note on it
 * - `pick`: each side picked another take of one shot
 * - `bought-anew`: one side picked the result of a take that the other bought anew
 */
export type ContradictionReason =
  | 'status'
  | 'sha256'
  | 'provider'
  | 'unknown'
  | 'mixed'
  | 'judged'
  | 'pick'
  | 'bought-anew'

/** A take that the two sides tell differently, and neither can be right alone. */
export interface Contradiction {
  take: TakeName
  reason: ContradictionReason
  ours: LockEntry
  theirs: LockEntry
  /** Of `pick`: the take that each side picked; `ours` and `theirs` are theirs, and `take` is the first of them. */
  picks?: { ours: TakeName; theirs: TakeName }
}

export interface MergedLockfile {
  /** Lacks the takes in contradiction: it is a lockfile only when there are none. */
  entries: Map<TakeName, LockEntry>
  /** In the order of the lockfile. */
  contradictions: Contradiction[]
}

/**
 * Merges two lockfiles take by take. Every task id of either side is in the result, except those of an entry that one
 * side deleted while the other left it as it was in `base`. The result does not depend on which side is called ours.
 *
 * - A take that only one side changed is taken from there. Deleted and changed: the change is kept.
 * - The same task on both sides: the later state wins, and keeps every field that only the other knows.
 * - Different tasks: one is the entry, the other goes under `previous`; `preference` decides which.
 * - An unknown create: see `mergeOpen`.
 * - Whether the task was accepted or rejected, with its note: what one side decided anew holds.
 * - The pick of a shot: see `mergePicks`.
 *
 * @param base What both sides come from; `undefined` when that is not known. Then nothing counts as deleted.
 */
export function mergeLockfiles(
  base: LockEntries | undefined,
  ours: LockEntries,
  theirs: LockEntries,
): MergedLockfile {
  const entries = new Map<TakeName, LockEntry>()
  const contradictions: Contradiction[] = []
  const takes = new Set([...ours.keys(), ...theirs.keys()])
  for (const take of [...takes].sort(compareTakeNames)) {
    const [left, right] = [ours.get(take), theirs.get(take)]
    const merged = mergeTake(base?.get(take), left, right)
    if (typeof merged === 'string') contradictions.push({ take, reason: merged, ours: left!, theirs: right! })
    else if (merged) entries.set(take, merged)
  }
  contradictions.push(...mergePicks(base, { ours, theirs }, entries))
  return { entries, contradictions: contradictions.sort((a, b) => compareTakeNames(a.take, b.take)) }
}

/**
 * Gives each shot of a merge its pick. What only one side decided anew holds, and a pick goes before one that was only
 * taken back. What contradicts leaves `entries`: new picks of two takes of one shot, or a new pick whose task is not the
 * take's in the merge, since whoever picked has not seen the other result.
 */
function mergePicks(
  base: LockEntries | undefined,
  { ours, theirs }: Record<'ours' | 'theirs', LockEntries>,
  entries: Map<TakeName, LockEntry>,
): Contradiction[] {
  const contradictions: Contradiction[] = []
  const [before, left, right] = [picksIn(base ?? []), picksIn(ours), picksIn(theirs)]
  for (const [take, entry] of entries) entries.set(take, withoutPick(entry))
  for (const shot of new Set([...left.keys(), ...right.keys()])) {
    const [was, mine, other] = [before.get(shot), left.get(shot), right.get(shot)]
    const isNew = (pick: TakeName | undefined, side: LockEntries) =>
      pick !== was || (pick !== undefined && side.get(pick)!.task !== base?.get(pick)?.task)
    const [isMineNew, isOtherNew] = [isNew(mine, ours), isNew(other, theirs)]
    if (isMineNew && isOtherNew && mine !== undefined && other !== undefined && mine !== other) {
      const take = compareTakeNames(mine, other) < 0 ? mine : other
      const picks = { ours: mine, theirs: other }
      const sides = { ours: ours.get(mine)!, theirs: theirs.get(other)! }
      contradictions.push({ take, reason: 'pick', ...sides, picks })
      entries.delete(mine)
      entries.delete(other)
      continue
    }
    const pick = !isMineNew ? other : !isOtherNew ? mine : (mine ?? other)
    const merged = pick && entries.get(pick)
    if (!merged) continue
    const [a, b] = [ours.get(pick), theirs.get(pick)]
    if ([a, b].some((side) => side?.pick && side.task === merged.task)) {
      entries.set(pick, { ...merged, pick: true })
      continue
    }
    contradictions.push({ take: pick, reason: 'bought-anew', ours: a!, theirs: b! })
    entries.delete(pick)
  }
  return contradictions
}

function withoutPick(entry: LockEntry): LockEntry {
  if (!entry.pick) return entry
  const { pick, ...rest } = entry
  return rest
}

/** @returns `undefined` when the take is deleted. */
function mergeTake(
  base: LockEntry | undefined,
  ours: LockEntry | undefined,
  theirs: LockEntry | undefined,
): LockEntry | ContradictionReason | undefined {
  if (!ours || !theirs) {
    const left = ours ?? theirs
    return isSame(left, base) ? undefined : left
  }
  const merged = mergeBoth(base && withoutDecisions(base), withoutDecisions(ours), withoutDecisions(theirs))
  return typeof merged === 'string' ? merged : mergeJudgements(base, { ours, theirs }, merged)
}

function withoutDecisions(entry: LockEntry): LockEntry {
  const { pick, approved, note, ...rest } = entry
  return rest
}

/** Gives a merged entry what was decided about its task. A side that has another task by now says nothing about it. */
function mergeJudgements(
  base: LockEntry | undefined,
  sides: Record<'ours' | 'theirs', LockEntry>,
  merged: LockEntry,
): LockEntry | ContradictionReason {
  const [before, ours, theirs] = [base, sides.ours, sides.theirs].map((side) =>
    side && side.task === merged.task ? judgementOf(side) : undefined,
  )
  if (!ours || !theirs) return { ...merged, ...(ours ?? theirs) }
  if (isSame(ours, theirs) || isSame(theirs, before ?? {})) return { ...merged, ...ours }
  return isSame(ours, before ?? {}) ? { ...merged, ...theirs } : 'judged'
}

function judgementOf(entry: LockEntry): Pick<LockEntry, 'approved' | 'note'> {
  const { pick, ...judgement } = decisionsOf(entry)
  return judgement
}

function mergeBoth(
  base: LockEntry | undefined,
  ours: LockEntry,
  theirs: LockEntry,
): LockEntry | ContradictionReason {
  if (isSame(ours, theirs) || isSame(theirs, base)) return withTasksOf(theirs, ours)
  if (isSame(ours, base)) return withTasksOf(ours, theirs)
  if (ours.task !== undefined && ours.task === theirs.task) return mergeSameTask(base, ours, theirs)
  if (isOpen(ours) || isOpen(theirs)) return mergeOpen(base, ours, theirs)
  return preferred(base, ours, theirs)
}

const progress: Record<LockStatus, number> = {
  unknown: 0,
  submitted: 1,
  failed: 2,
  expired: 2,
  cancelled: 2,
  succeeded: 2,
}

/** Two accounts of one task. A service never changes how a task ended, so two ends contradict each other. */
function mergeSameTask(
  base: LockEntry | undefined,
  ours: LockEntry,
  theirs: LockEntry,
): LockEntry | ContradictionReason {
  if (ended(ours) && ended(theirs) && ours.status !== theirs.status) return 'status'
  if (differ(ours.sha256, theirs.sha256)) return 'sha256'
  if (ours.provider !== theirs.provider) return 'provider'
  const known = ({ status, sha256 }: LockEntry) => 2 * progress[status] + (sha256 === undefined ? 0 : 1)
  const [behind, ahead] = [ours, theirs].sort((a, b) => known(a) - known(b) || preference(base, a, b))
  const { reserved, ...merged } = { ...behind!, ...ahead! }
  const open = reserved === undefined || ended(ahead!) ? {} : { reserved }
  return withTasksOf(behind!, { ...merged, ...open })
}

function ended({ status }: LockEntry): boolean {
  return progress[status] === 2
}

/**
 * At least one side is open: a task may have been bought, and only seed, digest and provider can find it.
 *
 * - The other has the answer to the same create: it wins. Stated seeds repeat, so it is not the answer when the task
 *   is already under `previous`, or when `base` shows that both sides sent a create of their own.
 * - The other has nothing that is still wanted (a task that ended without a result, or none): the open one wins. The
 *   other way round the next run would buy again what may have been bought.
 * - The other is live or succeeded, or open as well: refused. As an entry, the open create would leave a bought task
 *   that nobody waits for, or a result without its hash; left out, a task that may have been bought is forgotten. A
 *   person settles it with `reconcile` first.
 */
function mergeOpen(
  base: LockEntry | undefined,
  ours: LockEntry,
  theirs: LockEntry,
): LockEntry | ContradictionReason {
  const [open, other] = isOpen(ours) ? [ours, theirs] : [theirs, ours]
  if (supersedes(open, other)) return withTasksOf(other, open)
  const ownCreates = base !== undefined && !isOpen(base)
  const isAnswer = isSameCreate(open, other) && !ownCreates
  if (isOpen(other)) return isAnswer ? preferred(base, open, other) : 'unknown'
  if (isAnswer) return withTasksOf(open, other)
  if (other.status === 'succeeded' || other.status === 'submitted') return 'unknown'
  return withTasksOf(other, open)
}

const rank: Record<LockStatus, number> = {
  unknown: 0,
  failed: 1,
  expired: 1,
  cancelled: 1,
  submitted: 2,
  succeeded: 3,
}

function preferred(base: LockEntry | undefined, a: LockEntry, b: LockEntry): LockEntry {
  return preference(base, a, b) > 0 ? withTasksOf(b, a) : withTasksOf(a, b)
}

/**
 * Which of two entries a take keeps; positive for `a`. In this order: the one whose take came after the other's task,
 * the only one with another digest than `base` (the merged manifest has that digest too, so the next run does not buy
 * it again), succeeded over live over ended over unknown, the greater task id (those of Ark carry their time), the
 * greater digest, and the greater text, so that the order is never a matter of sides.
 */
function preference(base: LockEntry | undefined, a: LockEntry, b: LockEntry): number {
  const isChanged = ({ digest }: LockEntry) => base !== undefined && digest !== base.digest
  return (
    Number(supersedes(a, b)) - Number(supersedes(b, a)) ||
    Number(isChanged(a)) - Number(isChanged(b)) ||
    rank[a.status] - rank[b.status] ||
    compareCodePoints(a.task ?? '', b.task ?? '') ||
    compareCodePoints(a.digest, b.digest) ||
    compareCodePoints(canonicalJson(a), canonicalJson(b))
  )
}

/** Whether the task of `earlier` was the take's before that of `later`. */
function supersedes(later: LockEntry, earlier: LockEntry): boolean {
  return earlier.task !== undefined && later.previous?.includes(earlier.task) === true
}

/** A create was sent, and its task is not known. A live entry that lost its id is as doubtful. */
function isOpen({ status, task }: LockEntry): boolean {
  return task === undefined && (status === 'unknown' || status === 'submitted')
}

function isSameCreate(a: LockEntry, b: LockEntry): boolean {
  return a.seed !== undefined && a.seed === b.seed && a.digest === b.digest && a.provider === b.provider
}

/** `entry`, with the tasks that only `other` knows under `previous`. */
function withTasksOf(other: LockEntry, entry: LockEntry): LockEntry {
  const { previous = [], spent } = supersede(other, { ...entry, previous: undefined, spent: undefined })
  const here = new Set([entry.task, ...(entry.previous ?? [])])
  const lacking = previous.filter((id) => !here.has(id))
  const sums = { ...spent, ...entry.spent }
  return {
    ...entry,
    ...(lacking.length > 0 && { previous: [...(entry.previous ?? []), ...lacking] }),
    ...(Object.keys(sums).length > 0 && { spent: sums }),
  }
}

function isSame(a: object | undefined, b: object | undefined): boolean {
  return canonicalJson(a) === canonicalJson(b)
}

/** Whether both are known and not the same. */
function differ<T>(a: T | undefined, b: T | undefined): boolean {
  return a !== undefined && b !== undefined && a !== b
}

const reasons: Record<ContradictionReason, string> = {
  status: 'one task cannot have ended in two ways',
  sha256: 'one task cannot have two results',
  provider: 'one task cannot be of two providers',
  unknown: 'a create that may have been bought cannot share an entry',
  mixed: "git's text merge put lines of two tasks into one entry",
  judged: 'the two sides decided otherwise about one task',
  pick: 'a shot has one pick',
  'bought-anew': 'one side picked the result of a task that the other bought anew',
}

/** A contradiction as one sentence with both sides, without a final period. */
export function describeContradiction({ take, reason, ours, theirs, picks }: Contradiction): string {
  const name = picks ? splitTakeName(take).shot : take
  const [mine, other] = [picks?.ours, picks?.theirs].map((pick) => (pick === undefined ? '' : `"${pick}", `))
  return `"${name}": ${reasons[reason]}: ours has ${mine}${describeEntry(ours)}; theirs has ${other}${describeEntry(theirs)}`
}

function describeEntry(entry: LockEntry): string {
  const { status, task, provider, seed, sha256, approved, note, pick } = entry
  const what =
    task === undefined ? `a create${seed === undefined ? '' : ` with seed ${seed}`}` : `task "${task}"`
  const result = sha256 === undefined ? '' : ` with sha256 ${sha256.slice(0, 12)}…`
  const judged = approved === undefined ? '' : approved ? ', approved' : ', rejected'
  const remark = note === undefined ? '' : ` with the note ${JSON.stringify(note)}`
  return `${what} of ${provider}, ${status}${result}${judged}${remark}${pick ? ', picked' : ''}`
}

/**
 * Reads a lockfile. Where git left conflict markers, its two sides are merged.
 *
 * @returns `merged`: whether there were markers, so that the file does not hold these entries yet.
 * @throws RunnerError `lockfile-conflict` when the sides contradict each other or cannot be read, and all that
 *   `parseLockfile` throws.
 */
export function readLockfile(
  content: Uint8Array | string,
  file: string,
): { entries: Map<TakeName, LockEntry>; merged: boolean } {
  const text = lockfileText(content, file)
  const sides = conflictSides(text, file)
  if (!sides) return { entries: parseLockfile(text, file), merged: false }

  const ours = parseSide(sides.ours, 'ours', file)
  const theirs = parseSide(sides.theirs, 'theirs', file)
  const mixed = mixedTakes(ours, theirs)
  const { entries, contradictions } = mergeLockfiles(parseBase(sides.base, file), ours, theirs)
  const faults = mixed.length > 0 ? mixed : contradictions
  if (faults.length > 0) throw unmergeable(file, faults.map(describeContradiction).join('. '))
  return { entries, merged: true }
}

function parseSide(text: string, side: 'ours' | 'theirs', file: string): LockEntries {
  try {
    return parseLockfile(text, `${file} (${side})`)
  } catch (error) {
    if (!(error instanceof RunnerError) || error.code !== 'lockfile-invalid') throw error
    throw unmergeable(file, error.message)
  }
}

/**
 * The base is a help, not a side: git's zdiff3 style and conflicts within conflicts leave one that is no lockfile.
 * Without it less is decided and nothing is deleted.
 */
function parseBase(text: string | undefined, file: string): LockEntries | undefined {
  try {
    return text === undefined ? undefined : parseLockfile(text, file)
  } catch {
    return undefined
  }
}

/**
 * Takes whose entry git may have mixed: outside of its conflicts it takes over changed lines one by one, so a side can
 * hold one task's id and another's result. Seen when a result stands where there can be none, or when one task has two
 * pasts.
 */
function mixedTakes(ours: LockEntries, theirs: LockEntries): Contradiction[] {
  const found: Contradiction[] = []
  for (const [take, left] of ours) {
    const right = theirs.get(take)
    if (!right || isSame(left, right)) continue
    const twoPasts =
      left.task !== undefined && left.task === right.task && !isSame(pastOf(left), pastOf(right))
    if (twoPasts || [left, right].some(hasForeignResult))
      found.push({ take, reason: 'mixed', ours: left, theirs: right })
  }
  return found
}

/** What is the same for a task from its create to its end. */
function pastOf({ provider, digest, seed, previous }: LockEntry): LockEntry {
  return { status: 'submitted', provider, digest, seed, previous }
}

function hasForeignResult({ status, video, sha256 }: LockEntry): boolean {
  return status !== 'succeeded' && (video !== undefined || sha256 !== undefined)
}

function unmergeable(file: string, why: string): RunnerError {
  return new RunnerError('lockfile-conflict', `Cannot merge the two sides of "${file}": ${why}`, {
    hint: `Let the merge driver do it, which sees whole entries: shotlock init --git-driver, then git checkout -m -- "${file}". If it refuses too, settle the take on one branch (shotlock reconcile, or shotlock pick --undo) and merge again.`,
  })
}
