import { join, relative, sep } from 'node:path'
import { classifyFailure } from '../core/failure.js'
import type { LockEntry } from '../core/lockfile.js'
import { compareTakeNames, type ShotName, splitTakeName, type TakeName } from '../core/names.js'
import type { Step } from '../core/plan.js'
import { redact, shownSource } from '../core/redact.js'
import type { MediaRole } from '../core/request.js'
import type {
  PreviousTake,
  ReviewManifest,
  ReviewMedia,
  ReviewShot,
  ReviewTake,
  ReviewVideo,
} from '../core/review.js'
import { type Media, type Shot, takesOf } from '../core/shot.js'
import type { Files } from '../ports/files.js'
import type { LoadedManifest } from './load-manifests.js'
import { staysInside } from './places.js'
import type { Preview } from './prepare-plans.js'

/**
 * Where a page loads a file of this machine from; `undefined` for what it must not show.
 *
 * @param version Changes when another file takes the place; `undefined` where that is not known.
 */
export type HrefOf = (path: string, version?: string) => string | undefined

export interface ReviewDataOptions {
  hrefOf: HrefOf
  /** What it is called; default its own name. See `reviewNames`. */
  name?: string | undefined
  /** Whether a run works on the manifest just now. */
  running?: boolean
  /** Whether only shots that the plan speaks of are meant, since some were selected. */
  selected?: boolean
}

/** A name for each manifest: its own, or its path in the project where another one has the same. */
export function reviewNames(loaded: readonly Pick<LoadedManifest, 'manifest' | 'places'>[]): string[] {
  const names = loaded.map(({ manifest }) => manifest.name)
  const paths = loaded.map(({ places }) => fileOf(places).replace(/\.ya?ml$/i, ''))
  const isTwice = (name: string, among: readonly string[]) => among.indexOf(name) !== among.lastIndexOf(name)
  return names.map((name, at) => {
    if (!isTwice(name, names)) return name
    const path = paths[at]!
    // Those of two projects may have the same path in each.
    return isTwice(path, paths)
      ? `${path} (${paths.slice(0, at + 1).filter((one) => one === path).length})`
      : path
  })
}

function fileOf({ projectRoot, manifest }: LoadedManifest['places']): string {
  return relative(projectRoot, manifest).split(sep).join('/')
}

/**
 * One manifest as the review page shows it. URLs lose their queries, and only files inside the project get a `href`.
 */
export async function reviewManifest(
  preview: Preview,
  { hrefOf, name, running = false, selected = false }: ReviewDataOptions,
  files: Pick<Files, 'size'>,
): Promise<ReviewManifest> {
  const { plan, loaded, states } = preview
  const { places, manifest, images } = loaded
  const steps = new Map(plan.steps.map((step) => [step.name, step]))
  const hrefInside: HrefOf = (path, version) =>
    staysInside(path, places) ? hrefOf(join(places.folder, path), version) : undefined
  // By its bytes, so that a picture that was painted over is loaded again.
  const hrefOfMedia: HrefOf = (path) => hrefInside(path, images.get(path)?.sha256.slice(0, 8))
  const previous = await previousVideos(preview, hrefInside, files)

  const names = new Map<ShotName, TakeName[]>()
  const meant = selected ? steps.keys() : new Set([...manifest.shots.flatMap(takeNamesOf), ...states.keys()])
  for (const take of meant) {
    const { shot } = splitTakeName(take)
    const takes = names.get(shot)
    if (takes) takes.push(take)
    else names.set(shot, [take])
  }
  const takesOfShot = (shot: ShotName): ReviewTake[] =>
    (names.get(shot) ?? []).sort(compareTakeNames).flatMap((take) => {
      const one = takeOf(take, { preview, step: steps.get(take), hrefInside, previous: previous.get(take) })
      return one ? [one] : []
    })

  const known = new Set(manifest.shots.map(({ name }) => name))
  const gone = [...names.keys()].filter((shot) => !known.has(shot))
  const shots: ReviewShot[] = [
    ...manifest.shots.map((shot) => ({ ...statedBy(shot, hrefOfMedia), takes: takesOfShot(shot.name) })),
    ...gone.map((shot) => ({
      name: shot,
      parameters: {},
      media: [],
      tags: [],
      gone: true as const,
      takes: takesOfShot(shot),
    })),
  ]
  return {
    name: name ?? manifest.name,
    file: fileOf(places),
    running,
    shots: shots.filter(({ takes }) => takes.length > 0),
  }
}

function takeNamesOf(shot: Shot): TakeName[] {
  return takesOf(shot).map(({ name }) => name)
}

