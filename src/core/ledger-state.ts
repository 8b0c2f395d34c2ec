import type { BoughtFacts } from './bought-facts.js'
import type { Digest } from './digest.js'
import { RunnerError } from './errors.js'
import type { LockEntry, Spent, SupersededTask } from './lockfile.js'
import { type ShotName, splitTakeName, type TakeName } from './names.js'
import { outputKey } from './output-collisions.js'
import { isTerminal, type TaskId, type TaskStatus, type TerminalStatus } from './task.js'

/**
 * Everything that can happen to a take, in the order it is written to the journal. `at` is ISO time; `attempt` counts
 * the creates of a take and ties an answer to its intent.
 */
export type LedgerRecord =
  | {
      type: 'intent'
      at: string
      take: TakeName
      attempt: number
      provider: string
      digest: Digest
      seed: number
      /** The most that it can cost, such as `1.3968 CNY`. */
      reserved?: string
      /** The draft that it makes final. */
      draft?: TaskId
      /** The task whose last frame it begins with. */
      follows?: TaskId
      /** What decides the result, so that a later change can be shown field by field. */
      bought?: BoughtFacts
    }
  | { type: 'accepted'; at: string; take: TakeName; attempt: number; task: TaskId }
  | { type: 'refused'; at: string; take: TakeName; attempt: number; error: string; message?: string }
  | { type: 'unsent'; at: string; take: TakeName; attempt: number; why: string }
  | { type: 'unknown'; at: string; take: TakeName; attempt: number; why: string }
  | {
      type: 'ended'
      at: string
      take: TakeName
      task: TaskId
      status: TerminalStatus
      tokens?: number
      /** By the prices of that day, such as `1.3968 CNY`. */
      cost?: string
      error?: string
      message?: string
    }
  /** When a create that the lockfile calls unknown was sent: all that the journal still has to say about it. */
  | { type: 'doubt'; at: string; take: TakeName; seed: number }
  /** The provider no longer has what was paid for, nor will it come: never fetched, never bought again by itself. */
  | { type: 'lost'; at: string; take: TakeName; task: TaskId }
  /** A task that was found, or named by a person, is the take's. */
  | {
      type: 'adopted'
      at: string
      take: TakeName
      task: TaskId
      provider: string
      digest: Digest
      seed?: number
    }
  /** A person wants a final made from a draft, or no longer. */
  | { type: 'approved'; at: string; take: TakeName; task: TaskId; approved: boolean }
  /** A person accepted or rejected what a task made, or took that back; the whole decision as it stands from now on. */
  | { type: 'judged'; at: string; take: TakeName; task: TaskId; approved?: boolean; note?: string }
  /**
   * A person chose a take of its shot, or no longer; holds for that task. One record is the whole decision, so that no
   * crash leaves half of it.
   */
  | {
      type: 'picked'
      at: string
      take: TakeName
      task: TaskId
      picked: boolean
      /** The take that was the shot's pick until now, and is no longer. */
      instead?: { take: TakeName; task?: TaskId }
    }
  /** A person decided that an unknown create is to be bought again. */
  | { type: 'released'; at: string; take: TakeName }
  /** The entry as it stands, from elsewhere: a rename, a recall. Ids that the take had are kept. */
  | { type: 'placed'; at: string; take: TakeName; entry: LockEntry; sentAt?: string }
  /** The entry has left the lockfile; its ids stay in the archive. */
  | { type: 'dropped'; at: string; take: TakeName }
  | {
      type: 'collected'
      at: string
      take: TakeName
      task: TaskId
      video: string
      sha256: string
      bytes: number
    }
  /** The video of a task that was bought for the take before has another place now, so that the new one can have its. */
  | { type: 'superseded'; at: string; take: TakeName; task: TaskId; video: string }
  /** The video of a superseded task is deleted because a person wants the room; what it came to stays on record. */
  | { type: 'discarded'; at: string; take: TakeName; task: TaskId }
  /** The last frame is kept, for shots that go on from it. */
  | { type: 'framed'; at: string; take: TakeName; task: TaskId; frame: string; frameSha256: string }

