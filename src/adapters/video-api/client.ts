import { randomUUID } from 'node:crypto'
import { Agent, type Dispatcher, request } from 'undici'
import { errorOf, parseObject, readCreateAnswer } from '../../core/create-answer.js'
import { ProviderError, RunnerError } from '../../core/errors.js'
import { classifyFailure } from '../../core/failure.js'
import { isLoopback } from '../../core/loopback.js'
import { redact } from '../../core/redact.js'
import type { VideoRequest } from '../../core/request.js'
import type { TaskId } from '../../core/task.js'
import type { Download, Provider } from '../../ports/provider.js'
import { readTask, readTaskList } from './read-task.js'

export interface VideoApiOptions {
  /** As the lockfile records it. */
  name: string
  /** Ends before `/contents/generations/tasks`, without a slash. */
  baseUrl: string
  apiKey: string
  /** Replaces the network, for tests. */
  dispatcher?: Dispatcher
}

const connectTimeoutMs = 10_000
/** How long the service may think about a create. Bodies of 64 MB take their time on a slow line. */
const createTimeoutMs = 120_000
const readTimeoutMs = 30_000
/** From the call to the answer of a DELETE: far less than any task needs to run to its end (17 s and more are on record). */
const removeLimitMs = 5_000
/** Ids of 45 bytes in a query: 100 stay far below the 16 KiB that servers allow for a request's head. */
const listLimit = 100
/** The service allows 500; relays often less. */
const pageSize = 100
/** Data URLs from so many characters on are worth the trouble. */
const inlineLength = 100_000
const tasksPath = '/contents/generations/tasks'

/** An answer to a call that is not a create. */
interface Exchange {
  status: number
  body: string
  retryAfterMs: number | undefined
}

/**
 * A request as JSON in UTF-8. Large data URLs are put in at the end: one Chinese character in a text that holds them
 * would double it, and every step of its making is another copy of them all.
 */
