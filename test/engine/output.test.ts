import { describe, expect, test } from 'vitest'
import { move } from '../../src/commands/move.js'
import { plan } from '../../src/commands/plan.js'
import { validate } from '../../src/commands/validate.js'
import { verify } from '../../src/commands/verify.js'
import { seedDrawer } from '../../src/engine/draw-seed.js'
import { createRig, type Rig } from '../support/rig.js'

const options = { paths: [], cwd: '/project' }
const signal = new AbortController().signal

const fox = (output: string, parts = {}) => ({ prompt: 'a fox', output, ...parts })
const owl = (output: string, parts = {}) => ({ prompt: 'an owl', output, ...parts })
const kinds = async (rig: Rig) =>
  Object.fromEntries(Object.entries(await rig.outcomes()).map(([take, { kind }]) => [take, kind]))
const videos = (rig: Rig) =>
  Object.fromEntries(Object.entries(rig.locked()).map(([take, { video }]) => [take, video]))
const text = (rig: Rig, path: string) => rig.files.text(`/project/manifests/${path}`)

describe('a video', () => {
  test('goes where its shot says, and the lockfile says so', async () => {
    const rig = createRig({ fox: fox('../films/{shot}-{take}.{ext}', { takes: 2 }), owl: 'an owl' })
    await rig.run()
    expect(videos(rig)).toEqual({
      fox: '../films/fox-1.mp4',
      'fox@2': '../films/fox-2.mp4',
      owl: 'out/ep01/owl.mp4',
    })
    expect(rig.files.text('/project/films/fox-2.mp4')).toBe('video of cgt-2')
    expect(await kinds(rig)).toEqual({ fox: 'kept', 'fox@2': 'kept', owl: 'kept' })
  })

  test('is named by the seed that was sent', async () => {
    const rig = createRig({ fox: fox('{seed}.mp4', { takes: 2, seed: 7 }), owl: owl('{seed}.mp4') })
    await rig.run()
    const { seed } = rig.provider.creates.at(-1)!.request
    expect(videos(rig)).toEqual({ fox: '7.mp4', 'fox@2': '8.mp4', owl: `${seed}.mp4` })
  })

  test('of a draft lies beside its final', async () => {
    const rig = createRig({ fox: fox('clips/{shot}.mp4') })
    await rig.run({ draft: true })
    expect(videos(rig)).toEqual({ 'fox@draft': 'clips/fox@draft.mp4' })
  })

  test('of a rehearsal stays apart', async () => {
    const rig = createRig({ fox: fox('../films/{shot}.mp4') })
    await rig.run({ rehearsal: true })
    const films = [...rig.files.contents.keys()].filter((path) => path.endsWith('.mp4'))
    expect(films).toEqual(['/project/manifests/out/simulator/ep01/@up/films/fox.mp4'])
  })
})

