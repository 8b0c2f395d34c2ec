import { describe, expect, test } from 'vitest'
import type { CreateAnswer } from '../../src/core/create-answer.js'
import { ProviderError, RunnerError } from '../../src/core/errors.js'
import { taskId } from '../../src/core/task.js'
import { createRig } from '../support/rig.js'

const refused = (status: number, code: string): CreateAnswer => ({
  kind: 'refused',
  refusal: { code, message: 'said the service', status },
})
const throttled = (retryAfterMs?: number): CreateAnswer => ({
  kind: 'throttled',
  refusal: { code: 'ServerOverloaded', message: 'too many', status: 429 },
  retryAfterMs,
})
const unsent: CreateAnswer = {
  kind: 'unsent',
  refusal: { code: 'unreachable', message: 'refused', status: undefined },
}
const unknown: CreateAnswer = { kind: 'unknown', why: 'the connection was reset' }

describe('a batch that goes well', () => {
  test('buys every take once, collects its video and locks it', async () => {
    const rig = createRig({ fox: 'a fox', cat: { prompt: 'a cat', takes: 2 } })

    expect(await rig.outcomes()).toMatchObject({
      fox: { kind: 'done' },
      cat: { kind: 'done' },
      'cat@2': { kind: 'done' },
    })
    expect(rig.provider.creates).toHaveLength(3)
    expect(rig.files.text('/project/manifests/out/ep01/cat@2.mp4')).toBe('video of cgt-3')
    expect(rig.lockText()).toMatchInlineSnapshot(`
      "# Written by shotlock: what exists and was paid for. Commit it; change it only with shotlock.
      lockfileVersion: 1
      shots:
        "cat":
          status: succeeded
          task: "cgt-2"
          provider: "ark"
          digest: "v1:4394465752a52158207fe2a0613b0db64f53cda18c2baa0c02624b69a2aa8282"
          seed: 506952169
          tokens: 1000
          cost: "0.016 CNY"
          video: "out/ep01/cat.mp4"
          sha256: "ac3f595da8868da9c36e8a959217b5dca88bafc100fe7ee9f1aa613f424e5f0f"
        "cat@2":
          status: succeeded
          task: "cgt-3"
          provider: "ark"
          digest: "v1:4394465752a52158207fe2a0613b0db64f53cda18c2baa0c02624b69a2aa8282"
          seed: 1834170078
          tokens: 1000
          cost: "0.016 CNY"
          video: "out/ep01/cat@2.mp4"
          sha256: "24457ed5650b9e61737504d8ac74862798cfc48a21d3885079e37745356784ec"
        "fox":
          status: succeeded
          task: "cgt-1"
          provider: "ark"
          digest: "v1:4394465752a521580e6bdac6a7965c2b4f53cda18c2baa0c02624b69a2aa8282"
          seed: 1327217908
          tokens: 1000
          cost: "0.016 CNY"
          video: "out/ep01/fox.mp4"
          sha256: "7c942a6f6bc641d585a354d30d67c72a987bfa4db7655261b4547f30c8f31ff8"
      "
    `)
  })

  test('has nothing to do the second time and changes no byte', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    const before = new Map(rig.files.contents)

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'kept' } })
    expect(rig.provider.creates).toHaveLength(1)
    expect(rig.files.contents).toEqual(before)
  })

  test('leaves no journal behind once the lockfile holds everything', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    expect(rig.journal()).toBeUndefined()
  })

  test('keeps every other block of the lockfile as it was when a shot is added', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    await rig.run()
    const before = rig.lockText()!
    rig.writeManifest({ fox: 'a fox', hen: 'a hen', owl: 'an owl' })
    await rig.run()

    const lines = rig.lockText()!.split('\n')
    const start = lines.indexOf('  "hen":')
    const end = lines.indexOf('  "owl":')
    expect([...lines.slice(0, start), ...lines.slice(end)].join('\n')).toBe(before)
  })

  test('gives every take a seed of its own and writes it down', async () => {
    const rig = createRig({ fox: { prompt: 'a fox', takes: 3 } })
    await rig.run()
    const sent = rig.provider.creates.map(({ request }) => request.seed)

    expect(new Set(sent).size).toBe(3)
    expect(Object.values(rig.locked()).map(({ seed }) => seed)).toEqual(sent)
  })

  test('writes no signed URL and no key anywhere', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    await rig.run()
    for (const bytes of rig.files.contents.values())
      expect(new TextDecoder().decode(bytes)).not.toContain('sig=secret')
  })
})

