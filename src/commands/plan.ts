import { type PlanTotals, type PlanView, planTotals, viewPlan } from '../core/plan.js'
import type { Problem } from '../core/problem.js'
import { limitsOf, type PrepareOptions, previewPlans } from '../engine/prepare-plans.js'
import type { Files } from '../ports/files.js'

export interface PlanReport {
  plans: PlanView[]
  totals: PlanTotals
  /** What an account may do with these models. */
  limits: { createsPerMinute: number; liveTasks: number }
  warnings: readonly Problem[]
}

/** Says what a run would do and why. Nothing is sent and nothing is written. */
export async function plan(options: PrepareOptions, files: Files): Promise<PlanReport> {
  const { previews, warnings } = await previewPlans(options, files)
  const plans = previews.map(({ plan }) => plan)
  return { plans: plans.map(viewPlan), totals: planTotals(plans), limits: limitsOf(plans), warnings }
}
