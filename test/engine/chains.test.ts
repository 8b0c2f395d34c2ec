import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { move } from '../../src/commands/move.js'
import { pick } from '../../src/commands/pick.js'
import { plan } from '../../src/commands/plan.js'
import { promote } from '../../src/commands/promote.js'
import { type VerifyReport, verify } from '../../src/commands/verify.js'
import { ProviderError } from '../../src/core/errors.js'
import type { VideoRequest } from '../../src/core/request.js'
import type { TaskScript } from '../support/fake-provider.js'
import { createRig, type Rig } from '../support/rig.js'

const options = { paths: [], cwd: '/project', rehearsal: false }
const minute = 60_000
const hour = 60 * minute
const out = (name: string, manifest = 'ep01') => `/project/manifests/out/${manifest}/${name}`
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** A shot whose prompt is its name, which the provider is scripted by. */
const opening = (name: string, fields = {}) => ({ [name]: { prompt: name, ...fields } })
/** A shot that goes on from another. */
const goingOn = (name: string, upstream: string, fields = {}) =>
  opening(name, { first_frame: { last_frame_of: upstream }, ...fields })
/** `b` goes on from `a`, and `c` from `b`. */
const chain = { ...opening('a'), ...goingOn('b', 'a'), ...goingOn('c', 'b') }
const pair = { ...opening('a'), ...goingOn('b', 'a') }

const promptOf = ({ content }: VideoRequest) =>
  content.flatMap((one) => (one.type === 'text' ? [one.text] : []))[0]!
const firstFrameOf = ({ content }: VideoRequest) =>
  content.flatMap((one) => ('role' in one && one.role === 'first_frame' ? [one] : []))[0]
const createdAt = (rig: Rig, prompt: string) =>
  rig.provider.creates.find(({ request }) => promptOf(request) === prompt)?.at
const created = (rig: Rig) => rig.provider.creates.map(({ request }) => promptOf(request))

/** The request of a take that begins with the last frame of a task. */
function expectToBeginWith(rig: Rig, number: number, task: string): void {
  const bytes = Buffer.from(rig.provider.lastFrameOf(task)!)
  expect(firstFrameOf(rig.provider.creates[number - 1]!.request)).toEqual({
    type: 'image_url',
    image_url: { url: `data:image/png;base64,${bytes.toString('base64')}` },
    role: 'first_frame',
  })
}

/** Has tasks go as their prompts say. */
function scriptBy(rig: Rig, scripts: Record<string, TaskScript>): void {
  rig.provider.script = (request) => scripts[promptOf(request)] ?? {}
}

/** Gives tasks the ids that Ark makes, which tell when they were created. */
function stampTasks(rig: Rig): void {
  rig.provider.onCreate = (request, number) => {
    const stamp = new Date(rig.clock.now() + 8 * hour).toISOString().replace(/\D/g, '').slice(0, 14)
    const id = `cgt-${stamp}-${number}`
    return { kind: 'accepted', taskId: rig.provider.add(id, rig.provider.script(request, number), request) }
  }
}

async function kinds(rig: Rig, run = {}): Promise<Record<string, string>> {
  const outcomes = Object.entries(await rig.outcomes(run))
  return Object.fromEntries(outcomes.map(([take, { kind }]) => [take, kind]))
}

async function staleIn(rig: Rig): Promise<string[]> {
  const { plans } = await plan({ ...options, selection: {}, provider: 'ark' }, rig.world)
  return plans.flatMap(({ steps }) => steps.flatMap(({ take, stale }) => (stale ? [take] : [])))
}

/** A rig whose shots are bought and collected. */
async function bought(shots: Record<string, unknown> = chain): Promise<Rig> {
  const rig = createRig(shots)
  await rig.run()
  return rig
}

const fails: TaskScript = {
  ends: { status: 'failed', error: { code: 'InternalServiceError', message: 'try again' } },
}
const heldFor = (upstream: string) => ({ kind: 'held', reason: 'upstream', upstream })
const withoutFrame = (upstream: string) => ({ kind: 'held', reason: 'no-last-frame', upstream })

