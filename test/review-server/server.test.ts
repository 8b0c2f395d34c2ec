import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { request as send } from 'node:http'
import { connect, type Socket } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { nodeFiles } from '../../src/adapters/node-files.js'
import type { Decision, DecisionAnswer, Review, ReviewEvent } from '../../src/core/review.js'
import { hostsAt, MediaTable, type ReviewServer, startReviewServer } from '../../src/review-server/server.js'
import { takeName } from '../core/builders.js'
import { listenTo } from '../support/event-stream.js'

const review: Review = {
  format: 1,
  mode: 'server',
  rehearsal: false,
  manifests: [{ name: 'ep', file: 'ep.yaml', running: false, shots: [] }],
}
const assets = { script: 'start()', style: 'a { color: red }' }
const pick: Decision = { do: 'pick', manifest: 'ep', take: takeName('fox@2') }

let folder = ''
let server: ReviewServer
let media: MediaTable
let decisions: Decision[] = []
let bugs: unknown[] = []
let decide: () => Promise<DecisionAnswer>

beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'shotlock-server-')))
  mkdirSync(join(folder, 'project'))
  media = new MediaTable()
  decisions = []
  bugs = []
  decide = async () => ({ kind: 'decided', manifest: 'ep', shots: [] })
  server = await startReviewServer({
    watched: {
      review,
      roots: () => new Set([join(folder, 'project')]),
      all: () => [{ type: 'manifests', names: ['ep'] }],
    },
    decide: (decision) => {
      decisions.push(decision)
      return decide()
    },
    waiting: () => [],
    onBug: (error) => bugs.push(error),
    media,
    files: nodeFiles,
    assets,
    port: 0,
  })
  onTestFinished(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })
})

interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** A request as it is written here: paths are not tidied, and headers may name anything. */
function ask(
  path: string,
  { method = 'GET', headers = {}, body }: { method?: string; headers?: Headers; body?: string | Buffer } = {},
): Promise<Answer> {
  const { hostname, port } = new URL(server.url)
  return new Promise((resolve, reject) => {
    const sent = send({ hostname, port, path, method, headers, agent: false }, async (response) => {
      let text = ''
      for await (const chunk of response.setEncoding('utf8')) text += chunk
      resolve({ status: response.statusCode!, headers: response.headers, body: text })
    })
    sent.on('error', reject).end(body)
  })
}
type Headers = Record<string, string>

/** What follows the server's name in the page's address. */
const base = () => new URL(server.url).pathname
const authority = () => new URL(server.url).host
const port = () => new URL(server.url).port
const origin = () => new URL(server.url).origin

const decideBy = (headers: Headers, body: string | Buffer = JSON.stringify(pick)) =>
  ask(`${base()}decisions`, { method: 'POST', headers, body })
const json = { 'content-type': 'application/json' }
const own = () => ({ ...json, origin: origin() })

/** Puts a film into the project, or elsewhere, and lists it. */
function list(name: string, content = 'film'): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return media.hrefOf(path)!
}

