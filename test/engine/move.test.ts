import { describe, expect, test } from 'vitest'
import { type MoveOptions, type MoveReport, move } from '../../src/commands/move.js'
import { plan } from '../../src/commands/plan.js'
import type { CreateAnswer } from '../../src/core/create-answer.js'
import { createRig, type Rig } from '../support/rig.js'

const out = (name: string) => `/project/manifests/out/ep01/${name}`
const unknown: CreateAnswer = { kind: 'unknown', why: 'the connection was reset' }

async function rename(
  rig: Rig,
  from: string,
  to: string,
  options: Partial<MoveOptions> = {},
): Promise<MoveReport> {
  const usual = { paths: [], cwd: '/project', rehearsal: false }
  return await move({ ...usual, ...options, from, to }, rig.world)
}

/** What a run would do, as `kind reason` by take. */
async function planned(rig: Rig): Promise<Record<string, string>> {
  const options = { paths: [], cwd: '/project', rehearsal: false, provider: 'ark', selection: {} }
  const { plans } = await plan(options, rig.world)
  return Object.fromEntries(
    plans.flatMap(({ steps }) =>
      steps.map(({ take, step, reason }) => [take, reason ? `${step} ${reason}` : step]),
    ),
  )
}

/** A shot with two takes, bought as `fox` and called `wolf` in the manifest since. */
async function renamed(): Promise<Rig> {
  const rig = createRig({ fox: { prompt: 'a fox', takes: 2 } })
  await rig.run()
  rig.writeManifest({ wolf: { prompt: 'a fox', takes: 2 } })
  return rig
}

