import type { Digest } from '../core/digest.js'
import { type EstimateContext, estimateShot } from '../core/estimate.js'
import type { TakeState } from '../core/ledger-state.js'
import type { LockEntry } from '../core/lockfile.js'
import { type Money, readMoney, writeMoney } from '../core/money.js'
import type { TakeName } from '../core/names.js'
import { priceOf } from '../core/prices.js'
import { allTakesOf, type Manifest, type Take } from '../core/shot.js'
import type { Task } from '../core/task.js'

/** What it takes to say what the takes of a manifest cost. */
export interface TakeCostInput {
  manifest: Manifest
  digests: ReadonlyMap<TakeName, Digest>
  states: ReadonlyMap<TakeName, TakeState>
  estimateWith: EstimateContext
}

/** What an ended task said of itself that decides its price. */
export type Ended = Pick<Task, 'status' | 'completionTokens' | 'duration'>

/** Says what tasks cost, and what a manifest has been charged with. */
export interface TakeCosts {
  /**
   * What a task has cost that ended, as the lockfile holds it. By the tokens that the service reports; where these or
   * the price are not known, what was reserved. `undefined`: free, or not to be told.
   */
  costOf(name: TakeName, ended: Ended): string | undefined
  /**
   * Everything that was spent on a manifest, and what is set aside for what is live or unknown.
   *
   * @param without Live takes to leave out.
   */
  soFar(options: { without: ReadonlySet<TakeName> }): Money[]
  /** What is set aside for a live take; `undefined` where that is not known. */
  reservedFor(name: TakeName): Money | undefined
}

export function takeCosts({ manifest, digests, states, estimateWith }: TakeCostInput): TakeCosts {
  const takes = new Map<TakeName, Take>()
  const takeNamed = (name: TakeName) => {
    if (takes.size === 0) for (const take of manifest.shots.flatMap(allTakesOf)) takes.set(take.name, take)
    return takes.get(name)
  }

  /** By today's price, if the shot is still the one that was bought. */
  function priced(name: TakeName, { digest }: LockEntry, { completionTokens, duration }: Ended) {
    const take = takeNamed(name)
    if (!take || digests.get(name) !== digest) return undefined
    const { rate, seconds } = estimateShot(take.shot, estimateWith)
    return rate && priceOf(rate, { tokens: completionTokens, seconds: duration ?? seconds?.max })
  }

  return {
    costOf(name, ended) {
      const entry = states.get(name)?.entry
      if (!entry || ended.status !== 'succeeded') return undefined
      const price = priced(name, entry, ended)
      return price ? writeMoney(price) : entry.reserved
    },

    reservedFor: (name) => readMoney(states.get(name)?.entry?.reserved),

    soFar({ without }) {
      const sums: Money[] = []
      for (const [name, { entry, intent }] of states) {
        if (intent) sums.push(...moneyIn(intent.reserved))
        if (!entry) continue
        const { cost, reserved, spent = {}, status, tokens } = entry
        if (cost !== undefined) sums.push(...moneyIn(cost))
        else if (reserved !== undefined) sums.push(...(without.has(name) ? [] : moneyIn(reserved)))
        else if (status === 'succeeded' && tokens !== undefined) {
          const price = priced(name, entry, { status, completionTokens: tokens, duration: undefined })
          if (price) sums.push(price)
        }
        for (const one of Object.values(spent)) sums.push(...moneyIn(one.cost))
      }
      return sums
    },
  }
}

function moneyIn(text: string | undefined): Money[] {
  const money = readMoney(text)
  return money ? [money] : []
}
