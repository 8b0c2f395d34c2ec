import { RunnerError } from '../core/errors.js'
import type { BudgetView } from '../core/event.js'
import { type Money, writeMoney } from '../core/money.js'
import type { TakeName } from '../core/names.js'
import type { Plan, Step } from '../core/plan.js'
import { Budget, type Pot, type Reservation } from './budget.js'
import type { TakeCosts } from './take-costs.js'

interface Part {
  plan: Plan
  costs: TakeCosts
}

/** The pots of manifests that state a budget, charged with what was spent on them and what is live. */
export class ManifestBudgets<P extends Part> {
  readonly #pots = new Map<P, Pot>()
  readonly #holds = new Map<Step, Reservation>()

  constructor(parts: readonly P[], budget: Budget) {
    for (const part of parts) {
      const { budget: limit, file: name } = part.plan.manifest
      if (!limit) continue
      const pot = { name, limit }
      const resumes = part.plan.steps.filter((step) => step.kind === 'resume')
      budget.add(pot, part.costs.soFar({ without: new Set<TakeName>(resumes.map(({ name }) => name)) }))
      for (const step of resumes) this.#holds.set(step, budget.hold([pot], part.costs.reservedFor(step.name)))
      this.#pots.set(part, pot)
    }
  }

  potOf(part: P): Pot | undefined {
    return this.#pots.get(part)
  }

  /** What is set aside for a task that was live before. */
  holdOf(step: Step): Reservation | undefined {
    return this.#holds.get(step)
  }
}

/** How the budgets of manifests stand; empty where none is stated. */
export function budgetsOf(parts: readonly Part[]): BudgetView[] {
  const budget = new Budget()
  new ManifestBudgets(parts, budget)
  return budget.view()
}

/**
 * Makes sure that a cap can be held: that the price of everything to be bought is known, in the cap's currency.
 *
 * @throws RunnerError `budget-unpriced` that names the takes.
 */
export function requirePrices(plans: readonly Plan[], maxCost: Money | undefined): void {
  for (const { manifest, steps } of plans) {
    for (const [name, limit] of [
      ['--max-cost', maxCost],
      [`the budget of ${manifest.file}`, manifest.budget],
    ] as const) {
      if (!limit) continue
      const odd = steps.filter(
        (step) => step.kind === 'generate' && step.estimate.price?.currency !== limit.currency,
      )
      if (odd.length > 0) throw unpriced(name, limit, odd as Extract<Step, { kind: 'generate' }>[])
    }
  }
}

function unpriced(
  name: string,
  limit: Money,
  [first, ...others]: Extract<Step, { kind: 'generate' }>[],
): RunnerError {
  const { name: take, estimate } = first!
  const found = estimate.price ? `is in ${estimate.price.currency}` : 'is not known'
  const more = others.length > 0 ? `, and of ${others.length} more` : ''
  return new RunnerError(
    'budget-unpriced',
    `Cannot hold ${name} (${writeMoney(limit)}): the price of "${take}"${more} ${found}`,
    {
      hint: 'State the prices of this provider: prices in the manifest, or --prices FILE (docs/pricing.md). Nothing was sent.',
    },
  )
}
