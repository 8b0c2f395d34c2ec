import { dirname, join } from 'node:path'
import { RunnerError } from '../core/errors.js'
import type { TakeState } from '../core/ledger-state.js'
import { splitTakeName, type TakeName } from '../core/names.js'
import { findCollisions, type OutputClaim, outputKey } from '../core/output-collisions.js'
import { previousPath } from '../core/output-path.js'
import type { Plan, Step } from '../core/plan.js'
import { type Manifest, statedSeed } from '../core/shot.js'
import type { TaskId } from '../core/task.js'
import { keptVideos } from '../core/verify.js'
import type { Files } from '../ports/files.js'
import type { Places } from './places.js'

/** A manifest's plan, with what is known of its takes. */
export interface PlacedPlan {
  plan: Plan
  places: Places
  states: ReadonlyMap<TakeName, TakeState>
}

/** A step that will write a video. */
type WritingStep = Extract<Step, { kind: 'generate' | 'resume' | 'collect' }>

interface Claim extends OutputClaim {
  name: TakeName
  manifest: Manifest
  /** Relative to the manifest. */
  path: string
  /** What will write it; `undefined`: it was collected there. */
  step: WritingStep | undefined
}

/**
 * Makes sure that every video that plans bring has a place of its own: not that of a video on record, those of superseded
 * tasks among them, nor, where a shot states its `output` and has brought nothing yet, that of a file that nobody knows.
 *
 * @throws RunnerError `output-taken`; nothing was sent then.
 */
export async function requireFreePlaces(plans: readonly PlacedPlan[], files: Files): Promise<void> {
  const isWritten = ({ kind }: Step) => kind === 'generate' || kind === 'resume' || kind === 'collect'
  if (!plans.some(({ plan }) => plan.steps.some(isWritten)) || plans.every(hasUsualPlaces)) return
  const written = plans.flatMap(writtenBy)
  const kept: Claim[] = []
  for (const plan of plans) kept.push(...(await keptIn(plan, files)))
  for (const { kind, first, second } of findCollisions([...plans.flatMap(recordedIn), ...kept, ...written])) {
    // A take that is bought anew writes over its own video.
    const isOwn = kind === 'same' && first.manifest === second.manifest && first.name === second.name
    if (isOwn) continue
    const [claim, other] = second.step ? [second, first] : [first, second]
    if (claim.step) throw taken(claim.step, claim.path, other)
  }
  for (const claim of written) if (await isForeign(claim, plans, files)) throw taken(claim.step, claim.path)
}

/** Whether all of a manifest's videos have their usual places, which are apart. */
function hasUsualPlaces({ plan, places, states }: PlacedPlan): boolean {
  if (plan.manifest.shots.some(({ output }) => output !== undefined)) return false
  for (const [name, { entry }] of states)
    if (entry?.video !== undefined && entry.video !== places.output(name)) return false
  return keptVideos(states).every(({ take, path }) => {
    const usual = places.output(take)
    return path === usual || isBeside(path, usual)
  })
}

/** Whether a kept video is in the folder that is for nothing else. */
function isBeside(path: string, usual: string): boolean {
  return dirname(path) === dirname(previousPath(usual, '' as TaskId))
}

function writtenBy({ plan, places, states }: PlacedPlan, at: number): (Claim & { step: WritingStep })[] {
  return plan.steps.flatMap((step) => {
    if (step.kind !== 'generate' && step.kind !== 'resume' && step.kind !== 'collect') return []
    // What was collected before is fetched to the place that it had.
    if (step.kind === 'collect' && step.collectedBefore) return []
    const { name } = step
    const sent = step.kind === 'generate' ? { seed: seedOf(step, at) } : states.get(name)?.entry
    const path = places.output(name, sent)
    return [{ key: keyOf(path, places), name, manifest: plan.manifest, path, step }]
  })
}

/** A seed that is still to be drawn is no other take's: it stands for itself. */
function seedOf({ name, take, draft }: Extract<Step, { kind: 'generate' }>, at: number): number | string {
  return draft?.seed ?? statedSeed(take) ?? `?${at}:${name}?`
}

function recordedIn({ plan, places, states }: PlacedPlan): Claim[] {
  return [...states].flatMap(([name, { entry }]) => {
    const path = entry?.video
    if (path === undefined) return []
    return [{ key: keyOf(path, places), name, manifest: plan.manifest, path, step: undefined }]
  })
}

/** Videos of superseded tasks that are on this machine: only those can be written over. */
async function keptIn({ plan, places, states }: PlacedPlan, files: Files): Promise<Claim[]> {
  const claims: Claim[] = []
  for (const { take: name, path } of keptVideos(states)) {
    // Where the take's own video is by now, no other of it is.
    if (path === states.get(name)?.entry?.video) continue
    if ((await files.size(join(places.folder, path))) === undefined) continue
    claims.push({ key: keyOf(path, places), name, manifest: plan.manifest, path, step: undefined })
  }
  return claims
}

function keyOf(path: string, { folder }: Places): string {
  return outputKey(join(folder, path))
}

/**
 * Whether a file lies there that cannot be the take's: nothing was ever collected for it. The usual places are shotlock's
 * own, and a rehearsal may begin anew.
 */
async function isForeign(
  { manifest, name, step, path }: Claim,
  plans: readonly PlacedPlan[],
  files: Files,
): Promise<boolean> {
  if (step?.kind !== 'generate' || step.take.shot.output === undefined) return false
  const { places, states } = plans.find(({ plan }) => plan.manifest === manifest)!
  const { video, previous = [] } = states.get(name)?.entry ?? {}
  if (!places.recalls || video !== undefined || previous.length > 0) return false
  return await files.exists(join(places.folder, path))
}

function taken(step: WritingStep, path: string, other?: Claim): RunnerError {
  const action = step.kind === 'generate' ? 'buy' : 'collect'
  const place = JSON.stringify(path.replace(/\?[^/]*\?/, '{seed}'))
  const state = other
    ? `its video would go to ${place}, where that of "${other.name}" ${other.step ? 'goes' : 'is'}`
    : `its video would go to ${place}, where a file is that is no take's by the lockfile`
  return new RunnerError('output-taken', `Cannot ${action} "${step.name}": ${state}`, {
    hint: hintFor(step, other),
  })
}

function hintFor(step: WritingStep, other: Claim | undefined): string {
  if (!other) return 'Move the file out of the way, or give the shot another output. Nothing was sent.'
  if (step.kind === 'generate' && step.movedFrom === other.name)
    return `Keep it without paying: shotlock move ${splitTakeName(other.name).shot} ${splitTakeName(step.name).shot}.`
  return 'Give one of them another output in the manifest. What was collected stays where the lockfile has it.'
}
