import type { RunEvent } from '../core/event.js'
import type { Clock } from './clock.js'
import type { Files } from './files.js'
import type { ProcessLocks } from './process-locks.js'
import type { Provider } from './provider.js'

/** Everything outside that a run touches, passed in so that a test can be its own world. */
export interface World {
  clock: Clock
  /** A number in [0, 1). */
  random: () => number
  files: Files
  locks: ProcessLocks
  provider: Provider
  emit: (event: RunEvent) => void
}
