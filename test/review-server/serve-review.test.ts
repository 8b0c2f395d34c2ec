import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/adapters/system-clock.js'
import type { Decision } from '../../src/core/review.js'
import { serveReview } from '../../src/review-server/serve-review.js'
import { takeName } from '../core/builders.js'
import { listenTo } from '../support/event-stream.js'
import { heldLocks } from '../support/held-locks.js'
import { createRig } from '../support/rig.js'

const lockPath = '/project/.shotlock/ledger/manifests/ep01.lock'
const pick = (take: string): Decision => ({ do: 'pick', manifest: 'ep01', take: takeName(take) })

/** A server over shots in memory that are bought. */
async function serve() {
  const rig = createRig({ fox: { prompt: 'a fox', takes: 2 } })
  await rig.run()
  const locks = heldLocks()
  const ending = new AbortController()
  onTestFinished(() => ending.abort())
  const listening = new Promise<string>((onListening, reject) => {
    const options = { paths: [], cwd: '/project', rehearsal: false, selection: {}, port: 0 }
    const world = { ...rig.world, locks, clock: systemClock }
    ended = serveReview(options, world, { signal: ending.signal, onListening })
    ended.catch(reject)
  })
  const url = await listening
  const decide = async (decision: Decision) => {
    const headers = { 'content-type': 'application/json', origin: new URL(url).origin }
    return await fetch(`${url}decisions`, { method: 'POST', headers, body: JSON.stringify(decision) })
  }
  return { rig, locks, url, decide, ended, end: () => ending.abort() }
}
let ended: ReturnType<typeof serveReview>

test('a server that ends gives back what waits for a run, and nothing else', async () => {
  const { locks, decide, end, ended, rig } = await serve()
  expect((await decide(pick('fox'))).status).toBe(200)
  locks.hold(lockPath)
  expect((await decide(pick('fox@2'))).status).toBe(202)
  end()
  expect(await ended).toEqual({ undecided: [pick('fox@2')] })
  expect(rig.locked().fox).toMatchObject({ pick: true })
})

test('a page that is opened later hears what waits', async () => {
  const { locks, decide, url } = await serve()
  locks.hold(lockPath)
  await decide(pick('fox@2'))
  const page = await listenTo(url)
  expect(await page.find(({ type }) => type === 'decision')).toEqual({
    type: 'decision',
    decision: pick('fox@2'),
    answer: { kind: 'waiting' },
  })
  locks.free(lockPath)
  const answer = { kind: 'decided' }
  expect(await page.find((one) => one.type === 'decision' && one.answer.kind === 'decided')).toMatchObject({
    answer,
  })
})

test('a server that ends decides what it can before, though nobody hears of it any more', async () => {
  const { locks, decide, end, ended, rig } = await serve()
  locks.hold(lockPath)
  expect((await decide(pick('fox@2'))).status).toBe(202)
  locks.free(lockPath)
  end()
  expect(await ended).toEqual({ undecided: [] })
  expect(rig.locked()['fox@2']).toMatchObject({ pick: true })
})

test('a decision that meets a bug ends the server with it', async () => {
  const { decide, ended, rig, url } = await serve()
  const { exists } = rig.files
  rig.files.exists = () => Promise.reject(new TypeError('a bug'))
  const answer = decide(pick('fox'))
  await expect(ended).rejects.toThrow('a bug')
  rig.files.exists = exists
  await answer.catch(() => undefined)
  await expect(fetch(url)).rejects.toThrow()
})
