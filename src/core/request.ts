/** Roles a picture, film or sound can have in a request. Source: vendor create page, section "content". */
export type MediaRole =
  | 'first_frame'
  | 'last_frame'
  | 'reference_image'
  | 'reference_video'
  | 'reference_audio'

export type ContentItem =
  | { type: 'text'; text: string }
  | { type: 'image_url'; image_url: { url: string }; role: 'first_frame' | 'last_frame' | 'reference_image' }
  | { type: 'video_url'; video_url: { url: string }; role: 'reference_video' }
  | { type: 'audio_url'; audio_url: { url: string }; role: 'reference_audio' }
  | { type: 'draft_task'; draft_task: { id: string } }

/** Parameters of a request, under the API's own names. Source: vendor page 1520757. */
export interface Parameters {
  resolution?: string
  ratio?: string
  /** Seconds, or -1 where the model chooses. */
  duration?: number
  /** 25 + 4n, 29 to 289; 1.0 family only. */
  frames?: number
  /** 0 to 2^32 - 1; drawn ones stay below 2^31. */
  seed?: number
  camera_fixed?: boolean
  watermark?: boolean
  generate_audio?: boolean
  draft?: boolean
  return_last_frame?: boolean
  service_tier?: 'default' | 'flex'
  /** Seconds from creation, 3,600 to 259,200. */
  execution_expires_after?: number
  callback_url?: string
}

/**
 * The body of a create, as sent to `POST …/contents/generations/tasks`. Fields beyond these come from a manifest's
 * `extra:` and are passed as they are.
 */
export interface VideoRequest extends Parameters {
  model: string
  content: ContentItem[]
  [extra: string]: unknown
}
