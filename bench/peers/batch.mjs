// A batch as one writes it in an afternoon: so many at a time, each created with retries, asked for until it has ended,
// and downloaded. What it does not do: a create whose answer was lost is bought again; ids are only in memory, so a
// process that dies forgets what it has paid for; nothing is hashed, flushed or checked for its length.
//
//   node batch.mjs BASE_URL KEY REQUESTS.jsonl FOLDER CONCURRENCY POLL_MS
import { createWriteStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'

const [, , baseUrl, key, file, folder, concurrency, pollMs] = process.argv
const url = `${baseUrl}/contents/generations/tasks`
const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
const tries = 5

async function call(url, options) {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await fetch(url, options)
      if (response.ok) return response
      if (response.status !== 429 && response.status < 500) throw new Refused(`status ${response.status}`)
      if (attempt === tries) throw new Error(`status ${response.status}`)
    } catch (error) {
      if (error instanceof Refused || attempt === tries) throw error
    }
    await sleep(500 * 2 ** attempt * Math.random())
  }
}

class Refused extends Error {}

async function makeVideo(body, index) {
  const { id } = await (await call(url, { method: 'POST', headers, body })).json()
  for (;;) {
    await sleep(Number(pollMs))
    const task = await (await call(`${url}/${id}`, { headers })).json()
    if (task.status === 'succeeded') {
      const { body } = await call(task.content.video_url)
      await pipeline(Readable.fromWeb(body), createWriteStream(join(folder, `${index}.mp4`)))
      return { id, status: task.status }
    }
    if (task.status !== 'queued' && task.status !== 'running') return { id, status: task.status }
  }
}

mkdirSync(folder, { recursive: true })
const bodies = readFileSync(file, 'utf8').trimEnd().split('\n')
const results = []
const queue = bodies.entries()
await Promise.all(
  Array.from({ length: Number(concurrency) }, async () => {
    for (const [index, body] of queue) {
      results[index] = await makeVideo(body, index).catch((error) => ({
        status: 'failed',
        error: String(error),
      }))
    }
  }),
)
writeFileSync(join(folder, 'results.json'), JSON.stringify(results, null, 2))
process.exitCode = results.every(({ status }) => status === 'succeeded') ? 0 : 1
