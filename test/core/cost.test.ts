import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { billsOf, type Charge, type ChargeOptions, chargesOf } from '../../src/core/charges.js'
import { type CostGrouping, type CostSum, costGroupings, sumCosts } from '../../src/core/cost.js'
import { type Digest, digestOf, modelReader } from '../../src/core/digest.js'
import type { TakeState } from '../../src/core/ledger-state.js'
import type { LockEntries, LockEntry, Spent } from '../../src/core/lockfile.js'
import { knownModelIds } from '../../src/core/models.js'
import type { TakeName } from '../../src/core/names.js'
import type { Rate } from '../../src/core/prices.js'
import { selectTakes } from '../../src/core/select.js'
import { allTakesOf, type Shot } from '../../src/core/shot.js'
import {
  digestA,
  entry,
  fast10,
  known,
  manifestOf,
  pro10,
  pro15,
  shot,
  shotName,
  takeName,
  task,
} from './builders.js'

const noFile = () => ''
/** 40,594 tokens at 16 CNY a million: 0.649504 CNY. */
const small = { resolution: '480p', ratio: '16:9', duration: 4 }
const fox = shot('fox', { parameters: small, tags: ['ep01', 'hero'] })
const owl = shot('owl', { parameters: small, model: pro10 })

const digestFor = (name: string, of: Shot) =>
  digestOf(allTakesOf(of).find((take) => take.name === name)!, noFile)
/** A take that succeeded, of the shot as it is. */
const bought = (of: Shot, fields: Partial<LockEntry> = {}, name: string = of.name) =>
  entry('succeeded', {
    task: task(`task-of-${name}`),
    digest: digestFor(name, of),
    tokens: 40_594,
    cost: '0.649504 CNY',
    ...fields,
  })
const past = (spent: Record<string, Spent[keyof Spent]>, unbilled: string[] = []): Partial<LockEntry> => ({
  previous: [...unbilled, ...Object.keys(spent)].map(task),
  ...(Object.keys(spent).length > 0 ? { spent: spent as Spent } : {}),
})

interface Case extends Partial<ChargeOptions> {
  shots?: readonly Shot[]
  rates?: readonly Rate[]
  boughtFor?: ReadonlyMap<ReturnType<typeof task>, Digest>
  states?: ReadonlyMap<TakeName, TakeState>
}

function charges(
  entries: Record<string, LockEntry>,
  { shots = [fox, owl], rates, boughtFor, states, ...options }: Case = {},
) {
  const takes = shots.flatMap(allTakesOf)
  const modelOf = modelReader([...knownModelIds(), ...shots.map(({ model }) => model)])
  const input = {
    manifest: manifestOf(shots),
    states: states ?? new Map(Object.entries(entries).map(([name, one]) => [takeName(name), known(one)])),
    digests: new Map(takes.map((take) => [take.name, digestOf(take, noFile)])),
    estimateWith: { rates },
    boughtFor,
  }
  return chargesOf(input, { modelOf, ...options })
}

function total(entries: Record<string, LockEntry>, options?: Case): CostSum {
  return sumCosts(charges(entries, options), 'shot').total
}

/** What each group spent, in the report's order. */
function spentBy(by: CostGrouping, entries: Record<string, LockEntry>, options?: Case) {
  return sumCosts(charges(entries, options), by).groups.map(({ name, spent }) => [name, spent[0]?.amount])
}

const lock = (entries: Record<string, LockEntry>): LockEntries =>
  new Map(Object.entries(entries) as [TakeName, LockEntry][])
const cny = (amount: number) => [{ currency: 'CNY', amount }]

