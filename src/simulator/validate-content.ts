import type { Mode, ModelProfile } from '../core/models.js'
import type { ClipFacts, Clips } from './read-clips.js'
import { invalid, ServiceError } from './service-error.js'
import { type Clip, checkClip, totalSeconds } from './validate-clips.js'
import { checkImage, type InlineImage } from './validate-image.js'

/** What the content of a create says, once it holds together. */
export interface CheckedContent {
  mode: Mode
  /** Text items, joined; empty when there is none. */
  prompt: string
  /** The first frame, when it came as a data URL. */
  firstFrame: InlineImage | undefined
  /** Seconds of all films among the references, which are billed as well; 0 when there are none. */
  inputSeconds: number
  /** Id of the draft that is to be made final. */
  draftTaskId: string | undefined
}

interface Media {
  kind: 'image' | 'video' | 'audio'
  role: string | undefined
  image?: InlineImage | undefined
  clip?: Clip | undefined
}

/** What the items of a create are checked with. */
export interface ContentPlace {
  profile: ModelProfile
  /** The model as messages name it. */
  named: string
  clips: Clips
}

const imageRoles = ['first_frame', 'last_frame', 'reference_image']

/**
 * Checks the items of a create and their roles. Source: reference section 2.2.
 *
 * @throws ServiceError 400.
 */
export function checkContent(content: unknown, place: ContentPlace): CheckedContent {
  const { profile, named, clips } = place
  if (content === undefined) throw missing('content')
  if (!Array.isArray(content) || content.length === 0) throw invalid('content must be a non-empty array')

  const texts: string[] = []
  const media: Media[] = []
  let draftTaskId: string | undefined
  for (const [index, item] of content.entries()) {
    const where = `content[${index}]`
    if (!isObject(item)) throw invalid(`${where} must be an object`)
    switch (item.type) {
      case 'text':
        if (typeof item.text !== 'string') throw missing(`${where}.text`)
        texts.push(item.text)
        break
      case 'image_url':
      case 'video_url':
      case 'audio_url':
        media.push(checkMedia(item, item.type, { where, profile, facts: clips.get(index) }))
        break
      case 'draft_task':
        draftTaskId = checkDraftTask(item, where, profile, named)
        break
      case undefined:
        throw missing(`${where}.type`)
      default:
        throw invalid(`invalid content type specified: ${where}.type`)
    }
  }

  if (draftTaskId !== undefined && content.length > 1)
    throw invalid('draft task content cannot be mixed with other content')
  const cast = giveRoles(media)
  const mode = modeOf(cast)
  const prompt = texts.join('\n')
  if (draftTaskId === undefined) {
    checkMode(mode, profile, named)
    checkCounts(cast, prompt, profile)
  }
  return {
    ...{ mode, prompt, draftTaskId },
    firstFrame: cast.find(({ role }) => role === 'first_frame')?.image,
    inputSeconds: checkLengths(cast, profile),
  }
}

export function missing(name: string): ServiceError {
  return new ServiceError(
    400,
    'MissingParameter',
    `The request failed because it is missing \`${name}\` parameter.`,
  )
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function checkMedia(
  item: Record<string, unknown>,
  type: 'image_url' | 'video_url' | 'audio_url',
  { where, profile, facts }: { where: string; profile: ModelProfile; facts: ClipFacts | undefined },
): Media {
  const { role } = item
  const holder = item[type]
  if (!isObject(holder)) throw invalid(`${where}.${type} must be an object with a url`)
  if (typeof holder.url !== 'string') throw missing(`${where}.${type}.url`)
  if (role !== undefined && typeof role !== 'string') throw invalid(`${where}.role must be a string`)

  const kind = type === 'image_url' ? 'image' : type === 'video_url' ? 'video' : 'audio'
  const { assets, heic, references } = profile
  if (kind === 'image') {
    if (role !== undefined && !imageRoles.includes(role))
      throw invalid('invalid role specified for image content')
    return { kind, role, image: checkImage(holder.url, where, { heic, assets }) }
  }
  if (role !== `reference_${kind}`) throw invalid(`invalid role specified for ${kind} content`)
  const limits = kind === 'video' ? references.videos : references.audio
  // Models that take none of the kind refuse it as a whole, later.
  return { kind, role, clip: limits && checkClip(holder.url, { kind, where, limits, assets, facts }) }
}

function checkDraftTask(
  item: Record<string, unknown>,
  where: string,
  profile: ModelProfile,
  named: string,
): string {
  if (!profile.draft) throw invalid(`draft task content is not supported for model ${named}`)
  if (!isObject(item.draft_task) || typeof item.draft_task.id !== 'string')
    throw missing(`${where}.draft_task.id`)
  return item.draft_task.id
}

/** One image needs no role and is the first frame; among several, each needs its own. */
function giveRoles(media: readonly Media[]): Media[] {
  const bare = media.filter(({ role }) => role === undefined)
  const images = media.filter(({ kind }) => kind === 'image')
  if (bare.length > 0 && images.length > 1) throw invalid('role must be specified for image contents')
  return media.map((one) => ({ ...one, role: one.role ?? 'first_frame' }))
}

function modeOf(media: readonly Media[]): Mode {
  const count = (role: string) => media.filter((one) => one.role === role).length
  const [first, last] = [count('first_frame'), count('last_frame')]
  const references = media.length - first - last
  if (references > 0 && first + last > 0) {
    throw invalid('first/last frame content cannot be mixed with reference media content')
  }
  if (first > 1 || last > 1)
    throw invalid('at most one first frame and one last frame image can be specified')
  if (last > first) throw invalid('first frame image must be specified together with the last frame image')
  if (references > 0) return 'r2v'
  if (last > 0) return 'flf2v'
  return first > 0 ? 'i2v' : 't2v'
}

function checkMode(mode: Mode, profile: ModelProfile, named: string): void {
  if (!profile.modes.includes(mode)) {
    throw invalid(`the specified task_type ${mode} does not support model ${named}`)
  }
}

function checkCounts(media: readonly Media[], prompt: string, profile: ModelProfile): void {
  if (media.length === 0 && prompt.trim() === '') throw missing('content.text')

  const count = (kind: Media['kind']) => media.filter((one) => one.role === `reference_${kind}`).length
  const limits = [
    ['image', profile.references.images],
    ['video', profile.references.videos],
    ['audio', profile.references.audio],
  ] as const
  for (const [kind, limit] of limits) {
    const most = limit?.max ?? 0
    if (count(kind) > most) throw invalid(`at most ${most} reference ${kind} contents are supported`)
  }
  const onlyAudio = media.length > 0 && media.every(({ kind }) => kind === 'audio')
  if (onlyAudio && !profile.references.audioAlone)
    throw invalid('reference audio requires a reference image or video')
}

/** Checks how long films, and sounds, are together. Returns the seconds of all films. */
function checkLengths(media: readonly Media[], { references: { videos, audio } }: ModelProfile): number {
  const clips = media.flatMap(({ clip }) => clip ?? [])
  const ofKind = (kind: Clip['kind']) => clips.filter((clip) => clip.kind === kind)
  if (audio) totalSeconds(ofKind('audio'), audio)
  return videos ? totalSeconds(ofKind('video'), videos) : 0
}