describe('a shot that another goes on from', () => {
  test('is asked for its last frame, and no other shot is', async () => {
    const rig = await bought()
    const asked = rig.provider.creates.map(({ request }) => [promptOf(request), request.return_last_frame])
    expect(asked).toEqual([
      ['a', true],
      ['b', true],
      ['c', undefined],
    ])
  })

  test('has its last frame beside its video, with the hash in the lockfile', async () => {
    const rig = await bought()
    const frame = rig.provider.lastFrameOf('cgt-1')!
    expect(rig.locked().a).toMatchObject({ frame: 'out/ep01/a.last.png', frameSha256: sha256(frame) })
    expect(Buffer.from(rig.files.contents.get(out('a.last.png'))!)).toEqual(Buffer.from(frame))
    expect(rig.locked().c).not.toHaveProperty('frame')
  })

  test('has a last frame that is named by what it is', async () => {
    const rig = createRig(pair)
    scriptBy(rig, { a: { lastFrame: jpeg } })
    await rig.run()
    expect(rig.locked().a).toMatchObject({ frame: 'out/ep01/a.last.jpg', frameSha256: sha256(jpeg) })
    expect(firstFrameOf(rig.provider.creates[1]!.request)).toMatchObject({
      image_url: { url: `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}` },
    })
  })

  test('is collected although its last frame is not to be had, which holds what goes on from it', async () => {
    const rig = createRig(chain)
    scriptBy(rig, { a: { lastFrame: undefined } })
    expect(await rig.outcomes()).toMatchObject({
      a: { kind: 'done', video: 'out/ep01/a.mp4' },
      b: withoutFrame('a'),
      c: heldFor('b'),
    })
    expect(created(rig)).toEqual(['a'])
  })

  test('is collected although what came for its last frame is no picture', async () => {
    const rig = createRig(pair)
    scriptBy(rig, { a: { lastFrame: new TextEncoder().encode('<html>') } })
    expect(await rig.outcomes()).toMatchObject({ a: { kind: 'done' }, b: withoutFrame('a') })
    expect([...rig.files.contents.keys()].filter((path) => path.includes('a.last'))).toEqual([])
  })
})

test('a shot that states return_last_frame has its last frame kept as well, though none goes on from it', async () => {
  const rig = await bought({ ...opening('a', { return_last_frame: true }), ...opening('x') })
  expect(rig.locked().a).toMatchObject({ frame: 'out/ep01/a.last.png' })
  expect(rig.files.contents.has(out('a.last.png'))).toBe(true)
  expect(rig.locked().x).not.toHaveProperty('frame')
  expect(rig.events.filter(({ type }) => type === 'trouble')).toEqual([])
})

