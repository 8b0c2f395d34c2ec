import pLimit from 'p-limit'
import { backoffMs } from '../core/backoff.js'
import { ProviderError } from '../core/errors.js'
import { nextPollMs, type PollPolicy } from '../core/poll-schedule.js'
import { isTerminal, type Task, type TaskId, type TaskStatus } from '../core/task.js'
import type { Clock } from '../ports/clock.js'
import type { Provider } from '../ports/provider.js'

/** How watching a task ended. `gone`: the provider no longer knows it. `stopped`: we stopped looking. */
export type Watched = { kind: 'ended'; task: Task } | { kind: 'gone' } | { kind: 'stopped' }

export interface WatchOptions {
  flex: boolean
  onStatus?: (status: TaskStatus) => void
}

export interface PollerOptions {
  clock: Clock
  random: () => number
  provider: Provider
  policy: PollPolicy
  /** Ends all watching. */
  signal: AbortSignal
  /** Hears of calls that failed and will be repeated. */
  onTrouble: (message: string, waitMs: number) => void
}

interface Watch {
  id: TaskId
  flex: boolean
  since: number
  dueAt: number
  status: TaskStatus | undefined
  misses: number
  onStatus: ((status: TaskStatus) => void) | undefined
  resolve: (watched: Watched) => void
}

const troubleBackoff = { baseMs: 2_000, capMs: 60_000 }
/** A record may show up late; only so many answers "not found", a poll apart, mean that it is gone. */
const missesUntilGone = 5
/** Flex tasks take hours: looking is spread out by this factor. */
const flexPatience = 8
/** From so many due tasks on, one LIST is better than single calls. */
const listFrom = 3
const parallelGets = 8
const parallelLists = 4

/**
 * Looks after all live tasks of a run in one place: whatever is due together is asked for together, by LIST where the
 * provider has it. Nothing that goes wrong with a look changes a task's state.
 */
export class TaskPoller {
  readonly #world: PollerOptions
  readonly #watches = new Set<Watch>()
  readonly #gets = pLimit(parallelGets)
  readonly #lists = pLimit(parallelLists)
  #running = false
  #wake = new AbortController()
  /** When the next look is due, while nothing is being looked at. */
  #nextAt = Number.NEGATIVE_INFINITY
  #fastestMs: number | undefined
  #listWorks = true
  #troubles = 0