describe('another output later', () => {
  test('buys nothing and moves nothing', async () => {
    const rig = createRig({ fox: fox('a/{shot}.mp4') })
    await rig.run()
    const before = rig.lockText()
    rig.writeManifest({ fox: fox('b/{shot}.mp4') })
    expect(await kinds(rig)).toEqual({ fox: 'kept' })
    expect(rig.lockText()).toBe(before)
    expect(text(rig, 'a/fox.mp4')).toBe('video of cgt-1')
  })

  test('a file that is gone comes back to where it was', async () => {
    const rig = createRig({ fox: fox('a/{shot}.mp4') })
    await rig.run()
    rig.files.contents.delete('/project/manifests/a/fox.mp4')
    rig.writeManifest({ fox: fox('b/{shot}.mp4') })
    expect(await kinds(rig)).toEqual({ fox: 'done' })
    expect(videos(rig)).toEqual({ fox: 'a/fox.mp4' })
    expect(text(rig, 'a/fox.mp4')).toBe('video of cgt-1')
  })

  test('verify looks and mends where the lockfile says', async () => {
    const rig = createRig({ fox: fox('../films/{shot}.mp4') })
    await rig.run()
    rig.files.write('/project/films/fox.mp4', 'broken')
    rig.writeManifest({ fox: fox('b/{shot}.mp4') })
    const report = await verify({ ...options, rehearsal: false }, rig.files, {
      signal,
      repairWith: rig.world,
    })
    expect(report.manifests[0]!.files).toMatchObject([
      { path: '../films/fox.mp4', state: 'changed', repair: { kind: 'restored' } },
    ])
    expect(rig.files.text('/project/films/fox.mp4')).toBe('video of cgt-1')
  })

  test('what is bought anew goes to the new place, and the old file stays', async () => {
    const rig = createRig({ fox: fox('a/{shot}.mp4') })
    await rig.run()
    rig.writeManifest({ fox: fox('b/{shot}.mp4', { prompt: 'a red fox' }) })
    expect(await kinds(rig)).toEqual({ fox: 'done' })
    expect(videos(rig)).toEqual({ fox: 'b/fox.mp4' })
    expect(text(rig, 'a/fox.mp4')).toBe('video of cgt-1')
  })

  test('a shot that is put before others changes no number of what was collected', async () => {
    const rig = createRig({ fox: fox('{index}-{shot}.mp4') })
    await rig.run()
    rig.writeManifest({ owl: owl('{index}-{shot}.mp4'), fox: fox('{index}-{shot}.mp4') })
    expect(await kinds(rig)).toEqual({ owl: 'done', fox: 'kept' })
    expect(videos(rig)).toEqual({ fox: '001-fox.mp4', owl: '001-owl.mp4' })
  })

  test('a lockfile that names a place outside the project is not followed there', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    const path = '/project/manifests/ep01.lock.yaml'
    rig.files.write(path, rig.lockText()!.replace('"out/ep01/fox.mp4"', '"../../home/fox.mp4"'))
    await rig.run()
    expect(rig.files.text('/home/fox.mp4')).toBeUndefined()
    expect(videos(rig)).toEqual({ fox: 'out/ep01/fox.mp4' })
  })
})

describe('a rename', () => {
  const moved = async (rig: Rig) =>
    (await move({ ...options, rehearsal: false, from: 'fox', to: 'wolf' }, rig.world)).moved

  test('takes the file to the place of the new name', async () => {
    const rig = createRig({ fox: fox('a/{shot}.mp4') })
    await rig.run()
    rig.writeManifest({ wolf: fox('b/{seed}-{shot}.mp4') })
    const { seed } = rig.provider.creates[0]!.request
    expect(await moved(rig)).toMatchObject([{ to: 'wolf', video: `b/${seed}-wolf.mp4`, here: true }])
    expect(text(rig, `b/${seed}-wolf.mp4`)).toBe('video of cgt-1')
    expect(await kinds(rig)).toEqual({ wolf: 'kept' })
  })

  test('leaves a file alone whose place has no name in it, also when it was edited', async () => {
    const rig = createRig({ fox: fox('{index}.mp4') })
    await rig.run()
    rig.files.write('/project/manifests/001.mp4', 'edited')
    rig.writeManifest({ wolf: fox('{index}.mp4') })
    expect(await moved(rig)).toMatchObject([{ video: '001.mp4', here: true }])
    expect(text(rig, '001.mp4')).toBe('edited')
  })

  test('is refused where the place is that of another video, here or not', async () => {
    const rig = createRig({ fox: fox('a.mp4'), owl: owl('b.mp4') })
    await rig.run()
    rig.files.contents.delete('/project/manifests/b.mp4')
    rig.writeManifest({ wolf: fox('B.mp4'), owl: owl('c.mp4') })
    await expect(moved(rig)).rejects.toMatchObject({ code: 'name-taken' })
    expect(videos(rig)).toEqual({ fox: 'a.mp4', owl: 'b.mp4' })
  })

  test('that was cut off goes on to the place that it had chosen', async () => {
    const rig = createRig({ fox: fox('a/{shot}.mp4') })
    await rig.run()
    rig.writeManifest({ wolf: fox('b/{shot}.mp4') })
    let appends = 0
    rig.files.fault = (action) => {
      if (action === 'append' && ++appends === 2) throw new Error('no space left')
    }
    await expect(moved(rig)).rejects.toMatchObject({ code: 'state-unwritable' })
    rig.files.fault = () => undefined
    rig.writeManifest({ wolf: fox('c/{shot}.mp4') })
    expect(await moved(rig)).toMatchObject([{ video: 'b/wolf.mp4', here: true }])
  })
})

