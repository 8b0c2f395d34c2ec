import { upstreamOf, upstreamsFirst } from './chains.js'
import { type Digest, type DigestPart, differingParts } from './digest.js'
import { type DraftFault, type DraftSource, draftSourceOf } from './draft-source.js'
import { type Estimate, type EstimateContext, estimator } from './estimate.js'
import { classifyFailure, type FailureClass, mayRerun } from './failure.js'
import { isRejected, lostCode, type TakeState } from './ledger-state.js'
import type { LockEntry } from './lockfile.js'
import type { PriceRange } from './money.js'
import { offerMoves } from './move.js'
import { compareTakeNames, hasDraft, type ShotName, type TakeName } from './names.js'
import { draftsOf, type Manifest, type Shot, statedSeed, type Take, takesOf } from './shot.js'
import type { TaskId } from './task.js'
import {
  followsAnother,
  isOfOtherFrame,
  isStale,
  type Upstream,
  type UpstreamFault,
  upstreamAt,
} from './upstream.js'

/** Why a take is bought. */
export type BuyReason =
  | 'new'
  | 'changed'
  | 'failed'
  | 'expired'
  | 'cancelled'
  | 'forced'
  | 'stale'
  /** A person rejected what was bought before, and asked for another. */
  | 'rejected'

/** Why a take waits for a person. */
export type HoldReason =
  | 'skipped'
  | 'moderation-input'
  | 'invalid'
  | 'other-provider'
  | 'lost'
  | DraftFault
  | UpstreamFault
  /** A draft was asked for, and the model makes none. */
  | 'no-drafts'

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
      estimate: Estimate
      /** The draft that is made final. */
      draft?: DraftSource | undefined
      /** The take whose last frame it begins with. */
      follows?: Follows | undefined
      /** For a draft: what its final will cost on top. */
      finalPrice?: PriceRange | undefined
      /** Of a rejected take: the seed that it had and gets again, so that the same request makes nearly the same film. */
      sameSeed?: number | undefined
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
  /** `upstream`: the take that it waits for. */
  | { kind: 'hold'; name: TakeName; reason: HoldReason; upstream?: TakeName | undefined }
  /** `rejected`: a person rejected it, and only being asked to would a run buy it again. */
  | { kind: 'keep'; name: TakeName; stale?: Stale | undefined; rejected?: true }

/** A take that another begins with the last frame of. */
export interface Follows {
  take: TakeName
  /** Whether this run makes or fetches it first. */
  awaited: boolean
}

/** A take that is kept although it goes on from something that is no longer there. */
export interface Stale {
  upstream: TakeName
  /** Of buying it anew. */
  estimate: Estimate
}

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
  /** What is known of pictures, films and sounds, and the prices of other places. */
  estimateWith?: Omit<EstimateContext, 'provider'> | undefined
  /** Takes whose collected file is in its place. */
  present: ReadonlySet<TakeName>
  /** Takes whose last frame is in its place; default none. */
  frames?: ReadonlySet<TakeName> | undefined
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
  /** Buy only what a person rejected, again; with `failed`, both. The rest is left out. */
  rejected?: boolean | undefined
  /** Buy drafts of the selected takes, and no finals. */
  draft?: boolean | undefined
  /** Buy selected takes again whose upstream was bought anew. */
  stale?: boolean | undefined
  /** Milliseconds since the Unix epoch, to tell which drafts can still be made final; `undefined`: all of them. */
  now?: number | undefined
}

