import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Money } from '../../src/core/money.js'
import { Budget } from '../../src/engine/budget.js'
import { createRig, type Rig } from '../support/rig.js'

const cny = (micros: number): Money => ({ currency: 'CNY', micros })
const never = new AbortController().signal

/** 40,594 tokens: at most 0.649504 CNY. The fake provider bills 1,000 tokens, 0.016 CNY, unless told otherwise. */
const shot = { prompt: 'a fox', ratio: '16:9', resolution: '480p' }
const most = 649_504
const full = { status: 'succeeded' as const, videoUrl: 'https://files.test/a.mp4', completionTokens: 40_594 }
const shots = (count: number, fields = {}) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, { ...shot, ...fields }]))
const billInFull = (rig: Rig) => {
  rig.provider.script = (_, number) => ({
    ends: { ...full, videoUrl: `https://files.test/cgt-${number}.mp4` },
  })
}

describe('a pot', () => {
  test('holds what fits, to the millionth', async () => {
    const budget = new Budget()
    const pot = { name: 'pot', limit: cny(100) }
    budget.add(pot, [cny(40), { currency: 'USD', micros: 5 }])
    expect(await budget.reserve([pot], cny(60), never)).not.toHaveProperty('reached')
    expect(budget.view()).toMatchObject([
      { limit: 0.0001, spent: 0.00004, reserved: 0.00006, reached: false },
    ])
  })

  test('refuses what can never fit, and everything after it', async () => {
    const budget = new Budget()
    const pot = { name: 'pot', limit: cny(100) }
    budget.add(pot, [])
    expect(await budget.reserve([pot], cny(101), never)).toEqual({ reached: pot })
    expect(await budget.reserve([pot], cny(1), never)).toEqual({ reached: pot })
  })

  test.each([
    ['of another currency', { currency: 'USD', micros: 1 }],
    ['that is not known', undefined],
  ])('refuses an amount %s', async (_, amount) => {
    const budget = new Budget()
    const pot = { name: 'pot', limit: cny(100) }
    budget.add(pot, [])
    expect(await budget.reserve([pot], amount, never)).toEqual({ reached: pot })
  })

  test('waits for what may come back, in the order of asking', async () => {
    const budget = new Budget()
    const pot = { name: 'pot', limit: cny(100) }
    budget.add(pot, [])
    const first = await budget.reserve([pot], cny(100), never)
    const order: string[] = []
    const second = budget.reserve([pot], cny(60), never).then(() => order.push('second'))
    const third = budget.reserve([pot], cny(30), never).then(() => order.push('third'))
    if ('settle' in first) first.settle(10)
    await Promise.all([second, third])
    expect(order).toEqual(['second', 'third'])
  })

  test('does not wait for what is kept', async () => {
    const budget = new Budget()
    const pot = { name: 'pot', limit: cny(100) }
    budget.add(pot, [])
    const first = await budget.reserve([pot], cny(100), never)
    const second = budget.reserve([pot], cny(1), never)
    if ('keep' in first) first.keep()
    expect(await second).toEqual({ reached: pot })
  })

  test('lets a waiting amount go when it is told to stop', async () => {
    const budget = new Budget()
    const pot = { name: 'pot', limit: cny(100) }
    budget.add(pot, [])
    await budget.reserve([pot], cny(100), never)
    const stop = new AbortController()
    const waiting = budget.reserve([pot], cny(1), stop.signal)
    stop.abort(new Error('stopped'))
    await expect(waiting).rejects.toThrow('stopped')
  })

  test('is never passed, whatever is asked for and whatever it comes to', async () => {
    const ask = fc.record({
      most: fc.integer({ min: 1, max: 50 }),
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 200 }),
        fc.array(ask, { maxLength: 30 }),
        async (limit, asks) => {
          const budget = new Budget()
          const pot = { name: 'pot', limit: cny(limit) }
          budget.add(pot, [])
          let peak = 0
          const look = () => {
            const [{ spent, reserved } = { spent: 0, reserved: 0 }] = budget.view()
            peak = Math.max(peak, Math.round((spent + reserved) * 1_000_000))
          }
          await Promise.all(
            asks.map(async ({ most, share }) => {
              const reservation = await budget.reserve([pot], cny(most), never)
              look()
              if (!('settle' in reservation)) return
              await Promise.resolve()
              reservation.settle(Math.floor(most * share))
              look()
            }),
          )
          expect(peak).toBeLessThanOrEqual(limit)
        },
      ),
    )
  })
})

