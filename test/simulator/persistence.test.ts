import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openJournal } from '../../src/simulator/journal-file.js'
import { startSimulator } from '../../src/simulator/server.js'
import { download, image, pngUrl, request, startRig, text } from './rig.js'

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'simulator-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

/** A simulator on the same folder, as long after `earlier` as the test says. */
async function restarted(earlier: Awaited<ReturnType<typeof startRig>>, folder: string, afterMs = 0) {
  await earlier.close()
  const nowMs = earlier.clock.nowMs + afterMs
  const rig = await startRig({ folder, liveTasks: 1, now: () => nowMs })
  return rig
}

test('a restarted simulator continues tasks where time puts them', async () => {
  const folder = await newFolder()
  const first = await startRig({ folder, liveTasks: 1 })
  const ids = [await first.accepted(), await first.accepted(), await first.accepted()]
  first.pass(5000)
  expect(await first.statuses(ids)).toEqual(['running', 'queued', 'queued'])

  const second = await restarted(first, folder, 10_000)
  expect(await second.statuses(ids)).toEqual(['succeeded', 'running', 'queued'])
  const started = second.logged('status').filter(({ status }) => status === 'running')
  expect(started.map(({ id }) => id)).toEqual(ids.slice(0, 2))
  expect(Math.max(...second.logged('status').map(({ live }) => live))).toBe(1)
})

test('what was cancelled or removed stays so', async () => {
  const folder = await newFolder()
  const first = await startRig({ folder })
  const { id: removed } = await first.finished()
  const cancelled = await first.accepted()
  await first.remove(removed)
  await first.remove(cancelled)

  const second = await restarted(first, folder, 60_000)
  expect((await second.get(removed)).status).toBe(404)
  expect(await second.statuses([cancelled])).toEqual(['cancelled'])
})

test('a restarted simulator reports a finished task as before and remembers the seeds of a prompt', async () => {
  const folder = await newFolder()
  const content = [text('sim:moderate-output-once')]
  const first = await startRig({ folder })
  await first.finished({ content, seed: 1 })
  const { content: _, ...before } = await first.finished({ content, seed: 2 })

  const second = await restarted(first, folder)
  expect((await second.get(before.id)).body).toMatchObject(before)
  expect(before.status).toBe('succeeded')
})

test.each(['tasks.jsonl', 'log.jsonl'])('a torn last line of %s is cut off', async (name) => {
  const folder = await newFolder()
  const first = await startRig({ folder })
  const id = await first.accepted()
  await appendFile(join(folder, name), '{"event":"crea')

  const second = await restarted(first, folder)
  const other = await second.accepted()
  expect((await second.listedIds()).sort()).toEqual([id, other].sort())
  const lines = (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n')
  expect(lines.map((line) => JSON.parse(line).event)).toHaveLength(2)
})

test('damage before the last line is an error', async () => {
  const folder = await newFolder()
  await writeFile(join(folder, 'tasks.jsonl'), '{"event":\n{"event":"removed","id":"x"}\n')
  await expect(startSimulator({ folder })).rejects.toMatchObject({ code: 'state-unreadable' })
})

test('a folder that cannot be made is an error', async () => {
  const folder = await newFolder()
  await writeFile(join(folder, 'file'), '')
  const inside = join(folder, 'file', 'state')
  await expect(startSimulator({ folder: inside })).rejects.toMatchObject({ code: 'state-unwritable' })
})

test('a file made again after a restart is the same, and its old signature still good', async () => {
  const folder = await newFolder()
  const first = await startRig({ folder })
  const { content } = await first.finished({ content: [image(pngUrl(400, 400))], duration: 4 })
  const before = await download(content.video_url)
  await first.close()
  await rm(join(folder, 'files'), { recursive: true })

  const second = await startRig({ folder })
  second.pass(11_000)
  const { pathname, search } = new URL(content.video_url)
  expect(await download(new URL(pathname + search, second.simulator.baseUrl).href)).toEqual(before)
})

test('a create is in both files before it is answered', async () => {
  const folder = await newFolder()
  const rig = await startRig({ folder, faults: { latencyMs: 60_000 } })
  const given = new AbortController()
  const answer = rig.call('POST', '', { body: JSON.stringify(request()), signal: given.signal })
  const created = async (name: string) => (await readFile(join(folder, name), 'utf8')).includes('"create')
  await expect.poll(() => created('log.jsonl')).toBe(true)
  expect(await created('tasks.jsonl')).toBe(true)
  given.abort()
  await expect(answer).rejects.toThrow()
})

test('a journal in memory reads like one on disk', async () => {
  const path = join(await newFolder(), 'journal')
  const journals = [openJournal(path), openJournal(undefined)]
  for (const journal of journals) {
    onTestFinished(() => journal.close())
    journal.append({ a: 1 })
    journal.append({ b: '狐狸\n' })
  }
  const [disk, memory] = journals
  expect(disk!.text()).toBe(memory!.text())
  expect(disk!.entries()).toEqual([{ a: 1 }, { b: '狐狸\n' }])
})
