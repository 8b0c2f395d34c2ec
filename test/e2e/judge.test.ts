import { expect, test } from 'vitest'
import { type LockEntry, parseLockfile } from '../../src/core/lockfile.js'
import { createProject } from '../support/project.js'
import { accepted, against, simulator } from '../support/simulated.js'

const manifest = `version: 1
defaults: { model: doubao-seedance-2-0-mini-260615, duration: 4, resolution: 480p, ratio: '1:1' }
shots:
  fox: { prompt: a fox, takes: 3 }
  owl: { prompt: an owl, seed: 7 }
`
/** Without what differs from run to run. */
const plain = (text: string) =>
  text.replaceAll(/cgt-[\w-]+/g, 'cgt-…').replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '…')

test('takes are approved and rejected, told everywhere, and what was rejected is bought again once', async () => {
  const project = createProject({ 'ep.yaml': manifest })
  const sim = await simulator()
  const shotlock = async (...words: string[]) => {
    const { status, stdout, stderr } = await project.shotlock([...words, ...against(sim)])
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' })
    return plain(stdout)
  }
  const locked = () =>
    Object.fromEntries(parseLockfile(project.read('ep.simulator.lock.yaml'), 'ep') as Map<string, LockEntry>)
  await shotlock('run', 'ep.yaml', '--yes')
  expect(accepted(sim)).toHaveLength(4)

  expect(await shotlock('approve', 'fox', '--manifest', 'ep.yaml')).toMatchInlineSnapshot(`
    " ep/fox  approved: task cgt-…
    "
  `)
  expect(
    await shotlock('reject', 'fox@2', 'owl', '--note', 'too dark', '--manifest', 'ep.yaml'),
  ).toMatchInlineSnapshot(`
    " ep/fox@2  rejected: task cgt-…, "too dark"
     ep/owl    rejected: task cgt-…, "too dark"
    "
  `)
  expect(await shotlock('status', 'ep.yaml')).toMatchInlineSnapshot(`
    "ep  4 succeeded; 1 approved, 2 rejected; 155,200 tokens, CNY 3.57
      fox@2  succeeded  rejected: “too dark”; run --rejected buys it again
      owl    succeeded  rejected: “too dark”; run --rejected buys it again
    "
  `)
  expect(await shotlock('plan', 'ep.yaml')).toMatchInlineSnapshot(`
    "ep  4 takes
      = 4 takes up to date, 2 rejected

    Buys nothing. Keeps 2 rejected takes; --rejected buys them again.
    "
  `)
  expect(await shotlock('plan', 'ep.yaml', '--rejected')).toMatchInlineSnapshot(`
    "ep  2 takes
                pixels   length  sound  tier    tokens     price
      +  fox@2  640x640  4 s     sound  online  38,800  CNY 0.89  rejected
      +  owl    640x640  4 s     sound  online  38,800  CNY 0.89  rejected, with the same seed 7: nearly the same film, change the seed for another

    Buys 2 takes for CNY 1.78: 77,600 tokens. Account limit: 10 live, 600 a minute.
    "
  `)
  expect(await shotlock('why', 'fox@2', 'ep.yaml')).toMatchInlineSnapshot(`
    "ep  ep.yaml
      fox@2  a run leaves it as it is: it was rejected, and only run --rejected buys it again
          bought    … from simulator
          decision  rejected
          note      “too dark”
    "
  `)
  expect(await shotlock('run', 'ep.yaml', '--yes')).toMatchInlineSnapshot(`
    "
    4 up to date.
    2 takes kept although rejected: shotlock run --rejected buys them again.
    "
  `)
  expect(accepted(sim)).toHaveLength(4)

  expect(await shotlock('reject', '--undo', 'owl', '--manifest', 'ep.yaml')).toMatchInlineSnapshot(`
    " ep/owl  undecided: task cgt-…
    "
  `)
  const { 'fox@2': rejected, ...others } = locked()
  expect(await shotlock('run', 'ep.yaml', '--rejected', '--yes')).toContain('1 done')
  expect(accepted(sim)).toHaveLength(5)
  const { 'fox@2': anew, ...left } = locked()
  expect(anew).toMatchObject({ status: 'succeeded', previous: [rejected!.task] })
  expect(anew).not.toHaveProperty('approved')
  expect(left).toEqual(others)

  expect(await shotlock('run', 'ep.yaml', '--rejected', '--yes')).toContain('Nothing to do.')
  expect(accepted(sim)).toHaveLength(5)
  project.write('plan.json', '{}')
  const saved = await project.shotlock(['run', 'plan.json', '--rejected', ...against(sim)])
  expect(saved).toMatchObject({ status: 2, stderr: expect.stringContaining('(usage)') })
})
