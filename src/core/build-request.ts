import { profileOf } from './models.js'
import type { ContentItem, Parameters, VideoRequest } from './request.js'
import type { Media, Shot, Take } from './shot.js'
import type { TaskId } from './task.js'

/**
 * The body that is sent for a take. Fields that decide the price are always explicit, since services and relays
 * disagree about defaults; `role` is on every image.
 *
 * @param seed 0 to 2^32 - 1: the manifest's, or the one that was drawn.
 * @param mediaUrl The URL of a media item: its own, or a data URL of a local file.
 */
export function buildRequest({ shot }: Take, seed: number, mediaUrl: (media: Media) => string): VideoRequest {
  const content: ContentItem[] = []
  if (shot.prompt !== undefined) content.push({ type: 'text', text: shot.prompt })
  for (const media of shot.media) content.push(contentItem(media, mediaUrl(media)))
  const { service_tier, ...parameters } = effectiveParameters(shot)
  const tier = service_tier === 'flex' ? { service_tier } : {}
  return { model: shot.model, content, ...parameters, ...tier, seed, ...shot.extra }
}

/**
 * The body that makes a draft final. Text, media, sound, seed, ratio and length are the draft's: stating them again is
 * left out, since the service refuses fields that do not apply. Source: reference section 2.2.
 */
export function buildFinalRequest({ shot }: Take, draft: TaskId): VideoRequest {
  const { generate_audio, seed, ratio, duration, frames, camera_fixed, service_tier, ...settable } =
    effectiveParameters(shot)
  const tier = service_tier === 'flex' ? { service_tier } : {}
  const content: ContentItem[] = [{ type: 'draft_task', draft_task: { id: draft } }]
  return { model: shot.model, content, ...settable, ...tier, ...shot.extra }
}

/**
 * A shot's parameters with the price-deciding ones filled in from its model's data. An unknown model's are left as
 * stated: nothing is known of its defaults.
 */
export function effectiveParameters(shot: Pick<Shot, 'model' | 'modelProfile' | 'parameters'>): Parameters {
  const { parameters } = shot
  const profile = profileOf(shot)
  if (!profile) return parameters
  const resolution =
    parameters.resolution ?? ((parameters.draft && profile.draft?.resolution) || profile.defaultResolution)
  const length =
    parameters.frames === undefined ? { duration: parameters.duration ?? profile.duration.default } : {}
  const audio = profile.audio ? { generate_audio: parameters.generate_audio ?? true } : {}
  const { draft, ...rest } = parameters
  // Models without drafts refuse the field even when it is false.
  const drafting = draft === undefined || (!draft && !profile.draft) ? {} : { draft }
  return { ...rest, ...drafting, resolution, ...length, ...audio }
}

function contentItem({ role }: Media, url: string): ContentItem {
  switch (role) {
    case 'reference_video':
      return { type: 'video_url', video_url: { url }, role }
    case 'reference_audio':
      return { type: 'audio_url', audio_url: { url }, role }
    default:
      return { type: 'image_url', image_url: { url }, role }
  }
}
