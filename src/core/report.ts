import { failureAdvice, mayRerun } from './failure.js'
import { holdSentence } from './hold-words.js'
import { lostCode } from './ledger-state.js'
import type { HoldReason } from './plan.js'
import type { Problem } from './problem.js'
import type { TakeStatus } from './take-status.js'

/** A take as a report tells of it: where it stands, and where its shot does. */
export interface ReportedTake extends TakeStatus {
  /** 1-based place of the shot's key; left out for a shot that the manifest no longer has. */
  line?: number
  col?: number
}

export interface ReportedManifest {
  manifest: string
  /** Its path, with `/`. */
  file: string
  takes: readonly ReportedTake[]
  /** Videos that were paid for and whose take is not known. */
  unclaimed: readonly string[]
}

/** What a report is made of. Without manifests where one of them has an error: nothing is known of any take then. */
export interface Report {
  manifests: readonly ReportedManifest[]
  problems: readonly Problem[]
}

/** What is to be said of a take, in order of weight. */
export const verdictKinds = ['lost', 'unknown', 'failed', 'waiting', 'done'] as const

/** What is to be said of a take. */
export type Verdict =
  | { kind: 'done' }
  /** Nothing is wrong with it, and it is not done. */
  | { kind: 'waiting'; why: string; for: 'person' | 'run' }
  /** `mayRerun`: whether it may be bought again as it is. */
  | { kind: 'failed'; code: string; advice: string; mayRerun: boolean }
  /** Paid for, or perhaps so, and nothing to show for it. */
  | { kind: 'lost' | 'unknown'; code: string; advice: string }

const done: Verdict = { kind: 'done' }

/** What a take's standing means for whoever reads a report. */
export function judgeTake(take: TakeStatus): Verdict {
  const { status, next, error, failure, task, held, upstream } = take
  if (status === 'unknown') {
    const advice = 'a create was sent and its answer never seen: shotlock reconcile looks for its task'
    return { kind: 'unknown', code: 'unknown', advice }
  }
  if (error === lostCode) {
    const advice = `paid for as ${task}, and the provider no longer has the result: --force buys it again`
    return { kind: 'lost', code: lostCode, advice }
  }
  if (status === 'failed' || status === 'expired' || status === 'cancelled') {
    const kind = failure ?? (status === 'failed' ? 'service' : status)
    const again = mayRerun(kind)
    const advice =
      !again && next === 'generate'
        ? 'the shot was changed since: the next run buys it'
        : `${failureAdvice(kind)}${again ? ' (shotlock run --failed)' : ''}`
    return { kind: 'failed', code: error ?? status, advice, mayRerun: again || next === 'generate' }
  }
  if (held !== undefined && status === 'absent')
    return { kind: 'waiting', why: holdSentence(held, upstream), for: isForPerson(held) ? 'person' : 'run' }
  if (status === 'absent') return forRun('not bought yet')
  if (status === 'submitted') return forRun(`live as ${task}: shotlock run goes on with it`)
  return judgeResult(take)
}

function judgeResult(take: TakeStatus): Verdict {
  const { next, video, task, fetchBefore, draft, stale, upstream, approved, note } = take
  if (video === undefined) {
    const until = fetchBefore === undefined ? '' : ` before ${fetchBefore}`
    return forPerson(`paid for as ${task} and not fetched: shotlock run fetches it${until}`)
  }
  if (next === 'generate') return forRun('changed since it was bought: the next run buys it anew')
  if (approved === false)
    return forPerson(`rejected${note === undefined ? '' : ` (${note})`}: run --rejected buys it again`)
  if (draft && !draft.approved) return forPerson('a draft that waits for approval: shotlock promote')
  if (stale) {
    const from = upstream ?? 'the shot'
    return forPerson(`${from}, which it goes on from, was made anew: run --stale buys it again`)
  }
  return done
}

function forRun(why: string): Verdict {
  return { kind: 'waiting', why, for: 'run' }
}

function forPerson(why: string): Verdict {
  return { kind: 'waiting', why, for: 'person' }
}

function isForPerson(reason: HoldReason): boolean {
  return reason !== 'skipped' && reason !== 'upstream'
}

/** The path of a manifest without its ending: what tells it from others of the same name. */
export function suiteName(file: string): string {
  return file.replace(/\.ya?ml$/i, '')
}
