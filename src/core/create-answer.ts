import { classifyFailure } from './failure.js'
import { type TaskId, taskId } from './task.js'

/** Why a create was refused or could not be sent. `code` is the provider's own, or one of ours in lower case. */
export interface Refusal {
  code: string
  message: string
  /** HTTP status; `undefined` when there was no answer. */
  status: number | undefined
}

/**
 * What a create's ending says about money. Only `refused`, `throttled` and `unsent` prove that no task exists;
 * only `accepted` proves that one does; `unknown` is everything in between and is never sent again by itself.
 */
export type CreateAnswer =
  | { kind: 'accepted'; taskId: TaskId }
  | { kind: 'refused'; refusal: Refusal }
  | { kind: 'throttled'; refusal: Refusal; retryAfterMs: number | undefined }
  | { kind: 'unsent'; refusal: Refusal }
  | { kind: 'unknown'; why: string }

/** How an HTTP exchange ended, reduced to what decides between the kinds. */
export type CreateExchange =
  | { ended: 'answered'; status: number; retryAfterMs: number | undefined; body: string }
  /** `sent`: whether a byte of the request may have left. */
  | { ended: 'broken'; sent: boolean; message: string }

/** Statuses below 500 that a proxy or a slow service gives after it passed the request on. */
const ambiguous = new Set([408, 409, 499])

/** Reads a create's ending by the table of `docs/reliability.md`: in doubt, `unknown`. */
export function readCreateAnswer(exchange: CreateExchange): CreateAnswer {
  if (exchange.ended === 'broken') {
    if (exchange.sent) return { kind: 'unknown', why: exchange.message }
    return { kind: 'unsent', refusal: { code: 'unreachable', message: exchange.message, status: undefined } }
  }

  const { status, body, retryAfterMs } = exchange
  const json = parseObject(body)
  if (status >= 200 && status < 300) {
    const id = json?.id
    if (typeof id === 'string' && id !== '') return { kind: 'accepted', taskId: taskId(id) }
    return { kind: 'unknown', why: `status ${status} without a readable task id` }
  }
  const error = json && errorOf(json)
  if (status < 400 || status >= 500 || ambiguous.has(status) || !error) {
    const what = error ? `${error.code}: ${error.message}` : "no error body of the service's kind"
    return { kind: 'unknown', why: `status ${status}, ${what}` }
  }
  const refusal = { ...error, status }
  if (status === 429 && isPassing(error)) return { kind: 'throttled', refusal, retryAfterMs }
  return { kind: 'refused', refusal }
}

/** The error of the service's body, or of a relay's; `undefined` when it is neither. Reference sections 6 and 7.1. */
export function errorOf(json: Record<string, unknown>): { code: string; message: string } | undefined {
  const inner = json.error
  const source = typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>) : json
  const { code, message, type } = source
  const named = typeof code === 'string' || typeof code === 'number'
  if (!named && typeof message !== 'string') return undefined
  const word = named ? String(code) : ''
  return {
    code: word || (typeof type === 'string' ? type : '') || 'error',
    message: typeof message === 'string' ? message : '',
  }
}

/** Parses a JSON object; `undefined` for anything else. */
export function parseObject(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

/** Whether a 429 passes with time. `QuotaExceeded` has three meanings that only its message tells apart. */
function isPassing({ code, message }: { code: string; message: string }): boolean {
  if (code.startsWith('QuotaExceeded')) return /queue/i.test(message)
  return classifyFailure(code, true) !== 'account'
}
