import pLimit from 'p-limit'
import { ProviderError, RunnerError } from '../core/errors.js'
import type { Outcome, Stop, TakeRef } from '../core/event.js'
import { classifyFailure, type FailureClass } from '../core/failure.js'
import { lostCode } from '../core/ledger-state.js'
import type { TakeName } from '../core/names.js'
import type { Step } from '../core/plan.js'
import type { Task, TaskId } from '../core/task.js'
import { createdAtOf, lifetimes } from '../core/task-time.js'
import type { World } from '../ports/world.js'
import { collectResult } from './collect-result.js'
import { keepingSuperseded } from './keep-superseded.js'
import type { LastFrames } from './last-frames.js'
import type { Ledger } from './ledger.js'
import { type Places, videoPlace } from './places.js'
import type { TakeCosts } from './take-costs.js'
import type { Watched } from './task-poller.js'

/** An outcome without the take that it is about. */
export type OutcomeBody = Outcome extends infer O
  ? O extends Outcome
    ? Omit<O, keyof TakeRef>
    : never
  : never

/** A manifest's part of what is needed to keep results. */
interface Part {
  ledger: Pick<Ledger, 'commit' | 'states'>
  places: Places
  costs: Pick<TakeCosts, 'costOf'>
  /** Whether a take's last frame is kept as well. */
  keepsFrame: (take: TakeName) => boolean
}

/** What the keeper needs of the run that it works in. `P`: how that run names a manifest's part. */
export interface KeeperRun<P extends Part> {
  /** Ends downloads; what was paid for stays on record. */
  signal: AbortSignal
  settle: (part: P, take: TakeName, body: OutcomeBody) => void
  stop: (stop: Stop) => void
  frames: Pick<LastFrames, 'keep'>
  onCollecting: (part: P, take: TakeName, taskId: TaskId) => void
  onTrouble: (message: string, waitMs: number) => void
}

/** One connection to a store far away fills no line; so many hold some 20 MB in memory. */
const parallelDownloads = 16

/** Puts down how tasks ended, fetches what they made, and says so when something paid for is lost. */
export class ResultKeeper<P extends Part> {
  readonly #world: World
  readonly #run: KeeperRun<P>
  readonly #downloads = pLimit(parallelDownloads)

  constructor(world: World, run: KeeperRun<P>) {
    this.#world = world
    this.#run = run
  }

  /** Records how a task ended and fetches what it made. */
  async finish(
    part: P,
    name: TakeName,
    taskId: TaskId,
    { watched, bought }: { watched: Watched; bought: boolean },
  ): Promise<void> {
    if (watched.kind === 'stopped') return this.#run.settle(part, name, { kind: 'live', taskId })
    if (watched.kind === 'gone') return await this.#gone(part, name, taskId)
    const { task } = watched
    if (!(await this.recordEnd(part, name, task)))
      return this.#run.settle(part, name, { kind: 'live', taskId })
    if (task.status === 'succeeded')
      return await this.#download(part, name, task, { bought, collectedBefore: false })
    const { code = task.status, message = '' } = task.error ?? {}
    this.#run.settle(part, name, { kind: 'failed', failure: failureOf(task), code, message, taskId })
  }

  /** A record that is past its life is lost; a younger one may be hidden by a relay, and is asked for again later. */
  async #gone(part: P, name: TakeName, taskId: TaskId): Promise<void> {
    if (this.#isOlderThan(taskId, lifetimes.recordMs, false)) return await this.#lose(part, name, taskId)
    const note = 'the provider does not know it just now'
    this.#run.settle(part, name, { kind: 'live', taskId, note })
  }

