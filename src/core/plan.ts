import { type Digest, type DigestPart, differingParts } from './digest.js'
import { estimateTokens, type TokenRange } from './estimate.js'
import { classifyFailure, type FailureClass, mayRerun } from './failure.js'
import { lostCode, type TakeState } from './ledger-state.js'
import type { LockEntry } from './lockfile.js'
import { offerMoves } from './move.js'
import { compareTakeNames, splitTakeName, type TakeName } from './names.js'
import { type Manifest, type Shot, type Take, takesOf } from './shot.js'
import type { TaskId } from './task.js'

/** Why a take is bought. */
export type BuyReason = 'new' | 'changed' | 'failed' | 'expired' | 'cancelled' | 'forced'

/** Why a take waits for a person. */
export type HoldReason = 'skipped' | 'moderation-input' | 'invalid' | 'other-provider' | 'lost'

/** What a run would do with one take, and why. Carried out by `run` just as `plan` prints it. */
export type Step =
  | {
      kind: 'generate'
      name: TakeName
      take: Take
      digest: Digest
      reason: BuyReason
      /** What differs from the task that was bought before; empty unless `reason` is `changed`. */
      changed: readonly DigestPart[]
      /** `undefined` where the model's tables do not tell. */
      tokens: TokenRange | undefined
      /** A take whose shot has left the manifest and that is the same: a move would keep it without paying. */
      movedFrom?: TakeName
    }
  /** A task is live: wait for it. `outdated` when the shot has changed since: the next run buys it anew. */
  | { kind: 'resume'; name: TakeName; taskId: TaskId; flex: boolean; outdated: boolean }
  /** Done and paid, the file is not here. `collectedBefore`: it was fetched once, perhaps on another machine. */
  | { kind: 'collect'; name: TakeName; taskId: TaskId; collectedBefore: boolean }
  /** A create was sent and its answer never seen: look, do not pay. */
  | {
      kind: 'reconcile'
      name: TakeName
      seed: number | undefined
      /** ISO time; `undefined` where this machine does not know it. */
      sentAt: string | undefined
      provider: string
      digest: Digest
      /** The shot as it was sent; `undefined` when it has changed or gone since. */
      shot: Shot | undefined
    }
  | { kind: 'hold'; name: TakeName; reason: HoldReason }
  | { kind: 'keep'; name: TakeName }

export interface Plan {
  manifest: Manifest
  /** In manifest order; takes that the manifest no longer has come last. */
  steps: readonly Step[]
}

/** What a plan is decided from. All of it is data. */
export interface PlanInput {
  manifest: Manifest
  /** What the lockfile and the journal know. */
  states: ReadonlyMap<TakeName, TakeState>
  digests: ReadonlyMap<TakeName, Digest>
  /** Takes whose collected file is in its place. */
  present: ReadonlySet<TakeName>
}

export interface PlanOptions {
  /** Who would be asked. What another provider has of a take is left to it; `undefined` leaves this open. */
  provider?: string | undefined
  /** Which takes are asked for; default all. The others do not appear in the plan. */
  selects?: ((take: Take) => boolean) | undefined
  /** Buy selected takes again even when they are up to date or held. Live and unknown ones are still left alone. */
  force?: boolean | undefined
  /** Buy only what failed, expired or was cancelled before; with a class, only that class. The rest is left out. */
  failed?: boolean | FailureClass | undefined
}

/** Decides what a run would do. Reads nothing, writes nothing: same arguments, same plan. */
export function planRun({ manifest, states, digests, present }: PlanInput, options: PlanOptions = {}): Plan {
  const { selects = () => true } = options
  const steps: Step[] = []
  const wanted = new Set<TakeName>()
  for (const shot of manifest.shots) {
    for (const take of takesOf(shot)) {
      wanted.add(take.name)
      if (!selects(take)) continue
      const context = { digest: digests.get(take.name)!, here: present.has(take.name) }
      const step = stepFor(take, states.get(take.name), context, options)
      if (step) steps.push(step)
    }
  }
  if (options.selects) return { manifest, steps: offerMoves(steps, manifest, states) }

  // What was paid for is fetched even when its shot has left the manifest.
  const orphans = [...states.keys()].filter((name) => !wanted.has(name)).sort(compareTakeNames)
  for (const name of orphans) {
    const context = {
      digest: undefined,
      shot: undefined,
      here: present.has(name),
      provider: options.provider,
    }
    const step = unfinished(name, states.get(name), context)
    if (step && !(step.kind === 'collect' && step.collectedBefore)) steps.push(step)
  }
  return { manifest, steps: offerMoves(steps, manifest, states) }
}

function stepFor(
  take: Take,
  state: TakeState | undefined,
  { digest, here }: { digest: Digest; here: boolean },
  { force, failed, provider }: PlanOptions,
): Step | undefined {
  const { name, shot } = take
  const entry = state?.entry
  const open = unfinished(name, state, { here, digest, shot, provider })
  if (open && !(force && open.kind === 'collect' && open.collectedBefore)) return open
  if (shot.skip) return { kind: 'hold', name, reason: 'skipped' }

  const buy = (reason: BuyReason): Step => ({
    kind: 'generate',
    name,
    take,
    digest,
    reason,
    changed: reason === 'changed' && entry ? differingParts(entry.digest, digest) : [],
    tokens: estimateTokens(shot),
  })
  const failure = failureOf(entry)
  if (failed) {
    const meant = failure !== undefined && (failed === true || failed === failure)
    if (!meant) return undefined
  }
  if (!entry) return buy('new')
  if (force) return buy('forced')
  if (entry.digest !== digest) return buy('changed')
  if (isLost(entry)) return { kind: 'hold', name, reason: 'lost' }
  if (failure === undefined) return { kind: 'keep', name }
  if (failure === 'expired' || failure === 'cancelled') return buy(failure)
  if (mayRerun(failure)) return buy('failed')
  return { kind: 'hold', name, reason: failure === 'moderation-input' ? 'moderation-input' : 'invalid' }
}