describe('a shot that goes on from another', () => {
  test('is sent with the other’s last frame as its first', async () => {
    const rig = await bought()
    expect(created(rig)).toEqual(['a', 'b', 'c'])
    expect(firstFrameOf(rig.provider.creates[0]!.request)).toBeUndefined()
    expectToBeginWith(rig, 2, 'cgt-1')
    expectToBeginWith(rig, 3, 'cgt-2')
  })

  test('has the task on record that it goes on from', async () => {
    const { a, b, c } = (await bought()).locked()
    expect([a!.follows, b!.follows, c!.follows]).toEqual([undefined, 'cgt-1', 'cgt-2'])
  })

  test('is up to date in the next run, which leaves the lockfile as it is', async () => {
    const rig = await bought()
    const before = rig.lockText()
    expect(await kinds(rig)).toEqual({ a: 'kept', b: 'kept', c: 'kept' })
    expect(rig.lockText()).toBe(before)
  })

  test('is bought as soon as the other is collected, and nobody else is waited for', async () => {
    const rig = createRig({ ...chain, ...opening('x'), ...opening('y') })
    scriptBy(rig, { x: { livesMs: 10 * minute }, y: { livesMs: 10 * minute } })
    const collected: string[][] = []
    rig.provider.onCreate = () => {
      collected.push(['a', 'b'].filter((name) => rig.files.contents.has(out(`${name}.mp4`))))
      return undefined
    }
    const start = rig.clock.now()
    await rig.run()
    expect(created(rig)).toEqual(['a', 'x', 'y', 'b', 'c'])
    expect(collected).toEqual([[], [], [], ['a'], ['a', 'b']])
    expect(createdAt(rig, 'c')! - start).toBeLessThan(10 * minute)
  })

  test('waits for its turn like all others, and a chain ends with one task live at a time', async () => {
    const others = Object.assign({}, ...['v', 'w', 'x', 'y', 'z'].map((name) => opening(name)))
    const rig = createRig({ ...chain, ...others })
    const outcomes = await kinds(rig, { concurrency: 1 })
    expect(new Set(Object.values(outcomes))).toEqual(new Set(['done']))
    expect(created(rig).toSorted()).toEqual(['a', 'b', 'c', 'v', 'w', 'x', 'y', 'z'])
    expect(rig.provider.mostLive).toBe(1)
  })

  test('may be in another tier than the other', async () => {
    const flex = { service_tier: 'flex' }
    const rig = createRig({
      ...opening('a', flex),
      ...goingOn('b', 'a'),
      ...goingOn('c', 'b', flex),
      ...goingOn('d', 'c', flex),
    })
    expect(await kinds(rig, { concurrency: 1 })).toEqual({ a: 'done', b: 'done', c: 'done', d: 'done' })
    expectToBeginWith(rig, 4, 'cgt-3')
  })

  test('goes on from the shot of its own manifest where two have one of that name', async () => {
    const rig = createRig(pair)
    rig.writeManifest(pair, 'ep02')
    scriptBy(rig, {})
    await rig.run()
    for (const name of ['ep01', 'ep02']) {
      const { a, b } = rig.locked(name)
      expect(b!.follows).toBe(a!.task)
      const number = Number(b!.task!.slice('cgt-'.length))
      expectToBeginWith(rig, number, a!.task!)
    }
  })

  test('is not bought because of a shot of that name in another manifest', async () => {
    const rig = createRig(pair)
    rig.writeManifest(pair, 'ep02')
    rig.provider.script = (_, number) => (number === 1 ? fails : {})
    const { outcomes } = await rig.run()
    expect(outcomes.map(({ manifest, take, kind }) => `${manifest} ${take} ${kind}`).toSorted()).toEqual([
      'ep01 a failed',
      'ep01 b held',
      'ep02 a done',
      'ep02 b done',
    ])
  })

  test('is sent the same frame again when it failed and is tried again', async () => {
    const rig = createRig(pair)
    rig.provider.script = (_, number) => (number === 2 ? fails : {})
    expect(await kinds(rig, { retries: 1 })).toEqual({ a: 'done', b: 'done' })
    expect(created(rig)).toEqual(['a', 'b', 'b'])
    for (const number of [2, 3]) expectToBeginWith(rig, number, 'cgt-1')
    expect(rig.locked().b).toMatchObject({ task: 'cgt-3', follows: 'cgt-1' })
  })

  test('goes on from the try that succeeded', async () => {
    const rig = createRig(pair)
    rig.provider.script = (_, number) => (number === 1 ? fails : {})
    expect(await kinds(rig, { retries: 1 })).toEqual({ a: 'done', b: 'done' })
    expectToBeginWith(rig, 3, 'cgt-2')
    expect(rig.locked().b!.follows).toBe('cgt-2')
  })
})