describe('the order of effects', () => {
  test('an intent is on the disk before its create is sent, and the id before the task is looked at', async () => {
    const rig = createRig({ fox: 'a fox' })
    const seen: string[] = []
    rig.provider.onCreate = () => {
      seen.push(rig.journal() ?? '')
      return undefined
    }
    rig.provider.onCall = (call) => {
      if (call === 'retrieve' && seen.length === 1) seen.push(rig.journal() ?? '')
    }
    await rig.run()

    expect(seen[0]).toMatch(/"type":"intent","take":"fox"/)
    expect(seen[0]).not.toMatch(/accepted/)
    expect(seen[1]).toMatch(/"type":"accepted","take":"fox","attempt":1,"task":"cgt-1"/)
  })

  test('nothing is sent when the intent cannot be written', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    rig.files.fault = (action) => {
      if (action === 'append') throw new Error('ENOSPC')
    }
    const { outcomes, stop } = await rig.run()

    expect(rig.provider.creates).toEqual([])
    expect(stop).toMatchObject({ why: 'unwritable' })
    expect(outcomes.map(({ kind }) => kind)).toEqual(['cancelled', 'cancelled'])
  })

  test('an id that cannot be written to the journal is said, and still gets into the lockfile', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = () => {
      rig.files.fault = (action) => {
        if (action === 'append') throw new Error('ENOSPC')
      }
      return undefined
    }
    const { stop } = await rig.run()

    expect(stop?.message).toContain('cgt-1')
    expect(rig.locked()).toMatchObject({ fox: { status: 'submitted', task: 'cgt-1' } })
  })

  test('a lost answer that cannot be written down is unknown all the same, now and later', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = () => {
      rig.files.fault = (action) => {
        if (action === 'append') throw new Error('ENOSPC')
      }
      return unknown
    }
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'unknown' } })

    rig.files.fault = () => undefined
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'unknown' } })
    expect(rig.provider.creates).toHaveLength(1)
  })

  test('a journal write that fails half way leaves whole lines only', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    rig.provider.script = () => ({ livesMs: Number.POSITIVE_INFINITY })
    let appends = 0
    rig.files.fault = (action) => {
      if (action === 'append' && ++appends === 3) throw new Error('ENOSPC')
      if (action === 'replace') throw new Error('ENOSPC')
    }
    await expect(rig.run({ wait: false })).rejects.toMatchObject({ code: 'lockfile-unwritten' })

    for (const line of rig.journal()!.trimEnd().split('\n')) expect(() => JSON.parse(line)).not.toThrow()
    expect(rig.journal()).toMatch(/\n$/)
  })
})

describe('a create whose answer was never seen', () => {
  test('is unknown, and no later run buys the take again', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = () => unknown

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'unknown' } })
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'unknown' } })
    expect(await rig.outcomes({ force: true })).toMatchObject({ fox: { kind: 'unknown' } })
    expect(rig.provider.creates).toHaveLength(1)
    expect(rig.locked()).toMatchObject({ fox: { status: 'unknown', seed: expect.any(Number) } })
  })

  test('stays unknown when the shot is changed afterwards', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = () => unknown
    await rig.run()
    rig.writeManifest({ fox: 'another fox' })

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'unknown' } })
    expect(rig.provider.creates).toHaveLength(1)
  })

  test('counts as unknown when the process died before the answer', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = () => new Promise<never>(() => undefined)
    void rig.run()
    while (!rig.journal()?.includes('intent')) await new Promise((resolve) => setImmediate(resolve))
    rig.provider.onCreate = () => undefined

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'unknown' } })
    expect(rig.provider.creates).toHaveLength(1)
    expect(rig.locked()).toMatchObject({ fox: { status: 'unknown' } })
  })

  test('three in a row stop the buying: something on the way is broken', async () => {
    const shots = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`shot-${i}`, 'x']))
    const rig = createRig(shots)
    rig.provider.onCreate = () => unknown
    const { stop } = await rig.run()

    expect(rig.provider.creates).toHaveLength(3)
    expect(stop).toMatchObject({ why: 'unknowns' })
  })
})