interface Unfinished {
  /** What the manifest wants now; `undefined` when it no longer wants the take. */
  digest: Digest | undefined
  shot: Shot | undefined
  here: boolean
  provider: string | undefined
}

/** The step that finishes what was bought: waiting, fetching, or leaving an unknown alone. */
function unfinished(name: TakeName, state: TakeState | undefined, now: Unfinished): Step | undefined {
  const { entry, intent } = state ?? {}
  // A live task whose id is missing was lost by hand or by a merge: there is nothing to wait for, and still no second.
  const lost = entry?.status === 'submitted' && entry.task === undefined
  const sent = intent ?? (entry?.status === 'unknown' || lost ? entry : undefined)
  if (sent) {
    const { seed, provider, digest } = sent
    const shot = digest === now.digest ? now.shot : undefined
    return { kind: 'reconcile', name, seed, sentAt: intent?.at ?? state?.sentAt, provider, digest, shot }
  }
  if (entry?.task === undefined || isLost(entry)) return undefined

  const { task: taskId, status } = entry
  const outdated = now.digest !== undefined && entry.digest !== now.digest
  const collectedBefore = entry.sha256 !== undefined
  const live = status === 'submitted'
  const missing = status === 'succeeded' && !now.here && !(outdated && collectedBefore)
  if (!live && !missing) return undefined
  if (now.provider !== undefined && entry.provider !== now.provider) {
    return missing && collectedBefore ? undefined : { kind: 'hold', name, reason: 'other-provider' }
  }
  if (live)
    return { kind: 'resume', name, taskId, flex: now.shot?.parameters.service_tier === 'flex', outdated }
  return { kind: 'collect', name, taskId, collectedBefore }
}

/** Paid for, and neither fetched nor to be had: only a person may decide to pay again. */
function isLost({ status, error }: LockEntry): boolean {
  return (status === 'succeeded' || status === 'submitted') && error === lostCode
}

function failureOf(entry: LockEntry | undefined): FailureClass | undefined {
  switch (entry?.status) {
    case 'failed':
      return classifyFailure(entry.error ?? '', entry.task !== undefined)
    case 'expired':
    case 'cancelled':
      return entry.status
    default:
      return undefined
  }
}

/** Where a take's video goes, relative to its manifest, with `/`. */
export function outputPath(
  manifest: Pick<Manifest, 'name'>,
  name: TakeName,
  options: { rehearsal: boolean },
): string {
  const { shot, number } = splitTakeName(name)
  const file = number === 1 ? `${shot}.mp4` : `${shot}@${number}.mp4`
  return `out/${options.rehearsal ? 'simulator/' : ''}${manifest.name}/${file}`
}

/** What the `generate` steps of plans come to. */
export interface PlanTotals {
  buys: number
  tokens: TokenRange
  /** Takes whose tokens cannot be told. */
  untold: number
}

/** Sums up what plans would buy. */
export function planTotals(plans: readonly Plan[]): PlanTotals {
  const totals = { buys: 0, tokens: { min: 0, max: 0 }, untold: 0 }
  for (const step of plans.flatMap((plan) => plan.steps)) {
    if (step.kind !== 'generate') continue
    totals.buys++
    if (!step.tokens) totals.untold++
    totals.tokens.min += step.tokens?.min ?? 0
    totals.tokens.max += step.tokens?.max ?? 0
  }
  return totals
}

/** A plan as data that a person or a script reads: what `plan --json` prints. */
export interface PlanView {
  manifest: string
  /** The file as the person named it. */
  file: string
  steps: {
    take: TakeName
    step: Step['kind']
    reason?: string
    changed?: readonly DigestPart[]
    /** A take under an old name that `move` would keep instead of buying this one. */
    movedFrom?: TakeName
    task?: TaskId
    tokens?: TokenRange
  }[]
}

/** Leaves out what a plan carries only for being carried out. */
export function viewPlan({ manifest, steps }: Plan): PlanView {
  return { manifest: manifest.name, file: manifest.file, steps: steps.map(viewStep) }
}

function viewStep(step: Step): PlanView['steps'][number] {
  const head = { take: step.name, step: step.kind }
  switch (step.kind) {
    case 'generate': {
      const { reason, changed, tokens, movedFrom } = step
      return {
        ...head,
        reason,
        ...(changed.length > 0 ? { changed } : {}),
        ...(movedFrom === undefined ? {} : { movedFrom }),
        ...(tokens ? { tokens } : {}),
      }
    }
    case 'resume':
      return { ...head, task: step.taskId, ...(step.outdated ? { reason: 'outdated' } : {}) }
    case 'collect':
      return { ...head, task: step.taskId }
    case 'hold':
      return { ...head, reason: step.reason }
    case 'reconcile':
    case 'keep':
      return head
  }
}