function statedBy(shot: Shot, hrefOfMedia: HrefOf): Omit<ReviewShot, 'takes'> {
  const { name, prompt, model, parameters, media, tags, skip } = shot
  return {
    name,
    ...(prompt === undefined ? {} : { prompt }),
    model,
    parameters: shownParameters(parameters),
    media: media.map((one) => shownMedia(one, hrefOfMedia)),
    tags,
    ...(skip ? { skip } : {}),
  }
}

/** An address to call back may carry a key. */
function shownParameters(parameters: Shot['parameters']): ReviewShot['parameters'] {
  const shown: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(parameters)) {
    if (typeof value === 'string') shown[name] = redact(value)
    else if (typeof value === 'number' || typeof value === 'boolean') shown[name] = value
  }
  return shown
}

const kinds: Readonly<Record<MediaRole, ReviewMedia['kind']>> = {
  first_frame: 'image',
  last_frame: 'image',
  reference_image: 'image',
  reference_video: 'video',
  reference_audio: 'audio',
}

function shownMedia({ role, source }: Media, hrefOfMedia: HrefOf): ReviewMedia {
  const href = source.kind === 'file' ? hrefOfMedia(source.path) : undefined
  return { role, kind: kinds[role], source: shownSource(source), ...(href === undefined ? {} : { href }) }
}

interface TakeSources {
  preview: Preview
  step: Step | undefined
  hrefInside: HrefOf
  previous: readonly PreviousTake[] | undefined
}

/** @returns `undefined` for what is no longer wanted and was never bought. */
function takeOf(
  name: TakeName,
  { preview, step, hrefInside, previous }: TakeSources,
): ReviewTake | undefined {
  const { states, present } = preview
  const { entry, intent } = states.get(name) ?? {}
  const { draft } = splitTakeName(name)
  const shown = {
    name,
    ...(draft ? { draft } : {}),
    next: step?.kind ?? ('keep' as const),
    ...waiting(step),
  }
  if (intent) return { ...shown, status: 'unknown', provider: intent.provider, seed: intent.seed }
  if (!entry) return { ...shown, status: 'absent' }
  const video = present.has(name) ? videoOf(entry.video!, hrefInside, entry.sha256) : undefined
  return {
    ...shown,
    ...factsOf(entry),
    ...(video ? { video } : {}),
    ...(previous && previous.length > 0 ? { previous } : {}),
  }
}

function factsOf(entry: LockEntry): Pick<ReviewTake, 'status'> & Partial<ReviewTake> {
  const { status, task, provider, seed, tokens, cost, reserved, error, approved, note, pick } = entry
  const facts = {
    task,
    provider,
    seed,
    tokens,
    cost,
    reserved,
    // A relay may put anything into its codes.
    error: error === undefined ? undefined : redact(error),
    failure: error === undefined ? undefined : classifyFailure(error, task !== undefined),
    approved,
    note,
    pick,
  }
  const known = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined))
  return { status, ...known }
}

function waiting(step: Step | undefined): Pick<ReviewTake, 'held' | 'stale' | 'upstream'> {
  if (step?.kind === 'keep' && step.stale) return { stale: true, upstream: step.stale.upstream }
  if (step?.kind !== 'hold') return {}
  return { held: step.reason, ...(step.upstream === undefined ? {} : { upstream: step.upstream }) }
}

/** Of tasks that were superseded, the newest first, with their videos where those were kept and are here. */
async function previousVideos(
  { states, loaded: { places } }: Preview,
  hrefInside: HrefOf,
  files: Pick<Files, 'size'>,
): Promise<Map<TakeName, PreviousTake[]>> {
  const found = new Map<TakeName, PreviousTake[]>()
  for (const [name, { entry }] of states) {
    if (!entry?.previous) continue
    const takes: PreviousTake[] = []
    for (const task of [...entry.previous].reverse()) {
      const { tokens, cost, video: path, sha256 } = entry.spent?.[task] ?? {}
      const isHere =
        path !== undefined &&
        // Where the take's own video is by now, the old one was not kept.
        path !== entry.video &&
        staysInside(path, places) &&
        (await files.size(join(places.folder, path))) !== undefined
      const video = isHere ? videoOf(path, hrefInside, sha256) : undefined
      takes.push({
        task,
        ...(tokens === undefined ? {} : { tokens }),
        ...(cost === undefined ? {} : { cost }),
        ...(video ? { video } : {}),
      })
    }
    found.set(name, takes)
  }
  return found
}

function videoOf(path: string, hrefInside: HrefOf, sha256: string | undefined): ReviewVideo | undefined {
  const href = hrefInside(path, sha256?.slice(0, 8))
  return href === undefined ? undefined : { href, path }
}
