import { lengthFault, totalLengthFault } from './clip.js'
import { modelSources, models } from './model-data.js'
import { type ClipLimits, findModel, knownModelIds, type ModelProfile, modeOf, profileOf } from './models.js'
import type { ProblemCode } from './problem.js'
import type { Media, Shot } from './shot.js'
import { suggest } from './suggest.js'

/** Something about a shot that its model or the service does not do. */
export interface RuleFault {
  code: ProblemCode
  /** The field to point at. */
  field: readonly (string | number)[]
  message: string
  severity: 'error' | 'warning'
  /** Where in the field's text, for faults inside a prompt or an output. */
  within?: { offset: number; length: number }
}

/**
 * Checks everything about a shot that needs no file: the rules of its model and of the service.
 * Sources: reference sections 2.1 to 2.4; the service refuses what is refused here with status 400.
 */
export function checkShot(shot: Shot): RuleFault[] {
  const faults: RuleFault[] = []
  const add: Add = (code, field, message, severity = 'error') =>
    faults.push({ code, field: typeof field === 'string' ? [field] : field, message, severity })

  checkContent(shot, add)
  faults.push(...inlineFlags(shot.prompt ?? ''))
  checkProfile(shot, add)
  const profile = findModel(shot.model) ?? profileOf(shot)
  if (profile) {
    checkModel(shot, profile, add)
    checkReferences(shot, profile, add)
  }
  return faults
}

/**
 * What is to be said of the model that shots are made with, once for all of them: that it is not known, or that its
 * end was announced.
 */
export function modelWarnings({ model, modelProfile }: Pick<Shot, 'model' | 'modelProfile'>): RuleFault[] {
  const warning = (code: ProblemCode, field: string, message: string): RuleFault[] => [
    { code, field: [field], message, severity: 'warning' },
  ]
  const own = findModel(model)
  if (!own && modelProfile === undefined) {
    const advice = 'its limits and prices are not known; model_profile says which rules hold'
    const near = nearestId(model)
    const words = near === undefined ? `: ${advice}` : `, did you mean "${near}"? Otherwise ${advice}`
    return warning('unknown-model', 'model', `unknown model "${model}"${words}`)
  }
  // An endpoint stands for the model that its profile names; a newer model only goes by the rules of an older one.
  const profile = own ?? (model.startsWith('ep-') ? profileOf({ model, modelProfile }) : undefined)
  if (!profile?.retirement) return []
  const { on, source } = profile.retirement
  // What stands in brackets is a number of docs/api.md.
  const by = modelSources[source].title.replace(/ \[\d+\]$/, '')
  const message = `${profile.label} was announced to stop on ${on} (${by}); newer models: shotlock models`
  return warning('model-retired', own ? 'model' : 'model_profile', message)
}

type Add = (
  code: ProblemCode,
  field: string | RuleFault['field'],
  message: string,
  severity?: RuleFault['severity'],
) => void

/** `model_profile` must name a known model, and beside a known model that same one. */
function checkProfile({ model, modelProfile }: Shot, add: Add): void {
  if (modelProfile === undefined) return
  const own = findModel(model)
  const profile = findModel(modelProfile)
  if (!profile) {
    const near = nearestId(modelProfile)
    const end = near === undefined ? '; known ones: shotlock models' : `, did you mean "${near}"?`
    add('unknown-model', 'model_profile', `model_profile is "${modelProfile}", which is no known model${end}`)
  } else if (own && own !== profile) {
    const message = `model_profile names ${profile.label}, but "${model}" is ${own.label}; state that or leave it out`
    add('field-conflict', 'model_profile', message)
  }
}

/** The id that was most likely meant, also where a model is called by its name for people. */
function nearestId(text: string): string | undefined {
  const called = models.find(({ label }) => label === text.trim().toLowerCase())
  return called?.ids.ark ?? suggest(text, knownModelIds())
}

