#!/usr/bin/env node
import { setMaxListeners } from 'node:events'
import { join } from 'node:path'
import { main } from './cli/program.js'
import type { OpenWorld, Surroundings } from './cli/surroundings.js'
import { RunnerError } from './core/errors.js'
import type { RunEvent } from './core/event.js'
import type { PollPolicy } from './core/poll-schedule.js'
import type { ProviderChoice } from './core/provider-choice.js'
import type { LedgerWorld } from './engine/prepare-plans.js'
import type { World } from './ports/world.js'

/** The simulator's tasks take seconds, not minutes. */
const quickPolling: PollPolicy = { minMs: 200, maxMs: 1_000 }

const interrupted = new AbortController()
// As many calls as are under way listen to it.
setMaxListeners(0, interrupted.signal)
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // The second time: leave at once. Ids are on the disk, and open intents count as unknown.
    if (interrupted.signal.aborted) process.exit(4)
    interrupted.abort(new Error(`interrupted by ${signal}`))
  })
}

let stderr: typeof process.stderr | undefined
const cwd = process.cwd()
const mark = crashAt(process.env.SHOTLOCK_CRASH_AT)
const surroundings: Surroundings = {
  argv: process.argv.slice(2),
  env: process.env,
  cwd,
  // Opening a stream takes time, and few commands ask or have something to complain about.
  get stdin() {
    return process.stdin
  },
  stdout: watched(process.stdout),
  get stderr() {
    stderr ??= watched(process.stderr)
    return stderr
  },
  signal: interrupted.signal,
  files: async () => (await import('./adapters/node-files.js')).nodeFiles,
  git: async () => (await import('./adapters/git.js')).systemGit,
  ledgerWorld,
  openWorld,
}
// Whoever ends before `main` does has met a bug.
process.exitCode = 70
void main(surroundings).then((status) => {
  process.exitCode = status
})

/** A stream whose reader may go away, which ends the run in good order. */
function watched<Stream extends NodeJS.WritableStream>(stream: Stream): Stream {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') interrupted.abort(error)
  })
  return stream
}

async function ledgerWorld(): Promise<LedgerWorld> {
  const { systemClock: clock } = await import('./adapters/system-clock.js')
  const { fileLocks } = await import('./adapters/process-locks.js')
  const { sharpFitter } = await import('./adapters/sharp-fitter.js')
  const files = await surroundings.files()
  return { files, clock, locks: fileLocks(files), mark, fitter: sharpFitter() }
}

async function openWorld(choice: ProviderChoice, emit: (event: RunEvent) => void): Promise<OpenWorld> {
  const { liveWorld } = await import('./adapters/live-world.js')
  if (choice.kind === 'remote') {
    const world = { ...liveWorld(choice, emit), mark }
    const pollPolicy = choice.name === 'simulator' ? quickPolling : undefined
    return { world, pollPolicy, close: () => world.provider.close() }
  }

  const { simulate } = await import('./commands/simulate.js')
  const { findProjectRoot } = await import('./engine/places.js')
  const files = await surroundings.files()
  const folder = join(await findProjectRoot(cwd, files), '.shotlock', 'simulator')
  const { fileLocks } = await import('./adapters/process-locks.js')
  const lock = await fileLocks(files).acquire(join(folder, 'lock'))
  if ('heldBy' in lock) {
    throw new RunnerError(
      'run-in-progress',
      `Cannot rehearse: process ${lock.heldBy.pid} is rehearsing in this project`,
      {
        hint: 'Wait for it to end, or start one simulator for both: shotlock simulate, then --base-url.',
      },
    )
  }
  const simulator = await simulate({ folder })
  const provider = { name: 'simulator', baseUrl: simulator.baseUrl, apiKey: 'simulator' }
  const world = { ...liveWorld(provider, emit), mark }
  const close = async () => {
    await world.provider.close()
    await simulator.close()
    await lock.release()
  }
  return { world, pollPolicy: quickPolling, close }
}

/** A hook for tests: `POINT:N` kills this process when it reaches the mark for the N-th time (default: the first). */
function crashAt(wanted: string | undefined): World['mark'] {
  const [point, times = '1'] = wanted?.split(':') ?? []
  let left = Number(times)
  return (reached) => {
    if (reached === point && --left === 0) process.kill(process.pid, 'SIGKILL')
  }
}
