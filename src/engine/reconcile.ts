import pLimit from 'p-limit'
import { readArchive } from '../core/archive.js'
import { ProviderError } from '../core/errors.js'
import { takeKey } from '../core/event.js'
import { tasksOf } from '../core/lockfile.js'
import type { Step } from '../core/plan.js'
import { type Doubt, matchDoubts, type Verdict } from '../core/reconcile.js'
import type { Task, TaskId } from '../core/task.js'
import type { World } from '../ports/world.js'
import { collectResult } from './collect-result.js'
import type { PlanPart } from './execute-plan.js'
import { hasNoList } from './task-poller.js'

type ReconcileWorld = Pick<World, 'clock' | 'random' | 'files' | 'provider' | 'mark'>
type DoubtStep = Extract<Step, { kind: 'reconcile' }>

/** What a search for lost creates came to. */
export interface Search {
  verdicts: Verdict[]
  /** Tasks that are the doubts' now. */
  adopted: { doubt: Doubt; task: TaskId }[]
  /** Whether the provider has no LIST, so that nothing could be looked for. */
  noList: boolean
}

const parallelGets = 8
/** A page holds 100; an account with more tasks in 7 days than this is not read to its end. */
const mostPages = 1000

/**
 * Looks for the tasks behind unknown creates, in both service tiers, and adopts the certain ones.
 *
 * @param accept Adopts a probable task as well when it is a doubt's only candidate and no other doubt's.
 * @throws ProviderError when the provider cannot be asked.
 */
export async function searchDoubts(
  parts: readonly PlanPart[],
  world: ReconcileWorld,
  { accept, signal }: { accept: boolean; signal: AbortSignal },
): Promise<Search> {
  const sources = new Map<string, { part: PlanPart; step: DoubtStep }>()
  for (const part of parts) {
    for (const step of part.plan.steps) {
      if (step.kind !== 'reconcile' || step.provider !== world.provider.name) continue
      sources.set(takeKey({ manifest: part.plan.manifest.name, take: step.name }), { part, step })
    }
  }
  if (sources.size === 0) return { verdicts: [], adopted: [], noList: false }

  const doubts = [...sources].map(([key, { step }]) => doubtOf(key, step))
  const listed = await listTasks(world, signal)
  if (!listed)
    return { verdicts: doubts.map((doubt) => ({ kind: 'none', doubt })), adopted: [], noList: true }
  const owned = await ownedTasks(parts, world)
  const unowned = listed.filter(({ id }) => !owned.has(id))
  const verdicts = matchDoubts(doubts, await completed(unowned, doubts, world, signal))

  const adopted: Search['adopted'] = []
  for (const verdict of verdicts) {
    const task = adoptable(verdict, verdicts, accept)
    if (!task) continue
    const { part, step } = sources.get(verdict.doubt.key)!
    const { name: take, provider, digest, seed } = step
    await part.ledger.commit({
      type: 'adopted',
      take,
      task,
      provider,
      digest,
      ...(seed === undefined ? {} : { seed }),
    })
    adopted.push({ doubt: verdict.doubt, task })
  }
  return { verdicts, adopted, noList: false }
}

/**
 * Fetches what candidates made that cannot be told apart: they are paid for all the same, and their results die within
 * a day. They wait in `out/unclaimed/`, with what is known of them, until a person says whose they are.
 *
 * @returns The paths, relative to the manifest's folder.
 */
export async function collectUnclaimed(
  { verdicts, adopted }: Search,
  parts: readonly PlanPart[],
  world: ReconcileWorld,
  { signal }: { signal: AbortSignal },
): Promise<string[]> {
  const taken = new Set(adopted.map(({ task }) => task))
  const done = new Map<TaskId, string>()
  for (const verdict of verdicts) {
    if (verdict.kind !== 'probable') continue
    const part = parts.find(({ plan }) => verdict.doubt.key.startsWith(`${plan.manifest.name}/`))!
    for (const { task } of verdict.candidates) {
      if (task.status !== 'succeeded' || taken.has(task.id) || done.has(task.id)) continue
      const path = await fetchUnclaimed(task, part, world, signal)
      if (path !== undefined) done.set(task.id, path)
    }
  }
  return [...done.values()]
}

