import { type Answer, type Call, html, json, type Reply, readBody } from './answer.js'
import { billedTokens } from './billing.js'
import { sha256 } from './chance.js'
import type { FaultAfter, FaultBefore, Faults } from './faults.js'
import type { JournalFile } from './journal-file.js'
import { type Dialect, parseListQuery } from './list-query.js'
import type { LogEntry } from './log-entry.js'
import { readClips } from './read-clips.js'
import { errorBody, invalid, notFound, ServiceError } from './service-error.js'
import { isOver, type SimulatedTask } from './task.js'
import { type FullTaskBody, minimalBody, relayItem } from './task-body.js'
import type { TaskDesk } from './task-desk.js'

export interface TaskApiOptions {
  desk: TaskDesk
  faults: Faults
  log: JournalFile<LogEntry>
  /** The one key that is good; `undefined` takes any. */
  key: string | undefined
  now: () => number
  /** A task as GET shows it. */
  show: (task: SimulatedTask) => FullTaskBody
}

/** The largest body. Source: reference section 2.4. */
const bodyLimit = 64 * 1024 * 1024

const route = /^\/(api\/v3|volc\/v1)\/contents\/generations\/tasks(?:\/([^/]+))?$/

/** Answers the four calls of the API, in Ark's dialect and in that of `/volc/v1` relays. */
export function createTaskApi(options: TaskApiOptions): (request: Call) => Promise<Answer> {
  return async (request) => {
    try {
      return await answerCall(options, request)
    } catch (error) {
      return refusal(error, request.requestId)
    }
  }
}

/** @throws Whatever is not a ServiceError: that is a bug. */
export function refusal(
  error: unknown,
  requestId: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  if (!(error instanceof ServiceError)) throw error
  return json(error.status, errorBody(error, requestId), headers)
}

async function answerCall(options: TaskApiOptions, request: Call): Promise<Answer> {
  const { url, incoming } = request
  const [, base, id] = route.exec(url.pathname) ?? []
  if (!base) throw notFound(`path ${url.pathname}`, 'NotFound.Path')
  checkKey(incoming.headers.authorization, options.key)

  const dialect: Dialect = base === 'volc/v1' ? 'relay' : 'ark'
  if (id === undefined) {
    if (incoming.method === 'POST') return create(options, request, dialect)
    if (incoming.method === 'GET') return list(options, url.searchParams, dialect)
  } else {
    if (incoming.method === 'GET') return retrieve(options, id)
    if (incoming.method === 'DELETE')
      return dialect === 'relay' ? html(404, 'Not Found') : remove(options, id)
  }
  throw notFound(`method ${incoming.method} of ${url.pathname}`, 'NotFound.Path')
}

function checkKey(authorization: string | undefined, key: string | undefined): void {
  const given = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  if (given === undefined || (key !== undefined && given !== key)) {
    throw new ServiceError(401, 'AuthenticationError', 'The API key in the request is missing or invalid.')
  }
}

async function create(options: TaskApiOptions, request: Call, dialect: Dialect): Promise<Answer> {
  const { desk, faults, log, now } = options
  const early = faults.beforeCreate()
  if (early === 'dropBefore') {
    log.append({ at: now(), event: 'create', accepted: false, fault: early })
    return { kind: 'drop' }
  }

  const bytes = await readBody(request.incoming, bodyLimit)
  const body = bytes && sha256(bytes).slice(0, 16)
  let task: SimulatedTask
  try {
    if (early) throw earlyError(early)
    const sent = parseBody(bytes)
    task = desk.create(sent, await readClips(sent))
  } catch (error) {
    const wait = early === 'throttle' ? faults.settings.retryAfterS : null
    const reply = refusal(error, request.requestId, wait === null ? {} : { 'Retry-After': String(wait) })
    const { status, code } = error as ServiceError
    log.append({ at: now(), event: 'create', accepted: false, status, code, body, fault: early })
    return reply
  }

  const fault = faults.afterCreate()
  const { id, model, tier, seed, prompt, createdAtMs: at } = task
  log.append({
    ...{ at, event: 'create', accepted: true },
    ...{ id, model, tier, seed, text: sha256(prompt).slice(0, 16), body, fault },
    mostTokens: billedTokens(task),
    ...desk.countsAround(task),
  })
  return acceptance(id, dialect, fault)
}

/** The answer to an accepted create, or what a fault makes of it. */
function acceptance(id: string, dialect: Dialect, fault: FaultAfter | undefined): Answer {
  const answer = json(200, dialect === 'relay' ? { id, status: 'submitted' } : { id })
  switch (fault) {
    case undefined:
      return answer
    case 'cutBody':
      return { ...answer, cut: true }
    case 'dropAnswer':
      return { kind: 'drop' }
    case 'htmlGateway':
      return html(502, 'Bad Gateway')
    case 'errorAfter':
      throw internalError()
  }
}

function earlyError(fault: Exclude<FaultBefore, 'dropBefore'>): ServiceError {
  if (fault === 'errorBefore') return internalError()
  return new ServiceError(429, 'ServerOverloaded', 'The service is overloaded. Try again later.')
}

function internalError(): ServiceError {
  return new ServiceError(
    500,
    'InternalServiceError',
    'The service encountered an unexpected internal error.',
  )
}

function parseBody(bytes: Buffer | undefined): unknown {
  if (!bytes) throw new ServiceError(413, 'RequestBodyTooLarge', 'The request body is larger than 64 MB.')
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw invalid('The request body is not valid JSON.')
  }
}

function retrieve({ desk, faults, show }: TaskApiOptions, id: string): Answer {
  if (faults.strikes('pollErrors')) throw internalError()
  const task = findTask(desk, id)
  return json(200, faults.strikes('unknownStatus') ? minimalBody(task, 'processing') : show(task))
}

function list({ desk, faults, show, now }: TaskApiOptions, query: URLSearchParams, dialect: Dialect): Answer {
  const { noList, listLagMs } = faults.settings
  if (noList) throw notFound('path', 'NotFound.Path')
  if (faults.strikes('pollErrors')) throw internalError()

  const { pageNumber, pageSize, matches } = parseListQuery(query, dialect)
  const latestMs = now() - listLagMs
  const found = desk.newestFirst().filter((task) => task.createdAtMs <= latestMs && matches(task))
  const page = found.slice((pageNumber - 1) * pageSize, pageNumber * pageSize).map(show)
  return json(200, { items: dialect === 'relay' ? page.map(relayItem) : page, total: found.length })
}

/** Cancels what waits and forgets what is over. Source: reference section 5. */
function remove({ desk, log, now }: TaskApiOptions, id: string): Answer {
  const task = findTask(desk, id)
  const note = (outcome: 'cancelled' | 'removed' | 'refused') =>
    log.append({ at: now(), event: 'delete', id, outcome })
  if (task.status === 'running') {
    note('refused')
    const message = 'Cannot delete task because it is currently running.'
    throw new ServiceError(409, 'InvalidAction.RunningTaskDeletion', message)
  }
  if (task.status === 'cancelled') {
    note('refused')
    throw new ServiceError(409, 'InvalidAction.CancelledTaskDeletion', 'Cannot delete a cancelled task.')
  }
  if (isOver(task.status)) {
    desk.remove(task)
    note('removed')
  } else {
    desk.cancel(task)
    note('cancelled')
  }
  return json(200, {})
}

function findTask(desk: TaskDesk, id: string): SimulatedTask {
  const task = desk.get(id)
  if (!task) throw notFound(`task ${id}`, 'NotFound.Task')
  return task
}
