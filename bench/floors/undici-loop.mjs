// The shortest program that submits: so many loops over one list, each create on a connection of its own, as shotlock
// sends them. No journal, no ids on the disk, no limit of creates a minute.
//
//   node undici-loop.mjs BASE_URL KEY REQUESTS.jsonl CONCURRENCY
import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'

const [, , baseUrl, key, file, concurrency] = process.argv
const bodies = readFileSync(file, 'utf8').trimEnd().split('\n').values()
const dispatcher = new Agent({ pipelining: 0 })
const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
const ids = []

async function submitAll() {
  for (const body of bodies) {
    const url = `${baseUrl}/contents/generations/tasks`
    const answer = await request(url, { dispatcher, method: 'POST', headers, body })
    ids.push((await answer.body.json()).id)
  }
}

await Promise.all(Array.from({ length: Number(concurrency) }, submitAll))
await dispatcher.close()