describe('the page', () => {
  test('is had by the address that is printed', async () => {
    const { status, headers, body } = await ask(base())
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(body).toContain('"name":"ep"')
    expect(body).not.toContain(base().replaceAll('/', ''))
  })

  test('is not sent for HEAD, and knows no other way to be asked for', async () => {
    expect(await ask(base(), { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      expect(await ask(base(), { method })).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
  })

  test('is allowed nothing from elsewhere, may be framed by nobody and is kept by no cache', async () => {
    const { headers } = await ask(base())
    const policy = String(headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).toContain("connect-src 'self'")
    expect(policy.replace("img-src 'self' data:", '')).not.toMatch(
      /\*|https?:|data:|unsafe-eval|script-src[^;]*'(self|unsafe-inline)'/,
    )
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY' })
  })
})

describe('the token', () => {
  test('is long, and another one each time', async () => {
    const other = await startReviewServer({
      watched: { review, roots: () => new Set(), all: () => [] },
      decide,
      waiting: () => [],
      onBug: () => undefined,
      media,
      files: nodeFiles,
      assets,
      port: 0,
    })
    await other.close()
    expect(base()).toMatch(/^\/[\w-]{43}\/$/)
    expect(new URL(other.url).pathname).not.toBe(base())
  })

  test.each([
    ['nothing', () => '/'],
    ['no path at all', () => ''],
    ['another token', () => `/${'A'.repeat(43)}/`],
    ['a part of it', () => base().replace(/.\/$/, '/')],
    ['more than it', () => base().replace(/\/$/, 'A/')],
    [
      'the token in other letters',
      () => base().replace(/[a-zA-Z]/, (one) => (one < 'a' ? one.toLowerCase() : one.toUpperCase())),
    ],
    ['no slash behind it', () => base().replace(/\/$/, '')],
    ['the token as a query', () => `/?${base().replaceAll('/', '')}`],
    ['decisions beside it', () => '/decisions'],
    ['media beside it', () => '/media/0'],
    ['a whole address', () => server.url],
    [
      'the token in another spelling',
      () => base().replace(/[a-zA-Z]/, (one) => `%${one.charCodeAt(0).toString(16)}`),
    ],
  ])('is asked for: %s gets 404', async (_, path) => {
    list('project/film.mp4')
    expect(await ask(path())).toMatchObject({ status: 404, body: '' })
    expect(await ask(path(), { method: 'POST', headers: own(), body: JSON.stringify(pick) })).toMatchObject({
      status: 404,
    })
    expect(decisions).toEqual([])
  })
})

describe('the host', () => {
  test('may be this address or localhost', async () => {
    for (const host of [authority(), `localhost:${port()}`])
      expect(await ask(base(), { headers: { host } })).toMatchObject({ status: 200 })
  })

  test('may leave out the port where that is the usual one, as browsers do', () => {
    expect(hostsAt(80)).toEqual(['127.0.0.1', 'localhost'])
    expect(hostsAt(8080)).toEqual(['127.0.0.1:8080', 'localhost:8080'])
  })

  test.each([
    ['a name of somebody else that leads here', () => `attacker.example:${port()}`],
    ['no port', () => '127.0.0.1'],
    ['another port', () => '127.0.0.1:1'],
    ['one that begins alike', () => `127.0.0.1.attacker.example:${port()}`],
    ['one that ends alike', () => `attacker-localhost:${port()}`],
    ['every address', () => `0.0.0.0:${port()}`],
  ])('cannot be %s', async (_, host) => {
    const headers = { ...own(), host: host() }
    for (const path of [base(), `${base()}events`, `${base()}media/0`])
      expect(await ask(path, { headers })).toMatchObject({ status: 421, body: '' })
    expect(await decideBy(headers)).toMatchObject({ status: 421 })
    expect(decisions).toEqual([])
  })

  test('cannot be left out, as old clients may', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(port()), '127.0.0.1')
      let text = ''
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      socket.on('close', () => resolve(text)).write(`GET ${base()} HTTP/1.0\r\n\r\n`)
    })
    expect(answer).toMatch(/^HTTP\/1\.1 421 /)
  })

  test('is this machine alone: nobody is heard at its other addresses', async () => {
    const outward = Object.values(networkInterfaces())
      .flatMap((found) => found ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
    for (const host of [...outward.map(({ address }) => address), '127.0.0.2', '::1']) {
      const reached = await new Promise((resolve) => {
        const socket = connect({ host, port: Number(port()) })
        socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
        onTestFinished(() => void socket.destroy())
      })
      expect([host, reached]).toEqual([host, false])
    }
  })
})

