import { stringify } from 'yaml'
import { buildRequest } from './build-request.js'
import { type OutputPaths, outputPaths } from './output-path.js'
import { shownSource } from './redact.js'
import type { VideoRequest } from './request.js'
import { type Manifest, statedSeed, type Take, takesOf } from './shot.js'

/** A manifest as it will be sent: variables filled, defaults merged, matrices spread out. */
export interface ExpandedManifest {
  manifest: string
  /** The path as the person gave it. */
  file: string
  takes: ExpandedTake[]
}

export interface ExpandedTake {
  take: string
  tags?: readonly string[]
  skip?: true
  /** Where its video goes, where the shot states a place; a seed that is drawn stands as `{seed}`. */
  output?: string
  /**
   * The body of the create. Local files stand as their paths, last frames of other shots as `last_frame_of:SHOT`, inline
   * ones as `data:…`, URLs without their query; a seed that is drawn when it is sent is left out.
   */
  request: Omit<VideoRequest, 'seed'> & { seed?: number }
}

/** The takes of a manifest as they will be sent, in the manifest's order; all of them unless `selects` says which. */
export function expandManifest(
  manifest: Manifest,
  selects: (take: Take) => boolean = () => true,
): ExpandedManifest {
  const { name, file, shots } = manifest
  const pathOf = outputPaths(manifest, { rehearsal: false })
  const takes = shots.flatMap(takesOf).filter(selects)
  return { manifest: name, file, takes: takes.map((take) => expandTake(take, pathOf)) }
}

function expandTake(take: Take, pathOf: OutputPaths): ExpandedTake {
  const { tags, skip, output } = take.shot
  const stated = statedSeed(take)
  const { seed, ...request } = buildRequest(take, stated ?? 0, ({ source }) => shownSource(source))
  return {
    take: take.name,
    ...(tags.length > 0 ? { tags } : {}),
    ...(skip ? { skip } : {}),
    ...(output === undefined ? {} : { output: pathOf(take.name, { seed: stated ?? '{seed}' }) }),
    request: { ...request, ...(stated === undefined ? {} : { seed: stated }) } as ExpandedTake['request'],
  }
}

/** An expanded manifest as YAML, for people. */
export function renderExpanded({ takes }: ExpandedManifest): string {
  return stringify(Object.fromEntries(takes.map(({ take, ...rest }) => [take, rest])), { lineWidth: 0 })
}
