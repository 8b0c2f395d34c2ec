import { execFileSync } from 'node:child_process'
import { delimiter } from 'node:path'
import { inTurn, ratiosOf } from './lib/paired.mjs'
import { timeProgram } from './lib/process.mjs'
import { bin, writeProject } from './lib/project.mjs'
import { medians, row } from './lib/row.mjs'
import { makeManifest } from './lib/shots.mjs'

export const title = 'Start-up'

/** More programs called node, besides the one that this runs on. */
const nodesVariable = 'SHOTLOCK_BENCH_NODES'

/**
 * How long a person or an agent waits for the smallest things, as multiples of a node that does nothing.
 *
 * @param {import('./run.mjs').Context} context
 */
export async function bench({ folder, quick, note }) {
  const project = writeProject(folder, makeManifest(10).yaml)
  const others = (process.env[nodesVariable] ?? '').split(delimiter).filter((path) => path !== '')
  const rows = []
  for (const node of [process.execPath, ...others]) {
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
    const time = (args) => () => timeProgram(node, args, project)
    const { nothing, help, validate } = await inTurn(
      { nothing: time(['-e', '0']), help: time([bin, '--help']), validate: time([bin, 'validate']) },
      { rounds: quick ? 7 : 101, warmUps: 5, note: (text) => note(`${version} ${text}`) },
    )
    const isOldest = version.startsWith('v20.')
    const common = { against: '`node -e 0`', unit: '×' }
    rows.push(
      row({
        id: `startup.help.${version}`,
        what: `\`shotlock --help\`, Node ${version.slice(1)}`,
        ...common,
        samples: ratiosOf(help, nothing),
        aim: { atMost: isOldest ? 1.25 : 1.3 },
        detail: medians({ shotlock: help, node: nothing }),
      }),
      row({
        id: `startup.validate.${version}`,
        what: `\`shotlock validate\` of 10 shots, Node ${version.slice(1)}`,
        ...common,
        samples: ratiosOf(validate, nothing),
        aim: { atMost: isOldest ? 1.7 : 2.4 },
        detail: medians({ shotlock: validate, node: nothing }),
      }),
    )
  }
  return { rows }
}
