import { describe, expect, test } from 'vitest'
import { describeChanges, markerFor } from '../../action/comment-body.mjs'
import { comparePlans, emptyPlan } from '../../action/compare-plans.mjs'

/** A plan that buys takes at these prices. */
function planOf(prices: Record<string, number>, { max = 0 } = {}) {
  const steps = Object.entries(prices).map(([take, price]) => ({
    take,
    step: 'generate',
    reason: 'new',
    estimate: { price: { currency: 'CNY', min: price, max: price + max } },
  }))
  const sum = Object.values(prices).reduce((all, one) => all + one, 0)
  const totals = {
    buys: steps.length,
    prices: [{ currency: 'CNY', min: sum, max: sum + max * steps.length }],
    unpriced: 0,
  }
  return {
    plans: [{ file: 'manifests/ep01.yaml', steps: [...steps, { take: 'kept', step: 'keep' }] }],
    totals,
  }
}

function changes(
  before: ReturnType<typeof planOf> | typeof emptyPlan,
  after: ReturnType<typeof planOf>,
  results?: string,
) {
  return describeChanges({
    before,
    after,
    compared: comparePlans(before, after),
    results,
    baseFault: undefined,
  })
}

describe('what a pull request changes', () => {
  test('is nothing when both plans buy the same at the same price', () => {
    expect(changes(planOf({ fox: 1 }), planOf({ fox: 1 }))).toBeUndefined()
  })

  test('is what is new, what has another price and what is no longer bought; the rest is not told', () => {
    const text = changes(planOf({ fox: 1, owl: 1, elk: 2 }), planOf({ fox: 1, owl: 3, cat: 5 }))!
    expect(text).toContain(
      '**Plan: buys 3 takes for CNY 9.00.** On the base branch: buys 3 takes for CNY 4.00.',
    )
    expect(text.match(/^\| \w+ \|.*$/gm)).toEqual([
      '| take | manifest | why | price |',
      '| cat | manifests/ep01.yaml | new | CNY 5.00 |',
      '| owl | manifests/ep01.yaml | another price | CNY 3.00 (was CNY 1.00) |',
      '| elk | manifests/ep01.yaml | no longer bought |  |',
    ])
  })

  test('is told as a range where the service decides', () => {
    expect(changes(emptyPlan, planOf({ fox: 1 }, { max: 2 }))).toContain('CNY 1.00 to 3.00')
  })

  test('is also what the lockfiles have', () => {
    expect(changes(planOf({ fox: 1 }), planOf({ fox: 1 }), 'fox bought')).toContain('fox bought')
  })

  test('has no markup of foreign names, and calls nobody', () => {
    const text = changes(emptyPlan, planOf({ '[a](http://x)|@studio': 1 }))!
    expect(text).toContain('| &#91;a&#93;&#40;http&#58;//x&#41;&#124;@\u200bstudio |')
  })

  test('fits into a comment, however much it is', () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`狐狸-${at}`, 1]))
    const results = `<details>\n${'| a row |\n'.repeat(20_000)}</details>`
    const text = changes(emptyPlan, planOf(many), results)!
    expect(text.length).toBeLessThan(60_000)
    expect(text).toContain('4850 more takes')
    expect(text.match(/<details>/g)!.length).toBe(text.match(/<\/details>/g)!.length)
  })

  test('is marked so that no folder can end the mark', () => {
    expect(markerFor('a --> b')).toBe('<!-- shotlock: a%20--%3E%20b -->')
  })
})
