import type { Digest } from './digest.js'
import { type EstimateContext, estimateShot, type TokenRange } from './estimate.js'
import { lockEntryOf, type TakeState } from './ledger-state.js'
import type { LockEntries, LockEntry } from './lockfile.js'
import { type Money, type PriceRange, readMoney } from './money.js'
import { compareTakeNames, type ShotName, splitTakeName, type TakeName, takeName } from './names.js'
import { priceOf } from './prices.js'
import type { Selectable } from './select.js'
import { draftsOf, type Manifest, type Shot } from './shot.js'
import type { TaskId } from './task.js'

/** One manifest with what its costs are told from. */
export interface ChargeInput {
  manifest: Manifest
  /** What lockfile and journal know. */
  states: ReadonlyMap<TakeName, TakeState>
  /** Of every take and draft as the manifest wants it now. */
  digests: ReadonlyMap<TakeName, Digest>
  estimateWith?: Omit<EstimateContext, 'provider'> | undefined
  /** What superseded tasks were bought for, where this machine still knows. */
  boughtFor?: ReadonlyMap<TaskId, Digest> | undefined
}

export interface ChargeOptions {
  /** Which takes count; default all, also those whose shots have left the manifest. */
  selects?: ((take: Selectable) => boolean) | undefined
  /** What was known at an earlier time, by `billsOf`: only what came since counts. `undefined`: everything does. */
  before?: ReadonlyMap<string, Bill> | undefined
  /** The model behind a digest; `undefined` where it is not known. */
  modelOf: (digest: Digest) => string | undefined
}

/** Whom a charge is put down to. */
export interface Account {
  manifest: Pick<Manifest, 'name' | 'file'>
  shot: ShotName
  /** `undefined` when the shot has left the manifest. */
  tags: readonly string[] | undefined
  /** `undefined` where it is not known. */
  model: string | undefined
}

/** A task that succeeded, or was billed nevertheless, and is the take's own. */
export interface PaidCharge extends Account {
  kind: 'paid'
  draft: boolean
  /** `undefined` where the service did not tell. */
  tokens: number | undefined
  /** `undefined` where no price is known. */
  cost: Money | undefined
  /** Whether no cost is on record, and `cost` is what the tokens cost today. */
  pricedToday: boolean
  /** What is said beforehand of the shot, while it is the one that was bought; `undefined` once it has changed. */
  estimate: { tokens: TokenRange | undefined; price: PriceRange | undefined } | undefined
}

/** A task that another has taken the place of. */
export interface SupersededCharge extends Account {
  kind: 'superseded'
  /** Whether there is a bill. Without one it was free, or is from before bills were kept. */
  billed: boolean
  tokens: number | undefined
  cost: Money | undefined
}

/** A take that failed without a bill, or whose create was refused: free. */
export interface FailureCharge extends Account {
  kind: 'failure'
  status: 'failed' | 'expired' | 'cancelled'
}

/** A task that is live, or may exist. */
export interface OpenCharge extends Account {
  kind: 'open'
  /** The most that it can cost; `undefined` where that is not on record. */
  reserved: Money | undefined
}

/** One task and what it came to. */
export type Charge = PaidCharge | SupersededCharge | FailureCharge | OpenCharge

/** What a lockfile says of a task. */
export interface Bill {
  /** Whether the task was live, or its create without an answer. */
  open: boolean
  tokens?: number | undefined
  cost?: string | undefined
}

/** The bills of lockfiles, by task; those of creates that were refused by the take. */
export function billsOf(lockfiles: Iterable<LockEntries>): Map<string, Bill> {
  const entries = [...lockfiles].flatMap((one) => [...one])
  const superseded = entries.flatMap(([, { previous = [], spent }]) =>
    previous.map((task): [string, Bill] => [task, { open: false, ...spent?.[task] }]),
  )
  const current = entries.map(([name, entry]): [string, Bill] => {
    const { tokens, cost } = entry
    return [billKey(name, entry), { open: isOpen(entry), tokens, cost }]
  })
  return new Map([...superseded, ...current])
}

