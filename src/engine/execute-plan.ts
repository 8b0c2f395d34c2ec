import pLimit, { type LimitFunction } from 'p-limit'
import { RunnerError } from '../core/errors.js'
import {
  type NotBoughtReason,
  type Outcome,
  type RunResult,
  type Stop,
  type TakeRef,
  takeKey,
} from '../core/event.js'
import { mayRerun } from '../core/failure.js'
import { type Money, readMoney, writeMoney } from '../core/money.js'
import type { TakeName } from '../core/names.js'
import type { Plan, Step } from '../core/plan.js'
import { planTotals, viewPrice } from '../core/plan-view.js'
import { type PollPolicy, patientPolling } from '../core/poll-schedule.js'
import type { Take } from '../core/shot.js'
import type { Task, TaskId } from '../core/task.js'
import { createdAtOf } from '../core/task-time.js'
import type { World } from '../ports/world.js'
import { Budget, type Pot, type Reservation } from './budget.js'
import { type Bought, type BuyContext, type BuyOptions, buyTake } from './buy-take.js'
import { CreatePacer } from './create-pacer.js'
import { forEachWithin, within } from './for-each-within.js'
import { type FirstFrame, LastFrames } from './last-frames.js'
import type { Ledger } from './ledger.js'
import { ManifestBudgets } from './manifest-budgets.js'
import { failureOf, type OutcomeBody, ResultKeeper } from './result-keeper.js'
import type { TakeCosts } from './take-costs.js'
import { TaskPoller, type Watched } from './task-poller.js'
import { Turns } from './turns.js'

/** One manifest's share of a run. */
export interface PlanPart extends BuyContext {
  plan: Plan
  ledger: Ledger
  costs: TakeCosts
  /** Whether a take is still what was agreed to: the manifest may have been edited since. */
  isUnchanged: (take: Take) => Promise<boolean>
  /** Whether a take's last frame is kept as well. */
  keepsFrame: (take: TakeName) => boolean
}

export interface ExecuteOptions {
  /** Most tasks live at once. */
  concurrency: number
  /** Most creates a minute. */
  createsPerMinute: number
  /** Whether to wait for what was bought; otherwise it stays live. */
  wait: boolean
  /** How long to wait at most for what is live, from the start; `undefined`: until it ends. */
  waitTimeoutMs?: number | undefined
  /** How often a failed take is bought again at once. */
  retries: number
  /** The most that this run may spend; what was live before it does not count. */
  maxCost?: Money | undefined
  pollPolicy?: PollPolicy
  /** Ends the run in good order: nothing more is sent, what is under way is recorded. */
  signal: AbortSignal
}

type StepOf<K extends Step['kind']> = { part: PlanPart; step: Extract<Step, { kind: K }> }

const parallelFlexCreates = 16
/** So many creates in a row without a readable answer: something between us and the provider is broken. */
const unknownsUntilStop = 3

/** Carries plans out, all under the same limits. A shot that fails is an outcome; the others go on. */
export async function executePlans(
  parts: readonly PlanPart[],
  world: World,
  options: ExecuteOptions,
): Promise<RunResult> {
  return await new Execution(parts, world, options).run()
}

/** One run: what it shares between takes, and the rule that nothing is sent after a stop. */
class Execution {
  readonly #parts: readonly PlanPart[]
  readonly #world: World
  readonly #options: ExecuteOptions
  readonly #outcomes: Outcome[] = []
  readonly #poller: TaskPoller
  readonly #pacer: CreatePacer
  readonly #online: Line
  /** The flex tier has no limit of live tasks, so a task that waits there takes up no slot. */
  readonly #flex: Line = { slots: pLimit(parallelFlexCreates), turns: new Turns() }
  readonly #results: ResultKeeper<PlanPart>
  readonly #frames: LastFrames
  /** Who waits for the outcome of a take, by its key. */
  readonly #awaited = new Map<string, ((outcome: Outcome) => void)[]>()
  readonly #budget = new Budget()
  readonly #runPot: Pot | undefined
  readonly #manifests: ManifestBudgets<PlanPart>
  readonly #stopCreates = new AbortController()
  readonly #stopWaiting = new AbortController()
  #stopped: Stop | undefined
  #unknownsInARow = 0

