import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { encodeBody, videoApi } from '../../src/adapters/video-api/client.js'
import { ProviderError } from '../../src/core/errors.js'
import type { VideoRequest } from '../../src/core/request.js'
import { taskId } from '../../src/core/task.js'
import { serve } from '../support/http-server.js'

const apiKey = 'sk-very-secret-key'
const request: VideoRequest = { model: 'm', content: [{ type: 'text', text: '狐狸' }], seed: 7 }
const tasks = '/contents/generations/tasks'

function client(baseUrl: string) {
  const provider = videoApi({ name: 'relay', baseUrl, apiKey })
  onTestFinished(() => provider.close())
  return provider
}

/** A server below HTTP: what it does with a connection is all there is. */
async function listen(onConnection: (socket: Socket) => void): Promise<string> {
  const server = createServer(onConnection)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('create', () => {
  test('posts the body as it is, with the key, and reads the id', async () => {
    const { url, requests } = await serve((_, response) => response.end('{"id":"cgt-1"}'))

    expect(await client(url).create(request)).toEqual({ kind: 'accepted', taskId: 'cgt-1' })
    expect(requests[0]).toMatchObject({
      method: 'POST',
      url: tasks,
      headers: { authorization: `Bearer ${apiKey}` },
    })
    expect(JSON.parse(requests[0]!.body)).toEqual(request)
  })

  test('uses a connection of its own every time', async () => {
    const { url, requests } = await serve((_, response) => response.end('{"id":"cgt-1"}'))
    const provider = client(url)
    for (let i = 0; i < 5; i++) await provider.create(request)
    expect(new Set(requests.map(({ socket }) => socket)).size).toBe(5)
  })

  test('was not sent when nobody listens', async () => {
    const url = await listen(() => undefined)
    const closed = createServer()
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve))
    const { port } = closed.address() as AddressInfo
    await new Promise((resolve) => closed.close(resolve))
    expect(url).not.toContain(String(port))
    expect(await client(`http://127.0.0.1:${port}`).create(request)).toMatchObject({ kind: 'unsent' })
  })

  test('was not sent when the name does not resolve', async () => {
    expect(await client('http://shotlock.invalid').create(request)).toMatchObject({ kind: 'unsent' })
  })

  test('was not sent when the server speaks no TLS', async () => {
    const url = await listen((socket) => socket.end('not TLS at all'))
    expect(await client(url.replace('http:', 'https:')).create(request)).toMatchObject({ kind: 'unsent' })
  })

  test('may have been bought when the connection ends without an answer', async () => {
    const url = await listen((socket) => socket.once('data', () => socket.destroy()))
    expect(await client(url).create(request)).toMatchObject({ kind: 'unknown' })
  })

  test('may have been bought when the connection is reset', async () => {
    const url = await listen((socket) => socket.once('data', () => socket.resetAndDestroy()))
    expect(await client(url).create(request)).toMatchObject({ kind: 'unknown' })
  })

  test('may have been bought when the answer breaks off', async () => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 14\r\n\r\n'
    const url = await listen((socket) => socket.once('data', () => socket.end(`${head}{"id":`)))
    expect(await client(url).create(request)).toMatchObject({ kind: 'unknown' })
  })

  test.each([
    [200, 'text/html', '<html>welcome</html>', 'unknown'],
    [200, 'application/json', '{"status":"submitted"}', 'unknown'],
    [500, 'application/json', '{"error":{"code":"InternalServiceError","message":""}}', 'unknown'],
    [502, 'text/html', '<html>bad gateway</html>', 'unknown'],
    [404, 'text/html', '<html>not found</html>', 'unknown'],
    [409, 'application/json', '{"error":{"code":"Conflict","message":""}}', 'unknown'],
    [301, 'text/html', '', 'unknown'],
    [400, 'application/json', '{"error":{"code":"InvalidParameter","message":"duration"}}', 'refused'],
    [401, 'application/json', '{"error":{"code":"AuthenticationError","message":"key"}}', 'refused'],
    [429, 'application/json', '{"error":{"code":"ServerOverloaded","message":""}}', 'throttled'],
    [200, 'application/json', '{"id":"task_1","status":"submitted"}', 'accepted'],
  ] as const)('answered %i %s %s is %s', async (status, contentType, body, kind) => {
    const { url } = await serve((_, response) =>
      response.writeHead(status, { 'content-type': contentType }).end(body),
    )
    expect(await client(url).create(request)).toMatchObject({ kind })
  })

  test('honours Retry-After in seconds', async () => {
    const { url } = await serve((_, response) =>
      response
        .writeHead(429, { 'retry-after': '3' })
        .end('{"error":{"code":"ServerOverloaded","message":""}}'),
    )
    expect(await client(url).create(request)).toMatchObject({ kind: 'throttled', retryAfterMs: 3000 })
  })

  test('never repeats the key that a server echoes', async () => {
    const { url } = await serve((_, response) =>
      response
        .writeHead(401)
        .end(JSON.stringify({ error: { code: 'AuthenticationError', message: `bad key ${apiKey}` } })),
    )
    const answer = await client(url).create(request)
    expect(answer).toMatchObject({ kind: 'refused' })
    expect(JSON.stringify(answer)).not.toContain(apiKey)
  })
})

