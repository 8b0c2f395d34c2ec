import { expect, test } from 'vitest'
import { pro10, request, startRig } from './rig.js'

const burst = (count: number, create: (seed: number) => Promise<unknown>) =>
  Promise.all(Array.from({ length: count }, (_, seed) => create(seed)))

test('never more tasks run than the account allows, and all of them end', async () => {
  const rig = await startRig({ taskMs: { min: 1000, max: 20_000 } })
  await burst(100, (seed) => rig.accepted({ seed }))
  rig.pass(3600_000)
  rig.simulator.advance()
  const changes = rig.logged('status')
  expect(Math.max(...changes.map(({ live }) => live))).toBe(10)
  expect(changes.filter(({ status }) => status === 'succeeded')).toHaveLength(100)
})

test('tasks start in the order in which they came', async () => {
  const rig = await startRig({ liveTasks: 1 })
  const ids: string[] = []
  for (let count = 0; count < 4; count++) ids.push(await rig.accepted())
  rig.pass(60_000)
  rig.simulator.advance()
  const started = rig.logged('status').filter(({ status }) => status === 'running')
  expect(started.map(({ id }) => id)).toEqual(ids)
})

test('each model has slots of its own', async () => {
  const rig = await startRig({ liveTasks: 1 })
  const ids = [await rig.accepted(), await rig.accepted(), await rig.accepted({ model: pro10 })]
  rig.pass(1000)
  expect(await rig.statuses(ids)).toEqual(['running', 'queued', 'running'])
})

test('flex tasks all run at once and take no slots', async () => {
  const rig = await startRig({ liveTasks: 1 })
  const flex = [await rig.accepted({ service_tier: 'flex' }), await rig.accepted({ service_tier: 'flex' })]
  const online = await rig.accepted()
  rig.pass(1000)
  expect(await rig.statuses([...flex, online])).toEqual(['running', 'running', 'running'])
})

test('a cancelled task leaves its place in the queue to the next', async () => {
  const rig = await startRig({ liveTasks: 1 })
  const [first, second, third] = [await rig.accepted(), await rig.accepted(), await rig.accepted()]
  rig.pass(2000)
  await rig.remove(second)
  rig.pass(9000)
  expect(await rig.statuses([first, second, third])).toEqual(['succeeded', 'cancelled', 'running'])
})

test('creates over the limit of any minute are refused, without a Retry-After', async () => {
  const rig = await startRig({ createsPerMinute: 3 })
  await rig.accepted()
  rig.pass(30_000)
  await rig.accepted()
  await rig.accepted()
  const refused = await rig.create()
  expect(refused).toMatchObject({
    status: 429,
    body: { error: { code: 'ModelAccountRpmRateLimitExceeded', type: 'TooManyRequests' } },
  })
  expect(refused.headers.has('retry-after')).toBe(false)
  rig.pass(30_000)
  await rig.accepted()
  expect((await rig.create()).status).toBe(429)
})

test('the default limit is the model’s own 600 creates a minute', async () => {
  const rig = await startRig({ queueLimit: 1000 })
  const answers = await burst(601, () => rig.create())
  expect(answers.filter((answer) => (answer as { status: number }).status === 429)).toHaveLength(1)
})

test('a full queue refuses creates until there is room', async () => {
  const rig = await startRig({ liveTasks: 1, queueLimit: 2 })
  await rig.accepted()
  rig.pass(1000)
  await rig.accepted()
  await rig.accepted()
  const { status, body } = await rig.create()
  expect(status).toBe(429)
  expect(body.error.code).toBe('QuotaExceeded')
  expect(body.error.message).toContain('too many queued tasks')
  expect((await rig.create(request({ service_tier: 'flex' }))).status).toBe(200)
  rig.pass(10_000)
  expect((await rig.create()).status).toBe(200)
})
