// What a pull request changes about what would be bought.

/**
 * @typedef {{ currency: string, min: number, max: number }} Price
 * @typedef {{ file: string, take: string, reason: string, price: Price | undefined }} Purchase
 * @typedef {{ plans: readonly object[], totals: { buys: number, prices: readonly Price[], unpriced: number } }} PlanReport
 */

/** A plan that buys nothing. */
export const emptyPlan = { plans: [], totals: { buys: 0, prices: [], unpriced: 0 } }

/**
 * Purchases that only one of two plans has, or both at different prices.
 *
 * @param {PlanReport} before
 * @param {PlanReport} after
 * @returns {{ added: Purchase[], dropped: Purchase[], dearer: { was: Purchase, now: Purchase }[] }}
 */
export function comparePlans(before, after) {
  const [old, now] = [purchasesOf(before), purchasesOf(after)]
  return {
    added: [...now].filter(([key]) => !old.has(key)).map(([, one]) => one),
    dropped: [...old].filter(([key]) => !now.has(key)).map(([, one]) => one),
    dearer: [...now].flatMap(([key, one]) => {
      const was = old.get(key)
      return was && !isSamePrice(was.price, one.price) ? [{ was, now: one }] : []
    }),
  }
}

/** @returns {Map<string, Purchase>} */
function purchasesOf({ plans }) {
  const purchases = new Map()
  for (const { file, steps } of plans) {
    for (const { step, take, reason, estimate } of steps) {
      if (step !== 'generate') continue
      purchases.set(`${file}\n${take}`, { file, take, reason, price: estimate?.price })
    }
  }
  return purchases
}

function isSamePrice(a, b) {
  return a?.currency === b?.currency && a?.min === b?.min && a?.max === b?.max
}