describe('retrieve and list', () => {
  test('read a task in full', async () => {
    const body = {
      ...{
        id: 'cgt-1',
        model: 'm',
        status: 'succeeded',
        seed: 7,
        resolution: '480p',
        ratio: '16:9',
        duration: '4',
      },
      ...{
        content: { video_url: 'https://x.test/v.mp4?sig=1' },
        usage: { completion_tokens: '40594' },
        error: null,
      },
    }
    const { url } = await serve((_, response) => response.end(JSON.stringify(body)))
    expect(await client(url).retrieve(taskId('cgt-1'))).toMatchObject({
      status: 'succeeded',
      duration: 4,
      completionTokens: 40594,
      error: undefined,
    })
  })

  test.each([
    ['processing', 'running'],
    ['SUCCESS', 'unrecognised'],
    ['FAILURE', 'unrecognised'],
    ['somewhere over the rainbow', 'unrecognised'],
    ['canceled', 'cancelled'],
  ])('read the status %s as %s', async (word, status) => {
    const { url } = await serve((_, response) => response.end(JSON.stringify({ id: 'a', status: word })))
    expect(await client(url).retrieve(taskId('a'))).toMatchObject({ status })
  })

  test('read a task that an old relay wraps', async () => {
    const wrapped = { code: 'success', data: { task_id: 'a', data: { id: 'a', status: 'running' } } }
    const { url } = await serve((_, response) => response.end(JSON.stringify(wrapped)))
    expect(await client(url).retrieve(taskId('a'))).toMatchObject({ id: 'a', status: 'running' })
  })

  test('fail with the status and code of the service', async () => {
    const { url } = await serve((_, response) =>
      response.writeHead(404).end('{"error":{"code":"NotFound.Task","message":"no"}}'),
    )
    await expect(client(url).retrieve(taskId('a'))).rejects.toMatchObject({
      status: 404,
      providerCode: 'NotFound.Task',
    })
  })

  test('ask for many ids by repeating the parameter, in the flex tier when told', async () => {
    const { url, requests } = await serve((_, response) =>
      response.end('{"items":[{"id":"a"},{"id":"other"}],"total":2}'),
    )
    const found = await client(url).listByIds([taskId('a'), taskId('b')], { flex: true })

    expect(found.map(({ id }) => id)).toEqual(['a'])
    const query = new URL(requests[0]!.url, url).searchParams
    expect(query.getAll('filter.task_ids')).toEqual(['a', 'b'])
    expect(query.get('filter.service_tier')).toBe('flex')
  })

  test('keep their connection from call to call', async () => {
    const { url, requests } = await serve((_, response) => response.end('{"id":"a","status":"running"}'))
    const provider = client(url)
    for (let i = 0; i < 5; i++) await provider.retrieve(taskId('a'))
    expect(new Set(requests.map(({ socket }) => socket)).size).toBeLessThanOrEqual(2)
  })
})

