import type { StatusReport, TakeStatus } from '../commands/status.js'
import { formatExact, formatNumber } from '../core/amount-words.js'
import { failureAdvice } from '../core/failure.js'
import { holdSentence } from '../core/hold-words.js'
import { lostCode } from '../core/ledger-state.js'
import { readMoney, sumMoney } from '../core/money.js'
import { splitTakeName } from '../core/names.js'
import { daysLeftWords, staleWords } from './render-plan.js'
import { columns, count, formatDuration, oneLine, type Palette, truncate } from './text.js'

const shownPerManifest = 200
/** So many columns of a note are shown. */
const noteWidth = 80

/** Where each take stands: the counts, then what is not simply done, then what is rejected, noted or picked. */
export function renderStatus({ manifests }: StatusReport, palette: Palette): string[] {
  return manifests.flatMap(({ manifest, takes, unclaimed }, index) => {
    // Decisions stand behind what is open, so that they crowd nothing of that out.
    const shown = [...takes.filter(isOpen), ...takes.filter((take) => isRemarkable(take) && !isOpen(take))]
    const rows = shown
      .slice(0, shownPerManifest)
      .map((take) => [take.take, paint(take, palette), wordsOf(take)])
    return [
      ...(index > 0 ? [''] : []),
      `${palette.bold(manifest)}  ${counts(takes)}`,
      ...columns(rows).map((line) => `  ${line}`),
      ...unclaimed.map(
        (path) =>
          `  ${path}  ${palette.yellow('unclaimed')}: paid for, its take is not known: shotlock adopt SHOT TASK`,
      ),
      ...(shown.length > shownPerManifest
        ? [`  … ${count(shown.length - shownPerManifest, 'more take')}`]
        : []),
    ]
  })
}

function isOpen({ status, next, draft, stale }: TakeStatus): boolean {
  return !(status === 'succeeded' && next === 'keep' && !draft && !stale)
}

/** Accepted without a word is as it should be. */
function isRemarkable({ picked, approved, note }: TakeStatus): boolean {
  return picked === true || approved === false || note !== undefined
}

function counts(takes: readonly TakeStatus[]): string {
  const byStatus = new Map<string, number>()
  for (const { status } of takes) byStatus.set(status, (byStatus.get(status) ?? 0) + 1)
  const tokens = takes.reduce((sum, take) => sum + (take.tokens ?? 0), 0)
  const costs = sumMoney(takes.map(({ cost }) => readMoney(cost)).filter((cost) => cost !== undefined))
  const money = costs.map((cost) => `, ${formatExact(cost)}`)
  const words = [...byStatus].map(
    ([status, number]) => `${formatNumber(number)} ${status === 'absent' ? 'not bought' : status}`,
  )
  return `${words.join(', ')}${decisionCounts(takes)}${tokens > 0 ? `; ${formatNumber(tokens)} tokens` : ''}${money.join('')}`
}

/** A draft whose final is there has had its say. */
function decisionCounts(takes: readonly TakeStatus[]): string {
  const counted = takes.filter(({ take, draft, approved }) => {
    const isPast = approved === true && !draft && splitTakeName(take).draft
    return approved !== undefined && !isPast
  })
  const rejected = counted.filter(({ approved }) => !approved).length
  const approved = counted.length - rejected
  const words = [
    ...(approved > 0 ? [`${formatNumber(approved)} approved`] : []),
    ...(rejected > 0 ? [`${formatNumber(rejected)} rejected`] : []),
  ]
  return words.length === 0 ? '' : `; ${words.join(', ')}`
}

function paint({ status }: TakeStatus, { green, yellow, red, cyan, dim }: Palette): string {
  switch (status) {
    case 'succeeded':
      return green(status)
    case 'submitted':
      return cyan('live')
    case 'unknown':
      return yellow(status)
    case 'absent':
      return dim('not bought')
    default:
      return red(status)
  }
}

function wordsOf(take: TakeStatus): string {
  const words = [...(take.picked ? ['picked'] : []), decisionWords(take), describe(take)]
  return words.filter((part) => part !== '').join('; ')
}

/** `rejected: “too dark”`. That a draft was approved is said with what follows from it. */
function decisionWords({ approved, note, draft }: TakeStatus): string {
  const state = approved === false ? 'rejected' : approved && !draft ? 'approved' : ''
  const remark = note === undefined ? '' : `“${truncate(oneLine(note), noteWidth)}”`
  return [state, remark].filter((part) => part !== '').join(': ')
}

function describe(take: TakeStatus): string {
  const {
    status,
    next,
    held,
    task,
    provider,
    failure,
    error,
    here,
    ageS,
    fetchBefore,
    draft,
    stale,
    upstream,
    approved,
    reason,
  } = take
  if (status === 'absent') return held === undefined ? '' : holdSentence(held, upstream)
  if (status === 'unknown') return 'a create got no answer: shotlock reconcile looks for its task'
  if (error === lostCode) return `paid for as ${task}, and the provider no longer has it`
  if (failure !== undefined) return `${failureAdvice(failure)} (${error})`
  if (status === 'submitted') {
    const age = ageS === undefined ? '' : `, for ${formatDuration(ageS * 1000)}`
    return `${task} at ${provider}${age}`
  }
  if (here !== true) {
    const until = fetchBefore === undefined ? '' : ` before ${fetchBefore}`
    return `paid for as ${task}, the file is not here: run fetches it${until}`
  }
  if (approved === false && (next === 'keep' || reason === 'rejected') && !stale)
    return `run --rejected buys ${draft ? 'another' : 'it again'}`
  if (draft && next === 'keep') return draftWords(draft)
  if (stale) return `${staleWords(upstream)}: run --stale buys it again`
  return next === 'generate' ? 'changed since it was bought: the next run buys it anew' : ''
}

function draftWords({ approved, daysLeft }: NonNullable<TakeStatus['draft']>): string {
  const state = approved ? 'approved: the next run makes its final' : 'waits for approval: shotlock promote'
  if (daysLeft === undefined) return state
  return daysLeft < 0
    ? 'past its 7 days: run --draft makes another'
    : `${state}, ${daysLeftWords(daysLeft)} left`
}
