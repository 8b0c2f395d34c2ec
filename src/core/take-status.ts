import type { FailureClass } from './failure.js'
import type { LockStatus } from './lockfile.js'
import type { TakeName } from './names.js'
import type { BuyReason, HoldReason, Step } from './plan.js'
import type { TaskId } from './task.js'

/** Where a take stands; `absent`: nothing was bought yet. */
export interface TakeStatus {
  take: TakeName
  status: LockStatus | 'absent'
  /** What the next run does with it. */
  next: Step['kind']
  /** Why that buys it again. */
  reason?: BuyReason
  /** Why it waits for a person. */
  held?: HoldReason
  task?: TaskId
  provider?: string
  tokens?: number
  /** What it cost by the prices of its day, such as `1.3968 CNY`. */
  cost?: string
  /** The most that it can cost while it is live or unknown. */
  reserved?: string
  /** For a draft without a final: whether a person approved it, and for how many whole days it can be made final. */
  draft?: { approved: boolean; daysLeft?: number }
  /** Goes on from a take that was bought anew since. */
  stale?: true
  /** The take that it goes on from, where it is stale or held for that. */
  upstream?: TakeName
  /** Whether a person accepted or rejected what the task made; left out while undecided. */
  approved?: boolean
  /** What a person wrote on it. */
  note?: string
  /** A person chose this take of its shot. */
  picked?: true
  /** The collected video, relative to the manifest. */
  video?: string
  /** Whether that file is in its place on this machine. */
  here?: boolean
  failure?: FailureClass
  error?: string
  /** For live tasks, seconds since the create, where the task's id tells. */
  ageS?: number
  /** For results that are paid for and not here: when the provider drops them at the latest, ISO time. */
  fetchBefore?: string
}
