import { join } from 'node:path'
import { effectiveParameters } from '../core/build-request.js'
import { ProviderError, RunnerError } from '../core/errors.js'
import { tasksOf } from '../core/lockfile.js'
import type { TakeName } from '../core/names.js'
import { allTakesOf, type Take } from '../core/shot.js'
import { type Task, type TaskId, taskId } from '../core/task.js'
import { type PreparedPart, type PrepareOptions, prepareRun } from '../engine/prepare-plans.js'
import type { World } from '../ports/world.js'

export interface AdoptOptions extends Omit<PrepareOptions, 'selection' | 'force' | 'failed' | 'rejected'> {
  take: string
  task: string
}

export interface AdoptReport {
  manifest: string
  take: TakeName
  task: TaskId
  status: Task['status']
  /** Where the task differs from what the manifest asks for, in sentences. */
  differences: string[]
}

/**
 * Makes a task a take's: one that `reconcile` found, or one made elsewhere. What it was bought for is taken to be what
 * the manifest asks for now; where its record tells otherwise, the report says so.
 *
 * @throws RunnerError `cannot-adopt`
 */
export async function adopt(
  options: AdoptOptions,
  world: World,
  { signal }: { signal: AbortSignal },
): Promise<AdoptReport> {
  const prepared = await prepareRun({ ...options, selection: { shots: [options.take] } }, world)
  try {
    const { part, take } = findTake(options.take, prepared.parts)
    const id = taskId(options.task)
    const owner = ownerOf(id, prepared.parts)
    if (owner !== undefined && owner !== take.name)
      throw refuse(options, `it is already the task of "${owner}"`, 'A task belongs to one take.')
    const state = part.ledger.states.get(take.name)
    if (state?.entry?.status === 'submitted' && state.entry.task !== id) {
      throw refuse(options, `the take is live as ${state.entry.task}`, 'Wait for it: shotlock run.')
    }

    const task = await retrieve(options, world, signal)
    const digest = part.digests.get(take.name)!
    const seed = task.seed ?? state?.entry?.seed
    const { name: provider } = world.provider
    await part.ledger.commit({
      type: 'adopted',
      take: take.name,
      task: id,
      provider,
      digest,
      ...(seed === undefined ? {} : { seed }),
    })
    await removeUnclaimed(id, part, world)
    return {
      manifest: part.plan.manifest.name,
      take: take.name,
      task: id,
      status: task.status,
      differences: differences(take, task),
    }
  } finally {
    await prepared.close()
  }
}

function findTake(name: string, parts: readonly PreparedPart[]): { part: PreparedPart; take: Take } {
  const found = parts.flatMap((part) =>
    part.plan.manifest.shots.flatMap((shot) =>
      allTakesOf(shot).flatMap((take) => (take.name === name ? [{ part, take }] : [])),
    ),
  )
  const [first, second] = found
  if (!first) {
    throw new RunnerError('cannot-adopt', `Cannot adopt for "${name}": there is no such take`, {
      hint: 'See the names with: shotlock plan.',
    })
  }
  if (second) {
    const files = found.map(({ part }) => part.plan.manifest.file).join(' and ')
    throw new RunnerError('cannot-adopt', `Cannot adopt for "${name}": it is in ${files}`, {
      hint: 'Name the manifest as the last argument.',
    })
  }
  return first
}

function ownerOf(id: TaskId, parts: readonly PreparedPart[]): TakeName | undefined {
  for (const { ledger } of parts) {
    for (const [name, { entry }] of ledger.states) {
      if (entry && tasksOf(entry).includes(id)) return name
    }
  }
  return undefined
}

async function retrieve(options: AdoptOptions, { provider }: World, signal: AbortSignal): Promise<Task> {
  try {
    return await provider.retrieve(taskId(options.task), { signal })
  } catch (error) {
    if (!(error instanceof ProviderError) || error.status !== 404) throw error
    throw refuse(
      options,
      `${provider.name} knows no such task`,
      'Check the id and the provider; a record lasts 7 days.',
    )
  }
}

/** The run fetches it to its own place; what waited without an owner has found one. */
async function removeUnclaimed(id: TaskId, { places }: PreparedPart, { files }: World): Promise<void> {
  const path = join(places.folder, ...places.unclaimed(id).split('/'))
  await files.remove(path)
  await files.remove(`${path}.json`)
}

function differences({ shot, number }: Take, task: Task): string[] {
  const wanted = effectiveParameters(shot)
  const pairs: [string, unknown, unknown][] = [
    ['resolution', wanted.resolution, task.resolution],
    ['ratio', wanted.ratio === 'adaptive' ? undefined : wanted.ratio, task.ratio],
    ['duration', wanted.duration === -1 ? undefined : wanted.duration, task.duration],
    ['generate_audio', wanted.generate_audio, task.generateAudio],
    ['seed', wanted.seed === undefined ? undefined : wanted.seed + number - 1, task.seed],
  ]
  return pairs.flatMap(([field, ours, theirs]) =>
    ours === undefined || theirs === undefined || ours === theirs
      ? []
      : [`${field} is ${theirs}, the manifest asks for ${ours}`],
  )
}

function refuse({ task, take }: AdoptOptions, why: string, hint: string): RunnerError {
  return new RunnerError('cannot-adopt', `Cannot adopt ${task} for "${take}": ${why}`, { hint })
}
