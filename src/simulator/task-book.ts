import { isOver, laneOf, type SimulatedTask, type Status } from './task.js'
import { TimeHeap } from './time-heap.js'

export interface TaskBookOptions {
  /** Most tasks of a lane that run at once; `Infinity` for no limit. */
  liveLimit: (task: SimulatedTask) => number
  /** How long a record stays readable, from the task's creation. */
  recordLifetimeMs: number
  /** Called on every change of status after the first, in order of time. */
  onStatus: (task: SimulatedTask) => void
  /** Called when a record is gone. */
  onRemoved: (task: SimulatedTask) => void
}

/** How many tasks of a lane run, and how many wait. */
export interface LaneCounts {
  running: number
  queued: number
}

/** A cancelled task stays readable for a day. Source: reference section 4. */
const cancelledLifetimeMs = 24 * 3600 * 1000

interface Lane extends LaneCounts {
  /** Tasks whose shortest stay is over, in order of creation. */
  ready: SimulatedTask[]
}

type Event = 'ready' | 'end' | 'expire' | 'forget'

/**
 * Every task, and what time does to it. There are no timers in here: `advance` plays what should have happened by
 * then, each change at its own moment, so that the result does not depend on when anybody asks.
 */
export class TaskBook {
  readonly #options: TaskBookOptions
  readonly #tasks = new Map<string, SimulatedTask>()
  readonly #lanes = new Map<string, Lane>()
  readonly #events = new TimeHeap<{ event: Event; task: SimulatedTask }>()

  constructor(options: TaskBookOptions) {
    this.#options = options
  }

  get(id: string): SimulatedTask | undefined {
    return this.#tasks.get(id)
  }

  /** Newest first. */
  newestFirst(): SimulatedTask[] {
    return [...this.#tasks.values()].reverse()
  }

  counts(lane: string): LaneCounts {
    const { running, queued } = this.#lane(lane)
    return { running, queued }
  }

  lanes(): Record<string, LaneCounts> {
    return Object.fromEntries([...this.#lanes.keys()].map((lane) => [lane, this.counts(lane)]))
  }

  /** Takes in a task in whatever state it is: new, or read back from disk. */
  add(task: SimulatedTask): void {
    const { createdAtMs, status } = task
    this.#tasks.set(task.id, task)
    this.#count(task, 1)
    if (status === 'queued') this.#events.push(createdAtMs + task.queuedMs, { event: 'ready', task })
    if (status === 'running') this.#scheduleEnd(task)
    if (!isOver(status)) this.#events.push(createdAtMs + task.expiresAfterS * 1000, { event: 'expire', task })
    if (status === 'cancelled') this.#scheduleForget(task, task.updatedAtMs + cancelledLifetimeMs)
    else this.#scheduleForget(task, createdAtMs + this.#options.recordLifetimeMs)
  }

  /** Lets time pass up to `nowMs`. */
  advance(nowMs: number): void {
    for (;;) {
      const due = this.#events.popUntil(nowMs)
      if (!due) return
      const { event, task } = due.value
      if (this.#tasks.get(task.id) === task) this.#happen(event, task, due.atMs)
    }
  }

  /** Cancels a queued task. */
  cancel(task: SimulatedTask, nowMs: number): void {
    this.#change(task, 'cancelled', nowMs)
    this.#scheduleForget(task, nowMs + cancelledLifetimeMs)
  }

  remove(task: SimulatedTask): void {
    this.#count(task, -1)
    this.#tasks.delete(task.id)
    this.#options.onRemoved(task)
  }

  #happen(event: Event, task: SimulatedTask, atMs: number): void {
    switch (event) {
      case 'ready':
        this.#lane(laneOf(task)).ready.push(task)
        this.#startReady(laneOf(task), atMs)
        return
      case 'end':
        if (task.status === 'running') this.#change(task, task.ending.status, atMs)
        return
      case 'expire':
        if (!isOver(task.status)) this.#change(task, 'expired', atMs)
        return
      case 'forget':
        this.remove(task)
        return
    }
  }

  #change(task: SimulatedTask, status: Status, atMs: number): void {
    const freesSlot = task.status === 'running'
    this.#count(task, -1)
    task.status = status
    task.updatedAtMs = atMs
    this.#count(task, 1)
    if (status === 'running') this.#scheduleEnd(task)
    this.#options.onStatus(task)
    if (freesSlot) this.#startReady(laneOf(task), atMs)
  }

  /** Starts what waits, first come first served, as far as there are free slots. */
  #startReady(name: string, atMs: number): void {
    const lane = this.#lane(name)
    for (;;) {
      const task = lane.ready[0]
      if (!task) return
      const waits = task.status === 'queued' && this.#tasks.get(task.id) === task
      if (waits && lane.running >= this.#options.liveLimit(task)) return
      lane.ready.shift()
      if (waits) this.#change(task, 'running', atMs)
    }
  }

  #scheduleEnd(task: SimulatedTask): void {
    if (task.runMs !== null) this.#events.push(task.updatedAtMs + task.runMs, { event: 'end', task })
  }

  #scheduleForget(task: SimulatedTask, atMs: number): void {
    this.#events.push(atMs, { event: 'forget', task })
  }

  #count(task: SimulatedTask, change: 1 | -1): void {
    const lane = this.#lane(laneOf(task))
    if (task.status === 'queued') lane.queued += change
    if (task.status === 'running') lane.running += change
  }

  #lane(name: string): Lane {
    const lane = this.#lanes.get(name) ?? { running: 0, queued: 0, ready: [] }
    this.#lanes.set(name, lane)
    return lane
  }
}
