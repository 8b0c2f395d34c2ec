import { canonicalJson } from './canonical-json.js'
import { classifyFailure } from './failure.js'
import type { FormerTask, Happening, Since } from './happening.js'
import { lostCode } from './ledger-state.js'
import { type LockEntries, type LockEntry, tasksOf } from './lockfile.js'
import { type Money, readMoney, sumMoney } from './money.js'
import { compareTakeNames, type TakeName } from './names.js'
import type { TaskId } from './task.js'

/** One manifest's lockfile on both sides; without entries where it is not there. */
export interface LockfilePair {
  /** The manifest's name, as a person tells it from the others. */
  manifest: string
  /** The lockfile. */
  file: string
  before: LockEntries
  after: LockEntries
}

/** What happened to one take. */
export interface TakeChange {
  take: TakeName
  /** In the order in which they are told; never empty. */
  happenings: readonly Happening[]
  /** What was billed in between, one amount a currency; negative where a bill went down. */
  spent: readonly Money[]
  /** Tokens that were billed in between, and whose price is not on record. */
  unpricedTokens: number
}

export interface LockfileDiff extends Pick<LockfilePair, 'manifest' | 'file'> {
  /** In the order of a lockfile. */
  changes: readonly TakeChange[]
}

/**
 * Every difference between the lockfiles of two states as what happened. Takes are followed by their tasks, also from
 * one manifest to another, so a rename is no purchase. Each task is counted once, under the first take that has it.
 *
 * @param pairs All lockfiles of both states: what is missing looks as if it had been bought or dropped.
 * @returns One a pair, in their order.
 */
export function diffLockfiles(pairs: readonly LockfilePair[]): LockfileDiff[] {
  const past = pastOf(pairs)
  const told = pairs.map((pair) => ({ pair, takes: changedTakes(pair, past) }))
  const counted = new Set<TaskId>()
  return told.map(({ pair, takes }) => ({
    manifest: pair.manifest,
    file: pair.file,
    changes: takes.flatMap(({ take, now, happenings }) =>
      // Its task is told where it is now.
      now || !past.moved.get(pair)?.has(take)
        ? [{ take, happenings, ...billedSince(now, { past, counted }) }]
        : [],
    ),
  }))
}

interface Owner {
  pair: LockfilePair
  take: TakeName
  entry: LockEntry
}

interface Bill {
  cost?: string | undefined
  tokens?: number | undefined
}

/** What was known before. */
interface Past {
  /** Which takes had a task, or a create without one, as their own. */
  owners: Map<string, Owner[]>
  /** Every task, also superseded ones. */
  bills: Map<TaskId, Bill>
  /** Takes that have another name by now. */
  moved: ReadonlyMap<LockfilePair, Set<TakeName>>
}

function pastOf(pairs: readonly LockfilePair[]): Past {
  const owners = new Map<string, Owner[]>()
  const bills = new Map<TaskId, Bill>()
  for (const pair of pairs) {
    for (const [take, entry] of pair.before) {
      const key = taskKey(entry)
      const owner = { pair, take, entry }
      if (owners.has(key)) owners.get(key)!.push(owner)
      else owners.set(key, [owner])
      for (const [task, bill] of billsIn(entry)) {
        const { cost = bill.cost, tokens = bill.tokens } = bills.get(task) ?? {}
        bills.set(task, { cost, tokens })
      }
    }
  }
  return { owners, bills, moved: new Map(pairs.map((pair) => [pair, new Set()])) }
}

/** A create without an id is known by what was sent. */
function taskKey({ task, provider, digest, seed }: LockEntry): string {
  return task ?? ` ${provider} ${digest} ${seed}`
}

function* billsIn({ task, cost, tokens, previous = [], spent = {} }: LockEntry): Generator<[TaskId, Bill]> {
  if (task !== undefined) yield [task, { cost, tokens }]
  for (const one of new Set([...previous, ...(Object.keys(spent) as TaskId[])])) yield [one, spent[one] ?? {}]
}

interface ChangedTake {
  take: TakeName
  /** `undefined` when it is gone. */
  now: LockEntry | undefined
  happenings: Happening[]
}

function changedTakes(pair: LockfilePair, past: Past): ChangedTake[] {
  const changed: ChangedTake[] = []
  for (const take of [...new Set([...pair.before.keys(), ...pair.after.keys()])].sort(compareTakeNames)) {
    const now = pair.after.get(take)
    const happenings = now ? happeningsOf(take, now, { pair, past }) : [{ kind: 'dropped' } as const]
    if (happenings.length > 0) changed.push({ take, now, happenings })
  }
  return changed
}

function happeningsOf(
  take: TakeName,
  now: LockEntry,
  { pair, past }: { pair: LockfilePair; past: Past },
): Happening[] {
  const here = pair.before.get(take)
  if (here && taskKey(here) === taskKey(now)) return changesOf(here, now, past)
  const origin = originOf({ pair, take, entry: now }, here, past)
  if (!origin) return changesOf(here, now, past)
  const { kind, owner } = origin
  if (kind === 'moved') past.moved.get(owner.pair)!.add(owner.take)
  const place = { from: owner.take, ...(owner.pair === pair ? {} : { manifest: owner.pair.manifest }) }
  const changes = changesOf(owner.entry, now, past)
  return [{ kind, ...place }, ...changes.filter((change) => !isOnlyPlace(change))]
}

