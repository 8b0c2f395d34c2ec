import { randomInt } from 'node:crypto'
import type { Ratio } from '../core/models.js'
import { fraction } from './chance.js'
import { ServiceError } from './service-error.js'
import type { Ending, SimulatedTask } from './task.js'
import type { ValidCreate } from './validate-create.js'

export interface PlanContext {
  nowMs: number
  /** SHA-256 of the stored first frame. */
  backdrop: string | undefined
  /** Shortest and longest running time. */
  taskMs: { min: number; max: number }
  queuedMs: number
  /** Whether an id is in use. */
  isTaken: (id: string) => boolean
  /** The first seed that this prompt was tried with; `undefined` for a new prompt. */
  firstSeed: number | undefined
}

/** How much longer than others a task with `sim:slow` runs. */
const slowness = 10

/** Ratios that a model may settle on when there is no image to follow. */
const freeRatios: readonly Ratio[] = ['16:9', '9:16', '4:3', '3:4', '1:1']

/** @throws ServiceError when a word in the prompt asks for a refusal. */
export function refuseByWord(prompt: string): void {
  const words = wordsIn(prompt)
  if (words.has('sim:moderate-input')) {
    const message = 'The request failed because the input text may contain sensitive information.'
    throw new ServiceError(400, 'InputTextSensitiveContentDetected', message)
  }
  if (words.has('sim:overdue')) {
    const message = 'The request failed because your account has an overdue balance.'
    throw new ServiceError(403, 'AccountOverdueError', message)
  }
}

/** Decides all that will become of a task: its seed, size, length, running time and end. */
export function planTask(valid: ValidCreate, context: PlanContext): SimulatedTask {
  const { profile, prompt, resolution } = valid
  const { nowMs, taskMs, queuedMs, backdrop } = context
  const words = wordsIn(prompt)
  const seed = valid.seed ?? randomInt(2 ** 31)
  const ratio = valid.ratio === 'adaptive' ? adaptRatio(valid, seed) : valid.ratio
  const [width, height] = pixelsOf(valid, ratio)
  const runMs = taskMs.min + Math.round(fraction(seed, prompt, 'run') * (taskMs.max - taskMs.min))
  return {
    id: newTaskId(valid, context),
    model: valid.model,
    endpoint: valid.endpoint,
    label: profile.label,
    tier: valid.tier,
    prompt,
    seed,
    resolution,
    ratio,
    width,
    height,
    ...lengthOf(valid, seed),
    inputSeconds: valid.inputSeconds || undefined,
    generateAudio: profile.audio ? valid.generateAudio : undefined,
    draft: valid.draft,
    returnLastFrame: valid.returnLastFrame,
    expiresAfterS: valid.expiresAfterS,
    safetyIdentifier: valid.safetyIdentifier,
    // 1.5 pro reports neither. Source: reference sections 2.1 and 4.
    priority: profile.label === '1.5 pro' ? undefined : valid.priority,
    outputFormat: profile.label === '1.5 pro' ? undefined : valid.outputFormat,
    tools: valid.tools,
    draftTaskId: valid.draftTaskId,
    callbackUrl: valid.callbackUrl,
    backdrop,
    createdAtMs: nowMs,
    queuedMs,
    runMs: words.has('sim:stuck') ? null : words.has('sim:slow') ? runMs * slowness : runMs,
    ending: endingOf(words, seed, context.firstSeed ?? seed),
    status: 'queued',
    updatedAtMs: nowMs,
  }
}

function wordsIn(prompt: string): Set<string> {
  return new Set(prompt.match(/\bsim:[a-z-]*[a-z]/g))
}

function endingOf(words: ReadonlySet<string>, seed: number, firstSeed: number): Ending {
  const isModerated =
    words.has('sim:moderate-output') || (words.has('sim:moderate-output-once') && seed === firstSeed)
  if (isModerated) {
    const message = 'The request failed because the output video may contain sensitive information.'
    return { status: 'failed', error: { code: 'OutputVideoSensitiveContentDetected', message } }
  }
  if (words.has('sim:fail')) {
    const message = 'The service encountered an unexpected internal error.'
    return { status: 'failed', error: { code: 'InternalServiceError', message } }
  }
  return { status: 'succeeded' }
}

/** Follows the first frame where its size is known, else takes any: the service looks at pictures, we do not. */
function adaptRatio(valid: ValidCreate, seed: number): Ratio {
  const { firstFrame } = valid
  if (!firstFrame) return freeRatios[Math.floor(fraction(seed, 'ratio') * freeRatios.length)]!
  const wanted = Math.log(firstFrame.width / firstFrame.height)
  const distance = (ratio: Ratio) => {
    const [width, height] = pixelsOf(valid, ratio)
    return Math.abs(Math.log(width / height) - wanted)
  }
  const ratios: Ratio[] = ['16:9', '4:3', '1:1', '3:4', '9:16', '21:9']
  return ratios.reduce((best, ratio) => (distance(ratio) < distance(best) ? ratio : best))
}

function pixelsOf({ profile, resolution }: ValidCreate, ratio: Ratio): readonly [number, number] {
  // Every resolution that a model takes has its row: `validateCreate` lets no other through.
  return profile.pixels[resolution]![ratio]
}

function lengthOf({ length, profile }: ValidCreate, seed: number): { frames: number; seconds?: number } {
  if ('frames' in length) return { frames: length.frames }
  const { min, max } = profile.duration
  const seconds =
    length.seconds === 'auto' ? min + Math.floor(fraction(seed, 'seconds') * (max - min + 1)) : length.seconds
  return { frames: 24 * seconds + 1, seconds }
}

/** `cgt-`, the time in UTC+8, five letters or digits. Source: reference section 1. */
function newTaskId({ tier }: ValidCreate, { nowMs, isTaken }: PlanContext): string {
  const stamp = new Date(nowMs + 8 * 3600 * 1000).toISOString().replace(/\D/g, '').slice(0, 14)
  const prefix = tier === 'flex' ? 'cgt-batch-' : 'cgt-'
  for (;;) {
    const tail = randomInt(36 ** 5)
      .toString(36)
      .padStart(5, '0')
    const id = `${prefix}${stamp}-${tail}`
    if (!isTaken(id)) return id
  }
}