function checkContent({ prompt, media, parameters, extra }: Shot, add: Add): void {
  const roles = new Set<string>(media.map(({ role }) => role))
  if (prompt === undefined && media.length === 0)
    add('missing-field', 'prompt', 'a shot needs a prompt, an image or other media')
  if (prompt?.trim() === '') add('wrong-value', 'prompt', 'the prompt is empty once its variables are filled')
  if (roles.has('last_frame') && !roles.has('first_frame')) {
    add('field-conflict', 'last_frame', 'last_frame needs a first frame (image)')
  }
  const reference = referenceFields.find(({ role }) => roles.has(role))
  if (reference && (roles.has('first_frame') || roles.has('last_frame'))) {
    add('field-conflict', reference.field, `${reference.field} cannot be mixed with first or last frames`)
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

/** Reference media: their role in the request, the manifest's field, and what they are called in messages. */
const referenceFields = [
  { kind: 'images', role: 'reference_image', field: 'reference_images', words: 'reference images' },
  { kind: 'videos', role: 'reference_video', field: 'reference_videos', words: 'reference videos' },
  { kind: 'audio', role: 'reference_audio', field: 'reference_audio', words: 'reference sounds' },
] as const

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
  const mode = modeOf(new Set(media.map(({ role }) => role)))
  const no = (field: string, message: string) => add('model-rule', field, message)

  if (!profile.modes.includes(mode)) {
    if (mode === 't2v') no('model', `${label} makes no video from text alone; give an image`)
    else if (mode === 'i2v') no(String(media[0]!.field[0]), `${label} takes no first frame`)
    else if (mode === 'flf2v') no('last_frame', `${label} takes no last frame`)
  }

  const { resolution, ratio, duration, frames } = parameters
  const possible: readonly string[] = (mode === 'r2v' && profile.referenceResolutions) || profile.resolutions
  if (resolution !== undefined && !possible.includes(resolution)) {
    const there = possible === profile.resolutions ? '' : ' with reference media'
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
    no('camera_fixed', 'camera_fixed does not go with reference media')
  if (parameters.generate_audio && !profile.audio) {
    add('model-rule', 'generate_audio', `${label} makes no sound`, 'warning')
  }
  if (parameters.service_tier === 'flex' && !profile.flex) no('service_tier', `${label} has no flex tier`)
  if (parameters.draft) checkDraft(parameters, profile, add)
}

/** What a model takes as references, and how much of it. */
function checkReferences({ media }: Shot, profile: ModelProfile, add: Add): void {
  const { label, references, assets } = profile
  const no = (field: string, message: string) => add('model-rule', field, message)
  const counts = { images: 0, videos: 0, audio: 0 }
  for (const { kind, role, field, words } of referenceFields) {
    const used = media.filter((one) => one.role === role)
    counts[kind] = used.length
    const limits = references[kind]
    if (used.length === 0) continue
    if (!limits) {
      no(field, `${label} takes no ${words}`)
      continue
    }
    if (used.length > limits.max) {
      no(field, `${label} takes at most ${limits.max} ${words}, not ${used.length}`)
    }
    if ('seconds' in limits) checkStatedLengths(used, field, limits, add)
  }
  if (counts.audio === media.length && counts.audio > 0 && references.audio && !references.audioAlone) {
    no('reference_audio', `${label} takes no sound as its only reference; add an image or a film`)
  }

  for (const { source, field } of assets ? [] : media) {
    if (source.kind === 'url' && /^asset:/i.test(source.url))
      add('media-url', field, `${label} takes no asset:// URLs; use https:// or a path`)
  }
}

function checkStatedLengths(used: readonly Media[], field: string, limits: ClipLimits, add: Add): void {
  const kind = field === 'reference_videos' ? 'video' : 'audio'
  const stated: number[] = []
  for (const { seconds, field: place } of used) {
    if (seconds === undefined) continue
    stated.push(seconds)
    const fault = lengthFault(kind, seconds, limits)
    if (fault !== undefined) add('media-limit', [...place, 'seconds'], fault)
  }
  const total = totalLengthFault(kind, stated, limits)
  if (total !== undefined) add('media-limit', field, total)
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
  const { draft, label } = profile
  if (!draft) return add('model-rule', 'draft', `${label} makes no drafts`)
  if (resolution !== undefined && resolution !== draft.resolution) {
    add('field-conflict', 'resolution', `a draft is ${draft.resolution}, not ${resolution}`)
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
  if (!prompt.includes('--')) return faults
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