describe('a chain', () => {
  const outdated = { ...chain, ...opening('a', { prompt: 'anew' }) }

  test('does not go on from a live shot that the next run buys anew', async () => {
    const rig = createRig(chain)
    await rig.run({ wait: false })
    rig.writeManifest(outdated)
    expect(await rig.outcomes()).toMatchObject({ a: { kind: 'done' }, b: heldFor('a'), c: heldFor('b') })
    expect(created(rig)).toEqual(['a'])
    expect(await kinds(rig)).toEqual({ a: 'done', b: 'done', c: 'done' })
    expect(created(rig)).toEqual(['a', 'anew', 'b', 'c'])
    expect(await staleIn(rig)).toEqual([])
  })

  test('does not go on from a result that is still to be fetched and that the next run buys anew', async () => {
    const rig = createRig(chain)
    rig.provider.onCall = (call) => {
      if (call === 'download') throw new ProviderError('bad gateway', { status: 502 })
    }
    expect(await rig.outcomes()).toMatchObject({ a: { kind: 'failed' }, b: heldFor('a') })
    rig.provider.onCall = () => undefined
    rig.writeManifest(outdated)
    expect(await rig.outcomes()).toMatchObject({ a: { kind: 'done' }, b: heldFor('a'), c: heldFor('b') })
    expect(created(rig)).toEqual(['a'])
  })

  test('is held from the shot that failed on, and goes on in the run that makes it', async () => {
    const rig = createRig(chain)
    scriptBy(rig, { a: fails })
    expect(await rig.outcomes()).toMatchObject({ a: { kind: 'failed' }, b: heldFor('a'), c: heldFor('b') })
    expect(created(rig)).toEqual(['a'])
    expect(Object.keys(rig.locked())).toEqual(['a'])

    scriptBy(rig, {})
    expect(await kinds(rig)).toEqual({ a: 'done', b: 'done', c: 'done' })
    expect(created(rig)).toEqual(['a', 'a', 'b', 'c'])
  })

  test('is bought one shot a run where nobody waits for results', async () => {
    const rig = createRig(chain)
    expect(await rig.outcomes({ wait: false })).toMatchObject({
      a: { kind: 'live' },
      b: heldFor('a'),
      c: heldFor('b'),
    })
    await rig.clock.sleep(2 * minute)
    expect(await kinds(rig)).toEqual({ a: 'done', b: 'done', c: 'done' })
    expect(created(rig)).toEqual(['a', 'b', 'c'])
  })

  test('waits for a create whose answer was never seen', async () => {
    const rig = createRig(chain)
    rig.provider.onCreate = () => ({ kind: 'unknown', why: 'the connection was reset' })
    expect(await rig.outcomes()).toMatchObject({ a: { kind: 'unknown' }, b: heldFor('a'), c: heldFor('b') })
  })

  test.each([
    ['the first shot', 1, ['a']],
    ['the second shot', 2, ['a', 'b']],
  ])(
    'that is interrupted while %s is live buys nothing more, and goes on in the next run',
    async (_, number, before) => {
      const rig = createRig(chain)
      rig.provider.onCreate = (_, at) => {
        if (at === number) rig.interrupt()
        return undefined
      }
      const first = await kinds(rig)
      expect(created(rig)).toEqual(before)
      expect(Object.values(first).toSorted()).not.toContain('unknown')
      expect(first[before.at(-1)!]).toBe('live')

      expect(Object.values(await kinds(rig)).toSorted()).toEqual(
        ['a', 'b', 'c'].map((name) => (name === 'a' && number === 2 ? 'kept' : 'done')).toSorted(),
      )
      expect(created(rig)).toEqual(['a', 'b', 'c'])
      expectToBeginWith(rig, 3, 'cgt-2')
    },
  )

  test('that does not fit into what a run may spend ends where the money does', async () => {
    const rig = createRig({
      ...opening('a', priced),
      ...goingOn('b', 'a', priced),
      ...goingOn('c', 'b', priced),
    })
    rig.provider.script = (_, number) => ({
      ends: { status: 'succeeded', ...urlsOf(`cgt-${number}`), completionTokens: 40_594 },
    })
    const maxCost = { currency: 'CNY', micros: 2 * mostMicros }
    expect(await rig.outcomes({ maxCost })).toMatchObject({
      a: { kind: 'done' },
      b: { kind: 'done' },
      c: { kind: 'cancelled', why: 'budget' },
    })
    expect(created(rig)).toEqual(['a', 'b'])
  })

  test('is not bought beyond a shot that did not fit into what the run may spend', async () => {
    const rig = createRig({
      ...opening('a', priced),
      ...goingOn('b', 'a', priced),
      ...goingOn('c', 'b', priced),
    })
    const maxCost = { currency: 'CNY', micros: mostMicros - 1 }
    const outcomes = await rig.outcomes({ maxCost })
    expect(created(rig)).toEqual([])
    expect(Object.values(outcomes).map(({ kind }) => kind)).not.toContain('done')
  })

  test('ends where a person edits a shot that waits, and what goes on from it is not bought', async () => {
    const rig = createRig(chain)
    scriptBy(rig, {})
    rig.provider.onCreate = (_, number) => {
      if (number === 1) rig.writeManifest({ ...chain, ...goingOn('b', 'a', { seed: 7 }) })
      return undefined
    }
    expect(await rig.outcomes()).toMatchObject({
      a: { kind: 'done' },
      b: { kind: 'cancelled', why: 'edited' },
      c: { kind: 'cancelled', why: 'edited' },
    })
    expect(created(rig)).toEqual(['a'])
  })
})