describe('a decision', () => {
  test.each([
    ['decided', 200, { kind: 'decided', manifest: 'ep', shots: [] }],
    ['waiting', 202, { kind: 'waiting' }],
    ['refused', 409, { kind: 'refused', code: 'cannot-pick', message: 'no' }],
  ] as const)('from the page is carried out, and its answer is told: %s', async (_, status, answer) => {
    decide = async () => answer
    const { body, ...rest } = await decideBy(own())
    expect(rest).toMatchObject({ status, headers: { 'content-type': 'application/json' } })
    expect(JSON.parse(body)).toEqual(answer)
    expect(decisions).toEqual([pick])
  })

  test('is taken from the page at localhost too, and with what browsers add', async () => {
    const atLocalhost = { ...json, host: `localhost:${port()}`, origin: `http://localhost:${port()}` }
    expect(await decideBy({ ...atLocalhost, 'sec-fetch-site': 'same-origin' })).toMatchObject({ status: 200 })
    expect(await decideBy({ ...own(), 'content-type': 'Application/JSON; charset=utf-8' })).toMatchObject({
      status: 200,
    })
  })

  test.each([
    ['no origin', () => json],
    ['the origin of elsewhere', () => ({ ...json, origin: 'https://attacker.example' })],
    ['the origin of a page from the disk', () => ({ ...json, origin: 'null' })],
    ['the origin of another server here', () => ({ ...json, origin: 'http://127.0.0.1:1' })],
    ['another scheme', () => ({ ...json, origin: origin().replace('http:', 'https:') })],
    ['an origin that begins alike', () => ({ ...json, origin: `${origin()}.attacker.example` })],
    ['a site that is another', () => ({ ...own(), 'sec-fetch-site': 'cross-site' })],
    ['a site that is only near', () => ({ ...own(), 'sec-fetch-site': 'same-site' })],
    ['an address that was typed', () => ({ ...own(), 'sec-fetch-site': 'none' })],
  ])('with %s is refused', async (_, headers) => {
    expect(await decideBy(headers())).toMatchObject({ status: 403 })
    expect(decisions).toEqual([])
  })

  test.each([
    ['no type', {}],
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['plain text', { 'content-type': 'text/plain' }],
    ['a type that begins alike', { 'content-type': 'application/json-patch+json' }],
  ])('as %s is refused', async (_, headers) => {
    expect(await decideBy({ origin: origin(), ...headers })).toMatchObject({ status: 415 })
    expect(decisions).toEqual([])
  })

  test.each([
    ['nothing', ''],
    ['no JSON', '{"do":'],
    ['no decision', '{"do":"delete","manifest":"ep"}'],
    ['a field too many', JSON.stringify({ ...pick, path: '/etc/passwd' })],
    ['no text', Buffer.from([0xff, 0xfe, 0x00])],
    ['null', 'null'],
  ])('that is %s is refused', async (_, body) => {
    expect(await decideBy(own(), body)).toMatchObject({ status: 400 })
    expect(decisions).toEqual([])
  })

  test('that is too long is refused, however it comes', async () => {
    const long = JSON.stringify({ ...pick, manifest: 'x'.repeat(64 * 1024) })
    expect(await decideBy(own(), long)).toMatchObject({ status: 413 })
    expect(await decideBy({ ...own(), 'transfer-encoding': 'chunked' }, long)).toMatchObject({ status: 413 })
    expect(decisions).toEqual([])
  })

  test('is a POST and nothing else', async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS']) {
      const { status, headers } = await ask(`${base()}decisions`, { method, headers: own() })
      expect([method, status, headers.allow]).toEqual([method, 405, 'POST'])
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    }
  })

  test('whose page goes away in the middle is none, and the server goes on', async () => {
    const socket = connect(Number(port()), '127.0.0.1')
    const head = [
      `POST ${base()}decisions HTTP/1.1`,
      `Host: ${authority()}`,
      `Origin: ${origin()}`,
      'Content-Type: application/json',
      'Content-Length: 1000',
      'Expect: 100-continue',
      '',
      '{"do":',
    ]
    socket.write(head.join('\r\n'))
    // The server has begun to answer when it asks for the rest.
    await new Promise((resolve) => socket.once('data', resolve))
    socket.destroy()
    expect(await ask(base())).toMatchObject({ status: 200 })
    await server.close()
    expect([bugs, decisions]).toEqual([[], []])
  })

  test('that meets a bug tells nothing of it to the page, and all to whoever runs the server', async () => {
    const bug = new TypeError('x is undefined')
    decide = () => Promise.reject(bug)
    expect(await decideBy(own())).toMatchObject({ status: 500, body: '' })
    expect(bugs).toEqual([bug])
  })
})

describe('a file', () => {
  test('is had by its number, with the type of its ending', async () => {
    const href = list('project/film.mp4')
    expect(href).toBe('media/0')
    expect(await ask(base() + href)).toMatchObject({
      status: 200,
      body: 'film',
      headers: { 'content-type': 'video/mp4', 'x-content-type-options': 'nosniff' },
    })
    const range = { range: 'bytes=1-2' }
    expect(await ask(base() + href, { headers: range })).toMatchObject({ status: 206, body: 'il' })
  })

  test('keeps its number, and has another address when other bytes take its place', () => {
    const path = join(folder, 'project/film.mp4')
    expect([path, '/b.mp4', path].map((one) => media.hrefOf(one))).toEqual(['media/0', 'media/1', 'media/0'])
    expect(media.hrefOf(path, 'abc')).toBe('media/0?abc')
  })

  test.each([
    'media/',
    'media/1',
    'media/-1',
    'media/0x0',
    'media/0.0',
    'media/1e0',
    'media/9999999999999999999999',
    'media/..',
    'media/../..',
    'media/../../etc/passwd',
    'media/0/',
    'media/0/../../x',
    'media/0/../../../../etc/passwd',
    'media/%2e%2e/%2e%2e/etc/passwd',
    'media/..%2f..%2fetc%2fpasswd',
    'media/..\\..\\secret.mp4',
    'media/%00',
    'media/0%00',
    'media//etc/passwd',
    'media/%2fetc%2fpasswd',
    'media/C:/secret.mp4',
    'media/%E0%A4%A',
    'media/film.mp4',
    'media/__proto__',
    'media',
    '../secret.mp4',
    './media/0',
    'MEDIA/0',
    '%6dedia/0',
    '//etc/passwd',
    'project/film.mp4',
    'events/../media/0',
    'favicon.ico',
  ])('cannot be had by %s', async (path) => {
    list('project/film.mp4')
    writeFileSync(join(folder, 'secret.mp4'), 'secret')
    expect(await ask(base() + path)).toMatchObject({ status: 404, body: '' })
  })

  test('outside of the project is not sent, be it listed', async () => {
    expect(await ask(base() + list('secret.mp4'))).toMatchObject({ status: 404 })
  })

  test('that was made a link to elsewhere since it was listed is not sent', async () => {
    const href = list('project/film.mp4')
    writeFileSync(join(folder, 'secret.mp4'), 'secret')
    rmSync(join(folder, 'project/film.mp4'))
    symlinkSync(join(folder, 'secret.mp4'), join(folder, 'project/film.mp4'))
    expect(await ask(base() + href)).toMatchObject({ status: 404 })
  })

  test('that became a link to itself or went away is not there, and the server goes on', async () => {
    const path = join(folder, 'project/film.mp4')
    symlinkSync(path, path)
    expect(await ask(base() + media.hrefOf(path))).toMatchObject({ status: 404 })
    rmSync(path)
    expect(await ask(base() + media.hrefOf(path))).toMatchObject({ status: 404 })
    expect(bugs).toEqual([])
  })

  test.each(['secret.yaml', 'secret.html', 'secret.svg', 'secret', '.env', 'key.pem'])(
    'that is neither film, picture nor sound is not sent: %s',
    async (name) => {
      expect(await ask(base() + list(`project/${name}`))).toMatchObject({ status: 404 })
    },
  )
})