async function fetchUnclaimed(
  task: Task,
  { places }: PlanPart,
  world: ReconcileWorld,
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = places.unclaimed(task.id)
  const target = { folder: places.folder, path }
  const absolute = `${places.folder}/${path}`
  if ((await world.files.size(absolute)) !== undefined) return path
  try {
    const { sha256 } = await collectResult(task, target, { ...world, onTrouble: () => undefined }, { signal })
    const { videoUrl, lastFrameUrl, ...facts } = task
    await world.files.replace(`${absolute}.json`, `${JSON.stringify({ ...facts, sha256 }, undefined, 2)}\n`)
    return path
  } catch (error) {
    if (error instanceof ProviderError) return undefined
    throw error
  }
}

function doubtOf(key: string, { name, seed, sentAt, shot }: DoubtStep): Doubt {
  return { key, take: name, seed, sentAt: sentAt === undefined ? undefined : Date.parse(sentAt), shot }
}

function adoptable(verdict: Verdict, verdicts: readonly Verdict[], accept: boolean): TaskId | undefined {
  if (verdict.kind === 'certain') return verdict.candidate.task.id
  if (!accept || verdict.kind !== 'probable' || verdict.candidates.length !== 1) return undefined
  const { id } = verdict.candidates[0]!.task
  const rivals = verdicts.filter(
    (other) => other.kind === 'probable' && other.candidates.some(({ task }) => task.id === id),
  )
  return rivals.length === 1 ? id : undefined
}

/** Every task of the account that the provider lists; `undefined` when it has no LIST. */
async function listTasks({ provider }: ReconcileWorld, signal: AbortSignal): Promise<Task[] | undefined> {
  const tasks = new Map<TaskId, Task>()
  for (const flex of [false, true]) {
    for (let page = 1, seen = 0; page <= mostPages; page++) {
      let answer: Awaited<ReturnType<typeof provider.listPage>>
      try {
        answer = await provider.listPage(page, { flex, signal })
      } catch (error) {
        if (!(error instanceof ProviderError) || !hasNoList(error)) throw error
        // A relay may know LIST and not the tier.
        if (flex) break
        return undefined
      }
      for (const task of answer.tasks) tasks.set(task.id, task)
      seen += answer.tasks.length
      if (answer.tasks.length === 0 || seen >= answer.total) break
    }
  }
  return [...tasks.values()]
}

/** Ids that lockfiles and old journals of these manifests know: whatever else they are, they are no lost creates. */
async function ownedTasks(parts: readonly PlanPart[], { files }: ReconcileWorld): Promise<Set<TaskId>> {
  const owned = new Set<TaskId>()
  for (const { ledger, places } of parts) {
    for (const { entry } of ledger.states.values()) {
      for (const id of entry ? tasksOf(entry) : []) owned.add(id)
    }
    const bytes = await files.read(places.archive)
    for (const { entry } of bytes ? readArchive(bytes) : []) {
      if (entry.task !== undefined) owned.add(entry.task)
    }
  }
  return owned
}

/** Lists of relays leave out the seed and more: what might fit is looked at singly before it is judged. */
async function completed(
  tasks: readonly Task[],
  doubts: readonly Doubt[],
  { provider }: ReconcileWorld,
  signal: AbortSignal,
): Promise<Task[]> {
  const possible = new Set<TaskId>()
  for (const verdict of matchDoubts(doubts, tasks)) {
    if (verdict.kind === 'certain') possible.add(verdict.candidate.task.id)
    if (verdict.kind === 'probable') for (const { task } of verdict.candidates) possible.add(task.id)
  }
  const limit = pLimit(parallelGets)
  return await Promise.all(
    tasks
      .filter(({ id }) => possible.has(id))
      .map((task) => (task.seed === undefined ? limit(() => retrieveOr(task, provider, signal)) : task)),
  )
}

async function retrieveOr(
  task: Task,
  provider: ReconcileWorld['provider'],
  signal: AbortSignal,
): Promise<Task> {
  try {
    return await provider.retrieve(task.id, { signal })
  } catch (error) {
    if (error instanceof ProviderError) return task
    throw error
  }
}