describe('what was made from a frame that is no longer the one', () => {
  test('is stale once another take is picked, and bought from the new frame when that is asked for', async () => {
    const rig = await bought({ ...opening('a', { takes: 2 }), ...goingOn('b', 'a') })
    expect(rig.locked().b!.follows).toBe('cgt-1')
    await pick({ ...options, shots: ['a@2'] }, rig.world)
    expect(await staleIn(rig)).toEqual(['b'])
    expect(await kinds(rig)).toMatchObject({ b: 'kept' })
    const { b: before } = rig.locked()

    expect(await kinds(rig, { stale: true })).toMatchObject({ a: 'kept', 'a@2': 'kept', b: 'done' })
    const { 'a@2': picked, b } = rig.locked()
    expectToBeginWith(rig, 4, picked!.task!)
    expect(b).toMatchObject({ follows: picked!.task, previous: [before!.task] })
    expect(await staleIn(rig)).toEqual([])
  })

  test('is kept when the shot before is bought anew, and is not bought again by itself', async () => {
    const rig = await bought()
    rig.writeManifest({ ...chain, ...opening('a', { prompt: 'anew' }) })
    expect(await kinds(rig)).toEqual({ a: 'done', b: 'kept', c: 'kept' })
    expect(await kinds(rig)).toEqual({ a: 'kept', b: 'kept', c: 'kept' })
    expect(created(rig)).toEqual(['a', 'b', 'c', 'anew'])
    expect(await staleIn(rig)).toEqual(['b', 'c'])
    expect(rig.locked().a).toMatchObject({ frameSha256: sha256(rig.provider.lastFrameOf('cgt-4')!) })
  })

  test('is bought again down the whole chain when that is asked for, each from the one before', async () => {
    const rig = await bought()
    rig.writeManifest({ ...chain, ...opening('a', { prompt: 'anew' }) })
    expect(await kinds(rig, { stale: true })).toEqual({ a: 'done', b: 'done', c: 'done' })
    expectToBeginWith(rig, 5, 'cgt-4')
    expectToBeginWith(rig, 6, 'cgt-5')
    expect(await staleIn(rig)).toEqual([])
  })

  test('is bought again in a later run, too', async () => {
    const rig = await bought(pair)
    rig.writeManifest({ ...pair, ...opening('a', { prompt: 'anew' }) })
    await rig.run()
    expect(await kinds(rig, { stale: true })).toEqual({ a: 'kept', b: 'done' })
    expectToBeginWith(rig, 4, 'cgt-3')
  })
})

describe('a last frame that', () => {
  const edited = { ...pair, ...goingOn('b', 'a', { seed: 7 }) }

  test('is missing is fetched again while the provider has it, and recorded as it came', async () => {
    const rig = createRig(pair)
    stampTasks(rig)
    await rig.run()
    rig.files.contents.delete(out('a.last.png'))
    await rig.clock.sleep(22 * hour)
    rig.writeManifest(edited)
    expect(await kinds(rig)).toEqual({ a: 'kept', b: 'done' })

    const { a } = rig.locked()
    const frame = rig.provider.lastFrameOf(a!.task!)!
    expect(sha256(rig.files.contents.get(out('a.last.png'))!)).toBe(sha256(frame))
    expect(a!.frameSha256).toBe(sha256(frame))
    expectToBeginWith(rig, 3, a!.task!)
  })

  test('never was, since nobody asked for it, holds a shot that would go on from it later', async () => {
    const rig = await bought(opening('a', { return_last_frame: false }))
    expect(rig.locked().a).not.toHaveProperty('frame')
    rig.writeManifest(pair)
    expect(await rig.outcomes()).toMatchObject({ a: { kind: 'kept' }, b: withoutFrame('a') })
    expect(created(rig)).toEqual(['a'])
  })

  test('is missing holds what goes on from it once the provider has it no more', async () => {
    const rig = createRig(pair)
    stampTasks(rig)
    await rig.run()
    rig.files.contents.delete(out('a.last.png'))
    await rig.clock.sleep(25 * hour)
    rig.writeManifest(edited)
    const downloads = rig.provider.calls.download.length
    expect(await rig.outcomes()).toMatchObject({ a: { kind: 'kept' }, b: withoutFrame('a') })
    expect(rig.provider.creates).toHaveLength(2)
    expect(rig.provider.calls.download).toHaveLength(downloads)
  })

  test.each([
    ['another picture', () => jpeg],
    ['no picture at all', () => new TextEncoder().encode('mine')],
  ])('somebody has made into %s is neither used nor written over', async (_, content) => {
    const rig = await bought(pair)
    rig.files.write(out('a.last.png'), content())
    rig.writeManifest(edited)
    expect(await rig.outcomes()).toMatchObject({ a: { kind: 'kept' }, b: withoutFrame('a') })
    expect(rig.provider.creates).toHaveLength(2)
    expect(rig.files.contents.get(out('a.last.png'))).toEqual(content())
  })

  test('the lockfile has outside of the project is not read, and fetched anew', async () => {
    const rig = await bought(pair)
    rig.files.write('/elsewhere/a.png', rig.provider.lastFrameOf('cgt-1')!)
    const text = rig.lockText()!.replace('out/ep01/a.last.png', '../../elsewhere/a.png')
    rig.files.write('/project/manifests/ep01.lock.yaml', text)
    rig.writeManifest(edited)
    const read: string[] = []
    const { read: before } = rig.files
    rig.files.read = async (path) => {
      read.push(path)
      return await before(path)
    }
    expect(await kinds(rig)).toEqual({ a: 'kept', b: 'done' })
    expect(read.filter((path) => !path.startsWith('/project/'))).toEqual([])
    expect(rig.locked().a).toMatchObject({ frame: 'out/ep01/a.last.png' })
  })

  test.each([
    [
      'written',
      (rig: Rig, refuse: () => never) => {
        rig.files.contents.delete(out('a.last.png'))
        rig.files.fault = (action, path) => {
          if (action === 'part' && path.endsWith('a.last.png')) refuse()
        }
      },
    ],
    [
      'read',
      (rig: Rig, refuse: () => never) => {
        const { read } = rig.files
        rig.files.read = async (path) => (path.endsWith('a.last.png') ? refuse() : await read(path))
      },
    ],
  ])('cannot be %s holds what goes on from it, and the others go on', async (_, spoil) => {
    const rig = await bought(pair)
    spoil(rig, () => {
      throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
    })
    rig.writeManifest({ ...edited, ...opening('x') })
    expect(await rig.outcomes()).toMatchObject({ b: withoutFrame('a'), x: { kind: 'done' } })
    expect(created(rig)).toEqual(['a', 'b', 'x'])
  })

  test('is missing makes nothing to do while nobody needs it', async () => {
    const rig = await bought(pair)
    rig.files.contents.delete(out('a.last.png'))
    expect(await kinds(rig)).toEqual({ a: 'kept', b: 'kept' })
    expect(rig.provider.creates).toHaveLength(2)
  })
})