test('every answer forbids sniffing, framing, referrers and scripts of its own', async () => {
  const film = base() + list('project/film.mp4')
  const answers = [
    await ask(base()),
    await ask(film),
    await ask(film, { headers: { range: 'bytes=99-' } }),
    await ask('/'),
    await ask(`${base()}none`),
    await ask(base(), { method: 'PUT' }),
    await ask(base(), { headers: { host: 'attacker.example' } }),
    await decideBy(own()),
    await decideBy(json),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 416, 404, 404, 405, 421, 200, 403])
  for (const { headers } of answers) {
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'content-security-policy': expect.stringMatching(/^default-src 'none';.*frame-ancestors 'none'/),
    })
    expect(headers).not.toHaveProperty('access-control-allow-origin')
  }
})

describe('the stream of events', () => {
  const listen = () => listenTo(server.url)

  test('begins with all there is, since the page may be older, and goes on with what changes', async () => {
    const page = await listen()
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } })
    expect(await page.next()).toEqual({ type: 'manifests', names: ['ep'] })
    const event: ReviewEvent = { type: 'trouble', code: 'x', message: 'two\nlines \u2028 and data: more\n\n' }
    server.emit(event)
    expect(await page.next()).toEqual(event)
  })

  test('goes to every page, and to no page that went away', async () => {
    const [one, two] = [await listen(), await listen()]
    server.emit({ type: 'sound' })
    for (const page of [one, two]) {
      await page.next()
      expect(await page.next()).toEqual({ type: 'sound' })
    }
  })

  test('ends with the server, and then nothing is listened to', async () => {
    const page = await listen()
    await server.close()
    await page.end()
    await expect(ask(base())).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('lets go of a page that does not read, and of no other', async () => {
    const slow: Socket = connect(Number(port()), '127.0.0.1')
    onTestFinished(() => void slow.destroy())
    slow.write(`GET ${base()}events HTTP/1.1\r\nHost: ${authority()}\r\n\r\n`)
    await new Promise((resolve) => slow.once('data', resolve))
    slow.pause()
    const closed = new Promise((resolve) => slow.on('error', () => undefined).once('close', resolve))
    const page = await listen()
    await page.next()

    const long: ReviewEvent = { type: 'trouble', code: 'x', message: 'x'.repeat(1024 * 1024) }
    for (let told = 0; told < 40; told++) {
      server.emit(long)
      expect((await page.next()).type).toBe('trouble')
    }
    slow.resume()
    await closed
    server.emit({ type: 'sound' })
    expect(await page.next()).toEqual({ type: 'sound' })
  })

  test('is had by GET alone', async () => {
    expect(await ask(`${base()}events`, { method: 'HEAD' })).toMatchObject({ status: 404 })
    expect(await ask(`${base()}events`, { method: 'POST', headers: own() })).toMatchObject({ status: 405 })
  })
})

test('a port that is in use is said to be', async () => {
  const second = startReviewServer({
    watched: { review, roots: () => new Set(), all: () => [] },
    decide,
    waiting: () => [],
    onBug: () => undefined,
    media,
    files: nodeFiles,
    assets,
    port: Number(port()),
  })
  await expect(second).rejects.toMatchObject({ code: 'port-unusable' })
})