describe('a take that succeeded', () => {
  test('costs what the lockfile says, whatever prices are today', () => {
    const cost = total({ fox: bought(fox, { cost: '0.5 CNY' }) })
    expect(cost).toMatchObject({
      takes: 1,
      tokens: 40_594,
      cost: cny(0.5),
      spent: cny(0.5),
      pricedToday: 0,
      unpriced: 0,
    })
  })

  test('without a cost on record is priced as of today, and counted as such', () => {
    const { cost, ...of } = bought(fox)
    expect(total({ fox: of })).toMatchObject({ cost: cny(0.649504), pricedToday: 1, unpriced: 0 })
    const rates: Rate[] = [{ currency: 'USD', amount: 1, per: 'second', source: 'a relay' }]
    expect(total({ fox: of }, { rates }).cost).toEqual([{ currency: 'USD', amount: 4 }])
  })

  test.each([
    ['the shot has changed since', { fox: bought(fox, { cost: undefined, digest: digestA }) }],
    ['the shot has left the manifest', { cat: bought(fox, { cost: undefined }, 'fox') }],
    [
      'nobody knows the prices of who was asked',
      { fox: bought(fox, { cost: undefined, provider: 'relay.example' }) },
    ],
  ])('without a cost on record has no price when %s', (_, entries) => {
    expect(total(entries)).toMatchObject({ takes: 1, tokens: 40_594, cost: [], pricedToday: 0, unpriced: 1 })
  })

  test('is priced as of today also when the manifest wants fewer takes by now', () => {
    expect(total({ 'fox@3': bought(fox, { cost: undefined }) })).toMatchObject({
      cost: cny(0.649504),
      pricedToday: 1,
    })
  })

  test('whose tokens were not told is counted', () => {
    expect(total({ fox: bought(fox, { cost: undefined, tokens: undefined }) })).toMatchObject({
      takes: 1,
      untold: 1,
      unpriced: 1,
    })
  })
})

describe('estimated against actual', () => {
  const free = shot('fox', { parameters: { ...small, duration: -1 } })

  test('is about takes whose shots are what was bought', () => {
    const changed = bought(owl, { digest: digestA })
    expect(total({ fox: bought(fox, { cost: '0.7 CNY' }), owl: changed }).estimated).toEqual({
      tokens: { takes: 1, min: 40_594, max: 40_594, actual: 40_594, difference: 0 },
      cost: [{ currency: 'CNY', takes: 1, min: 0.649504, max: 0.649504, actual: 0.7, difference: 0.050496 }],
    })
  })

  test.each([
    ['within what was possible', '1 CNY', 0],
    ['above it', '2 CNY', 0.064864],
    ['below it', '0.5 CNY', -0.149504],
  ])('tells how far a take is off: %s', (_, cost, difference) => {
    const [compared] = total({ fox: bought(free, { cost }) }, { shots: [free] }).estimated.cost
    expect(compared).toMatchObject({ min: 0.649504, max: 1.935136, difference })
  })

  test('leaves out what was paid in another currency than the estimate', () => {
    expect(total({ fox: bought(fox, { cost: '0.1 USD' }) }).estimated.cost).toEqual([])
  })
})

test('a draft counts for its shot, and is also told apart', () => {
  const entries = {
    fox: bought(fox),
    'fox@draft': bought(fox, { tokens: 24_356, cost: '0.389696 CNY' }, 'fox@draft'),
  }
  const { groups } = sumCosts(charges(entries), 'shot')
  expect(groups).toMatchObject([
    {
      name: 'fox',
      takes: 2,
      tokens: 64_950,
      cost: cny(1.0392),
      drafts: { takes: 1, tokens: 24_356, cost: cny(0.389696) },
      estimated: { cost: [{ takes: 2, difference: 0 }] },
    },
  ])
})

describe('superseded tasks', () => {
  test('are counted apart, and are part of what was spent', () => {
    const of = bought(fox, past({ t1: { tokens: 100, cost: '0.2 CNY' }, t2: { tokens: 50 } }, ['t0']))
    expect(total({ fox: of })).toMatchObject({
      tokens: 40_594,
      cost: cny(0.649504),
      superseded: { tasks: 3, tokens: 150, cost: cny(0.2), unpriced: 1, unbilled: 1 },
      spent: cny(0.849504),
    })
  })

  test('without a bill stay so when their video was kept', () => {
    const of = bought(fox, past({ t1: { video: 'out/previous/fox.t1.mp4', sha256: 'f'.repeat(64) } }))
    expect(total({ fox: of })).toMatchObject({ superseded: { tasks: 1, unpriced: 0, unbilled: 1 } })
  })

  test('of a take that is being bought again are counted while its answer is awaited', () => {
    const intent = {
      attempt: 2,
      provider: 'ark',
      digest: digestA,
      seed: 8,
      reserved: '0.7 CNY',
      at: '2026-01-08T00:00:00Z',
    }
    expect(total({}, { states: new Map([[takeName('fox'), { entry: bought(fox), intent }]]) })).toMatchObject(
      {
        takes: 0,
        superseded: { tasks: 1, tokens: 40_594, cost: cny(0.649504) },
        open: { tasks: 1, reserved: cny(0.7) },
      },
    )
  })
})

