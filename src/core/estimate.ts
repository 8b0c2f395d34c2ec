import { effectiveParameters } from './build-request.js'
import { billedTokens, findModel, modeOf } from './models.js'
import type { Shot } from './shot.js'

/** From the least to the most that a take can be billed, in tokens. */
export interface TokenRange {
  min: number
  max: number
}

/** Draft tokens are 0.6 of a final's with sound and 0.7 without (vendor price page, 1.5 pro); in tenths, to be exact. */
const draftTenths = { audio: 6, silent: 7 }

/**
 * What one take of a shot will be billed. A range where the service decides: `duration: -1`, `ratio: adaptive`.
 *
 * @returns `undefined` for a model or size that is not in the tables.
 */
export function estimateTokens(shot: Shot): TokenRange | undefined {
  const profile = findModel(shot.model)
  if (!profile) return undefined
  const { resolution, ratio, duration, frames, draft, generate_audio } = effectiveParameters(shot)
  const sizes = profile.pixels[resolution as keyof typeof profile.pixels]
  if (!sizes) return undefined

  const mode = modeOf(new Set(shot.media.map(({ role }) => role)))
  const asked = ratio ?? profile.defaultRatio[mode]
  const possible = asked === 'adaptive' ? Object.values(sizes) : [sizes[asked as keyof typeof sizes]]
  const { min, max, default: usual } = profile.duration
  const seconds =
    frames !== undefined ? [(frames - 1) / 24] : duration === -1 ? [min, max] : [duration ?? usual]
  const tenths = draft ? (generate_audio ? draftTenths.audio : draftTenths.silent) : 10

  const tokens = possible.flatMap(([width, height]) =>
    seconds.map((length) => Math.floor((billedTokens(width, height, length) * tenths) / 10)),
  )
  return { min: Math.min(...tokens), max: Math.max(...tokens) }
}
