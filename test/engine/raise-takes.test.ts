import { expect, test } from 'vitest'
import { run } from '../../src/commands/run.js'
import { createRig } from '../support/rig.js'

const path = '/project/manifests/ep01.yaml'
const more = { moreTakes: 2, selection: { shots: ['fox'] } }

test('more takes are written into the manifest, and only they are bought', async () => {
  const rig = createRig({ fox: 'a fox', owl: 'an owl' })
  await rig.run({ selection: { shots: ['fox'] } })
  expect(Object.keys(await rig.outcomes(more))).toEqual(expect.arrayContaining(['fox', 'fox@2', 'fox@3']))
  expect(rig.provider.creates).toHaveLength(3)
  expect(rig.files.text(path)).toContain('takes: 3')
  expect(Object.keys(rig.locked())).toEqual(['fox', 'fox@2', 'fox@3'])
})

test('what is not agreed to leaves the manifest as it was', async () => {
  const rig = createRig({ fox: 'a fox' })
  const before = rig.files.text(path)
  const options = { paths: [], cwd: '/project', rehearsal: false, provider: 'ark', wait: true, retries: 0 }
  const refused = run({ ...options, ...more }, rig.world, {
    confirm: async () => false,
    signal: new AbortController().signal,
  })
  await expect(refused).rejects.toMatchObject({ code: 'no-consent' })
  expect(rig.files.text(path)).toBe(before)
})

test.each([
  ['a shot that is not there', { ...more, selection: { shots: ['wolf'] } }, 'nothing-selected'],
  ['more than a hundred', { ...more, moreTakes: 100 }, 'cannot-raise'],
])('%s is refused, and the manifest stays', async (_, options, code) => {
  const rig = createRig({ fox: 'a fox' })
  const before = rig.files.text(path)
  await expect(rig.run(options)).rejects.toMatchObject({ code })
  expect(rig.files.text(path)).toBe(before)
  expect(rig.provider.creates).toEqual([])
})
