import { expect, test } from 'vitest'
import { createProject } from '../support/project.js'
import { against, simulator } from '../support/simulated.js'

const manifest = `version: 1
defaults: { model: doubao-seedance-2-0-mini-260615, duration: 4, resolution: 480p }
shots:
  fox: { prompt: a fox, takes: 3 }
  012: { prompt: an owl }
`
const lockfile = 'ep.simulator.lock.yaml'
/** Without ids and hashes, which differ from run to run. */
const plain = (text: string) => text.replaceAll(/cgt-[\w-]+/g, 'cgt-…').replaceAll(/[0-9a-f]{12}…/g, '…')

test('a take is picked, shown and taken back, and two branches that picked two takes need a person', async () => {
  const project = createProject({ 'ep.yaml': manifest })
  const sim = against(await simulator())
  const pick = (...words: string[]) => project.shotlock(['pick', ...words, '--manifest', 'ep.yaml', ...sim])

  expect(await project.shotlock(['run', 'ep.yaml', '--yes', ...sim])).toMatchObject({ status: 0 })
  const bought = project.read(lockfile)

  expect(plain((await pick('fox@2', '012')).stdout)).toMatchInlineSnapshot(`
    " ep/fox@2  picked: task cgt-…
     ep/012    picked: task cgt-…
    "
  `)
  const ours = project.read(lockfile)
  expect(plain((await pick('fox@3')).stdout)).toMatchInlineSnapshot(`
    " ep/fox@3  picked: task cgt-…, no longer fox@2
    "
  `)
  const theirs = project.read(lockfile)
  const { stdout } = await project.shotlock(['status', 'ep.yaml', ...sim])
  expect(stdout.replace(/;.*/, '')).toMatchInlineSnapshot(`
    "ep  4 succeeded
      fox@3  succeeded  picked
      012    succeeded  picked
    "
  `)

  // Both branches come from before the first pick.
  project.write('base.lock.yaml', bought)
  project.write('ours.lock.yaml', ours)
  project.write('theirs.lock.yaml', theirs)
  const merge = () => project.shotlock(['merge', 'base.lock.yaml', 'ours.lock.yaml', 'theirs.lock.yaml'])
  const refused = await merge()
  expect({ ...refused, stderr: plain(refused.stderr) }).toMatchInlineSnapshot(`
    {
      "status": 1,
      "stderr": ""fox": a shot has one pick: ours has "fox@2", task "cgt-…" of simulator, succeeded with sha256 …, picked; theirs has "fox@3", task "cgt-…" of simulator, succeeded with sha256 …, picked.
    Nothing was merged. OURS is as it was and lacks what THEIRS paid for: do not commit it as the merge.
    Settle these takes on one branch (an unknown create with shotlock reconcile, a pick with shotlock pick --undo, a decision with shotlock approve or reject), then merge again.
    ",
      "stdout": "",
    }
  `)
  expect(project.read('ours.lock.yaml')).toBe(ours)

  expect(plain((await pick('--undo', 'fox')).stdout)).toBe(' ep/fox@3  no longer picked: task cgt-…\n')
})
