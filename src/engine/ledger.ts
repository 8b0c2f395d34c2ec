import { dirname, join } from 'node:path'
import { RunnerError } from '../core/errors.js'
import {
  countJournal,
  countRecord,
  journalRecords,
  type LedgerRecord,
  lockEntryOf,
  type TakeState,
  tornBytesOf,
} from '../core/ledger-state.js'
import type { LockEntries, LockEntry } from '../core/lockfile.js'
import { readLockfile } from '../core/merge-lockfiles.js'
import type { TakeName } from '../core/names.js'
import type { Files } from '../ports/files.js'
import type { World } from '../ports/world.js'
import { Journal } from './journal.js'
import { LockWriter } from './lock-writer.js'
import { sha256Of } from './media.js'
import type { Places } from './places.js'

/** A record as callers make it: the ledger adds the time. */
export type NewRecord = LedgerRecord extends infer R
  ? R extends LedgerRecord
    ? Omit<R, 'at'>
    : never
  : never

type LedgerWorld = Pick<World, 'files' | 'clock' | 'mark'>

/** What lockfile and journal together know of every take, without taking anything over. */
export async function readStates(
  places: Places,
  { files }: Pick<LedgerWorld, 'files'>,
): Promise<{ states: Map<TakeName, TakeState>; lockfileSha256: string | undefined }> {
  return await load(places, files)
}

/**
 * What is known of the takes of one manifest, and the only way to change it: a record goes to the journal, is flushed,
 * and only then counts. Holds the lockfile's writer. The caller holds the process lock.
 */
export class Ledger {
  readonly #states: Map<TakeName, TakeState>
  readonly #journal: Journal
  readonly #writer: LockWriter
  readonly #places: Places
  readonly #world: LedgerWorld
  #journalLacksIds = false
  /** Of the lockfile as it was found, in hexadecimal; `undefined` when there was none. */
  readonly lockfileSha256: string | undefined

  private constructor(
    states: Map<TakeName, TakeState>,
    journal: Journal,
    writer: LockWriter,
    places: Places,
    world: LedgerWorld,
    lockfileSha256: string | undefined,
  ) {
    this.lockfileSha256 = lockfileSha256
    this.#states = states
    this.#journal = journal
    this.#writer = writer
    this.#places = places
    this.#world = world
  }

  /**
   * Reads lockfile and journal, merges what git left in conflict, cuts off a torn last line, and turns every intent
   * without an answer into `unknown`: the process that sent it is gone.
   *
   * @throws RunnerError `lockfile-…`, `journal-damaged` or `state-unwritable`; nothing was changed then.
   */
  static async open(places: Places, world: LedgerWorld): Promise<Ledger> {
    const loaded = await load(places, world.files)
    const { states, fingerprint, journalBytes, isUnwritten } = loaded
    const root = join(places.projectRoot, '.shotlock')
    await writable(() => world.files.createNew(join(root, '.gitignore'), '*\n'), root)
    await writable(() => world.files.proveWritable(dirname(places.journal)), places.journal)
    await writable(() => world.files.proveWritable(places.folder), places.folder)

    const file = await writable(() => world.files.openAppend(places.journal), places.journal)
    await file.truncate(journalBytes)
    const journal = new Journal(file, journalBytes)
    const entries = () => entriesOf(states)
    const writer = new LockWriter(places.lockfile, world, { entries, fingerprint })
    const ledger = new Ledger(states, journal, writer, places, world, loaded.lockfileSha256)

    for (const [take, { intent }] of states) {
      if (intent)
        await ledger.commit({
          type: 'unknown',
          take,
          attempt: intent.attempt,
          why: 'the process ended before the answer came',
        })
    }
    if (isUnwritten) writer.touch()
    return ledger
  }

  get states(): ReadonlyMap<TakeName, TakeState> {
    return this.#states
  }