describe('a create that certainly made no task', () => {
  test('is sent again when it never left, with the same seed', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = (_, number) => (number < 3 ? unsent : undefined)

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' } })
    expect(new Set(rig.provider.creates.map(({ request }) => request.seed)).size).toBe(1)
  })

  test('stops the batch when it cannot leave at all, and the next run starts anew', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    rig.provider.onCreate = () => unsent

    expect(await rig.run()).toMatchObject({ stop: { why: 'unreachable' } })
    expect(rig.locked()).toEqual({})
    rig.provider.onCreate = () => undefined
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' }, owl: { kind: 'done' } })
  })

  test('waits as long as a 429 asks, and goes out again', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = (_, number) => (number === 1 ? throttled(7000) : undefined)

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' } })
    const [first, second] = rig.provider.creates
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(7000)
  })

  test('is a failure when the service refuses the request, and the others go on', async () => {
    const rig = createRig({ bad: 'bad', good: 'good' })
    rig.provider.onCreate = ({ content }) =>
      JSON.stringify(content).includes('bad') ? refused(400, 'InvalidParameter') : undefined

    expect(await rig.outcomes()).toMatchObject({
      bad: { kind: 'failed', failure: 'invalid' },
      good: { kind: 'done' },
    })
  })

  test.each([
    ['InputTextSensitiveContentDetected', 'moderation-input'],
    ['InvalidParameter', 'invalid'],
  ])('refused as %s it is held until the shot changes', async (code, reason) => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = () => refused(400, code)
    await rig.run()
    rig.provider.onCreate = () => undefined

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'held', reason } })
    rig.writeManifest({ fox: 'a polite fox' })
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' } })
  })

  test('an account problem stops all buying while live tasks are still collected', async () => {
    const rig = createRig({ one: 'x', two: 'x', three: 'x' })
    rig.provider.onCreate = (_, number) => (number === 2 ? refused(403, 'AccountOverdueError') : undefined)
    const { outcomes, stop } = await rig.run()

    expect(stop).toMatchObject({ why: 'account' })
    expect(outcomes.map(({ take, kind }) => [take, kind]).sort()).toEqual([
      ['one', 'done'],
      ['three', 'cancelled'],
      ['two', 'cancelled'],
    ])
    expect(rig.locked()).not.toHaveProperty('two')
  })

  test('a refused key is found out before anything is sent', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCall = (call) => {
      if (call === 'check') throw new RunnerError('account-refused', 'wrong key')
    }
    expect(await rig.run()).toMatchObject({ stop: { why: 'account' } })
    expect(rig.provider.creates).toEqual([])
  })
})

