import { canonicalJson } from './canonical-json.js'
import { classifyFailure, type FailureClass } from './failure.js'
import { lostCode } from './ledger-state.js'
import { type LockEntries, type LockEntry, tasksOf } from './lockfile.js'
import { type Money, readMoney, sumMoney } from './money.js'
import { compareTakeNames, type ShotName, splitTakeName, type TakeName } from './names.js'
import type { TaskId } from './task.js'

/** Something that happened to a take between two lockfiles. */
export type Happening =
  /** A task came to a result, or was sent; `was`: the task that the take had before. */
  | { kind: 'bought'; task: TaskId | undefined; was?: TaskId; fromDraft?: true }
  | { kind: 'sent'; task: TaskId | undefined; was?: TaskId }
  | { kind: 'unknown'; was?: TaskId }
  | { kind: 'failed'; failure: FailureClass; code: string; was?: TaskId }
  | { kind: 'expired' | 'cancelled'; was?: TaskId }
  | { kind: 'lost' }
  /** Its file is here; `anew`: with another content than before. */
  | { kind: 'collected'; anew: boolean }
  | { kind: 'moved'; from: TakeName }
  | { kind: 'dropped' }
  | { kind: 'picked' | 'unpicked' | 'undecided' }
  | { kind: 'approved' | 'rejected'; note?: string }
  | { kind: 'noted'; note: string | undefined }
  /** Nothing of the above, and these fields are others. */
  | { kind: 'rewritten'; fields: readonly string[] }

/** What happened to one take. */
export interface TakeChange {
  take: TakeName
  /** In the order in which they are told; never empty. */
  happenings: readonly Happening[]
  /** What was spent on it in between, one amount a currency; nothing where that is not known. */
  spent: readonly Money[]
}

export interface LockfileDiff {
  /** In the order of a lockfile. */
  changes: readonly TakeChange[]
  /** Spent in between on all takes, one amount a currency. */
  spent: readonly Money[]
}

/** Every difference between two lockfiles as what happened. None of two that say the same. */
export function diffLockfiles(before: LockEntries, after: LockEntries): LockfileDiff {
  const moves = findMoves(before, after)
  const movedFrom = new Set(moves.values())
  const changes: TakeChange[] = []
  for (const take of [...new Set([...before.keys(), ...after.keys()])].sort(compareTakeNames)) {
    const now = after.get(take)
    const from = moves.get(take)
    if (!now && movedFrom.has(take)) continue
    const was = before.get(from ?? take)
    const happenings: Happening[] = from === undefined ? [] : [{ kind: 'moved', from }]
    happenings.push(...(now ? changesOf(was, now) : [{ kind: 'dropped' } as const]))
    if (from !== undefined && happenings.length > 1 && isOnlyPlace(happenings[1]!)) happenings.pop()
    if (happenings.length > 0)
      changes.push({ take, happenings, spent: now ? less(moneyOf(now), was ? moneyOf(was) : []) : [] })
  }
  return { changes, spent: sumMoney(changes.flatMap(({ spent }) => spent)) }
}

/** Takes that have a new name, by the task that they brought along. */
function findMoves(before: LockEntries, after: LockEntries): Map<TakeName, TakeName> {
  const gone = new Map<TaskId, TakeName>()
  for (const [take, { task }] of before) if (task !== undefined && !after.has(take)) gone.set(task, take)
  const moves = new Map<TakeName, TakeName>()
  if (gone.size === 0) return moves
  for (const [take, entry] of after) {
    if (before.has(take)) continue
    for (const task of tasksOf(entry)) {
      const from = gone.get(task)
      if (from === undefined) continue
      moves.set(take, from)
      gone.delete(task)
      break
    }
  }
  return moves
}

/** A move changes where the files are, and the digest of what goes on from it. */
function isOnlyPlace(happening: Happening): boolean {
  const places = ['digest', 'frame', 'video']
  return happening.kind === 'rewritten' && happening.fields.every((field) => places.includes(field))
}

function changesOf(was: LockEntry | undefined, now: LockEntry): Happening[] {
  const told: Happening[] = []
  const isSameTask = was !== undefined && was.task === now.task
  const isSameEnd = isSameTask && was.status === now.status && was.error === now.error
  if (!isSameEnd) told.push(endOf(was, now, isSameTask))
  else if (now.sha256 !== was.sha256 && now.sha256 !== undefined)
    told.push({ kind: 'collected', anew: was.sha256 !== undefined })
  told.push(...decisions(isSameTask ? was : undefined, now, was))
  if (told.length > 0 || !was) return told
  const fields = fieldsThatDiffer(was, now)
  return fields.length === 0 ? [] : [{ kind: 'rewritten', fields }]
}

function endOf(was: LockEntry | undefined, now: LockEntry, isSameTask: boolean): Happening {
  const before = was?.task !== undefined && !isSameTask ? { was: was.task } : {}
  const { status, task, error } = now
  if (error === lostCode) return { kind: 'lost' }
  switch (status) {
    case 'succeeded':
      return { kind: 'bought', task, ...before, ...(now.draft === undefined ? {} : { fromDraft: true }) }
    case 'submitted':
      return { kind: 'sent', task, ...before }
    case 'unknown':
      return { kind: 'unknown', ...before }
    case 'failed': {
      const failure = classifyFailure(error ?? '', task !== undefined)
      return { kind: 'failed', failure, code: error ?? 'error', ...before }
    }
    case 'expired':
    case 'cancelled':
      return { kind: status, ...before }
  }
}

