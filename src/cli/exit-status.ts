import { RunnerError } from '../core/errors.js'
import type { Outcome, RunResult } from '../core/event.js'

/** Exit statuses; public. `design`: where several apply, the first of 70, 2, 3, 5, 4, 1 wins. */
export const exitStatus = {
  done: 0,
  failed: 1,
  badInput: 2,
  accountRefused: 3,
  open: 4,
  noConsent: 5,
  bug: 70,
} as const

/** The status of a command that threw. */
export function statusOfError(error: unknown): number {
  if (!(error instanceof RunnerError)) return exitStatus.bug
  switch (error.code) {
    case 'account-refused':
      return exitStatus.accountRefused
    case 'no-consent':
      return exitStatus.noConsent
    case 'run-in-progress':
    case 'lockfile-changed':
    case 'lockfile-unwritten':
      return exitStatus.open
    case 'provider-unreachable':
    case 'provider-error':
      return exitStatus.failed
    default:
      return exitStatus.badInput
  }
}

/** The status of a run that came to its end. */
export function statusOfRun({ outcomes, stop }: RunResult): number {
  const any = (test: (outcome: Outcome) => boolean) => outcomes.some(test)
  if (stop?.why === 'account') return exitStatus.accountRefused
  if (stop?.why === 'budget' || any(isWithheld)) return exitStatus.noConsent
  const open = any((outcome) => outcome.kind === 'live' || outcome.kind === 'unknown' || isElsewhere(outcome))
  if (open || stop?.why === 'interrupted' || stop?.why === 'timeout' || stop?.why === 'unwritable')
    return exitStatus.open
  const undone = any(
    (outcome) => outcome.kind === 'failed' || outcome.kind === 'cancelled' || isHeld(outcome),
  )
  return undone ? exitStatus.failed : exitStatus.done
}

/** Not bought because a budget or a person's consent does not cover it. */
function isWithheld(outcome: Outcome): boolean {
  return outcome.kind === 'cancelled' && outcome.why !== undefined
}

function isElsewhere(outcome: Outcome): boolean {
  return outcome.kind === 'held' && outcome.reason === 'other-provider'
}

/** Held by a failure; a shot that a person skips is as they want it. */
function isHeld(outcome: Outcome): boolean {
  return outcome.kind === 'held' && outcome.reason !== 'skipped'
}