describe('two videos of one place are found before anything is bought', () => {
  /** Problems as `file:line:col code  message`. */
  async function problems(rig: Rig): Promise<string[]> {
    const { problems } = await validate(options, rig.files)
    return problems
      .filter(({ severity }) => severity === 'error')
      .map(({ file, line, col, code, message }) => `${file.slice(10)}:${line}:${col} ${code}  ${message}`)
  }
  const first = (rig: Rig) => problems(rig).then(([one]) => one ?? '')

  test.each([
    ['takes', { fox: fox('a.mp4', { takes: 3 }) }, /"fox@2" and "fox" .*1 more.*: add \{take\} to output$/],
    ['shots', { fox: fox('a.mp4'), owl: owl('a.mp4') }, /"owl" and "fox" .*: add \{shot\} to output$/],
    [
      'shots with takes',
      { fox: fox('a.mp4', { takes: 2 }), owl: owl('a.mp4') },
      /"fox@2" and "fox".*: add \{shot\} and \{take\}/,
    ],
    [
      'case',
      { fox: fox('a/{shot}.mp4'), owl: owl('A/Fox.mp4') },
      /"A\/Fox.mp4", which is "a\/fox.mp4" where/,
    ],
    ['composed letters', { fox: fox('é.mp4'), owl: owl('e\u0301.mp4') }, /output-collision/],
    ['a usual place', { owl: owl('out/ep01/fox.mp4'), fox: 'a fox' }, /output-collision/],
    [
      'drafts',
      { fox: fox('a.mp4'), owl: owl('a@draft.mp4') },
      /"owl" and "fox@draft".*: add \{shot\} to output$/,
    ],
    ['folders', { fox: fox('a.mp4'), owl: owl('a.mp4/b.mp4') }, /"owl" needs the folder "a.mp4"/],
    ['stated seeds', { fox: fox('{seed}.mp4', { seed: 7 }), owl: owl('{seed}.mp4', { seed: 7 }) }, /7\.mp4/],
    [
      'numbers that run together',
      { a: fox('{shot}{take}.mp4', { takes: 11 }), a1: owl('{shot}{take}.mp4') },
      /"a1" and "a@11".*another output$/,
    ],
  ])('%s', async (_, shots, message) => {
    const rig = createRig(shots)
    expect(await first(rig)).toMatch(message)
    await expect(rig.run()).rejects.toMatchObject({ code: 'manifest-invalid' })
    await expect(rig.run({ rehearsal: true })).rejects.toMatchObject({ code: 'manifest-invalid' })
    expect(rig.provider.creates).toEqual([])
  })

  test('also of two manifests, at the second, and not when each is named in it', async () => {
    const rig = createRig()
    for (const name of ['ep01', 'ep02']) rig.writeManifest({ fox: fox('films/{shot}.mp4') }, name)
    expect(await problems(rig)).toEqual([
      'ep02.yaml:8:13 output-collision  "fox" and "fox" of manifests/ep01.yaml would both be written to "films/fox.mp4": add {manifest} to output',
    ])
    for (const name of ['ep01', 'ep02']) rig.writeManifest({ fox: fox('films/{manifest}/{shot}.mp4') }, name)
    expect(await problems(rig)).toEqual([])
  })

  test('takes with seeds that are still to be drawn are apart', async () => {
    const rig = createRig({ fox: fox('{seed}.mp4', { takes: 2 }), owl: owl('{seed}.mp4') })
    expect(await problems(rig)).toEqual([])
  })

  test('takes that a run is to add are found as well, and the manifest stays as it was', async () => {
    const rig = createRig({ fox: fox('{shot}.mp4') })
    const before = text(rig, 'ep01.yaml')
    await expect(rig.run({ moreTakes: 1, selection: { shots: ['fox'] } })).rejects.toMatchObject({
      code: 'manifest-invalid',
      problems: expect.arrayContaining([expect.objectContaining({ code: 'output-collision' })]),
    })
    expect(text(rig, 'ep01.yaml')).toBe(before)
    expect(rig.provider.creates).toEqual([])
  })

  test('a place outside the project is an error, and one inside it is none', async () => {
    expect(await first(createRig({ fox: fox('../../{shot}.mp4') }))).toContain(
      '8:13 output-path  "../../fox.mp4"',
    )
    expect(await first(createRig({ fox: fox('../{shot}.mp4') }))).toBe('')
  })
})

