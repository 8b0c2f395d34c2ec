import type { CreateFault, FreeFault } from './faults.js'
import type { ServiceTier, Status } from './task.js'

/** What the simulator saw and did. Without keys and without signed URLs. `at`: milliseconds since the Unix epoch. */
export type LogEntry = { at: number } & (
  | ({
      event: 'create'
      accepted: true
      id: string
      model: string
      tier: ServiceTier
      seed: number
      /** First 16 hex digits of the SHA-256 of the prompt, and of the body as it came. */
      text: string
      body: string | undefined
      /** Tokens that it will be billed if it succeeds, and never more. Not spent yet: only a status line says that. */
      mostTokens: number
      fault?: CreateFault | undefined
    } & LaneState)
  | {
      event: 'create'
      accepted: false
      /** Status and code of the refusal; neither when the connection was closed. */
      status?: number
      code?: string
      body?: string | undefined
      fault?: CreateFault | undefined
    }
  | ({
      event: 'status'
      id: string
      status: Status
      /** Billed tokens; only when `status` is `succeeded`, since nothing else is billed. */
      tokens?: number
    } & LaneState)
  | { event: 'delete'; id: string; outcome: 'cancelled' | 'removed' | 'refused' }
  | { event: 'download'; file: string; status: number; bytes: number; fault?: FreeFault | undefined }
  /** An API key came with a file request: a client sent it where it must not go. */
  | { event: 'leaked-key'; file: string }
)

/** The line (one model and tier) right after the event. */
interface LaneState {
  /** Tasks that run. */
  live: number
  queued: number
}
