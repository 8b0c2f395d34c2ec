import { relative, resolve, sep } from 'node:path'
import { ManifestError, RunnerError } from '../core/errors.js'
import { junitXml } from '../core/junit.js'
import { splitTakeName } from '../core/names.js'
import type { Problem } from '../core/problem.js'
import type { Report, ReportedManifest } from '../core/report.js'
import { reportMarkdown, stepSummaryLimit } from '../core/report-markdown.js'
import { type PrepareOptions, type Preview, previewPlans } from '../engine/prepare-plans.js'
import type { Clock } from '../ports/clock.js'
import type { Files } from '../ports/files.js'
import { statusOf } from './status.js'

export interface ReportOptions extends PrepareOptions {
  /** Where JUnit XML goes, absolute. */
  junit?: string | undefined
  /** Where Markdown goes, absolute. */
  markdown?: string | undefined
  /** A file that Markdown is added to, absolute: the summary of a step on GitHub. */
  stepSummary?: string | undefined
  /** The folder that paths of manifests start from in the report, absolute; default: as the person named them. */
  root?: string | undefined
}

/**
 * Says where each take stands, for people and machines that watch over a project. Nobody is asked.
 *
 * @returns Without manifests where one of them has an error; its problems are in the files as well.
 * @throws RunnerError of manifests that cannot be found and lockfiles that cannot be read; `report-unwritten`.
 */
export async function report(options: ReportOptions, world: { files: Files; clock: Clock }): Promise<Report> {
  const { junit, markdown, stepSummary } = options
  const { files } = world
  const made = await readReport(options, world)
  if (junit !== undefined) await written(junit, () => files.replace(junit, junitXml(made)))
  if (markdown !== undefined) await written(markdown, () => files.replace(markdown, reportMarkdown(made)))
  if (stepSummary !== undefined) await written(stepSummary, () => addSummary(stepSummary, made, files))
  return made
}

async function readReport(options: ReportOptions, world: { files: Files; clock: Clock }): Promise<Report> {
  const { root, cwd } = options
  const shownPath = (file: string) =>
    (root === undefined ? file : relative(root, resolve(cwd, file))).split(sep).join('/')
  const placed = (problems: readonly Problem[]) =>
    problems.map((one) => ({ ...one, file: shownPath(one.file) }))
  try {
    const { previews, warnings } = await previewPlans({ ...options, cached: true }, world)
    const now = world.clock.now()
    const manifests = previews.map((preview) => reportManifest(preview, { now, shownPath }))
    return { manifests, problems: placed(warnings) }
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error
    return { manifests: [], problems: placed(error.problems) }
  }
}

function reportManifest(
  preview: Preview,
  { now, shownPath }: { now: number; shownPath: (file: string) => string },
): ReportedManifest {
  const { manifest, file, takes, unclaimed } = statusOf(preview, now)
  return {
    manifest,
    file: shownPath(file),
    takes: takes.map((take) => ({ ...take, ...preview.loaded.placeOf(splitTakeName(take.take).shot) })),
    unclaimed,
  }
}

/** Adds what still fits: GitHub shows nothing of a summary that is too long. */
async function addSummary(path: string, made: Report, files: Files): Promise<void> {
  const before = (await files.size(path)) ?? 0
  const text = reportMarkdown(made, Math.max(0, stepSummaryLimit - before))
  const file = await files.openAppend(path)
  try {
    await file.write(new TextEncoder().encode(text))
  } finally {
    await file.close()
  }
}

async function written(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write()
  } catch (cause) {
    throw new RunnerError('report-unwritten', `Cannot write "${path}": ${(cause as Error).message}`, {
      cause,
      hint: 'Give another place, or make the folder writable.',
    })
  }
}
