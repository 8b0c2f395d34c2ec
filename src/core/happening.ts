import type { FailureClass } from './failure.js'
import type { LockStatus } from './lockfile.js'
import type { TakeName } from './names.js'
import type { TaskId } from './task.js'

/** The task that a take had before. */
export interface FormerTask {
  task: TaskId
  /** What had become of it. */
  status: LockStatus | 'lost'
}

/** What a purchase tells of what was there before. */
export interface Since {
  was?: FormerTask
  /** How many tasks were bought for the take in between; left out for one. */
  tasks?: number
}

/** Something that happened to a take between two lockfiles. */
export type Happening =
  /** `manifest`: where that is another. */
  | { kind: 'moved'; from: TakeName; manifest?: string }
  /** Another take has the same task, before and after: a copy, or a move that was cut off. */
  | { kind: 'shared'; from: TakeName; manifest?: string }
  /** `retaken`: in the place of another result. `fetched`: false while its file is with the provider only. */
  | ({ kind: 'bought' | 'retaken'; task: TaskId | undefined; fromDraft?: true; fetched?: false } & Since)
  /** One of its earlier tasks is the take's again. */
  | { kind: 'adopted'; task: TaskId; was?: FormerTask }
  | ({ kind: 'sent'; task: TaskId | undefined } & Since)
  /** A create was sent, and its answer never seen. */
  | ({ kind: 'unknown' } & Since)
  | ({ kind: 'failed'; failure: FailureClass; code: string } & Since)
  | ({ kind: 'expired' | 'cancelled' } & Since)
  /** Paid for, and the provider no longer has it. */
  | { kind: 'lost' }
  /** Its file is here; `anew`: with another content than before. */
  | { kind: 'collected'; anew: boolean }
  /** The bill of the same task is another. */
  | { kind: 'billed' }
  | { kind: 'dropped' }
  | { kind: 'picked' | 'unpicked' | 'undecided' }
  | { kind: 'approved' | 'rejected'; note?: string }
  | { kind: 'noted'; note: string | undefined }
  /** Nothing of the above, and these fields are others. */
  | { kind: 'rewritten'; fields: readonly string[] }