/** Error code of a take whose unknown create a person gave up for lost, so that it may be bought again. */
export const releasedCode = 'released'

/** Error code of a task that was paid for and whose result can no longer be had. */
export const lostCode = 'result-gone'

/** A create that was about to be sent and whose answer is not on record. */
export interface PendingIntent {
  attempt: number
  provider: string
  digest: Digest
  seed: number
  reserved?: string | undefined
  draft?: TaskId | undefined
  follows?: TaskId | undefined
  at: string
}

/** What is known of one take. */
export interface TakeState {
  entry: LockEntry | undefined
  intent: PendingIntent | undefined
  /** When the create of an unknown entry was sent, ISO time; `undefined` where that is not known on this machine. */
  sentAt?: string | undefined
}

/**
 * What is known of a take after `record`. Both a run and a replay after a crash go through here, so they cannot
 * disagree; applying a whole journal again to the lockfile that it led to changes nothing.
 *
 * @throws RunnerError `journal-damaged` when the record answers an intent that is not there.
 */
export function applyRecord(state: TakeState | undefined, record: LedgerRecord): TakeState {
  const entry = state?.entry
  switch (record.type) {
    case 'intent': {
      const { attempt, provider, digest, seed, reserved, draft, follows, at } = record
      return { entry, intent: { attempt, provider, digest, seed, reserved, draft, follows, at } }
    }
    case 'unsent':
      return { entry: withoutShadow(entry, intentOf(state, record)), intent: undefined }
    case 'accepted':
      return answered(state, record, { status: 'submitted', task: record.task })
    case 'refused':
      return answered(state, record, { status: 'failed', error: record.error })
    case 'unknown':
      return { ...answered(state, record, { status: 'unknown' }), sentAt: intentOf(state, record).at }
    case 'doubt':
      return { entry, intent: state?.intent, sentAt: record.at }
    case 'ended': {
      if (entry?.task !== record.task) return { entry, intent: state?.intent }
      const { status, tokens, cost, error } = record
      const { reserved, ...rest } = entry
      return { entry: { ...rest, status, tokens, cost, error }, intent: state?.intent }
    }
    case 'lost': {
      if (entry?.task !== record.task) return { entry, intent: state?.intent }
      return { entry: { ...entry, error: lostCode }, intent: state?.intent }
    }
    case 'adopted': {
      const { task, provider, digest, seed } = record
      // The create that it answers; the entry itself where the lockfile has the answer already.
      const isOfCreate = entry?.task === undefined || entry.task === task
      const sent = state?.intent ?? (isOfCreate ? entry : undefined)
      const { reserved, draft, follows } = sent ?? {}
      const found: LockEntry = { status: 'submitted', task, provider, digest, seed, draft, follows, reserved }
      const decided = entry?.task === task ? decisionsOf(entry) : {}
      return { entry: supersede(entry, { ...found, ...decided }), intent: undefined }
    }
    case 'approved': {
      if (entry?.task !== record.task) return { ...state, entry, intent: state?.intent }
      const { approved, ...rest } = entry
      return { ...state, entry: record.approved ? { ...rest, approved: true } : rest, intent: state?.intent }
    }
    case 'judged': {
      if (entry?.task !== record.task) return { ...state, entry, intent: state?.intent }
      const { approved: _, note: __, ...rest } = entry
      const { approved, note } = record
      const judged = {
        ...rest,
        ...(approved === undefined ? {} : { approved }),
        ...(note === undefined ? {} : { note }),
      }
      return { ...state, entry: judged, intent: state?.intent }
    }
    case 'picked': {
      if (entry?.task !== record.task) return { ...state, entry, intent: state?.intent }
      return { ...state, entry: withPick(entry, record.picked), intent: state?.intent }
    }
    case 'released': {
      if (state?.intent || entry?.status !== 'unknown') return { ...state, entry, intent: state?.intent }
      const { reserved, ...rest } = entry
      return { entry: { ...rest, status: 'failed', error: releasedCode }, intent: undefined }
    }
    case 'placed':
      return { ...placeEntry(state, record.entry), sentAt: record.sentAt }
    case 'dropped':
      return { entry: undefined, intent: state?.intent }
    case 'collected': {
      if (entry?.task !== record.task) return { entry, intent: state?.intent }
      const { video, sha256 } = record
      return { entry: replacing({ ...entry, video, sha256 }, video), intent: state?.intent }
    }
    case 'superseded': {
      const { task, video } = record
      const before = entry?.spent?.[task]
      if (!entry || !before) return { ...state, entry, intent: state?.intent }
      const spent = { ...entry.spent, [task]: { ...before, video } }
      return { ...state, entry: { ...entry, spent }, intent: state?.intent }
    }
    case 'discarded': {
      if (!entry?.spent?.[record.task]) return { ...state, entry, intent: state?.intent }
      return { ...state, entry: withoutVideos(entry, [record.task]), intent: state?.intent }
    }
    case 'framed': {
      if (entry?.task !== record.task) return { entry, intent: state?.intent }
      const { frame, frameSha256 } = record
      return { entry: { ...entry, frame, frameSha256 }, intent: state?.intent }
    }
  }
}

