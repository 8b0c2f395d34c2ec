import { formatNumber } from '../core/amount-words.js'
import { type Outcome, type RunEvent, takeKey } from '../core/event.js'
import { failureAdvice } from '../core/failure.js'
import { formatDuration, oneLine, type Palette } from './text.js'

/** Something that shows a run as it goes on. */
export interface Reporter {
  see(event: RunEvent): void
  /** Leaves the terminal as a program should. */
  close(): void
}

/** One plain line for everything worth one, for logs and pipes. */
export function plainReporter(write: (line: string) => void, palette: Palette): Reporter {
  return {
    see(event) {
      const line = eventLine(event, palette)
      if (line !== undefined) write(line)
    },
    close: () => undefined,
  }
}

/** No word until the end. */
export const silentReporter: Reporter = { see: () => undefined, close: () => undefined }

/** What happened, in one line; `undefined` for what needs none. */
export function eventLine(event: RunEvent, palette: Palette): string | undefined {
  switch (event.type) {
    case 'started': {
      const parts = [
        [event.buys, 'to buy'],
        [event.resumes, 'to resume'],
        [event.collects, 'to fetch'],
      ] as const
      const words = parts
        .filter(([number]) => number > 0)
        .map(([number, word]) => `${formatNumber(number)} ${word}`)
      return words.length === 0 ? undefined : `${event.provider}: ${words.join(', ')}`
    }
    case 'submitted':
      return `${palette.cyan('→')} ${takeKey(event)}  ${event.taskId}`
    case 'throttled':
      return palette.yellow(`provider asks for fewer creates: waiting ${formatDuration(event.waitMs)}`)
    case 'trouble':
      return palette.yellow(
        event.waitMs > 0
          ? `${oneLine(event.message)}: trying again in ${formatDuration(event.waitMs)}`
          : oneLine(event.message),
      )
    case 'stopping':
      return palette.red(`stopping: ${oneLine(event.stop.message)}`)
    case 'outcome':
      return outcomeLine(event.outcome, palette)
    case 'submitting':
    case 'status':
    case 'collecting':
    case 'finished':
      return undefined
  }
}

function outcomeLine(outcome: Outcome, palette: Palette): string | undefined {
  const name = takeKey(outcome)
  switch (outcome.kind) {
    case 'done': {
      const tokens = outcome.tokens === undefined ? '' : `  ${formatNumber(outcome.tokens)} tokens`
      return `${palette.green('✓')} ${name}  ${outcome.video}${tokens}`
    }
    case 'failed':
      return `${palette.red('✗')} ${name}  ${failureAdvice(outcome.failure)} (${oneLine(outcome.code)})`
    case 'unknown':
      return `${palette.yellow('⚠')} ${name}  unknown: ${oneLine(outcome.why)}`
    case 'live':
    case 'kept':
    case 'held':
    case 'cancelled':
      return undefined
  }
}
