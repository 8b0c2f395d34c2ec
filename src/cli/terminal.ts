import pc from 'picocolors'
import { ManifestError, RunnerError } from '../core/errors.js'
import { renderProblems } from './render-problems.js'
import type { Output, Surroundings } from './surroundings.js'
import type { Palette } from './text.js'

/** Where a command's words go: results to stdout, everything else to stderr. */
export interface Terminal {
  /** For text on stdout and on stderr, each with colours only when a person looks at it. */
  outPalette: Palette
  errPalette: Palette
  /** Whether stderr can be drawn over. */
  live: boolean
  print(lines: readonly string[] | string): void
  note(lines: readonly string[] | string): void
  json(value: unknown): void
  error(error: unknown): void
}

/** Colour and redrawing only on a terminal, and only when `NO_COLOR` and `CI` do not object. */
export function createTerminal(surroundings: Pick<Surroundings, 'stdout' | 'stderr' | 'env'>): Terminal {
  const { stdout, env } = surroundings
  const inCi = Boolean(env.CI)
  const coloured = (stream: Output) => stream.isTTY === true && !env.NO_COLOR && !inCi && env.TERM !== 'dumb'
  const write = (stream: Output, lines: readonly string[] | string) => {
    for (const line of [lines].flat()) stream.write(`${line}\n`)
  }
  const terminal: Terminal = {
    outPalette: pc.createColors(coloured(stdout)),
    // Opening stderr takes time, and a command that goes well may say nothing there.
    get errPalette() {
      return pc.createColors(coloured(surroundings.stderr))
    },
    get live() {
      return surroundings.stderr.isTTY === true && !inCi && env.TERM !== 'dumb'
    },
    print: (lines) => write(stdout, lines),
    note: (lines) => write(surroundings.stderr, lines),
    json: (value) => write(stdout, JSON.stringify(value, undefined, 2)),
    error: (error) => write(surroundings.stderr, renderError(error, terminal.errPalette)),
  }
  return terminal
}

/** Which, what happened, what now. A bug shows its stack and asks to be reported. */
function renderError(error: unknown, palette: Palette): string[] {
  if (error instanceof ManifestError)
    return [...renderProblems(error.problems, palette), `${error.message}. Nothing was sent.`]
  if (error instanceof RunnerError) {
    const lines = [`${palette.red('error')} ${palette.dim(`(${error.code})`)}: ${error.message}`]
    if (error.hint !== undefined) lines.push(error.hint)
    return lines
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return [
    `${palette.red('This is a bug in shotlock.')} What was bought is in the lockfile and the journal; running again resumes it.`,
    'Please report it with the lines below:',
    stack,
  ]
}
