import type { PlanReport } from '../commands/plan.js'
import type { TokenRange } from '../core/estimate.js'
import { splitTakeName, type TakeName } from '../core/names.js'
import type { PlanTotals, PlanView } from '../core/plan.js'
import { columns, count, formatNumber, type Palette } from './text.js'

type ViewStep = PlanView['steps'][number]

/**
 * A plan for people: what a run would do with each take, why, and how many tokens it takes.
 *
 * @param most How many steps of a manifest are listed; up-to-date ones are only counted.
 */
export function renderPlan({ plans, totals, limits }: PlanReport, palette: Palette, most: number): string[] {
  const lines = plans.flatMap((plan) => [...renderManifest(plan, palette, most), ''])
  return [...lines, renderTotals(totals, limits)]
}

/** What a plan comes to, in one line. */
export function renderTotals({ buys, tokens, untold }: PlanTotals, limits: PlanReport['limits']): string {
  if (buys === 0) return 'Buys nothing.'
  const unknown = untold > 0 ? `, besides ${count(untold, 'take')} of models not in the tables` : ''
  return `Buys ${count(buys, 'take')}: ${formatTokens(tokens)} tokens${unknown}. Account limit: ${limits.liveTasks} live, ${limits.createsPerMinute} a minute.`
}

function renderManifest({ manifest, steps }: PlanView, palette: Palette, most: number): string[] {
  const listed = steps.filter(({ step }) => step !== 'keep')
  const kept = steps.length - listed.length
  const priced = listed.some(({ tokens }) => tokens)
  const rows = listed.slice(0, most).map((step) => {
    const tokens = priced ? [step.tokens ? formatTokens(step.tokens) : ''] : []
    return [signOf(step, palette), step.take, ...tokens, reasonOf(step)]
  })
  const head = `${palette.bold(manifest)}  ${count(steps.length, 'take')}`
  const table = priced ? columns([['', '', 'tokens', ''], ...rows], ['left', 'left', 'right']) : columns(rows)
  return [
    head,
    ...table.map((line) => `  ${line}`),
    ...(listed.length > most ? [`  … ${count(listed.length - most, 'more step')}`] : []),
    ...(kept > 0 ? [`  = ${count(kept, 'take')} up to date`] : []),
  ]
}

function signOf({ step, reason }: ViewStep, palette: Palette): string {
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
      return '='
  }
}

function reasonOf({ take, step, reason, changed = [], movedFrom }: ViewStep): string {
  switch (step) {
    case 'generate':
      if (movedFrom !== undefined) return `new; ${moveAdvice(movedFrom, take)}`
      return changed.length > 0 ? `changed: ${changed.join(', ')}` : (reasonWords[reason ?? ''] ?? '')
    case 'resume':
      return reason === 'outdated'
        ? 'live, resumes; changed since, the next run buys it anew'
        : 'live, resumes'
    case 'collect':
      return 'paid for, file missing here: fetched'
    case 'reconcile':
      return 'unknown: a create got no answer; looked for first, never bought again'
    case 'hold':
      return `held: ${holdWords[reason ?? ''] ?? reason}`
    case 'keep':
      return 'up to date'
  }
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
}

/** Why a take waits for a person, in words. */
export const holdWords: Readonly<Record<string, string>> = {
  skipped: 'skip is set',
  'moderation-input': 'refused by moderation until the shot changes',
  invalid: 'refused as invalid until the shot changes',
  lost: 'paid for, but the provider no longer has the result; --force buys it again',
  'other-provider': 'bought from another provider, run it with that one',
}

/** `87,300`, or `39,000 to 87,300` where the service decides. */
export function formatTokens({ min, max }: TokenRange): string {
  return min === max ? formatNumber(max) : `${formatNumber(min)} to ${formatNumber(max)}`
}
