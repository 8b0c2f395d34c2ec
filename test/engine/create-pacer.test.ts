import { expect, test } from 'vitest'
import type { CreateAnswer } from '../../src/core/create-answer.js'
import { taskId } from '../../src/core/task.js'
import { CreatePacer } from '../../src/engine/create-pacer.js'
import { fakeClock } from '../support/fake-clock.js'

const accepted: CreateAnswer = { kind: 'accepted', taskId: taskId('a') }
const throttled: CreateAnswer = {
  kind: 'throttled',
  refusal: { code: 'ServerOverloaded', message: 'too many', status: 429 },
  retryAfterMs: undefined,
}

/** A pacer of 60 creates a minute, and the times at which its creates went out. */
function paced(answerOf: (number: number) => CreateAnswer | Promise<CreateAnswer>) {
  const clock = fakeClock(0)
  const times: number[] = []
  const pacer = new CreatePacer(60, { clock, random: () => 0.5, onThrottled: () => undefined })
  const send = (signal = new AbortController().signal) =>
    pacer.send(async () => {
      times.push(clock.now())
      return await answerOf(times.length)
    }, signal)
  return { clock, times, send }
}

const gaps = (times: readonly number[]) => times.slice(1).map((at, index) => Math.round(at - times[index]!))

test('creates go out evenly, in the order they asked', async () => {
  const { times, send } = paced(() => accepted)
  await Promise.all([send(), send(), send(), send()])
  expect(times).toEqual([0, 1000, 2000, 3000])
})

test('timers that are late do not slow the pace', async () => {
  const clock = fakeClock(0)
  const late = { now: clock.now, sleep: (ms: number) => clock.sleep(Math.ceil(ms) + 1) }
  const pacer = new CreatePacer(60_000, { clock: late, random: () => 0.5, onThrottled: () => undefined })
  const times: number[] = []
  const signal = new AbortController().signal
  const sends = Array.from({ length: 500 }, () =>
    pacer.send(async () => {
      times.push(clock.now())
      return accepted
    }, signal),
  )
  await Promise.all(sends)
  expect(times.at(-1)).toBeLessThan(520)
  expect(times.at(-1)).toBeGreaterThan(470)
})

test('a 429 slows the pace down, and creates that go through bring it back', async () => {
  const { times, send } = paced((number) => (number === 2 ? throttled : accepted))
  for (let i = 0; i < 30; i++) await send()
  const [, afterThrottle = 0, slowest = 0, ...later] = gaps(times)
  expect(afterThrottle).toBeGreaterThan(1000)
  expect(slowest).toBe(2000)
  expect(later).toEqual(later.toSorted((a, b) => b - a))
  expect(gaps(times).at(-1)).toBe(1000)
})

test('the first create goes alone until an answer shows that the provider speaks our language', async () => {
  let answer: (answer: CreateAnswer) => void = () => undefined
  const { clock, times, send } = paced((number) =>
    number === 1 ? new Promise((resolve) => (answer = resolve)) : accepted,
  )
  const both = [send(), send()]
  await clock.sleep(60_000)
  expect(times).toEqual([0])
  answer(accepted)
  await Promise.all(both)
  expect(times).toHaveLength(2)
})

test('a create whose turn has not come does not go out after a stop', async () => {
  const { times, send } = paced(() => accepted)
  const stop = new AbortController()
  await send()
  const waiting = send(stop.signal)
  stop.abort(new Error('stopped'))
  await expect(waiting).rejects.toThrow('stopped')
  expect(times).toEqual([0])
})