/** The take that brought its task here, by the task that it has now, else by one of its past. */
function originOf(
  { pair, take, entry }: Owner,
  here: LockEntry | undefined,
  past: Past,
): { kind: 'moved' | 'shared'; owner: Owner } | undefined {
  const own = new Set<string>(here && tasksOf(here))
  for (const key of [taskKey(entry), ...(entry.previous ?? [])]) {
    if (own.has(key)) return undefined
    const isCurrent = key === taskKey(entry)
    let shared: Owner | undefined
    for (const owner of past.owners.get(key) ?? []) {
      if ((owner.pair === pair && owner.take === take) || past.moved.get(owner.pair)?.has(owner.take))
        continue
      const there = owner.pair.after.get(owner.take)
      if (!there || (isCurrent && !tasksOf(there).includes(key as TaskId) && taskKey(there) !== key))
        return { kind: 'moved', owner }
      if (taskKey(there) === key) shared ??= owner
    }
    if (isCurrent && shared && entry.task !== undefined) return { kind: 'shared', owner: shared }
  }
  return undefined
}

/** A move changes where the files are, and the digest of what goes on from it. */
function isOnlyPlace(happening: Happening): boolean {
  const places = ['digest', 'frame', 'video']
  return happening.kind === 'rewritten' && happening.fields.every((field) => places.includes(field))
}

function changesOf(was: LockEntry | undefined, now: LockEntry, past: Past): Happening[] {
  const told: Happening[] = []
  const same = was && taskKey(was) === taskKey(now) ? was : undefined
  const isLost = now.error === lostCode
  const hasFailedAnew = same?.error !== now.error && now.error !== undefined && !isLost
  if (same?.status !== now.status || hasFailedAnew) {
    if (!(isLost && now.status === 'failed')) told.push(endOf(now, was, past))
  } else if (same.sha256 !== now.sha256 && now.sha256 !== undefined)
    told.push({ kind: 'collected', anew: same.sha256 !== undefined })
  if (isLost && same?.error !== lostCode) told.push({ kind: 'lost' })
  told.push(...decisions(same, now, was))
  if (told.length > 0 || !was) return told
  const fields = fieldsThatDiffer(was, now)
  if (fields.length === 0) return []
  const isBill = fields.every((field) => field === 'tokens' || field === 'cost')
  return [isBill ? { kind: 'billed' } : { kind: 'rewritten', fields }]
}

function endOf(now: LockEntry, was: LockEntry | undefined, past: Past): Happening {
  const { status, task, error } = now
  const before = was?.task !== undefined && was.task !== task ? was : undefined
  const bought = tasksOf(now).filter((one) => !past.bills.has(one)).length
  const since: Since = {
    ...(before ? { was: formerTask(before) } : {}),
    ...(bought > 1 ? { tasks: bought } : {}),
  }
  if (before && task !== undefined && before.previous?.includes(task))
    return { kind: 'adopted', task, was: formerTask(before) }
  switch (status) {
    case 'succeeded':
      return {
        kind: since.was?.status === 'succeeded' ? 'retaken' : 'bought',
        task,
        ...since,
        ...(now.draft === undefined ? {} : { fromDraft: true }),
        ...(now.sha256 === undefined && error !== lostCode ? { fetched: false } : {}),
      }
    case 'submitted':
      return { kind: 'sent', task, ...since }
    case 'failed':
      return {
        kind: 'failed',
        failure: classifyFailure(error ?? '', task !== undefined),
        code: error ?? 'error',
        ...since,
      }
    case 'unknown':
    case 'expired':
    case 'cancelled':
      return { kind: status, ...since }
  }
}

function formerTask({ task, status, error }: LockEntry): FormerTask {
  return { task: task!, status: error === lostCode ? 'lost' : status }
}

/** @param any The entry before, also of another task: a pick that went with it is told. */
function decisions(was: LockEntry | undefined, now: LockEntry, any: LockEntry | undefined): Happening[] {
  const told: Happening[] = []
  if (now.pick && !was?.pick) told.push({ kind: 'picked' })
  if (!now.pick && any?.pick) told.push({ kind: 'unpicked' })
  const isNoteNew = now.note !== was?.note
  if (now.approved === was?.approved) {
    if (isNoteNew) told.push({ kind: 'noted', note: now.note })
  } else if (now.approved === undefined) {
    told.push({ kind: 'undecided' })
    if (isNoteNew && now.note !== undefined) told.push({ kind: 'noted', note: now.note })
  } else {
    const note = now.note === undefined ? {} : { note: now.note }
    told.push({ kind: now.approved ? 'approved' : 'rejected', ...note })
  }
  return told
}

function fieldsThatDiffer(was: LockEntry, now: LockEntry): string[] {
  const [a, b] = [was, now] as unknown as [Record<string, unknown>, Record<string, unknown>]
  const names = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...names]
    .filter((name) => a[name] !== b[name] && canonicalJson(a[name]) !== canonicalJson(b[name]))
    .sort()
}

/** What a take's tasks came to since; nothing for tasks that another take has counted. */
function billedSince(
  now: LockEntry | undefined,
  { past, counted }: { past: Past; counted: Set<TaskId> },
): Pick<TakeChange, 'spent' | 'unpricedTokens'> {
  const amounts: Money[] = []
  let unpricedTokens = 0
  for (const [task, bill] of now ? billsIn(now) : []) {
    const isBilled = bill.cost !== undefined || bill.tokens !== undefined
    if (!isBilled || counted.has(task)) continue
    counted.add(task)
    const before = past.bills.get(task)
    const [paid, known] = [readMoney(bill.cost), readMoney(before?.cost)]
    if (paid) amounts.push(paid)
    if (known) amounts.push({ ...known, micros: -known.micros })
    if (!paid && !known) unpricedTokens += Math.max(0, (bill.tokens ?? 0) - (before?.tokens ?? 0))
  }
  return { spent: sumMoney(amounts).filter(({ micros }) => micros !== 0), unpricedTokens }
}
