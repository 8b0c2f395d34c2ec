import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createProject } from '../support/project.js'
import { accepted, simulator } from '../support/simulated.js'

const defaults = (output: string) =>
  `{ model: doubao-seedance-2-0-mini-260615, resolution: 480p, ratio: '16:9', duration: 4, output: '${output}' }`
const manifest = (output: string, shots: string) =>
  `version: 1\ndefaults: ${defaults(output)}\nshots:\n${shots}`
const fox = '  fox: { prompt: a fox in the snow }\n'

test('videos go where their manifest says, apart, and stay where they went', async () => {
  const sim = await simulator()
  const project = createProject({ 'manifests/ep01.yaml': manifest('../films/{index}.{ext}', fox) })
  const env = { SHOTLOCK_API_KEY: 'key' }
  const shotlock = (...args: string[]) => project.shotlock(args, { env })
  const run = (...args: string[]) => shotlock('run', '--yes', '--base-url', sim.baseUrl, ...args)
  const video = (name: string) => existsSync(project.path(`films/${name}`))

  expect(await run()).toMatchObject({ status: 0 })
  expect(project.read('manifests/ep01.lock.yaml')).toContain('video: "../films/001.mp4"')
  expect(video('001.mp4')).toBe(true)

  const more = await run('--shot', 'fox', '--takes', '+1')
  expect(more.status).toBe(2)
  expect(more.stdout + more.stderr).toMatch(
    /ep01\.yaml:2:\d+ .*add \{take\} to output.*\(fox, output-collision\)/,
  )
  expect(project.read('manifests/ep01.yaml')).toBe(manifest('../films/{index}.{ext}', fox))

  // Another shot comes first and takes the number.
  const both = `  owl: { prompt: an owl in the birch }\n${fox}`
  project.write('manifests/ep01.yaml', manifest('../films/{index}.{ext}', both))
  expect(await shotlock('validate')).toMatchObject({ status: 0 })
  const refused = await run()
  expect(refused.status).toBe(2)
  expect(refused.stderr).toContain('error (output-taken): Cannot buy "owl"')
  expect(accepted(sim)).toHaveLength(1)

  project.write('manifests/ep01.yaml', manifest('../films/{manifest}/{index}-{shot}-{take}.{ext}', both))
  expect(await run()).toMatchObject({ status: 0 })
  expect(accepted(sim)).toHaveLength(2)
  expect([video('001.mp4'), video('ep01/001-owl-1.mp4'), video('ep01/002-fox-1.mp4')]).toEqual([
    true,
    true,
    false,
  ])
  expect(await shotlock('verify')).toMatchObject({ status: 0 })
})
