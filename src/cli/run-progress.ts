import { type RunEvent, takeKey } from '../core/event.js'
import { type Money, readMoney, sumMoney } from '../core/money.js'
import type { PriceView } from '../core/plan-view.js'
import type { TaskStatus } from '../core/task.js'

/** Counts that a person watches while a run goes on. */
export interface RunProgress {
  /** Takes that the run works on: bought, resumed or fetched. */
  total: number
  finished: number
  failed: number
  /** Bought and not ended. */
  live: number
  /** Of these, waiting at the provider. */
  queued: number
  fetching: number
  tokens: number
  /** Paid so far, and the most that all of it can come to, one a currency. */
  spent: readonly Money[]
  prices: readonly PriceView[]
}

/** Keeps the counts of a run from its events. */
export function trackProgress(): { see: (event: RunEvent) => void; progress: () => RunProgress } {
  const counts = { total: 0, finished: 0, failed: 0, tokens: 0 }
  let spent: readonly Money[] = []
  let prices: readonly PriceView[] = []
  const live = new Map<string, TaskStatus>()
  const active = new Set<string>()
  const fetching = new Set<string>()

  return {
    progress: () => {
      let queued = 0
      for (const status of live.values()) if (status === 'queued') queued++
      return { ...counts, live: live.size, queued, fetching: fetching.size, spent, prices }
    },

    see(event) {
      switch (event.type) {
        case 'started':
          counts.total = event.buys + event.resumes + event.collects
          prices = event.prices
          return
        case 'submitting':
          active.add(takeKey(event))
          return
        case 'submitted':
          live.set(takeKey(event), 'queued')
          return
        case 'status':
          live.set(takeKey(event), event.status)
          return
        case 'collecting':
          live.delete(takeKey(event))
          fetching.add(takeKey(event))
          return
        case 'outcome': {
          const { outcome } = event
          const key = takeKey(outcome)
          const wasActive = active.delete(key)
          live.delete(key)
          fetching.delete(key)
          if (
            outcome.kind === 'kept' ||
            outcome.kind === 'held' ||
            (outcome.kind === 'unknown' && !wasActive)
          )
            return
          counts.finished++
          if (outcome.kind === 'failed') counts.failed++
          if (outcome.kind === 'done' && outcome.bought) {
            counts.tokens += outcome.tokens ?? 0
            const cost = readMoney(outcome.cost)
            if (cost) spent = sumMoney([...spent, cost])
          }
          return
        }
        default:
          return
      }
    },
  }
}
