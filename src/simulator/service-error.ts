import { randomBytes } from 'node:crypto'
import type { ErrorBody } from '../adapters/video-api/wire.js'

/** A refusal in the service's own words. Source: reference section 7. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError'
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** A 400 that blames a parameter. */
export function invalid(message: string, code = 'InvalidParameter'): ServiceError {
  return new ServiceError(400, code, message)
}

export function notFound(what: string, code: string): ServiceError {
  return new ServiceError(404, code, `The specified ${what} is not found.`)
}

/** A request id as the service forms it: `02`, the time in milliseconds, then hex. Source: reference section 7.1. */
export function newRequestId(nowMs: number): string {
  return `02${Math.floor(nowMs)}${randomBytes(19).toString('hex')}`
}

/** The body of an error: every message ends with the request id. */
export function errorBody(error: ServiceError, requestId: string): ErrorBody {
  return {
    error: {
      code: error.code,
      message: `${error.message} Request id: ${requestId}`,
      param: '',
      type: errorType(error.status),
    },
  }
}

function errorType(status: number): string {
  switch (status) {
    case 401:
      return 'Unauthorized'
    case 403:
      return 'Forbidden'
    case 404:
      return 'NotFound'
    case 409:
      return 'Conflict'
    case 429:
      return 'TooManyRequests'
    default:
      return status >= 500 ? 'InternalServerError' : 'BadRequest'
  }
}
