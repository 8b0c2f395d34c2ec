import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inTurn, ratiosOf } from './lib/paired.mjs'
import { hasProgram, runNode, runProgram } from './lib/process.mjs'
import { bin, forget, writeProject } from './lib/project.mjs'
import { medians, missingRow, row } from './lib/row.mjs'
import { makeManifest, requestsOf } from './lib/shots.mjs'
import { withTaskService } from './lib/task-service.mjs'

export const title = 'Submission'

const concurrency = 64
const latencyMs = 50
const perSecond = (median) => `${Math.round(median)}/s`

/**
 * Creates a second, with every intent and every id on the disk, against programs that keep less. All are timed at the
 * server, from the arrival of the first create to the answer to the last.
 *
 * @param {import('./run.mjs').Context} context
 */
export async function bench({ folder, quick, note }) {
  const rounds = quick ? 2 : 5
  const sizes = quick ? { slow: 320, fast: 500, shell: 64 } : { slow: 6400, fast: 5000, shell: 500 }
  return await withTaskService(async (service) => {
    const contender = (start, settings) => async () => {
      await service.reset(settings)
      const check = await start()
      const { creates, firstCreateAt, lastCreateAt } = await service.counts()
      check?.(creates)
      return (creates / (lastCreateAt - firstCreateAt)) * 1000
    }
    const shotlock = (count) => submitWithShotlock(join(folder, `shotlock-${count}`), count, service.baseUrl)
    const script = (count) => requestsFile(folder, count)
    const undici = (count) => () =>
      runNode([
        join(import.meta.dirname, 'floors/undici-loop.mjs'),
        service.baseUrl,
        'bench',
        script(count),
        String(concurrency),
      ]).then(() => undefined)
    const shell = (name) => async () => {
      const answers = join(folder, `answers-${name}.txt`)
      rmSync(answers, { force: true })
      const peer = join(import.meta.dirname, `peers/submit-${name}.sh`)
      const requests = script(sizes.shell)
      await runProgram('sh', [peer, service.baseUrl, 'bench', requests, answers, String(concurrency)])
      const ids = readFileSync(answers, 'utf8').match(/"id"/g) ?? []
      if (ids.length !== sizes.shell) throw new Error(`${peer} noted ${ids.length} ids of ${sizes.shell}`)
    }

    const slow = await inTurn(
      {
        shotlock: contender(shotlock(sizes.slow), { latencyMs }),
        undici: contender(undici(sizes.slow), { latencyMs }),
      },
      { rounds, note: (text) => note(`${latencyMs} ms, ${text}`) },
    )
    const shells = ['xargs', 'parallel'].filter(hasProgram)
    const fast = await inTurn(
      {
        shotlock: contender(shotlock(sizes.fast)),
        undici: contender(undici(sizes.fast)),
        ...Object.fromEntries(shells.map((name) => [name, contender(shell(name))])),
      },
      { rounds, note: (text) => note(`0 ms, ${text}`) },
    )

    const what = (ms) => `creates with journal, ${concurrency} at once, server answers after ${ms} ms`
    const ceiling = (concurrency / latencyMs) * 1000
    const shellRow = (name, command) => {
      const common = {
        id: `submit.0ms.${name}`,
        what: what(0),
        against: command,
        unit: '×',
        aim: { atLeast: 10 },
      }
      if (!shells.includes(name)) return missingRow({ ...common, why: `${name} is not installed here` })
      const detail = medians({ shotlock: fast.shotlock, [name]: fast[name] }, perSecond)
      return row({ ...common, samples: ratiosOf(fast.shotlock, fast[name]), detail })
    }
    const rows = [
      row({
        id: 'submit.50ms.ceiling',
        what: what(latencyMs),
        against: 'concurrency ÷ latency',
        unit: '×',
        samples: slow.shotlock.map((rate) => rate / ceiling),
        aim: { atLeast: 0.88 },
        detail: `${medians(slow, perSecond)}, at most ${perSecond(ceiling)}`,
      }),
      row({
        id: 'submit.0ms.undici',
        what: what(0),
        against: 'bare undici loop, fresh connections, no journal',
        unit: '×',
        samples: ratiosOf(fast.shotlock, fast.undici),
        aim: { atLeast: 0.9 },
        detail: medians({ shotlock: fast.shotlock, undici: fast.undici }, perSecond),
      }),
      shellRow('xargs', `\`xargs -P ${concurrency} curl\``),
      shellRow('parallel', 'GNU parallel with `--joblog`'),
    ]
    const bars = Object.entries(fast).map(([name, samples]) => ({ name, samples }))
    return { rows, charts: { creates: bars } }
  })
}

/**
 * @param {string} project
 * @param {number} count
 * @param {string} baseUrl
 */
function submitWithShotlock(project, count, baseUrl) {
  writeProject(project, makeManifest(count).yaml)
  const limits = ['--concurrency', String(concurrency), '--rpm', '1000000']
  return async () => {
    forget(project)
    const args = [bin, 'run', '--base-url', baseUrl, '--yes', '--no-wait', '--json', ...limits]
    // 4: tasks are live, as they should be.
    await runNode(args, { cwd: project, env: { SHOTLOCK_API_KEY: 'bench' }, statuses: [4] })
    const tasks =
      readFileSync(join(project, 'manifests/bench.lock.yaml'), 'utf8').match(/^ {4}task: /gm) ?? []
    return (creates) => {
      if (creates !== count || tasks.length !== count)
        throw new Error(`shotlock sent ${creates} creates and noted ${tasks.length} ids of ${count}`)
    }
  }
}

/** The same shots as request bodies, one a line. @param {string} folder @param {number} count */
function requestsFile(folder, count) {
  const path = join(folder, `requests-${count}.jsonl`)
  const lines = requestsOf(makeManifest(count).data).map((body) => JSON.stringify(body))
  writeFileSync(path, `${lines.join('\n')}\n`)
  return path
}
