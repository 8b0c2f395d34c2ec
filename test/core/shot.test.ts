import { expect, expectTypeOf, test } from 'vitest'
import { ManifestError, ProviderError, RunnerError } from '../../src/core/errors.js'
import { type RunEvent, type RunResult, takeKey } from '../../src/core/event.js'
import type { Parameters } from '../../src/core/request.js'
import type { Shot, Take } from '../../src/core/shot.js'
import { statedSeed, takesOf } from '../../src/core/shot.js'
import { isTerminal, type TaskStatus, type TerminalStatus } from '../../src/core/task.js'
import { shot, take, takeName } from './builders.js'

test('the takes of a shot are numbered from 1', () => {
  expect(takesOf(shot('a', { takes: 3 })).map(({ name, number }) => [name, number])).toEqual([
    ['a', 1],
    ['a@2', 2],
    ['a@3', 3],
  ])
})

test('takes of a shot with a seed count on from it', () => {
  const of = shot('a', { parameters: { seed: 5 } })
  expect([1, 2, 3].map((number) => statedSeed(take(of, number)))).toEqual([5, 6, 7])
})

test('counting on from the last seed there is goes back to 0', () => {
  expect(statedSeed(take(shot('a', { parameters: { seed: 2 ** 32 - 1 } }), 2))).toBe(0)
})

test('a shot without a seed states none', () => {
  expect(statedSeed(take(shot('a')))).toBeUndefined()
})

test('a task ends in one of four states', () => {
  const states: TaskStatus[] = [
    'queued',
    'running',
    'unrecognised',
    'succeeded',
    'failed',
    'cancelled',
    'expired',
  ]
  expect(states.filter(isTerminal)).toEqual(['succeeded', 'failed', 'cancelled', 'expired'])
})

test('a take has one key across manifests', () => {
  expect(takeKey({ manifest: 'ep01', take: takeName('a@2') })).toBe('ep01/a@2')
})

test('errors say which, what happened and what now', () => {
  const cause = new Error('why')
  const error = new ProviderError('no', {
    status: 404,
    providerCode: 'NotFound',
    retryAfterMs: 5,
    hint: 'Wait',
    cause,
  })
  expect(error).toBeInstanceOf(RunnerError)
  expect(error).toMatchObject({
    name: 'ProviderError',
    code: 'provider-error',
    hint: 'Wait',
    status: 404,
    cause,
  })
  expect(new ManifestError([], 'no')).toMatchObject({
    name: 'ManifestError',
    code: 'manifest-invalid',
    problems: [],
  })
  expect('cause' in new RunnerError('usage', 'no')).toBe(false)
})

test('what is public is typed as it is meant', () => {
  expectTypeOf<Shot['parameters']>().toEqualTypeOf<Readonly<Parameters>>()
  expectTypeOf<Take['number']>().toBeNumber()
  expectTypeOf<TerminalStatus>().toExtend<TaskStatus>()
  expectTypeOf<Extract<RunEvent, { type: 'finished' }>['result']>().toEqualTypeOf<RunResult>()
  // A name is not just any text.
  expectTypeOf<string>().not.toExtend<Take['name']>()
  expectTypeOf<Shot['name']>().not.toExtend<Take['name']>()
})
