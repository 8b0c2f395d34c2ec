import { RunnerError } from '../core/errors.js'
import { type LockEntries, LockfileRenderer } from '../core/lockfile.js'
import type { Clock } from '../ports/clock.js'
import type { Files, Fingerprint } from '../ports/files.js'
import type { World } from '../ports/world.js'

/** Shortest pause between two writes, and how many times its own duration a write must wait. */
const pauseMs = 300
const pauseFactor = 10
/** What may be written on average while a run goes on: the journal already has it, and a large file is written whole. */
const charsPerSecond = 250_000

/**
 * Writes one lockfile, whole, at most a few times a second however much happens, the more seldom the larger it is, and
 * at the end. The journal carries what happened in between. A file that somebody else changed meanwhile is not
 * overwritten.
 */
export class LockWriter {
  readonly #path: string
  readonly #files: Files
  readonly #clock: Clock
  readonly #mark: World['mark']
  readonly #entries: () => LockEntries
  #fingerprint: Fingerprint | undefined
  /** There was no lockfile: as long as there is nothing to say, there need be none. */
  readonly #isNew: boolean
  readonly #renderer = new LockfileRenderer()
  /** Characters of the last text, which are about its bytes. */
  #size = 0
  #dirty = false
  #loop: Promise<void> | undefined
  readonly #ending = new AbortController()

  /** @param fingerprint Of the file as it was read; `undefined` when there was none. */
  constructor(
    path: string,
    world: Pick<World, 'files' | 'clock' | 'mark'>,
    options: { entries: () => LockEntries; fingerprint: Fingerprint | undefined },
  ) {
    this.#path = path
    this.#files = world.files
    this.#clock = world.clock
    this.#mark = world.mark
    this.#entries = options.entries
    this.#fingerprint = options.fingerprint
    this.#isNew = options.fingerprint === undefined
  }

  /** Says that entries have changed. Returns at once. */
  touch(): void {
    this.#dirty = true
    this.#loop ??= this.#writeUntilClean()
  }

  /**
   * Resolves when everything is written.
   *
   * @throws RunnerError `lockfile-changed` or `lockfile-unwritten`; the journal still holds everything.
   */
  async finish(): Promise<void> {
    this.#ending.abort()
    await this.#loop
    if (this.#dirty) await this.#write()
  }

  async #writeUntilClean(): Promise<void> {
    while (this.#dirty && !this.#ending.signal.aborted) {
      const started = this.#clock.now()
      // A failure is not lost: the entries stay dirty, and the last try in `finish` throws what it meets.
      await this.#write().catch(() => {
        this.#dirty = true
      })
      const tookMs = this.#clock.now() - started
      const waitMs = Math.max(pauseMs, tookMs * pauseFactor, (this.#size / charsPerSecond) * 1000)
      await this.#clock.sleep(waitMs, { signal: this.#ending.signal }).catch(() => undefined)
    }
    this.#loop = undefined
  }

  async #write(): Promise<void> {
    this.#dirty = false
    const entries = this.#entries()
    const isNeedless = entries.size === 0 && this.#isNew
    const result = await this.#replace(isNeedless ? undefined : this.#render(entries))
    if (result === 'changed') {
      throw new RunnerError(
        'lockfile-changed',
        `Cannot write "${this.#path}": it was changed while this run was at work`,
        {
          hint: 'Run again: the journal holds what this run bought, and it is put into the lockfile as it is then.',
        },
      )
    }
    this.#mark('lock-replaced')
    this.#fingerprint = result
  }

  *#render(entries: LockEntries): Generator<string> {
    let size = 0
    for (const piece of this.#renderer.render(entries)) {
      size += piece.length
      yield piece
    }
    this.#size = size
  }

  /** @param text `undefined` for no file at all. */
  async #replace(text: Iterable<string> | undefined): Promise<Fingerprint | undefined> {
    try {
      if (text !== undefined) return await this.#files.replaceIfSame(this.#path, text, this.#fingerprint)
      if ((await this.#files.fingerprint(this.#path)) !== this.#fingerprint) return 'changed'
      await this.#files.remove(this.#path)
      return undefined
    } catch (cause) {
      throw new RunnerError(
        'lockfile-unwritten',
        `Cannot write "${this.#path}": ${(cause as Error).message}`,
        {
          cause,
          hint: 'Make room on the disk or make the folder writable, then run again: the journal holds what was bought.',
        },
      )
    }
  }
}
