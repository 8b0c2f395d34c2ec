import { readdirSync, readFileSync, statSync } from 'node:fs'
import sharp from 'sharp'
import { expect, test } from 'vitest'
import { readImageFacts } from '../../src/core/image.js'
import { createProject } from '../support/project.js'
import { accepted, against, simulator } from '../support/simulated.js'

/** A photograph held sideways, 2700 x 6300 px as it is shown. */
const photo = await sharp({
  create: { width: 6300, height: 2700, channels: 3, background: { r: 200, g: 120, b: 40 } },
})
  .jpeg()
  .withMetadata({ orientation: 6 })
  .toBuffer()

const manifest = (more = '') => `version: 1
defaults: { model: doubao-seedance-1-5-pro-251215, resolution: 480p, duration: 4${more} }
shots:
  fox: { prompt: a fox, image: refs/fox.jpg }
`

test('a photograph that is too large goes out small enough, and what was bought with it stays bought', async () => {
  const project = createProject({ 'manifests/ep01.yaml': manifest(), 'manifests/refs/fox.jpg': photo })
  const sim = await simulator()
  const refused = await project.shotlock(['run', ...against(sim), '--yes'])
  expect(refused.status).toBe(2)
  expect(refused.stderr).toContain(
    '; send a smaller copy: shotlock run --fit manifests/ep01.yaml; or make one: magick',
  )
  expect(accepted(sim)).toEqual([])

  // The very command that the message names.
  const run = await project.shotlock(['run', '--fit', 'manifests/ep01.yaml', ...against(sim)])
  expect(run).toMatchObject({ status: 0 })
  expect(run.stderr).toMatch(
    /^manifests\/refs\/fox\.jpg {2}2700 x 6300 jpeg, .* -> 2571 x 5999 jpeg, .* {2}\(--fit\)$/m,
  )
  // The simulator refuses what the service would.
  expect(accepted(sim)).toHaveLength(1)

  expect(await project.shotlock(['run', ...against(sim)])).toMatchObject({ status: 0 })
  expect(await project.shotlock(['status', ...against(sim)])).toMatchObject({ status: 0 })
  expect(accepted(sim)).toHaveLength(1)
})

test('a manifest that says fit: true needs no flag, and its copy is made once', async () => {
  const project = createProject({
    'manifests/ep01.yaml': manifest(', fit: true'),
    'manifests/refs/fox.jpg': photo,
  })
  const validated = await project.shotlock(['validate'])
  expect(validated).toMatchObject({ status: 0 })
  expect(validated.stdout).toMatch(/^manifests\/refs\/fox\.jpg .* -> 2571 x 5999 jpeg, .* {2}\(fit: true\)$/m)
  const [copy, ...others] = readdirSync(project.path('.shotlock/fitted'))
  const before = statSync(project.path(`.shotlock/fitted/${copy}`)).mtimeMs

  const { stdout, status } = await project.shotlock(['plan', '--json'])
  expect({ status, others }).toEqual({ status: 0, others: [] })
  expect(JSON.parse(stdout).fitted).toMatchObject([
    {
      file: 'manifests/ep01.yaml',
      image: 'manifests/refs/fox.jpg',
      from: { width: 2700 },
      to: { width: 2571 },
      by: 'manifest',
    },
  ])
  expect(statSync(project.path(`.shotlock/fitted/${copy}`)).mtimeMs).toBe(before)
})

test('a plan that was saved with --fit is carried out with it', async () => {
  const project = createProject({ 'manifests/ep01.yaml': manifest(), 'manifests/refs/fox.jpg': photo })
  const sim = await simulator()
  const saved = await project.shotlock(['plan', '--fit', '--out', 'monday.json', ...against(sim)])
  expect(saved).toMatchObject({ status: 0 })
  expect(await project.shotlock(['run', 'monday.json', ...against(sim)])).toMatchObject({ status: 0 })
  expect(accepted(sim)).toHaveLength(1)
})

test('what a request carries is the copy that was kept', async () => {
  const glass = { r: 200, g: 120, b: 40, alpha: 0.5 }
  const image = await sharp({ create: { width: 400, height: 500, channels: 4, background: glass } })
    .avif()
    .toBuffer()
  const project = createProject({
    'manifests/ep01.yaml': manifest().replace('.jpg', '.avif'),
    'manifests/refs/fox.avif': image,
  })
  const sim = await simulator({ folder: project.path('service') })
  const refused = await project.shotlock(['validate'])
  expect(refused.stdout).toMatch(/the image is avif; .*; send a converted copy: shotlock run --fit/)
  expect(await project.shotlock(['run', '--fit', ...against(sim)])).toMatchObject({ status: 0 })
  const filesIn = (folder: string) =>
    readdirSync(project.path(folder)).map((name) => readFileSync(project.path(`${folder}/${name}`)))
  const received = filesIn('service/inputs')
  expect(received).toEqual(filesIn('.shotlock/fitted'))
  expect(received.map((bytes) => readImageFacts(bytes))).toMatchObject([
    { format: 'png', width: 400, height: 500 },
  ])
})
