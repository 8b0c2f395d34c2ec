import { describe, expect, test } from 'vitest'
import { type CancelOptions, type CancelOutcome, cancel } from '../../src/commands/cancel.js'
import { ProviderError, RunnerError } from '../../src/core/errors.js'
import { taskId } from '../../src/core/task.js'
import { createRig, type Rig } from '../support/rig.js'

interface Request extends Partial<CancelOptions> {
  agree?: boolean
  signal?: AbortSignal
}

async function outcomes(
  rig: Rig,
  { agree = true, signal, ...options }: Request = {},
): Promise<Record<string, CancelOutcome>> {
  const usual = { paths: [], cwd: '/project', rehearsal: false, selection: {} }
  const controls = { confirm: async () => agree, signal: signal ?? new AbortController().signal }
  const report = await cancel({ ...usual, ...options }, rig.world, controls)
  return Object.fromEntries(report.outcomes.map((outcome) => [outcome.take, outcome]))
}

/** Takes that were submitted and wait in the provider's queue for a minute, then run for another. */
async function queued(shots: Record<string, unknown> = { fox: 'a fox' }): Promise<Rig> {
  const rig = createRig(shots)
  rig.provider.script = () => ({ queuedMs: 60_000, livesMs: 120_000 })
  await rig.run({ wait: false })
  rig.provider.calls.retrieve.length = 0
  return rig
}

const refuse = (status: number | undefined, providerCode?: string) => () => {
  throw new ProviderError('the provider refuses', { status, providerCode })
}

describe('a queued task', () => {
  test('is looked at, cancelled, looked at again, and recorded', async () => {
    const rig = await queued()
    const calls: string[] = []
    rig.provider.onCall = (call) => void calls.push(call)
    rig.provider.onRemove = () => void calls.push('remove')

    expect(await outcomes(rig)).toEqual({
      fox: { manifest: 'ep01', take: 'fox', task: 'cgt-1', kind: 'cancelled' },
    })
    expect(calls).toEqual(['check', 'retrieve', 'remove', 'retrieve'])
    expect(rig.locked()).toMatchObject({ fox: { status: 'cancelled', task: 'cgt-1' } })
  })

  test('is looked at again when the first answer was long on its way', async () => {
    const rig = await queued()
    const { retrieve } = rig.provider
    let slow = true
    rig.provider.retrieve = async (id, options) => {
      const task = await retrieve(id, options)
      if (slow) await rig.clock.sleep(6_000)
      slow = false
      return task
    }
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'cancelled' } })
    expect(rig.provider.calls.retrieve).toHaveLength(3)
  })

  test('is left alone when no answer is quick enough to be relied on', async () => {
    const rig = await queued()
    const { retrieve } = rig.provider
    rig.provider.retrieve = async (id, options) => {
      const task = await retrieve(id, options)
      await rig.clock.sleep(6_000)
      return task
    }
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'failed' } })
    expect(rig.provider.calls.remove).toEqual([])
  })

  test('is cancelled also when the DELETE brings no answer: the look behind it tells', async () => {
    const rig = await queued()
    const { remove } = rig.provider
    rig.provider.remove = async (id) => {
      await remove(id)
      throw new ProviderError('the connection was reset')
    }
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'cancelled' } })
    expect(rig.provider.calls.remove).toHaveLength(1)
  })

  test('is not cancelled when the provider says so and does not do it', async () => {
    const rig = await queued()
    rig.provider.remove = async () => undefined
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'failed' } })
    expect(rig.locked()).toMatchObject({ fox: { status: 'submitted' } })
  })

  test('that somebody else has cancelled is recorded without a DELETE', async () => {
    const rig = await queued()
    await rig.provider.remove(taskId('cgt-1'))
    rig.provider.calls.remove.length = 0
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'cancelled' } })
    expect(rig.provider.calls.remove).toEqual([])
  })
})

describe('a task that cannot be cancelled', () => {
  test('because it runs is not asked for', async () => {
    const rig = await queued()
    await rig.clock.sleep(61_000)
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'running', status: 'running' } })
    expect(rig.provider.calls.remove).toEqual([])
  })

  test('because its state is a word of a relay is left alone', async () => {
    const rig = await queued()
    rig.provider.answer = (task) => ({ ...task, status: 'unrecognised' })
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'running', status: 'unrecognised' } })
    expect(rig.provider.calls.remove).toEqual([])
  })

  test('because it has ended is never deleted: its record is the way to what was paid for', async () => {
    const rig = await queued()
    await rig.clock.sleep(121_000)
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'ended', status: 'succeeded' } })
    expect(rig.provider.calls.remove).toEqual([])
    expect(rig.locked()).toMatchObject({ fox: { status: 'submitted' } })

    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done', taskId: 'cgt-1' } })
  })

  test.each([404, 405, 501])('because the provider answers DELETE with %i stays live', async (status) => {
    const rig = await queued()
    rig.provider.onRemove = refuse(status)
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'unsupported' } })
    expect(rig.locked()).toMatchObject({ fox: { status: 'submitted' } })
  })

  test('because a page of HTML answers stays live', async () => {
    const rig = await queued()
    rig.provider.onRemove = refuse(200)
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'unsupported' } })
  })

  test('because the service fails stays live, and the DELETE is not sent again', async () => {
    const rig = await queued()
    rig.provider.onRemove = refuse(500, 'InternalServiceError')
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'failed', why: 'the provider refuses' } })
    expect(rig.provider.calls.remove).toHaveLength(1)
  })

  test('because another provider has it is not asked for here', async () => {
    const rig = await queued()
    Object.assign(rig.provider, { name: 'byteplus' })
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'elsewhere', provider: 'ark' } })
    expect(rig.provider.calls.retrieve).toEqual([])
  })

  test('because the provider has no record of it keeps its entry', async () => {
    const rig = await queued()
    rig.provider.retrieve = async () => {
      throw new ProviderError('no such task', { status: 404 })
    }
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'gone', deleted: false } })
    expect(rig.provider.calls.remove).toEqual([])
    expect(rig.locked()).toMatchObject({ fox: { status: 'submitted', task: 'cgt-1' } })
  })
})

