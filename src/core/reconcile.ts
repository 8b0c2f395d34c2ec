import { effectiveParameters } from './build-request.js'
import { findModel } from './models.js'
import type { TakeName } from './names.js'
import type { Shot } from './shot.js'
import { isTerminal, type Task, type TaskId } from './task.js'
import { creationOf } from './task-time.js'

/** A create whose answer was never seen, with all that is known of it. */
export interface Doubt {
  /** Unique among all doubts that are looked at together: takes of several manifests may share a name. */
  key: string
  take: TakeName
  /** As it was sent; `undefined` only in lockfiles that lost it. */
  seed: number | undefined
  /** When it was sent, milliseconds since the Unix epoch; `undefined` where this machine does not know. */
  sentAt: number | undefined
  /** The shot as it was sent; `undefined` when it has changed since, so that its parameters say nothing. */
  shot: Shot | undefined
}

/** What speaks for a task being that of a doubt, and what is not known. Anything against it rules it out. */
export interface Evidence {
  for: string[]
  missing: string[]
}

export interface Candidate {
  task: Task
  evidence: Evidence
}

/**
 * What a look at the provider's tasks says of a doubt. `certain`: this is the task. `probable`: one of these may be;
 * a person decides. `none`: nothing fits, which is no proof that nothing was bought.
 */
export type Verdict =
  | { kind: 'certain'; doubt: Doubt; candidate: Candidate }
  | { kind: 'probable'; doubt: Doubt; candidates: Candidate[] }
  | { kind: 'none'; doubt: Doubt }

/** How far clocks may differ and how long a create may take to be written down at the provider. */
const slackBeforeMs = 5 * 60_000
const slackAfterMs = 10 * 60_000

/** How long a task may take to appear in a list: sooner, its absence means nothing at all. */
export const graceMs = 10 * 60_000

/**
 * Matches doubts with tasks that nobody owns. A task is certain when it has ended, shows our seed, was created when we
 * sent, fits the request in everything it tells, and is the only one for the doubt, and the doubt the only one for it.
 */
export function matchDoubts(doubts: readonly Doubt[], tasks: readonly Task[]): Verdict[] {
  const claims = new Map<TaskId, number>()
  const found = doubts.map((doubt) => {
    const candidates = tasks.flatMap((task) => {
      const evidence = weigh(doubt, task)
      return evidence ? [{ task, evidence }] : []
    })
    for (const { task } of candidates) claims.set(task.id, (claims.get(task.id) ?? 0) + 1)
    return { doubt, candidates }
  })
  return found.map(({ doubt, candidates }) => {
    const [candidate, ...others] = candidates
    if (!candidate) return { kind: 'none', doubt }
    const alone = others.length === 0 && claims.get(candidate.task.id) === 1
    if (alone && isCertain(candidate, doubt)) return { kind: 'certain', doubt, candidate }
    return { kind: 'probable', doubt, candidates }
  })
}

/** Absence is no proof: whether a task that is not listed might still show up. */
export function withinGrace({ sentAt }: Doubt, now: number): boolean {
  return sentAt !== undefined && now - sentAt < graceMs
}

function isCertain({ task }: Candidate, { seed, sentAt }: Doubt): boolean {
  return isTerminal(task.status) && seed !== undefined && task.seed === seed && sentAt !== undefined
}

/** @returns `undefined` when something speaks against the task. */
function weigh({ seed, sentAt, shot }: Doubt, task: Task): Evidence | undefined {
  const evidence: Evidence = { for: [], missing: [] }
  const wanted = shot && effectiveParameters(shot)
  const createdAt = creationOf(task)
  const checks: [name: string, ours: unknown, theirs: unknown, same?: boolean][] = [
    ['seed', seed, task.seed],
    [
      'model',
      shot?.model.startsWith('ep-') ? undefined : shot?.model,
      task.model,
      sameModel(shot?.model, task.model),
    ],
    ['resolution', wanted?.resolution, task.resolution],
    ['ratio', wanted?.ratio === 'adaptive' ? undefined : wanted?.ratio, task.ratio],
    ['duration', wanted?.duration === -1 ? undefined : wanted?.duration, task.duration],
    ['audio', wanted?.generate_audio, task.generateAudio],
    ['tier', shot && (wanted?.service_tier ?? 'default'), task.serviceTier],
    ['time', sentAt, createdAt, isAround(sentAt, createdAt)],
  ]
  for (const [name, ours, theirs, same = ours === theirs] of checks) {
    if (ours === undefined) continue
    if (theirs === undefined) evidence.missing.push(name)
    else if (same) evidence.for.push(name)
    else return undefined
  }
  // Without seed and time, any task of the account would do.
  return evidence.for.includes('seed') || evidence.for.includes('time') ? evidence : undefined
}

/** Services name one model differently, and relays may leave out the vendor's prefix. */
function sameModel(ours: string | undefined, theirs: string | undefined): boolean {
  if (ours === theirs) return true
  const profile = ours === undefined ? undefined : findModel(ours)
  return (
    profile !== undefined && theirs !== undefined && (profile === findModel(theirs) || ours!.endsWith(theirs))
  )
}

function isAround(sentAt: number | undefined, createdAt: number | undefined): boolean {
  if (sentAt === undefined || createdAt === undefined) return false
  return createdAt >= sentAt - slackBeforeMs && createdAt <= sentAt + slackAfterMs
}
