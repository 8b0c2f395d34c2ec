import { beforeEach, describe, expect, test } from 'vitest'
import { adopt } from '../../src/commands/adopt.js'
import { reconcile } from '../../src/commands/reconcile.js'
import type { CreateAnswer } from '../../src/core/create-answer.js'
import { ProviderError } from '../../src/core/errors.js'
import type { Task } from '../../src/core/task.js'
import { createRig, type Rig } from '../support/rig.js'

const lost: CreateAnswer = { kind: 'unknown', why: 'the connection was reset' }

/** A rig whose creates with these numbers are accepted and then get no answer. */
function losing(rig: Rig, ...numbers: number[]): Rig {
  rig.provider.onCreate = (request, number) => {
    if (!numbers.includes(number)) return undefined
    const livesMs = rig.provider.script(request, number).livesMs ?? 60_000
    rig.provider.add(`lost-${number}`, {
      livesMs,
      ends: finished({ seed: request.seed, id: `lost-${number}` as Task['id'] }),
    })
    return lost
  }
  return rig
}

const finished = (fields: Partial<Task> = {}): Partial<Task> & Pick<Task, 'status'> => ({
  status: 'succeeded',
  videoUrl: `https://files.test/${fields.id}.mp4`,
  createdAt: Date.UTC(2026, 0, 8, 3) / 1000,
  completionTokens: 1000,
  ...fields,
})

const look = (rig: Rig, options: { accept?: boolean; resubmit?: string[] } = {}) =>
  reconcile(
    {
      paths: [],
      cwd: '/project',
      rehearsal: false,
      provider: 'ark',
      selection: {},
      accept: false,
      resubmit: [],
      ...options,
    },
    rig.world,
    { signal: new AbortController().signal },
  )

let rig: Rig
beforeEach(() => {
  rig = losing(createRig({ fox: 'a fox', owl: 'an owl' }), 1)
})

describe('a lost create that can be recognised', () => {
  test('is adopted by the next run before it buys anything, and collected', async () => {
    await rig.run()
    expect(rig.locked()).toMatchObject({ fox: { status: 'unknown' }, owl: { status: 'succeeded' } })

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done', taskId: 'lost-1', bought: false } })
    expect(rig.provider.creates).toHaveLength(2)
    expect(rig.locked()).toMatchObject({ fox: { status: 'succeeded', task: 'lost-1' } })
  })

  test('is found in the flex tier too, which lists hide by default', async () => {
    rig.writeManifest({ fox: { prompt: 'a fox', service_tier: 'flex' } })
    rig.provider.script = () => ({ livesMs: 1000 })
    rig.provider.onCreate = (request) => {
      rig.provider.add('lost-flex', {
        livesMs: 1000,
        ends: finished({ seed: request.seed, id: 'lost-flex' as Task['id'] }),
        flex: true,
      })
      return lost
    }
    await rig.run()
    await rig.clock.sleep(5000)
    expect((await look(rig)).findings).toMatchObject([{ take: 'fox', verdict: 'adopted', task: 'lost-flex' }])
  })

  test('is not adopted while its record shows no seed: it is only probable', async () => {
    rig = losing(createRig({ fox: 'a fox' }), 1)
    rig.provider.script = () => ({ livesMs: 3_600_000 })
    rig.provider.answer = (task) => ({ ...task, createdAt: Date.UTC(2026, 0, 8, 3) / 1000, seed: undefined })
    await rig.run()

    expect((await look(rig)).findings).toMatchObject([
      { verdict: 'probable', candidates: [{ task: 'lost-1', for: ['time'] }] },
    ])
    expect(rig.locked()).toMatchObject({ fox: { status: 'unknown' } })
    expect((await look(rig, { accept: true })).findings).toMatchObject([{ verdict: 'adopted' }])
  })

  test.each<[string, Partial<Task>]>([
    ['another seed', { seed: 1 }],
    ['another model', { model: 'doubao-seedance-1-0-pro-250528' }],
    ['another length', { duration: 12 }],
    ['another resolution', { resolution: '1080p' }],
    ['sound that was not asked for', { generateAudio: false }],
    ['a time long before', { createdAt: Date.UTC(2026, 0, 7) / 1000 }],
  ])('is not mistaken for a task with %s', async (_, different) => {
    await rig.run()
    rig.provider.answer = (task) => (task.id === 'lost-1' ? { ...task, ...different } : task)
    expect((await look(rig)).findings).toMatchObject([{ take: 'fox', verdict: 'none' }])
    expect(rig.locked()).toMatchObject({ fox: { status: 'unknown' } })
  })

  test('is not taken from another take that owns it', async () => {
    await rig.run()
    rig.provider.answer = (task) => ({ ...task, seed: rig.provider.creates[0]!.request.seed })
    // cgt-2 now shows fox's seed as well, but it is the owl's.
    expect((await look(rig)).findings).toMatchObject([{ take: 'fox', verdict: 'adopted', task: 'lost-1' }])
  })
})