export function encodeBody(request: VideoRequest): Buffer {
  const inline: string[] = []
  const mark = randomUUID()
  const text = JSON.stringify(request, (key, value: unknown) => {
    // What needs no escaping goes in as it is.
    if (key !== 'url' || typeof value !== 'string' || value.length < inlineLength) return value
    if (!value.startsWith('data:') || /[^ -!#-[\]-~]/.test(value)) return value
    inline.push(value)
    return mark
  })
  const parts = text.split(mark)
  const size = [...parts, ...inline].reduce((sum, part) => sum + Buffer.byteLength(part), 0)
  const body = Buffer.allocUnsafeSlow(size)
  let at = 0
  for (const [index, part] of parts.entries()) {
    at += body.write(part, at)
    if (index < inline.length) at += body.write(inline[index]!, at, 'latin1')
  }
  return body
}

/** The task API over HTTP. Source of every route: vendor pages 1520757, 1521309, 1521675, 1521720. */
export function videoApi({ name, baseUrl, apiKey, dispatcher }: VideoApiOptions): Provider {
  // A socket that the server closes just as a create is sent leaves that create unknown: each gets its own.
  const fresh = dispatcher ?? new Agent({ pipelining: 0, connect: { timeout: connectTimeoutMs } })
  const pooled = dispatcher ?? new Agent({ connections: 16, connect: { timeout: connectTimeoutMs } })
  const files = dispatcher ?? new Agent({ connect: { timeout: connectTimeoutMs } })
  const clean = (text: string) => redact(text, [apiKey])
  const headers = { authorization: `Bearer ${apiKey}`, accept: 'application/json' }
  const timeouts = { headersTimeout: readTimeoutMs, bodyTimeout: readTimeoutMs }

  const get = (path: string, signal: AbortSignal | undefined) => exchange('GET', path, signal)

  async function exchange(
    method: 'GET' | 'DELETE',
    path: string,
    signal: AbortSignal | undefined,
  ): Promise<Exchange> {
    try {
      const answer = await request(`${baseUrl}${path}`, {
        dispatcher: pooled,
        method,
        headers,
        signal: signal ?? null,
        ...timeouts,
      })
      return {
        status: answer.statusCode,
        body: await answer.body.text(),
        retryAfterMs: retryAfterMs(answer.headers),
      }
    } catch (cause) {
      if (signal?.aborted) throw signal.reason
      throw new ProviderError(clean(`Cannot reach ${name}: ${describeFailure(cause)}`), { cause })
    }
  }

  function refused({ status, body, retryAfterMs }: Exchange, action: string): ProviderError {
    const json = parseObject(body)
    const error = json && errorOf(json)
    const what = error ? `${error.code}: ${error.message}` : `status ${status}`
    return new ProviderError(clean(`Cannot ${action}: ${what}`), {
      status,
      providerCode: error?.code,
      retryAfterMs,
    })
  }

  return {
    name,
    listLimit,

    async check({ signal } = {}) {
      const answer = await get(`${tasksPath}?page_num=1&page_size=1`, signal).catch((error: unknown) => {
        if (!(error instanceof ProviderError)) throw error
        throw new RunnerError('provider-unreachable', error.message, {
          cause: error,
          hint: 'Check the network and the base URL, then run again. Nothing was sent.',
        })
      })
      const error = errorOf(parseObject(answer.body) ?? {})
      const account = error && answer.status !== 404 && classifyFailure(error.code, true) === 'account'
      if (answer.status === 401 || answer.status === 403 || account) {
        const what = error ? `${error.code}: ${error.message}` : `status ${answer.status}`
        throw new RunnerError('account-refused', clean(`${name} refuses the key or the account: ${what}`), {
          hint: 'Check the key (SHOTLOCK_API_KEY or ARK_API_KEY), its region and the account. Nothing was sent.',
        })
      }
    },

    async create(body) {
      let sent = false
      const marking = fresh.compose(
        (dispatch) => (options, handler) =>
          dispatch(
            options,
            whenStarted(handler, () => {
              sent = true
            }),
          ),
      )
      try {
        const answer = await request(`${baseUrl}${tasksPath}`, {
          dispatcher: marking,
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: encodeBody(body),
          headersTimeout: createTimeoutMs,
          bodyTimeout: readTimeoutMs,
        })
        const { statusCode: status } = answer
        return readCreateAnswer({
          ended: 'answered',
          status,
          retryAfterMs: retryAfterMs(answer.headers),
          body: clean(await answer.body.text()),
        })
      } catch (error) {
        return readCreateAnswer({ ended: 'broken', sent, message: clean(describeFailure(error)) })
      }
    },

    async retrieve(id, { signal } = {}) {
      const answer = await get(`${tasksPath}/${encodeURIComponent(id)}`, signal)
      const task = answer.status === 200 ? readTask(unwrapped(answer.body)) : undefined
      if (!task) throw refused(answer, `retrieve task ${id}`)
      return task
    },

    async listByIds(ids, { signal, flex } = {}) {
      const query = new URLSearchParams({ page_num: '1', page_size: String(ids.length) })
      if (flex) query.set('filter.service_tier', 'flex')
      for (const id of ids) query.append('filter.task_ids', id)
      const answer = await get(`${tasksPath}?${query}`, signal)
      const tasks = answer.status === 200 ? readTaskList(answer.body) : undefined
      if (!tasks) throw refused(answer, 'list tasks')
      const asked = new Set<TaskId>(ids)
      return tasks.filter((task) => asked.has(task.id))
    },

    async listPage(page, { signal, flex }) {
      const query = new URLSearchParams({ page_num: String(page), page_size: String(pageSize) })
      if (flex) query.set('filter.service_tier', 'flex')
      const answer = await get(`${tasksPath}?${query}`, signal)
      const tasks = answer.status === 200 ? readTaskList(answer.body) : undefined
      if (!tasks) throw refused(answer, 'list tasks')
      const total = Number(parseObject(answer.body)?.total)
      return { tasks, total: Number.isFinite(total) ? total : tasks.length }
    },

    async download(url, { signal, offset = 0 } = {}) {
      return await startDownload(url, { dispatcher: files, signal, offset })
    },

    async remove(id) {
      const limit = AbortSignal.timeout(removeLimitMs)
      const answer = await exchange('DELETE', `${tasksPath}/${encodeURIComponent(id)}`, limit).catch(
        (error: unknown) => {
          if (!limit.aborted) throw error
          throw new ProviderError(`Cannot reach ${name}: no answer within ${removeLimitMs / 1000} s`)
        },
      )
      // The service answers `{}`, others nothing; a page of HTML is not from anybody who knows this call.
      const taken = answer.body.trim() === '' || parseObject(answer.body) !== undefined
      if (!taken || answer.status < 200 || answer.status >= 300) throw refused(answer, `cancel task ${id}`)
    },

    async close() {
      if (!dispatcher) await Promise.all([fresh.destroy(), pooled.destroy(), files.destroy()])
    },
  }
}

/** Hears when a request is about to be written to its connection: before that, not a byte has left. */
function whenStarted(handler: Dispatcher.DispatchHandler, started: () => void): Dispatcher.DispatchHandler {
  return new Proxy(handler, {
    get(target, property) {
      const value = Reflect.get(target, property, target)
      if (typeof value !== 'function') return value
      if (property !== 'onRequestStart' && property !== 'onConnect') return value.bind(target)
      return (...args: unknown[]) => {
        started()
        return value.apply(target, args)
      }
    },
  })
}

/** Hosts of results may answer a plain http request only on this machine. */
async function startDownload(
  url: string,
  { dispatcher, signal, offset }: { dispatcher: Dispatcher; signal: AbortSignal | undefined; offset: number },
): Promise<Download> {
  const { protocol, hostname } = new URL(url)
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname))) {
    throw new ProviderError(`Cannot download: the result's URL is ${protocol}//, https is required`)
  }
  const headers = { 'accept-encoding': 'identity', ...(offset > 0 ? { range: `bytes=${offset}-` } : {}) }
  let answer: Dispatcher.ResponseData
  try {
    answer = await request(url, {
      dispatcher,
      headers,
      signal: signal ?? null,
      headersTimeout: readTimeoutMs,
      bodyTimeout: readTimeoutMs,
    })
  } catch (cause) {
    if (signal?.aborted) throw signal.reason
    throw new ProviderError(redact(`Cannot download: ${describeFailure(cause)}`), { cause })
  }
  const { statusCode, headers: received, body } = answer
  if (statusCode === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(String(received['content-range'] ?? ''))
    const start = range?.[1] === undefined ? Number.NaN : Number(range[1])
    if (start === offset) {
      const total = range?.[2] === '*' ? undefined : Number(range?.[2])
      return { offset, totalBytes: total, chunks: body }
    }
  } else if (statusCode === 200) {
    const length = Number(received['content-length'])
    return {
      offset: 0,
      totalBytes: received['content-length'] === undefined || Number.isNaN(length) ? undefined : length,
      chunks: body,
    }
  }
  const text = await body.text().catch(() => '')
  const error = errorOf(parseObject(text) ?? {})
  throw new ProviderError(`Cannot download: ${error?.code ?? `status ${statusCode}`}`, {
    status: statusCode,
    providerCode: error?.code,
    retryAfterMs: retryAfterMs(received),
  })
}

/** A task's body, also where an old relay nests it two levels down (reference section 6, new-api). */
function unwrapped(body: string): unknown {
  const json = parseObject(body)
  const outer = json?.data as Record<string, unknown> | undefined
  return json?.id === undefined && typeof outer === 'object' && outer !== null ? (outer.data ?? outer) : json
}

/** `Retry-After` as seconds or a date; relays send it, the service does not document it. RFC 9110, section 10.2.3. */
function retryAfterMs(headers: Record<string, string | string[] | undefined>): number | undefined {
  const value = [headers['retry-after']].flat()[0]
  if (value === undefined) return undefined
  const seconds = Number(value)
  const ms = Number.isNaN(seconds) ? Date.parse(value) - Date.now() : seconds * 1000
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), 10 * 60_000)
}

function describeFailure(error: unknown): string {
  const { code, message, errors, cause } = error as NodeJS.ErrnoException & {
    errors?: Error[]
    cause?: Error
  }
  const inner = errors?.[0]?.message ?? cause?.message ?? ''
  const text = message || inner || 'the connection failed'
  return code && !text.includes(code) ? `${text} (${code})` : text
}
