import { findModel, knownModelIds, type ModelProfile, modeOf } from './models.js'
import type { ProblemCode } from './problem.js'
import type { Shot } from './shot.js'
import { suggest } from './suggest.js'

/** Something about a shot that its model or the service does not do. */
export interface RuleFault {
  code: ProblemCode
  /** The field to point at. */
  field: readonly (string | number)[]
  message: string
  severity: 'error' | 'warning'
  /** Where in the field's text, for faults inside a prompt. */
  within?: { offset: number; length: number }
}

/**
 * Checks everything about a shot that needs no file: the rules of its model and of the service.
 * Sources: reference sections 2.1 to 2.3; the service refuses what is refused here with status 400.
 */
export function checkShot(shot: Shot): RuleFault[] {
  const faults: RuleFault[] = []
  const add = (
    code: ProblemCode,
    field: string,
    message: string,
    severity: RuleFault['severity'] = 'error',
  ) => faults.push({ code, field: [field], message, severity })

  checkContent(shot, add)
  faults.push(...inlineFlags(shot.prompt ?? ''))

  const profile = findModel(shot.model)
  if (profile) checkModel(shot, profile, add)
  else if (shot.model.startsWith('ep-')) return faults
  else {
    const near = suggest(shot.model, knownModelIds())
    const end = near ? `, did you mean "${near}"?` : '; its limits are not checked'
    add('unknown-model', 'model', `unknown model "${shot.model}"${end}`, 'warning')
  }
  return faults
}

type Add = (code: ProblemCode, field: string, message: string, severity?: RuleFault['severity']) => void

function checkContent({ prompt, media, parameters, extra }: Shot, add: Add): void {
  const roles = new Set<string>(media.map(({ role }) => role))
  if (prompt === undefined && media.length === 0)
    add('missing-field', 'prompt', 'a shot needs a prompt or an image')
  if (prompt?.trim() === '') add('wrong-value', 'prompt', 'the prompt is empty once its variables are filled')
  if (roles.has('last_frame') && !roles.has('first_frame')) {
    add('field-conflict', 'last_frame', 'last_frame needs a first frame (image)')
  }
  if (roles.has('reference_image') && (roles.has('first_frame') || roles.has('last_frame'))) {
    add('field-conflict', 'reference_images', 'reference_images cannot be mixed with first or last frames')
  }
  if (parameters.frames !== undefined && parameters.duration !== undefined) {
    add('field-conflict', 'frames', 'frames and duration both say how long; keep one')
  }
  if (parameters.frames !== undefined && (parameters.frames - 25) % 4 !== 0) {
    add('wrong-value', 'frames', `frames is ${parameters.frames}, it must be 25 + 4n (29, 33, … 289)`)
  }
  for (const name of Object.keys(extra)) {
    if (ownFields.has(name)) add('field-conflict', 'extra', `extra holds "${name}", which has its own field`)
  }
}

const ownFields = new Set([
  ...['model', 'content', 'resolution', 'ratio', 'duration', 'frames', 'seed', 'camera_fixed', 'watermark'],
  ...[
    'generate_audio',
    'draft',
    'return_last_frame',
    'service_tier',
    'execution_expires_after',
    'callback_url',
  ],
])

