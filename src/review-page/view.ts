import { type Money, readMoney, sumMoney } from '../core/money.js'
import type { Review, ReviewShot, ReviewStatus, ReviewTake } from '../core/review.js'

/** What the page shows of a review. Every field that is not empty narrows it. */
export interface Filter {
  /** Words that must all occur in name, prompt, tags, notes, task ids or models, in any case. */
  text: string
  status: ReviewStatus | ''
  tag: string
  manifest: string
  decision: DecisionFilter | ''
  /** Least that a shot's takes have cost together, in units of the currency. */
  cost: string
}

export const decisionFilters = ['undecided', 'approved', 'rejected', 'picked'] as const
export type DecisionFilter = (typeof decisionFilters)[number]

export const reviewStatuses = [
  'succeeded',
  'submitted',
  'unknown',
  'failed',
  'expired',
  'cancelled',
  'absent',
] as const satisfies readonly ReviewStatus[]

export const noFilter: Filter = { text: '', status: '', tag: '', manifest: '', decision: '', cost: '' }

/** A shot and where it stands on the page. */
export interface Placed {
  manifest: string
  shot: ReviewShot
  /** Unique on the page. */
  key: string
}

/** Shots that a filter lets through, in manifest order. */
export function placedShots({ manifests }: Review, filter: Filter): Placed[] {
  const fits = filterTest(filter)
  return manifests.flatMap(({ name, shots }) =>
    shots
      .filter((shot) => fits(shot, name))
      .map((shot) => ({ manifest: name, shot, key: shotKey(name, shot.name) })),
  )
}

export function shotKey(manifest: string, shot: string): string {
  return `${manifest}/${shot}`
}

function filterTest(filter: Filter): (shot: ReviewShot, manifest: string) => boolean {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  const least = Number(filter.cost)
  return (shot, manifest) => {
    if (filter.manifest !== '' && filter.manifest !== manifest) return false
    if (filter.tag !== '' && !shot.tags.includes(filter.tag)) return false
    if (filter.status !== '' && !shot.takes.some(({ status }) => status === filter.status)) return false
    if (filter.decision !== '' && !shot.takes.some((take) => isDecided(take, filter.decision))) return false
    if (filter.cost.trim() !== '' && least > 0 && !(spentOn(shot) >= least)) return false
    if (words.length === 0) return true
    const text = textOf(shot)
    return words.every((word) => text.includes(word))
  }
}

const texts = new WeakMap<ReviewShot, string>()

function textOf(shot: ReviewShot): string {
  const known = texts.get(shot)
  if (known !== undefined) return known
  const { name, prompt = '', model = '', tags, takes } = shot
  const parts = [name, prompt, model, ...tags]
  for (const { task = '', note = '', error = '' } of takes) parts.push(task, note, error)
  const text = parts.join('\n').toLowerCase()
  texts.set(shot, text)
  return text
}

function isDecided({ status, approved, pick }: ReviewTake, decision: DecisionFilter | ''): boolean {
  switch (decision) {
    case 'approved':
      return approved === true
    case 'rejected':
      return approved === false
    case 'picked':
      return pick === true
    case 'undecided':
      return status === 'succeeded' && approved === undefined && !pick
    case '':
      return true
  }
}

function spentOn({ takes }: ReviewShot): number {
  return moneyOf(takes).reduce((sum, { micros }) => Math.max(sum, micros / 1e6), 0)
}

/** What takes have cost, those that were superseded among them; one amount a currency. */
export function moneyOf(takes: readonly ReviewTake[]): Money[] {
  const amounts = takes.flatMap(({ cost, previous = [] }) => [cost, ...previous.map((one) => one.cost)])
  return sumMoney(amounts.flatMap((text) => readMoney(text) ?? []))
}

export interface Totals {
  shots: number
  takes: Readonly<Record<ReviewStatus, number>>
  tokens: number
  money: readonly Money[]
}

/** Sums up what is shown. */
export function totalsOf(placed: readonly Placed[]): Totals {
  const takes = { ...noTakes }
  let tokens = 0
  const amounts: Money[] = []
  for (const { shot } of placed) {
    for (const take of shot.takes) {
      takes[take.status]++
      tokens += take.tokens ?? 0
      for (const before of take.previous ?? []) tokens += before.tokens ?? 0
    }
    amounts.push(...moneyOf(shot.takes))
  }
  return { shots: placed.length, takes, tokens, money: sumMoney(amounts) }
}

const noTakes: Readonly<Record<ReviewStatus, number>> = {
  succeeded: 0,
  submitted: 0,
  unknown: 0,
  failed: 0,
  expired: 0,
  cancelled: 0,
  absent: 0,
}

/** The take that stands for its shot: the picked one, else the first that can be looked at, else the first. */
export function faceOf({ takes }: ReviewShot): ReviewTake {
  const finals = takes.filter(({ draft }) => !draft)
  return (
    finals.find(({ pick }) => pick) ??
    finals.find(({ video }) => video) ??
    takes.find(({ video }) => video) ??
    takes[0]!
  )
}

/** A filter as the part of an address behind `#`; empty when nothing is narrowed. */
export function filterHash(filter: Filter): string {
  const set = Object.entries(filter).filter(([, value]) => value !== '')
  return new URLSearchParams(set).toString()
}

/** Reads what `filterHash` wrote; what it does not know is left out. */
export function filterFromHash(hash: string): Filter {
  const read = new URLSearchParams(hash.replace(/^#/, ''))
  const oneOf = <T extends string>(name: string, words: readonly T[]): T | '' =>
    words.find((word) => word === read.get(name)) ?? ''
  return {
    text: read.get('text') ?? '',
    status: oneOf('status', reviewStatuses),
    tag: read.get('tag') ?? '',
    manifest: read.get('manifest') ?? '',
    decision: oneOf('decision', decisionFilters),
    cost: read.get('cost') ?? '',
  }
}

/**
 * Where the focus goes from the shot at `index` of `count`, laid out in `columns`; `undefined` for keys that do not move
 * it. It stays where there is nothing further.
 */
export function movedFocus(
  index: number,
  key: string,
  { columns, count }: { columns: number; count: number },
): number | undefined {
  const step = new Map([
    ['ArrowLeft', -1],
    ['h', -1],
    ['ArrowRight', 1],
    ['l', 1],
    ['ArrowUp', -columns],
    ['k', -columns],
    ['ArrowDown', columns],
    ['j', columns],
  ]).get(key)
  if (step !== undefined) {
    const to = index + step
    return to < 0 || to >= count ? index : to
  }
  if (key === 'Home') return 0
  return key === 'End' ? Math.max(0, count - 1) : undefined
}

/**
 * An address as the page may load it: beside it or carried inside it, never elsewhere and never a script. Browsers leave
 * out spaces and line ends where a scheme could hide behind them, so that an address with such is none.
 */
export function safeHref(href: string | undefined): string | undefined {
  if (href === undefined) return undefined
  if (/^data:(image|video|audio)\//.test(href)) return href
  return /^[a-z][a-z0-9+.-]*:|^[\\/]{2}|[\s\p{Cc}\\]/iu.test(href) ? undefined : href
}