describe('a draft', () => {
  const drafts = {
    ...opening('a', { ratio: '16:9', resolution: '720p' }),
    ...goingOn('b', 'a', { ratio: '16:9', resolution: '720p' }),
  }

  test('of a shot that goes on from another waits for the final of that', async () => {
    const rig = createRig(drafts)
    expect(await rig.outcomes({ draft: true })).toMatchObject({
      'a@draft': { kind: 'done' },
      'b@draft': heldFor('a'),
    })
    expect(created(rig)).toEqual(['a'])
    expect(rig.provider.creates[0]!.request).not.toHaveProperty('return_last_frame')
  })

  test('begins with the last frame of that final, and the final made from it has the same on record', async () => {
    const rig = createRig(drafts)
    await rig.run({ selection: { shots: ['a'] } })
    expect(await kinds(rig, { draft: true })).toEqual({ a: 'kept', 'b@draft': 'done' })
    expect(rig.provider.creates[1]!.request).toMatchObject({ draft: true })
    expectToBeginWith(rig, 2, 'cgt-1')
    expect(rig.locked()['b@draft']!.follows).toBe('cgt-1')

    await promote({ ...options, shots: ['b'] }, rig.world)
    expect(await kinds(rig)).toMatchObject({ b: 'done' })
    expect(rig.provider.creates[2]!.request.content).toEqual([
      { type: 'draft_task', draft_task: { id: 'cgt-2' } },
    ])
    expect(rig.locked().b).toMatchObject({ draft: 'cgt-2', follows: 'cgt-1' })
    expect(await staleIn(rig)).toEqual([])
  })

  test('is not made final once the shot before was bought anew', async () => {
    const rig = createRig(drafts)
    await rig.run({ selection: { shots: ['a'] } })
    await rig.run({ draft: true })
    await promote({ ...options, shots: ['b'] }, rig.world)
    rig.writeManifest({ ...drafts, ...opening('a', { ...drafts.a, prompt: 'anew' }) })
    expect(await rig.outcomes()).toMatchObject({
      a: { kind: 'done' },
      b: { kind: 'held', reason: 'draft-outdated' },
    })
  })
})

