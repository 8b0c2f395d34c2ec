import type { FailureClass } from './failure.js'
import type { TakeName } from './names.js'
import type { HoldReason } from './plan.js'
import type { PriceView } from './plan-view.js'
import type { TaskId, TaskStatus } from './task.js'

/** Names a take across the manifests of a run. */
export interface TakeRef {
  /** The manifest's name. */
  manifest: string
  take: TakeName
}

/** Why a run stopped buying before it was through. */
export type StopReason =
  | 'interrupted'
  | 'account'
  | 'unreachable'
  | 'unwritable'
  | 'unknowns'
  | 'timeout'
  /** What the run may cost is spent or set aside. */
  | 'budget'

/**
 * Why a single take was not bought although the run went on. `budget`: its manifest's is spent or set aside; `edited`:
 * the shot was changed after the plan was agreed to.
 */
export type NotBoughtReason = 'budget' | 'edited'

/** What a run or a manifest may cost, and how much of that is gone. In units of the currency. */
export interface BudgetView {
  /** `--max-cost`, or the manifest's file. */
  name: string
  currency: string
  limit: number
  spent: number
  /** Set aside for what is live or unknown. */
  reserved: number
  /** Whether something was not bought because it did not fit any more. */
  reached: boolean
}

export interface Stop {
  why: StopReason
  message: string
}

/** How a step ended. `live`: bought and not done when the run ended; `held`: waits for a person. */
export type Outcome = TakeRef &
  (
    | {
        kind: 'done'
        taskId: TaskId
        video: string
        tokens: number | undefined
        /** Such as `1.3968 CNY`; `undefined` where no price is known. */
        cost: string | undefined
        bought: boolean
      }
    | { kind: 'failed'; failure: FailureClass; code: string; message: string; taskId: TaskId | undefined }
    /** `stale`: it goes on from a take that was made anew since. `rejected`: a person rejected it. */
    | { kind: 'kept'; note?: string; stale?: true; rejected?: true }
    | { kind: 'held'; reason: HoldReason; upstream?: TakeName | undefined }
    | { kind: 'cancelled'; why?: NotBoughtReason | undefined }
    | { kind: 'live'; taskId: TaskId; note?: string }
    | { kind: 'unknown'; why: string }
  )

export interface RunResult {
  outcomes: readonly Outcome[]
  /** `undefined` when nothing kept the run from going through. */
  stop: Stop | undefined
  /** Empty where nothing is capped. */
  budgets: readonly BudgetView[]
}

/** Something that happened in a run. Reporters and tests are functions of these. */
export type RunEvent =
  | {
      type: 'started'
      provider: string
      buys: number
      resumes: number
      collects: number
      /** What buying comes to, one a currency. */
      prices: readonly PriceView[]
    }
  | (TakeRef & { type: 'submitting' })
  | (TakeRef & { type: 'submitted'; taskId: TaskId })
  | (TakeRef & { type: 'status'; taskId: TaskId; status: TaskStatus })
  | (TakeRef & { type: 'collecting'; taskId: TaskId })
  | { type: 'outcome'; outcome: Outcome }
  /** The provider asked for fewer creates; none goes out for `waitMs`. */
  | { type: 'throttled'; waitMs: number; message: string }
  /** A call that is free to repeat went wrong and will be repeated. */
  | { type: 'trouble'; during: 'create' | 'poll' | 'download'; message: string; waitMs: number }
  | { type: 'stopping'; stop: Stop }
  | { type: 'finished'; result: RunResult }

/** The words of `TakeRef` as one string, unique in a run. */
export function takeKey({ manifest, take }: TakeRef): string {
  return `${manifest}/${take}`
}
