import type { RunEvent } from '../core/event.js'
import type { LedgerRecord } from '../core/ledger-state.js'
import type { Clock } from './clock.js'
import type { Files } from './files.js'
import type { ImageFitter } from './image-fitter.js'
import type { ProcessLocks } from './process-locks.js'
import type { Provider } from './provider.js'

/** A place between a create and the lockfile where a crash must lose nothing. `…-written`: a record is in the journal. */
export type MarkPoint =
  | `${LedgerRecord['type']}-written`
  | 'answer-received'
  | 'part-written'
  | 'file-renamed'
  | 'file-deleted'
  | 'lock-replaced'
  | 'journal-archived'
  | 'journal-emptied'

/** Everything outside that a run touches, passed in so that a test can be its own world. */
export interface World {
  clock: Clock
  /** A number in [0, 1). */
  random: () => number
  files: Files
  locks: ProcessLocks
  provider: Provider
  /** Left out: images that are too large cannot be scaled down. */
  fitter?: ImageFitter | undefined
  emit: (event: RunEvent) => void
  /** Called when such a place is reached. Nothing happens then, but in a test that crashes there. */
  mark: (point: MarkPoint) => void
}
