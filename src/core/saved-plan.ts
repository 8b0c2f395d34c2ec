import { canonicalJson } from './canonical-json.js'
import { RunnerError } from './errors.js'
import type { FailureClass } from './failure.js'
import type { PlanView } from './plan-view.js'
import type { Selection } from './select.js'

/** A plan as `plan --out` writes it: what was decided, and what it was decided from. */
export interface SavedPlan {
  planVersion: 1
  /** Unique: a plan is carried out once. */
  id: string
  /** When it was made, ISO time. */
  madeAt: string
  provider: string
  rehearsal: boolean
  /** What was asked for. */
  options: {
    selection: Selection
    force: boolean
    failed: boolean | FailureClass
    draft: boolean
    rejected?: boolean
    stale?: boolean
    /** Whether smaller copies of too large images are sent whatever the manifests say; `undefined`: no. */
    fit?: boolean | undefined
  }
  manifests: readonly PlannedManifest[]
}

/** One manifest's part of a saved plan. Hashes are SHA-256 in hexadecimal. */
export interface PlannedManifest {
  /** Relative to the plan's own folder, with `/`. */
  file: string
  sha256: string
  /** `null`: there was no lockfile. */
  lockfileSha256: string | null
  plan: PlanView
}

/**
 * Reads a saved plan.
 *
 * @throws RunnerError `plan-invalid`
 */
export function parseSavedPlan(text: string, file: string): SavedPlan {
  const value = parsed(text)
  const version = value?.planVersion
  if (typeof version === 'number' && version > 1) {
    throw invalid(file, `it has planVersion ${version}, this shotlock knows 1`)
  }
  const manifests = value?.manifests
  const complete =
    version === 1 &&
    typeof value?.id === 'string' &&
    /^[\w-]{1,100}$/.test(value.id) &&
    typeof value.provider === 'string' &&
    typeof value.rehearsal === 'boolean' &&
    isMap(value.options) &&
    isMap(value.options.selection) &&
    Array.isArray(manifests) &&
    manifests.length > 0 &&
    manifests.every(isPlannedManifest)
  if (!complete) throw invalid(file, 'it is no plan that shotlock saved')
  return value as unknown as SavedPlan
}

/**
 * What has changed since a plan was saved, as the end of a sentence; `undefined` when it can be carried out exactly.
 *
 * @param now The same manifest as it is planned now.
 */
export function changeSince(saved: PlannedManifest, now: PlannedManifest): string | undefined {
  const name = saved.plan.file
  if (saved.sha256 !== now.sha256) return `${name} has changed`
  if (saved.lockfileSha256 !== now.lockfileSha256) {
    if (saved.lockfileSha256 === null) return `${name} has a lockfile now`
    return now.lockfileSha256 === null
      ? `the lockfile of ${name} is gone`
      : `the lockfile of ${name} has changed`
  }
  if (stepsOf(saved, { prices: false }) !== stepsOf(now, { prices: false }))
    return `an image of ${name}, or what this machine knows of its takes, has changed`
  return stepsOf(saved, { prices: true }) === stepsOf(now, { prices: true })
    ? undefined
    : 'prices have changed'
}

function stepsOf({ plan }: PlannedManifest, { prices }: { prices: boolean }): string {
  // Through JSON, as the saved one went: what is undefined is not there.
  const steps: PlanView['steps'] = JSON.parse(JSON.stringify(plan.steps))
  return canonicalJson(
    steps.map(({ estimate, draft, ...step }) => {
      const { price, unknowns, ...rest } = estimate ?? {}
      // The days that a draft has left become fewer by themselves.
      return { ...step, draft: draft?.task, estimate: prices ? { ...rest, price } : rest }
    }),
  )
}

function isPlannedManifest(value: unknown): boolean {
  if (!isMap(value)) return false
  const { file, sha256, lockfileSha256, plan } = value
  return (
    typeof file === 'string' &&
    typeof sha256 === 'string' &&
    (lockfileSha256 === null || typeof lockfileSha256 === 'string') &&
    isMap(plan) &&
    typeof plan.file === 'string' &&
    Array.isArray(plan.steps) &&
    plan.steps.every(isMap)
  )
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isMap(value) ? value : undefined
  } catch {
    return undefined
  }
}

function invalid(file: string, why: string): RunnerError {
  return new RunnerError('plan-invalid', `Cannot read the plan "${file}": ${why}`, {
    hint: 'Make a new one: shotlock plan --out FILE. Nothing was sent.',
  })
}