  constructor(options: PollerOptions) {
    this.#world = options
    options.signal.addEventListener('abort', () => this.#stop(), { once: true })
  }

  /** Resolves when the task has ended, is gone, or watching stops. */
  watch(id: TaskId, { flex, onStatus }: WatchOptions): Promise<Watched> {
    if (this.#world.signal.aborted) return Promise.resolve({ kind: 'stopped' })
    return new Promise((resolve) => {
      const since = this.#world.clock.now()
      const watch: Watch = { id, flex, since, dueAt: since, status: undefined, misses: 0, onStatus, resolve }
      watch.dueAt += this.#pauseMs(watch)
      this.#watches.add(watch)
      // With many tasks live, each new one must not make all the others be gone through.
      if (watch.dueAt < this.#nextAt) this.#wake.abort()
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    const { clock, signal, policy } = this.#world
    while (this.#watches.size > 0 && !signal.aborted) {
      const now = clock.now()
      let nextAt = Number.POSITIVE_INFINITY
      for (const { dueAt } of this.#watches) nextAt = Math.min(nextAt, dueAt)
      if (nextAt > now) {
        this.#wake = new AbortController()
        this.#nextAt = nextAt
        const waiting = AbortSignal.any([signal, this.#wake.signal])
        await clock.sleep(nextAt - now, { signal: waiting }).catch(() => undefined)
        this.#nextAt = Number.NEGATIVE_INFINITY
        continue
      }
      // Those due a little later come along: one call for many instead of many calls.
      const due = [...this.#watches].filter(({ dueAt }) => dueAt <= now + policy.minMs / 2)
      await this.#look(due)
    }
    this.#running = false
  }

  async #look(due: readonly Watch[]): Promise<void> {
    try {
      const missing: Watch[] = []
      for (const group of [due.filter(({ flex }) => !flex), due.filter(({ flex }) => flex)]) {
        missing.push(...(await this.#lookByList(group)))
      }
      await allOf(missing.map((watch) => this.#gets(() => this.#lookSingly(watch))))
      this.#troubles = 0
      for (const watch of due) watch.dueAt = this.#world.clock.now() + this.#pauseMs(watch)
    } catch (error) {
      if (this.#world.signal.aborted) return
      if (!(error instanceof ProviderError)) throw error
      const { random, clock, onTrouble, policy } = this.#world
      const waitMs = Math.max(
        policy.minMs,
        error.retryAfterMs ?? backoffMs(this.#troubles++, random(), troubleBackoff),
      )
      for (const watch of due) watch.dueAt = clock.now() + waitMs
      onTrouble(error.message, waitMs)
    }
  }

  /** @returns The watches that LIST did not tell about. */
  async #lookByList(group: readonly Watch[]): Promise<readonly Watch[]> {
    const { listLimit } = this.#world.provider
    if (!this.#listWorks || group.length < listFrom) return group
    const parts: Watch[][] = []
    for (let start = 0; start < group.length; start += listLimit)
      parts.push(group.slice(start, start + listLimit))
    return (await allOf(parts.map((part) => this.#lists(() => this.#lookAtPart(part))))).flat()
  }

  /** @param part No more than one LIST may ask for. @returns Those that LIST did not tell about. */
  async #lookAtPart(part: readonly Watch[]): Promise<readonly Watch[]> {
    const { provider, signal } = this.#world
    if (!this.#listWorks) return part
    let listed: Map<TaskId, Task>
    try {
      const ids = part.map(({ id }) => id)
      const tasks = await provider.listByIds(ids, { signal, flex: part[0]!.flex })
      listed = new Map(tasks.map((task) => [task.id, task]))
    } catch (error) {
      if (!(error instanceof ProviderError) || !hasNoList(error)) throw error
      this.#listWorks = false
      return part
    }
    // A LIST that knows none of many tasks filters by something else, or lags: single calls are as good.
    if (listed.size === 0) this.#listWorks = false
    return part.filter((watch) => {
      const task = listed.get(watch.id)
      if (!task || (isTerminal(task.status) && !isWhole(task))) return true
      this.#saw(watch, task)
      return false
    })
  }

  async #lookSingly(watch: Watch): Promise<void> {
    try {
      const task = await this.#world.provider.retrieve(watch.id, { signal: this.#world.signal })
      this.#saw(watch, task)
    } catch (error) {
      if (!(error instanceof ProviderError) || error.status !== 404) throw error
      watch.misses++
      if (watch.misses >= missesUntilGone) this.#end(watch, { kind: 'gone' })
    }
  }

  #saw(watch: Watch, task: Task): void {
    watch.misses = 0
    if (watch.status !== task.status) {
      watch.status = task.status
      watch.onStatus?.(task.status)
    }
    if (!isTerminal(task.status)) return
    const tookMs = this.#world.clock.now() - watch.since
    this.#fastestMs = Math.min(this.#fastestMs ?? tookMs, tookMs)
    this.#end(watch, { kind: 'ended', task })
  }

  #pauseMs({ since, flex }: Watch): number {
    const { clock, policy } = this.#world
    const pauseMs = nextPollMs(clock.now() - since, this.#fastestMs, policy)
    return flex ? pauseMs * flexPatience : pauseMs
  }

  #end(watch: Watch, watched: Watched): void {
    this.#watches.delete(watch)
    watch.resolve(watched)
  }

  #stop(): void {
    for (const watch of this.#watches) this.#end(watch, { kind: 'stopped' })
    this.#wake.abort()
  }
}

/** Waits for all, also when some fail; then throws what the first of them threw. */
async function allOf<T>(work: readonly Promise<T>[]): Promise<T[]> {
  const ends = await Promise.allSettled(work)
  return ends.map((end) => {
    if (end.status === 'rejected') throw end.reason
    return end.value
  })
}

/**
 * Whether a LIST says all of an end that a look at the task itself would: a success with its result and everything that
 * its bill is made of. Lists of relays leave fields out, and an end without a result may be bought again, so those are
 * always looked at.
 */
function isWhole({ status, videoUrl, completionTokens, duration }: Task): boolean {
  return (
    status === 'succeeded' &&
    videoUrl !== undefined &&
    completionTokens !== undefined &&
    duration !== undefined
  )
}

/** Answers that say there is no such call, rather than that it went wrong. */
export function hasNoList({ status }: ProviderError): boolean {
  return (
    status !== undefined &&
    (status === 200 || status === 400 || status === 404 || status === 405 || status === 501)
  )
}
