import type { Problem } from '../core/problem.js'
import { checkManifests, type LoadOptions } from '../engine/load-manifests.js'
import type { Files } from '../ports/files.js'

export interface ValidateReport {
  manifests: { manifest: string; file: string; shots: number; takes: number }[]
  problems: readonly Problem[]
}

/** Checks everything that can be checked without asking the provider. Nothing is sent, and only the cache is written. */
export async function validate(
  options: Omit<LoadOptions, 'rehearsal'>,
  files: Files,
): Promise<ValidateReport> {
  const { loaded, problems } = await checkManifests({ ...options, rehearsal: false, cached: true }, files)
  const manifests = loaded.map(({ manifest: { name, file, shots } }) => ({
    manifest: name,
    file,
    shots: shots.length,
    takes: shots.reduce((sum, { takes }) => sum + takes, 0),
  }))
  return { manifests, problems }
}
