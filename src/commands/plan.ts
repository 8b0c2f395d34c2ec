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
import { type FittedImage, fitPlans } from '../engine/fit-images.js'
import { requireFreePlaces } from '../engine/free-places.js'
import { budgetsOf } from '../engine/manifest-budgets.js'
import { limitsOf, type PrepareOptions, previewPlans } from '../engine/prepare-plans.js'
import { savePlan } from '../engine/saved-plans.js'
import type { TakeCosts } from '../engine/take-costs.js'
import type { World } from '../ports/world.js'

type PriceSum = 'prices' | 'finalPrices' | 'stalePrices'

export interface PlanReport {
  plans: PlanView[]
  totals: Omit<PlanTotals, PriceSum> & Record<PriceSum, PriceView[]>
  /** What the manifests may cost and have cost; empty where nothing is capped. */
  budgets: readonly BudgetView[]
  /** What an account may do with these models. */
  limits: { createsPerMinute: number; liveTasks: number }
  /** Images that are too large and are sent as smaller copies. */
  fitted: readonly FittedImage[]
  warnings: readonly Problem[]
}

export interface PlanCommandOptions extends PrepareOptions {
  /** Where to save the plan for `run`, absolute; who is to be asked; and what makes it unique. */
  save?: { path: string; provider: string; newId: () => string } | undefined
}

/**
 * Says what a run would do and why. Nothing is sent, and nothing is written but the cache, and the plan and copies of
 * images where they are asked for.
 *
 * @throws RunnerError when manifests or lockfiles cannot be read, `output-taken`, or when the plan cannot be saved;
 *   ManifestError also when the image of a take that would be bought cannot be sent.
 */
export async function plan(
  options: PlanCommandOptions,
  world: Pick<World, 'files' | 'clock' | 'fitter'>,
): Promise<PlanReport> {
  const { save } = options
  // What is carried out later is decided from the manifest itself.
  const { previews, warnings } = await previewPlans({ ...options, cached: !save }, world)
  await requireFreePlaces(
    previews.map(({ loaded, ...preview }) => ({ ...preview, places: loaded.places })),
    world.files,
  )
  const results = await fitPlans(previews, options, world)
  if (save)
    await savePlan(
      save.path,
      previews,
      { ...options, provider: save.provider },
      { ...world, newId: save.newId },
    )
  return reportPlans(
    previews,
    warnings,
    results.flatMap(({ fitted }) => fitted),
  )
}

/** Plans as data, with what they come to. */
export function reportPlans(
  parts: readonly { plan: Plan; costs: TakeCosts }[],
  warnings: readonly Problem[],
  fitted: readonly FittedImage[],
): PlanReport {
  const plans = parts.map(({ plan }) => plan)
  const { prices, finalPrices, stalePrices, ...totals } = planTotals(plans)
  return {
    plans: plans.map(viewPlan),
    totals: {
      ...totals,
      prices: prices.map(viewPrice),
      finalPrices: finalPrices.map(viewPrice),
      stalePrices: stalePrices.map(viewPrice),
    },
    budgets: budgetsOf(parts),
    limits: limitsOf(plans),
    fitted,
    warnings,
  }
}