describe('tasks that end otherwise', () => {
  test('a moderated result may be bought again, and the old task stays on record', async () => {
    const rig = createRig({ fox: 'a fox' })
    const error = { code: 'OutputVideoSensitiveContentDetected', message: '' }
    rig.provider.script = (_, number) => (number === 1 ? { ends: { status: 'failed', error } } : {})

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'failed', failure: 'moderation-output' } })
    expect(await rig.outcomes({ failed: true })).toMatchObject({ fox: { kind: 'done' } })
    expect(rig.locked()).toMatchObject({ fox: { task: 'cgt-2', previous: ['cgt-1'] } })
  })

  test('a failed take is bought again at once only as often as --retries says', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.script = () => ({
      ends: { status: 'failed', error: { code: 'InternalServiceError', message: '' } },
    })

    await rig.run({ retries: 2 })
    expect(rig.provider.creates).toHaveLength(3)
    expect(rig.locked()).toMatchObject({ fox: { task: 'cgt-3', previous: ['cgt-1', 'cgt-2'] } })
  })

  test.each(['expired', 'cancelled'] as const)(
    'a task that is %s is bought again by the next run',
    async (status) => {
      const rig = createRig({ fox: 'a fox' })
      rig.provider.script = (_, number) => (number === 1 ? { ends: { status } } : {})

      expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'failed', failure: status } })
      expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' } })
    },
  )

  test('a task that the provider does not know just now stays live on record', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run({ wait: false })
    rig.provider.onCall = (call) => {
      if (call === 'retrieve') throw new ProviderError('not found', { status: 404 })
    }
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'live', note: expect.any(String) } })
    expect(rig.locked()).toMatchObject({ fox: { status: 'submitted', task: 'cgt-1' } })
  })

  test('a task whose record is past its seven days is lost: told once, then held, and bought again only by force', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = () => ({ kind: 'accepted', taskId: taskId('cgt-20260108110000-aaaaa') })
    await rig.run({ wait: false })
    await rig.clock.sleep(8 * 24 * 3_600_000)

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'failed', code: 'result-gone' } })
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'held', reason: 'lost' } })
    expect(rig.provider.creates).toHaveLength(1)
    rig.provider.onCreate = () => undefined
    expect(await rig.outcomes({ force: true })).toMatchObject({ fox: { kind: 'done' } })
    expect(rig.locked()).toMatchObject({ fox: { previous: ['cgt-20260108110000-aaaaa'] } })
  })
})

describe('a run that was cut off', () => {
  test('polls the task it left behind and buys nothing', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run({ wait: false })

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done', taskId: 'cgt-1', bought: false } })
    expect(rig.provider.creates).toHaveLength(1)
  })

  test('fetches what was paid for though its shot has left the manifest', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    await rig.run({ wait: false })
    rig.writeManifest({ owl: 'an owl' })
    await rig.run()

    expect(rig.files.text('/project/manifests/out/ep01/fox.mp4')).toBe('video of cgt-1')
  })

  test('does not ask one provider for the tasks of another', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run({ wait: false })

    expect(await rig.outcomes({ provider: 'byteplus' })).toMatchObject({
      fox: { kind: 'held', reason: 'other-provider' },
    })
    expect(rig.provider.calls.retrieve).toEqual([])
  })

  test('an interrupt ends it with what is live on record, and the next run resumes it', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    rig.provider.onCreate = (_, number) => {
      if (number === 2) rig.interrupt()
      return undefined
    }
    const { stop, outcomes } = await rig.run()

    expect(stop).toMatchObject({ why: 'interrupted' })
    expect(outcomes.map(({ kind }) => kind)).toEqual(['live', 'live'])
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' }, owl: { kind: 'done' } })
    expect(rig.provider.creates).toHaveLength(2)
  })
})

describe('waiting', () => {
  test('ends when the time for it is over: what is live stays on record and goes on', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    rig.provider.script = (_, number) => (number === 1 ? { livesMs: Number.POSITIVE_INFINITY } : {})
    const { outcomes, stop } = await rig.run({ waitTimeoutMs: 300_000 })

    expect(stop).toMatchObject({ why: 'timeout', message: expect.stringContaining('do not buy it again') })
    expect(outcomes).toMatchObject([
      { take: 'owl', kind: 'done' },
      { take: 'fox', kind: 'live' },
    ])
  })

  test('on a task that never ends does not keep the others from being bought', async () => {
    const rig = createRig({ stuck: 'x', fox: 'a fox', owl: 'an owl' })
    rig.provider.script = (_, number) => (number === 1 ? { livesMs: Number.POSITIVE_INFINITY } : {})
    const outcomes = await rig.outcomes({ concurrency: 2, waitTimeoutMs: 3_600_000 })
    expect(outcomes).toMatchObject({ stuck: { kind: 'live' }, fox: { kind: 'done' }, owl: { kind: 'done' } })
  })

  test('is for the newest last: what was bought first dies first, and is fetched first', async () => {
    const rig = createRig(Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`shot-${i}`, 'x'])))
    const stamp = (number: number) => taskId(`cgt-202601081100${59 - number}-aaaaa`)
    rig.provider.onCreate = (_, number) => ({
      kind: 'accepted',
      taskId: rig.provider.add(stamp(number), { livesMs: 0 }),
    })
    rig.files.fault = (action) => {
      if (action === 'part') throw new Error('ENOSPC')
    }
    await rig.run()
    rig.files.fault = () => undefined
    rig.provider.calls.download.length = 0
    await rig.run()
    const order = rig.provider.calls.download.map(({ url }) => /cgt-\d+/.exec(url)![0])
    expect(order).toEqual(order.toSorted())
  })
})

