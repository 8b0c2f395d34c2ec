import { findModel } from '../core/models.js'
import type { SimulatedTask } from './task.js'

/**
 * Tokens that a task is billed once it has succeeded; until then, and when it ends otherwise, it is billed none. Films
 * among the references count like seconds that were made, and there is a least that is billed then (docs/pricing.md).
 * A draft's factor is applied before rounding down, which the pages leave open. Where no factor is published (2.5),
 * drafts are billed in full. Source: reference sections 2.2 and 3.
 */
export function billedTokens(task: SimulatedTask): number {
  const { width, height, frames, seconds = (frames - 1) / 24, inputSeconds = 0 } = task
  const tokens = (width * height * (24 * (seconds + inputSeconds) + 1)) / 1024
  const profile = findModel(task.model)
  const tenths = task.draft ? profile?.draft?.tenths : undefined
  const billed = Math.floor(
    tenths ? (tokens * (task.generateAudio ? tenths.audio : tenths.silent)) / 10 : tokens,
  )
  const rule = inputSeconds > 0 ? profile?.references.videos?.leastBilled : undefined
  if (!rule) return billed
  const leastSeconds = Math.ceil((seconds * rule.billed) / rule.made)
  return Math.max(billed, Math.floor((width * height * 24 * leastSeconds) / 1024))
}
