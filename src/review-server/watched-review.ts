import { dirname, join, resolve, sep } from 'node:path'
import { ManifestError, RunnerError } from '../core/errors.js'
import { redact } from '../core/redact.js'
import type { Review, ReviewEvent, ReviewManifest } from '../core/review.js'
import type { LoadedManifest } from '../engine/load-manifests.js'
import { type LedgerWorld, type PrepareOptions, previewPlans } from '../engine/prepare-plans.js'
import { type HrefOf, reviewManifest, reviewNames } from '../engine/review-data.js'

export interface WatchedOptions extends PrepareOptions {
  /** Whether only some shots are asked for. */
  selected: boolean
  hrefOf: HrefOf
}

/** An error as the page may show it. */
export type ShownError = Pick<RunnerError, 'code' | 'message'> & { hint?: string }

/** A review that is kept up to date with the files: manifests, lockfiles, and journals of runs that are going on. */
export class WatchedReview {
  readonly #options: WatchedOptions
  readonly #world: LedgerWorld
  readonly #emit: (event: ReviewEvent) => void
  #loaded: readonly LoadedManifest[] = []
  #manifests: readonly ReviewManifest[] = []
  /** How the files looked before they were read last; `undefined`: they are to be read whatever they look like. */
  #seen: string | undefined
  #trouble: ShownError | undefined
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
    // Which files there are is known only afterwards, so that the first look reads all of them once more.
    await this.#load()
  }

  get review(): Review {
    const { rehearsal } = this.#options
    return { format: 1, mode: 'server', rehearsal, manifests: this.#manifests }
  }

  /** Everything that a page needs to hear whatever it has. */
  all(): ReviewEvent[] {
    const names = this.#manifests.map(({ name }) => name)
    return [
      ...this.#manifests.map((manifest) => ({ type: 'manifest' as const, manifest })),
      { type: 'manifests', names },
      this.#trouble ? { type: 'trouble', ...this.#trouble } : { type: 'sound' },
    ]
  }

  /** The manifest that is shown under that name, as it was read last. */
  find(name: string): LoadedManifest | undefined {
    return this.#loaded[this.#manifests.findIndex((manifest) => manifest.name === name)]
  }

  /** Folders that files may be shown from. */
  roots(): ReadonlySet<string> {
    return new Set(this.#loaded.map(({ places }) => places.projectRoot))
  }

  /** An error without what must not be shown, with paths as seen from their project. */
  shown(error: RunnerError): ShownError {
    const { code, hint } = error
    const fault =
      error instanceof ManifestError ? error.problems.find((one) => one.severity === 'error') : undefined
    const place = fault && `: ${fault.file}:${fault.line}:${fault.col} ${fault.message}`
    const clean = (text: string) => {
      let short = redact(text)
      for (const root of [...this.roots(), this.#options.cwd]) short = short.replaceAll(`${root}${sep}`, '')
      return short
    }
    return {
      code,
      message: clean(`${error.message}${place ?? ''}`),
      ...(hint === undefined ? {} : { hint: clean(hint) }),
    }
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
        await this.#look()
      } while (this.#again)
    } finally {
      this.#busy = undefined
    }
  }

  async #look(): Promise<void> {
    const seen = await this.#fingerprints()
    if (seen === this.#seen) return
    try {
      await this.#load((event) => this.#emit(event))
    } catch (error) {
      if (!(error instanceof RunnerError)) throw error
      // What mends it may be a file that nobody looks at, such as a picture that was not there.
      this.#seen = undefined
      const trouble = this.shown(error)
      if (trouble.message === this.#trouble?.message) return
      this.#trouble = trouble
      this.#emit({ type: 'trouble', ...trouble })
      return
    }
    this.#seen = seen
    if (this.#trouble) this.#emit({ type: 'sound' })
    this.#trouble = undefined
  }

  /** What tells that something changed: a look at each file, none of it read. */
  async #fingerprints(): Promise<string> {
    const { files, locks } = this.#world
    const { paths, cwd } = this.#options
    const folders = new Set((paths.length === 0 ? ['manifests'] : paths).map((path) => resolve(cwd, path)))
    const looked = new Set<string>()
    for (const { places, bases, images } of this.#loaded) {
      for (const path of [places.manifest, ...bases, places.lockfile, places.journal]) looked.add(path)
      for (const path of images.keys()) if (!path.startsWith('data:')) looked.add(join(places.folder, path))
      if (!folders.has(places.manifest)) folders.add(dirname(places.manifest))
    }
    const looks = [
      // A folder looks different when a manifest is put there.
      ...[...folders, ...looked].map((path) => files.fingerprint(path)),
      ...this.#loaded.map(async ({ places }) => (await locks.holder(places.processLock))?.pid),
    ]
    return (await Promise.all(looks)).join('\n')
  }

  /** @param tell Hears what is different from what was read before. */
  async #load(tell: (event: ReviewEvent) => void = () => undefined): Promise<void> {
    const { hrefOf, selected } = this.#options
    const { previews } = await previewPlans({ ...this.#options, cached: true }, this.#world)
    const loaded = previews.map((preview) => preview.loaded)
    const names = reviewNames(loaded)
    const manifests: ReviewManifest[] = []
    for (const [at, preview] of previews.entries()) {
      const { places } = preview.loaded
      const running = (await this.#world.locks.holder(places.processLock)) !== undefined
      const options = { hrefOf, name: names[at], running, selected }
      manifests.push(await reviewManifest(preview, options, this.#world.files))
    }
    const before = new Map(this.#manifests.map((manifest) => [manifest.name, manifest]))
    this.#loaded = loaded
    this.#manifests = manifests
    for (const manifest of manifests) {
      const event = changesOf(before.get(manifest.name), manifest)
      if (event) tell(event)
    }
    if ([...before.keys()].join('\n') !== names.join('\n')) tell({ type: 'manifests', names })
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
