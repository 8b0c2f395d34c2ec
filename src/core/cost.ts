import type { Charge, PaidCharge, SupersededCharge } from './charges.js'
import { type Money, microsPerUnit, sumMoney } from './money.js'
import { compareCodePoints } from './names.js'

/** What costs can be summed up by; the first is the usual. */
export const costGroupings = ['shot', 'tag', 'manifest', 'model'] as const
export type CostGrouping = (typeof costGroupings)[number]

/** An amount in units of its currency. */
export interface MoneyView {
  currency: string
  amount: number
}

/**
 * What was said beforehand, and what it came to. `difference` is how far the sum lies above the most, or below the least
 * (then negative); 0 in between.
 */
export interface Comparison {
  /** How many takes this is about. */
  takes: number
  min: number
  max: number
  actual: number
  difference: number
}

/** Takes that failed without a bill, by how. */
export type FailureCounts = Record<'failed' | 'expired' | 'cancelled', number>

/** What some takes came to. Amounts are one a currency, sorted by its name; currencies are never added up. */
export interface CostSum {
  /** Everything that was paid: `cost`, and the cost of what was superseded. */
  spent: MoneyView[]
  /** Takes that were paid for, drafts included. */
  takes: number
  tokens: number
  /** Takes among them whose tokens the service did not tell. */
  untold: number
  cost: MoneyView[]
  /** Takes whose cost is not on record: they are in `cost` by today's prices. */
  pricedToday: number
  /** Takes that are not in `cost`: no price is known, or their shots have changed since. */
  unpriced: number
  /** What of `takes`, `tokens` and `cost` was for drafts. */
  drafts: { takes: number; tokens: number; cost: MoneyView[] }
  /** Of takes that succeeded and whose shots are still what was bought. */
  estimated: { tokens?: Comparison; cost: ({ currency: string } & Comparison)[] }
  superseded: {
    /** Tasks that another one has taken the place of. */
    tasks: number
    tokens: number
    cost: MoneyView[]
    /** Tasks that were billed at a price that is not known. */
    unpriced: number
    /** Tasks without a bill: they were free, or are from before bills were kept. */
    unbilled: number
  }
  failures: FailureCounts
  /** What is live or unknown, and may still cost up to `reserved`. */
  open: {
    tasks: number
    reserved: MoneyView[]
    /** Tasks whose most is not on record. */
    unreserved: number
  }
}

/** A sum of what has one currency, or none. */
export interface CostPart extends CostSum {
  /** `undefined`: what has no price. */
  currency?: string
}

export interface CostGroup extends CostSum {
  /** A shot, tag, manifest (its file) or model; in parentheses what belongs to none. */
  name: string
  /** The manifest's file, for a shot. */
  manifest?: string
  /** Set on a shot that has left the manifest. */
  gone?: true
  /** Set where there are several currencies: each charge is in one of the parts. */
  parts?: CostPart[]
}

export interface CostSummary {
  by: CostGrouping
  /** In the order of manifests and shots; tags and models by name. */
  groups: CostGroup[]
  /** Counts each charge once, also where it is in several groups. */
  total: CostSum & { parts?: CostPart[] }
  /** Whether charges are in several groups, as those of a shot with several tags. */
  overlapping: boolean
}

/** Sums up charges by what they were for. */
export function sumCosts(charges: readonly Charge[], by: CostGrouping): CostSummary {
  const groups = new Map<string, { label: Label; charges: Charge[] }>()
  let overlapping = false
  for (const charge of charges) {
    const labels = labelsOf(charge, by)
    if (labels.length > 1) overlapping = true
    for (const label of labels) {
      const key = JSON.stringify(label)
      const group = groups.get(key)
      if (group) group.charges.push(charge)
      else groups.set(key, { label, charges: [charge] })
    }
  }
  const sorted = [...groups.values()]
  if (by === 'tag' || by === 'model') sorted.sort((a, b) => compareLabels(a.label, b.label))
  return {
    by,
    groups: sorted.map(({ label: { isNone, ...label }, charges }) => ({ ...label, ...sumInParts(charges) })),
    total: sumInParts(charges),
    overlapping,
  }
}

interface Label {
  name: string
  manifest?: string
  gone?: true
  /** Whether this stands for what belongs to none. */
  isNone?: true
}

function labelsOf(charge: Charge, by: CostGrouping): Label[] {
  const { manifest, shot, tags, model, kind } = charge
  switch (by) {
    case 'shot':
      return [{ name: shot, manifest: manifest.file, ...(tags ? {} : { gone: true }) }]
    case 'tag':
      if (!tags) return [{ name: '(not in the manifest)', isNone: true }]
      if (tags.length === 0) return [{ name: '(no tag)', isNone: true }]
      return [...new Set(tags)].map((name) => ({ name }))
    case 'manifest':
      return [{ name: manifest.file }]
    case 'model':
      if (model !== undefined) return [{ name: model }]
      return [{ name: kind === 'superseded' ? '(superseded)' : '(not known)', isNone: true }]
  }
}

