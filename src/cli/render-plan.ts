import type { PlanReport } from '../commands/plan.js'
import { formatExact, formatMoney, formatNumber } from '../core/amount-words.js'
import type { TokenRange } from '../core/estimate.js'
import type { BudgetView } from '../core/event.js'
import { holdSentence } from '../core/hold-words.js'
import { readMoney } from '../core/money.js'
import { splitTakeName, type TakeName } from '../core/names.js'
import type { EstimateView, PlanView, PriceView } from '../core/plan-view.js'
import { columns, count, formatPrice, type Palette } from './text.js'

type ViewStep = PlanView['steps'][number]

/**
 * A plan for people: what a run would do with each take, why, and what it costs.
 *
 * @param most How many steps of a manifest are listed; up-to-date ones are only counted.
 */
export function renderPlan(
  { plans, totals, budgets, limits }: PlanReport,
  palette: Palette,
  most: number,
): string[] {
  const lines = plans.flatMap((plan) => [...renderManifest(plan, palette, most), ''])
  return [...lines, ...budgets.map(renderBudget), renderTotals(totals, limits)]
}

/** How a budget stands, in one line. */
export function renderBudget({ name, currency, limit, spent, reserved }: BudgetView): string {
  const money = (amount: number) => formatMoney({ currency, amount })
  const aside = reserved > 0 ? `, ${money(reserved)} set aside for what is live or unknown` : ''
  const left = money(Math.max(0, limit - spent - reserved))
  const whose = name.startsWith('--') ? name : `Budget of ${name}`
  return `${whose}: ${money(spent)} of ${money(limit)} spent${aside}, ${left} left.`
}

/** What a person is asked to agree to: `Buy 3 takes of 2 shots for CNY 4.20`. */
export function consentWords({ plans, totals }: PlanReport): string {
  const { buys, prices, unpriced } = totals
  const shots = plans.reduce((sum, { steps }) => {
    const names = steps.filter(({ step }) => step === 'generate').map(({ take }) => splitTakeName(take).shot)
    return sum + new Set(names).size
  }, 0)
  const of = shots === buys ? '' : ` of ${count(shots, 'shot')}`
  return `Buy ${count(buys, 'take')}${of} for ${priceWords(prices, unpriced, buys)}`
}

function priceWords(prices: readonly PriceView[], unpriced: number, buys: number): string {
  const amounts = prices.map(formatPrice)
  if (unpriced > 0) amounts.push(unpricedWords(unpriced, buys))
  return amounts.join(' and ')
}

/** What a plan comes to, in one line. */
export function renderTotals(
  { buys, tokens, untold, prices, unpriced, finalPrices, stale, stalePrices, rejected }: PlanReport['totals'],
  limits: PlanReport['limits'],
): string {
  const refresh = stalePrices.length === 0 ? '' : ` for ${stalePrices.map(formatPrice).join(' and ')}`
  const again = (number: number) => `buys ${number === 1 ? 'it' : 'them'} again`
  const kept = [
    ...(stale === 0 ? [] : [` Keeps ${count(stale, 'stale take')}; --stale ${again(stale)}${refresh}.`]),
    ...(rejected === 0 ? [] : [` Keeps ${count(rejected, 'rejected take')}; --rejected ${again(rejected)}.`]),
  ].join('')
  if (buys === 0) return `Buys nothing.${kept}`
  const unknown = untold > 0 ? `, besides ${count(untold, 'take')} whose tokens cannot be told` : ''
  const takes = `${count(buys, 'take')} for ${priceWords(prices, unpriced, buys)}`
  const finals =
    finalPrices.length === 0 ? '' : ` Their finals: ${finalPrices.map(formatPrice).join(' and ')} on top.`
  return `Buys ${takes}: ${formatTokens(tokens)} tokens${unknown}.${finals}${kept} Account limit: ${limits.liveTasks} live, ${limits.createsPerMinute} a minute.`
}

function unpricedWords(unpriced: number, buys: number): string {
  return unpriced === buys
    ? 'a price that is not known'
    : `${count(unpriced, 'take')} at a price that is not known`
}

const tableHead = ['', '', 'pixels', 'length', 'sound', 'tier', 'tokens', 'price', '']

function renderManifest({ manifest, steps }: PlanView, palette: Palette, most: number): string[] {
  const listed = steps.filter(({ step, stale }) => step !== 'keep' || stale)
  const kept = steps.length - listed.length
  const rejected = steps.filter((step) => step.rejected && !step.stale).length
  const priced = listed.some(({ estimate }) => estimate)
  const rows = listed.slice(0, most).map((step) => {
    const cells = priced ? estimateCells(step.estimate) : []
    return [signOf(step, palette), step.take, ...cells, reasonOf(step)]
  })
  const right = tableHead.map((title) => (title === 'tokens' || title === 'price' ? 'right' : 'left'))
  const table = priced ? columns([tableHead, ...rows], right) : columns(rows)
  return [
    `${palette.bold(manifest)}  ${count(steps.length, 'take')}`,
    ...table.map((line) => `  ${line}`),
    ...(listed.length > most ? [`  … ${count(listed.length - most, 'more step')}`] : []),
    ...(kept > 0
      ? [`  = ${count(kept, 'take')} up to date${rejected > 0 ? `, ${formatNumber(rejected)} rejected` : ''}`]
      : []),
    ...renderUnknowns(listed).map((line) => palette.dim(`  ${line}`)),
  ]
}

