import { onTestFinished } from 'vitest'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/server.js'
import type { AtEnd } from './project.js'

/**
 * A simulator for one test, with tasks that take a moment.
 *
 * @param atEnd `afterAll` for one that the tests of a file share.
 */
export async function simulator(
  options: SimulatorOptions = {},
  { atEnd = onTestFinished }: { atEnd?: AtEnd } = {},
): Promise<Simulator> {
  const running = await startSimulator({ taskMs: { min: 50, max: 200 }, queuedMs: 10, ...options })
  atEnd(() => running.close())
  return running
}

/** Flags that point a run at it. */
export function against({ baseUrl }: Simulator): string[] {
  return ['--provider', 'simulator', '--base-url', baseUrl]
}

/** Creates that it accepted: what was bought. */
export function accepted({ log }: Simulator) {
  return log().flatMap((entry) => (entry.event === 'create' && entry.accepted ? [entry] : []))
}

/** Most tasks that were live at once, by its own log: queued and running. */
export function mostLive({ log }: Simulator): number {
  return Math.max(0, ...log().map((entry) => ('live' in entry ? entry.live + entry.queued : 0)))
}