describe('a rename', () => {
  test('takes along every take with its task, hash and file, and nothing is bought again', async () => {
    const rig = await renamed()
    const before = rig.locked()

    expect(await rename(rig, 'fox', 'wolf')).toEqual({
      manifest: 'ep01',
      file: 'manifests/ep01.yaml',
      moved: [
        {
          from: 'fox',
          to: 'wolf',
          status: 'succeeded',
          task: 'cgt-1',
          video: 'out/ep01/wolf.mp4',
          here: true,
        },
        {
          from: 'fox@2',
          to: 'wolf@2',
          status: 'succeeded',
          task: 'cgt-2',
          video: 'out/ep01/wolf@2.mp4',
          here: true,
        },
      ],
      followers: [],
    })
    expect(rig.locked()).toEqual({
      wolf: { ...before.fox, video: 'out/ep01/wolf.mp4' },
      'wolf@2': { ...before['fox@2'], video: 'out/ep01/wolf@2.mp4' },
    })
    expect(rig.files.text(out('wolf@2.mp4'))).toBe('video of cgt-2')
    expect(rig.files.contents.has(out('fox.mp4'))).toBe(false)
    expect(await rig.outcomes()).toMatchObject({ wolf: { kind: 'kept' }, 'wolf@2': { kind: 'kept' } })
    expect(rig.provider.creates).toHaveLength(2)
  })

  test('works on a live take: the next run waits for it and collects it under the new name', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run({ wait: false })
    rig.writeManifest({ wolf: 'a fox' })
    await rename(rig, 'fox', 'wolf')

    expect(await rig.outcomes()).toMatchObject({ wolf: { kind: 'done', taskId: 'cgt-1' } })
    expect(rig.files.text(out('wolf.mp4'))).toBe('video of cgt-1')
    expect(rig.provider.creates).toHaveLength(1)
  })

  test('keeps a lost answer unknown under the new name', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = () => unknown
    await rig.run()
    const { fox } = rig.locked()
    rig.writeManifest({ wolf: 'a fox' })
    await rename(rig, 'fox', 'wolf')

    expect(rig.locked()).toEqual({ wolf: fox })
    expect(await planned(rig)).toEqual({ wolf: 'reconcile' })
  })

  test('keeps superseded tasks on record', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    await rig.run({ force: true })
    rig.writeManifest({ wolf: 'a fox' })
    await rename(rig, 'fox', 'wolf')
    expect(rig.locked().wolf).toMatchObject({ task: 'cgt-2', previous: ['cgt-1'] })
  })

  /** Bought as `fox`, bought anew, and called `wolf` since. */
  const retaken = async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    await rig.run({ force: true })
    rig.writeManifest({ wolf: 'a fox' })
    return rig
  }
  const keptBy = (rig: Rig) => rig.locked().wolf!.spent!['cgt-1' as never]!.video

  test('takes along the videos of superseded tasks, and what those came to', async () => {
    const rig = await retaken()
    const before = rig.locked().fox!.spent!['cgt-1' as never]!
    const kept = 'out/ep01/previous/wolf.cgt-1.mp4'
    expect((await rename(rig, 'fox', 'wolf')).moved).toMatchObject([{ kept: [kept] }])
    expect(rig.locked().wolf!.spent).toEqual({ 'cgt-1': { ...before, video: kept } })
    expect(rig.files.text(out('previous/wolf.cgt-1.mp4'))).toBe('video of cgt-1')
    expect(rig.files.contents.has(out('previous/fox.cgt-1.mp4'))).toBe(false)
  })

  test('leaves the video of a superseded task where it is when another file has its place', async () => {
    const rig = await retaken()
    rig.files.write(out('previous/wolf.cgt-1.mp4'), 'of somebody')
    await rename(rig, 'fox', 'wolf')
    expect(keptBy(rig)).toBe('out/ep01/previous/fox.cgt-1.mp4')
    expect(rig.files.text(out('previous/fox.cgt-1.mp4'))).toBe('video of cgt-1')
  })

  test('leaves the name of the video of a superseded task that is on another machine', async () => {
    const rig = await retaken()
    await rig.files.remove(out('previous/fox.cgt-1.mp4'))
    await rename(rig, 'fox', 'wolf')
    expect(keptBy(rig)).toBe('out/ep01/previous/fox.cgt-1.mp4')
  })

  test('takes the last video out of the way of a new shot of the old name, also when the new task failed', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    rig.provider.script = (_, number) => (number === 2 ? { ends: { status: 'expired' } } : {})
    await rig.run({ force: true })
    rig.writeManifest({ wolf: 'a fox' })
    await rename(rig, 'fox', 'wolf')
    rig.writeManifest({ wolf: { prompt: 'a fox', skip: true }, fox: 'another fox' })
    await rig.run()
    expect(rig.files.text(out('fox.mp4'))).toBe('video of cgt-3')
    expect(rig.files.text(`/project/manifests/${keptBy(rig)}`)).toBe('video of cgt-1')
  })

  test('moves an entry whose file is on another machine', async () => {
    const rig = await renamed()
    await rig.files.remove(out('fox.mp4'))
    expect((await rename(rig, 'fox', 'wolf')).moved[0]).toMatchObject({
      video: 'out/ep01/wolf.mp4',
      here: false,
    })
  })

  test('replaces a create that was refused under the new name', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    rig.writeManifest({ wolf: 'a fox' })
    const refusal = { code: 'ServerBusy', message: 'no', status: 400 }
    rig.provider.onCreate = () => ({ kind: 'refused', refusal })
    await rig.run()
    expect(rig.locked().wolf).toMatchObject({ status: 'failed' })

    await rename(rig, 'fox', 'wolf')
    expect(rig.locked()).toMatchObject({ wolf: { status: 'succeeded', task: 'cgt-1' } })
  })

  test('says when the shot has changed as well', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    rig.writeManifest({ wolf: 'a wolf' })
    expect((await rename(rig, 'fox', 'wolf')).moved).toMatchObject([{ changed: ['prompt'] }])
  })
})

