import { RunnerError } from '../core/errors.js'
import { type TakeRef, takeKey } from '../core/event.js'
import { type Doubt, type Verdict, withinGrace } from '../core/reconcile.js'
import type { TaskId, TaskStatus } from '../core/task.js'
import { creationOf } from '../core/task-time.js'
import { type PrepareOptions, prepareRun } from '../engine/prepare-plans.js'
import { collectUnclaimed, type Search, searchDoubts } from '../engine/reconcile.js'
import type { World } from '../ports/world.js'

export interface ReconcileOptions extends PrepareOptions {
  /** Adopts a probable task too, when it is the only one and fits one take only. */
  accept: boolean
  /** Takes to give up for lost, so that the next run buys them again. Each must be named. */
  resubmit: readonly string[]
}

/** What was found for one unknown take. */
export type Finding = TakeRef &
  (
    | { verdict: 'adopted'; task: TaskId }
    | { verdict: 'probable'; candidates: FoundCandidate[] }
    | { verdict: 'none'; tooEarly: boolean }
    | { verdict: 'released' }
  )

export interface FoundCandidate {
  task: TaskId
  status: TaskStatus
  /** ISO time; `undefined` when neither the provider nor the id tells. */
  createdAt?: string
  /** What speaks for it, and what its record does not show. */
  for: readonly string[]
  missing: readonly string[]
}

export interface ReconcileReport {
  findings: Finding[]
  /** Whether the provider has no LIST: then nothing could be looked for. */
  noList: boolean
  /** Results fetched because nobody can tell yet whose they are, relative to their manifest. */
  unclaimed: readonly string[]
}

/**
 * Looks for the tasks behind takes whose create got no answer. Certain ones are adopted; what is only probable is told
 * and left to a person; absence is never taken for proof.
 *
 * @throws RunnerError `cannot-resubmit` when a take that is to be given up is not unknown, or might still be found.
 */
export async function reconcile(
  options: ReconcileOptions,
  world: World,
  { signal }: { signal: AbortSignal },
): Promise<ReconcileReport> {
  const prepared = await prepareRun(options, world)
  try {
    const search = await searchDoubts(prepared.parts, world, { accept: options.accept, signal })
    const unclaimed = await collectUnclaimed(search, prepared.parts, world, { signal })
    const findings = describe(search, world.clock.now())
    for (const name of options.resubmit) {
      const finding = findings.find((one) => one.take === name || takeKey(one) === name)
      refuseUnlessLost(name, finding, search)
      const part = prepared.parts.find(({ plan }) => plan.manifest.name === finding!.manifest)!
      await part.ledger.commit({ type: 'released', take: finding!.take })
      findings[findings.indexOf(finding!)] = {
        manifest: finding!.manifest,
        take: finding!.take,
        verdict: 'released',
      }
    }
    return { findings, noList: search.noList, unclaimed }
  } finally {
    await prepared.close()
  }
}

function describe({ verdicts, adopted }: Search, now: number): Finding[] {
  const tasks = new Map(adopted.map(({ doubt, task }) => [doubt.key, task]))
  return verdicts.map((verdict): Finding => {
    const { doubt } = verdict
    const ref = { manifest: manifestOf(doubt), take: doubt.take }
    const task = tasks.get(doubt.key)
    if (task !== undefined) return { ...ref, verdict: 'adopted', task }
    if (verdict.kind === 'none') return { ...ref, verdict: 'none', tooEarly: withinGrace(doubt, now) }
    return { ...ref, verdict: 'probable', candidates: candidatesOf(verdict) }
  })
}

function candidatesOf(verdict: Exclude<Verdict, { kind: 'none' }>): FoundCandidate[] {
  const all = verdict.kind === 'certain' ? [verdict.candidate] : verdict.candidates
  return all.map(({ task, evidence }) => {
    const createdAt = creationOf(task)
    const when = createdAt === undefined ? {} : { createdAt: new Date(createdAt).toISOString() }
    return { task: task.id, status: task.status, ...when, ...evidence }
  })
}

function manifestOf({ key, take }: Doubt): string {
  return key.slice(0, key.length - take.length - 1)
}

/** Buying again is right only for a create that was looked for and not found. */
function refuseUnlessLost(name: string, finding: Finding | undefined, { noList }: Search): void {
  const refuse = (why: string, hint: string) =>
    new RunnerError('cannot-resubmit', `Cannot give up "${name}": ${why}`, { hint })
  if (!finding)
    throw refuse(
      'it is not unknown',
      'Only takes whose create got no answer are given up; see shotlock status.',
    )
  if (finding.verdict === 'adopted') throw refuse('its task was just found', 'Run again: it is collected.')
  if (finding.verdict === 'probable') {
    throw refuse('there are tasks that may be it', `Adopt the right one first: shotlock adopt ${name} TASK.`)
  }
  if (finding.verdict === 'none' && finding.tooEarly && !noList) {
    throw refuse('its task may still show up', 'Look again ten minutes after it was sent.')
  }
}