function estimateCells(estimate: EstimateView | undefined): string[] {
  if (!estimate) return ['', '', '', '', '', '']
  const { width, height, resolution, ratio, audio, tier, tokens, price } = estimate
  const size = width === undefined ? [resolution, ratio].filter(Boolean).join(' ') : `${width}x${height}`
  return [
    size || '?',
    lengthOf(estimate),
    audio === undefined ? '' : audio ? 'sound' : 'silent',
    estimate.draft ? 'draft' : tier === 'flex' ? 'flex' : 'online',
    tokens ? formatTokens(tokens) : '?',
    price ? formatPrice(price) : '?',
  ]
}

function lengthOf({ seconds, inputSeconds }: EstimateView): string {
  if (!seconds) return '?'
  return inputSeconds
    ? `${formatRange(inputSeconds)} in, ${formatRange(seconds)} s`
    : `${formatRange(seconds)} s`
}

function formatRange({ min, max }: { min: number; max: number }): string {
  const [least, most] = [Number(min.toFixed(2)), Number(max.toFixed(2))]
  return least === most ? String(most) : `${least} to ${most}`
}

/** What could not be known, each once, with how many takes it is about. */
function renderUnknowns(steps: readonly ViewStep[]): string[] {
  const numbers = new Map<string, number>()
  for (const text of steps.flatMap(({ estimate }) => estimate?.unknowns ?? []))
    numbers.set(text, (numbers.get(text) ?? 0) + 1)
  return [...numbers].map(([text, number]) => `? ${text} (${count(number, 'take')})`)
}

function signOf({ step, reason, stale }: ViewStep, palette: Palette): string {
  switch (step) {
    case 'generate':
      return reason === 'changed' ? palette.yellow('~') : palette.green('+')
    case 'resume':
    case 'collect':
      return palette.cyan('↻')
    case 'reconcile':
      return palette.yellow('⚠')
    case 'hold':
      return palette.yellow('‖')
    case 'keep':
      return stale ? palette.yellow('≈') : '='
  }
}

function reasonOf(view: ViewStep): string {
  const { take, step, reason, changed = [], movedFrom, draft, finalPrice, upstream, stale, rejected } = view
  switch (step) {
    case 'generate':
      if (movedFrom !== undefined) return `new; ${moveAdvice(movedFrom, take)}`
      return `${changed.length > 0 ? `changed: ${changed.join(', ')}` : (reasonWords[reason ?? ''] ?? '')}${draftWords(draft)}${sameSeedWords(view)}${upstream === undefined ? '' : `, goes on from ${upstream}`}${finalPrice ? `; its final ${formatPrice(finalPrice)}` : ''}`
    case 'resume':
      return reason === 'outdated'
        ? 'live, resumes; changed since, the next run buys it anew'
        : 'live, resumes'
    case 'collect':
      return 'paid for, file missing here: fetched'
    case 'reconcile':
      return 'unknown: a create got no answer; looked for first, never bought again'
    case 'hold':
      return `held: ${holdSentence(reason, upstream)}`
    case 'keep':
      return stale ? `stale${rejected ? ', rejected' : ''}, kept: ${staleWords(upstream)}` : 'up to date'
  }
}

function draftWords(draft: ViewStep['draft']): string {
  if (!draft) return ''
  const { task, daysLeft, cost } = draft
  const days = daysLeft === undefined ? [] : [`${daysLeftWords(daysLeft)} left`]
  const paid = readMoney(cost)
  const money = paid ? [`cost ${formatExact(paid)}`] : []
  const facts = [...money, ...days].join(', ')
  return `, from draft ${task}${facts === '' ? '' : ` (${facts})`}`
}

/** Of what is bought again: that another film can hardly be expected. */
export function sameSeedWords({ sameSeed, draft }: Pick<ViewStep, 'sameSeed' | 'draft'>): string {
  if (sameSeed === undefined) return ''
  return `, with the same seed ${sameSeed}: nearly the same film, ${draft ? 'reject its draft' : 'change the seed'} for another`
}

/** `6 days`, `less than a day`. */
export function daysLeftWords(days: number): string {
  return days < 1 ? 'less than a day' : count(days, 'day')
}

/** `move` takes shots, all takes of each at once. */
function moveAdvice(from: TakeName, to: TakeName): string {
  const command = `shotlock move ${splitTakeName(from).shot} ${splitTakeName(to).shot}`
  return `same as "${from}", which left the manifest: ${command} keeps it without paying`
}

const reasonWords: Readonly<Record<string, string>> = {
  new: 'new',
  changed: 'changed',
  failed: 'failed before, may pass now',
  expired: 'expired before it was done',
  cancelled: 'was cancelled',
  forced: 'forced',
  stale: 'stale',
  rejected: 'rejected',
}

/** Why a take is stale. */
export function staleWords(upstream: string | undefined): string {
  return `${upstream ?? 'the shot'}, which it goes on from, is made anew or stale`
}

/** `87,300`, or `39,000 to 87,300` where the service decides. */
export function formatTokens({ min, max }: TokenRange): string {
  return min === max ? formatNumber(max) : `${formatNumber(min)} to ${formatNumber(max)}`
}
