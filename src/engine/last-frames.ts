import { join } from 'node:path'
import { ProviderError, RunnerError } from '../core/errors.js'
import { readImageFacts } from '../core/image.js'
import { lostCode } from '../core/ledger-state.js'
import { framePathOf, type TakeName } from '../core/names.js'
import type { Task, TaskId } from '../core/task.js'
import type { World } from '../ports/world.js'
import { type CollectedFrame, collectLastFrame } from './collect-result.js'
import type { Ledger } from './ledger.js'
import { sha256Of } from './media.js'
import type { LocalFile } from './media-cache.js'
import { type Places, staysInside, videoPlace } from './places.js'

/** A last frame that another shot begins with. */
export interface FirstFrame {
  /** The task that made it. */
  task: TaskId
  /** Relative to the manifest, with `/`. */
  path: string
  file: LocalFile
}

interface Part {
  ledger: Pick<Ledger, 'commit' | 'states'>
  places: Places
}

/** Keeps last frames beside their videos, and hands them on to the shots that begin with them. */
export class LastFrames {
  readonly #world: World
  readonly #signal: AbortSignal
  readonly #onTrouble: (message: string, waitMs: number) => void

  constructor(
    world: World,
    { signal, onTrouble }: { signal: AbortSignal; onTrouble: (message: string, waitMs: number) => void },
  ) {
    this.#world = world
    this.#signal = signal
    this.#onTrouble = onTrouble
  }

  /**
   * The last frame of what a take has now. One that is not here is fetched; one that is not what was fetched is left as
   * it is.
   *
   * @returns `undefined` where there is none to be had, or the disk does not give or take it.
   * @throws The signal's reason when aborted; RunnerError `state-unwritable`.
   */
  async of(part: Part, take: TakeName): Promise<FirstFrame | undefined> {
    try {
      return await this.#hereOrFetched(part, take)
    } catch (error) {
      const isOfFiles = error instanceof Error && !(error instanceof RunnerError) && 'code' in error
      if (this.#signal.aborted || !isOfFiles) throw error
      this.#onTrouble(error.message, 0)
      return undefined
    }
  }

  async #hereOrFetched(part: Part, take: TakeName): Promise<FirstFrame | undefined> {
    const { task, status, frameSha256 } = part.ledger.states.get(take)?.entry ?? {}
    if (task === undefined || status !== 'succeeded') return undefined
    const frame = knownFrame(part, take)
    const here = frame === undefined ? undefined : await this.#read(part, frame)
    if (frame !== undefined && here)
      return here.sha256 === frameSha256 ? { task, path: frame, file: here } : undefined
    const fetched = await this.keep(part, take, { id: task, lastFrameUrl: undefined })
    if (!fetched) return undefined
    const { path, ...file } = fetched
    return { task, path, file }
  }

  /**
   * Fetches a last frame unless it is in its place, and records it.
   *
   * @returns `undefined` where there was nothing to fetch, or it could not be had.
   */
  async keep(
    part: Part,
    take: TakeName,
    task: Pick<Task, 'id' | 'lastFrameUrl'>,
  ): Promise<CollectedFrame | undefined> {
    const known = knownFrame(part, take)
    if (known !== undefined && (await this.#world.files.exists(join(part.places.folder, known))))
      return undefined
    try {
      const world = { ...this.#world, onTrouble: this.#onTrouble }
      const target = { folder: part.places.folder, stem: framePathOf(videoPlace(part, take, task.id)) }
      const frame = await collectLastFrame(task, target, world, { signal: this.#signal })
      const { path, sha256 } = frame
      await part.ledger.commit({ type: 'framed', take, task: task.id, frame: path, frameSha256: sha256 })
      return frame
    } catch (error) {
      if (this.#signal.aborted || !(error instanceof ProviderError)) throw error
      const gone = error.providerCode === lostCode
      const message = gone ? `the provider has no last frame of task ${task.id}` : error.message
      this.#onTrouble(message, 0)
      return undefined
    }
  }

  async #read({ places }: Part, frame: string): Promise<LocalFile | undefined> {
    const bytes = await this.#world.files.read(join(places.folder, ...frame.split('/')))
    const facts = bytes && readImageFacts(bytes)
    return bytes && facts && { facts, sha256: sha256Of(bytes) }
  }
}

/** Where the lockfile has a last frame; what it has outside of the project is not ours. */
function knownFrame({ ledger, places }: Part, take: TakeName): string | undefined {
  const { frame } = ledger.states.get(take)?.entry ?? {}
  return frame !== undefined && staysInside(frame, places) ? frame : undefined
}