/** Decides what a run would do. Reads nothing, writes nothing: same arguments, same plan. */
export function planRun(given: PlanInput, options: PlanOptions = {}): Plan {
  const { manifest, states, present } = given
  const input = { ...given, estimate: estimator({ ...given.estimateWith, provider: options.provider }) }
  const { selects = () => true } = options
  const wanted = new Set<TakeName>()
  const hasDrafts = options.draft || hasDraft(states.keys())
  const byShot = new Map<ShotName, Step[]>()
  const shots = new Map(manifest.shots.map((shot) => [shot.name, shot]))
  for (const shot of upstreamsFirst(manifest.shots)) {
    const before = shots.get(upstreamOf(shot)!)
    const upstream = before && upstreamAt(before, byShot.get(before.name)!, input, options)
    const drafts = hasDrafts ? draftsOf(shot) : []
    const own: Step[] = []
    for (const final of takesOf(shot)) {
      const draft = drafts[final.number - 1]
      wanted.add(final.name)
      if (draft) wanted.add(draft.name)
      if (selects(final)) own.push(...stepsFor(final, draft, upstream, input, options))
    }
    byShot.set(shot.name, own)
  }
  const steps = manifest.shots.flatMap(({ name }) => byShot.get(name)!)
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

/** What steps are decided from. */
interface StepInput extends PlanInput {
  estimate: (shot: Shot) => Estimate
}

/** The steps of a take and of its draft. Only one of them is bought; what is under way of the other goes on. */
function stepsFor(
  final: Take,
  draft: Take | undefined,
  upstream: Upstream | undefined,
  input: StepInput,
  options: PlanOptions,
): Step[] {
  const { states, digests, present } = input
  const draftState = draft && states.get(draft.name)
  const isDraft = final.shot.parameters.draft === true
  if (options.draft && !isDraft) {
    const made = states.get(final.name)?.entry
    const isMade = made?.status === 'succeeded' && made.digest === digests.get(final.name)
    if (isMade && !options.force && !options.rejected)
      return listed(stepFor(final, states.get(final.name), input, options, { upstream }))
    const isMeant = draft !== undefined || !options.rejected || isRejected(made)
    const step: Step | undefined = draft
      ? withFinalPrice(stepFor(draft, draftState, input, options, { upstream }), final, input)
      : isMeant
        ? { kind: 'hold', name: final.name, reason: final.shot.skip ? 'skipped' : 'no-drafts' }
        : undefined
    const open = unfinished(final.name, states.get(final.name), nowOf(final, input, options))
    return listed(step, open)
  }
  const source =
    draft &&
    draftState?.entry &&
    draftSourceOf(draftState.entry, {
      digest: digests.get(draft.name),
      failed: failureOf(draftState.entry) !== undefined,
      now: options.now,
    })
  const step = stepFor(final, states.get(final.name), input, options, {
    source: isOfOtherFrame(source, upstream) ? 'draft-outdated' : source,
    upstream,
  })
  if (!draft || !draftState) return listed(step)
  const open = unfinished(draft.name, draftState, {
    digest: digests.get(draft.name),
    shot: draft.shot,
    here: present.has(draft.name),
    provider: options.provider,
  })
  if (options.rejected && isRejected(draftState.entry) && step?.kind !== 'generate') {
    const anew = stepFor(draft, draftState, input, options, { upstream })
    return listed(step, withFinalPrice(anew, final, input))
  }
  const isLeftOut = options.failed || options.rejected
  return listed(step, open ?? (isLeftOut ? undefined : keep(draft.name, draftState.entry)))
}

function listed(...steps: (Step | undefined)[]): Step[] {
  return steps.filter((step) => step !== undefined)
}

function keep(name: TakeName, entry: LockEntry | undefined): Step & { kind: 'keep' } {
  return { kind: 'keep', name, ...(isRejected(entry) ? { rejected: true } : {}) }
}

function withFinalPrice(step: Step | undefined, { shot }: Take, { estimate }: StepInput): Step | undefined {
  if (step?.kind !== 'generate') return step
  return { ...step, finalPrice: estimate(shot).price }
}

function stepFor(
  take: Take,
  state: TakeState | undefined,
  input: StepInput,
  options: PlanOptions,
  { source, upstream }: { source?: DraftSource | DraftFault | undefined; upstream: Upstream | undefined },
): Step | undefined {
  const { force, failed, rejected, stale } = options
  const { name, shot } = take
  const entry = state?.entry
  const now = nowOf(take, input, options)
  const { digest } = now
  const open = unfinished(name, state, now)
  const isAskedAnew = rejected === true && isRejected(entry)
  const again = force || isAskedAnew || (stale && upstream && entry && followsAnother(entry, upstream))
  if (open && !(again && open.kind === 'collect' && open.collectedBefore)) return open
  if (shot.skip) return { kind: 'hold', name, reason: 'skipped' }

  const buy = (reason: BuyReason): Step => {
    if (typeof source === 'string' && !force) return { kind: 'hold', name, reason: source }
    const fromDraft = typeof source === 'object'
    if (upstream?.fault && !fromDraft)
      return { kind: 'hold', name, reason: upstream.fault, upstream: upstream.take }
    const seed = fromDraft ? source.seed : statedSeed(take)
    const isSameSeed = reason === 'rejected' && seed !== undefined && seed === entry?.seed
    return {
      kind: 'generate',
      name,
      take,
      digest,
      reason,
      changed: reason === 'changed' && entry ? differingParts(entry.digest, digest) : [],
      estimate: input.estimate(shot),
      ...(fromDraft ? { draft: source } : {}),
      ...(isSameSeed ? { sameSeed: seed } : {}),
      ...(upstream && !fromDraft ? { follows: { take: upstream.take, awaited: upstream.awaited } } : {}),
    }
  }
  const failure = failureOf(entry)
  if (failed || rejected) {
    const isMeant = failure !== undefined && (failed === true || failed === failure)
    if (!isMeant && !isAskedAnew) return undefined
  }
  if (!entry) return buy('new')
  if (force) return buy('forced')
  if (entry.digest !== digest) return buy('changed')
  if (isAskedAnew) return buy('rejected')
  if (isLost(entry)) return { kind: 'hold', name, reason: 'lost' }
  if (failure === undefined) {
    if (!upstream || !isStale(entry, upstream)) return keep(name, entry)
    if (stale && followsAnother(entry, upstream)) return buy('stale')
    return { ...keep(name, entry), stale: { upstream: upstream.take, estimate: input.estimate(shot) } }
  }
  if (failure === 'expired' || failure === 'cancelled') return buy(failure)
  // Another first frame may pass where the one before did not.
  const isNew = upstream !== undefined && !upstream.fault && followsAnother(entry, upstream)
  if (mayRerun(failure) || isNew) return buy('failed')
  return { kind: 'hold', name, reason: failure === 'moderation-input' ? 'moderation-input' : 'invalid' }
}

function nowOf(
  { name, shot }: Take,
  { digests, present }: PlanInput,
  { provider }: PlanOptions,
): Unfinished & { digest: Digest } {
  return { digest: digests.get(name)!, shot, here: present.has(name), provider }
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