describe('between look and DELETE', () => {
  test('a task may start: the service refuses, and it stays live', async () => {
    const rig = await queued()
    rig.provider.onRemove = () => rig.clock.sleep(61_000)
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'running', status: 'running' } })
    expect(rig.locked()).toMatchObject({ fox: { status: 'submitted' } })

    rig.provider.onRemove = () => undefined
    expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'done', taskId: 'cgt-1' } })
  })

  test('a task that starts is running also where the record lags behind', async () => {
    const rig = await queued()
    rig.provider.onRemove = refuse(409, 'InvalidAction.RunningTaskDeletion')
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'running' } })
  })

  test('a task may start and end after the service refused: run collects it', async () => {
    const rig = await queued()
    rig.provider.onRemove = async () => {
      await rig.clock.sleep(121_000)
      throw new ProviderError('it runs', { status: 409 })
    }
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'ended', status: 'succeeded' } })
    expect(rig.locked()).toMatchObject({ fox: { status: 'submitted' } })
  })

  test('a task that starts and ends loses its record: that is said, and the entry is kept as it is', async () => {
    const rig = await queued()
    rig.provider.onRemove = () => rig.clock.sleep(121_000)
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'gone', deleted: true } })
    expect(rig.locked()).toMatchObject({ fox: { status: 'submitted', task: 'cgt-1' } })
  })

  test('nothing else happens: no write, no wait', async () => {
    const rig = await queued()
    const seen: string[] = []
    const { sleep } = rig.clock
    rig.clock.sleep = (...args) => {
      seen.push('sleep')
      return sleep(...args)
    }
    rig.files.fault = (action) => void seen.push(action)
    rig.provider.onCall = (call) => {
      if (call === 'retrieve') seen.length = 0
    }
    rig.provider.onRemove = () => expect(seen).toEqual([])
    expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'cancelled' } })
  })
})

describe('which takes', () => {
  const shots = { fox: { prompt: 'a fox', tags: ['red'], takes: 2 }, owl: 'an owl' }

  test('all that are live, also those whose shots have left the manifest', async () => {
    const rig = await queued(shots)
    rig.writeManifest({ owl: 'an owl' })
    expect(Object.keys(await outcomes(rig))).toEqual(['fox', 'fox@2', 'owl'])
  })

  test('only selected ones', async () => {
    const rig = await queued(shots)
    expect(Object.keys(await outcomes(rig, { selection: { tags: ['red'], shots: ['*@2'] } }))).toEqual([
      'fox@2',
    ])
    expect(rig.locked()).toMatchObject({ fox: { status: 'submitted' }, 'fox@2': { status: 'cancelled' } })
  })

  test('none when the selection fits no shot', async () => {
    const rig = await queued(shots)
    await expect(outcomes(rig, { selection: { shots: ['wolf'] } })).rejects.toMatchObject({
      code: 'nothing-selected',
    })
  })

  test('none that is done', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    expect(await outcomes(rig)).toEqual({})
  })

  test('many at once, in the order of the lockfile', async () => {
    const rig = await queued({ fox: { prompt: 'a fox', takes: 40 } })
    const found = await outcomes(rig)
    expect(Object.values(found).every(({ kind }) => kind === 'cancelled')).toBe(true)
    expect(Object.keys(found)).toHaveLength(40)
    expect(Object.keys(found)[9]).toBe('fox@10')
  })
})

describe('nothing is sent', () => {
  test('when it is not agreed to', async () => {
    const rig = await queued()
    await expect(outcomes(rig, { agree: false })).rejects.toMatchObject({ code: 'no-consent' })
    expect([...rig.provider.calls.retrieve, ...rig.provider.calls.remove]).toEqual([])
  })

  test('when the provider refuses the key', async () => {
    const rig = await queued()
    rig.provider.onCall = (call) => {
      if (call === 'check') throw new RunnerError('account-refused', 'ark refuses the key')
    }
    await expect(outcomes(rig)).rejects.toMatchObject({ code: 'account-refused' })
    expect(rig.provider.calls.remove).toEqual([])
  })

  test('after an interruption, and takes that were not reached are told', async () => {
    const rig = await queued({ fox: 'a fox', owl: 'an owl' })
    expect(await outcomes(rig, { signal: AbortSignal.abort() })).toMatchObject({
      fox: { kind: 'skipped' },
      owl: { kind: 'skipped' },
    })
    expect(rig.provider.calls.remove).toEqual([])
  })
})

test('looks that fail are repeated, before and after the DELETE', async () => {
  const rig = await queued()
  let calls = 0
  rig.provider.onCall = (call) => {
    if (call === 'retrieve' && ++calls % 2 === 1) throw new ProviderError('busy', { status: 500 })
  }
  expect(await outcomes(rig)).toMatchObject({ fox: { kind: 'cancelled' } })
  expect(rig.provider.calls.remove).toHaveLength(1)
})

test('a cancellation that cannot be written down ends the command, and a run finds it out', async () => {
  const rig = await queued()
  rig.files.fault = (action) => {
    if (action === 'append') throw new Error('ENOSPC')
  }
  await expect(outcomes(rig)).rejects.toMatchObject({ code: 'state-unwritable' })
  rig.files.fault = () => undefined
  expect(await rig.outcomes()).toMatchObject({ fox: { kind: 'failed', failure: 'cancelled' } })
})