describe('check', () => {
  test('passes where LIST is missing: many relays have none', async () => {
    const { url } = await serve((_, response) => response.writeHead(404).end('<html>no</html>'))
    await expect(client(url).check()).resolves.toBeUndefined()
  })

  test.each([
    [401, 'AuthenticationError'],
    [403, 'AccountOverdueError'],
  ])('status %i %s refuses the account', async (status, code) => {
    const { url } = await serve((_, response) =>
      response.writeHead(status).end(JSON.stringify({ error: { code, message: '' } })),
    )
    await expect(client(url).check()).rejects.toMatchObject({ code: 'account-refused' })
  })

  test('a dead line is told apart from a bad key', async () => {
    await expect(client('http://shotlock.invalid').check()).rejects.toMatchObject({
      code: 'provider-unreachable',
    })
  })
})

describe('download', () => {
  async function read(chunks: AsyncIterable<Uint8Array>): Promise<string> {
    const parts: Uint8Array[] = []
    for await (const chunk of chunks) parts.push(chunk)
    return Buffer.concat(parts).toString()
  }

  test('never sends the key to the host of the files', async () => {
    const { url, requests } = await serve((_, response) => response.end('video'))
    await read((await client('https://api.test').download(`${url}/v.mp4`)).chunks)
    expect(requests[0]!.headers.authorization).toBeUndefined()
    expect(JSON.stringify(requests[0]!.headers)).not.toContain(apiKey)
  })

  test('asks for the rest from an offset', async () => {
    const { url, requests } = await serve((_, response) =>
      response.writeHead(206, { 'content-range': 'bytes 3-4/5' }).end('eo'),
    )
    const { offset, totalBytes, chunks } = await client('https://api.test').download(`${url}/v.mp4`, {
      offset: 3,
    })
    expect({ offset, totalBytes, text: await read(chunks) }).toEqual({ offset: 3, totalBytes: 5, text: 'eo' })
    expect(requests[0]!.headers.range).toBe('bytes=3-')
  })

  test('says that a server without ranges began anew', async () => {
    const { url } = await serve((_, response) => response.end('video'))
    expect(await client('https://api.test').download(`${url}/v.mp4`, { offset: 3 })).toMatchObject({
      offset: 0,
      totalBytes: 5,
    })
  })

  test('fails with the status when the URL has died, and does not repeat its signature', async () => {
    const { url } = await serve((_, response) => response.writeHead(403).end('<Error/>'))
    const error = await client('https://api.test')
      .download(`${url}/v.mp4?X-Tos-Signature=abc`)
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ProviderError)
    expect(error).toMatchObject({ status: 403 })
    expect(String(error)).not.toContain('abc')
  })

  test('refuses plain http beyond this machine', async () => {
    await expect(client('https://api.test').download('http://files.test/v.mp4')).rejects.toBeInstanceOf(
      ProviderError,
    )
  })
})

describe('the body of a create', () => {
  const body = (text: string, url: string, extra = {}) => ({
    model: 'seedance',
    content: [
      { type: 'text' as const, text },
      { type: 'image_url' as const, image_url: { url }, role: 'first_frame' as const },
      { type: 'image_url' as const, image_url: { url: `${url}=` }, role: 'last_frame' as const },
    ],
    ...extra,
  })
  const large = `data:image/png;base64,${'abcd'.repeat(30_000)}`

  test.each([
    ['large data URLs', body('狐狸 "fox" \\', large)],
    ['small ones', body('a fox', 'data:image/png;base64,abcd')],
    ['a large one that JSON has to escape', body('a fox', `${large}"\\`)],
    ['a large one with more than ASCII', body('a fox', `${large}狐狸`)],
    ['a large text that is no data URL', body('a fox', 'x'.repeat(200_000), { url: 'y'.repeat(200_000) })],
  ])('is the JSON of the request, with %s', (_, request) => {
    expect(encodeBody(request).toString()).toBe(JSON.stringify(request))
  })
})
