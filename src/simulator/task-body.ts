import type { TaskBody } from '../adapters/video-api/wire.js'
import { billedTokens } from './billing.js'
import type { SimulatedTask } from './task.js'

/** Signed URLs of a task's files. */
export interface FileUrls {
  video: string
  lastFrame: string
}

/** A task as GET and LIST show it; fields that the client's types do not name are there too. */
export type FullTaskBody = TaskBody & Record<string, unknown>

/** Until a task has succeeded, its body is minimal, as recorded. Source: reference section 12. */
export function taskBody(task: SimulatedTask, urls: FileUrls): FullTaskBody {
  const minimal = minimalBody(task, task.status)
  if (task.ending.status === 'failed' && task.status === 'failed')
    return { ...minimal, error: task.ending.error }
  if (task.status !== 'succeeded') return minimal

  const tokens = billedTokens(task)
  return withoutUndefined({
    ...minimal,
    content: { video_url: urls.video, ...(task.returnLastFrame && { last_frame_url: urls.lastFrame }) },
    usage: {
      completion_tokens: tokens,
      total_tokens: tokens,
      // Nothing is searched here.
      ...(task.tools && { tool_usage: { web_search: 0 } }),
    },
    seed: task.seed,
    resolution: task.resolution,
    ratio: task.ratio,
    ...(task.seconds === undefined ? { frames: task.frames } : { duration: task.seconds }),
    framespersecond: 24,
    generate_audio: task.generateAudio,
    draft: task.draft,
    draft_task_id: task.draftTaskId,
    safety_identifier: task.safetyIdentifier,
    priority: task.priority,
    tools: task.tools,
    output_format: task.outputFormat,
  })
}

/** A task in a state that says nothing about it yet. */
export function minimalBody(task: SimulatedTask, status: string): FullTaskBody {
  return {
    id: task.id,
    model: task.model,
    status,
    created_at: Math.floor(task.createdAtMs / 1000),
    updated_at: Math.floor(task.updatedAtMs / 1000),
    service_tier: task.tier,
    execution_expires_after: task.expiresAfterS,
  }
}

/** An item of a `/volc/v1` relay's LIST. Source: reference section 6. */
export function relayItem({
  id,
  model,
  status,
  content,
  usage,
  created_at,
  updated_at,
}: FullTaskBody): FullTaskBody {
  const item = {
    id,
    model,
    status,
    content: content && { video_url: content.video_url },
    usage,
    created_at,
    updated_at,
  }
  return withoutUndefined(item)
}

function withoutUndefined(body: Record<string, unknown> & { id: string }): FullTaskBody {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as FullTaskBody
}
