import { type Digest, type DigestPart, differingParts } from './digest.js'
import { type Estimate, type EstimateContext, estimateShot, type TokenRange } from './estimate.js'
import { classifyFailure, type FailureClass, mayRerun } from './failure.js'
import { lostCode, type TakeState } from './ledger-state.js'
import type { LockEntry } from './lockfile.js'
import { microsPerUnit, type PriceRange, sumPrices } from './money.js'
import { offerMoves } from './move.js'
import { compareTakeNames, type TakeName } from './names.js'
import { draftsOf, type Manifest, type Shot, type Take, takesOf } from './shot.js'
import type { TaskId } from './task.js'
import { createdAtOf, lifetimes } from './task-time.js'

/** Why a take is bought. */
export type BuyReason = 'new' | 'changed' | 'failed' | 'expired' | 'cancelled' | 'forced'

/** Why a take waits for a person. */
export type HoldReason =
  | 'skipped'
  | 'moderation-input'
  | 'invalid'
  | 'other-provider'
  | 'lost'
  /** Its draft waits for `promote`. */
  | 'draft-unapproved'
  /** Its draft failed. */
  | 'draft-failed'
  /** The shot has changed since its draft was made. */
  | 'draft-outdated'
  /** Its draft was approved and can no longer be made final. */
  | 'draft-expired'
  /** A draft was asked for, and the model makes none. */
  | 'no-drafts'

/** An approved draft that a final is made from. */
export interface DraftSource {
  task: TaskId
  /** The final gets the same. */
  seed: number | undefined
  /** Milliseconds since the Unix epoch; `undefined` where the task's id does not tell. */
  expiresAt: number | undefined
  /** Whole days until then. */
  daysLeft: number | undefined
  /** What the draft cost, such as `0.486128 CNY`. */
  cost: string | undefined
}

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
      /** For a draft: what its final will cost on top. */
      finalPrice?: PriceRange | undefined
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
  /** What is known of pictures, films and sounds, and the prices of other places. */
  estimateWith?: Omit<EstimateContext, 'provider'> | undefined
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
  /** Buy drafts of the selected takes, and no finals. */
  draft?: boolean | undefined
  /** Milliseconds since the Unix epoch, to tell which drafts can still be made final; `undefined`: all of them. */
  now?: number | undefined
}