  /** Puts a record on the disk, then counts it. */
  async commit(record: NewRecord): Promise<void> {
    const full = { ...record, at: new Date(this.#world.clock.now()).toISOString() } as LedgerRecord
    try {
      await this.#journal.append(full)
      this.#world.mark(`${record.type}-written`)
    } catch (error) {
      // The task exists whether or not the disk is full: the lockfile's last try may still save its id.
      if (record.type === 'accepted') {
        this.#journalLacksIds = true
        this.#count(full)
      }
      throw error
    }
    this.#count(full)
  }

  #count(record: LedgerRecord): void {
    countRecord(this.#states, record)
    this.#writer.touch()
  }

  /** Writes the lockfile; when it then holds everything, the journal goes to the archive. */
  async close(): Promise<void> {
    try {
      await this.#writer.finish()
    } finally {
      await this.#journal.close()
    }
    await this.#compact()
  }

  /**
   * Empties the journal but for what the lockfile cannot say: when unknown creates were sent. A crash in between leaves
   * lines in both files, which is harmless: replaying them over the lockfile changes nothing.
   */
  async #compact(): Promise<void> {
    const { files, mark } = this.#world
    const { journal, archive } = this.#places
    const states = [...this.#states]
    if (states.some(([, { intent }]) => intent !== undefined)) return
    const kept = states.flatMap(([take, { entry, sentAt }]) => {
      if (entry?.status !== 'unknown' || entry.seed === undefined || sentAt === undefined) return []
      return [
        `${JSON.stringify({ type: 'doubt', take, seed: entry.seed, at: sentAt } satisfies LedgerRecord)}\n`,
      ]
    })
    const keptText = kept.join('')
    const size = await files.size(journal)
    if (size === Buffer.byteLength(keptText)) {
      const isAsKept = new TextDecoder().decode(await files.read(journal)) === keptText
      if (isAsKept) return kept.length === 0 ? await files.remove(journal) : undefined
    }

    // A journal without an id that the lockfile has would make it unknown again: it goes without a copy.
    const archived = size === undefined || this.#journalLacksIds || (await this.#append(archive, journal))
    if (!archived) return
    mark('journal-archived')
    if (kept.length > 0) await files.replace(journal, keptText)
    else await files.remove(journal)
    mark('journal-emptied')
  }

  /** @returns Whether it is on the disk; if not, the journal stays and the next run tries again. */
  async #append(path: string, from: string): Promise<boolean> {
    try {
      const file = await this.#world.files.openAppend(path)
      try {
        // A crash may have left half a line there; it must not run into the next.
        await file.write(new TextEncoder().encode('\n'))
        const chunks = await this.#world.files.readChunks(from)
        if (!chunks) return false
        for await (const chunk of chunks) await file.write(chunk)
        await file.flush()
      } finally {
        await file.close()
      }
      return true
    } catch {
      return false
    }
  }
}

async function load(places: Places, files: Files) {
  const fingerprint = await files.fingerprint(places.lockfile)
  const lockBytes = await readable(() => files.read(places.lockfile), places.lockfile)
  const { entries, merged } = lockBytes
    ? readLockfile(lockBytes, places.lockfile)
    : { entries: new Map<TakeName, LockEntry>(), merged: false }
  const lockfileSha256 = lockBytes && sha256Of(lockBytes)
  const states = new Map<TakeName, TakeState>()
  for (const [name, entry] of entries) states.set(name, { entry, intent: undefined })

  const bytes = (await readable(() => files.read(places.journal), places.journal)) ?? new Uint8Array()
  const isChanged = countJournal(states, journalRecords(bytes, places.journal))
  const isUnwritten = merged || isChanged
  const journalBytes = bytes.length - tornBytesOf(bytes)
  return { states, fingerprint, lockfileSha256, journalBytes, isUnwritten }
}

function entriesOf(states: ReadonlyMap<TakeName, TakeState>): LockEntries {
  const entries = new Map<TakeName, LockEntry>()
  for (const [name, state] of states) {
    const entry = lockEntryOf(state)
    if (entry) entries.set(name, entry)
  }
  return entries
}

/** Reads a state file. @throws RunnerError `state-unreadable` */
export async function readable<T>(work: () => Promise<T>, path: string): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new RunnerError('state-unreadable', `Cannot read "${path}": ${(cause as Error).message}`, { cause })
  }
}

async function writable<T>(work: () => Promise<T>, path: string): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new RunnerError('state-unwritable', `Cannot write to "${path}": ${(cause as Error).message}`, {
      cause,
      hint: 'Make room on the disk or make the folder writable. Nothing was sent.',
    })
  }
}
