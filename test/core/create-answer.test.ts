import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { type CreateAnswer, errorOf, parseObject, readCreateAnswer } from '../../src/core/create-answer.js'

const answer = (status: number, body: unknown, retryAfterMs?: number): CreateAnswer =>
  readCreateAnswer({
    ended: 'answered',
    status,
    retryAfterMs,
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
/** The service's own error body. */
const error = (code: string, message = 'no') => ({ error: { code, message, param: '', type: 'BadRequest' } })
const html = '<!DOCTYPE html><html><body>Bad gateway</body></html>'

describe('no answer', () => {
  test('and no byte sent: no task exists', () => {
    expect(readCreateAnswer({ ended: 'broken', sent: false, message: 'ECONNREFUSED' })).toEqual({
      kind: 'unsent',
      refusal: { code: 'unreachable', message: 'ECONNREFUSED', status: undefined },
    })
  })

  test('and bytes sent: a task may exist', () => {
    expect(readCreateAnswer({ ended: 'broken', sent: true, message: 'ECONNRESET' })).toEqual({
      kind: 'unknown',
      why: 'ECONNRESET',
    })
  })
})

describe('success', () => {
  test.each([
    ['of the service', 200, { id: 'cgt-20260108111352-gwv4p' }, 'cgt-20260108111352-gwv4p'],
    ['of a relay that adds a status', 200, { id: 'cgt-1', status: 'submitted' }, 'cgt-1'],
    ['of a relay that renames tasks', 201, { id: 'task_x' }, 'task_x'],
    ['202', 202, { id: 'x' }, 'x'],
  ])('%s gives the id', (_, status, body, id) => {
    expect(answer(status, body)).toEqual({ kind: 'accepted', taskId: id })
  })

  test.each([
    ['an empty body', ''],
    ['a body cut short', '{"id":"cgt-2026'],
    ['HTML', html],
    ['no id', { status: 'submitted' }],
    ['an empty id', { id: '' }],
    ['an id that is a number', { id: 7 }],
    ['an id that is null', { id: null }],
    ['a list', [{ id: 'x' }]],
    ['a text', '"cgt-1"'],
    ['an error with status 200', error('InvalidParameter')],
  ])('with %s: a task may exist', (_, body) => {
    expect(answer(200, body).kind).toBe('unknown')
  })
})

describe('a refusal in the service’s words proves that no task exists', () => {
  test.each([
    [400, 'InvalidParameter'],
    [400, 'InputTextSensitiveContentDetected'],
    [401, 'AuthenticationError'],
    [403, 'AccountOverdueError'],
    [404, 'ModelNotOpen'],
    [413, 'RequestBodyTooLarge'],
    [422, 'Strange'],
  ])('%i %s', (status, code) => {
    expect(answer(status, error(code))).toEqual({ kind: 'refused', refusal: { code, message: 'no', status } })
  })

  test.each<[string, unknown, string, string]>([
    ['a word for the code', { error: { code: 'invalid_key', message: 'bad' } }, 'invalid_key', 'bad'],
    ['a number for the code', { error: { code: 401, message: 'bad' } }, '401', 'bad'],
    [
      'no code but a type',
      { error: { message: 'bad', type: 'invalid_request_error' } },
      'invalid_request_error',
      'bad',
    ],
    ['an empty code', { error: { code: '', message: 'bad', type: '' } }, 'error', 'bad'],
    ['nothing around it', { code: 'no_channel', message: 'bad', data: null }, 'no_channel', 'bad'],
    ['only a message', { message: 'no available channel' }, 'error', 'no available channel'],
    ['only a code', { error: { code: 'x' } }, 'x', ''],
  ])('from a relay with %s', (_, body, code, message) => {
    expect(answer(400, body)).toEqual({ kind: 'refused', refusal: { code, message, status: 400 } })
  })
})

describe('a 429', () => {
  test.each([
    ...['RateLimitExceeded.EndpointRPMExceeded', 'ModelAccountRpmRateLimitExceeded', 'ServerOverloaded'],
    ...['APIAccountRpmRateLimitExceeded', 'AccountRateLimitExceeded', 'RequestBurstTooFast'],
    ...['InflightBatchsizeExceeded', 'too_many_requests'],
  ])('%s passes with time', (code) => {
    expect(answer(429, error(code), 3_000)).toEqual({
      kind: 'throttled',
      refusal: { code, message: 'no', status: 429 },
      retryAfterMs: 3_000,
    })
  })

  test('without a time to wait passes as well', () => {
    expect(answer(429, error('ServerOverloaded'))).toMatchObject({
      kind: 'throttled',
      retryAfterMs: undefined,
    })
  })

  test('for a quota of queued tasks passes with time', () => {
    expect(answer(429, error('QuotaExceeded', 'Too many Queued tasks')).kind).toBe('throttled')
  })

  test.each([
    ['QuotaExceeded', 'Your free trial quota is used up'],
    ['SetLimitExceeded', 'Your account reached the set limit'],
  ])('%s for %j does not pass', (code, message) => {
    expect(answer(429, error(code, message)).kind).toBe('refused')
  })

  test('from a proxy proves nothing', () => {
    for (const body of [html, '', 'slow down']) expect(answer(429, body).kind).toBe('unknown')
  })
})

describe('whatever else: a task may exist', () => {
  test.each([408, 409, 499, 500, 501, 502, 503, 504, 520, 599, 301, 302, 307, 304, 100])(
    '%i, even in the service’s words',
    (status) => {
      expect(answer(status, error('InternalServiceError')).kind).toBe('unknown')
      expect(answer(status, html).kind).toBe('unknown')
      expect(answer(status, '').kind).toBe('unknown')
    },
  )

  test.each([400, 401, 403, 404, 405, 413])('%i in the words of a proxy', (status) => {
    for (const body of [
      html,
      '',
      'Not Found',
      '[]',
      'null',
      '{}',
      { error: 'nope' },
      { error: null, ok: false },
    ]) {
      expect(answer(status, body).kind).toBe('unknown')
    }
  })
})

test('only an answer in the service’s words ever proves that no task exists', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 599 }),
      fc.oneof(fc.string(), fc.json(), fc.constant(html)),
      (status, body) => {
        const { kind } = answer(status, body)
        const json = parseObject(body)
        const proven = status >= 400 && status < 500 && json !== undefined && errorOf(json) !== undefined
        if (kind === 'refused' || kind === 'throttled') expect(proven).toBe(true)
        if (kind === 'accepted')
          expect(status >= 200 && status < 300 && typeof json?.id === 'string').toBe(true)
        expect(kind).not.toBe('unsent')
      },
    ),
    { numRuns: 500 },
  )
})

test('an unknown answer carries no id, and an accepted one no refusal', () => {
  expectTypeOf<Extract<CreateAnswer, { kind: 'unknown' }>>().toEqualTypeOf<{ kind: 'unknown'; why: string }>()
  expectTypeOf<Extract<CreateAnswer, { kind: 'accepted' }>>().not.toHaveProperty('refusal')
})
