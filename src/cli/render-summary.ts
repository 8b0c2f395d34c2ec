import type { RunReport } from '../commands/run.js'
import { formatExact, formatNumber } from '../core/amount-words.js'
import type { NotBoughtReason, Outcome, Stop, StopReason } from '../core/event.js'
import { failureAdvice, mayRerun } from '../core/failure.js'
import { holdSentence } from '../core/hold-words.js'
import { lostCode } from '../core/ledger-state.js'
import { type Money, readMoney, sumMoney } from '../core/money.js'
import { renderBudget } from './render-plan.js'
import { columns, count, oneLine, type Palette, truncate } from './text.js'

const shownOutcomes = 100

/**
 * What came of a run: what needs a person, the counts, and what to do next.
 *
 * @param width Most columns for the reason of an outcome; `Infinity` where nothing limits a line.
 */
export function renderSummary(
  { outcomes, stop, plans, budgets }: RunReport,
  palette: Palette,
  width: number,
): string[] {
  const lines: string[] = []
  const several = plans.length > 1
  const attention = outcomes.filter(needsAttention)
  const rows = attention.slice(0, shownOutcomes).map((outcome) => {
    const name = several ? `${outcome.manifest}/${outcome.take}` : outcome.take
    return [mark(outcome, palette), name, truncate(oneLine(explain(outcome)), width)]
  })
  if (rows.length > 0) lines.push('', ...columns(rows).map((line) => ` ${line}`))
  if (attention.length > shownOutcomes)
    lines.push(` … ${formatNumber(attention.length - shownOutcomes)} more`)
  if (stop) lines.push('', palette.red(`Stopped: ${oneLine(stop.message)}`))
  lines.push('', tally(outcomes), ...budgets.map(renderBudget), ...advice(outcomes, stop))
  return lines
}

function needsAttention(outcome: Outcome): boolean {
  if (outcome.kind === 'kept') return outcome.note !== undefined
  return outcome.kind !== 'done' && outcome.kind !== 'cancelled'
}

function mark({ kind }: Outcome, palette: Palette): string {
  switch (kind) {
    case 'failed':
      return palette.red('✗')
    case 'done':
      return palette.green('✓')
    case 'kept':
      return '='
    case 'live':
      return palette.cyan('↻')
    default:
      return palette.yellow('⚠')
  }
}

function explain(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'done':
      return outcome.video
    case 'failed':
      if (outcome.code === lostCode || outcome.code === 'image-changed') return outcome.message
      return `${failureAdvice(outcome.failure)} (${outcome.code}${outcome.message ? `: ${outcome.message}` : ''})`
    case 'kept':
      return outcome.note ?? 'up to date'
    case 'held':
      return `held: ${holdSentence(outcome.reason, outcome.upstream)}`
    case 'cancelled':
      return 'not bought'
    case 'live':
      return `live as ${outcome.taskId}${outcome.note ? `: ${outcome.note}` : ''}`
    case 'unknown':
      return `unknown: ${outcome.why}`
  }
}

function tally(outcomes: readonly Outcome[]): string {
  const number = (kind: Outcome['kind']) => outcomes.filter((outcome) => outcome.kind === kind).length
  const tokens = outcomes.reduce(
    (sum, outcome) => sum + (outcome.kind === 'done' && outcome.bought ? (outcome.tokens ?? 0) : 0),
    0,
  )
  const parts = [
    [number('done'), 'done'],
    [number('failed'), 'failed'],
    [number('live'), 'live'],
    [number('unknown'), 'unknown'],
    [number('held'), 'held'],
    [number('cancelled'), 'not bought'],
    [number('kept'), 'up to date'],
  ] as const
  const words = parts
    .filter(([amount]) => amount > 0)
    .map(([amount, word]) => `${formatNumber(amount)} ${word}`)
  const amounts = sumMoney(outcomes.flatMap(costOf)).map(formatExact)
  const cost = [...(tokens > 0 ? [`${formatNumber(tokens)} tokens`] : []), ...amounts]
    .map((text) => `, ${text}`)
    .join('')
  return words.length === 0 ? 'Nothing to do.' : `${words.join(', ')}${cost}.`
}

/** What a take cost that this run bought. */
function costOf(outcome: Outcome): Money[] {
  const cost = outcome.kind === 'done' && outcome.bought ? readMoney(outcome.cost) : undefined
  return cost ? [cost] : []
}

function advice(outcomes: readonly Outcome[], stop: Stop | undefined): string[] {
  const lines: string[] = []
  const unknown = outcomes.filter(({ kind }) => kind === 'unknown').length
  const live = outcomes.some(({ kind }) => kind === 'live')
  const again = outcomes.filter(isBuyable).length
  const withheld = (why: NotBoughtReason) =>
    outcomes.filter((outcome) => outcome.kind === 'cancelled' && outcome.why === why).length
  if (withheld('edited') > 0) {
    const what = count(withheld('edited'), 'take')
    lines.push(`${what} changed in the manifest after the plan was agreed to: run again to see the new plan.`)
  }
  if (withheld('budget') > 0 && stop?.why !== 'budget') {
    lines.push(
      `${count(withheld('budget'), 'take')} did not fit into a manifest's budget: raise it there, then run again.`,
    )
  }
  if (unknown > 0) {
    const whose = `${count(unknown, 'take')} may have been bought without our seeing the answer.`
    lines.push(`${whose} No run buys them again, and neither should you: shotlock reconcile looks for them.`)
  }
  if (live) lines.push('Run the same command again: it resumes what is live and buys nothing twice.')
  else if (stop) lines.push(stopAdvice[stop.why])
  const waiting = outcomes.filter(
    (outcome) => outcome.kind === 'held' && outcome.reason === 'upstream',
  ).length
  if (waiting > 0)
    lines.push(
      `${count(waiting, 'take')} ${waiting === 1 ? 'waits for the shot that it goes' : 'wait for the shots that they go'} on from: shotlock run buys what is missing.`,
    )
  const stale = outcomes.filter((outcome) => outcome.kind === 'kept' && outcome.stale).length
  if (stale > 0)
    lines.push(
      `${count(stale, 'take')} kept although stale: shotlock run --stale buys what goes on from shots made anew.`,
    )
  const rejected = outcomes.filter((outcome) => outcome.kind === 'kept' && outcome.rejected).length
  if (rejected > 0)
    lines.push(
      `${count(rejected, 'take')} kept although rejected: shotlock run --rejected buys ${rejected === 1 ? 'it' : 'them'} again.`,
    )
  if (again > 0) lines.push(`shotlock run --failed buys ${count(again, 'failed take')} again.`)
  return lines
}

const stopAdvice: Readonly<Record<StopReason, string>> = {
  interrupted: 'Run the same command again: it goes on where this run stopped.',
  account: 'Put the key or the account in order, then run the same command again.',
  unreachable: 'Check the network and the base URL, then run the same command again.',
  unwritable: 'Make room on the disk or make the folder writable, then run the same command again.',
  timeout: 'Run the same command again: it goes on where this run stopped.',
  budget:
    'Run again to go on where this run stopped: --max-cost holds for one run, and a higher one goes further.',
  unknowns: 'Check the base URL and whatever stands between you and the provider before you run again.',
}

/** A failed download is paid for: the next run fetches it and buys nothing. */
function isBuyable(outcome: Outcome): boolean {
  return outcome.kind === 'failed' && mayRerun(outcome.failure) && outcome.failure !== 'download'
}
