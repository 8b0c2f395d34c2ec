import { expect, test } from 'vitest'
import { bytesOf, download, startRig } from './rig.js'

/** A rig with one finished task of the shortest length, and its video's address. */
async function startWithVideo(options: Parameters<typeof startRig>[0] = {}) {
  const rig = await startRig(options)
  const task = await rig.finished({ model: 'seedance-1-0-pro-250528', frames: 29, ratio: '16:9', seed: 1 })
  return { rig, task, url: task.content.video_url as string }
}

test('a video is served whole, with its length, type and ETag', async () => {
  const { url } = await startWithVideo()
  const response = await fetch(url)
  const bytes = await bytesOf(response)
  expect(response.status).toBe(200)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'video/mp4',
    'content-length': String(bytes.length),
    'accept-ranges': 'bytes',
    etag: expect.stringMatching(/^"[0-9a-f]{32}"$/),
  })
})

test('HEAD tells the same as GET, without the file', async () => {
  const { url } = await startWithVideo()
  const [head, get] = [await fetch(url, { method: 'HEAD' }), await fetch(url)]
  expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'))
  expect(head.headers.get('etag')).toBe(get.headers.get('etag'))
  expect(await bytesOf(head)).toHaveLength(0)
})

test.each([
  ['bytes=0-99', 0, 100],
  ['bytes=100-', 100, undefined],
  ['bytes=-50', -50, undefined],
  ['bytes=100-9999999', 100, undefined],
])('Range %s gives that part', async (range, from, to) => {
  const { url } = await startWithVideo()
  const whole = await download(url)
  const wanted = whole.subarray(from, to)
  const response = await fetch(url, { headers: { range } })
  expect(response.status).toBe(206)
  const first = from < 0 ? whole.length + from : from
  expect(response.headers.get('content-range')).toBe(
    `bytes ${first}-${first + wanted.length - 1}/${whole.length}`,
  )
  expect(await bytesOf(response)).toEqual(wanted)
})

test('a range past the end is not satisfiable', async () => {
  const { url } = await startWithVideo()
  const size = (await download(url)).length
  const response = await fetch(url, { headers: { range: `bytes=${size}-` } })
  expect(response.status).toBe(416)
  expect(response.headers.get('content-range')).toBe(`bytes */${size}`)
})

test.each(['bytes=5-1', 'bytes=0-1,4-5', 'bytes=-', 'lines=0-1'])('Range %s is ignored', async (range) => {
  const { url } = await startWithVideo()
  expect((await fetch(url, { headers: { range } })).status).toBe(200)
})

test('If-Range gives the part only while the file is the same', async () => {
  const { url } = await startWithVideo()
  const etag = (await fetch(url)).headers.get('etag')!
  const status = async (ifRange: string) =>
    (await fetch(url, { headers: { range: 'bytes=9-', 'if-range': ifRange } })).status
  expect(await status(etag)).toBe(206)
  expect(await status('"other"')).toBe(200)
})

test('a URL dies at the end of its lifetime, and GET gives a fresh one', async () => {
  const { rig, task, url } = await startWithVideo({ urlLifetimeMs: 60_000 })
  expect(new URL(url).searchParams.get('X-Tos-Expires')).toBe('60')
  rig.pass(60_000)
  expect((await fetch(url)).status).toBe(200)
  rig.pass(1000)
  const dead = await fetch(url)
  expect(dead.status).toBe(403)
  expect(await dead.text()).toContain('<Code>AccessDenied</Code>')
  expect((await fetch((await rig.get(task.id)).body.content.video_url)).status).toBe(200)
})

test('a file is gone a day after its task succeeded, though the task can still be read', async () => {
  const { rig, task } = await startWithVideo()
  rig.pass(24 * 3600 * 1000 + 1)
  const { body } = await rig.get(task.id)
  const response = await fetch(body.content.video_url)
  expect(body.status).toBe('succeeded')
  expect(response.status).toBe(404)
  expect(await response.text()).toContain('<Code>NoSuchKey</Code>')
})

test.each<[string, (url: URL) => void]>([
  ['another signature', (url) => url.searchParams.set('X-Tos-Signature', 'f'.repeat(64))],
  ['a shorter signature', (url) => url.searchParams.set('X-Tos-Signature', 'f')],
  ['a longer lifetime', (url) => url.searchParams.set('X-Tos-Expires', '999999')],
  ['another file', (url) => (url.pathname = '/files/cgt-20260108111352-aaaaa.mp4')],
  ['no signature', (url) => (url.search = '')],
])('a URL with %s is refused', async (_, change) => {
  const { url } = await startWithVideo()
  const changed = new URL(url)
  change(changed)
  expect((await fetch(changed)).status).toBe(403)
})

test('an API key sent with a file request is refused and logged as leaked', async () => {
  const { rig, url } = await startWithVideo()
  const response = await fetch(url, { headers: { Authorization: 'Bearer key' } })
  expect(response.status).toBe(400)
  expect(rig.logged('leaked-key')).toMatchObject([{ file: new URL(url).pathname }])
})

test('a file request that is neither GET nor HEAD is refused', async () => {
  const { url } = await startWithVideo()
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(405)
})

test('a removed task has no file', async () => {
  const { rig, task, url } = await startWithVideo()
  await rig.remove(task.id)
  expect((await fetch(url)).status).toBe(404)
})

test('a last frame that was not asked for does not exist', async () => {
  const { task } = await startWithVideo()
  expect(task.content).not.toHaveProperty('last_frame_url')
})

test('videoNotReady refuses the first download of a video only', async () => {
  const { rig, url } = await startWithVideo({ faults: { videoNotReady: 1 } })
  const first = await fetch(url)
  expect({ status: first.status, body: await first.json() }).toMatchObject({
    status: 400,
    body: { error: { code: 'video_not_ready' } },
  })
  expect((await fetch(url)).status).toBe(200)
  expect(rig.logged('download').map(({ status, fault }) => [status, fault])).toEqual([
    [400, 'videoNotReady'],
    [200, undefined],
  ])
})

test('downloadCut ends a download in the middle of the file, and a range gets the rest', async () => {
  const { rig, url } = await startWithVideo()
  const whole = await download(url)
  rig.simulator.faults = { downloadCut: 1 }
  const received: Uint8Array[] = []
  const reading = async () => {
    for await (const chunk of (await fetch(url)).body!) received.push(chunk)
  }
  await expect(reading()).rejects.toThrow()
  const half = Buffer.concat(received)
  expect(half).toHaveLength(Math.ceil(whole.length / 2))
  rig.simulator.faults = {}
  const rest = await download(url, { range: `bytes=${half.length}-` })
  expect(Buffer.concat([half, rest])).toEqual(Buffer.from(whole))
})

test('noRange sends the whole file whatever is asked for', async () => {
  const { url } = await startWithVideo({ faults: { noRange: true } })
  const response = await fetch(url, { headers: { range: 'bytes=5-' } })
  expect(response.status).toBe(200)
  expect(response.headers.has('accept-ranges')).toBe(false)
})
