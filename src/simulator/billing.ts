import { findModel } from '../core/models.js'
import type { SimulatedTask } from './task.js'

/**
 * Tokens that a task is billed once it has succeeded; until then, and when it ends otherwise, it is billed none. Films
 * among the references count like seconds that were made; the least that the service takes then is not published.
 * A draft's factor is applied before rounding down, which the pages leave open. Where no factor is published (2.5),
 * drafts are billed in full. Source: reference sections 2.2 and 3.
 */
export function billedTokens(task: SimulatedTask): number {
  const { width, height, frames, seconds = (frames - 1) / 24, inputSeconds = 0 } = task
  const tokens = (width * height * (24 * (seconds + inputSeconds) + 1)) / 1024
  const tenths = task.draft ? findModel(task.model)?.draft?.tenths : undefined
  return Math.floor(tenths ? (tokens * (task.generateAudio ? tenths.audio : tenths.silent)) / 10 : tokens)
}
