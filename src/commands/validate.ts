import type { Problem } from '../core/problem.js'
import { type FittedImage, fitImages } from '../engine/fit-images.js'
import { checkManifests, type LoadOptions, withoutRepeats } from '../engine/load-manifests.js'
import type { Files } from '../ports/files.js'
import type { ImageFitter } from '../ports/image-fitter.js'

export interface ValidateReport {
  manifests: { manifest: string; file: string; shots: number; takes: number }[]
  problems: readonly Problem[]
  /** Images that are too large and will be sent as smaller copies. */
  fitted: readonly FittedImage[]
}

export interface ValidateOptions extends Omit<LoadOptions, 'rehearsal'> {
  /** Whether smaller copies are made of images that are too large, whatever the manifests say. Default false. */
  fit?: boolean | undefined
}

/**
 * Checks everything that can be checked without asking the provider. Nothing is sent, and nothing is written but the
 * cache, and copies of images where they are asked for.
 *
 * @param fitter Left out: no copies can be made.
 * @throws RunnerError `fit-unavailable` or `state-unwritable` when a copy is asked for and cannot be made or kept.
 */
export async function validate(
  { fit = false, ...options }: ValidateOptions,
  files: Files,
  fitter?: ImageFitter,
): Promise<ValidateReport> {
  const { loaded, problems: found } = await checkManifests(
    { ...options, rehearsal: false, cached: true },
    files,
  )
  const problems = [...found]
  const fitted: FittedImage[] = []
  for (const one of loaded) {
    const shots = new Set(one.manifest.shots.map(({ name }) => name))
    const result = await fitImages(one, { shots, fit }, { files, fitter })
    problems.push(...result.problems)
    fitted.push(...result.fitted)
  }
  const manifests = loaded.map(({ manifest: { name, file, shots } }) => ({
    manifest: name,
    file,
    shots: shots.length,
    takes: shots.reduce((sum, { takes }) => sum + takes, 0),
  }))
  return { manifests, problems: withoutRepeats(problems), fitted }
}
