import { bordersOf } from './chains.js'
import type { DigestPart } from './digest.js'
import type { DraftSource } from './draft-source.js'
import type { Estimate, TokenRange } from './estimate.js'
import { microsPerUnit, type PriceRange, sumPrices } from './money.js'
import type { ShotName, TakeName } from './names.js'
import type { Plan, Step } from './plan.js'
import type { TaskId } from './task.js'

/** What the `generate` steps of plans come to. */
export interface PlanTotals {
  buys: number
  tokens: TokenRange
  /** Takes whose tokens cannot be told. */
  untold: number
  /** One a currency. */
  prices: readonly PriceRange[]
  /** Takes whose price cannot be told. */
  unpriced: number
  /** For drafts: what their finals will cost on top, one a currency. */
  finalPrices: readonly PriceRange[]
  /** Takes that are kept although their upstream was bought anew, and what buying them again comes to, one a currency. */
  stale: number
  stalePrices: readonly PriceRange[]
  /** Takes that are kept although a person rejected them. */
  rejected: number
}

/** Sums up what plans would buy. */
export function planTotals(plans: readonly Plan[]): PlanTotals {
  const totals = { buys: 0, tokens: { min: 0, max: 0 }, untold: 0, unpriced: 0, stale: 0, rejected: 0 }
  const prices: PriceRange[] = []
  const finalPrices: PriceRange[] = []
  const stalePrices: PriceRange[] = []
  for (const step of plans.flatMap((plan) => plan.steps)) {
    if (step.kind === 'keep' && step.stale) {
      totals.stale++
      if (step.stale.estimate.price) stalePrices.push(step.stale.estimate.price)
    }
    if (step.kind === 'keep' && step.rejected) totals.rejected++
    if (step.kind !== 'generate') continue
    const { tokens, price } = step.estimate
    totals.buys++
    if (!tokens) totals.untold++
    totals.tokens.min += tokens?.min ?? 0
    totals.tokens.max += tokens?.max ?? 0
    if (price) prices.push(price)
    else totals.unpriced++
    if (step.finalPrice) finalPrices.push(step.finalPrice)
  }
  return {
    ...totals,
    prices: sumPrices(prices),
    finalPrices: sumPrices(finalPrices),
    stalePrices: sumPrices(stalePrices),
  }
}

/** A plan as data that a person or a script reads: what `plan --json` prints. */
export interface PlanView {
  manifest: string
  /** The file as the person named it. */
  file: string
  steps: {
    take: TakeName
    step: Step['kind']
    reason?: string
    changed?: readonly DigestPart[]
    /** A take under an old name that `move` would keep instead of buying this one. */
    movedFrom?: TakeName
    task?: TaskId
    /** What it will be and cost. Set on what would be bought. */
    estimate?: EstimateView
    /** The draft that is made final; until when that is possible, ISO time, and what it cost, such as `0.48 CNY`. */
    draft?: { task: TaskId; until?: string; daysLeft?: number; cost?: string }
    /** For a draft: what its final will cost on top. */
    finalPrice?: PriceView
    /** The take whose last frame it begins with, is held for, or went on from before that was bought anew. */
    upstream?: TakeName
    /** Kept although its upstream was bought anew; `estimate` is of buying it again. */
    stale?: true
    /** Kept although a person rejected it. */
    rejected?: true
    /** Bought again because it was rejected, and with the seed that it had: the new one will be nearly the same. */
    sameSeed?: number
  }[]
  /** Where shots meet; left out where none do. */
  borders?: readonly { from: ShotName; to: ShotName; keyFrame?: string }[]
}

/** From the least to the most, in units of the currency. */
export interface PriceView {
  currency: string
  min: number
  max: number
}

/** An estimate as data: seconds, pixels, tokens and money, each left out where it cannot be told. */
export interface EstimateView {
  resolution?: string
  ratio?: string
  width?: number
  height?: number
  seconds?: { min: number; max: number }
  /** Seconds of films among the references. */
  inputSeconds?: { min: number; max: number }
  audio?: boolean
  tier: 'default' | 'flex'
  draft?: true
  tokens?: TokenRange
  price?: PriceView
  unknowns?: readonly string[]
}

