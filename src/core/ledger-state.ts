import type { Digest } from './digest.js'
import { RunnerError } from './errors.js'
import type { LockEntry } from './lockfile.js'
import type { TakeName } from './names.js'
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
      error?: string
      message?: string
    }
  | {
      type: 'collected'
      at: string
      take: TakeName
      task: TaskId
      video: string
      sha256: string
      bytes: number
    }

/** A create that was about to be sent and whose answer is not on record. */
export interface PendingIntent {
  attempt: number
  provider: string
  digest: Digest
  seed: number
  at: string
}

/** What is known of one take. */
export interface TakeState {
  entry: LockEntry | undefined
  intent: PendingIntent | undefined
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
      const { attempt, provider, digest, seed, at } = record
      return { entry, intent: { attempt, provider, digest, seed, at } }
    }
    case 'unsent':
      intentOf(state, record)
      return { entry, intent: undefined }
    case 'accepted':
      return answered(state, record, { status: 'submitted', task: record.task })
    case 'refused':
      return answered(state, record, { status: 'failed', error: record.error })
    case 'unknown':
      return answered(state, record, { status: 'unknown' })
    case 'ended': {
      if (entry?.task !== record.task) return { entry, intent: state?.intent }
      const { status, tokens, error } = record
      return { entry: { ...entry, status, tokens, error }, intent: state?.intent }
    }
    case 'collected': {
      if (entry?.task !== record.task) return { entry, intent: state?.intent }
      const { video, sha256 } = record
      return { entry: { ...entry, video, sha256 }, intent: state?.intent }
    }
  }
}

function answered(
  state: TakeState | undefined,
  record: LedgerRecord & { attempt: number },
  result: Pick<LockEntry, 'status' | 'task' | 'error'>,
): TakeState {
  const { provider, digest, seed } = intentOf(state, record)
  const previous = previousTasks(state?.entry, result.task)
  const entry: LockEntry = {
    ...result,
    provider,
    digest,
    seed,
    ...(previous.length === 0 ? {} : { previous }),
  }
  return { entry, intent: undefined }
}

/** A superseded task is paid for or at least known to the provider: it stays on record. */
function previousTasks(entry: LockEntry | undefined, task: TaskId | undefined): TaskId[] {
  const all = new Set(entry?.previous ?? [])
  if (entry?.task !== undefined) all.add(entry.task)
  if (task !== undefined) all.delete(task)
  return [...all]
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

/**
 * Journal lines as records, plus how many bytes of a last line were left by a crash, which is normal. Takes the file's
 * bytes: a crash can cut a character in two, and a decoded text no longer tells how long its pieces were.
 *
 * @throws RunnerError `journal-damaged` when any other line is not what was written.
 */
export function parseJournal(
  content: Uint8Array | string,
  file: string,
): { records: LedgerRecord[]; tornBytes: number } {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  const end = bytes.lastIndexOf(0x0a) + 1
  const tornBytes = bytes.length - end
  const records: LedgerRecord[] = []
  let lineNumber = 0
  for (const line of new TextDecoder().decode(bytes.subarray(0, end)).split('\n')) {
    lineNumber++
    if (line === '') continue
    const record = parseRecord(line)
    if (!record) {
      throw new RunnerError('journal-damaged', `Cannot read "${file}": line ${lineNumber} is damaged`, {
        hint: 'Nothing was sent. Keep the file and report this: its lines hold task ids that were paid for.',
      })
    }
    records.push(record)
  }
  return { records, tornBytes }
}

const requiredText: Record<LedgerRecord['type'], readonly string[]> = {
  intent: ['provider', 'digest'],
  accepted: ['task'],
  refused: ['error'],
  unsent: [],
  unknown: [],
  ended: ['task', 'status'],
  collected: ['task', 'video', 'sha256'],
}

const requiredNumbers: Record<LedgerRecord['type'], readonly string[]> = {
  intent: ['attempt', 'seed'],
  accepted: ['attempt'],
  refused: ['attempt'],
  unsent: ['attempt'],
  unknown: ['attempt'],
  ended: [],
  collected: [],
}

function parseRecord(line: string): LedgerRecord | undefined {
  try {
    const value: Record<string, unknown> | null = JSON.parse(line)
    if (!value || !Object.hasOwn(requiredText, String(value.type))) return undefined
    const type = value.type as LedgerRecord['type']
    const complete =
      ['take', 'at', ...requiredText[type]].every((field) => typeof value[field] === 'string') &&
      requiredNumbers[type].every((field) => Number.isInteger(value[field])) &&
      (type !== 'ended' || isTerminal(value.status as TaskStatus))
    return complete ? (value as unknown as LedgerRecord) : undefined
  } catch {
    return undefined
  }
}
