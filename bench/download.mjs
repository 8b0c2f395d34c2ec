import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inTurn, ratiosOf } from './lib/paired.mjs'
import { hasProgram, runNode, runProgram } from './lib/process.mjs'
import { bin, forget, writeProject } from './lib/project.mjs'
import { medians, missingRow, row } from './lib/row.mjs'
import { makeManifest } from './lib/shots.mjs'
import { withTaskService } from './lib/task-service.mjs'

export const title = 'Download'

const count = 16

/**
 * Fetching large results: from the first request for one to the end of the process, so that whatever a program does after
 * the last byte (flush, rename, lockfile) counts.
 *
 * @param {import('./run.mjs').Context} context
 */
export async function bench({ folder, quick, note }) {
  const fileBytes = (quick ? 10 : 50) * 1e6
  const project = writeProject(join(folder, 'project'), makeManifest(count).yaml)
  const videos = join(folder, 'videos')
  const hasPeer = ['curl', 'sha256sum', 'tee', 'xargs'].every(hasProgram)

  return await withTaskService(async (service) => {
    const run = async (...flags) => {
      const where = ['--provider', 'simulator', '--base-url', service.baseUrl]
      const options = { cwd: project, statuses: [0, 4] }
      return await runNode(
        [bin, 'run', ...where, '--concurrency', String(count), '--rpm', '1000000', ...flags],
        options,
      )
    }
    const timed = async ({ endedAt, peakMb }) => {
      const { files, firstFileAt } = await service.counts()
      if (files !== count) throw new Error(`${files} files of ${count} were asked for`)
      return { ms: endedAt - firstFileAt, peakMb }
    }
    const shotlock = async () => {
      forget(project)
      await service.reset({ fileBytes })
      await run('--no-wait')
      const measured = await timed(await run())
      requireSame(hashesInLockfile(project))
      forget(project)
      return measured
    }
    const curl = async () => {
      await service.reset({ fileBytes })
      const urls = join(folder, 'urls.txt')
      const origin = new URL(service.baseUrl).origin
      const list = Array.from(
        { length: count },
        (_, index) => `${origin}/files/${index}.mp4?signature=bench\n`,
      )
      writeFileSync(urls, list.join(''))
      const peer = join(import.meta.dirname, 'peers/download-curl.sh')
      const measured = await timed(await runProgram('sh', [peer, urls, videos, String(count)]))
      requireSame(hashesBeside(videos))
      rmSync(videos, { recursive: true, force: true })
      return measured
    }
    const series = await inTurn(
      { shotlock, ...(hasPeer ? { curl } : {}) },
      { rounds: quick ? 2 : 5, warmUps: quick ? 0 : 1, note },
    )
    const what = `download of ${count} × ${fileBytes / 1e6} MB with hash, flush and rename`
    const speed = (ms) => `${Math.round((count * fileBytes) / 1e6 / (ms / 1000))} MB/s`
    const times = Object.fromEntries(
      Object.entries(series).map(([name, runs]) => [name, runs.map(({ ms }) => ms)]),
    )
    const common = {
      id: 'download.speed',
      what,
      against: '`curl | tee | sha256sum`, in parallel, no flush',
      unit: '×',
      aim: { atLeast: 1.5 },
    }
    return {
      rows: [
        hasPeer
          ? row({ ...common, samples: ratiosOf(times.curl, times.shotlock), detail: medians(times, speed) })
          : missingRow({ ...common, why: 'curl, tee, xargs or sha256sum is not installed here' }),
        row({
          id: 'download.memory',
          what: `${what}: most memory`,
          against: '',
          unit: 'MB',
          samples: series.shotlock.map(({ peakMb }) => peakMb),
          aim: { atMost: 160 },
          detail: '',
        }),
      ],
    }
  })

  /** Every file is the same noise, so every hash must be its hash. @param {string[]} hashes */
  function requireSame(hashes) {
    if (hashes.length !== count || new Set(hashes).size !== 1)
      throw new Error(
        `${hashes.length} hashes, ${new Set(hashes).size} of them different, are not ${count} times one`,
      )
  }
}

/** Of the lockfile, each compared with the file that it stands for. @param {string} project */
function hashesInLockfile(project) {
  const text = readFileSync(join(project, 'manifests/bench.simulator.lock.yaml'), 'utf8')
  const videos = [...text.matchAll(/^ {4}video: "(.+)"\n {4}sha256: "(.+)"$/gm)]
  for (const [, video, sha256] of videos) {
    const found = createHash('sha256')
      .update(readFileSync(join(project, 'manifests', video)))
      .digest('hex')
    if (found !== sha256) throw new Error(`The lockfile says ${sha256} of ${video}, which is ${found}`)
  }
  return videos.map(([, , sha256]) => sha256)
}

/** @param {string} folder */
function hashesBeside(folder) {
  const files = readdirSync(folder).filter((name) => name.endsWith('.sha256'))
  return files.map((name) => readFileSync(join(folder, name), 'utf8').slice(0, 64))
}
