import { RunnerError } from '../core/errors.js'
import type { LedgerRecord } from '../core/ledger-state.js'
import type { AppendFile } from '../ports/files.js'

/**
 * The journal of one manifest. Lines that gather while the disk is busy share one write and one flush, so a hundred
 * takes in flight cost little more than one, and each still waits until its own line is on the disk.
 */
export class Journal {
  readonly #file: AppendFile
  #sizeBytes: number
  #waiting: { line: string; resolve: () => void; reject: (error: Error) => void }[] = []
  #busy: Promise<void> | undefined
  #broken: Error | undefined

  /** @param sizeBytes What the file holds, all of it whole lines. */
  constructor(file: AppendFile, sizeBytes: number) {
    this.#file = file
    this.#sizeBytes = sizeBytes
  }

  /**
   * Resolves when the record is on the disk.
   *
   * @throws RunnerError `state-unwritable`; the journal then holds what it held before, and nothing of this record.
   */
  append(record: LedgerRecord): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ line: `${JSON.stringify(record)}\n`, resolve, reject })
      this.#busy ??= this.#drain()
    })
  }

  async close(): Promise<void> {
    await this.#busy
    await this.#file.close()
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting
      this.#waiting = []
      try {
        await this.#write(group.map(({ line }) => line).join(''))
        for (const { resolve } of group) resolve()
      } catch (cause) {
        const error = new RunnerError(
          'state-unwritable',
          `Cannot write the journal: ${(cause as Error).message}`,
          {
            cause,
            hint: 'Make room on the disk or make the folder writable, then run again.',
          },
        )
        for (const { reject } of group) reject(error)
      }
    }
    this.#busy = undefined
  }

  async #write(text: string): Promise<void> {
    if (this.#broken) throw this.#broken
    const bytes = new TextEncoder().encode(text)
    try {
      await this.#file.write(bytes)
      await this.#file.flush()
      this.#sizeBytes += bytes.length
    } catch (error) {
      // Half a line may be there. Cut it off, or later lines would follow it and the whole file be damaged.
      await this.#file.truncate(this.#sizeBytes).catch(() => {
        this.#broken = error as Error
      })
      throw error
    }
  }
}
