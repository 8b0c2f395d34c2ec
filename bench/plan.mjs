import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeBought } from './lib/ledger.mjs'
import { inTurn, ratiosOf } from './lib/paired.mjs'
import { runNode } from './lib/process.mjs'
import { bin, library, writeProject } from './lib/project.mjs'
import { medians, row } from './lib/row.mjs'
import { makeManifest } from './lib/shots.mjs'

export const title = 'Planning'

/**
 * `shotlock plan` of one large manifest: for the first time, again, and when all of it is bought; and how its time grows
 * from a hundredth to a tenth to the whole. Whole processes against whole processes.
 *
 * @param {import('./run.mjs').Context} context
 */
export async function bench({ folder, quick, note }) {
  const large = quick ? 2000 : 100_000
  const sizes = [large / 100, large / 10, large]
  const project = (size) => join(folder, `plan-${size}`)
  const bought = join(folder, 'bought')
  note('writing manifests, and a lockfile with its videos')
  const manifests = Object.fromEntries(sizes.map((size) => [size, makeManifest(size)]))
  for (const size of sizes) writeProject(project(size), manifests[size].yaml)
  const text = join(project(large), 'manifests/bench.yaml')
  const json = join(folder, 'bench.json')
  writeFileSync(json, JSON.stringify(manifests[large].data))
  writeProject(bought, manifests[large].yaml)
  const lockText = join(bought, 'manifests/bench.lock.yaml')
  const lockJson = join(folder, 'bench.lock.json')
  writeFileSync(lockJson, JSON.stringify(writeBought(bought, manifests[large].yaml, await import(library))))

  const plan = (cwd) => runNode([bin, 'plan'], { cwd })
  const firstPlan = (size) => async () => {
    rmSync(join(project(size), '.shotlock'), { recursive: true, force: true })
    return await plan(project(size))
  }
  const floor = (name, ...args) => runNode([join(import.meta.dirname, 'floors', name), ...args])
  // What nobody has to wait for twice, such as the hashes of the bought project's manifest, is learned before.
  await plan(bought)
  const measured = await inTurn(
    {
      small: firstPlan(sizes[0]),
      middle: firstPlan(sizes[1]),
      first: firstPlan(large),
      again: () => plan(project(large)),
      yaml: () => floor('yaml-parse.mjs', text),
      json: () => floor('json-parse.mjs', text, json),
      bought: () => plan(bought),
      boughtJson: () => floor('json-parse.mjs', text, json, lockText, lockJson),
    },
    { rounds: quick ? 2 : 3, note },
  )
  const wall = (name) => measured[name].map(({ wallMs }) => wallMs)
  const peak = (name) => measured[name].map(({ peakMb }) => peakMb)
  const shots = `${large.toLocaleString('en')} shots`
  const memory = (id, what, name) =>
    row({
      id: `plan.${id}`,
      what: `${what} of ${shots}: most memory`,
      against: '',
      unit: 'MB',
      samples: peak(name),
      aim: { atMost: 500 },
      detail: medians({ shotlock: peak(name), 'yaml alone': peak('yaml') }, (mb) => `${Math.round(mb)} MB`),
    })
  const again = (id, what, name, floorName, against) =>
    row({
      id: `plan.${id}`,
      what,
      against,
      unit: '×',
      samples: ratiosOf(wall(name), wall(floorName)),
      aim: { atMost: 5 },
      detail: medians({ shotlock: wall(name), JSON: wall(floorName) }),
    })
  const growth = measured.first.map((_, round) => {
    const [small, middle, whole] = ['small', 'middle', 'first'].map((name) => wall(name)[round])
    return (whole - middle) / (sizes[2] - sizes[1]) / ((middle - small) / (sizes[1] - sizes[0]))
  })
  const rows = [
    row({
      id: 'plan.first',
      what: `first \`plan\` of ${shots}`,
      against: 'reading the file and `yaml` parsing it whole, uniqueness off',
      unit: '×',
      samples: ratiosOf(wall('first'), wall('yaml')),
      aim: { atMost: 0.8, stretch: 0.1 },
      detail: medians({ shotlock: wall('first'), yaml: wall('yaml') }),
    }),
    again(
      'again',
      `\`plan\` of ${shots} again`,
      'again',
      'json',
      '`JSON.parse` of the same data, hashing the text',
    ),
    again(
      'bought',
      `\`plan\` of ${shots} that are all bought`,
      'bought',
      'boughtJson',
      '`JSON.parse` of the same data and lockfile, hashing both texts',
    ),
    memory('first.memory', 'first `plan`', 'first'),
    memory('again.memory', '`plan` again', 'again'),
    row({
      id: 'plan.growth',
      what: `time for one more shot, beyond ${sizes[1].toLocaleString('en')}`,
      against: `the same beyond ${sizes[0].toLocaleString('en')}`,
      unit: '×',
      samples: growth,
      aim: { atMost: 1.2 },
      detail: medians(
        Object.fromEntries(
          ['small', 'middle', 'first'].map((name, index) => [sizes[index].toLocaleString('en'), wall(name)]),
        ),
      ),
    }),
  ]
  const points = ['small', 'middle', 'first'].map((name, index) => ({
    shots: sizes[index],
    samples: wall(name),
  }))
  return { rows, charts: { growth: points } }
}
