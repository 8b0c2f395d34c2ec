import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RunnerError } from '../core/errors.js'
import type { Decision, DecisionAnswer, ReviewEvent } from '../core/review.js'
import { parseDecision } from '../core/review-decision.js'
import { type PageAssets, pagePolicy, renderReviewPage } from '../core/review-page.js'
import type { HrefOf } from '../engine/review-data.js'
import { isInOneOf, mediaTypeOf } from '../engine/shown-files.js'
import type { Files } from '../ports/files.js'
import { sendFile } from './media.js'
import type { WatchedReview } from './watched-review.js'

/** Only this machine is served. */
const host = '127.0.0.1'
const bodyLimitBytes = 64 * 1024
/** What a page that does not read may leave unread before it is let go; it comes back and is told all anew. */
const unreadLimitBytes = 8 * 1024 * 1024

export interface ReviewServerOptions {
  watched: Pick<WatchedReview, 'review' | 'roots' | 'all'>
  /** Decisions that a run still stands in the way of. */
  waiting: () => readonly Decision[]
  decide: (decision: Decision) => Promise<DecisionAnswer>
  /** Hears of a bug that was met while a request was answered. */
  onBug: (error: unknown) => void
  media: MediaTable
  files: Pick<Files, 'realPath'>
  assets: PageAssets
  /** 0: any that is free. */
  port: number
}

export interface ReviewServer {
  /** With the token, which is all that stands between other users of this machine and the decisions. */
  url: string
  /** Tells all pages. */
  emit(event: ReviewEvent): void
  close(): Promise<void>
}

/** Files by numbers: what an address names is looked up here, and never becomes a path. */
export class MediaTable {
  readonly #paths: string[] = []
  readonly #numbers = new Map<string, number>()

  /** The address of a file, relative to the page. */
  readonly hrefOf: HrefOf = (path, version) => {
    let number = this.#numbers.get(path)
    if (number === undefined) {
      number = this.#paths.push(path) - 1
      this.#numbers.set(path, number)
    }
    return `media/${number}${version === undefined ? '' : `?${version}`}`
  }

  pathOf(number: number): string | undefined {
    return this.#paths[number]
  }
}

/**
 * Serves the review page on this machine.
 *
 * Every address lies below a random token. A request must name this server as its host, so that a name of somebody
 * else's that leads here (DNS rebinding) gets nothing; one that changes something must come from the page itself.
 *
 * @throws RunnerError `port-unusable`
 */
