import { createHash } from 'node:crypto'
import { join, normalize } from 'node:path'
import { RunnerError } from '../core/errors.js'
import { copyLimits, copyVersion, fitCommand } from '../core/fit.js'
import { type ImageFacts, imageFault, readImageFacts } from '../core/image.js'
import type { ShotName } from '../core/names.js'
import type { Plan } from '../core/plan.js'
import type { Problem } from '../core/problem.js'
import type { World } from '../ports/world.js'
import { fitImage } from './fit-image.js'
import { type LoadedManifest, requireSound, withoutRepeats } from './load-manifests.js'
import { type OversizeImage, requestFault, sha256Of } from './media.js'

/** A copy that is sent in the place of an image that the service would refuse. */
export interface ImageCopy {
  /** Absolute. */
  path: string
  facts: ImageFacts
  /** Of its bytes, in hexadecimal. */
  sha256: string
}

/** The copies of a manifest's images, by the images' paths as written. */
export type ImageCopies = ReadonlyMap<string, ImageCopy>

/** What became of an image, for people. */
export interface FittedImage {
  /** The manifest, as the person named it. */
  file: string
  /** The image, as a person would type its path. */
  image: string
  from: ImageFacts
  /** What is sent in its place. */
  to: ImageFacts
  /** Who asked for it: `--fit`, or `fit: true` in the manifest. */
  by: 'flag' | 'manifest'
}

export interface Fitted {
  copies: ImageCopies
  /** In the manifest's order. */
  fitted: readonly FittedImage[]
  /** Images that cannot be sent as they are, and of which no copy is asked for or can be made. */
  problems: Problem[]
}

export interface FitOptions {
  /** The shots whose images are to be sent. */
  shots: ReadonlySet<ShotName>
  /** Whether copies are made whatever the manifest says. */
  fit: boolean
}

export type FitWorld = Pick<World, 'files' | 'fitter'>

/**
 * Makes smaller copies of images that are too large for the service, where that is asked for. A copy is made once and
 * kept in `.shotlock/fitted/` by the bytes of the original and the limits. One picture is in memory at a time.
 *
 * Digests, lockfiles and journals speak of the original alone: a copy is how the image travels, not another wish.
 *
 * @throws RunnerError `fit-unavailable` when a copy must be made and this machine cannot; `state-unwritable` when it
 *   cannot be kept.
 */
export async function fitImages(
  one: LoadedManifest,
  { shots, fit }: FitOptions,
  world: FitWorld,
): Promise<Fitted> {
  const byName = new Map(one.manifest.shots.map((shot) => [shot.name, shot]))
  const tried = new Map<string, ImageCopy | { fault: string }>()
  const copies = new Map<string, ImageCopy>()
  const fitted: FittedImage[] = []
  const problems: Problem[] = []
  const touched = new Map<ShotName, Problem>()
  for (const item of one.oversize) {
    if (!shots.has(item.shot)) continue
    const { path, problem, shownAs } = item
    const by = fit ? 'flag' : byName.get(item.shot)?.fit ? 'manifest' : undefined
    if (!by) {
      problems.push(unasked(item, one.manifest.file))
      continue
    }
    const copy = tried.get(path) ?? (await copyOf(path, one, world))
    if ('fault' in copy) {
      problems.push({ ...problem, message: `"${path}" cannot be scaled: ${copy.fault}` })
    } else {
      if (!copies.has(path)) {
        const from = one.images.get(path)!.facts as ImageFacts
        fitted.push({ file: one.manifest.file, image: shownAs, from, to: copy.facts, by })
      }
      copies.set(path, copy)
      if (!touched.has(item.shot)) touched.set(item.shot, problem)
    }
    tried.set(path, copy)
  }

  for (const [name, place] of touched) {
    const sizeOf = (path: string) => (copies.get(path) ?? one.images.get(path))?.facts.sizeBytes
    const fault = requestFault(byName.get(name)!, sizeOf)
    if (fault) problems.push({ ...place, ...fault })
  }
  return { copies, fitted, problems }
}