describe('--max-cost', () => {
  test('stops new creates before it is passed, and lets live ones finish', async () => {
    const rig = createRig(shots(10))
    billInFull(rig)
    const report = await rig.run({ maxCost: cny(4 * most + 1), concurrency: 3 })
    expect(rig.provider.creates).toHaveLength(4)
    expect(report.stop).toMatchObject({ why: 'budget' })
    expect(report.outcomes.filter(({ kind }) => kind === 'done')).toHaveLength(4)
    expect(report.outcomes.filter(({ kind }) => kind === 'cancelled')).toHaveLength(6)
    expect(report.budgets).toMatchObject([
      { name: '--max-cost', spent: (4 * most) / 1e6, reserved: 0, reached: true },
    ])
  })

  test('buys as much as fits: what costs less than it could, or fails, gives room back', async () => {
    const rig = createRig(shots(10))
    rig.provider.script = (_, number) =>
      number % 2 === 0 ? { ends: { status: 'failed', error: { code: 'E', message: '' } } } : {}
    const report = await rig.run({ maxCost: cny(2 * most), concurrency: 4 })
    expect(rig.provider.creates).toHaveLength(10)
    expect(rig.provider.mostLive).toBeLessThanOrEqual(2)
    expect(report.stop).toBeUndefined()
  })

  test('is gone on with by the next run', async () => {
    const rig = createRig(shots(4))
    billInFull(rig)
    await rig.run({ maxCost: cny(2 * most) })
    await rig.run({ maxCost: cny(2 * most) })
    expect(rig.provider.creates).toHaveLength(4)
    expect(Object.values(rig.locked()).map(({ cost }) => cost)).toEqual(Array(4).fill('0.649504 CNY'))
  })

  test('takes its currency from the plan where it names none', async () => {
    const rig = createRig(shots(3))
    billInFull(rig)
    await rig.run({ maxCost: { currency: undefined, micros: most } })
    expect(rig.provider.creates).toHaveLength(1)
  })

  test.each([
    ['a price that is not known', { model: 'ep-1' }],
    ['a price in another currency', { model: 'seedance-1-5-pro-251215' }],
  ])('cannot be held with %s, and nothing is sent', async (_, fields) => {
    const rig = createRig(shots(1, fields))
    const world = { ...rig.world, provider: { ...rig.provider, name: 'byteplus' } }
    expect(world.provider.name).toBe('byteplus')
    await expect(rig.run({ maxCost: cny(most), provider: 'byteplus' })).rejects.toMatchObject({
      code: 'budget-unpriced',
    })
    expect(rig.provider.creates).toEqual([])
  })

  test('counts a create whose answer was lost as spent', async () => {
    const rig = createRig(shots(3))
    billInFull(rig)
    rig.provider.onCreate = (_, number) => (number === 1 ? { kind: 'unknown', why: 'reset' } : undefined)
    const report = await rig.run({ maxCost: cny(2 * most), concurrency: 1 })
    expect(rig.provider.creates).toHaveLength(2)
    expect(report.budgets).toMatchObject([{ spent: most / 1e6, reserved: most / 1e6 }])
  })

  test('holds without waiting, too', async () => {
    const rig = createRig(shots(5))
    await rig.run({ maxCost: cny(2 * most), wait: false })
    expect(rig.provider.creates).toHaveLength(2)
    expect(Object.values(rig.locked())).toMatchObject(
      Array(2).fill({ status: 'submitted', reserved: '0.649504 CNY' }),
    )
  })

  test('counts every try of a take that is bought again at once', async () => {
    const rig = createRig(shots(1))
    rig.provider.script = (_, number) =>
      number === 1
        ? { ends: { status: 'failed', error: { code: 'InternalServiceError', message: '' } } }
        : { ends: full }
    const report = await rig.run({ maxCost: cny(most), retries: 1 })
    expect(report.outcomes).toMatchObject([{ kind: 'done', cost: '0.649504 CNY' }])
  })
})