/** A price in units of its currency. */
export function viewPrice({ currency, minMicros, maxMicros }: PriceRange): PriceView {
  return { currency, min: minMicros / microsPerUnit, max: maxMicros / microsPerUnit }
}

function viewEstimate(estimate: Estimate): EstimateView {
  const { resolution, ratio, pixels, seconds, inputSeconds, audio, tier, draft, tokens, price, unknowns } =
    estimate
  return {
    ...(resolution === undefined ? {} : { resolution }),
    ...(ratio === undefined ? {} : { ratio }),
    ...(pixels ? { width: pixels[0], height: pixels[1] } : {}),
    ...(seconds ? { seconds } : {}),
    ...(inputSeconds ? { inputSeconds } : {}),
    ...(audio === undefined ? {} : { audio }),
    tier,
    ...(draft ? { draft } : {}),
    ...(tokens ? { tokens } : {}),
    ...(price ? { price: viewPrice(price) } : {}),
    ...(unknowns.length > 0 ? { unknowns } : {}),
  }
}

/** Leaves out what a plan carries only for being carried out. */
export function viewPlan({ manifest, steps }: Plan): PlanView {
  const borders = bordersOf(manifest.shots).map(({ from, to, keyFrame }) => ({
    from,
    to,
    ...(keyFrame === undefined ? {} : { keyFrame }),
  }))
  // Equal shots share their estimate.
  const estimates = new Map<Estimate, EstimateView>()
  const viewOf = (estimate: Estimate) => {
    const view = estimates.get(estimate) ?? viewEstimate(estimate)
    estimates.set(estimate, view)
    return view
  }
  return {
    manifest: manifest.name,
    file: manifest.file,
    steps: steps.map((step) => viewStep(step, viewOf)),
    ...(borders.length > 0 && { borders }),
  }
}

function viewStep(step: Step, viewOf: (estimate: Estimate) => EstimateView): PlanView['steps'][number] {
  const head = { take: step.name, step: step.kind }
  switch (step.kind) {
    case 'generate': {
      const { reason, changed, estimate, draft, finalPrice, movedFrom, follows, sameSeed } = step
      return {
        ...head,
        reason,
        ...(changed.length > 0 ? { changed } : {}),
        ...(movedFrom === undefined ? {} : { movedFrom }),
        estimate: viewOf(estimate),
        ...(draft ? { draft: viewDraft(draft) } : {}),
        ...(finalPrice ? { finalPrice: viewPrice(finalPrice) } : {}),
        ...(follows ? { upstream: follows.take } : {}),
        ...(sameSeed === undefined ? {} : { sameSeed }),
      }
    }
    case 'resume':
      return { ...head, task: step.taskId, ...(step.outdated ? { reason: 'outdated' } : {}) }
    case 'collect':
      return { ...head, task: step.taskId }
    case 'hold':
      return {
        ...head,
        reason: step.reason,
        ...(step.upstream === undefined ? {} : { upstream: step.upstream }),
      }
    case 'keep': {
      const kept = { ...head, ...(step.rejected ? { rejected: true as const } : {}) }
      if (!step.stale) return kept
      const { upstream, estimate } = step.stale
      return { ...kept, stale: true, upstream, estimate: viewEstimate(estimate) }
    }
    case 'reconcile':
      return head
  }
}

function viewDraft({
  task,
  expiresAt,
  daysLeft,
  cost,
}: DraftSource): NonNullable<PlanView['steps'][number]['draft']> {
  return {
    task,
    ...(expiresAt === undefined ? {} : { until: new Date(expiresAt).toISOString() }),
    ...(daysLeft === undefined ? {} : { daysLeft }),
    ...(cost === undefined ? {} : { cost }),
  }
}
