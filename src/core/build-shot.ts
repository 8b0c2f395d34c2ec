import type { ShotName } from './names.js'
import type { MediaRole, Parameters } from './request.js'
import type { Media, MediaSource, Shot } from './shot.js'
import { fillTemplate, type TemplateFault } from './template.js'

/** A shot or `defaults` as written. */
export type RawFields = Readonly<Record<string, unknown>>

/** A fault in a text, the field it stands in, and the whole text as written. */
export type OnTemplateFault = (path: (string | number)[], fault: TemplateFault, text: string) => void

/** Fields with who hears of what cannot be filled in them. */
export interface FieldLayer {
  fields: RawFields
  onFault: OnTemplateFault
}

/**
 * Makes a shot of what its manifest states: variables filled, nearer fields over farther ones. All have passed the schema.
 * Called for every shot of a manifest: what needs no change is not copied.
 *
 * @param layers The shot's own, then defaults, nearest first.
 * @param values What variables are filled with; asked for only where there is one.
 */
export function buildShot(
  name: ShotName,
  layers: readonly FieldLayer[],
  values: () => ReadonlyMap<string, string>,
): Shot {
  const merged: Record<string, unknown> = {}
  for (const { fields, onFault } of layers.toReversed()) {
    const filled = longNames(hasTemplate(fields) ? fillFields(fields, values(), onFault) : fields)
    const farther = merged.extra
    for (const field in filled) merged[field] = filled[field]
    if (farther && filled.extra) merged.extra = { ...asFields(farther), ...asFields(filled.extra) }
  }
  return shotOf(name, merged)
}

/** `image` is short for `first_frame`: under one name, a shot's own wins over the defaults' whichever way it is put. */
function longNames(fields: RawFields): RawFields {
  if (fields.image !== undefined) {
    const { image, ...others } = fields
    return { ...others, first_frame: image, firstField: 'image' }
  }
  return fields.first_frame === undefined ? fields : { ...fields, firstField: 'first_frame' }
}

function hasTemplate(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('${')
  if (typeof value !== 'object' || value === null) return false
  if (Array.isArray(value)) return value.some(hasTemplate)
  for (const key in value) if (hasTemplate((value as RawFields)[key])) return true
  return false
}

const parameterNames: ReadonlySet<string> = new Set(
  Object.keys({
    resolution: true,
    ratio: true,
    duration: true,
    frames: true,
    seed: true,
    camera_fixed: true,
    watermark: true,
    generate_audio: true,
    draft: true,
    return_last_frame: true,
    service_tier: true,
    execution_expires_after: true,
    callback_url: true,
  } satisfies Record<keyof Parameters, true>),
)

function parametersOf(fields: RawFields): Parameters {
  const parameters: Record<string, unknown> = {}
  for (const name in fields) if (parameterNames.has(name)) parameters[name] = fields[name]
  return parameters
}

function shotOf(name: ShotName, fields: RawFields): Shot {
  const {
    prompt,
    model,
    model_profile,
    first_frame,
    last_frame,
    reference_images,
    reference_videos,
    reference_audio,
    firstField,
    extra,
    takes,
    tags,
    skip,
    fit,
    output,
  } = fields
  const media: Media[] = []
  const add = (role: MediaRole, value: unknown, field: Media['field']) => {
    if (typeof value === 'string') media.push({ role, source: mediaSource(value), field })
    if (typeof value !== 'object') return
    const { last_frame_of: shot } = asFields(value)
    if (typeof shot === 'string') {
      media.push({
        role,
        source: { kind: 'last_frame', shot: shot as ShotName },
        field: [...field, 'last_frame_of'],
      })
    }
  }
  add('first_frame', first_frame, [firstField as string])
  add('last_frame', last_frame, ['last_frame'])
  for (const [index, image] of (reference_images as string[] | undefined)?.entries() ?? []) {
    add('reference_image', image, ['reference_images', index])
  }
  for (const [role, field, clips] of [
    ['reference_video', 'reference_videos', reference_videos],
    ['reference_audio', 'reference_audio', reference_audio],
  ] as const) {
    for (const [index, clip] of (clips as Clip[] | undefined)?.entries() ?? []) {
      const { url, seconds } = typeof clip === 'string' ? { url: clip } : clip
      media.push({ role, source: mediaSource(url), field: [field, index], ...(seconds && { seconds }) })
    }
  }
  const shot: Shot = {
    name,
    model: (model as string | undefined) ?? '',
    prompt: prompt as string | undefined,
    media,
    parameters: parametersOf(fields),
    extra: asFields(extra),
    takes: (takes as number | undefined) ?? 1,
    tags: (tags as string[] | undefined) ?? [],
    skip: skip === true,
    ...(output === undefined ? {} : { output: output as string }),
    ...(fit === true ? { fit } : {}),
  }
  if (model_profile !== undefined) shot.modelProfile = model_profile as string
  return shot
}

/** A film or sound as the manifest states it. */
type Clip = string | { url: string; seconds?: number }

function mediaSource(text: string): MediaSource {
  return /^[a-z][a-z0-9+.-]+:/i.test(text) ? { kind: 'url', url: text } : { kind: 'file', path: text }
}

/** Fills every text in a value; `onFault` hears of what cannot be filled and where it stands. */
function fillFields(
  fields: RawFields,
  values: ReadonlyMap<string, string>,
  onFault: OnTemplateFault,
): RawFields {
  const fill = (value: unknown, path: (string | number)[]): unknown => {
    if (typeof value === 'string') {
      const { text, faults } = fillTemplate(value, values)
      for (const fault of faults) onFault(path, fault, value)
      return text
    }
    if (Array.isArray(value)) return value.map((item, index) => fill(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, [...path, key])]))
  }
  return fill(fields, []) as RawFields
}

/** A map's fields; anything else has none. */
export function asFields(value: unknown): RawFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as RawFields) : {}
}