/** @param any The entry before, also of another task: a pick that went with it is told. */
function decisions(was: LockEntry | undefined, now: LockEntry, any: LockEntry | undefined): Happening[] {
  const told: Happening[] = []
  if (now.pick && !was?.pick) told.push({ kind: 'picked' })
  if (!now.pick && any?.pick) told.push({ kind: 'unpicked' })
  const note = now.note === undefined ? {} : { note: now.note }
  if (now.approved !== was?.approved) {
    if (now.approved === undefined) told.push({ kind: 'undecided' })
    else told.push({ kind: now.approved ? 'approved' : 'rejected', ...note })
  } else if (now.note !== was?.note) told.push({ kind: 'noted', note: now.note })
  return told
}

function fieldsThatDiffer(was: LockEntry, now: LockEntry): string[] {
  const [a, b] = [was, now] as unknown as Record<string, unknown>[]
  const names = new Set([...Object.keys(a!), ...Object.keys(b!)])
  return [...names].filter((name) => canonicalJson(a![name]) !== canonicalJson(b![name])).sort()
}

/** What a take has cost, tasks before the present one among them. */
function moneyOf({ cost, spent = {} }: LockEntry): Money[] {
  const amounts = [cost, ...Object.values(spent).map((one) => one.cost)]
  return sumMoney(amounts.flatMap((text) => readMoney(text) ?? []))
}

function less(amounts: readonly Money[], taken: readonly Money[]): Money[] {
  const negative = taken.map(({ currency, micros }) => ({ currency, micros: -micros }))
  return sumMoney([...amounts, ...negative]).filter(({ micros }) => micros !== 0)
}

/** Changes by shot, in their order. */
export function byShot(changes: readonly TakeChange[]): Map<ShotName, TakeChange[]> {
  const shots = new Map<ShotName, TakeChange[]>()
  for (const change of changes) {
    const { shot } = splitTakeName(change.take)
    const list = shots.get(shot)
    if (list) list.push(change)
    else shots.set(shot, [change])
  }
  return shots
}

/** What happened to a shot as one sentence, without its name and without a final period. */
export function describeShot(changes: readonly TakeChange[]): string {
  return changes
    .map(({ take, happenings }) => {
      const { number, draft } = splitTakeName(take)
      const which = [...(number > 1 ? [`take ${number}`] : []), ...(draft ? ['draft'] : [])].join(' ')
      const words = happenings.map(wordsOf).join(', ')
      return which === '' ? words : `${which} ${words}`
    })
    .join('; ')
}

const failures: Readonly<Record<FailureClass, string>> = {
  'moderation-input': 'prompt or image moderated',
  'moderation-output': 'output moderated',
  invalid: 'refused as invalid',
  account: 'the account was refused',
  throttled: 'too many requests',
  service: 'the service failed',
  expired: 'not done in time',
  cancelled: 'cancelled',
  download: 'its result was not fetched',
  unknown: 'reason unknown',
}

function wordsOf(happening: Happening): string {
  const instead =
    'was' in happening && happening.was !== undefined ? ` (was ${shortTask(happening.was)})` : ''
  switch (happening.kind) {
    case 'bought':
      if (happening.fromDraft) return `made final from its draft${instead}`
      return happening.was === undefined ? 'bought' : `retaken${instead}`
    case 'sent':
      return `sent, live${instead}`
    case 'unknown':
      return `sent, and its answer was never seen${instead}`
    case 'failed':
      return `failed: ${failures[happening.failure]}${instead}`
    case 'expired':
      return `not done in time${instead}`
    case 'cancelled':
      return `cancelled${instead}`
    case 'lost':
      return 'lost: the provider no longer has its result'
    case 'collected':
      return happening.anew ? 'collected anew: its file is another' : 'collected'
    case 'moved':
      return `moved from ${happening.from}`
    case 'dropped':
      return 'dropped from the lockfile'
    case 'picked':
      return 'picked'
    case 'unpicked':
      return 'no longer picked'
    case 'undecided':
      return 'undecided again'
    case 'approved':
    case 'rejected':
      return happening.note === undefined ? happening.kind : `${happening.kind}: “${happening.note}”`
    case 'noted':
      return happening.note === undefined ? 'note removed' : `noted: “${happening.note}”`
    case 'rewritten':
      return `rewritten: ${happening.fields.join(', ')}`
  }
}

/** `cgt-…x1c9q`: what tells tasks of one day apart. */
function shortTask(task: TaskId): string {
  return task.length <= 16 ? task : `${task.slice(0, 4)}…${task.slice(-5)}`
}

/** How many takes something happened to, for a line of totals. Zero counts are left out. */
export function countHappenings(changes: readonly TakeChange[]): [Happening['kind'] | 'retaken', number][] {
  const counts = new Map<Happening['kind'] | 'retaken', number>()
  for (const { happenings } of changes) {
    for (const one of happenings) {
      const kind = one.kind === 'bought' && one.was !== undefined && !one.fromDraft ? 'retaken' : one.kind
      counts.set(kind, (counts.get(kind) ?? 0) + 1)
    }
  }
  return [...counts]
}