/** The entry when its own video is at `path`: that of a superseded task is there no longer, if it was. */
function replacing(entry: LockEntry, path: string): LockEntry {
  const place = outputKey(path)
  const gone = (Object.entries(entry.spent ?? {}) as [TaskId, SupersededTask][]).flatMap(
    ([task, { video }]) => (video !== undefined && outputKey(video) === place ? [task] : []),
  )
  return gone.length === 0 ? entry : withoutVideos(entry, gone)
}

/** The entry without the videos of some of its superseded tasks: what those came to stays. */
function withoutVideos(entry: LockEntry, tasks: readonly TaskId[]): LockEntry {
  const { spent = {}, ...rest } = entry
  const left = Object.entries(spent).flatMap(([task, { video, sha256, ...bill }]) => {
    if (!tasks.includes(task as TaskId)) return [[task, spent[task as TaskId]!] as const]
    return bill.tokens === undefined && bill.cost === undefined ? [] : [[task, bill] as const]
  })
  return left.length === 0 ? rest : { ...rest, spent: Object.fromEntries(left) }
}

/** What people decided about a task. What nobody decided is left out. */
export interface Decisions {
  approved?: boolean
  note?: string
  pick?: true
}

/** What people decided about an entry's task. */
export function decisionsOf({ approved, note, pick }: LockEntry): Decisions {
  return {
    ...(approved === undefined ? {} : { approved }),
    ...(note === undefined ? {} : { note }),
    ...(pick === undefined ? {} : { pick }),
  }
}

/** Whether a person rejected the result that a take has. */
export function isRejected(entry: LockEntry | undefined): boolean {
  return entry?.status === 'succeeded' && entry.approved === false
}

function withPick(entry: LockEntry, picked: boolean): LockEntry {
  const { pick, ...rest } = entry
  return picked ? { ...rest, pick: true } : rest
}

/** Counts a record among all takes: as `applyRecord` does, and a pick takes that of another take away. */
export function countRecord(states: Map<TakeName, TakeState>, record: LedgerRecord): void {
  states.set(record.take, applyRecord(states.get(record.take), record))
  if (record.type !== 'picked' || record.instead === undefined) return
  const { take, task } = record.instead
  const state = states.get(take)
  if (state?.entry && state.entry.task === task)
    states.set(take, { ...state, entry: withPick(state.entry, false) })
}

/**
 * Counts what a journal has beyond a lockfile. That lockfile may come from elsewhere by now and have another pick; the
 * journal's is the news then, and the shot's only one.
 *
 * @returns Whether there was anything.
 */
