import { parseArgs } from 'node:util'
import pLimit from 'p-limit'
import { type LoopResult, playPlainLoop } from './plain-loop.js'
import { playRound, type RoundResult } from './play-round.js'
import { renderFailures, renderReport } from './report.js'
import { planRound } from './round-plan.js'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '20' },
    /** Of the first round; the next has the next number. */
    seed: { type: 'string', default: '1' },
    shots: { type: 'string', default: '12' },
    'no-list': { type: 'boolean', default: false },
    /** Deletes the lockfile after each kill: journal and archive must do. */
    'forget-lockfile': { type: 'boolean', default: false },
    /** Rounds played at the same time: they wait more than they work. */
    jobs: { type: 'string', default: '8' },
    bin: { type: 'string', default: 'dist/bin.js' },
  },
})
const first = Number(values.seed)
const seeds = Array.from({ length: Number(values.rounds) }, (_, index) => first + index)
const limit = pLimit(Number(values.jobs))

const rounds: RoundResult[] = []
const loops: LoopResult[] = []
const began = Date.now()
await Promise.all(
  seeds.map((seed) =>
    limit(async () => {
      const plan = planRound({
        seed,
        shots: Number(values.shots),
        noList: values['no-list'],
        forgets: values['forget-lockfile'] ? 'lockfile' : 'nothing',
      })
      const round = await playRound(plan, values.bin)
      rounds.push(round)
      loops.push(await playPlainLoop(plan))
      const { starts, kills, accepted, failures } = round
      const verdict = failures.length === 0 ? 'held' : `FAILED: ${failures.join('; ')}`
      process.stderr.write(
        `${rounds.length}/${seeds.length} seed ${seed}: ${starts} starts, ${kills.length} kills, ${accepted} bought: ${verdict}\n`,
      )
    }),
  ),
)

process.stdout.write(`${renderReport(rounds, loops)}\n`)
process.stderr.write(`${Math.round((Date.now() - began) / 1000)} s\n`)
const failures = renderFailures(rounds)
if (failures !== '') {
  process.stdout.write(`\nThe promise was broken:\n${failures}\n`)
  process.exitCode = 1
}