describe('limits', () => {
  const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`shot-${i}`, 'x']))

  test('never more tasks are live than allowed', async () => {
    const rig = createRig(many)
    await rig.run({ concurrency: 4 })
    expect(rig.provider.mostLive).toBe(4)
    expect(rig.provider.creates).toHaveLength(40)
  })

  test('creates are spaced to the rate', async () => {
    const rig = createRig(many)
    await rig.run({ concurrency: 40, createsPerMinute: 30 })
    const times = rig.provider.creates.map(({ at }) => at)
    const gaps = times.slice(1).map((at, index) => at - times[index]!)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(2000)
  })

  test('tasks left live by an earlier run count', async () => {
    const rig = createRig(Object.fromEntries(Object.entries(many).slice(0, 4)))
    await rig.run({ wait: false, concurrency: 4 })
    rig.writeManifest(Object.fromEntries(Object.entries(many).slice(0, 12)))
    await rig.run({ concurrency: 4 })
    expect(rig.provider.mostLive).toBe(4)
  })

  test('tasks of the flex tier do not count', async () => {
    const flex = Object.fromEntries(
      Object.keys(many).map((name) => [name, { prompt: 'x', service_tier: 'flex' }]),
    )
    const rig = createRig(flex)
    rig.provider.script = () => ({ livesMs: 3_600_000 })
    await rig.run({ concurrency: 2 })
    expect(rig.provider.mostLive).toBe(40)
  })
})

test('a manifest is not read once for every take that is bought', async () => {
  const rig = createRig(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`shot-${i}`, 'x'])))
  const read = rig.files.read
  let reads = 0
  rig.files.read = async (path) => {
    if (path.endsWith('ep01.yaml')) reads++
    return await read(path)
  }
  await rig.run({ concurrency: 40, createsPerMinute: 100_000 })
  expect(rig.provider.creates).toHaveLength(40)
  expect(reads).toBeLessThanOrEqual(3)
})

describe('polling', () => {
  const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`shot-${i}`, 'x']))

  test('asks for many live tasks in one call where the provider has LIST', async () => {
    const rig = createRig(many)
    await rig.run({ concurrency: 20 })
    const { list, retrieve } = rig.provider.calls
    expect(Math.max(...list.map((ids) => ids.length))).toBeGreaterThanOrEqual(10)
    expect(retrieve.length).toBeLessThanOrEqual(30)
  })

  test('takes an end from LIST when it says all that a look at the task would', async () => {
    const rig = createRig(many)
    rig.provider.script = (_, number) => ({
      ends: {
        status: 'succeeded',
        videoUrl: `https://files.test/cgt-${number}.mp4`,
        completionTokens: 1000,
        duration: 4,
      },
    })
    const outcomes = await rig.outcomes({ concurrency: 20, createsPerMinute: 100_000 })
    expect(Object.values(outcomes).every(({ kind }) => kind === 'done')).toBe(true)
    // The first task may be alone for a moment.
    expect(rig.provider.calls.retrieve.length).toBeLessThanOrEqual(2)
  })

  test.each([
    ['without its result', { videoUrl: undefined }],
    ['without its tokens', { completionTokens: undefined }],
    ['without its length', { duration: undefined }],
    ['that is a failure', { status: 'failed' as const }],
    ['that is a time-out', { status: 'expired' as const }],
  ])('looks at the task itself for an end in LIST %s', async (_, lacking) => {
    const rig = createRig(many)
    rig.provider.script = (_, number) => ({
      ends: {
        status: 'succeeded',
        videoUrl: `https://files.test/cgt-${number}.mp4`,
        completionTokens: 1000,
        duration: 4,
        ...lacking,
      },
    })
    await rig.run({ concurrency: 20, createsPerMinute: 100_000 })
    expect(new Set(rig.provider.calls.retrieve).size).toBe(20)
  })

  test('falls back to single calls where it has not, and asks for LIST only once', async () => {
    const rig = createRig(many)
    rig.provider.hasList = false
    const outcomes = await rig.outcomes({ concurrency: 20 })
    expect(Object.values(outcomes).every(({ kind }) => kind === 'done')).toBe(true)
    expect(rig.provider.calls.list).toHaveLength(1)
  })

  test('no error of a look changes a task: it is looked at again', async () => {
    const rig = createRig({ fox: 'a fox' })
    let failures = 0
    rig.provider.onCall = (call) => {
      if (call === 'retrieve' && failures++ < 5) throw new ProviderError('bad gateway', { status: 502 })
    }
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' } })
  })
})