export function countJournal(states: Map<TakeName, TakeState>, records: Iterable<LedgerRecord>): boolean {
  const picks = new Map<ShotName, TakeName>()
  let isEmpty = true
  for (const record of records) {
    isEmpty = false
    countRecord(states, record)
    if (record.type === 'picked' && states.get(record.take)?.entry?.pick)
      picks.set(splitTakeName(record.take).shot, record.take)
  }
  if (picks.size === 0) return !isEmpty
  for (const [take, state] of states) {
    if (!state.entry?.pick) continue
    const pick = picks.get(splitTakeName(take).shot)
    if (pick !== undefined && pick !== take && states.get(pick)?.entry?.pick)
      states.set(take, { ...state, entry: withPick(state.entry, false) })
  }
  return !isEmpty
}

/**
 * What the lockfile says of a take. A create that is under way may have been bought: until its answer is on record it is
 * written down as unknown, so that even without the journal nobody buys it again.
 */
export function lockEntryOf({ entry, intent }: TakeState): LockEntry | undefined {
  if (!intent) return entry
  const { provider, digest, seed, reserved, draft, follows } = intent
  return supersede(entry, { status: 'unknown', provider, digest, seed, draft, follows, reserved })
}

/** Takes back what `lockEntryOf` wrote down for an intent that, as it turned out, was never sent. */
function withoutShadow(entry: LockEntry | undefined, { seed, digest }: PendingIntent): LockEntry | undefined {
  if (entry?.status !== 'unknown' || entry.seed !== seed || entry.digest !== digest) return entry
  if (entry.previous === undefined) return undefined
  const { reserved, draft, follows, ...rest } = entry
  return { ...rest, status: 'failed', error: releasedCode }
}

/** The state with an entry from elsewhere in its place; no id is lost. */
export function placeEntry(state: TakeState | undefined, entry: LockEntry): TakeState {
  return { entry: supersede(state?.entry, entry), intent: state?.intent }
}

function answered(
  state: TakeState | undefined,
  record: LedgerRecord & { attempt: number },
  result: Pick<LockEntry, 'status' | 'task' | 'error'>,
): TakeState {
  const { provider, digest, seed, reserved, draft, follows } = intentOf(state, record)
  const open = result.status === 'failed' ? {} : { reserved }
  return {
    entry: supersede(state?.entry, { ...result, provider, digest, seed, draft, follows, ...open }),
    intent: undefined,
  }
}

/** `after` in the place of `before`: what was bought before is paid for, or at least known to the provider, and stays on record. */
export function supersede(before: LockEntry | undefined, after: LockEntry): LockEntry {
  const { previous = [], spent, ...rest } = after
  const tasks = new Set(before?.previous)
  if (before?.task !== undefined) tasks.add(before.task)
  for (const task of previous) tasks.add(task)
  const sums: Record<TaskId, Spent[TaskId]> = { ...before?.spent, ...spent }
  if (before?.task !== undefined) {
    const made = supersededTask(before)
    if (made) sums[before.task] ??= made
  }
  if (after.task !== undefined) {
    tasks.delete(after.task)
    delete sums[after.task]
  }
  return {
    ...rest,
    ...(tasks.size === 0 ? {} : { previous: [...tasks] }),
    ...(Object.keys(sums).length === 0 ? {} : { spent: sums }),
  }
}

/** What stays on record of a task that was superseded; `undefined` when it came to nothing. */
function supersededTask({ tokens, cost, video, sha256 }: LockEntry): SupersededTask | undefined {
  const isCollected = video !== undefined && sha256 !== undefined
  const made = {
    ...(tokens === undefined ? {} : { tokens }),
    ...(cost === undefined ? {} : { cost }),
    ...(isCollected ? { video, sha256 } : {}),
  }
  return Object.keys(made).length === 0 ? undefined : made
}

function intentOf(
  state: TakeState | undefined,
  { take, attempt, type }: LedgerRecord & { attempt: number },
): PendingIntent {
  const intent = state?.intent
  if (intent?.attempt === attempt) return intent
  throw new RunnerError(
    'journal-damaged',
    `Cannot replay the journal: "${type}" of "${take}" has no intent ${attempt} before it`,
    {
      hint: 'Keep the journal file and report this; the lockfile was not changed.',
    },
  )
}

