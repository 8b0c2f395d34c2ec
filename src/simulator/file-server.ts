import type { IncomingMessage } from 'node:http'
import { type Answer, type Call, json, type Reply, storageError } from './answer.js'
import { sha256 } from './chance.js'
import type { Faults, FreeFault } from './faults.js'
import type { JournalFile } from './journal-file.js'
import type { LogEntry } from './log-entry.js'
import type { Renderer } from './media/renderer.js'
import { signatureFault } from './signed-url.js'
import type { SimulatedTask } from './task.js'
import type { TaskDesk } from './task-desk.js'

export interface FileServerOptions {
  desk: TaskDesk
  renderer: Renderer
  faults: Faults
  log: JournalFile<LogEntry>
  now: () => number
  /** How long a file exists, from the task's success. */
  fileLifetimeMs: number
}

interface ByteRange {
  first: number
  last: number
}

const filePath = /^\/files\/(cgt-[a-z0-9-]+?)(\.mp4|-last\.png)$/

export function videoPath({ id }: SimulatedTask): string {
  return `/files/${id}.mp4`
}

export function lastFramePath({ id }: SimulatedTask): string {
  return `/files/${id}-last.png`
}

/** Serves finished files at signed addresses, the way the service's storage does. */
export function createFileServer(options: FileServerOptions): (request: Call) => Promise<Answer> {
  const { faults, log, now } = options
  const asked = new Set<string>()
  return async ({ url, incoming, requestId }) => {
    const isGet = incoming.method === 'GET'
    const note = (reply: Reply, fault?: FreeFault): Reply => {
      const bytes = reply.body.length
      if (isGet)
        log.append({ at: now(), event: 'download', file: url.pathname, status: reply.status, bytes, fault })
      return reply
    }
    if (incoming.headers.authorization !== undefined) {
      log.append({ at: now(), event: 'leaked-key', file: url.pathname })
      const message = 'A signed URL takes no Authorization header'
      return note(storageError(400, 'InvalidArgument', message, requestId))
    }
    if (!isGet && incoming.method !== 'HEAD') {
      return storageError(405, 'MethodNotAllowed', 'Only GET and HEAD are allowed', requestId)
    }
    const signature = signatureFault(url, now())
    if (signature) return note(denied(signature, requestId))

    const bytes = await findFile(options, url.pathname)
    if (!bytes) return note(storageError(404, 'NoSuchKey', 'The specified key does not exist', requestId))

    if (isGet && !asked.has(url.pathname)) {
      asked.add(url.pathname)
      if (url.pathname.endsWith('.mp4') && faults.strikes('videoNotReady')) {
        const error = { code: 'video_not_ready', message: 'The video is not ready yet.' }
        return note(json(400, { error }), 'videoNotReady')
      }
    }
    const reply = fileReply(bytes, incoming, { ranges: !faults.settings.noRange, path: url.pathname })
    return isGet && faults.strikes('downloadCut') ? note({ ...reply, cut: true }, 'downloadCut') : note(reply)
  }
}

function denied(fault: 'missing' | 'forged' | 'expired', requestId: string): Reply {
  switch (fault) {
    case 'missing':
      return storageError(403, 'AccessDenied', 'Access Denied', requestId)
    case 'forged':
      return storageError(403, 'SignatureDoesNotMatch', 'The request signature does not match', requestId)
    case 'expired':
      return storageError(403, 'AccessDenied', 'Request has expired', requestId)
  }
}

async function findFile(
  { desk, renderer, fileLifetimeMs, now }: FileServerOptions,
  path: string,
): Promise<Uint8Array | undefined> {
  const [, id, suffix] = filePath.exec(path) ?? []
  const task = id === undefined ? undefined : desk.get(id)
  if (task?.status !== 'succeeded' || now() > task.updatedAtMs + fileLifetimeMs) return undefined
  if (suffix === '.mp4') return renderer.video(task)
  return task.returnLastFrame ? renderer.lastFrame(task) : undefined
}

function fileReply(
  bytes: Uint8Array,
  { headers }: IncomingMessage,
  options: { ranges: boolean; path: string },
): Reply {
  const etag = `"${sha256(bytes).slice(0, 32)}"`
  const common = {
    'Content-Type': options.path.endsWith('.mp4') ? 'video/mp4' : 'image/png',
    ETag: etag,
    ...(options.ranges && { 'Accept-Ranges': 'bytes' }),
  }
  const whole: Reply = { kind: 'reply', status: 200, headers: common, body: bytes }
  const isStale = headers['if-range'] !== undefined && headers['if-range'] !== etag
  if (!options.ranges || headers.range === undefined || isStale) return whole

  const range = parseRange(headers.range, bytes.length)
  if (range === undefined) return whole
  if (range === 'unsatisfiable') {
    return {
      ...whole,
      status: 416,
      headers: { ...common, 'Content-Range': `bytes */${bytes.length}` },
      body: '',
    }
  }
  const { first, last } = range
  return {
    ...whole,
    status: 206,
    headers: { ...common, 'Content-Range': `bytes ${first}-${last}/${bytes.length}` },
    body: bytes.subarray(first, last + 1),
  }
}

/** One byte range, both ends inclusive. `undefined` for what a server may ignore. Source: RFC 9110, section 14. */
function parseRange(header: string, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? []
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined
  const range =
    from === ''
      ? { first: Math.max(0, size - Number(to)), last: size - 1 }
      : { first: Number(from), last: to === '' ? size - 1 : Math.min(Number(to), size - 1) }
  if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined
  return range.first >= size ? 'unsatisfiable' : range
}