describe("a manifest's budget", () => {
  const withBudget = (rig: Rig, name: string, count: number, budget: string) => {
    rig.writeManifest(shots(count), name)
    const path = `/project/manifests/${name}.yaml`
    rig.files.write(path, `budget: ${budget}\n${rig.files.text(path)}`)
  }

  test('counts what was spent before, superseded takes too', async () => {
    const rig = createRig()
    withBudget(rig, 'ep01', 1, '2 CNY')
    billInFull(rig)
    await rig.run()
    await rig.run({ force: true })
    await rig.run({ force: true })
    const report = await rig.run({ force: true })
    expect(rig.provider.creates).toHaveLength(3)
    expect(report.outcomes).toMatchObject([{ kind: 'cancelled', why: 'budget' }])
    expect(report.budgets).toMatchObject([
      { name: 'manifests/ep01.yaml', spent: (3 * most) / 1e6, reached: true },
    ])
  })

  test('stops its own manifest only', async () => {
    const rig = createRig()
    withBudget(rig, 'ep01', 3, '0.7 CNY')
    withBudget(rig, 'ep02', 3, '100 CNY')
    billInFull(rig)
    const report = await rig.run({ concurrency: 1 })
    const done = report.outcomes.filter(({ kind }) => kind === 'done').map(({ manifest }) => manifest)
    expect(done.sort()).toEqual(['ep01', 'ep02', 'ep02', 'ep02'])
    expect(report.stop).toBeUndefined()
  })

  test('counts what is live from before, and settles it when it ends', async () => {
    const rig = createRig()
    withBudget(rig, 'ep01', 2, '1 CNY')
    await rig.run({ wait: false })
    expect(rig.provider.creates).toHaveLength(1)
    const report = await rig.run()
    expect(rig.provider.creates).toHaveLength(2)
    expect(report.budgets).toMatchObject([{ spent: 0.032, reserved: 0, reached: false }])
  })

  test('holds at the same time as --max-cost: the tighter one decides', async () => {
    const rig = createRig()
    withBudget(rig, 'ep01', 5, '2 CNY')
    billInFull(rig)
    await rig.run({ maxCost: cny(2 * most) })
    expect(rig.provider.creates).toHaveLength(2)
    await rig.run({ maxCost: cny(100 * most) })
    expect(rig.provider.creates).toHaveLength(3)
  })
})

describe('what was agreed to', () => {
  test('ends for a shot that is edited before it is bought, and for no other', async () => {
    const rig = createRig(shots(4))
    rig.provider.onCreate = (_, number) => {
      if (number === 1) rig.writeManifest({ ...shots(4), s2: { ...shot, prompt: 'a wolf' } })
      return undefined
    }
    const found = await rig.outcomes({ concurrency: 1 })
    expect(found).toMatchObject({
      s1: { kind: 'done' },
      s2: { kind: 'cancelled', why: 'edited' },
      s3: { kind: 'done' },
    })
    expect(await rig.outcomes()).toMatchObject({ s2: { kind: 'done' } })
  })

  test.each([
    ['cannot be read any more', 'shots: ['],
    ['is gone', undefined],
    ['has other prices', undefined],
  ])('ends for everything when the manifest %s', async (what, text) => {
    const rig = createRig(shots(3))
    const path = '/project/manifests/ep01.yaml'
    const priced = 'prices: [{ currency: CNY, per_video: 9 }]\n'
    rig.provider.onCreate = async (_, number) => {
      if (number !== 1) return undefined
      if (what === 'is gone') await rig.files.remove(path)
      else rig.files.write(path, text ?? `${priced}${rig.files.text(path)}`)
      return undefined
    }
    expect(await rig.outcomes({ concurrency: 1 })).toMatchObject({
      s0: { kind: 'done' },
      s1: { kind: 'cancelled', why: 'edited' },
      s2: { kind: 'cancelled', why: 'edited' },
    })
  })

  test('does not end when the file is written anew and says the same', async () => {
    const rig = createRig(shots(3))
    rig.provider.onCreate = () => {
      rig.writeManifest(Object.fromEntries(Object.entries(shots(3)).reverse()))
      return undefined
    }
    const found = await rig.outcomes({ concurrency: 1 })
    expect(Object.values(found).map(({ kind }) => kind)).toEqual(['done', 'done', 'done'])
  })

  test('ends between the question and the first create as well', async () => {
    const rig = createRig(shots(1))
    const { run } = await import('../../src/commands/run.js')
    const options = {
      paths: [],
      cwd: '/project',
      rehearsal: false,
      provider: 'ark',
      selection: {},
      wait: true,
      retries: 0,
    }
    const report = await run(options, rig.world, {
      confirm: async () => {
        rig.writeManifest(shots(1, { prompt: 'a wolf' }))
        return true
      },
      signal: never,
    })
    expect(report.outcomes).toMatchObject([{ kind: 'cancelled', why: 'edited' }])
    expect(rig.provider.creates).toEqual([])
  })
})