describe('downloads', () => {
  test('take up a broken connection where it broke', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onDownload = (video, offset) =>
      offset === 0 ? { offset: 0, chunks: breakingAfter(video.subarray(0, 5)) } : undefined

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' } })
    expect(rig.provider.calls.download.map(({ offset }) => offset)).toEqual([0, 5])
    expect(rig.files.text('/project/manifests/out/ep01/fox.mp4')).toBe('video of cgt-1')
  })

  test('go on as long as each try brings some of the file', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onDownload = (video, offset) =>
      offset + 1 < video.length
        ? { offset, chunks: breakingAfter(video.subarray(offset, offset + 1)) }
        : undefined
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' } })
    expect(rig.files.text('/project/manifests/out/ep01/fox.mp4')).toBe('video of cgt-1')
  })

  test('end after eight tries that bring the file no further, also where each starts anew', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onDownload = (video) => ({ offset: 0, chunks: breakingAfter(video.subarray(0, 5)) })
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'failed', code: 'download-failed' } })
    expect(rig.provider.calls.download).toHaveLength(9)
  })

  test('start anew where the server does not know ranges', async () => {
    const rig = createRig({ fox: 'a fox' })
    let calls = 0
    rig.provider.onDownload = (video) => {
      calls++
      return {
        offset: 0,
        chunks: calls === 1 ? breakingAfter(video.subarray(0, 5)) : breakingAfter(video, false),
      }
    }
    await rig.run()
    expect(rig.files.text('/project/manifests/out/ep01/fox.mp4')).toBe('video of cgt-1')
  })

  test('ask for a fresh URL when the old one has died', async () => {
    const rig = createRig({ fox: 'a fox' })
    let downloads = 0
    rig.provider.onCall = (call) => {
      if (call === 'download' && ++downloads === 1) throw new ProviderError('expired', { status: 403 })
    }
    const before = rig.provider.calls.retrieve.length
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done' } })
    expect(rig.provider.calls.retrieve.length).toBeGreaterThan(before + 1)
  })

  test('wait for a result that the provider calls unfinished for a moment', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.files.fault = (action) => {
      if (action === 'part') throw new Error('ENOSPC')
    }
    await rig.run()
    rig.files.fault = () => undefined
    let looks = 0
    rig.provider.answer = (task) =>
      ++looks === 1 ? { ...task, status: 'unrecognised', videoUrl: undefined } : task

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done', bought: false } })
    expect(looks).toBe(2)
  })

  test('leave no part of a file behind when they fail, and the next run fetches without buying', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.files.fault = (action) => {
      if (action === 'part') throw new Error('ENOSPC')
    }
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'failed', failure: 'download' } })
    expect([...rig.files.contents.keys()].filter((path) => path.includes('/out/'))).toEqual([])

    rig.files.fault = () => undefined
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done', bought: false } })
    expect(rig.provider.creates).toHaveLength(1)
  })

  test('fetch a collected file again when it is missing here, and leave it when nobody has it any more', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    rig.files.contents.delete('/project/manifests/out/ep01/fox.mp4')
    const lock = rig.lockText()

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done', bought: false } })
    expect(rig.lockText()).toBe(lock)
    rig.files.contents.delete('/project/manifests/out/ep01/fox.mp4')
    rig.provider.onCall = (call) => {
      if (call === 'retrieve') throw new ProviderError('gone', { status: 404 })
    }
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'kept', note: expect.any(String) } })
  })

  test('report a result that was never collected and is gone as lost, and never buy it again', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.script = () => ({ ends: { status: 'succeeded', completionTokens: 7 } })

    expect(await rig.outcomes()).toMatchObject({
      fox: { kind: 'failed', failure: 'download', code: 'result-gone' },
    })
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'held', reason: 'lost' } })
    expect(rig.provider.creates).toHaveLength(1)
  })
})