/** Every charge of a manifest, takes in the manifest's order, then those of shots that have left it. */
export function chargesOf(input: ChargeInput, options: ChargeOptions): Charge[] {
  const { manifest, states, boughtFor } = input
  const { selects = () => true, before, modelOf } = options
  const shots = new Map(manifest.shots.map((shot, index) => [shot.name, { shot, index }]))
  const held = [...states].flatMap(([name, state]) => {
    const entry = lockEntryOf(state)
    const wanted = shots.get(splitTakeName(name).shot)
    return entry && isSelected(name, wanted?.shot, selects) ? [{ name, entry, wanted }] : []
  })
  const rank = ({ wanted }: (typeof held)[number]) => wanted?.index ?? manifest.shots.length
  held.sort((a, b) => rank(a) - rank(b) || compareTakeNames(a.name, b.name))

  const charges: Charge[] = []
  // A rename that was cut off leaves one task under two names: it counts once, as ended if one of them says so.
  const counted = new Set<string>()
  const isNew = (key: string, bill: Omit<Bill, 'open'>) => {
    if (counted.has(key)) return false
    counted.add(key)
    return isSince(before?.get(key), bill)
  }
  const current = new Set(held.map(({ name, entry }) => billKey(name, entry)))
  const ended = new Set(held.flatMap(({ name, entry }) => (isOpen(entry) ? [] : [billKey(name, entry)])))
  const accountOf = ({ name, entry, wanted }: (typeof held)[number]): Account => ({
    manifest,
    shot: splitTakeName(name).shot,
    tags: wanted?.shot.tags,
    model: modelOf(entry.digest),
  })

  for (const one of held) {
    const { name, entry, wanted } = one
    const { status } = entry
    const key = billKey(name, entry)
    if (status === 'submitted' || status === 'unknown') {
      if (!ended.has(key) && !counted.has(key)) {
        counted.add(key)
        charges.push({ ...accountOf(one), kind: 'open', reserved: readMoney(entry.reserved) })
      }
    } else if (isNew(key, entry)) {
      const charge: Omit<FailureCharge, keyof Account> | Omit<PaidCharge, keyof Account> =
        status === 'succeeded' || hasAmount(entry)
          ? paidCharge(name, entry, wanted?.shot, input)
          : { kind: 'failure', status }
      charges.push({ ...accountOf(one), ...charge })
    }
    for (const task of entry.previous ?? []) {
      const bill = entry.spent?.[task]
      if (current.has(task) || !isNew(task, bill ?? {})) continue
      const digest = boughtFor?.get(task)
      charges.push({
        ...accountOf(one),
        kind: 'superseded',
        model: digest && modelOf(digest),
        // A video that was kept is no bill: deleting it must change no sum.
        billed: bill?.tokens !== undefined || bill?.cost !== undefined,
        tokens: bill?.tokens,
        cost: readMoney(bill?.cost),
      })
    }
  }
  return charges
}

function paidCharge(
  name: TakeName,
  entry: LockEntry,
  wanted: Shot | undefined,
  { digests, estimateWith }: ChargeInput,
): Omit<PaidCharge, keyof Account> {
  const { provider, tokens, status } = entry
  const bought = wanted && shotAsBought(name, entry, wanted, digests)
  const estimate = bought && estimateShot(bought, { ...estimateWith, provider })
  const { seconds, rate } = estimate ?? {}
  const length = seconds && seconds.min === seconds.max ? seconds.max : undefined
  const recorded = readMoney(entry.cost)
  const today = rate && priceOf(rate, { tokens, seconds: length })
  return {
    kind: 'paid',
    draft: splitTakeName(name).draft,
    tokens,
    cost: recorded ?? today,
    pricedToday: !recorded && today !== undefined,
    estimate: status === 'succeeded' ? estimate : undefined,
  }
}

/** The shot, or its draft, if it is still what was bought. Which of its takes it was makes no difference to the price. */
function shotAsBought(
  name: TakeName,
  { digest }: LockEntry,
  shot: Shot,
  digests: ReadonlyMap<TakeName, Digest>,
): Shot | undefined {
  const { draft } = splitTakeName(name)
  const isSame = [name, takeName(shot.name, 1, { draft })].some((one) => digests.get(one) === digest)
  if (!isSame) return undefined
  return draft ? draftsOf({ ...shot, takes: 1 })[0]?.shot : shot
}

/** A selection means the draft of a take with the take. A shot that is gone is known by its name alone. */
function isSelected(
  name: TakeName,
  wanted: Shot | undefined,
  selects: (take: Selectable) => boolean,
): boolean {
  const { shot, number, draft } = splitTakeName(name)
  const named = wanted ?? { name: shot, tags: [] }
  return selects({ name, shot: named }) || (draft && selects({ name: takeName(shot, number), shot: named }))
}

/** Whether a task that has ended was live or not yet bought before, or was billed anew since. */
function isSince(before: Bill | undefined, { tokens, cost }: Omit<Bill, 'open'>): boolean {
  if (!before || before.open) return true
  if (tokens === undefined && cost === undefined) return false
  return tokens !== before.tokens || cost !== before.cost
}

function billKey(name: TakeName, { task, provider, digest, seed }: LockEntry): string {
  return task ?? `${name} ${provider} ${digest} ${seed}`
}

function isOpen({ status }: LockEntry): boolean {
  return status === 'submitted' || status === 'unknown'
}

/** A failed task may be reported with 0 tokens. */
function hasAmount({ tokens = 0, cost }: LockEntry): boolean {
  return tokens > 0 || (readMoney(cost)?.micros ?? 0) > 0
}
