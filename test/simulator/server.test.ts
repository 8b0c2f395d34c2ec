import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { simulate } from '../../src/commands/simulate.js'
import { startSimulator } from '../../src/simulator/server.js'
import { request, startRig, text, v20, video } from './rig.js'

test.each(['0.0.0.0', '::', '192.168.1.5', 'example.com'])(
  '%s is no host without allowRemote',
  async (host) => {
    await expect(startSimulator({ host })).rejects.toMatchObject({ code: 'port-unusable' })
  },
)

test('allowRemote lets the simulator listen everywhere', async () => {
  const rig = await startRig({ host: '0.0.0.0', allowRemote: true })
  expect((await rig.create()).status).toBe(200)
})

test('a port in use is named as such', async () => {
  const rig = await startRig()
  const { port } = rig.simulator
  await expect(startSimulator({ port })).rejects.toMatchObject({ code: 'port-unusable' })
})

test('without a key set, any bearer is good, and none is not', async () => {
  const rig = await startRig()
  const post = (headers: Record<string, string>) =>
    rig.call('POST', '', { headers, body: JSON.stringify(request()) })
  const unauthorised = { status: 401, body: { error: { code: 'AuthenticationError', type: 'Unauthorized' } } }
  expect((await post({ Authorization: 'Bearer anything' })).status).toBe(200)
  expect(await post({})).toMatchObject(unauthorised)
  expect(await post({ Authorization: 'Bearer ' })).toMatchObject(unauthorised)
  expect(await post({ Authorization: 'Basic eDp5' })).toMatchObject(unauthorised)
})

test('with a key set, other keys are refused', async () => {
  const rig = await startRig({ key: 'good' })
  const list = (key: string) => rig.call('GET', '', { headers: { Authorization: `Bearer ${key}` } })
  expect((await list('good')).status).toBe(200)
  expect((await list('bad')).status).toBe(401)
})

test('a key is checked before the request is', async () => {
  const rig = await startRig({ key: 'good' })
  expect((await rig.create({})).status).toBe(401)
})

test.each([
  ['POST', '/cgt-1'],
  ['POST', '/cgt-1/cancel'],
  ['PUT', ''],
  ['GET', '/cgt-1/video'],
])('%s …/tasks%s is not found', async (method, path) => {
  const rig = await startRig()
  expect(await rig.call(method, path, method === 'GET' ? {} : { body: '{}' })).toMatchObject({
    status: 404,
    body: { error: { type: 'NotFound', param: '' } },
  })
})

test('the state counts tasks by status and by line', async () => {
  const rig = await startRig({ liveTasks: 1 })
  await rig.accepted()
  await rig.accepted()
  await rig.accepted({ service_tier: 'flex' })
  rig.pass(1000)
  const state = await (await fetch(new URL('/simulator/state', rig.simulator.baseUrl))).json()
  expect(state).toMatchObject({
    ...{ tasks: 3, queued: 1, running: 2, succeeded: 0 },
    lines: { '1.5 pro': { running: 1, queued: 1 }, '1.5 pro flex': { running: 1, queued: 0 } },
  })
})

test('the log is served as JSON lines and holds neither keys nor signed URLs', async () => {
  const rig = await startRig()
  const { content } = await rig.finished({ callback_url: 'https://example.com/hook' })
  await fetch(content.video_url, { headers: { Authorization: 'Bearer secret-key' } })
  const log = await (await fetch(new URL('/simulator/log', rig.simulator.baseUrl))).text()
  const events = log
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).event)
  expect(events).toEqual(['create', 'status', 'status', 'leaked-key', 'download'])
  expect(log).not.toMatch(/secret-key|X-Tos/)
})

test('a create is logged with what it takes to recognise it', async () => {
  const rig = await startRig()
  const id = await rig.accepted({ seed: 3 })
  expect(rig.logged('create')).toEqual([
    {
      ...{ event: 'create', accepted: true, at: rig.clock.nowMs, id, seed: 3, tier: 'default' },
      ...{ model: 'doubao-seedance-1-5-pro-251215', live: 0, queued: 1, mostTokens: 108900 },
      text: expect.stringMatching(/^[0-9a-f]{16}$/),
      body: expect.stringMatching(/^[0-9a-f]{16}$/),
    },
  ])
})

