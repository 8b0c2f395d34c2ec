import type { FaultChanges } from '../simulator/faults.js'
import { type Simulator, startSimulator } from '../simulator/server.js'

/** Options of `shotlock simulate`, in the units of its flags. `undefined` means the simulator's own default. */
export interface SimulateOptions {
  host?: string | undefined
  port?: number | undefined
  allowRemote?: boolean | undefined
  /** Keeps tasks, log and files; `undefined` keeps them in memory. */
  folder?: string | undefined
  /** The one API key that is good. */
  key?: string | undefined
  liveTasks?: number | undefined
  /** Creates of one model in any minute. */
  rpm?: number | undefined
  queueLimit?: number | undefined
  /** The models behind endpoint ids `ep-…`; one that is not here is taken for 1.5 pro. */
  endpoints?: ReadonlyMap<string, string> | undefined
  /** Shortest and longest running time of a task. */
  taskSeconds?: { min: number; max: number } | undefined
  /** Seconds that a signed URL is good for. */
  urlLifetimeS?: number | undefined
  faults?: FaultChanges | undefined
  faultSeed?: number | undefined
}

/**
 * Starts the API on this machine. It runs until the simulator is closed.
 * @throws RunnerError `port-unusable`, `state-unwritable` or `state-unreadable`; `usage` for impossible faults.
 */
export function simulate({
  rpm,
  taskSeconds,
  urlLifetimeS,
  ...same
}: SimulateOptions = {}): Promise<Simulator> {
  return startSimulator({
    ...same,
    createsPerMinute: rpm,
    taskMs: taskSeconds && { min: taskSeconds.min * 1000, max: taskSeconds.max * 1000 },
    urlLifetimeMs: urlLifetimeS === undefined ? undefined : urlLifetimeS * 1000,
  })
}
