import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { resolve as absolute, join, relative, sep } from 'node:path'
import { stringify } from 'yaml'
import type { LogEntry } from '../../src/simulator/log-entry.js'
import { type Simulator, startSimulator } from '../../src/simulator/server.js'
import type { Command, Kill, PlannedShot, RoundPlan } from './round-plan.js'

/** How one start of the binary ended. */
export interface Ended {
  /** Exit status; `undefined` when it was killed. */
  status: number | undefined
  /** Its last words, for a report. */
  output: string
}

/** A fresh folder with a manifest, a simulator of its own, and the binary to be let loose between them. */
export interface Arena {
  readonly folder: string
  readonly simulator: Simulator
  start(command: Command, kill?: Kill): Promise<Ended>
  /** Puts another manifest in the place of the first. */
  writeManifest(shots: readonly PlannedShot[]): void
  /** Every file but those of `.shotlock`, relative to the folder, with `/`. */
  files(): string[]
  /** A file of the folder as text; `undefined` when it is not there. */
  read(path: string): string | undefined
  remove(path: string): void
  /** Stops the simulator; the folder stays when something in it is to be looked at. */
  close(options: { keepFolder: boolean }): Promise<void>
}

export const paths = {
  manifest: 'ep.yaml',
  lockfile: 'ep.lock.yaml',
  state: '.shotlock',
  journal: '.shotlock/ledger/ep.journal.jsonl',
  archive: '.shotlock/ledger/ep.archive.jsonl',
} as const

/** A start that lasts so long hangs. Many 429s slow a run down to a create a minute, so some take minutes. */
const patienceMs = 900_000

/** Opens what a round needs. */
export async function openArena(plan: RoundPlan, bin: string): Promise<Arena> {
  const simulator = await startSimulator({
    faultSeed: plan.seed,
    faults: plan.faults,
    taskMs: { min: 50, max: 300 },
    queuedMs: 10,
    liveTasks: 1000,
    createsPerMinute: 1_000_000,
  })
  const folder = mkdtempSync(join(tmpdir(), 'shotlock-torture-'))
  // Marks the folder as a project, whatever lies above it.
  writeFileSync(join(folder, 'package.json'), '{}\n')
  const writeManifest = (shots: readonly PlannedShot[]) =>
    writeFileSync(join(folder, paths.manifest), manifestOf(shots))
  writeManifest(plan.shots)

  return {
    folder,
    simulator,
    writeManifest,
    files: () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
        .filter((path) => !path.startsWith(`${paths.state}/`)),
    start: (command, kill) => start({ command, kill, plan, bin, folder, simulator }),
    read(path) {
      try {
        return readFileSync(join(folder, path), 'utf8')
      } catch {
        return undefined
      }
    },
    remove: (path) => rmSync(join(folder, path), { recursive: true, force: true }),
    async close({ keepFolder }) {
      await simulator.close()
      if (!keepFolder) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Creates that the simulator accepted: what was bought. */
export function acceptedCreates({ log }: Pick<Simulator, 'log'>) {
  return log().flatMap((entry) => (entry.event === 'create' && entry.accepted ? [entry] : []))
}

/** One create that was bought. */
export type AcceptedCreate = Extract<LogEntry, { event: 'create'; accepted: true }>

function manifestOf(shots: readonly PlannedShot[]): string {
  const written = shots.map(({ name, prompt, takes, seed, flex, follows }) => [
    name,
    {
      prompt,
      takes,
      ...(seed === undefined ? {} : { seed }),
      ...(flex ? { service_tier: 'flex' } : {}),
      ...(follows === undefined ? {} : { first_frame: { last_frame_of: follows } }),
    },
  ])
  const defaults = { model: 'doubao-seedance-1-0-pro-250528', duration: 2, resolution: '480p' }
  return stringify({ version: 1, defaults, shots: Object.fromEntries(written) })
}

interface Start {
  command: Command
  kill: Kill | undefined
  plan: RoundPlan
  bin: string
  folder: string
  simulator: Simulator
}

function wordsOf(command: Command, { createsPerMinute }: RoundPlan): string[] {
  const run = ['run', '--yes', '--rpm', String(createsPerMinute)]
  switch (command) {
    case 'run':
      return run
    case 'force':
      return [...run, '--force']
    case 'reconcile':
      return ['reconcile']
    case 'prune':
      return ['prune', '--previous', '--yes']
  }
}

/** The ledger, not a rehearsal: a bare base URL is a provider like any other. */
function start({ command, kill, plan, bin, folder, simulator }: Start): Promise<Ended> {
  const { PATH = '', HOME = '' } = process.env
  const env: Record<string, string> = { PATH, HOME, ARK_API_KEY: 'sk-torture', NO_COLOR: '1' }
  if (kill && kill.at !== 'random' && kill.at !== 'create-accepted')
    env.SHOTLOCK_CRASH_AT = `${kill.at}:${kill.times}`
  const args = [absolute(bin), ...wordsOf(command, plan), paths.manifest, '--base-url', simulator.baseUrl]
  const child = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })

  const timers: NodeJS.Timeout[] = [setTimeout(() => child.kill('SIGABRT'), patienceMs)]
  const killNow = () => void child.kill('SIGKILL')
  if (kill?.at === 'random') timers.push(setTimeout(killNow, kill.afterMs))
  if (kill?.at === 'create-accepted') {
    const enough = acceptedCreates(simulator).length + kill.times
    timers.push(setInterval(() => acceptedCreates(simulator).length >= enough && killNow(), 5))
  }

  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-4000)
    })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => {
      for (const timer of timers) clearTimeout(timer)
      resolve({ status: signal === 'SIGKILL' ? undefined : (status ?? -1), output })
    })
  })
}
