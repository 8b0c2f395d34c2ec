// The task API of the service, as little of it as clients need, made to cost next to nothing: `shotlock simulate` makes
// a real video for every task, which takes far longer than any client. It is started by lib/task-service.mjs as a
// process of its own, takes its settings from there, and counts what it is asked for.
import { createServer } from 'node:http'
import { chance, normal } from '../lib/chance.mjs'

const base = '/api/v3/contents/generations/tasks'

/** @type {import('../lib/task-service.mjs').Settings} */
let settings = { latencyMs: 0, taskMs: { min: 0, max: 0 }, fileBytes: 1 }
/** @type {Map<string, Task>} */
let tasks = new Map()
let counts = noCounts()
let random = chance(1)
let file = Buffer.alloc(1)

/**
 * @typedef {object} Task
 * @property {string} id
 * @property {Record<string, unknown>} request
 * @property {number} createdAt
 * @property {number} readyAt
 * @property {boolean} isSeen Whether somebody was told that it has succeeded.
 */

const server = createServer(async (incoming, response) => {
  const url = new URL(incoming.url ?? '/', 'http://127.0.0.1')
  if (incoming.method === 'POST') return await create(incoming, response)
  if (url.pathname.startsWith('/files/')) return sendFile(response)
  if (url.pathname === base) return list(url.searchParams, response)
  counts.gets++
  const task = tasks.get(url.pathname.slice(base.length + 1))
  later(() =>
    task
      ? reply(response, 200, show(task))
      : reply(response, 404, { error: { code: 'NotFound', message: 'There is no such task' } }),
  )
})
// Clients that keep connections must not meet one that is just being closed.
server.keepAliveTimeout = 60_000

server.listen(0, '127.0.0.1', () => process.send?.({ port: server.address().port }))
process.on('message', ({ question, settings: changed }) => {
  if (question === 'reset') reset(changed)
  process.send?.(question === 'ids' ? [...tasks.keys()] : counts)
})
process.on('disconnect', () => process.exit())

function reset(changed) {
  settings = changed
  tasks = new Map()
  counts = noCounts()
  random = chance(1)
  if (file.length !== settings.fileBytes) file = noise(settings.fileBytes)
}

function noCounts() {
  return {
    creates: 0,
    lists: 0,
    gets: 0,
    files: 0,
    finished: 0,
    lateMs: 0,
    firstCreateAt: 0,
    lastCreateAt: 0,
    firstFileAt: 0,
  }
}

async function create(incoming, response) {
  counts.firstCreateAt ||= performance.now()
  const chunks = []
  for await (const chunk of incoming) chunks.push(chunk)
  const request = JSON.parse(Buffer.concat(chunks).toString())
  const createdAt = Date.now()
  const task = { id: nextId(createdAt), request, createdAt, readyAt: createdAt + taskMs(), isSeen: false }
  tasks.set(task.id, task)
  counts.creates++
  later(() => {
    reply(response, 200, { id: task.id })
    counts.lastCreateAt = performance.now()
  })
}

/** The service's own shape: the time in China, and five characters. */
function nextId(now) {
  const stamp = new Date(now + 8 * 3600_000).toISOString().replace(/\D/g, '').slice(0, 14)
  return `cgt-${stamp}-${tasks.size.toString(36).padStart(5, '0')}`
}

function taskMs() {
  const { taskMs } = settings
  if ('median' in taskMs) return taskMs.median * Math.exp(taskMs.sigma * normal(random))
  return taskMs.min + random() * (taskMs.max - taskMs.min)
}

function list(query, response) {
  counts.lists++
  const ids = query.getAll('filter.task_ids')
  const asked =
    ids.length > 0 ? ids : [...tasks.keys()].slice(-Number(query.get('page_size') ?? 20)).reverse()
  later(() => {
    const items = asked.flatMap((id) => (tasks.has(id) ? [show(tasks.get(id))] : []))
    reply(response, 200, { items, total: ids.length > 0 ? items.length : tasks.size })
  })
}

function show(task) {
  const { id, request, createdAt, readyAt } = task
  const { content, ...parameters } = request
  const now = Date.now()
  const head = {
    id,
    created_at: Math.floor(createdAt / 1000),
    updated_at: Math.floor(now / 1000),
    ...parameters,
  }
  if (now < readyAt) return { ...head, status: 'running' }
  if (!task.isSeen) {
    task.isSeen = true
    counts.finished++
    counts.lateMs += now - readyAt
  }
  const video_url = `http://127.0.0.1:${server.address().port}/files/${id}.mp4?signature=bench`
  const usage = { completion_tokens: 40_594, total_tokens: 40_594 }
  return { ...head, status: 'succeeded', content: { video_url }, usage }
}

function sendFile(response) {
  counts.files++
  counts.firstFileAt ||= Date.now()
  response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': file.length })
  response.end(file)
}

/** Bytes that no disk and no connection can squeeze. */
function noise(bytes) {
  const buffer = Buffer.alloc(bytes)
  const next = chance(2)
  for (let at = 0; at + 4 <= bytes; at += 4) buffer.writeUInt32LE(next() * 2 ** 32, at)
  return buffer
}

function later(work) {
  if (settings.latencyMs > 0) setTimeout(work, settings.latencyMs)
  else work()
}

function reply(response, status, body) {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}
