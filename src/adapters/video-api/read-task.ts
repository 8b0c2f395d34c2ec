import { parseObject } from '../../core/create-answer.js'
import { isTerminal, type Task, type TaskStatus, taskId } from '../../core/task.js'

/**
 * Other words for the service's states, seen in relays (reference section 4). Words for failure are left out on
 * purpose: without the service's own `failed`, a task counts as going on.
 */
const synonyms: Readonly<Record<string, TaskStatus>> = {
  queued: 'queued',
  submitted: 'queued',
  pending: 'queued',
  created: 'queued',
  not_start: 'queued',
  running: 'running',
  processing: 'running',
  in_progress: 'running',
  succeeded: 'succeeded',
  success: 'succeeded',
  completed: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  canceled: 'cancelled',
  expired: 'expired',
}

/** Reads a task's body as tolerantly as relays demand; `undefined` when it has no id. */
export function readTask(value: unknown): Task | undefined {
  const body = asObject(value)
  const id = asText(body.id)
  if (id === undefined) return undefined
  const content = asObject(body.content)
  const error = asObject(body.error)
  const videoUrl = asText(content.video_url)
  const word = asText(body.status)?.toLowerCase() ?? ''
  const status = synonyms[word] ?? 'unrecognised'
  return {
    id: taskId(id),
    // A relay's own word for success is believed only with a result to show for it.
    status:
      status === 'succeeded' && word !== 'succeeded' && videoUrl === undefined ? 'unrecognised' : status,
    model: asText(body.model),
    videoUrl,
    lastFrameUrl: asText(content.last_frame_url),
    error:
      isTerminal(status) && body.error
        ? { code: asText(error.code) ?? 'error', message: asText(error.message) ?? '' }
        : undefined,
    createdAt: asNumber(body.created_at),
    seed: asNumber(body.seed),
    resolution: asText(body.resolution),
    ratio: asText(body.ratio),
    duration: asNumber(body.duration),
    generateAudio: typeof body.generate_audio === 'boolean' ? body.generate_audio : undefined,
    serviceTier: asText(body.service_tier),
    completionTokens: asNumber(asObject(body.usage).completion_tokens),
  }
}

/** Reads a LIST; items without an id are dropped. `undefined` when the body is no list. */
export function readTaskList(text: string): Task[] | undefined {
  const items = parseObject(text)?.items
  if (!Array.isArray(items)) return undefined
  return items.map(readTask).filter((task) => task !== undefined)
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Numbers, also as texts: some relays and one published schema write them so. */
function asNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}
