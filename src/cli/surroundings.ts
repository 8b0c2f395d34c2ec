import type { RunEvent } from '../core/event.js'
import type { PollPolicy } from '../core/poll-schedule.js'
import type { ProviderChoice } from '../core/provider-choice.js'
import type { LedgerWorld } from '../engine/prepare-plans.js'
import type { Files } from '../ports/files.js'
import type { Git } from '../ports/git.js'
import type { World } from '../ports/world.js'

/** A stream to write to; a terminal has columns. */
export type Output = NodeJS.WritableStream & { isTTY?: boolean; columns?: number }

/** What a command needs of the process it runs in; built once, in `bin.ts`. */
export interface Surroundings {
  argv: readonly string[]
  env: Readonly<Record<string, string | undefined>>
  cwd: string
  stdin: NodeJS.ReadableStream & { isTTY?: boolean }
  stdout: Output
  stderr: Output
  /** Aborts at the first Ctrl-C or SIGTERM. */
  signal: AbortSignal
  files(): Promise<Files>
  git(): Promise<Git>
  /** What working on ledgers takes when nobody is asked for anything. */
  ledgerWorld(): Promise<LedgerWorld>
  /** Opens the way to a provider; starts the simulator when it is the embedded one. */
  openWorld(choice: ProviderChoice, emit: (event: RunEvent) => void): Promise<OpenWorld>
}

export interface OpenWorld {
  world: World
  /** How often tasks are looked at; `undefined` for a real service. */
  pollPolicy: PollPolicy | undefined
  close(): Promise<void>
}