/**
 * Makes the images of everything that plans buy fit to be sent; what is bought already needs nothing. A final that is
 * made from its draft sends no images.
 *
 * @param options.fit As for `fitImages`.
 * @returns What was made of each part's images, in the order of the parts.
 * @throws ManifestError with every image that cannot be sent; RunnerError as `fitImages`.
 */
export async function fitPlans(
  parts: readonly { loaded: LoadedManifest; plan: Plan }[],
  { fit = false }: { fit?: boolean | undefined },
  world: FitWorld,
): Promise<Fitted[]> {
  const results: Fitted[] = []
  for (const { loaded, plan } of parts) {
    const sending = plan.steps.flatMap((step) =>
      step.kind === 'generate' && !step.draft ? [step.take.shot.name] : [],
    )
    results.push(await fitImages(loaded, { shots: new Set(sending), fit }, world))
  }
  requireSound(
    withoutRepeats(results.flatMap(({ problems }) => problems)),
    parts.map(({ loaded }) => loaded),
  )
  return results
}

function unasked({ problem, byHand }: OversizeImage, manifestFile: string): Problem {
  const what = problem.code === 'media-format' ? 'a converted copy' : 'a smaller copy'
  const hand = byHand === undefined ? '' : `; or make one: ${byHand}`
  return { ...problem, message: `${problem.message}; send ${what}: ${fitCommand(manifestFile)}${hand}` }
}

async function copyOf(
  path: string,
  { places, images, mediaCache }: LoadedManifest,
  { files, fitter }: FitWorld,
): Promise<ImageCopy | { fault: string }> {
  const { sha256, facts } = images.get(path)!
  const stem = join(places.projectRoot, '.shotlock', 'fitted', `${sha256.slice(0, 32)}-${recipe()}`)
  for (const ending of ['jpg', 'png']) {
    const known = await keptCopy(`${stem}.${ending}`)
    if (known) return known
  }

  const bytes = await files.read(join(places.folder, normalize(path)))
  if (!bytes || sha256Of(bytes) !== sha256) return { fault: 'it was changed while it was looked at' }
  if (!fitter) {
    throw new RunnerError('fit-unavailable', 'Cannot scale images: nothing was given that could', {
      hint: 'Give the world a fitter, as liveWorld does.',
    })
  }
  const made = await fitImage(bytes, facts as ImageFacts, fitter)
  if ('fault' in made) return made
  const kept = `${stem}.${made.facts.format === 'png' ? 'png' : 'jpg'}`
  try {
    await files.createNew(join(places.projectRoot, '.shotlock', '.gitignore'), '*\n')
    await files.replace(kept, made.bytes)
  } catch (cause) {
    throw new RunnerError('state-unwritable', `Cannot write to "${kept}": ${(cause as Error).message}`, {
      cause,
      hint: 'Make room on the disk or make the folder writable. Nothing was sent.',
    })
  }
  return { path: kept, facts: made.facts, sha256: sha256Of(made.bytes) }

  /** A copy from before; one that the service would refuse was damaged, and counts as none. */
  async function keptCopy(absolute: string): Promise<ImageCopy | undefined> {
    if ((await files.size(absolute)) === undefined) return undefined
    const { known, keep } = await mediaCache.look(absolute, places.projectRoot)
    if (known) return { path: absolute, facts: known.facts as ImageFacts, sha256: known.sha256 }
    const bytes = await files.read(absolute)
    const found = bytes && readImageFacts(bytes)
    if (!found || imageFault(found, undefined)) return undefined
    const copy = { facts: found, sha256: sha256Of(bytes) }
    keep(copy)
    return { path: absolute, ...copy }
  }
}

/** Tells copies apart that were made to other limits, or in another way. */
function recipe(): string {
  const made = JSON.stringify([copyVersion, copyLimits])
  return createHash('sha256').update(made).digest('hex').slice(0, 8)
}