describe('a shot that others go on from', () => {
  test('can be renamed: they stay up to date, and its last frame goes along', async () => {
    const rig = await bought()
    const { a: before } = rig.locked()
    rig.writeManifest({ ...opening('z', { prompt: 'a' }), ...goingOn('b', 'z'), ...goingOn('c', 'b') })
    const { followers } = await move({ ...options, from: 'a', to: 'z' }, rig.world)
    expect(followers).toEqual(['b'])
    expect(rig.locked().z).toMatchObject({
      task: before!.task,
      frame: 'out/ep01/z.last.png',
      frameSha256: before!.frameSha256,
    })
    expect(rig.files.contents.has(out('z.last.png'))).toBe(true)
    expect(rig.files.contents.has(out('a.last.png'))).toBe(false)

    expect(await kinds(rig)).toEqual({ z: 'kept', b: 'kept', c: 'kept' })
    expect(await staleIn(rig)).toEqual([])
    expect(rig.provider.creates).toHaveLength(3)
  })

  test('in the middle of a chain can be renamed', async () => {
    const rig = await bought()
    rig.writeManifest({ ...opening('a'), ...goingOn('z', 'a', { prompt: 'b' }), ...goingOn('c', 'z') })
    await move({ ...options, from: 'b', to: 'z' }, rig.world)
    expect(await kinds(rig)).toEqual({ a: 'kept', z: 'kept', c: 'kept' })
    expect(rig.provider.creates).toHaveLength(3)
  })
})

test('a shot whose create got no answer is still adopted when the one that it goes on from was renamed since', async () => {
  const rig = createRig(pair)
  stampTasks(rig)
  const create = rig.provider.onCreate
  rig.provider.onCreate = async (request, number) => {
    const answer = await create(request, number)
    return number === 2 ? { kind: 'unknown', why: 'the connection was reset' } : answer
  }
  expect(await kinds(rig)).toEqual({ a: 'done', b: 'unknown' })
  rig.writeManifest({ ...opening('z', { prompt: 'a' }), ...goingOn('b', 'z') })
  await move({ ...options, from: 'a', to: 'z' }, rig.world)
  await rig.clock.sleep(2 * minute)
  expect(await kinds(rig)).toEqual({ z: 'kept', b: 'done' })
  expect(rig.provider.creates).toHaveLength(2)
  expect(rig.locked().b!.follows).toBe(rig.locked().z!.task)
})

describe('verify', () => {
  const signal = new AbortController().signal
  const filesOf = ({ manifests }: VerifyReport) =>
    manifests.flatMap(({ files }) =>
      files.map(({ path, state, repair }) => [path, state, repair?.kind] as const),
    )

  test.each([
    ['changed', (rig: Rig) => rig.files.write(out('a.last.png'), 'not what came')],
    ['missing', (rig: Rig) => void rig.files.contents.delete(out('a.last.png'))],
  ])('tells that a last frame is %s, and fetches it again', async (state, damage) => {
    const rig = await bought(pair)
    const before = rig.lockText()
    damage(rig)
    expect(filesOf(await verify(options, rig.files, { signal }))).toEqual([
      ['out/ep01/a.mp4', 'ok', undefined],
      ['out/ep01/a.last.png', state, undefined],
      ['out/ep01/b.mp4', 'ok', undefined],
    ])
    const repaired = await verify(options, rig.files, { signal, repairWith: rig.world })
    expect(filesOf(repaired)[1]).toEqual(['out/ep01/a.last.png', state, 'restored'])
    expect(filesOf(await verify(options, rig.files, { signal })).map(([, found]) => found)).toEqual([
      'ok',
      'ok',
      'ok',
    ])
    expect(rig.files.contents.has(out('a.last.changed.png'))).toBe(state === 'changed')
    expect(rig.lockText()).toBe(before)
  })
})

/** At most 0.649504 CNY each. */
const priced = { ratio: '16:9', resolution: '480p' }
const mostMicros = 649_504
const urlsOf = (id: string) => ({
  videoUrl: `https://files.test/${id}.mp4`,
  lastFrameUrl: `https://files.test/${id}.last`,
})

/** As much of a JPEG as tells its size. */
const jpeg = Uint8Array.from([
  ...[0xff, 0xd8, 0xff, 0xe0, 0, 16, ...new TextEncoder().encode('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0],
  ...[0xff, 0xc0, 0, 17, 8, 1, 224, 3, 96, ...new Array<number>(40).fill(0)],
])
