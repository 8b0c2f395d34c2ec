import { type ExpandedManifest, expandManifest } from '../core/expand.js'
import type { Problem } from '../core/problem.js'
import type { Selection } from '../core/select.js'
import { type LoadOptions, loadManifests } from '../engine/load-manifests.js'
import { selectFrom } from '../engine/prepare-plans.js'
import type { Files } from '../ports/files.js'

export interface ExpandReport {
  manifests: ExpandedManifest[]
  warnings: readonly Problem[]
}

/**
 * Says what manifests come to once variables, defaults and matrices are worked out. Nothing is sent.
 *
 * @throws ManifestError when they are not right; RunnerError `nothing-selected`.
 */
export async function expand(
  options: Omit<LoadOptions, 'rehearsal'> & { selection: Selection },
  files: Files,
): Promise<ExpandReport> {
  const { loaded, warnings } = await loadManifests({ ...options, rehearsal: false }, files)
  const selects = selectFrom(loaded, options.selection)
  const manifests = loaded.map(({ manifest }) => expandManifest(manifest, selects))
  return { manifests, warnings }
}