/** How much of a journal is taken apart at a time. */
const blockBytes = 1024 * 1024

/** Whole lines of a journal, without their ends and a little at a time: a hundred thousand takes leave many. */
export function* journalLines(bytes: Uint8Array): Generator<string> {
  const end = wholeBytes(bytes)
  for (let at = 0; at < end; ) {
    const till = at + blockBytes < end ? bytes.indexOf(0x0a, at + blockBytes) + 1 : end
    yield* new TextDecoder().decode(bytes.subarray(at, till - 1)).split('\n')
    at = till
  }
}

function wholeBytes(bytes: Uint8Array): number {
  return bytes.lastIndexOf(0x0a) + 1
}

/**
 * Journal lines as records, one after the other.
 *
 * @throws RunnerError `journal-damaged` when a line but the last is not what was written.
 */
export function* journalRecords(bytes: Uint8Array, file: string): Generator<LedgerRecord> {
  let lineNumber = 0
  for (const line of journalLines(bytes)) {
    lineNumber++
    if (line === '') continue
    const record = parseRecord(line)
    if (!record) {
      throw new RunnerError('journal-damaged', `Cannot read "${file}": line ${lineNumber} is damaged`, {
        hint: 'Nothing was sent. Keep the file and report this: its lines hold task ids that were paid for.',
      })
    }
    yield record
  }
}

/**
 * How many bytes of a last line were left by a crash, which is normal. Takes the file's bytes: a crash can cut a
 * character in two, and a decoded text no longer tells how long its pieces were.
 */
export function tornBytesOf(bytes: Uint8Array): number {
  return bytes.length - wholeBytes(bytes)
}

const requiredText: Record<LedgerRecord['type'], readonly string[]> = {
  intent: ['provider', 'digest'],
  accepted: ['task'],
  refused: ['error'],
  unsent: [],
  unknown: [],
  ended: ['task', 'status'],
  doubt: [],
  lost: ['task'],
  adopted: ['task', 'provider', 'digest'],
  approved: ['task'],
  judged: ['task'],
  picked: ['task'],
  released: [],
  placed: [],
  dropped: [],
  collected: ['task', 'video', 'sha256'],
  superseded: ['task', 'video'],
  discarded: ['task'],
  framed: ['task', 'frame', 'frameSha256'],
}

const requiredNumbers: Record<LedgerRecord['type'], readonly string[]> = {
  intent: ['attempt', 'seed'],
  accepted: ['attempt'],
  refused: ['attempt'],
  unsent: ['attempt'],
  unknown: ['attempt'],
  ended: [],
  collected: [],
  superseded: [],
  discarded: [],
  framed: [],
  doubt: ['seed'],
  lost: [],
  adopted: [],
  approved: [],
  judged: [],
  picked: [],
  released: [],
  placed: [],
  dropped: [],
}

function isEntry(value: unknown): boolean {
  const { status, provider, digest } = (value ?? {}) as Record<string, unknown>
  return [status, provider, digest].every((field) => typeof field === 'string')
}

/** One line as a record; `undefined` when it is damaged. */
export function parseRecord(line: string): LedgerRecord | undefined {
  try {
    const value: Record<string, unknown> | null = JSON.parse(line)
    if (!value || !Object.hasOwn(requiredText, String(value.type))) return undefined
    const type = value.type as LedgerRecord['type']
    const complete =
      ['take', 'at', ...requiredText[type]].every((field) => typeof value[field] === 'string') &&
      requiredNumbers[type].every((field) => Number.isInteger(value[field])) &&
      (type !== 'ended' || isTerminal(value.status as TaskStatus)) &&
      (type !== 'placed' || isEntry(value.entry))
    return complete ? (value as unknown as LedgerRecord) : undefined
  } catch {
    return undefined
  }
}
