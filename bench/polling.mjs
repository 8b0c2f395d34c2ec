import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inTurn } from './lib/paired.mjs'
import { runNode } from './lib/process.mjs'
import { bin, forget, writeProject } from './lib/project.mjs'
import { medians, row } from './lib/row.mjs'
import { makeManifest, requestsOf } from './lib/shots.mjs'
import { withTaskService } from './lib/task-service.mjs'

export const title = 'Polling'

/**
 * Everything is ten times faster than at the service: tasks run for 7.5 s in the middle (75 s there), shotlock looks as
 * often as it looks at a simulator (0.2 to 1 s; else 2 to 15 s), and the script every half second (5 s).
 */
const hurry = 10
const taskMs = { median: 75_000 / hurry, sigma: 0.35 }
const scriptPollMs = 5_000 / hurry

/**
 * How many requests it takes to learn that a task has ended, and how late that is learned, with all tasks live at once.
 *
 * @param {import('./run.mjs').Context} context
 */
export async function bench({ folder, quick, note }) {
  const count = quick ? 200 : 1000
  const { yaml, data } = makeManifest(count)
  const project = writeProject(join(folder, 'project'), yaml)
  const requests = join(folder, 'requests.jsonl')
  const videos = join(folder, 'videos')
  writeFileSync(
    requests,
    requestsOf(data)
      .map((body) => `${JSON.stringify(body)}\n`)
      .join(''),
  )

  return await withTaskService(async (service) => {
    const counted = (start) => async () => {
      await service.reset({ taskMs: quick ? { median: 1500, sigma: 0.35 } : taskMs })
      const { cpuMs } = await start()
      const { lists, gets, finished, lateMs } = await service.counts()
      if (finished !== count) throw new Error(`${finished} tasks of ${count} were seen to end`)
      return { perTask: (lists + gets) / finished, lists: lists / finished, lateMs: lateMs / finished, cpuMs }
    }
    const shotlock = async () => {
      forget(project)
      const where = ['--provider', 'simulator', '--base-url', service.baseUrl]
      const limits = ['--concurrency', String(count), '--rpm', '1000000']
      return await runNode([bin, 'run', ...where, ...limits, '--json'], { cwd: project })
    }
    const script = async () => {
      rmSync(videos, { recursive: true, force: true })
      const peer = join(import.meta.dirname, 'peers/batch.mjs')
      return await runNode([
        peer,
        service.baseUrl,
        'bench',
        requests,
        videos,
        String(count),
        String(scriptPollMs),
      ])
    }
    const series = await inTurn(
      { shotlock: counted(shotlock), script: counted(script) },
      { rounds: quick ? 1 : 2, note },
    )
    const of = (field) =>
      Object.fromEntries(Object.entries(series).map(([name, runs]) => [name, runs.map((run) => run[field])]))
    const samples = of('perTask')
    const delays = medians(of('lateMs'), (ms) => `${((ms * hurry) / 1000).toFixed(1)} s`)
    return {
      rows: [
        row({
          id: 'polling.requests',
          what: `looks at tasks, for each that ends, ${count.toLocaleString('en')} live`,
          against: '',
          unit: 'requests',
          samples: samples.shotlock,
          aim: { atMost: 1 },
          detail: `${medians(samples, (n) => n.toFixed(2))}; an end is known late by (at the pace of the service): ${delays}`,
        }),
      ],
    }
  })
}
