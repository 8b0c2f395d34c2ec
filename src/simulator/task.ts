import type { Ratio, Resolution } from '../core/models.js'

/** The service's own status words. Source: reference section 4. */
export type Status = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired'

export type ServiceTier = 'default' | 'flex'

/** How a task will end once it has run; decided when it is created. */
export type Ending = { status: 'succeeded' } | { status: 'failed'; error: { code: string; message: string } }

/** A task as the simulator keeps it, in memory and in `tasks.jsonl`. Times are milliseconds since the Unix epoch. */
export interface SimulatedTask {
  readonly id: string
  /** As GET reports it: a model id, never an endpoint id. */
  readonly model: string
  /** The `ep-…` id that was sent in place of a model; what `filter.model` matches. */
  readonly endpoint?: string | undefined
  /** Model label: tasks of one label and tier share the account's limits. */
  readonly label: string
  readonly tier: ServiceTier
  readonly prompt: string
  readonly seed: number
  readonly resolution: Resolution
  readonly ratio: Ratio
  /** Pixels that the service would make; the rendered file is smaller. */
  readonly width: number
  readonly height: number
  /** 24 a second, and one. */
  readonly frames: number
  /** Whole seconds; `undefined` when `frames` was asked for. */
  readonly seconds?: number | undefined
  /** Seconds of films among the references; `undefined` when there are none. */
  readonly inputSeconds?: number | undefined
  /** `undefined` for models without sound. */
  readonly generateAudio?: boolean | undefined
  readonly draft: boolean
  readonly returnLastFrame: boolean
  readonly expiresAfterS: number
  readonly safetyIdentifier?: string | undefined
  /** `undefined` for models that refuse the field. */
  readonly priority?: number | undefined
  /** As sent. */
  readonly tools?: readonly unknown[] | undefined
  /** `undefined` for models that do not report it. */
  readonly outputFormat?: 'mp4' | 'mov' | undefined
  /** The draft that this task makes final. */
  readonly draftTaskId?: string | undefined
  readonly callbackUrl?: string | undefined
  /** SHA-256 of the first frame's bytes when it came inline as PNG. */
  readonly backdrop?: string | undefined
  readonly createdAtMs: number
  /** Shortest stay in the queue. */
  readonly queuedMs: number
  /** Running time; `null`: it never leaves `running` by itself. */
  readonly runMs: number | null
  readonly ending: Ending
  status: Status
  /** When `status` began. */
  updatedAtMs: number
}

/** Where a task stands in line: one model and tier. Flex has a line of its own, without a limit. */
export function laneOf({ label, tier }: Pick<SimulatedTask, 'label' | 'tier'>): string {
  return tier === 'flex' ? `${label} flex` : label
}

export function isOver(status: Status): boolean {
  return status !== 'queued' && status !== 'running'
}