describe('is refused, with nothing changed,', () => {
  const refusedWith = async (
    rig: Rig,
    code: string,
    from = 'fox',
    to = 'wolf',
    options: Partial<MoveOptions> = {},
  ) => {
    const before = new Map(rig.files.contents)
    await expect(rename(rig, from, to, options)).rejects.toMatchObject({ code })
    rig.files.contents.delete('/project/.shotlock/.gitignore')
    before.delete('/project/.shotlock/.gitignore')
    expect(rig.files.contents).toEqual(before)
  }

  test('when the new name has a task of its own', async () => {
    const rig = createRig({ fox: 'a fox', wolf: 'a wolf' })
    await rig.run()
    rig.writeManifest({ wolf: 'a wolf' })
    await refusedWith(rig, 'name-taken')
  })

  test('when a later take of the new name has one, also for the takes before it', async () => {
    const rig = createRig({ fox: { prompt: 'a fox', takes: 2 } })
    await rig.run()
    rig.writeManifest({ wolf: { prompt: 'a wolf', takes: 2 } })
    await rig.run({ selection: { shots: ['wolf@2'] } })
    await refusedWith(rig, 'name-taken')
  })

  test('when a create under the new name may have been bought', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    rig.writeManifest({ wolf: 'a wolf' })
    rig.provider.onCreate = () => unknown
    await rig.run()
    await refusedWith(rig, 'name-taken')
  })

  test('when another file stands where the result would go', async () => {
    const rig = await renamed()
    rig.files.write(out('wolf@2.mp4'), 'something else')
    await refusedWith(rig, 'name-taken')
    expect(rig.files.text(out('wolf@2.mp4'))).toBe('something else')
  })

  test('when the manifest does not have the new name', async () => {
    await refusedWith(await renamed(), 'usage', 'fox', 'wolv')
  })

  test('when the manifest still has the old one', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    rig.writeManifest({ fox: 'a fox', wolf: 'a fox' })
    await refusedWith(rig, 'usage')
  })

  test('when the lockfile does not have the old name', async () => {
    await refusedWith(await renamed(), 'nothing-selected', 'fix')
  })

  test('when it is not said which of several manifests is meant', async () => {
    const rig = await renamed()
    rig.writeManifest({ wolf: 'a wolf' }, 'ep02')
    await refusedWith(rig, 'usage')
    expect(await rename(rig, 'fox', 'wolf', { paths: ['manifests/ep01.yaml'] })).toMatchObject({
      manifest: 'ep01',
    })
  })
})

