import { invalid } from './service-error.js'
import type { SimulatedTask } from './task.js'
import type { ValidCreate } from './validate-create.js'

/** Where drafts are looked up. */
export interface DraftShelf {
  /** `undefined` for a task that never was, or whose record is gone. */
  findTask: (id: string) => SimulatedTask | undefined
  /** Milliseconds since the Unix epoch. */
  nowMs: number
}

/**
 * Fields that a final takes from its draft. What the service does with one that is stated all the same is not
 * published; since body parameters are strongly checked, it is refused. Source: reference sections 2.1 and 2.2.
 */
const fromDraft = ['generate_audio', 'seed', 'ratio', 'duration', 'frames', 'camera_fixed']

/** How long a draft can be made final, from its creation. Source: reference section 2.2. */
const draftLifetimeMs = 7 * 24 * 3600 * 1000

/**
 * @param optional The fields of a create that makes a draft final, as sent.
 * @param named The model as messages name it.
 * @throws ServiceError 400 when one is the draft's to say.
 */
export function refuseFromDraft(optional: Readonly<Record<string, unknown>>, named: string): void {
  const stated = fromDraft.find((name) => (optional[name] ?? null) !== null)
  if (stated !== undefined) {
    const what = `the specified parameter \`${stated}\` is not supported for model ${named}`
    throw invalid(`${what} with draft task content, must be empty.`, 'InvalidParameter.UnsupportedParameter')
  }
}

/**
 * A final, with all that it takes over from its draft. Source: reference section 2.2.
 *
 * @throws ServiceError 400.
 */
export function asFinal(
  valid: ValidCreate,
  draftTaskId: string,
  { findTask, nowMs }: DraftShelf,
): ValidCreate {
  const draft = findTask(draftTaskId)
  // Seven days after its creation a record is gone too, so a draft that is too old looks like one that never was.
  if (!draft || nowMs >= draft.createdAtMs + draftLifetimeMs) {
    throw invalid(`draft task ${draftTaskId} does not exist or was created more than 7 days ago`)
  }
  if (!draft.draft || draft.status !== 'succeeded')
    throw invalid(`task ${draftTaskId} is not a finished draft`)
  if (draft.model !== valid.model) throw invalid('model must be the model of the draft task')
  return {
    ...valid,
    prompt: draft.prompt,
    seed: draft.seed,
    ratio: draft.ratio,
    length: draft.seconds === undefined ? { frames: draft.frames } : { seconds: draft.seconds },
    inputSeconds: draft.inputSeconds ?? 0,
    generateAudio: draft.generateAudio ?? false,
    draftBackdrop: draft.backdrop,
  }
}
