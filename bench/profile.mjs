import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runNode } from './lib/process.mjs'
import { memoryByFunction, profileIn, timeByFunction } from './lib/profile.mjs'
import { bin, forget, inFolder, writeProject } from './lib/project.mjs'
import { makeManifest } from './lib/shots.mjs'
import { withTaskService } from './lib/task-service.mjs'

const shown = 20
const heapHook = join(import.meta.dirname, 'lib/heap-hook.cjs')

/** @typedef {{ flags: string[], env?: Record<string, string> }} Recorder How node is to be started. */

/**
 * Writes a CPU profile and a heap profile of one large case to `bench/results/profiles/`, and prints what cost most in
 * each. Two runs, since taking the one disturbs the other.
 *
 * @param {'plan' | 'run'} which
 * @param {{ quick: boolean }} options
 */
export async function profile(which, { quick }) {
  const results = join(import.meta.dirname, 'results/profiles', which)
  rmSync(results, { recursive: true, force: true })
  mkdirSync(results, { recursive: true })
  /** @type {Record<'cpu' | 'heap', Recorder>} */
  const recorders = {
    cpu: { flags: ['--cpu-prof', `--cpu-prof-dir=${results}`] },
    heap: {
      flags: ['--require', heapHook],
      env: { BENCH_HEAP_FILE: join(results, `${which}.heapprofile`) },
    },
  }
  await inFolder(async (folder) => {
    const record = which === 'plan' ? planOf(quick ? 10_000 : 100_000) : runOf(quick ? 300 : 10_000)
    for (const kind of /** @type {const} */ (['cpu', 'heap'])) {
      console.error(`${which}: taking the ${kind} profile`)
      await record(folder, recorders[kind])
    }
  })
  print(`${which}: processor time, by function`, timeByFunction(profileIn(results, '.cpuprofile')))
  const { costs, megabytes } = memoryByFunction(profileIn(results, '.heapprofile'))
  print(`${which}: ${Math.round(megabytes)} MB of objects when they were most, by who asked for them`, costs)
  console.log(`\nThe profiles are in ${results}; the developer tools of Chromium open them.`)
}

/** @param {number} shots */
function planOf(shots) {
  /** @param {string} folder @param {Recorder} recorder */
  return async (folder, { flags, env }) => {
    const project = writeProject(join(folder, 'project'), makeManifest(shots).yaml)
    forget(project)
    await runNode([...flags, bin, 'plan'], { cwd: project, env })
  }
}

/** @param {number} shots */
function runOf(shots) {
  /** @param {string} folder @param {Recorder} recorder */
  return async (folder, { flags, env }) =>
    await withTaskService(async (service) => {
      await service.reset({ taskMs: { min: 200, max: 600 }, fileBytes: 500_000 })
      const project = writeProject(join(folder, 'project'), makeManifest(shots).yaml)
      forget(project)
      const where = ['--provider', 'simulator', '--base-url', service.baseUrl]
      const limits = ['--concurrency', '256', '--rpm', '1000000', '--json']
      await runNode([...flags, bin, 'run', ...where, ...limits], { cwd: project, env })
    })
}

/** @param {string} title @param {readonly import('./lib/profile.mjs').Cost[]} costs */
function print(title, costs) {
  console.log(`\n${title}`)
  for (const { name, place, share } of costs.slice(0, shown))
    console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${name}${place === '' ? '' : `  ${place}`}`)
}
