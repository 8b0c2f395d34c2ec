import { RunnerError } from '../core/errors.js'
import type { Review, ReviewEvent, ReviewManifest } from '../core/review.js'
import type { LoadedManifest } from '../engine/load-manifests.js'
import { type LedgerWorld, type PrepareOptions, previewPlans } from '../engine/prepare-plans.js'
import { type HrefOf, reviewManifest } from '../engine/review-data.js'
import { errorWords } from './error-words.js'

export interface WatchedOptions extends PrepareOptions {
  /** Whether only some shots are asked for. */
  selected: boolean
  hrefOf: HrefOf
}

/** A review that is kept up to date with the files: manifests, lockfiles, and journals of runs that are going on. */
export class WatchedReview {
  readonly #options: WatchedOptions
  readonly #world: LedgerWorld
  readonly #emit: (event: ReviewEvent) => void
  #loaded: readonly LoadedManifest[] = []
  #manifests: readonly ReviewManifest[] = []
  #seen = ''
  #trouble = ''
  #busy: Promise<void> | undefined
  #again = false

  /** @param emit Hears what changed. */
  constructor(options: WatchedOptions, world: LedgerWorld, emit: (event: ReviewEvent) => void) {
    this.#options = options
    this.#world = world
    this.#emit = emit
  }

  /** @throws RunnerError when manifests or lockfiles cannot be read. */
  async open(): Promise<void> {
    this.#seen = ''
    await this.#load()
    this.#seen = await this.#fingerprints()
  }

  get review(): Review {
    const { rehearsal } = this.#options
    return { format: 1, mode: 'server', rehearsal, manifests: this.#manifests }
  }

  /** The manifest of that name, as it was read last. */
  find(name: string): LoadedManifest | undefined {
    return this.#loaded.find(({ manifest }) => manifest.name === name)
  }

  /** Folders that files may be shown from. */
  roots(): ReadonlySet<string> {
    return new Set(this.#loaded.map(({ places }) => places.projectRoot))
  }

  /** Reads again what changed since the last time, and tells of it. Asked for again meanwhile, it looks once more. */
  async refresh(): Promise<void> {
    if (this.#busy) {
      this.#again = true
      return await this.#busy
    }
    this.#busy = this.#refresh()
    await this.#busy
  }

  async #refresh(): Promise<void> {
    try {
      do {
        this.#again = false
        const seen = await this.#fingerprints()
        if (seen === this.#seen) continue
        this.#seen = seen
        await this.#load()
        this.#trouble = ''
      } while (this.#again)
    } catch (error) {
      if (!(error instanceof RunnerError)) throw error
      const words = errorWords(error)
      if (words.message === this.#trouble) return
      this.#trouble = words.message
      this.#emit({ type: 'trouble', ...words })
    } finally {
      this.#busy = undefined
    }
  }

  /** What tells that something changed: a look at each file, none of it read. */
  async #fingerprints(): Promise<string> {
    const { files, locks } = this.#world
    const looks = this.#loaded.flatMap(({ places, bases }) => [
      ...[places.manifest, ...bases, places.lockfile, places.journal].map((path) => files.fingerprint(path)),
      locks.holder(places.processLock).then((holder) => (holder ? String(holder.pid) : '')),
    ])
    return (await Promise.all(looks)).join('\n')
  }

  async #load(): Promise<void> {
    const { hrefOf, selected } = this.#options
    const { previews } = await previewPlans({ ...this.#options, cached: true }, this.#world)
    const manifests: ReviewManifest[] = []
    for (const preview of previews) {
      const { places } = preview.loaded
      const running = (await this.#world.locks.holder(places.processLock)) !== undefined
      manifests.push(await reviewManifest(preview, { hrefOf, running, selected }, this.#world.files))
    }
    const before = new Map(this.#manifests.map((manifest) => [manifest.name, manifest]))
    this.#loaded = previews.map(({ loaded }) => loaded)
    this.#manifests = manifests
    if (this.#seen === '') return
    for (const manifest of manifests) {
      const event = changesOf(before.get(manifest.name), manifest)
      if (event) this.#emit(event)
    }
  }
}

/** What a page that has `before` needs to hear to have `after`; `undefined` when that is nothing. */
export function changesOf(
  before: ReviewManifest | undefined,
  after: ReviewManifest,
): ReviewEvent | undefined {
  const names = (manifest: ReviewManifest) => manifest.shots.map(({ name }) => name).join('\n')
  if (!before || names(before) !== names(after)) return { type: 'manifest', manifest: after }
  const { name: manifest, running } = after
  const shots = after.shots.filter((shot, at) => JSON.stringify(shot) !== JSON.stringify(before.shots[at]))
  if (shots.length === 0 && before.running === running) return undefined
  return { type: 'shots', manifest, running, shots }
}
