/**
 * Shapes on the wire, as types only: the simulator and the client share these and nothing else, so that neither
 * can inherit a misreading from the other. Source: vendor pages 1520757, 1521309, 1521675, 1521720.
 */

/** `GET …/tasks/{id}`, and an item of LIST. Everything but `id` may be missing: relays leave fields out. */
export interface TaskBody {
  id: string
  model?: string
  status?: string
  error?: { code?: string; message?: string } | null
  /** Unix seconds. */
  created_at?: number
  updated_at?: number
  content?: { video_url?: string; last_frame_url?: string; file_url?: string | null }
  seed?: number
  resolution?: string
  ratio?: string
  duration?: number | string
  frames?: number
  framespersecond?: number
  generate_audio?: boolean
  draft?: boolean
  service_tier?: string
  execution_expires_after?: number
  usage?: { completion_tokens?: number | string; total_tokens?: number | string }
}

/** `POST …/tasks`. Relays add `status`. */
export interface CreatedBody {
  id: string
  status?: string
}

/** `GET …/tasks`. */
export interface TaskListBody {
  items: TaskBody[]
  total: number
}

/** The service's error body, with any status from 400 up. */
export interface ErrorBody {
  error: { code: string; message: string; param?: string; type?: string }
}