  #isOlderThan(taskId: TaskId, ageMs: number, whenUnknown: boolean): boolean {
    const createdAt = createdAtOf(taskId)
    return createdAt === undefined ? whenUnknown : this.#world.clock.now() - createdAt > ageMs
  }

  async #lose(part: P, take: TakeName, task: TaskId): Promise<void> {
    await this.#commit(() => part.ledger.commit({ type: 'lost', take, task }))
    const message = `the provider no longer has task ${task} or its result`
    this.#run.settle(part, take, {
      kind: 'failed',
      failure: 'download',
      code: lostCode,
      message,
      taskId: task,
    })
  }

  /** @returns Whether the end is on the disk. */
  async recordEnd(part: P, name: TakeName, task: Task): Promise<boolean> {
    const { id, status, completionTokens, error } = task
    const cost = part.costs.costOf(name, task)
    const tokens = completionTokens === undefined ? {} : { tokens: completionTokens }
    const code = error?.code ?? (status === 'failed' ? 'error' : undefined)
    const failure = code === undefined ? {} : { error: code, message: error?.message ?? '' }
    return await this.#commit(() =>
      part.ledger.commit({
        type: 'ended',
        take: name,
        task: id,
        status: status as 'succeeded',
        ...tokens,
        ...(cost === undefined ? {} : { cost }),
        ...failure,
      }),
    )
  }

  /** Fetches what is done and paid for. */
  async collect(
    part: P,
    { name, taskId, collectedBefore }: Extract<Step, { kind: 'collect' }>,
  ): Promise<void> {
    await this.#download(
      part,
      name,
      { id: taskId, videoUrl: undefined, lastFrameUrl: undefined, completionTokens: undefined },
      { bought: false, collectedBefore },
    )
  }

  async #download(
    part: P,
    name: TakeName,
    task: Pick<Task, 'id' | 'videoUrl' | 'lastFrameUrl' | 'completionTokens'>,
    { bought, collectedBefore }: { bought: boolean; collectedBefore: boolean },
  ): Promise<void> {
    const { id: taskId, completionTokens } = task
    const video = videoPlace(part, name, taskId)
    const target = { folder: part.places.folder, path: video }
    const files = keepingSuperseded(part, name, video, this.#world.files)
    const world = { ...this.#world, files, onTrouble: this.#run.onTrouble }
    const { signal } = this.#run
    try {
      const { sha256, bytes } = await this.#downloads(async () => {
        signal.throwIfAborted()
        this.#run.onCollecting(part, name, taskId)
        // First, so that a crash in between is made good by fetching both.
        if (part.keepsFrame(name))
          await this.#commit(async () => void (await this.#run.frames.keep(part, name, task)))
        return await collectResult(task, target, world, { signal })
      })
      await this.#commit(() =>
        part.ledger.commit({ type: 'collected', take: name, task: taskId, video, sha256, bytes }),
      )
      const { tokens = completionTokens, cost } = part.ledger.states.get(name)?.entry ?? {}
      this.#run.settle(part, name, { kind: 'done', taskId, video, tokens, cost, bought })
    } catch (error) {
      if (signal.aborted) return this.#run.settle(part, name, { kind: 'live', taskId })
      const gone = error instanceof ProviderError && error.providerCode === lostCode
      if (gone && collectedBefore) {
        const note = 'collected before, not on this machine, and no longer at the provider'
        return this.#run.settle(part, name, { kind: 'kept', note })
      }
      if (gone && this.#isOlderThan(taskId, lifetimes.resultMs, true))
        return await this.#lose(part, name, taskId)
      const { message } = error as Error
      this.#run.settle(part, name, {
        kind: 'failed',
        failure: 'download',
        code: 'download-failed',
        message,
        taskId,
      })
    }
  }

  /** @returns Whether the record is on disk; if not, nothing more is bought. */
  async #commit(work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      if (!(error instanceof RunnerError)) throw error
      this.#run.stop({ why: 'unwritable', message: error.message })
      return false
    }
  }
}

/** The class of a task that ended otherwise than well. */
export function failureOf({ status, error }: Pick<Task, 'status' | 'error'>): FailureClass {
  if (status === 'expired' || status === 'cancelled') return status
  return classifyFailure(error?.code ?? '', true)
}