describe('a crash in the middle', () => {
  /** From the n-th record on nothing reaches the disk any more, as if the process had ended there. */
  const failAt = (rig: Rig, number: number) => {
    let appends = 0
    rig.files.fault = (action) => {
      if (action === 'append') appends++
      if (appends >= number) throw new Error('ENOSPC')
    }
  }

  test.each([1, 2, 3, 4])('at record %i loses no id, and the same move again finishes', async (number) => {
    const rig = await renamed()
    failAt(rig, number)
    await expect(rename(rig, 'fox', 'wolf')).rejects.toMatchObject({ code: 'state-unwritable' })
    rig.files.fault = () => undefined
    const tasks = new Set(Object.values(rig.locked()).map(({ task }) => task))
    expect(tasks).toEqual(new Set(['cgt-1', 'cgt-2']))

    await rename(rig, 'fox', 'wolf')
    expect(rig.locked()).toMatchObject({
      wolf: { task: 'cgt-1', video: 'out/ep01/wolf.mp4' },
      'wolf@2': { task: 'cgt-2', video: 'out/ep01/wolf@2.mp4' },
    })
    expect(Object.keys(rig.locked())).toHaveLength(2)
    expect(rig.files.text(out('wolf.mp4'))).toBe('video of cgt-1')
    expect(rig.files.text(out('wolf@2.mp4'))).toBe('video of cgt-2')
    expect(rig.files.contents.has(out('fox.mp4'))).toBe(false)
  })

  test.each([1, 2])(
    'at record %i keeps the video of a superseded task, and the same move finishes',
    async (number) => {
      const rig = createRig({ fox: 'a fox' })
      await rig.run()
      await rig.run({ force: true })
      rig.writeManifest({ wolf: 'a fox' })
      failAt(rig, number)
      await expect(rename(rig, 'fox', 'wolf')).rejects.toMatchObject({ code: 'state-unwritable' })
      rig.files.fault = () => undefined
      const isThere = (name: string) => rig.files.text(out(`previous/${name}.cgt-1.mp4`)) === 'video of cgt-1'
      expect([isThere('fox'), isThere('wolf')]).toContain(true)

      await rename(rig, 'fox', 'wolf')
      expect([isThere('fox'), isThere('wolf')]).toEqual([false, true])
      expect(rig.locked()).toMatchObject({
        wolf: { task: 'cgt-2', spent: { 'cgt-1': { video: 'out/ep01/previous/wolf.cgt-1.mp4' } } },
      })
    },
  )

  test('before the file is renamed leaves both names with the id', async () => {
    const rig = await renamed()
    rig.files.fault = (action) => {
      if (action === 'move') throw Object.assign(new Error('EPERM: not permitted'), { code: 'EPERM' })
    }
    await expect(rename(rig, 'fox', 'wolf')).rejects.toMatchObject({ code: 'state-unwritable' })
    expect(rig.locked()).toMatchObject({ fox: { task: 'cgt-1' }, wolf: { task: 'cgt-1' } })
    expect(rig.files.text(out('fox.mp4'))).toBe('video of cgt-1')
  })

  test('and a run in between: what it found out under the new name is kept', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run({ wait: false })
    rig.writeManifest({ wolf: 'a fox' })
    failAt(rig, 2)
    await expect(rename(rig, 'fox', 'wolf')).rejects.toMatchObject({ code: 'state-unwritable' })
    rig.files.fault = () => undefined
    await rig.run({ selection: { shots: ['wolf'] } })

    await rename(rig, 'fox', 'wolf')
    expect(rig.locked()).toMatchObject({
      wolf: { status: 'succeeded', task: 'cgt-1', video: 'out/ep01/wolf.mp4' },
    })
    expect(rig.provider.creates).toHaveLength(1)
  })
})

describe('a plan', () => {
  const offers = async (rig: Rig) => {
    const options = { paths: [], cwd: '/project', rehearsal: false, provider: 'ark', selection: {} }
    const { plans } = await plan(options, rig.world)
    return Object.fromEntries(plans[0]!.steps.map(({ take, movedFrom }) => [take, movedFrom]))
  }

  test('offers a move for what would be bought anew under a new name', async () => {
    expect(await offers(await renamed())).toEqual({ wolf: 'fox', 'wolf@2': 'fox@2' })
  })

  test('offers none for a shot that is not the same', async () => {
    const rig = await renamed()
    rig.writeManifest({ wolf: 'a wolf' })
    expect(await offers(rig)).toEqual({ wolf: undefined })
  })

  test('offers none while the old name is in the manifest', async () => {
    const rig = await renamed()
    rig.writeManifest({ fox: { prompt: 'a fox', takes: 2 }, wolf: 'a fox' })
    expect(await offers(rig)).toMatchObject({ wolf: undefined })
  })

  test('offers each old take to one new take only', async () => {
    const rig = await renamed()
    rig.writeManifest({ wolf: 'a fox', dog: 'a fox' })
    expect(await offers(rig)).toEqual({ wolf: 'fox', dog: undefined })
  })

  test('offers none from a take that failed: there is nothing to keep', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.script = () => ({ ends: { status: 'expired' } })
    await rig.run()
    rig.writeManifest({ wolf: 'a fox' })
    expect(await offers(rig)).toEqual({ wolf: undefined })
  })

  test('offers a live and an unknown take as well: both may be paid for', async () => {
    const rig = createRig({ fox: 'a fox', hen: 'a hen' })
    rig.provider.onCreate = (_, number) => (number === 1 ? unknown : undefined)
    await rig.run({ wait: false })
    rig.writeManifest({ wolf: 'a fox', cock: 'a hen' })
    expect(await offers(rig)).toMatchObject({ wolf: 'fox', cock: 'hen' })
  })
})
