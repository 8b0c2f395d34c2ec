import { expect, test } from 'vitest'
import { request, startRig, text } from './rig.js'

test('LIST shows the newest first, 20 to a page', async () => {
  const rig = await startRig()
  const ids: string[] = []
  for (let count = 0; count < 23; count++) ids.unshift(await rig.accepted())
  expect(await rig.listedIds()).toEqual(ids.slice(0, 20))
  expect(await rig.listedIds('?page_num=2')).toEqual(ids.slice(20))
  expect(await rig.listedIds('?page_size=5&page_num=3')).toEqual(ids.slice(10, 15))
  expect((await rig.list('?page_size=5')).body.total).toBe(23)
})

test('LIST shows flex tasks only to those who ask for them', async () => {
  const rig = await startRig()
  const flex = await rig.accepted({ service_tier: 'flex' })
  const online = await rig.accepted()
  expect(await rig.listedIds()).toEqual([online])
  expect(await rig.listedIds(`?filter.task_ids=${flex}`)).toEqual([])
  expect(await rig.listedIds('?filter.service_tier=flex')).toEqual([flex])
})

test('LIST finds the ids that are asked for, one parameter each', async () => {
  const rig = await startRig()
  const [a, b, c] = [await rig.accepted(), await rig.accepted(), await rig.accepted()]
  expect(await rig.listedIds(`?filter.task_ids=${a}&filter.task_ids=${c}`)).toEqual([c, a])
  expect(await rig.listedIds(`?filter.task_ids=${a},${b}`)).toEqual([])
})

test('LIST filters by status', async () => {
  const rig = await startRig()
  const done = await rig.accepted()
  rig.pass(11_000)
  await rig.accepted()
  expect(await rig.listedIds('?filter.status=succeeded')).toEqual([done])
})

test('filter.model matches an endpoint id, not the model that GET reports', async () => {
  const rig = await startRig()
  const id = await rig.accepted({ model: 'ep-1' })
  expect(await rig.listedIds('?filter.model=ep-1')).toEqual([id])
  expect(await rig.listedIds('?filter.model=doubao-seedance-1-5-pro-251215')).toEqual([])
})

test.each(['page_size=0', 'page_size=501', 'page_num=0', 'page_num=two', 'filter.status=expired'])(
  'LIST refuses %s',
  async (query) => {
    const rig = await startRig()
    expect(await rig.list(`?${query}`)).toMatchObject({
      status: 400,
      body: { error: { code: 'InvalidParameter' } },
    })
  },
)

test('LIST shows a task that succeeded as GET does, but for its fresh URL', async () => {
  const rig = await startRig()
  const { content: _, ...got } = await rig.finished({ seed: 8 })
  expect((await rig.list()).body.items).toMatchObject([got])
})

test('DELETE cancels a queued task, and a second DELETE is refused', async () => {
  const rig = await startRig()
  const id = await rig.accepted()
  expect(await rig.remove(id)).toMatchObject({ status: 200, body: {} })
  expect(await rig.statuses([id])).toEqual(['cancelled'])
  rig.pass(60_000)
  expect(await rig.statuses([id])).toEqual(['cancelled'])
  expect((await rig.remove(id)).status).toBe(409)
})

test('a cancelled task can be read for a day', async () => {
  const rig = await startRig()
  const id = await rig.accepted()
  await rig.remove(id)
  rig.pass(24 * 3600 * 1000 - 1)
  expect((await rig.get(id)).status).toBe(200)
  rig.pass(1)
  expect((await rig.get(id)).status).toBe(404)
})

test('DELETE of a running task is refused, and it goes on', async () => {
  const rig = await startRig()
  const id = await rig.accepted()
  rig.pass(1000)
  const { status, body } = await rig.remove(id)
  expect(status).toBe(409)
  expect(body.error).toMatchObject({ code: 'InvalidAction.RunningTaskDeletion', type: 'Conflict' })
  expect(body.error.message).toContain('Cannot delete task because it is currently running')
  rig.pass(10_000)
  expect(await rig.statuses([id])).toEqual(['succeeded'])
})

test.each(['a fox', 'sim:fail'])('DELETE of the finished task of "%s" removes its record', async (prompt) => {
  const rig = await startRig()
  const { id } = await rig.finished({ content: [text(prompt)] })
  expect((await rig.remove(id)).status).toBe(200)
  expect((await rig.get(id)).status).toBe(404)
  expect((await rig.remove(id)).status).toBe(404)
})

test('a relay says "submitted", lists few fields of every tier, and has no DELETE', async () => {
  const rig = await startRig()
  const url = `${rig.simulator.relayUrl}/contents/generations/tasks`
  const headers = { Authorization: 'Bearer key' }
  const post = (fields: Record<string, unknown>) =>
    fetch(url, { method: 'POST', headers, body: JSON.stringify(request(fields)) })
  const created = await (await post({ service_tier: 'flex' })).json()
  expect(created).toEqual({ id: expect.stringMatching(/^cgt-batch-/), status: 'submitted' })
  rig.pass(11_000)
  const { items } = (await (await fetch(`${url}?filter.task_ids=none`, { headers })).json()) as {
    items: object[]
  }
  expect(items.map((item) => Object.keys(item).sort())).toEqual([
    ['content', 'created_at', 'id', 'model', 'status', 'updated_at', 'usage'],
  ])
  const removed = await fetch(`${url}/x`, { method: 'DELETE', headers })
  expect(removed.status).toBe(404)
  expect(removed.headers.get('content-type')).toBe('text/html')
})
