import { dirname, relative, resolve, sep } from 'node:path'
import { RunnerError } from '../core/errors.js'
import type { Review, ReviewManifest } from '../core/review.js'
import { renderReviewPage } from '../core/review-page.js'
import { type PrepareOptions, type Preview, previewPlans } from '../engine/prepare-plans.js'
import { type HrefOf, reviewManifest, reviewNames } from '../engine/review-data.js'
import { isInOneOf, mediaTypeOf } from '../engine/shown-files.js'
import type { Clock } from '../ports/clock.js'
import type { Files } from '../ports/files.js'

export interface ReviewOptions extends PrepareOptions {
  /** Where the page goes, absolute. */
  out: string
  /** Whether videos and pictures are put inside of it, so that it can be sent to somebody. */
  embed: boolean
}

export interface ReviewReport {
  file: string
  sizeBytes: number
  shots: number
  takes: number
  /** Takes that are done and whose video is not on this machine. */
  missing: number
}

/** Most bytes of media in a page: as text they are a third larger, and browsers end at some 500 MB. */
const embedLimitBytes = 200 * 1024 * 1024

/**
 * Writes the contact sheet: one HTML file that opens from the disk.
 *
 * @throws RunnerError `usage` when `out` is no name of a page; `review-too-large` when media to be put inside are more
 *   than 200 MB; `review-unwritten`.
 */
export async function review(
  options: ReviewOptions,
  world: { files: Files; clock: Clock },
): Promise<ReviewReport> {
  requirePageName(options.out)
  const { files } = world
  const { previews } = await previewPlans({ ...options, cached: true }, world)
  const selected = isSelected(options)
  const names = reviewNames(previews.map(({ loaded }) => loaded))
  const build = async (hrefOf: HrefOf) => {
    const manifests: ReviewManifest[] = []
    for (const [at, preview] of previews.entries())
      manifests.push(await reviewManifest(preview, { hrefOf, name: names[at], selected }, files))
    return manifests
  }
  const manifests = await build(
    options.embed ? await embeddedMedia(build, previews, files) : relativeTo(options.out),
  )
  const value: Review = { format: 1, mode: 'file', rehearsal: options.rehearsal, manifests }
  const { assets } = await import('../review-page/built.js')
  const text = renderReviewPage(value, assets)
  try {
    await files.replace(options.out, text)
  } catch (cause) {
    throw new RunnerError('review-unwritten', `Cannot write "${options.out}": ${(cause as Error).message}`, {
      cause,
      hint: 'Give another place with --out, or make the folder writable.',
    })
  }
  const takes = manifests.flatMap(({ shots }) => shots.flatMap((shot) => shot.takes))
  return {
    file: options.out,
    sizeBytes: new TextEncoder().encode(text).length,
    shots: manifests.reduce((sum, { shots }) => sum + shots.length, 0),
    takes: takes.length,
    missing: takes.filter(({ status, video }) => status === 'succeeded' && !video).length,
  }
}

/** Whether only some shots are asked for. */
export function isSelected({ selection: { shots = [], tags = [] } }: PrepareOptions): boolean {
  return shots.length > 0 || tags.length > 0
}

/** Addresses as seen from the page's folder. */
function relativeTo(page: string): HrefOf {
  const folder = dirname(page)
  return (path) => {
    const way = relative(folder, resolve(path))
    // On another drive of Windows there is no way.
    if (/^[a-z]:/i.test(way)) return undefined
    return way.split(sep).map(encodeURIComponent).join('/')
  }
}

/** Every file that the page would show, read. */
async function embeddedMedia(
  build: (hrefOf: HrefOf) => Promise<unknown>,
  previews: readonly Preview[],
  files: Files,
): Promise<HrefOf> {
  const paths = new Set<string>()
  await build((path) => {
    paths.add(path)
    return undefined
  })
  const roots = new Set(previews.map(({ loaded }) => loaded.places.projectRoot))
  const embedded = new Map<string, string>()
  let total = 0
  for (const path of paths) {
    const type = mediaTypeOf(path)
    if (type === undefined || !(await isInOneOf(roots, path, files))) continue
    total += (await files.size(path)) ?? 0
    if (total > embedLimitBytes) throw tooLarge()
    // One that may not be read is one that is not here.
    const bytes = await files.read(path).catch(() => undefined)
    if (bytes) embedded.set(path, `data:${type};base64,${Buffer.from(bytes).toString('base64')}`)
  }
  return (path) => embedded.get(path)
}

/** A page replaces what is in its place. It must be none of the files that somebody wrote or paid for. */
function requirePageName(out: string): void {
  if (/\.html?$/i.test(out)) return
  throw new RunnerError('usage', `Cannot write the page to "${out}": its name does not end in .html`, {
    hint: 'Name a file such as --out review.html. Nothing was written.',
  })
}

function tooLarge(): RunnerError {
  const limit = embedLimitBytes / 1024 / 1024
  return new RunnerError('review-too-large', `Cannot embed: videos and pictures are more than ${limit} MB`, {
    hint: 'Choose shots with --shot or --tag, or leave --embed out and send the folder of videos along.',
  })
}