export async function startReviewServer(options: ReviewServerOptions): Promise<ReviewServer> {
  const token = randomBytes(32).toString('base64url')
  const pages = new Set<ServerResponse>()
  let hosts: readonly string[] = []
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      // Whoever goes away in the middle of a request is no bug.
      if (!request.complete) return void response.destroy()
      if (!response.headersSent) response.writeHead(500)
      response.end()
      options.onBug(error)
    })
  })
  const port = await listen(server, options.port)
  hosts = hostsAt(port)

  return {
    url: `http://${hosts[0]}/${token}/`,
    emit(event) {
      for (const page of pages) tell(page, [event])
    },
    async close() {
      const closed = new Promise((done) => server.close(done))
      server.closeAllConnections()
      await closed
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(headersOfAll)) response.setHeader(name, value)
    if (!hosts.includes(request.headers.host ?? '')) return void response.writeHead(421).end()
    const path = pathBelow(request.url ?? '', token)
    if (path === undefined) return void response.writeHead(404).end()
    const { method } = request
    if (path === 'decisions') {
      if (method !== 'POST') return void response.writeHead(405, { allow: 'POST' }).end()
      return await takeDecision(request, response)
    }
    if (method !== 'GET' && method !== 'HEAD')
      return void response.writeHead(405, { allow: 'GET, HEAD' }).end()
    if (path === '') return sendPage(request, response)
    if (path === 'events' && method === 'GET') return openEvents(response)
    const [, number] = /^media\/(\d{1,9})$/.exec(path) ?? []
    if (number === undefined) return void response.writeHead(404).end()
    await sendMedia(Number(number), request, response)
  }

  function sendPage(request: IncomingMessage, response: ServerResponse): void {
    const policy = `${pagePolicy('server', options.assets)}; frame-ancestors 'none'`
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
    })
    response.end(
      request.method === 'HEAD' ? undefined : renderReviewPage(options.watched.review, options.assets),
    )
  }

  async function sendMedia(
    number: number,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const path = options.media.pathOf(number)
    const type = path === undefined ? undefined : mediaTypeOf(path)
    if (path === undefined || type === undefined) return void response.writeHead(404).end()
    // A link may have been put in its place since it was listed.
    if (!(await isInOneOf(options.watched.roots(), path, options.files)))
      return void response.writeHead(404).end()
    await sendFile(path, type, { request, response })
  }

  function openEvents(response: ServerResponse): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('retry: 1000\n\n')
    pages.add(response)
    response.on('close', () => pages.delete(response))
    // What changed between the page and its stream, or while that was broken, is told by telling all.
    tell(response, options.watched.all())
    const answer = { kind: 'waiting' } as const
    tell(
      response,
      options.waiting().map((decision) => ({ type: 'decision', decision, answer })),
    )
  }

  function tell(page: ServerResponse, events: readonly ReviewEvent[]): void {
    if (page.writableLength > unreadLimitBytes) {
      pages.delete(page)
      page.destroy()
      return
    }
    for (const event of events) page.write(`data: ${JSON.stringify(event)}\n\n`)
  }

  async function takeDecision(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { origin: from, 'content-type': type = '', 'sec-fetch-site': site } = request.headers
    const isOwn = hosts.some((one) => from === `http://${one}`)
    if (!isOwn || (site !== undefined && site !== 'same-origin'))
      return sendJson(response, 403, refusal('forbidden', 'Cannot decide: the request is not from the page'))
    if (!/^application\/json *(;|$)/i.test(type))
      return sendJson(response, 415, refusal('usage', 'Cannot decide: the request is not JSON'))
    const body = await readBody(request)
    if (body === undefined)
      return sendJson(response, 413, refusal('usage', 'Cannot decide: the request is too long'))
    const decision = parseDecision(safeJson(body))
    if (!decision)
      return sendJson(response, 400, refusal('usage', 'Cannot decide: the request is no decision'))
    const decided = await options.decide(decision)
    const status = { decided: 200, waiting: 202, refused: 409 }[decided.kind]
    sendJson(response, status, decided)
  }
}

/** Of every answer, unless it says otherwise. */
const headersOfAll = {
  'content-security-policy': "default-src 'none'; img-src 'self'; media-src 'self'; frame-ancestors 'none'",
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'x-frame-options': 'DENY',
}

/** What a request may call this server, the address that is shown first. A browser leaves the usual port out. */
export function hostsAt(port: number): string[] {
  const names = [host, 'localhost']
  return port === 80 ? names : names.map((name) => `${name}:${port}`)
}

/** What follows the token in an address, without its query; `undefined` when that is not the token. */
function pathBelow(url: string, token: string): string | undefined {
  const [, given = '', path] = /^\/([^/?]*)\/([^?]*)/.exec(url) ?? []
  if (path === undefined) return undefined
  const [a, b] = [Buffer.from(given), Buffer.from(token)]
  return a.length === b.length && timingSafeEqual(a, b) ? path : undefined
}

function refusal(code: string, message: string): DecisionAnswer {
  return { kind: 'refused', code, message }
}

function sendJson(response: ServerResponse, status: number, answer: DecisionAnswer): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(answer))
}

/** @returns `undefined` when it is longer than is taken. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= bodyLimitBytes) chunks.push(chunk)
  }
  return bytes > bodyLimitBytes ? undefined : Buffer.concat(chunks).toString('utf8')
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'it is in use' : cause.message
      const hint = 'Choose another port with --port, or leave it out for any free one.'
      reject(new RunnerError('port-unusable', `Cannot serve on port ${port}: ${why}`, { hint, cause }))
    })
    server.listen(port, host, resolve)
  })
  return (server.address() as AddressInfo).port
}
