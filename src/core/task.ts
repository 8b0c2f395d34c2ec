declare const brand: unique symbol

/** The provider's name for a task. Relays rename tasks, so its shape means nothing. */
export type TaskId = string & { readonly [brand]: 'TaskId' }

/** Marks a string from the wire, the lockfile or the journal as a task id. */
export function taskId(text: string): TaskId {
  return text as TaskId
}

/** States a task can be in; `unrecognised` is a word of a relay that we do not know, and counts as live. */
export type TaskStatus = 'queued' | 'running' | 'unrecognised' | TerminalStatus
export type TerminalStatus = 'succeeded' | 'failed' | 'cancelled' | 'expired'

/** A task as the provider reports it. Fields are `undefined` where the answer left them out. */
export interface Task {
  id: TaskId
  status: TaskStatus
  model: string | undefined
  /** Signed and short-lived: never printed, never written down. */
  videoUrl: string | undefined
  /** Signed and short-lived: never printed, never written down. */
  lastFrameUrl: string | undefined
  error: { code: string; message: string } | undefined
  /** Unix seconds. */
  createdAt: number | undefined
  seed: number | undefined
  resolution: string | undefined
  ratio: string | undefined
  /** Seconds. */
  duration: number | undefined
  generateAudio: boolean | undefined
  serviceTier: string | undefined
  /** Billed tokens; only on succeeded tasks. */
  completionTokens: number | undefined
}

/** Whether a task in this state will never change again. */
export function isTerminal(status: TaskStatus): status is TerminalStatus {
  return status === 'succeeded' || status === 'failed' || status === 'cancelled' || status === 'expired'
}
