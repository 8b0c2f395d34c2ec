import { findModel, type Mode, type ModelProfile, type Ratio, type Resolution } from '../core/models.js'
import type { Clips } from './read-clips.js'
import { invalid, ServiceError } from './service-error.js'
import type { ServiceTier } from './task.js'
import { type CheckedContent, checkContent, isObject, missing } from './validate-content.js'
import { asFinal, type DraftShelf, refuseFromDraft } from './validate-final.js'

/** A create that the service would accept, with its defaults filled in. */
export interface ValidCreate extends CheckedContent {
  profile: ModelProfile
  /** The model id that GET will report. */
  model: string
  /** The `ep-…` id, when one was sent. */
  endpoint: string | undefined
  resolution: Resolution
  ratio: Ratio | 'adaptive'
  length: { seconds: number | 'auto' } | { frames: number }
  /** `undefined` when the service is to draw one. */
  seed: number | undefined
  generateAudio: boolean
  draft: boolean
  returnLastFrame: boolean
  tier: ServiceTier
  expiresAfterS: number
  priority: number
  tools: readonly unknown[] | undefined
  outputFormat: 'mp4' | 'mov'
  safetyIdentifier: string | undefined
  callbackUrl: string | undefined
  /** Stored first frame of the draft that is made final. */
  draftBackdrop: string | undefined
}

/** An endpoint id that nobody has said anything about is taken for one of this model. */
const usualEndpointModel = 'doubao-seedance-1-5-pro-251215'

const ratios: readonly unknown[] = ['16:9', '4:3', '1:1', '3:4', '9:16', '21:9', 'adaptive']

/** Where a field is checked. */
interface Place {
  profile: ModelProfile
  mode: Mode
}

interface FieldRule {
  /** Whether the model does not have the field at all; then even its default is refused. */
  refused?: (place: Place) => boolean
  valid: (value: unknown, place: Place) => boolean
}

/** The optional fields of a create. Source: reference sections 2.1 and 2.3. */
const rules: Readonly<Record<string, FieldRule>> = {
  resolution: { valid: isResolution },
  ratio: {
    valid: (value, { profile, mode }) =>
      ratios.includes(value) && !(value === 'adaptive' && profile.adaptiveRefused.includes(mode)),
  },
  duration: {
    valid: (value, { profile: { duration } }) =>
      isInteger(value, duration.min, duration.max) || (duration.auto && value === -1),
  },
  frames: {
    refused: ({ profile }) => !profile.frames,
    valid: (value) => isInteger(value, 29, 289) && (value - 25) % 4 === 0,
  },
  seed: { valid: (value) => isInteger(value, -1, 2 ** 32 - 1) },
  camera_fixed: {
    refused: ({ profile, mode }) => !profile.cameraFixed || mode === 'r2v',
    valid: isBoolean,
  },
  watermark: { valid: isBoolean },
  generate_audio: { valid: isBoolean },
  draft: { refused: ({ profile }) => !profile.draft, valid: isBoolean },
  return_last_frame: { valid: isBoolean },
  service_tier: {
    refused: ({ profile }) => profile.serviceTierRefused,
    valid: (value, { profile }) => value === 'default' || (value === 'flex' && profile.flex),
  },
  execution_expires_after: {
    valid: (value, { profile }) => isInteger(value, profile.label.startsWith('1.') ? 3600 : 1, 259_200),
  },
  callback_url: { valid: (value) => typeof value === 'string' && URL.canParse(value) },
  safety_identifier: { valid: (value) => typeof value === 'string' && value.length <= 64 },
  priority: {
    refused: ({ profile }) => profile.label === '1.5 pro',
    valid: (value) => isInteger(value, 0, 9),
  },
  tools: { refused: ({ profile }) => !profile.label.startsWith('2.'), valid: Array.isArray },
  output_format: {
    refused: ({ profile }) => profile.label !== '2.5',
    valid: (value) => value === 'mp4' || value === 'mov',
  },
  omni_reference_task_type: {
    refused: ({ profile }) => profile.label !== '2.5',
    valid: (value) => ['auto', 'reference', 'edit', 'extend'].some((type) => type === value),
  },
  // Recorded: 999 made a real, billed task.
  framespersecond: { valid: () => true },
}

/** The fields of a create after `rules` has passed them. */
interface CheckedFields {
  resolution?: string
  ratio?: Ratio | 'adaptive'
  duration?: number
  frames?: number
  seed?: number
  generate_audio?: boolean
  draft?: boolean
  return_last_frame?: boolean
  service_tier?: ServiceTier
  execution_expires_after?: number
  priority?: number
  tools?: readonly unknown[]
  output_format?: 'mp4' | 'mov'
  safety_identifier?: string
  callback_url?: string
}

/**
 * Decides whether the service would accept a create. Of several faults, it names the first that it finds.
 *
 * @param body The body as parsed from JSON.
 * @throws ServiceError 400 or 404.
 */