  constructor(parts: readonly PlanPart[], world: World, options: ExecuteOptions) {
    this.#parts = parts
    this.#world = world
    this.#options = options
    const { clock, random, provider } = world
    const { pollPolicy: policy = patientPolling } = options
    const signal = AbortSignal.any([options.signal, this.#stopWaiting.signal])
    this.#online = { slots: pLimit(options.concurrency), turns: new Turns() }
    this.#runPot = options.maxCost && { name: '--max-cost', limit: options.maxCost }
    if (this.#runPot) this.#budget.add(this.#runPot, [])
    this.#manifests = new ManifestBudgets(parts, this.#budget)
    this.#poller = new TaskPoller({
      clock,
      random,
      provider,
      policy,
      signal,
      onTrouble: this.#onTrouble('poll'),
    })
    const onTrouble = this.#onTrouble('download')
    this.#frames = new LastFrames(world, { signal: options.signal, onTrouble })
    this.#results = new ResultKeeper<PlanPart>(world, {
      frames: this.#frames,
      signal: options.signal,
      settle: (part, take, body) => this.#settle(part, take, body),
      stop: (stop) => this.#stop(stop),
      onCollecting: (part, take, taskId) =>
        world.emit({ type: 'collecting', ...this.#ref(part, take), taskId }),
      onTrouble,
    })
    this.#pacer = new CreatePacer(options.createsPerMinute, {
      clock,
      random,
      onThrottled: (waitMs, message) => world.emit({ type: 'throttled', waitMs, message }),
    })
  }

  async run(): Promise<RunResult> {
    const { provider, emit } = this.#world
    const { signal } = this.#options
    const buys = this.#steps('generate')
    const resumes = this.#steps('resume')
    const collects = this.#steps('collect')
    emit({
      type: 'started',
      provider: provider.name,
      buys: buys.length,
      resumes: resumes.length,
      collects: collects.length,
      prices: planTotals(this.#parts.map(({ plan }) => plan)).prices.map(viewPrice),
    })
    const onAbort = () => this.#stop({ why: 'interrupted', message: 'The run was interrupted' })
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const following = buys.filter(isAwaiting).map(({ part, step }) => this.#follow(part, step))
    this.#settleTheRest()
    const ended = new AbortController()
    void this.#limitWaiting(ended.signal)

    try {
      if (buys.length > 0) await this.#checkProvider()
      // What is paid for comes first: results die, and live tasks take up the account's slots.
      const oldestFirst = collects.toSorted((a, b) => ageKey(a.step.taskId) - ageKey(b.step.taskId))
      const fetching = oldestFirst.map(({ part, step }) => this.#results.collect(part, step))
      const waiting = resumes.map(({ part, step }) => this.#resume(part, step))
      const buying = [this.#online, this.#flex].map(({ slots, turns }) => {
        const ready = buys.filter((buy) => !isAwaiting(buy) && this.#lineOf(buy.step).slots === slots)
        return forEachWithin(slots, inTurn(ready, turns), (_, free) => this.#generate(turns.next(), free))
      })
      await Promise.all([...fetching, ...waiting, ...buying, ...following])
    } finally {
      signal.removeEventListener('abort', onAbort)
      ended.abort()
    }
    const budgets = this.#budget.view()
    const result: RunResult = { outcomes: this.#outcomes, stop: this.#stopped, budgets }
    emit({ type: 'finished', result })
    return result
  }

  #steps<K extends Step['kind']>(kind: K): StepOf<K>[] {
    return this.#parts.flatMap((part) =>
      part.plan.steps.flatMap((step) => (step.kind === kind ? [{ part, step } as StepOf<K>] : [])),
    )
  }

  #lineOf({ take }: Extract<Step, { kind: 'generate' }>): Line {
    return take.shot.parameters.service_tier === 'flex' ? this.#flex : this.#online
  }

  /**
   * Buys a take as soon as the one that it goes on from is there, while everything else goes on. A chain takes longest,
   * so what is next in one goes before what stands alone.
   */
  async #follow(part: PlanPart, step: Extract<Step, { kind: 'generate' }>): Promise<void> {
    const upstream = step.follows!.take
    const before = await new Promise<Outcome>((resolve) => {
      const key = takeKey(this.#ref(part, upstream))
      const others = this.#awaited.get(key)
      if (others) others.push(resolve)
      else this.#awaited.set(key, [resolve])
    })
    if (before.kind === 'done' || before.kind === 'kept') {
      const { slots, turns } = this.#lineOf(step)
      turns.add({ part, step }, { urgent: true })
      return await within(slots, (free) => this.#generate(turns.next(), free))
    }
    if (before.kind === 'cancelled')
      return this.#settle(part, step.name, { kind: 'cancelled', why: before.why })
    this.#settle(part, step.name, { kind: 'held', reason: 'upstream', upstream })
  }

  /** Steps without work of their own. */
  #settleTheRest(): void {
    for (const { part, step } of this.#steps('keep'))
      this.#settle(part, step.name, {
        kind: 'kept',
        ...(step.stale ? { stale: true } : {}),
        ...(step.rejected ? { rejected: true } : {}),
      })
    for (const { part, step } of this.#steps('hold'))
      this.#settle(part, step.name, { kind: 'held', reason: step.reason, upstream: step.upstream })
    for (const { part, step } of this.#steps('reconcile')) {
      this.#settle(part, step.name, {
        kind: 'unknown',
        why: 'an earlier create was sent and its answer never seen',
      })
    }
  }

  /** A bad key or a dead line is found out before money is at stake. Live tasks are still looked after. */
  async #checkProvider(): Promise<void> {
    try {
      await this.#world.provider.check({ signal: this.#options.signal })
    } catch (error) {
      if (this.#options.signal.aborted) return
      if (!(error instanceof RunnerError)) throw error
      this.#stop({
        why: error.code === 'account-refused' ? 'account' : 'unreachable',
        message: error.message,
      })
    }
  }

  async #limitWaiting(ended: AbortSignal): Promise<void> {
    const { waitTimeoutMs } = this.#options
    if (waitTimeoutMs === undefined) return
    try {
      await this.#world.clock.sleep(waitTimeoutMs, { signal: ended })
    } catch {
      return
    }
    this.#stop({
      why: 'timeout',
      message: 'The time to wait is over. What is live goes on at the provider: do not buy it again by hand',
    })
    this.#stopWaiting.abort()
  }

  /** @param free Gives the slot back: called once no task of this take is live any more. */
  async #generate({ part, step }: StepOf<'generate'>, free: () => void): Promise<void> {
    const flex = step.take.shot.parameters.service_tier === 'flex'
    const firstFrame = await this.#firstFrameOf(part, step)
    if (typeof firstFrame === 'string') {
      free()
      const { take: upstream } = step.follows!
      return firstFrame === 'none'
        ? this.#settle(part, step.name, { kind: 'held', reason: 'no-last-frame', upstream })
        : this.#settle(part, step.name, { kind: 'cancelled' })
    }
    for (let retriesLeft = this.#options.retries; ; retriesLeft--) {
      const { bought, reservation } = await this.#buyWithinBudget(part, step, firstFrame)
      if (bought.kind === 'submitted') {
        if (flex || !this.#options.wait) free()
        const watched = await this.#watch(part, step.name, bought.taskId, { flex, reservation })
        const failed = watched.kind === 'ended' && watched.task.status !== 'succeeded'
        const again = failed && retriesLeft > 0 && !this.#stopped && mayRerun(failureOf(watched.task))
        if (again && (await this.#results.recordEnd(part, step.name, watched.task))) continue
        free()
        return await this.#results.finish(part, step.name, bought.taskId, { watched, bought: true })
      }
      free()
      return this.#settle(
        part,
        step.name,
        bought.kind === 'failed' ? { ...bought, taskId: undefined } : bought,
      )
    }
  }

  /** The frame that a take begins with; `undefined` where that is not another's last. */
  async #firstFrameOf(
    part: PlanPart,
    { follows }: Extract<Step, { kind: 'generate' }>,
  ): Promise<FirstFrame | undefined | 'none' | 'stopped'> {
    if (!follows) return undefined
    if (this.#stopped) return 'stopped'
    try {
      return (await this.#frames.of(part, follows.take)) ?? 'none'
    } catch (error) {
      if (this.#options.signal.aborted) return 'stopped'
      if (!(error instanceof RunnerError)) throw error
      this.#stop({ why: 'unwritable', message: error.message })
      return 'stopped'
    }
  }

  /** Sets the most that the take can cost aside first. Only what was bought, or may have been, leaves it set aside. */
  async #buyWithinBudget(
    part: PlanPart,
    step: Extract<Step, { kind: 'generate' }>,
    firstFrame: FirstFrame | undefined,
  ): Promise<{ bought: Bought | NotBought; reservation?: Reservation }> {
    if (this.#stopped) return { bought: { kind: 'cancelled' } }
    if (!(await part.isUnchanged(step.take))) return { bought: { kind: 'cancelled', why: 'edited' } }
    const amount = mostOf(step)
    const pots = [this.#runPot, this.#manifests.potOf(part)].filter((pot) => pot !== undefined)
    let reservation: Reservation | { reached: Pot }
    try {
      reservation = await this.#budget.reserve(pots, amount, this.#stopCreates.signal)
    } catch (error) {
      if (!this.#stopCreates.signal.aborted) throw error
      return { bought: { kind: 'cancelled' } }
    }
    if ('reached' in reservation) {
      if (reservation.reached === this.#runPot)
        this.#stop({ why: 'budget', message: budgetMessage(reservation.reached) })
      return { bought: { kind: 'cancelled', why: 'budget' } }
    }
    const bought = await this.#buy(part, step, {
      reserved: amount && writeMoney(amount),
      firstFrame,
    })
    if (bought.kind === 'unknown') reservation.keep()
    else if (bought.kind !== 'submitted') reservation.settle(0)
    return { bought, reservation }
  }

  async #buy(
    part: PlanPart,
    step: Extract<Step, { kind: 'generate' }>,
    { reserved, firstFrame }: Pick<BuyOptions, 'reserved' | 'firstFrame'>,
  ): Promise<Bought> {
    const ref = this.#ref(part, step.name)
    const bought = await buyTake(
      step,
      part,
      { ...this.#world, pacer: this.#pacer, onTrouble: this.#onTrouble('create') },
      {
        signal: this.#stopCreates.signal,
        reserved,
        firstFrame,
        onSubmitting: () => this.#world.emit({ type: 'submitting', ...ref }),
        stop: (stop) => this.#stop(stop),
      },
    )
    if (bought.kind === 'submitted') this.#world.emit({ type: 'submitted', ...ref, taskId: bought.taskId })
    this.#unknownsInARow = bought.kind === 'unknown' ? this.#unknownsInARow + 1 : 0
    if (this.#unknownsInARow >= unknownsUntilStop && bought.kind === 'unknown') {
      const message = `${unknownsUntilStop} creates in a row got no answer that tells whether a task exists (${bought.why})`
      this.#stop({ why: 'unknowns', message })
    }
    return bought
  }

  async #resume(part: PlanPart, step: Extract<Step, { kind: 'resume' }>): Promise<void> {
    const { name, taskId, flex } = step
    if (!this.#options.wait) return this.#settle(part, name, { kind: 'live', taskId })
    const watching = this.#watch(part, name, taskId, { flex, reservation: this.#manifests.holdOf(step) })
    // Already live: it is looked after at once, and holds a slot so that creates wait for it.
    if (!flex) void this.#online.slots(() => watching)
    await this.#results.finish(part, name, taskId, { watched: await watching, bought: false })
  }

  /** Waits for a task's end, and settles what was set aside for it. */
  async #watch(
    part: PlanPart,
    name: TakeName,
    taskId: TaskId,
    { flex, reservation }: { flex: boolean; reservation: Reservation | undefined },
  ): Promise<Watched> {
    const onStatus = (status: Task['status']) =>
      this.#world.emit({ type: 'status', ...this.#ref(part, name), taskId, status })
    const watched: Watched = this.#options.wait
      ? await this.#poller.watch(taskId, { flex, onStatus })
      : { kind: 'stopped' }
    if (watched.kind === 'ended') {
      const cost = part.costs.costOf(name, watched.task)
      reservation?.settle(readMoney(cost)?.micros ?? 0)
    } else reservation?.keep()
    return watched
  }

  #settle(part: PlanPart, take: TakeName, body: OutcomeBody): void {
    const outcome = { ...this.#ref(part, take), ...body } as Outcome
    this.#outcomes.push(outcome)
    this.#world.emit({ type: 'outcome', outcome })
    const key = takeKey(outcome)
    for (const resolve of this.#awaited.get(key) ?? []) resolve(outcome)
    this.#awaited.delete(key)
  }

  #stop(stop: Stop): void {
    if (this.#stopped) return
    this.#stopped = stop
    this.#stopCreates.abort()
    this.#world.emit({ type: 'stopping', stop })
  }

  #ref(part: PlanPart, take: TakeName): TakeRef {
    return { manifest: part.plan.manifest.name, take }
  }

  #onTrouble(during: 'create' | 'poll' | 'download') {
    return (message: string, waitMs: number) => this.#world.emit({ type: 'trouble', during, message, waitMs })
  }
}

/** Places for creates, and who goes next. */
interface Line {
  slots: LimitFunction
  turns: Turns<StepOf<'generate'>>
}

/** The items, each put down for its turn as it is taken. */
function* inTurn<T>(items: readonly T[], turns: Turns<T>): Generator<T> {
  for (const item of items) {
    turns.add(item)
    yield item
  }
}

/** Whether a take waits for another of this run. */
function isAwaiting({ step }: StepOf<'generate'>): boolean {
  return step.follows?.awaited === true
}

type NotBought = { kind: 'cancelled'; why: NotBoughtReason }

/** The most that a take can cost; `undefined` where no price is known. */
function mostOf({ estimate: { price } }: Extract<Step, { kind: 'generate' }>): Money | undefined {
  return price && { currency: price.currency, micros: price.maxMicros }
}

function budgetMessage({ name, limit }: Pot): string {
  return `The next take does not fit into what ${name} allows (${writeMoney(limit)})`
}

/** What was created first dies first; a task whose id does not tell may be the oldest. */
function ageKey(id: TaskId): number {
  return createdAtOf(id) ?? 0
}
