import type { BudgetView } from '../core/event.js'
import {
  type Plan,
  type PlanTotals,
  type PlanView,
  type PriceView,
  planTotals,
  viewPlan,
  viewPrice,
} from '../core/plan.js'
import type { Problem } from '../core/problem.js'
import type { Charges } from '../engine/charges.js'
import { budgetsOf } from '../engine/manifest-budgets.js'
import { limitsOf, type PrepareOptions, previewPlans } from '../engine/prepare-plans.js'
import type { Clock } from '../ports/clock.js'
import type { Files } from '../ports/files.js'

export interface PlanReport {
  plans: PlanView[]
  totals: Omit<PlanTotals, 'prices'> & { prices: PriceView[] }
  /** What the manifests may cost and have cost; empty where nothing is capped. */
  budgets: readonly BudgetView[]
  /** What an account may do with these models. */
  limits: { createsPerMinute: number; liveTasks: number }
  warnings: readonly Problem[]
}

/** Says what a run would do and why. Nothing is sent and nothing is written. */
export async function plan(
  options: PrepareOptions,
  world: { files: Files; clock: Clock },
): Promise<PlanReport> {
  const { previews, warnings } = await previewPlans(options, world)
  return reportPlans(previews, warnings)
}

/** Plans as data, with what they come to. */
export function reportPlans(
  parts: readonly { plan: Plan; charges: Charges }[],
  warnings: readonly Problem[],
): PlanReport {
  const plans = parts.map(({ plan }) => plan)
  const { prices, ...totals } = planTotals(plans)
  return {
    plans: plans.map(viewPlan),
    totals: { ...totals, prices: prices.map(viewPrice) },
    budgets: budgetsOf(parts),
    limits: limitsOf(plans),
    warnings,
  }
}
