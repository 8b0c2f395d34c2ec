import type { BudgetView } from '../core/event.js'
import type { Plan } from '../core/plan.js'
import {
  type PlanTotals,
  type PlanView,
  type PriceView,
  planTotals,
  viewPlan,
  viewPrice,
} from '../core/plan-view.js'
import type { Problem } from '../core/problem.js'
import { budgetsOf } from '../engine/manifest-budgets.js'
import { limitsOf, type PrepareOptions, previewPlans } from '../engine/prepare-plans.js'
import { savePlan } from '../engine/saved-plans.js'
import type { TakeCosts } from '../engine/take-costs.js'
import type { Clock } from '../ports/clock.js'
import type { Files } from '../ports/files.js'

export interface PlanReport {
  plans: PlanView[]
  totals: Omit<PlanTotals, 'prices' | 'finalPrices'> & { prices: PriceView[]; finalPrices: PriceView[] }
  /** What the manifests may cost and have cost; empty where nothing is capped. */
  budgets: readonly BudgetView[]
  /** What an account may do with these models. */
  limits: { createsPerMinute: number; liveTasks: number }
  warnings: readonly Problem[]
}

export interface PlanCommandOptions extends PrepareOptions {
  /** Where to save the plan for `run`, absolute; who is to be asked; and what makes it unique. */
  save?: { path: string; provider: string; newId: () => string } | undefined
}

/**
 * Says what a run would do and why. Nothing is sent, and nothing is written but the cache, and the plan where that is
 * asked for.
 *
 * @throws RunnerError when manifests or lockfiles cannot be read, or the plan cannot be saved.
 */
export async function plan(
  options: PlanCommandOptions,
  world: { files: Files; clock: Clock },
): Promise<PlanReport> {
  const { save } = options
  // What is carried out later is decided from the manifest itself.
  const { previews, warnings } = await previewPlans({ ...options, cached: !save }, world)
  if (save)
    await savePlan(
      save.path,
      previews,
      { ...options, provider: save.provider },
      { ...world, newId: save.newId },
    )
  return reportPlans(previews, warnings)
}

/** Plans as data, with what they come to. */
export function reportPlans(
  parts: readonly { plan: Plan; costs: TakeCosts }[],
  warnings: readonly Problem[],
): PlanReport {
  const plans = parts.map(({ plan }) => plan)
  const { prices, finalPrices, ...totals } = planTotals(plans)
  return {
    plans: plans.map(viewPlan),
    totals: { ...totals, prices: prices.map(viewPrice), finalPrices: finalPrices.map(viewPrice) },
    budgets: budgetsOf(parts),
    limits: limitsOf(plans),
    warnings,
  }
}