function compareLabels(a: Label, b: Label): number {
  return Number(a.isNone ?? false) - Number(b.isNone ?? false) || compareCodePoints(a.name, b.name)
}

function sumInParts(charges: readonly Charge[]): CostSum & { parts?: CostPart[] } {
  const byCurrency = new Map<string, Charge[]>()
  for (const charge of charges) {
    const currency = moneyOf(charge)?.currency ?? ''
    const part = byCurrency.get(currency)
    if (part) part.push(charge)
    else byCurrency.set(currency, [charge])
  }
  const sum = sumCharges(charges)
  const currencies = [...byCurrency.keys()].filter((currency) => currency !== '').sort(compareCodePoints)
  if (currencies.length < 2) return sum
  const priceless = byCurrency.get('')
  return {
    ...sum,
    parts: [
      ...currencies.map((currency) => ({ currency, ...sumCharges(byCurrency.get(currency)!) })),
      ...(priceless ? [sumCharges(priceless)] : []),
    ],
  }
}

function sumCharges(charges: readonly Charge[]): CostSum {
  const paid = charges.filter((charge) => charge.kind === 'paid')
  const drafts = paid.filter(({ draft }) => draft)
  const superseded = charges.filter((charge) => charge.kind === 'superseded')
  const open = charges.filter((charge) => charge.kind === 'open')
  const failures: FailureCounts = { failed: 0, expired: 0, cancelled: 0 }
  for (const charge of charges) if (charge.kind === 'failure') failures[charge.status]++
  const tokens = compareTokens(paid)
  return {
    spent: viewSum([...paid, ...superseded]),
    takes: paid.length,
    tokens: tokensOf(paid),
    untold: paid.filter((charge) => charge.tokens === undefined).length,
    cost: viewSum(paid),
    pricedToday: paid.filter(({ pricedToday }) => pricedToday).length,
    unpriced: paid.filter(({ cost }) => !cost).length,
    drafts: { takes: drafts.length, tokens: tokensOf(drafts), cost: viewSum(drafts) },
    estimated: { ...(tokens ? { tokens } : {}), cost: compareCosts(paid) },
    superseded: {
      tasks: superseded.length,
      tokens: tokensOf(superseded),
      cost: viewSum(superseded),
      unpriced: superseded.filter(({ billed, cost }) => billed && !cost).length,
      unbilled: superseded.filter(({ billed }) => !billed).length,
    },
    failures,
    open: {
      tasks: open.length,
      reserved: viewSum(open),
      unreserved: open.filter(({ reserved }) => !reserved).length,
    },
  }
}

function tokensOf(charges: readonly (PaidCharge | SupersededCharge)[]): number {
  return charges.reduce((sum, { tokens = 0 }) => sum + tokens, 0)
}

function moneyOf(charge: Charge): Money | undefined {
  switch (charge.kind) {
    case 'paid':
    case 'superseded':
      return charge.cost
    case 'open':
      return charge.reserved
    case 'failure':
      return undefined
  }
}

function viewSum(charges: readonly Charge[]): MoneyView[] {
  const amounts = charges.map(moneyOf).filter((money) => money !== undefined)
  return sumMoney(amounts).map(({ currency, micros }) => ({ currency, amount: micros / microsPerUnit }))
}

interface Pair {
  estimated: { min: number; max: number }
  actual: number
}

function compareTokens(paid: readonly PaidCharge[]): Comparison | undefined {
  const pairs = paid.flatMap(({ tokens, estimate }): Pair[] =>
    tokens !== undefined && estimate?.tokens ? [{ estimated: estimate.tokens, actual: tokens }] : [],
  )
  return pairs.length === 0 ? undefined : compare(pairs, 1)
}

/** Only takes that cost what they do in the currency of their estimate. */
function compareCosts(paid: readonly PaidCharge[]): ({ currency: string } & Comparison)[] {
  const byCurrency = new Map<string, Pair[]>()
  for (const { cost, estimate } of paid) {
    const price = estimate?.price
    if (!cost || cost.currency !== price?.currency) continue
    const pair = { estimated: { min: price.minMicros, max: price.maxMicros }, actual: cost.micros }
    const pairs = byCurrency.get(cost.currency)
    if (pairs) pairs.push(pair)
    else byCurrency.set(cost.currency, [pair])
  }
  return [...byCurrency]
    .sort(([a], [b]) => compareCodePoints(a, b))
    .map(([currency, pairs]) => ({ currency, ...compare(pairs, microsPerUnit) }))
}

/** @param unit What the numbers are divided by at the end, so that the sums before are of whole numbers. */
function compare(pairs: readonly Pair[], unit: number): Comparison {
  const sum = (pick: (pair: Pair) => number) => pairs.reduce((total, pair) => total + pick(pair), 0)
  const min = sum(({ estimated }) => estimated.min)
  const max = sum(({ estimated }) => estimated.max)
  const actual = sum((pair) => pair.actual)
  const difference = actual > max ? actual - max : Math.min(0, actual - min)
  return {
    takes: pairs.length,
    min: min / unit,
    max: max / unit,
    actual: actual / unit,
    difference: difference / unit,
  }
}