describe('what failed', () => {
  test('is free and counted by how', () => {
    const entries = {
      fox: entry('failed', { task: task('t1'), error: 'InternalServiceError', tokens: 0 }),
      'fox@2': entry('failed', { error: 'InvalidParameter' }),
      'fox@3': entry('expired', { task: task('t3') }),
      owl: entry('cancelled', { task: task('t4') }),
    }
    expect(total(entries)).toMatchObject({
      takes: 0,
      spent: [],
      unpriced: 0,
      failures: { failed: 2, expired: 1, cancelled: 1 },
    })
  })

  test('and was billed nevertheless counts as paid', () => {
    const of = entry('failed', { task: task('t1'), error: 'E', tokens: 7, cost: '0.1 CNY' })
    expect(total({ fox: of })).toMatchObject({ takes: 1, spent: cny(0.1), failures: { failed: 0 } })
  })
})

test('what is live or unknown is not spent: it may cost up to what is reserved', () => {
  const entries = {
    fox: entry('submitted', { task: task('t1'), reserved: '0.7 CNY' }),
    'fox@2': entry('unknown', { reserved: '0.7 CNY' }),
    owl: entry('submitted', { task: task('t2') }),
  }
  expect(total(entries)).toMatchObject({
    takes: 0,
    spent: [],
    open: { tasks: 3, reserved: cny(1.4), unreserved: 1 },
  })
})

describe('grouping', () => {
  const entries = {
    fox: bought(fox, { cost: '1 CNY' }),
    owl: bought(owl, { cost: '2 CNY' }),
    wolf: entry('succeeded', { task: task('w'), tokens: 1, cost: '4 CNY' }),
  }

  test('by shot follows the manifest; shots that have left it come last', () => {
    const { groups } = sumCosts(charges(entries), 'shot')
    expect(groups).toMatchObject([
      { name: 'fox', manifest: 'manifests/ep01.yaml', spent: cny(1) },
      { name: 'owl', spent: cny(2) },
      { name: 'wolf', gone: true, spent: cny(4) },
    ])
    expect(groups[0]).not.toHaveProperty('gone')
  })

  test('by tag counts a shot under each of its tags, and once in the total', () => {
    expect(spentBy('tag', entries)).toEqual([
      ['ep01', 1],
      ['hero', 1],
      ['(no tag)', 2],
      ['(not in the manifest)', 4],
    ])
    const { total, overlapping } = sumCosts(charges(entries), 'tag')
    expect([total.spent, overlapping]).toEqual([cny(7), true])
    expect(sumCosts(charges({ owl: entries.owl }), 'tag').overlapping).toBe(false)
  })

  test('by manifest names its file', () => {
    expect(spentBy('manifest', entries)).toEqual([['manifests/ep01.yaml', 7]])
  })

  test('by model goes by what was bought, not by what the shot asks for now', () => {
    const relay = shot('cat', { model: 'ep-20260101' })
    const before = digestFor('fox', { ...fox, model: fast10 })
    const all = {
      ...entries,
      fox: bought(fox, { digest: before, cost: '1 CNY' }),
      cat: bought(relay, { cost: '8 CNY' }),
    }
    expect(spentBy('model', all, { shots: [fox, owl, relay] })).toEqual([
      [pro10, 2],
      [fast10, 1],
      ['ep-20260101', 8],
      ['(not known)', 4],
    ])
  })

  test('by model leaves superseded tasks apart, unless this machine knows what they were bought for', () => {
    const of = bought(fox, { cost: '1 CNY', ...past({ t1: { cost: '2 CNY' }, t2: { cost: '4 CNY' } }) })
    const boughtFor = new Map([[task('t2'), digestFor('owl', owl)]])
    expect(spentBy('model', { fox: of }, { boughtFor })).toEqual([
      [pro10, 4],
      [pro15, 1],
      ['(superseded)', 2],
    ])
  })

  test('keeps shots of one name in two manifests apart', () => {
    const [charge] = charges({ fox: entries.fox }) as [Charge]
    const other = { ...charge, manifest: { name: 'ep02', file: 'manifests/ep02.yaml' } }
    expect(sumCosts([charge, other], 'shot').groups).toMatchObject([
      { manifest: 'manifests/ep01.yaml' },
      { manifest: 'manifests/ep02.yaml' },
    ])
  })
})

