import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type CreateFault, type FaultChanges, Faults, parseFaults } from '../../src/simulator/faults.js'
import { request, startRig } from './rig.js'

/** How a create ends for a client that meets a fault: a status, or no readable answer. */
async function outcomeOf(rig: Awaited<ReturnType<typeof startRig>>): Promise<number | 'no answer'> {
  try {
    return (await rig.create()).status
  } catch {
    return 'no answer'
  }
}

test.each<[CreateFault, number | 'no answer', number]>([
  ['throttle', 429, 0],
  ['errorBefore', 500, 0],
  ['dropBefore', 'no answer', 0],
  ['errorAfter', 500, 1],
  ['dropAnswer', 'no answer', 1],
  ['cutBody', 'no answer', 1],
  ['htmlGateway', 502, 1],
])('%s: the client sees %s and %i task exists', async (fault, seen, tasks) => {
  const rig = await startRig({ faults: { next: [{ fault, times: 1 }] } })
  expect(await outcomeOf(rig)).toBe(seen)
  expect((await rig.list()).body.total).toBe(tasks)
  expect(rig.logged('create')).toMatchObject([{ accepted: tasks === 1, fault }])
  expect(await outcomeOf(rig)).toBe(200)
})

test('a cut answer announces its whole length and carries half', async () => {
  const rig = await startRig({ faults: { cutBody: 1 } })
  const response = await fetch(`${rig.simulator.baseUrl}/contents/generations/tasks`, {
    method: 'POST',
    headers: { Authorization: 'Bearer key' },
    body: JSON.stringify(request()),
  })
  expect(response.status).toBe(200)
  const length = `{"id":"cgt-20260108111352-xxxxx"}`.length
  expect(response.headers.get('content-length')).toBe(String(length))
  await expect(response.text()).rejects.toThrow()
})

test('planned faults strike in their order, then the rates do', async () => {
  const rig = await startRig({
    faults: {
      throttle: 1,
      next: [
        { fault: 'errorBefore', times: 2 },
        { fault: 'dropBefore', times: 1 },
      ],
    },
  })
  const outcomes = []
  for (let count = 0; count < 4; count++) outcomes.push(await outcomeOf(rig))
  expect(outcomes).toEqual([500, 500, 'no answer', 429])
})

test('a fault after acceptance waits for a create that is accepted', async () => {
  const rig = await startRig({ faults: { next: [{ fault: 'dropAnswer', times: 1 }] } })
  expect((await rig.create(request({ duration: 3 }))).status).toBe(400)
  expect(await outcomeOf(rig)).toBe('no answer')
})

test('throttled creates name a wait only when told to', async () => {
  const rig = await startRig({ faults: { throttle: 1 } })
  expect((await rig.create()).headers.has('retry-after')).toBe(false)
  rig.simulator.faults = { throttle: 1, retryAfterS: 7 }
  expect((await rig.create()).headers.get('retry-after')).toBe('7')
})

test('pollErrors fails GET and LIST but no create', async () => {
  const rig = await startRig({ faults: { pollErrors: 1 } })
  const id = await rig.accepted()
  expect((await rig.get(id)).status).toBe(500)
  expect((await rig.list()).status).toBe(500)
})

test('noList takes LIST away and leaves GET', async () => {
  const rig = await startRig({ faults: { noList: true } })
  const id = await rig.accepted()
  expect((await rig.list()).status).toBe(404)
  expect((await rig.get(id)).status).toBe(200)
})

test('listLagMs hides a young task from LIST alone', async () => {
  const rig = await startRig({ faults: { listLagMs: 5000 } })
  const id = await rig.accepted()
  rig.pass(4999)
  expect(await rig.listedIds()).toEqual([])
  expect((await rig.get(id)).status).toBe(200)
  rig.pass(1)
  expect(await rig.listedIds()).toEqual([id])
})

test('unknownStatus reports a word that the service does not have', async () => {
  const rig = await startRig()
  const { id } = await rig.finished()
  rig.simulator.faults = { unknownStatus: 1 }
  expect(await rig.statuses([id])).toEqual(['processing'])
})

test('latencyMs delays an answer, not the purchase', async () => {
  const rig = await startRig({ faults: { latencyMs: 60_000 } })
  const given = new AbortController()
  const answer = rig.call('POST', '', { body: JSON.stringify(request()), signal: given.signal })
  await expect.poll(() => rig.logged('create').length).toBe(1)
  given.abort()
  await expect(answer).rejects.toThrow()
  rig.simulator.faults = {}
  expect((await rig.list()).body.total).toBe(1)
})

test('the same seed gives the same faults, whatever other rates are', () => {
  const row = (seed: number, settings: FaultChanges) => {
    const faults = new Faults(seed)
    faults.settings = parseFaults(settings)
    return Array.from({ length: 40 }, () => faults.afterCreate() === 'dropAnswer')
  }
  const alone = row(4, { dropAnswer: 0.5 })
  expect(row(4, { dropAnswer: 0.5, cutBody: 0.5 })).toEqual(alone)
  expect(row(5, { dropAnswer: 0.5 })).not.toEqual(alone)
})

test('a rate strikes about as often as it says', () => {
  fc.assert(
    fc.property(fc.integer(), fc.double({ min: 0, max: 1, noNaN: true }), (seed, rate) => {
      const faults = new Faults(seed)
      faults.settings = parseFaults({ pollErrors: rate })
      const struck = Array.from({ length: 2000 }, () => faults.strikes('pollErrors')).filter(Boolean).length
      expect(Math.abs(struck / 2000 - rate)).toBeLessThan(0.08)
    }),
    { numRuns: 50, seed: 1 },
  )
})

test('faults can be read and replaced over HTTP', async () => {
  const rig = await startRig({ faults: { throttle: 1 } })
  const url = new URL('/simulator/faults', rig.simulator.baseUrl)
  const put = (body: string) => fetch(url, { method: 'PUT', body })
  expect((await put('{"next":[{"fault":"dropAnswer","times":2}]}')).status).toBe(200)
  expect(await outcomeOf(rig)).toBe('no answer')
  expect(await (await fetch(url)).json()).toMatchObject({
    throttle: 0,
    next: [{ fault: 'dropAnswer', times: 1 }],
  })
})

test.each([
  '{"throtle":1}',
  '{"throttle":2}',
  '{"latencyMs":-1}',
  '{"noList":1}',
  '{"retryAfterS":"1"}',
  '{"next":[{"fault":"pollErrors","times":1}]}',
  '{"next":[{"fault":"dropAnswer","times":0}]}',
  '[]',
  'no JSON',
])('fault settings of %s are refused and change nothing', async (body) => {
  const rig = await startRig({ faults: { throttle: 0.5 } })
  const url = new URL('/simulator/faults', rig.simulator.baseUrl)
  expect((await fetch(url, { method: 'PUT', body })).status).toBe(400)
  expect(rig.simulator.faults.throttle).toBe(0.5)
})

test('faults that are impossible are a usage error, and undefined ones are none', async () => {
  await expect(startRig({ faults: { throttle: 2 } })).rejects.toMatchObject({ code: 'usage' })
  const rig = await startRig({ faults: { throttle: undefined } })
  expect(rig.simulator.faults.throttle).toBe(0)
})