export function validateCreate(
  body: unknown,
  context: DraftShelf & { clips: Clips; endpoints: ReadonlyMap<string, string> },
): ValidCreate {
  if (!isObject(body)) throw invalid('The request body must be a JSON object.')
  const { model: sent, content: items, ...optional } = body
  if (sent === undefined || sent === '') throw missing('model')
  if (typeof sent !== 'string') throw invalid('model must be a string')

  const endpoint = sent.startsWith('ep-') ? sent : undefined
  const model = endpoint ? (context.endpoints.get(endpoint) ?? usualEndpointModel) : sent
  const profile = findModel(model)
  if (!profile) {
    const message = `The model or endpoint ${sent} does not exist or you do not have access to it.`
    throw new ServiceError(404, 'InvalidEndpointOrModel.NotFound', message)
  }
  // Messages name the model without its date. Source: reference section 2.1.
  const named = model.replace(/-\d{6}$/, '')

  const content = checkContent(items, { profile, named, clips: context.clips })
  if (content.draftTaskId !== undefined) refuseFromDraft(optional, named)
  const fields = checkFields(optional, { profile, mode: content.mode }, named)
  checkCombinations(fields, content, profile)
  const valid = fillIn({ content, fields, profile, model, endpoint })
  return content.draftTaskId === undefined ? valid : asFinal(valid, content.draftTaskId, context)
}

function checkFields(optional: Record<string, unknown>, place: Place, named: string): CheckedFields {
  // The service's JSON reader takes null for an absent field.
  const given = Object.entries(optional).filter(([, value]) => value !== null)
  for (const [name, value] of given) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (!rule || rule.refused?.(place)) {
      const what = `the specified parameter \`${name}\` is not supported for model ${named} in ${place.mode}`
      throw invalid(`${what}, must be empty.`, 'InvalidParameter.UnsupportedParameter')
    }
    if (!rule.valid(value, place)) throw notValid(name, named, place.mode)
  }
  return Object.fromEntries(given)
}

/** Rules between fields that are each fine. */
function checkCombinations(
  fields: CheckedFields,
  { mode, draftTaskId }: CheckedContent,
  profile: ModelProfile,
): void {
  const { ratio, resolution, draft } = fields
  if (ratio !== undefined && ratio !== 'adaptive' && profile.adaptiveOnly.includes(mode)) {
    const follows =
      'For first-frame or first-last-frame generation, the output ratio follows the first-frame image.'
    throw invalid(
      `The parameter ratio specified in the request is not valid. ${follows}`,
      'InvalidParameter.TaskTypeConstraint',
    )
  }
  if (draft) {
    if (draftTaskId !== undefined) throw invalid('draft cannot be used with draft task content')
    const only = profile.draft?.resolution
    if (resolution !== undefined && resolution.toLowerCase() !== only) {
      throw invalid(`draft only supports resolution ${only}`)
    }
    if (fields.return_last_frame) throw invalid('draft cannot be used with return_last_frame')
    if (fields.service_tier === 'flex') throw invalid('draft cannot be used with service_tier flex')
  }
}

interface Checked {
  content: CheckedContent
  fields: CheckedFields
  profile: ModelProfile
  model: string
  endpoint: string | undefined
}

function fillIn({ content, fields, profile, model, endpoint }: Checked): ValidCreate {
  const draft = fields.draft ?? false
  const seconds = fields.duration ?? profile.duration.default
  const resolution = fields.resolution?.toLowerCase() as Resolution | undefined
  return {
    ...content,
    profile,
    model,
    endpoint,
    resolution: resolution ?? ((draft && profile.draft?.resolution) || profile.defaultResolution),
    ratio: fields.ratio ?? profile.defaultRatio[content.mode],
    length:
      fields.frames === undefined
        ? { seconds: seconds === -1 ? 'auto' : seconds }
        : { frames: fields.frames },
    seed: fields.seed === -1 ? undefined : fields.seed,
    generateAudio: profile.audio && (fields.generate_audio ?? true),
    draft,
    returnLastFrame: fields.return_last_frame ?? false,
    tier: fields.service_tier ?? 'default',
    expiresAfterS: fields.execution_expires_after ?? 172_800,
    priority: fields.priority ?? 0,
    tools: fields.tools,
    outputFormat: fields.output_format ?? 'mp4',
    safetyIdentifier: fields.safety_identifier,
    callbackUrl: fields.callback_url,
    draftBackdrop: undefined,
  }
}

function isResolution(value: unknown, { profile, mode }: Place): boolean {
  if (typeof value !== 'string') return false
  const possible = (mode === 'r2v' && profile.referenceResolutions) || profile.resolutions
  return possible.some((one) => one === value.toLowerCase())
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

function isInteger(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max
}

function notValid(name: string, named: string, mode: Mode): ServiceError {
  return invalid(`the parameter ${name} specified in the request is not valid for model ${named} in ${mode}.`)
}