describe('the lockfile as a ledger', () => {
  test('a broken one is never overwritten', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.files.write(
      '/project/manifests/ep01.lock.yaml',
      'lockfileVersion: 1\nshots:\n  "fox": {status: maybe}\n',
    )

    await expect(rig.run()).rejects.toMatchObject({ code: 'lockfile-invalid' })
    expect(rig.lockText()).toContain('maybe')
    expect(rig.provider.creates).toEqual([])
  })

  test('one that somebody changed during the run is not overwritten, and the next run brings both together', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = () => {
      rig.files.write('/project/manifests/ep01.lock.yaml', '# mine\nlockfileVersion: 1\nshots: {}\n')
      return undefined
    }
    await expect(rig.run()).rejects.toMatchObject({ code: 'lockfile-changed' })
    expect(rig.lockText()).toMatch(/^# mine/)

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'kept' } })
    expect(rig.locked()).toMatchObject({ fox: { task: 'cgt-1', status: 'succeeded' } })
    expect(rig.provider.creates).toHaveLength(1)
  })

  test('is written a few times a second at most, however much happens', async () => {
    const rig = createRig(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`shot-${i}`, 'x'])))
    const started = rig.clock.now()
    await rig.run({ concurrency: 200, createsPerMinute: 100_000 })
    const seconds = (rig.clock.now() - started) / 1000
    expect(rig.files.replaced.get('/project/manifests/ep01.lock.yaml')).toBeLessThanOrEqual(seconds * 4 + 2)
  })

  test('holds at once what a crash left in the journal', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.files.fault = (action) => {
      if (action === 'replace') throw new Error('ENOSPC')
    }
    await expect(rig.run()).rejects.toMatchObject({ code: 'lockfile-unwritten' })
    rig.files.fault = () => undefined

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'kept' } })
    expect(rig.locked()).toMatchObject({ fox: { task: taskId('cgt-1'), status: 'succeeded' } })
  })
})

describe('consent', () => {
  test('an image that changes after the plan was agreed to is not bought', async () => {
    const { encode } = await import('fast-png')
    const png = (shade: number) =>
      encode({ width: 320, height: 320, data: new Uint8Array(320 * 320 * 3).fill(shade), channels: 3 })
    const rig = createRig({ slow: 'x', fox: { prompt: 'a fox', image: 'fox.png' } })
    rig.files.write('/project/manifests/fox.png', png(1))
    rig.provider.onCreate = (_, number) => {
      if (number === 1) rig.files.write('/project/manifests/fox.png', png(2))
      return undefined
    }
    expect(await rig.outcomes({ concurrency: 1 })).toMatchObject({
      slow: { kind: 'done' },
      fox: { kind: 'failed', code: 'image-changed' },
    })
    expect(rig.provider.creates).toHaveLength(1)
  })
})

async function* breakingAfter(bytes: Uint8Array, breaks = true): AsyncGenerator<Uint8Array> {
  yield bytes
  if (breaks) throw new Error('socket hang up')
}