/** Decides what a run would do. Reads nothing, writes nothing: same arguments, same plan. */
export function planRun(input: PlanInput, options: PlanOptions = {}): Plan {
  const { manifest, states, present } = input
  const { selects = () => true } = options
  const steps: Step[] = []
  const wanted = new Set<TakeName>()
  for (const shot of manifest.shots) {
    const drafts = draftsOf(shot)
    for (const final of takesOf(shot)) {
      const draft = drafts[final.number - 1]
      wanted.add(final.name)
      if (draft) wanted.add(draft.name)
      if (selects(final)) steps.push(...stepsFor(final, draft, input, options))
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

/** The steps of a take and of its draft. Only one of them is bought; what is under way of the other goes on. */
function stepsFor(final: Take, draft: Take | undefined, input: PlanInput, options: PlanOptions): Step[] {
  const { states, digests, present } = input
  const draftState = draft && states.get(draft.name)
  const isDraft = final.shot.parameters.draft === true
  if (options.draft && !isDraft) {
    const made = states.get(final.name)?.entry
    const isMade = made?.status === 'succeeded' && made.digest === digests.get(final.name)
    if (isMade && !options.force) return listed(stepFor(final, states.get(final.name), input, options))
    const step: Step | undefined = draft
      ? withFinalPrice(stepFor(draft, draftState, input, options), final, input, options)
      : { kind: 'hold', name: final.name, reason: 'no-drafts' }
    const open = unfinished(final.name, states.get(final.name), nowOf(final, input, options))
    return listed(step, open)
  }
  const source = draft && draftState?.entry && draftFor(draft, draftState.entry, input, options)
  const step = stepFor(final, states.get(final.name), input, options, source)
  if (!draft || !draftState) return listed(step)
  const open = unfinished(draft.name, draftState, {
    digest: digests.get(draft.name),
    shot: draft.shot,
    here: present.has(draft.name),
    provider: options.provider,
  })
  const rest: Step | undefined = open ?? (options.failed ? undefined : { kind: 'keep', name: draft.name })
  return listed(step, rest)
}

function listed(...steps: (Step | undefined)[]): Step[] {
  return steps.filter((step) => step !== undefined)
}

function withFinalPrice(
  step: Step | undefined,
  { shot }: Take,
  { estimateWith }: PlanInput,
  { provider }: PlanOptions,
): Step | undefined {
  if (step?.kind !== 'generate') return step
  return { ...step, finalPrice: estimateShot(shot, { ...estimateWith, provider }).price }
}

/** What a final is made from, or why it waits. */
function draftFor(
  { name }: Take,
  { status, task, provider, digest, seed, approved, error, cost }: LockEntry,
  { digests }: PlanInput,
  { now }: PlanOptions,
): DraftSource | HoldReason {
  if (digest !== digests.get(name)) return 'draft-outdated'
  if (failureOf({ status, error, task, provider, digest })) return 'draft-failed'
  if (!approved || status !== 'succeeded' || task === undefined) return 'draft-unapproved'
  const createdAt = createdAtOf(task)
  const expiresAt = createdAt === undefined ? undefined : createdAt + lifetimes.draftMs
  const daysLeft = draftDaysLeft(task, now)
  if ((daysLeft !== undefined && daysLeft < 0) || error === lostCode) return 'draft-expired'
  return { task, seed, expiresAt, daysLeft, cost }
}

/**
 * Whole days for which a draft can still be made final; negative when that is over, `undefined` where it is not known.
 *
 * @param now Milliseconds since the Unix epoch.
 */
export function draftDaysLeft(task: TaskId, now: number | undefined): number | undefined {
  const createdAt = createdAtOf(task)
  if (createdAt === undefined || now === undefined) return undefined
  return Math.ceil((createdAt + lifetimes.draftMs - now) / 86_400_000) - 1
}

function stepFor(
  take: Take,
  state: TakeState | undefined,
  input: PlanInput,
  options: PlanOptions,
  source?: DraftSource | HoldReason | undefined,
): Step | undefined {
  const { force, failed, provider } = options
  const { name, shot } = take
  const entry = state?.entry
  const now = nowOf(take, input, options)
  const { digest } = now
  const open = unfinished(name, state, now)
  if (open && !(force && open.kind === 'collect' && open.collectedBefore)) return open
  if (shot.skip) return { kind: 'hold', name, reason: 'skipped' }

  const buy = (reason: BuyReason): Step => {
    if (typeof source === 'string' && !force) return { kind: 'hold', name, reason: source }
    return {
      kind: 'generate',
      name,
      take,
      digest,
      reason,
      changed: reason === 'changed' && entry ? differingParts(entry.digest, digest) : [],
      estimate: estimateShot(shot, { ...input.estimateWith, provider }),
      ...(typeof source === 'object' ? { draft: source } : {}),
    }
  }
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

/** Where a take's video goes, relative to its manifest, with `/`. */
export function outputPath(
  manifest: Pick<Manifest, 'name'>,
  name: TakeName,
  options: { rehearsal: boolean },
): string {
  return `out/${options.rehearsal ? 'simulator/' : ''}${manifest.name}/${name}.mp4`
}

/** What the `generate` steps of plans come to. */
export interface PlanTotals {
  buys: number
  tokens: TokenRange
  /** Takes whose tokens cannot be told. */
  untold: number
  /** One a currency. */
  prices: readonly PriceRange[]
  /** Takes whose price cannot be told. */
  unpriced: number
  /** For drafts: what their finals will cost on top, one a currency. */
  finalPrices: readonly PriceRange[]
}

/** Sums up what plans would buy. */
export function planTotals(plans: readonly Plan[]): PlanTotals {
  const totals = { buys: 0, tokens: { min: 0, max: 0 }, untold: 0, unpriced: 0 }
  const prices: PriceRange[] = []
  const finalPrices: PriceRange[] = []
  for (const step of plans.flatMap((plan) => plan.steps)) {
    if (step.kind !== 'generate') continue
    const { tokens, price } = step.estimate
    totals.buys++
    if (!tokens) totals.untold++
    totals.tokens.min += tokens?.min ?? 0
    totals.tokens.max += tokens?.max ?? 0
    if (price) prices.push(price)
    else totals.unpriced++
    if (step.finalPrice) finalPrices.push(step.finalPrice)
  }
  return { ...totals, prices: sumPrices(prices), finalPrices: sumPrices(finalPrices) }
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
    /** What it will be and cost. Set on what would be bought. */
    estimate?: EstimateView
    /** The draft that is made final; until when that is possible, ISO time, and what it cost, such as `0.48 CNY`. */
    draft?: { task: TaskId; until?: string; daysLeft?: number; cost?: string }
    /** For a draft: what its final will cost on top. */
    finalPrice?: PriceView
  }[]
}

/** From the least to the most, in units of the currency. */
export interface PriceView {
  currency: string
  min: number
  max: number
}

/** An estimate as data: seconds, pixels, tokens and money, each left out where it cannot be told. */
export interface EstimateView {
  resolution?: string
  ratio?: string
  width?: number
  height?: number
  seconds?: { min: number; max: number }
  /** Seconds of films among the references. */
  inputSeconds?: { min: number; max: number }
  audio?: boolean
  tier: 'default' | 'flex'
  draft?: true
  tokens?: TokenRange
  price?: PriceView
  unknowns?: readonly string[]
}

/** A price in units of its currency. */
export function viewPrice({ currency, minMicros, maxMicros }: PriceRange): PriceView {
  return { currency, min: minMicros / microsPerUnit, max: maxMicros / microsPerUnit }
}

function viewEstimate(estimate: Estimate): EstimateView {
  const { resolution, ratio, pixels, seconds, inputSeconds, audio, tier, draft, tokens, price, unknowns } =
    estimate
  return {
    ...(resolution === undefined ? {} : { resolution }),
    ...(ratio === undefined ? {} : { ratio }),
    ...(pixels ? { width: pixels[0], height: pixels[1] } : {}),
    ...(seconds ? { seconds } : {}),
    ...(inputSeconds ? { inputSeconds } : {}),
    ...(audio === undefined ? {} : { audio }),
    tier,
    ...(draft ? { draft } : {}),
    ...(tokens ? { tokens } : {}),
    ...(price ? { price: viewPrice(price) } : {}),
    ...(unknowns.length > 0 ? { unknowns } : {}),
  }
}

/** Leaves out what a plan carries only for being carried out. */
export function viewPlan({ manifest, steps }: Plan): PlanView {
  return { manifest: manifest.name, file: manifest.file, steps: steps.map(viewStep) }
}

function viewStep(step: Step): PlanView['steps'][number] {
  const head = { take: step.name, step: step.kind }
  switch (step.kind) {
    case 'generate': {
      const { reason, changed, estimate, draft, finalPrice, movedFrom } = step
      return {
        ...head,
        reason,
        ...(changed.length > 0 ? { changed } : {}),
        ...(movedFrom === undefined ? {} : { movedFrom }),
        estimate: viewEstimate(estimate),
        ...(draft ? { draft: viewDraft(draft) } : {}),
        ...(finalPrice ? { finalPrice: viewPrice(finalPrice) } : {}),
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

function viewDraft({
  task,
  expiresAt,
  daysLeft,
  cost,
}: DraftSource): NonNullable<PlanView['steps'][number]['draft']> {
  return {
    task,
    ...(expiresAt === undefined ? {} : { until: new Date(expiresAt).toISOString() }),
    ...(daysLeft === undefined ? {} : { daysLeft }),
    ...(cost === undefined ? {} : { cost }),
  }
}
