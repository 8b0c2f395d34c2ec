import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inTurn, ratiosOf } from './lib/paired.mjs'
import { hasProgram, runNode, runProgram } from './lib/process.mjs'
import { bin, forget, writeProject } from './lib/project.mjs'
import { duration, medians, missingRow, row } from './lib/row.mjs'
import { makeManifest, requestsOf } from './lib/shots.mjs'
import { withTaskService } from './lib/task-service.mjs'

export const title = 'Whole run'

const concurrency = 256
/** Short tasks, so that what a client does itself cannot hide behind waiting. */
const taskMs = { min: 200, max: 600 }
const pollMs = 200
/** Of a short film at 480p. */
const fileBytes = 500_000

/**
 * A batch from manifest to files: create, poll, download. Against scripts that people write for it, each as a whole
 * process. Programs that start a process for every call get fewer shots; all figures are for each shot.
 *
 * @param {import('./run.mjs').Context} context
 */
export async function bench({ folder, quick, note }) {
  const count = quick ? 200 : 10_000
  const few = quick ? 40 : 500
  const project = writeProject(join(folder, 'project'), makeManifest(count).yaml)
  const videos = join(folder, 'videos')
  const requests = join(folder, 'requests.jsonl')
  const fewRequests = join(folder, 'few-requests.jsonl')
  const lines = requestsOf(makeManifest(count).data).map((body) => `${JSON.stringify(body)}\n`)
  writeFileSync(requests, lines.join(''))
  writeFileSync(fewRequests, lines.slice(0, few).join(''))
  const runner = hasProgram('parallel') ? 'parallel' : 'xargs'

  return await withTaskService(async (service) => {
    const perShot = (shots, start) => async () => {
      await service.reset({ taskMs, fileBytes })
      const measured = await start()
      const { creates, files } = await service.counts()
      if (creates !== shots || files !== shots)
        throw new Error(`${creates} creates and ${files} downloads were seen for ${shots} shots`)
      return { ...measured, ms: measured.wallMs / shots }
    }
    const shotlock = perShot(count, async () => {
      forget(project)
      const where = ['--provider', 'simulator', '--base-url', service.baseUrl]
      const limits = ['--concurrency', String(concurrency), '--rpm', '1000000']
      const measured = await runNode([bin, 'run', ...where, ...limits, '--json'], { cwd: project })
      const collected = readdirSync(join(project, 'manifests/out/simulator/bench')).length
      if (collected !== count) throw new Error(`shotlock collected ${collected} files of ${count}`)
      forget(project)
      return measured
    })
    const peer = (shots, file, run) =>
      perShot(shots, async () => {
        const settings = [file, videos, String(concurrency), String(pollMs)]
        const measured = await run([service.baseUrl, 'bench', ...settings])
        rmSync(videos, { recursive: true, force: true })
        return measured
      })
    const script = (name) => join(import.meta.dirname, 'peers', name)
    const contenders = {
      shotlock,
      node: peer(count, requests, (args) => runNode([script('batch.mjs'), ...args])),
      ...(hasProgram('python3') && {
        python: peer(count, requests, (args) => runProgram('python3', [script('batch.py'), ...args])),
      }),
      ...(hasProgram('curl') && {
        shell: peer(few, fewRequests, (args) =>
          runProgram('bash', [script('batch-curl.sh'), ...args, runner]),
        ),
      }),
    }
    const series = await inTurn(contenders, { rounds: quick ? 1 : 3, note })

    const times = (name) => series[name].map(({ ms }) => ms)
    const what = `run of ${count.toLocaleString('en')} shots, ${concurrency} live`
    const idealMs = (taskMs.min + taskMs.max) / 2 / concurrency
    const against = (name, peerName, why) => {
      const common = { id: `run.${name}`, what, against: peerName, unit: '×' }
      if (!(name in series)) return missingRow({ ...common, why })
      const detail = `${medians({ shotlock: times('shotlock'), [name]: times(name) })} a shot`
      return row({ ...common, samples: ratiosOf(times('shotlock'), times(name)), detail })
    }
    const cpu = ['shotlock', 'node'].map((name) => [name, series[name].map(({ cpuMs }) => cpuMs / count)])
    const rows = [
      row({
        id: 'run.ideal',
        what,
        against: 'length of the tasks ÷ live tasks',
        unit: '×',
        samples: times('shotlock').map((ms) => ms / idealMs),
        detail: `${medians({ shotlock: times('shotlock') })} a shot, at least ${duration(idealMs)}`,
      }),
      against('node', 'Node script: `fetch`, retries, polling loop'),
      against(
        'python',
        'Python script: threads, `urllib`, retries, polling loop',
        'python3 is not installed here',
      ),
      against(
        'shell',
        `shell loop: ${runner === 'parallel' ? 'GNU parallel' : '`xargs`'} and curl`,
        'curl is not installed here',
      ),
      row({
        id: 'run.memory',
        what: `${what}: most memory`,
        against: '',
        unit: 'MB',
        samples: series.shotlock.map(({ peakMb }) => peakMb),
        detail: `${medians({ node: series.node.map(({ peakMb }) => peakMb) }, (mb) => `${Math.round(mb)} MB`)}; processor ${medians(Object.fromEntries(cpu))} a shot`,
      }),
    ]
    const written = series.shotlock.flatMap(({ writtenMb }) =>
      writtenMb === undefined || writtenMb === null ? [] : [writtenMb],
    )
    if (written.length > 0) {
      const resultsMb = (count * fileBytes) / 1024 ** 2
      rows.push(
        row({
          id: 'run.written',
          what: `${what}: written besides the results`,
          against: '',
          unit: 'MB',
          samples: written.map((mb) => mb - resultsMb),
          detail: 'journal, lockfile each time it is written, and requests',
        }),
      )
    }
    const bars = Object.entries(series).map(([name]) => ({
      name,
      samples: times(name).map((ms) => 1000 / ms),
    }))
    return { rows, charts: { run: bars } }
  })
}
