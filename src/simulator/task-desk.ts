import { findModel } from '../core/models.js'
import { billedTokens } from './billing.js'
import { type AccountLimits, createLimiter } from './create-limits.js'
import type { InputStore } from './input-store.js'
import type { JournalFile } from './journal-file.js'
import type { LogEntry } from './log-entry.js'
import { planTask, refuseByWord } from './plan-task.js'
import type { Clips } from './read-clips.js'
import { laneOf, type SimulatedTask, type Status } from './task.js'
import { type LaneCounts, TaskBook } from './task-book.js'
import { validateCreate } from './validate-create.js'

/** A line of `tasks.jsonl`. */
export type TaskEvent =
  | { event: 'created'; task: SimulatedTask }
  | { event: 'status'; id: string; status: Status; at: number }
  | { event: 'removed'; id: string }

export interface TaskDeskOptions {
  limits: AccountLimits
  taskMs: { min: number; max: number }
  queuedMs: number
  recordLifetimeMs: number
  /** The models behind endpoint ids. */
  endpoints: ReadonlyMap<string, string>
  /** Milliseconds since the Unix epoch. */
  now: () => number
  journal: JournalFile<TaskEvent>
  log: JournalFile<LogEntry>
  inputs: InputStore
  /** Called with every task that is new or has a new status. */
  onChange: (task: SimulatedTask) => void
}

/** Takes in creates and keeps the tasks: what it has accepted is in the journal before it returns. */
export class TaskDesk {
  readonly #options: TaskDeskOptions
  readonly #book: TaskBook
  readonly #limit: ReturnType<typeof createLimiter>
  /** The first seed that each prompt was tried with. */
  readonly #firstSeeds = new Map<string, number>()

  constructor(options: TaskDeskOptions) {
    const { limits, recordLifetimeMs } = options
    this.#options = options
    this.#limit = createLimiter(limits)
    this.#book = new TaskBook({
      recordLifetimeMs,
      liveLimit: ({ tier, model }) =>
        tier === 'flex'
          ? Number.POSITIVE_INFINITY
          : (limits.liveTasks ?? findModel(model)!.account.liveTasks),
      onStatus: (task) => this.#statusChanged(task),
      onRemoved: ({ id }) => options.journal.append({ event: 'removed', id }),
    })
  }

  /**
   * Reads the journal: tasks go on from where they were left. To be called once, before anything else.
   * @throws RunnerError `state-unreadable`.
   */
  restore(): void {
    const tasks = new Map<string, SimulatedTask>()
    for (const entry of this.#options.journal.entries()) {
      switch (entry.event) {
        case 'created':
          tasks.set(entry.task.id, entry.task)
          this.#noteSeed(entry.task)
          break
        case 'status':
          restoreStatus(tasks.get(entry.id), entry.status, entry.at)
          break
        case 'removed':
          tasks.delete(entry.id)
          break
      }
    }
    for (const task of tasks.values()) this.#book.add(task)
  }

  /** Brings every task up to now. */
  advance(): void {
    this.#book.advance(this.#options.now())
  }

  /**
   * Accepts a create, or refuses it as the service would.
   *
   * @param clips What was read of the body's inline films and sounds.
   * @throws ServiceError
   */
  create(body: unknown, clips: Clips): SimulatedTask {
    this.advance()
    const { taskMs, queuedMs, endpoints, inputs, journal, onChange, now } = this.#options
    const nowMs = now()
    const valid = validateCreate(body, {
      clips,
      nowMs,
      endpoints,
      findTask: (id) => this.#book.get(id),
    })
    refuseByWord(valid.prompt)
    const isFlex = valid.tier === 'flex'
    this.#limit(valid.profile, isFlex ? undefined : this.#book.counts(valid.profile.label), nowMs)

    const { firstFrame } = valid
    const task = planTask(valid, {
      nowMs,
      taskMs,
      queuedMs,
      backdrop: firstFrame?.format === 'png' ? inputs.save(firstFrame.bytes) : valid.draftBackdrop,
      isTaken: (id) => this.#book.get(id) !== undefined,
      firstSeed: this.#firstSeeds.get(valid.prompt),
    })
    journal.append({ event: 'created', task })
    this.#noteSeed(task)
    this.#book.add(task)
    onChange(task)
    return task
  }

  get(id: string): SimulatedTask | undefined {
    this.advance()
    return this.#book.get(id)
  }

  newestFirst(): SimulatedTask[] {
    this.advance()
    return this.#book.newestFirst()
  }

  cancel(task: SimulatedTask): void {
    this.#book.cancel(task, this.#options.now())
  }

  remove(task: SimulatedTask): void {
    this.#book.remove(task)
  }

  countsAround(task: SimulatedTask): { live: number; queued: number } {
    const { running, queued } = this.#book.counts(laneOf(task))
    return { live: running, queued }
  }

  lanes(): Record<string, LaneCounts> {
    return this.#book.lanes()
  }

  #statusChanged(task: SimulatedTask): void {
    const { id, status, updatedAtMs: at } = task
    this.#options.journal.append({ event: 'status', id, status, at })
    const billed = status === 'succeeded' ? { tokens: billedTokens(task) } : {}
    this.#options.log.append({ at, event: 'status', id, status, ...billed, ...this.countsAround(task) })
    this.#options.onChange(task)
  }

  #noteSeed({ prompt, seed }: SimulatedTask): void {
    if (!this.#firstSeeds.has(prompt)) this.#firstSeeds.set(prompt, seed)
  }
}

function restoreStatus(task: SimulatedTask | undefined, status: Status, atMs: number): void {
  if (!task) return
  task.status = status
  task.updatedAtMs = atMs
}