function checkModel({ media, parameters }: Shot, profile: ModelProfile, add: Add): void {
  const { label } = profile
  const roles = new Set<string>(media.map(({ role }) => role))
  const mode = modeOf(roles)
  const no = (field: string, message: string) => add('model-rule', field, message)

  if (!profile.modes.includes(mode)) {
    if (mode === 't2v') no('model', `${label} makes no video from text alone; give an image`)
    else if (mode === 'i2v') no(String(media[0]!.field[0]), `${label} takes no first frame`)
    else if (mode === 'flf2v') no('last_frame', `${label} takes no last frame`)
    else no('reference_images', `${label} takes no reference images`)
  }
  const references = media.filter(({ role }) => role === 'reference_image').length
  const most = profile.references.images?.max
  if (most !== undefined && references > most) {
    no('reference_images', `${label} takes at most ${most} reference images, not ${references}`)
  }

  const { resolution, ratio, duration, frames } = parameters
  const possible: readonly string[] = (mode === 'r2v' && profile.referenceResolutions) || profile.resolutions
  if (resolution !== undefined && !possible.includes(resolution)) {
    const there = possible === profile.resolutions ? '' : ' with reference images'
    no('resolution', `${label} makes ${possible.join(', ')}${there}, not ${resolution}`)
  }
  if (ratio === 'adaptive' && profile.adaptiveRefused.includes(mode)) {
    no('ratio', `${label} knows no adaptive ratio without an image`)
  }
  if (ratio !== undefined && ratio !== 'adaptive' && profile.adaptiveOnly.includes(mode)) {
    no('ratio', `${label} follows the first frame: ratio must be adaptive or left out`)
  }
  if (duration !== undefined) checkDuration(duration, profile, add)
  if (frames !== undefined && !profile.frames) no('frames', `${label} takes no frames; use duration`)

  if (parameters.camera_fixed !== undefined && !profile.cameraFixed)
    no('camera_fixed', `${label} takes no camera_fixed`)
  else if (parameters.camera_fixed && mode === 'r2v')
    no('camera_fixed', 'camera_fixed does not go with reference images')
  if (parameters.generate_audio && !profile.audio) {
    add('model-rule', 'generate_audio', `${label} makes no sound`, 'warning')
  }
  if (parameters.service_tier === 'flex' && !profile.flex) no('service_tier', `${label} has no flex tier`)
  if (parameters.draft) checkDraft(parameters, profile, add)
}

function checkDuration(seconds: number, { duration, label }: ModelProfile, add: Add): void {
  if (seconds === -1 && duration.auto) return
  if (seconds >= duration.min && seconds <= duration.max) return
  const auto = duration.auto ? ', or -1' : ''
  const message = `duration ${seconds} is not possible: ${label} makes ${duration.min} to ${duration.max} s${auto}`
  add('duration-range', 'duration', message)
}

function checkDraft(
  { resolution, return_last_frame, service_tier }: Shot['parameters'],
  profile: ModelProfile,
  add: Add,
) {
  if (!profile.draft) return add('model-rule', 'draft', `${profile.label} makes no drafts`)
  if (resolution !== undefined && resolution !== '480p') {
    add('field-conflict', 'resolution', `a draft is 480p, not ${resolution}`)
  }
  if (return_last_frame) add('field-conflict', 'return_last_frame', 'a draft returns no last frame')
  if (service_tier === 'flex')
    add('field-conflict', 'service_tier', 'a draft cannot be made in the flex tier')
}

/** Flags that models up to 1.5 read out of the prompt, and the field that says the same. Reference section 2.1. */
const flagFields: ReadonlyMap<string, string> = new Map([
  ['rs', 'resolution'],
  ['resolution', 'resolution'],
  ['rt', 'ratio'],
  ['ratio', 'ratio'],
  ['dur', 'duration'],
  ['duration', 'duration'],
  ['frames', 'frames'],
  ['seed', 'seed'],
  ['cf', 'camera_fixed'],
  ['camerafixed', 'camera_fixed'],
  ['wm', 'watermark'],
  ['watermark', 'watermark'],
  ['fps', 'nothing: it is always 24'],
  ['framespersecond', 'nothing: it is always 24'],
])
// Chinese has no spaces: a flag may stand right after a character or a full stop of it.
const flag = /(?<![\w-])--([a-z]+)(?![\w-])/gi

function inlineFlags(prompt: string): RuleFault[] {
  const faults: RuleFault[] = []
  for (const { 0: text, 1: name = '', index } of prompt.matchAll(flag)) {
    const field = flagFields.get(name.toLowerCase())
    if (field === undefined) continue
    faults.push({
      code: 'inline-flag',
      field: ['prompt'],
      severity: 'error',
      message: `the prompt holds the flag ${text}, which would change the task; use the field ${field}`,
      within: { offset: index, length: text.length },
    })
  }
  return faults
}
