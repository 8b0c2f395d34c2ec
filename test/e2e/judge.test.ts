import { expect, test } from 'vitest'
import { createProject } from '../support/project.js'
import { accepted, against, simulator } from '../support/simulated.js'

const manifest = `version: 1
defaults: { model: doubao-seedance-2-0-mini-260615, duration: 4, resolution: 480p }
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
  const taskOf = async (take: string) => {
    const { stdout } = await project.shotlock(['status', 'ep.yaml', '--json', ...against(sim)])
    const { manifests } = JSON.parse(stdout) as { manifests: { takes: { take: string; task: string }[] }[] }
    return manifests[0]!.takes.find((one) => one.take === take)!.task
  }
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
    "ep  4 succeeded; 1 approved, 2 rejected; 158,473 tokens, CNY 3.64
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
                pixels         length  sound  tier              tokens             price
      +  fox@2  480p adaptive  4 s     sound  online  38,800 to 40,594  CNY 0.89 to 0.93  rejected
      +  owl    480p adaptive  4 s     sound  online  38,800 to 40,594  CNY 0.89 to 0.93  rejected, with the same seed 7: nearly the same film, change the seed for another
      ? the service chooses the ratio (2 takes)

    Buys 2 takes for CNY 1.78 to 1.87: 77,600 to 81,188 tokens. Account limit: 10 live, 600 a minute.
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
  expect(await shotlock('why', 'fox', 'ep.yaml')).toMatchInlineSnapshot(`
    "ep  ep.yaml
      fox  a run leaves it as it is: nothing that decides the result has changed since task cgt-… was bought
          bought    … from simulator
          decision  approved
      fox@2  a run leaves it as it is: it was rejected, and only run --rejected buys it again
          bought    … from simulator
          decision  rejected
          note      “too dark”
      fox@3  a run leaves it as it is: nothing that decides the result has changed since task cgt-… was bought
          bought  … from simulator
    "
  `)
  expect(await shotlock('run', 'ep.yaml', '--yes')).toMatchInlineSnapshot(`
    "
    4 up to date.
    2 takes kept although rejected: shotlock run --rejected buys such again.
    "
  `)
  expect(accepted(sim)).toHaveLength(4)

  expect(await shotlock('reject', '--undo', 'owl', '--manifest', 'ep.yaml')).toMatchInlineSnapshot(`
    " ep/owl  undecided: task cgt-…
    "
  `)
  const before = { fox: await taskOf('fox'), 'fox@2': await taskOf('fox@2'), owl: await taskOf('owl') }
  expect(await shotlock('run', 'ep.yaml', '--rejected', '--yes')).toContain('1 done')
  expect(accepted(sim)).toHaveLength(5)
  expect(await taskOf('fox@2')).not.toBe(before['fox@2'])
  expect({ fox: await taskOf('fox'), owl: await taskOf('owl') }).toEqual({ fox: before.fox, owl: before.owl })

  expect(await shotlock('run', 'ep.yaml', '--rejected', '--yes')).toContain('Nothing to do.')
  expect(accepted(sim)).toHaveLength(5)
  expect(await shotlock('status', 'ep.yaml')).toContain('4 succeeded; 1 approved')
})
