import type { Surroundings } from './surroundings.js'
import type { Terminal } from './terminal.js'

/** What every command gets: the process around it, where to write, and where to leave its exit status (default 0). */
export interface CommandContext {
  surroundings: Surroundings
  terminal: Terminal
  setStatus: (status: number) => void
}
