import { stringify } from 'yaml'
import { type RunOptions, type RunReport, run } from '../../src/commands/run.js'
import type { Outcome, RunEvent } from '../../src/core/event.js'
import { type LockEntry, parseLockfile } from '../../src/core/lockfile.js'
import type { TakeName } from '../../src/core/names.js'
import type { World } from '../../src/ports/world.js'
import { type FakeClock, fakeClock } from './fake-clock.js'
import { type FakeProvider, fakeProvider } from './fake-provider.js'
import { type MemoryFiles, memoryFiles } from './memory-files.js'

/** A whole run on a world in memory: `/project/manifests/ep01.yaml`, a provider, a clock that jumps. */
export interface Rig {
  clock: FakeClock
  files: MemoryFiles
  provider: FakeProvider
  world: World
  events: RunEvent[]
  /** Ends the run as Ctrl-C does. */
  interrupt(): void
  writeManifest(shots: Record<string, unknown>, name?: string): void
  run(options?: Partial<RunOptions>): Promise<RunReport>
  /** Runs and gives the outcome of each take. */
  outcomes(options?: Partial<RunOptions>): Promise<Record<string, Outcome>>
  lockText(name?: string): string | undefined
  locked(name?: string): Record<string, LockEntry>
  journal(name?: string): string | undefined
}

const folder = '/project/manifests'

/** A rig whose manifest holds these shots; a text stands for a shot with that prompt. */
export function createRig(shots: Record<string, unknown> = {}): Rig {
  const clock = fakeClock()
  const files = memoryFiles()
  const provider = fakeProvider(clock)
  const events: RunEvent[] = []
  let interrupted = new AbortController()
  let random = 0
  const world: World = {
    clock,
    files,
    provider,
    // Spread out and the same every time.
    random: () => (random = (random + 0.618034) % 1),
    locks: {
      acquire: async () => ({ release: async () => undefined }),
      holder: async () => undefined,
    },
    emit: (event) => void events.push(event),
    mark: () => undefined,
  }
  files.write('/project/package.json', '{}')

  const rig: Rig = {
    clock,
    files,
    provider,
    world,
    events,
    interrupt: () => interrupted.abort(new Error('interrupted')),
    writeManifest(written, name = 'ep01') {
      const full = Object.fromEntries(
        Object.entries(written).map(([key, shot]) => [
          key,
          typeof shot === 'string' ? { prompt: shot } : shot,
        ]),
      )
      const defaults = { model: 'doubao-seedance-1-5-pro-251215', duration: 4 }
      files.write(`${folder}/${name}.yaml`, stringify({ version: 1, defaults, shots: full }))
    },
    async run(options = {}) {
      interrupted = new AbortController()
      const usual: RunOptions = {
        paths: [],
        cwd: '/project',
        rehearsal: false,
        provider: provider.name,
        selection: {},
        wait: true,
        retries: 0,
      }
      return await run({ ...usual, ...options }, world, {
        confirm: async () => true,
        signal: interrupted.signal,
      })
    },
    async outcomes(options) {
      const { outcomes } = await rig.run(options)
      return Object.fromEntries(outcomes.map((outcome) => [outcome.take, outcome]))
    },
    lockText: (name = 'ep01') => files.text(`${folder}/${name}.lock.yaml`),
    locked(name) {
      const entries: Map<TakeName, LockEntry> = parseLockfile(
        rig.lockText(name) ?? 'lockfileVersion: 1\nshots: {}\n',
        'lock',
      )
      return Object.fromEntries(entries)
    },
    journal: (name = 'ep01') => files.text(`/project/.shotlock/ledger/manifests/${name}.journal.jsonl`),
  }
  if (Object.keys(shots).length > 0) rig.writeManifest(shots)
  return rig
}