test('the log tells what was spent: tokens stand where a task has succeeded, and nowhere else', async () => {
  const rig = await startRig()
  const done = await rig.finished({ model: v20, content: [video('https://example.com/f.mp4')] })
  await rig.finished({ content: [text('sim:fail')] })
  await rig.remove(await rig.accepted())
  const { id: draft } = await rig.finished({ draft: true, resolution: '480p' })
  const spent = rig.logged('status').filter((entry) => 'tokens' in entry)
  expect(spent.map(({ id, status, tokens }) => ({ id, status, tokens }))).toEqual([
    { id: done.id, status: 'succeeded', tokens: done.usage.completion_tokens },
    { id: draft, status: 'succeeded', tokens: (await rig.get(draft)).body.usage.completion_tokens },
  ])
})

test('no task is billed more than its create says', async () => {
  const rig = await startRig()
  const adaptive = { ratio: 'adaptive', duration: -1 }
  await rig.finished({
    model: v20,
    content: [text('a fox'), video('https://example.com/f.mp4')],
    ...adaptive,
  })
  await rig.finished({ ...adaptive, draft: true, generate_audio: false })
  await rig.finished({ ...adaptive, resolution: '1080p' })
  const billed = rig
    .logged('status')
    .flatMap(({ id, tokens }) => (tokens === undefined ? [] : [{ id, tokens }]))
  const most = rig
    .logged('create')
    .map((entry) => entry.accepted && { id: entry.id, tokens: entry.mostTokens })
  expect(billed).toHaveLength(3)
  expect(billed).toEqual(most)
})

/** A receiver of callbacks that answers with the statuses it is given, then 200. */
async function startReceiver(...statuses: number[]) {
  const received: { id: string; status: string }[] = []
  const server = createServer(async (incoming, response) => {
    received.push((await json(incoming)) as { id: string; status: string })
    response.writeHead(statuses.shift() ?? 200).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` }
}

test('each status but cancelled is posted to the callback, in order', async () => {
  const rig = await startRig()
  const { received, url } = await startReceiver()
  const { content: _, ...task } = await rig.finished({ callback_url: url })
  await expect.poll(() => received.length).toBe(3)
  expect(received.map(({ status }) => status)).toEqual(['queued', 'running', 'succeeded'])
  expect(received[2]).toMatchObject(task)
})

test('a callback that is not acknowledged is tried three more times', async () => {
  const rig = await startRig({ callbackRetryMs: 1 })
  const { received, url } = await startReceiver(500, 500, 500, 500)
  await rig.finished({ callback_url: url })
  await expect.poll(() => received.length).toBe(6)
  expect(received.map(({ status }) => status)).toEqual([...Array(4).fill('queued'), 'running', 'succeeded'])
})

test('a callback goes to loopback addresses only', async () => {
  const rig = await startRig()
  const { received, url } = await startReceiver()
  // This address does reach the receiver, but does not say so.
  await rig.accepted({ callback_url: url.replace('127.0.0.1', '0.0.0.0') })
  const { id } = await rig.finished({ callback_url: url })
  await expect.poll(() => received.length).toBe(3)
  expect(received.every((body) => body.id === id)).toBe(true)
})

test('on the system’s clock, tasks go on by themselves', async () => {
  const simulator = await startSimulator({ queuedMs: 1, taskMs: { min: 1, max: 1 } })
  onTestFinished(() => simulator.close())
  await fetch(`${simulator.baseUrl}/contents/generations/tasks`, {
    method: 'POST',
    headers: { Authorization: 'Bearer key' },
    body: JSON.stringify(request()),
  })
  await expect.poll(() => simulator.log().at(-1)).toMatchObject({ event: 'status', status: 'succeeded' })
})

test('the command turns seconds and creates a minute into the simulator’s options', async () => {
  const simulator = await simulate({
    rpm: 1,
    taskSeconds: { min: 0.001, max: 0.002 },
    urlLifetimeS: 60,
    faults: { throttle: 0 },
  })
  onTestFinished(() => simulator.close())
  const post = () =>
    fetch(`${simulator.baseUrl}/contents/generations/tasks`, {
      method: 'POST',
      headers: { Authorization: 'Bearer key' },
      body: JSON.stringify(request()),
    })
  expect([(await post()).status, (await post()).status]).toEqual([200, 429])
})
