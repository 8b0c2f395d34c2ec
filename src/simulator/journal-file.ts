import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs'
import { RunnerError } from '../core/errors.js'

/** JSON lines that only grow. */
export interface JournalFile<T> {
  /** The line is with the operating system before this returns, so it outlives a killed process. */
  append(entry: T): void
  /** All lines so far. */
  text(): string
  /** @throws RunnerError `state-unreadable` for a line that is not JSON. */
  entries(): T[]
  close(): void
}

/**
 * Opens a journal on disk, or in memory when there is no path. A last line without its end was never finished, and is
 * cut off.
 * @throws RunnerError `state-unwritable`.
 */
export function openJournal<T>(path: string | undefined): JournalFile<T> {
  if (path === undefined) {
    let text = ''
    return {
      append: (entry) => {
        text += lineOf(entry)
      },
      text: () => text,
      entries: () => parseLines(text, 'memory'),
      close: () => {},
    }
  }
  const handle = openWhole(path)
  return {
    append: (entry) => void writeSync(handle, lineOf(entry)),
    text: () => readFileSync(path, 'utf8'),
    entries: () => parseLines(readFileSync(path, 'utf8'), path),
    close: () => closeSync(handle),
  }
}

function openWhole(path: string): number {
  try {
    const handle = openSync(path, 'a+')
    const bytes = readFileSync(path)
    const wholeLength = bytes.lastIndexOf('\n') + 1
    if (wholeLength < bytes.length) ftruncateSync(handle, wholeLength)
    return handle
  } catch (cause) {
    throw new RunnerError('state-unwritable', `Cannot write "${path}": ${(cause as Error).message}`, {
      cause,
    })
  }
}

function lineOf(entry: unknown): string {
  return `${JSON.stringify(entry)}\n`
}

function parseLines<T>(text: string, name: string): T[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      try {
        return JSON.parse(line) as T
      } catch (cause) {
        throw new RunnerError('state-unreadable', `Cannot read "${name}": line ${index + 1} is not JSON`, {
          hint: 'Start the simulator on an empty folder',
          cause,
        })
      }
    })
}
