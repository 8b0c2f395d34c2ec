import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'

/** A stretch of a file, both ends included. */
interface ByteRange {
  first: number
  last: number
}

/**
 * Sends a file or the stretch of it that is asked for, so that films can be wound. Of several stretches none is sent
 * alone: the whole file is an answer too.
 */
export async function sendFile(
  path: string,
  type: string,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (!found?.isFile()) return void response.writeHead(404).end()
  const { size } = found
  const range = wantedRange(request, size)
  const headers = { 'content-type': type, 'accept-ranges': 'bytes', 'cache-control': 'private, max-age=3600' }
  if (range === 'impossible') {
    return void response.writeHead(416, { ...headers, 'content-range': `bytes */${size}` }).end()
  }
  const { first, last } = range ?? { first: 0, last: size - 1 }
  response.writeHead(range ? 206 : 200, {
    ...headers,
    'content-length': last - first + 1,
    ...(range ? { 'content-range': `bytes ${first}-${last}/${size}` } : {}),
  })
  if (request.method === 'HEAD' || size === 0) return void response.end()
  // Whoever winds a film lets go of an answer in the middle; that is no error, and the file is closed.
  await pipeline(createReadStream(path, { start: first, end: last }), response).catch(() => undefined)
}

/** Stretches are for GET alone. Files have no validators, so that none that somebody has in `If-Range` is theirs. */
function wantedRange({ method, headers }: IncomingMessage, size: number): ReturnType<typeof rangeOf> {
  return method === 'GET' && headers['if-range'] === undefined ? rangeOf(headers.range, size) : undefined
}

/**
 * Reads a `Range` header. Source: RFC 9110, section 14.
 *
 * @returns `undefined` for the whole file.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | 'impossible' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/i.exec(header ?? '') ?? []
  if (from === '' && to === '') return undefined
  if (from === '') {
    if (Number(to) === 0) return 'impossible'
    // The end of an empty file is all of it, and has no first byte that could be named.
    return size === 0 ? undefined : { first: Math.max(0, size - Number(to)), last: size - 1 }
  }
  const first = Number(from)
  const last = to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (to !== '' && Number(to) < first) return undefined
  return first >= size ? 'impossible' : { first, last }
}