describe('currencies', () => {
  test('are never added up, and each has a part of its own', () => {
    const of = bought(fox, { cost: '1 CNY', ...past({ t1: { tokens: 3, cost: '2 USD' } }, ['t0']) })
    expect(sumCosts(charges({ fox: of }), 'shot').groups).toMatchObject([
      {
        spent: [
          { currency: 'CNY', amount: 1 },
          { currency: 'USD', amount: 2 },
        ],
        parts: [
          { currency: 'CNY', takes: 1, spent: cny(1), superseded: { tasks: 0 } },
          { currency: 'USD', takes: 0, superseded: { tasks: 1, tokens: 3 } },
          { takes: 0, spent: [], superseded: { tasks: 1, unbilled: 1 } },
        ],
      },
    ])
  })

  test('have no parts where there is one of them', () => {
    expect(total({ fox: bought(fox), owl: entry('failed', { error: 'E' }) })).not.toHaveProperty('parts')
  })
})

describe('since an earlier lockfile', () => {
  const since = (before: Record<string, LockEntry>, now: Record<string, LockEntry>) =>
    total(now, { before: billsOf([lock(before)]) })
  const live = entry('submitted', { task: task('t1'), digest: digestFor('fox', fox), reserved: '0.7 CNY' })
  const done = bought(fox, { task: task('t1') })
  const again = bought(fox, {
    task: task('t2'),
    cost: '1 CNY',
    ...past({ t1: { tokens: 40_594, cost: '0.649504 CNY' } }),
  })

  test.each([
    ['a task that it knows with the same bill does not count', { fox: done }, { fox: done }, []],
    ['a new task counts', {}, { fox: done }, cny(0.649504)],
    ['a task that was live then and has ended counts', { fox: live }, { fox: done }, cny(0.649504)],
    ['a task that was superseded meanwhile does not count again', { fox: done }, { fox: again }, cny(1)],
    ['a task that was live then and is superseded counts', { fox: live }, { fox: again }, cny(1.649504)],
    ['what was superseded already does not count', { fox: again }, { fox: again }, []],
    ['a rename is no purchase', { cat: done }, { fox: done }, []],
  ])('%s', (_, before, now, spent) => {
    expect(since(before, now).spent).toEqual(spent)
  })

  test('failures count when they are new', () => {
    const refused = entry('failed', { error: 'E' })
    const failed = entry('failed', { task: task('t1'), error: 'E' })
    const before = { fox: refused, owl: failed }
    expect(since(before, before).failures.failed).toBe(0)
    expect(since(before, { ...before, 'fox@2': refused }).failures.failed).toBe(1)
    expect(since({ owl: live }, before).failures.failed).toBe(2)
  })

  test('an old task without a bill that was superseded does not count', () => {
    const of = bought(fox, { task: task('t2'), ...past({}, ['t1']) })
    for (const tokens of [undefined, 5]) {
      const before = entry('succeeded', { task: task('t1'), tokens })
      expect(since({ fox: before }, { fox: of }).superseded.unbilled).toBe(0)
    }
    expect(since({}, { fox: of }).superseded.unbilled).toBe(1)
  })

  test('what is open counts: it can only be spent after', () => {
    expect(since({ fox: live }, { fox: live }).open).toMatchObject({ tasks: 1, reserved: cny(0.7) })
  })
})

test('a task that a broken-off rename left under two names counts once, and as ended if one says so', () => {
  const done = bought(fox)
  const live = entry('submitted', { task: done.task, digest: done.digest, reserved: '0.7 CNY' })
  for (const entries of [
    { fox: done, old: done },
    { fox: live, old: done },
    { fox: done, old: live },
  ]) {
    expect(total(entries)).toMatchObject({ takes: 1, spent: cny(0.649504), open: { tasks: 0 } })
  }
  expect(total({ fox: live, old: live }).open.tasks).toBe(1)
})

