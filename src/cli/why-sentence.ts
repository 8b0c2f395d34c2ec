import type { LastBought, TakeReason } from '../commands/why.js'
import { failureAdvice } from '../core/failure.js'
import { holdSentence as heldWords } from '../core/hold-words.js'
import { lostCode, releasedCode } from '../core/ledger-state.js'
import { splitTakeName } from '../core/names.js'
import { staleWords } from './render-plan.js'
import { oneLine } from './text.js'

/** What a run does with a take, and for which reason. */
export function whySentence(take: TakeReason): string {
  const gone = take.gone ? '; the manifest no longer has it' : ''
  return `${stepWords(take)}${gone}`
}

function stepWords(take: TakeReason): string {
  const { step, reason, bought, difference } = take
  switch (step) {
    case 'generate':
      return `a run buys it: ${buyWords(take)}${sourceWords(take)}`
    case 'resume': {
      const then = reason === 'outdated' ? '. It has changed since: the run after that buys it anew' : ''
      return `a run waits for it and buys nothing: ${taskOf(bought)} is live${then}`
    }
    case 'collect':
      return `a run fetches it and buys nothing: ${taskOf(bought)} is paid for and its file is not here`
    case 'reconcile':
      return 'a run does not buy it: a create was sent and its answer never seen, so it may be paid for. A run looks for its task first; shotlock reconcile does that alone'
    case 'hold':
      return `a run does not buy it: ${holdSentence(take)}`
    case 'keep':
      if (take.stale)
        return `a run leaves it as it is, and only --stale${take.rejected ? ' or --rejected' : ''} buys it again: ${staleWords(take.upstream)}`
      if (take.rejected && !difference)
        return `a run leaves it as it is: it was rejected, and only run --rejected buys it again`
      return difference || bought?.failure
        ? `a run leaves it as it is, since only run --draft buys drafts: ${difference ? changedSince(bought) : failureOf(bought)}`
        : `a run leaves it as it is: ${upToDate(bought)}`
  }
}

function buyWords({ take, reason, bought, difference, movedFrom, upstream }: TakeReason): string {
  switch (reason) {
    case 'new': {
      if (movedFrom !== undefined) {
        const [from, to] = [movedFrom, take].map((name) => splitTakeName(name).shot)
        return `it is new, and the same as "${movedFrom}", which left the manifest: shotlock move ${from} ${to} keeps that without paying`
      }
      const { number } = splitTakeName(take)
      return number === 1 ? 'it is new' : `take ${number} is new`
    }
    case 'changed':
      return changedSince(bought)
    case 'stale':
      return `--stale is given, and ${staleWords(upstream)}`
    case 'forced':
      return difference
        ? `--force is given, and ${changedSince(bought)}`
        : `--force is given, though nothing that decides the result has changed since ${purchase(bought)}`
    default:
      return failureOf(bought)
  }
}

/** Of a final that is made from a draft. */
function sourceWords({ draft }: TakeReason): string {
  if (!draft) return ''
  const until = draft.until === undefined ? '' : `, possible until ${minuteOf(draft.until)}`
  return `; made from draft ${oneLine(draft.task)}${until}`
}

function holdSentence({ reason = '', bought, difference, upstream }: TakeReason): string {
  const words = heldWords(reason, upstream)
  switch (reason) {
    case 'moderation-input':
    case 'invalid':
      return `${endOf(bought)}. It is ${words}; --force buys it as it is`
    case 'other-provider':
      return `${taskOf(bought)} was ${words}`
    case 'lost':
      return `${taskOf(bought)} is ${words}`
    case 'skipped':
      return difference ? `${words}. Besides, ${changedSince(bought)}` : words
    default:
      return words
  }
}

function upToDate(bought: LastBought | undefined): string {
  const elsewhere =
    bought?.here === false
      ? `. Its file is not here, and only a run with ${oneLine(bought.provider)} could fetch it`
      : ''
  return `nothing that decides the result has changed since ${purchase(bought)}${elsewhere}`
}

function changedSince(bought: LastBought | undefined): string {
  const end = bought?.failure || bought?.error === lostCode ? ` (${endOf(bought)})` : ''
  return `it has changed since ${purchase(bought)}${end}`
}

function purchase(bought: LastBought | undefined): string {
  return bought?.task === undefined ? 'its create was sent' : `${taskOf(bought)} was bought`
}

function failureOf(bought: LastBought | undefined): string {
  const { failure = 'service' } = bought ?? {}
  // What the advice would say of these, their end says as well.
  if (failure === 'expired' || failure === 'cancelled') return endOf(bought)
  const advice = failureAdvice(failure)
  return `${endOf(bought)}. ${advice[0]!.toUpperCase()}${advice.slice(1)}`
}

/** What became of the last purchase. */
function endOf(bought: LastBought | undefined): string {
  const { status, task, error } = bought ?? {}
  if (error === releasedCode) return 'its create without an answer was given up for lost'
  const code = error === undefined ? '' : ` (${oneLine(error)})`
  switch (status) {
    case 'failed':
      return task === undefined ? `its create was refused${code}` : `${taskOf(bought)} failed${code}`
    case 'expired':
      return `${taskOf(bought)} expired before it was done`
    case 'cancelled':
      return `${taskOf(bought)} was cancelled`
    default:
      return error === lostCode ? 'its result can no longer be had' : `${taskOf(bought)} is ${status}`
  }
}

function taskOf(bought: LastBought | undefined): string {
  return bought?.task === undefined ? 'its task' : `task ${oneLine(bought.task)}`
}

/** To the minute, in UTC. */
export function minuteOf(at: string): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