describe('a place that is taken', () => {
  const refused = { code: 'output-taken' }
  async function refuses(rig: Rig, hint: RegExp): Promise<void> {
    const bought = rig.provider.creates.length
    const planning = plan({ ...options, rehearsal: false, provider: 'ark', selection: {} }, rig.world)
    await expect(planning).rejects.toMatchObject({ ...refused, hint: expect.stringMatching(hint) })
    await expect(rig.run()).rejects.toMatchObject(refused)
    expect(rig.provider.creates).toHaveLength(bought)
  }

  test('by the video of another take stops the run before anything is bought', async () => {
    const rig = createRig({ fox: fox('{index}.mp4') })
    await rig.run()
    rig.writeManifest({ owl: owl('{index}.mp4'), fox: fox('{index}.mp4') })
    await refuses(rig, /another output/)
    expect(text(rig, '001.mp4')).toBe('video of cgt-1')
  })

  test('also when that shot has left the manifest, or the output', async () => {
    const rig = createRig({ fox: fox('out/ep01/owl.mp4') })
    await rig.run()
    rig.writeManifest({ owl: 'an owl' })
    await refuses(rig, /another output/)
  })

  test('by the same shot under its old name is a matter of a rename', async () => {
    const rig = createRig({ fox: fox('{index}.mp4') })
    await rig.run()
    rig.writeManifest({ wolf: fox('{index}.mp4') })
    await refuses(rig, /shotlock move fox wolf/)
  })

  test('by a file that nobody knows is not written over', async () => {
    const rig = createRig({ fox: fox('a.mp4') })
    rig.files.write('/project/manifests/a.mp4', 'a film of my own')
    await refuses(rig, /out of the way/)
    expect(text(rig, 'a.mp4')).toBe('a film of my own')
  })

  test('for a task that is live is told as well', async () => {
    const rig = createRig({ fox: fox('a.mp4') })
    await rig.run()
    rig.writeManifest({ fox: fox('a.mp4'), owl: owl('b.mp4') })
    await rig.run({ wait: false })
    rig.writeManifest({ fox: fox('c.mp4'), owl: owl('a.mp4') })
    await refuses(rig, /another output/)
  })

  test('by its own video is free for a shot that has changed, and for one that failed since', async () => {
    const rig = createRig({ fox: fox('a.mp4') })
    await rig.run()
    rig.provider.onCreate = () => ({
      kind: 'refused',
      refusal: { code: 'InternalServiceError', message: 'no', status: 400 },
    })
    rig.writeManifest({ fox: fox('a.mp4', { prompt: 'a red fox' }) })
    expect(await kinds(rig)).toEqual({ fox: 'failed' })
    rig.provider.onCreate = () => undefined
    expect(await kinds(rig)).toEqual({ fox: 'done' })
    expect(text(rig, 'a.mp4')).toBe('video of cgt-3')
  })

  test('by an earlier rehearsal is free for the next', async () => {
    const rig = createRig({ fox: fox('a.mp4') })
    await rig.run({ rehearsal: true })
    await rig.files.remove('/project/manifests/ep01.simulator.lock.yaml')
    await rig.run({ rehearsal: true })
    expect(rig.provider.creates).toHaveLength(2)
  })
})

test('a seed that is drawn is none that is stated, on record or drawn before', async () => {
  const rig = createRig({ fox: { prompt: 'a fox', takes: 3 }, owl: { prompt: 'an owl', seed: 2 ** 30 + 1 } })
  rig.world.random = () => 0.5
  await rig.run({ selection: { shots: ['fox@2'] } })
  await rig.run()
  const seeds = rig.provider.creates.map(({ request }) => request.seed! - 2 ** 30)
  expect(seeds.sort()).toEqual([0, 1, 2, 3])
})

test('seeds begin anew after the last', () => {
  const draw = seedDrawer([])
  const nearlyOne = () => 1 - 2 ** -32
  expect([draw(nearlyOne), draw(nearlyOne)]).toEqual([2 ** 31 - 1, 0])
})