test('a task that one take has and another had before counts as the one that has it', () => {
  const entries = {
    fox: bought(fox, { task: task('t1'), cost: '1 CNY', ...past({}, ['t2']) }),
    owl: bought(owl, { task: task('t2'), cost: '2 CNY' }),
  }
  expect(total(entries)).toMatchObject({ takes: 2, spent: cny(3), superseded: { tasks: 0 } })
  for (const before of [entries, { owl: entries.owl, fox: entries.fox }])
    expect(total(entries, { before: billsOf([lock(before)]) }).spent).toEqual([])
})

test('refused creates of two shots that are the same are two failures', () => {
  const refused = entry('failed', { error: 'E' })
  expect(total({ fox: refused, owl: refused }).failures.failed).toBe(2)
})

describe('a selection', () => {
  const entries = {
    fox: bought(fox, { cost: '1 CNY' }),
    'fox@draft': bought(fox, { cost: '2 CNY' }, 'fox@draft'),
    owl: bought(owl, { cost: '4 CNY' }),
    wolf: entry('succeeded', { task: task('w'), cost: '8 CNY' }),
  }
  test.each([
    ['by name means the drafts too', { shots: ['fox'] }, 3],
    ['can mean a draft alone', { shots: ['fox@draft'] }, 2],
    ['by name finds shots that have left the manifest', { shots: ['wol*'] }, 8],
    ['by tag does not', { tags: ['hero'] }, 3],
  ])('%s', (_, selection, amount) => {
    expect(total(entries, { selects: selectTakes(selection)! }).spent).toEqual(cny(amount))
  })
})

test('whatever was charged: groups without overlap, and parts by currency, add up to the total', () => {
  const money = fc.option(
    fc.record({ currency: fc.constantFrom('CNY', 'USD'), micros: fc.nat(10_000_000) }),
    { nil: undefined },
  )
  const tokens = fc.option(fc.nat(1_000_000), { nil: undefined })
  const account = fc.record({
    manifest: fc.constantFrom('a', 'b').map((name) => ({ name, file: `${name}.yaml` })),
    shot: fc.constantFrom('x', 'y').map(shotName),
    tags: fc.constantFrom([], ['one'], undefined),
    model: fc.constantFrom(pro10, undefined),
  })
  const what = fc.oneof(
    fc.record({
      kind: fc.constant('paid' as const),
      draft: fc.boolean(),
      tokens,
      cost: money,
      pricedToday: fc.boolean(),
      estimate: fc.constant(undefined),
    }),
    fc.record({ kind: fc.constant('superseded' as const), billed: fc.boolean(), tokens, cost: money }),
    fc.record({
      kind: fc.constant('failure' as const),
      status: fc.constantFrom('failed' as const, 'expired' as const),
    }),
    fc.record({ kind: fc.constant('open' as const), reserved: money }),
  )
  const charge = fc.tuple(account, what).map(([to, one]): Charge => ({ ...to, ...one }))

  const numbers = (sums: readonly CostSum[]) => {
    const count = (pick: (sum: CostSum) => number) => sums.reduce((all, sum) => all + pick(sum), 0)
    const amount = (pick: (sum: CostSum) => CostSum['spent'], currency: string) =>
      count((sum) => Math.round((pick(sum).find((one) => one.currency === currency)?.amount ?? 0) * 1e6))
    return [
      count(({ takes }) => takes),
      count(({ tokens }) => tokens),
      count(({ unpriced }) => unpriced),
      count(({ superseded }) => superseded.tasks),
      count(({ superseded }) => superseded.unbilled),
      count(({ failures }) => failures.failed + failures.expired),
      count(({ open }) => open.unreserved),
      ...['CNY', 'USD'].flatMap((currency) => [
        amount(({ spent }) => spent, currency),
        amount(({ drafts }) => drafts.cost, currency),
        amount(({ open }) => open.reserved, currency),
      ]),
    ]
  }
  fc.assert(
    fc.property(fc.array(charge, { maxLength: 30 }), fc.constantFrom(...costGroupings), (all, by) => {
      const { groups, total } = sumCosts(all, by)
      expect(numbers(groups)).toEqual(numbers([total]))
      if (total.parts) expect(numbers(total.parts)).toEqual(numbers([total]))
      for (const { spent } of [...groups, total].flatMap(({ parts = [] }) => parts))
        expect(spent.length).toBeLessThan(2)
    }),
  )
})