describe('lost creates that cannot be told apart', () => {
  beforeEach(() => {
    rig = losing(createRig({ fox: { prompt: 'a fox', seed: 7 }, owl: { prompt: 'an owl', seed: 7 } }), 1, 2)
  })

  test('are left to a person, and what they made is fetched meanwhile', async () => {
    await rig.run()
    await rig.clock.sleep(120_000)
    const { findings, unclaimed } = await look(rig)

    expect(findings).toMatchObject([
      { take: 'fox', verdict: 'probable', candidates: [{ task: 'lost-1' }, { task: 'lost-2' }] },
      { take: 'owl', verdict: 'probable' },
    ])
    expect(unclaimed).toEqual(['out/unclaimed/lost-1.mp4', 'out/unclaimed/lost-2.mp4'])
    expect(rig.files.text('/project/manifests/out/unclaimed/lost-1.mp4')).toBe('video of lost-1')
    expect(rig.files.text('/project/manifests/out/unclaimed/lost-1.mp4.json')).not.toContain('https')
    expect((await look(rig, { accept: true })).findings).toMatchObject([
      { verdict: 'probable' },
      { verdict: 'probable' },
    ])
  })

  test('are claimed with adopt, one by one', async () => {
    await rig.run()
    await rig.clock.sleep(120_000)
    await look(rig)
    await adoptTask(rig, 'fox', 'lost-2')
    await adoptTask(rig, 'owl', 'lost-1')

    expect(await rig.outcomes()).toMatchObject({
      fox: { kind: 'done', taskId: 'lost-2' },
      owl: { kind: 'done', taskId: 'lost-1' },
    })
    expect(rig.files.text('/project/manifests/out/unclaimed/lost-1.mp4')).toBeUndefined()
    expect(rig.provider.creates).toHaveLength(2)
  })
})

describe('a create that is not found', () => {
  beforeEach(() => {
    rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = () => lost
  })

  test('stays unknown, and may not be bought again while it could still show up', async () => {
    await rig.run()
    expect((await look(rig)).findings).toMatchObject([{ verdict: 'none', tooEarly: true }])
    await expect(look(rig, { resubmit: ['fox'] })).rejects.toMatchObject({ code: 'cannot-resubmit' })
  })

  test('is bought again only when a person names it, ten minutes later', async () => {
    await rig.run()
    await rig.clock.sleep(11 * 60_000)
    await rig.run()
    expect(rig.provider.creates).toHaveLength(1)

    expect((await look(rig, { resubmit: ['fox'] })).findings).toMatchObject([{ verdict: 'released' }])
    rig.provider.onCreate = () => undefined
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' } })
    expect(rig.provider.creates).toHaveLength(2)
  })

  test('is said to be beyond finding where the provider has no LIST', async () => {
    rig.provider.hasList = false
    await rig.run()
    expect(await look(rig)).toMatchObject({ noList: true, findings: [{ verdict: 'none' }] })
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'unknown' } })
    expect(rig.provider.creates).toHaveLength(1)
  })

  test('is no reason to buy when there are candidates', async () => {
    rig = losing(createRig({ fox: { prompt: 'a fox', seed: 7 }, owl: { prompt: 'an owl', seed: 7 } }), 1, 2)
    await rig.run()
    await rig.clock.sleep(11 * 60_000)
    await expect(look(rig, { resubmit: ['fox'] })).rejects.toMatchObject({ code: 'cannot-resubmit' })
  })

  test('cannot be given up when it was never unknown', async () => {
    rig = createRig({ fox: 'a fox' })
    await rig.run()
    await expect(look(rig, { resubmit: ['fox'] })).rejects.toMatchObject({ code: 'cannot-resubmit' })
  })
})

test('a provider that cannot be asked leaves everything as it is, and the run goes on', async () => {
  rig.writeManifest({ fox: 'a fox' })
  await rig.run()
  rig.writeManifest({ fox: 'a fox', owl: 'an owl' })
  rig.provider.onCall = (call) => {
    if (call === 'list') throw new ProviderError('down', { status: 503 })
  }
  expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'unknown' }, owl: { kind: 'done' } })
})

describe('adopting', () => {
  test('takes over a task made elsewhere, says what differs, and the run collects it', async () => {
    rig = createRig({ fox: { prompt: 'a fox', seed: 7, resolution: '480p' } })
    rig.provider.add('console-1', {
      livesMs: 0,
      ends: finished({ id: 'console-1' as Task['id'], seed: 8, resolution: '720p' }),
    })

    const { differences, status } = await adoptTask(rig, 'fox', 'console-1')
    expect(status).toBe('succeeded')
    expect(differences).toHaveLength(2)
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done', taskId: 'console-1', bought: false } })
    expect(rig.provider.creates).toEqual([])
  })

  test('keeps the task that the take had before', async () => {
    rig = createRig({ fox: 'a fox' })
    await rig.run()
    rig.provider.add('console-1', { livesMs: 0, ends: finished({ id: 'console-1' as Task['id'] }) })
    await adoptTask(rig, 'fox', 'console-1')
    expect(rig.locked()).toMatchObject({ fox: { task: 'console-1', previous: ['cgt-1'] } })
  })

  test.each([
    ['a task that does not exist', 'fox', 'nope'],
    ['the task of another take', 'fox', 'cgt-2'],
    ['a take that does not exist', 'wolf', 'cgt-2'],
  ])('refuses %s', async (_, take, task) => {
    rig = createRig({ fox: 'a fox', owl: 'an owl' })
    await rig.run()
    await expect(adoptTask(rig, take, task)).rejects.toMatchObject({
      code: expect.stringMatching(/cannot-adopt|nothing-selected/),
    })
  })
})

const adoptTask = (on: Rig, take: string, task: string) =>
  adopt({ paths: [], cwd: '/project', rehearsal: false, provider: 'ark', take, task }, on.world, {
    signal: new AbortController().signal,
  })

test('status shows what waits for an owner', async () => {
  rig = losing(createRig({ fox: { prompt: 'a fox', seed: 7 }, owl: { prompt: 'an owl', seed: 7 } }), 1, 2)
  await rig.run()
  await rig.clock.sleep(120_000)
  await look(rig)
  const { status } = await import('../../src/commands/status.js')
  const options = { paths: [], cwd: '/project', rehearsal: false, provider: 'ark', selection: {} }
  expect(await status(options, rig.world)).toMatchObject({
    manifests: [{ unclaimed: ['out/unclaimed/lost-1.mp4', 'out/unclaimed/lost-2.mp4'] }],
  })
})
