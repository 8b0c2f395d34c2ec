import { describe, expect, test } from 'vitest'
import { createRig } from '../support/rig.js'

const lockPath = '/project/manifests/ep01.lock.yaml'

describe('a lockfile that has forgotten what was bought', () => {
  test('because it was deleted gets it back, and nothing is bought again', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    await rig.run()
    const before = rig.lockText()
    rig.files.contents.delete(lockPath)

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'kept' }, owl: { kind: 'kept' } })
    expect(rig.provider.creates).toHaveLength(2)
    expect(rig.lockText()).toBe(before)
  })

  test('because it is that of an older commit gets back what was bought since', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    const older = rig.lockText()!
    rig.writeManifest({ fox: 'a red fox', owl: 'an owl' })
    await rig.run()
    const newer = rig.lockText()
    rig.files.write(lockPath, older)

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'kept' }, owl: { kind: 'kept' } })
    expect(rig.lockText()).toBe(newer)
    expect(rig.provider.creates).toHaveLength(3)
  })

  test('gets a live task back too, and waits for it', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run({ wait: false })
    rig.files.contents.delete(lockPath)
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done', taskId: 'cgt-1', bought: false } })
  })

  test('does not get back what failed, or what was bought for another version of the shot', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    rig.provider.script = (_, number) => (number === 1 ? { ends: { status: 'expired' } } : {})
    await rig.run()
    rig.files.contents.delete(lockPath)
    rig.writeManifest({ fox: 'a fox', owl: 'another owl' })

    await rig.run()
    expect(rig.provider.creates).toHaveLength(4)
  })

  test('gets back a create without an answer too, even when the shot has changed since', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    rig.provider.onCreate = () => ({ kind: 'unknown', why: 'reset' })
    rig.provider.hasList = false
    await rig.run()
    rig.files.contents.delete(lockPath)
    rig.writeManifest({ fox: 'a fox', owl: 'another owl' })

    expect(await rig.outcomes({ force: true })).toMatchObject({
      fox: { kind: 'unknown' },
      owl: { kind: 'unknown' },
    })
    expect(rig.provider.creates).toHaveLength(2)
  })

  test('gets back when a create without an answer was sent, by which its task is recognised', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = ({ seed }) => {
      const videoUrl = 'https://files.test/lost.mp4'
      const createdAt = rig.clock.now() / 1000
      rig.provider.add('lost', { ends: { status: 'succeeded', seed, videoUrl, createdAt } })
      return { kind: 'unknown', why: 'reset' }
    }
    await rig.run()
    rig.files.contents.delete(lockPath)
    await rig.run()
    rig.files.contents.delete(lockPath)
    await rig.clock.sleep(60_000)

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done', taskId: 'lost', bought: false } })
    expect(rig.provider.creates).toHaveLength(1)
  })

  test('leaves a create alone whose answer was found on another machine', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = () => ({ kind: 'unknown', why: 'reset' })
    await rig.run()
    const found = rig
      .lockText()!
      .replace('status: unknown', 'status: failed\n    task: "cgt-found"')
      .replace(/(seed: \d+)/, '$1\n    error: "InternalServiceError"')
    rig.files.write(lockPath, found)
    rig.provider.onCreate = () => undefined

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done', bought: true } })
    expect(rig.locked()).toMatchObject({ fox: { previous: ['cgt-found'] } })
  })

  test('is bought from anew when a person forces it', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    await rig.run({ force: true })
    expect(rig.provider.creates).toHaveLength(2)
    expect(rig.locked()).toMatchObject({ fox: { task: 'cgt-2', previous: ['cgt-1'] } })
  })
})

describe('a journal that was deleted after a crash', () => {
  test('takes no bought id with it, and no create that was under way is sent again', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl', hen: 'a hen' })
    rig.provider.script = () => ({ livesMs: Number.POSITIVE_INFINITY })
    rig.provider.onCreate = (_, number) => (number === 3 ? new Promise<never>(() => undefined) : undefined)
    void rig.run()
    while (!rig.lockText()?.includes('unknown') || rig.provider.creates.length < 3)
      await new Promise((resolve) => setImmediate(resolve))
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
    for (const path of rig.files.contents.keys())
      if (path.includes('/.shotlock/')) rig.files.contents.delete(path)

    expect(rig.locked()).toMatchObject({
      fox: { task: 'cgt-1' },
      owl: { task: 'cgt-2' },
      hen: { status: 'unknown' },
    })
    rig.provider.onCreate = () => undefined
    expect(await rig.outcomes({ waitTimeoutMs: 1000 })).toMatchObject({ hen: { kind: 'unknown' } })
    expect(rig.provider.creates).toHaveLength(3)
  })
})

test('half a line in the archive hides nothing that stands after it', async () => {
  const rig = createRig({ fox: 'a fox' })
  const archive = '/project/.shotlock/ledger/manifests/ep01.archive.jsonl'
  rig.files.write(archive, '{"type":"intent","at":"2026')
  await rig.run()
  rig.files.contents.delete(lockPath)

  expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'kept' } })
})

test('an archive that cannot be written leaves the journal where it is, and the next run empties it', async () => {
  const rig = createRig({ fox: 'a fox' })
  rig.files.fault = (action, path) => {
    if (action === 'open' && path.endsWith('archive.jsonl')) throw new Error('ENOSPC')
  }
  await rig.run()
  expect(rig.journal()).toContain('"accepted"')
  rig.files.fault = () => undefined

  expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'kept' } })
  expect(rig.journal()).toBeUndefined()
})

test('a crash between lockfile and archive changes nothing when it is replayed', async () => {
  const rig = createRig({ fox: 'a fox', owl: 'an owl' })
  rig.files.fault = (action, path) => {
    if (action === 'open' && path.endsWith('archive.jsonl')) throw new Error('the process ends here')
  }
  await rig.run()
  const lock = rig.lockText()
  rig.files.fault = () => undefined

  await rig.run()
  expect(rig.lockText()).toBe(lock)
})

test('the journal keeps when an unknown create was sent, and nothing else', async () => {
  const rig = createRig({ fox: 'a fox', owl: 'an owl' })
  rig.provider.onCreate = (_, number) => (number === 2 ? { kind: 'unknown', why: 'reset' } : undefined)
  await rig.run()

  const lines = rig.journal()!.trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    {
      type: 'doubt',
      take: 'owl',
      seed: rig.provider.creates[1]!.request.seed,
      at: expect.stringMatching(/^2026-01-08T03:/),
    },
  ])
  const files = new Map(rig.files.contents)
  await rig.run()
  expect(rig.files.contents).toEqual(files)
})
