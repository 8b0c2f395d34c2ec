import type { IncomingMessage, ServerResponse } from 'node:http'

/** A request on its way to an answer. */
export interface Call {
  url: URL
  incoming: IncomingMessage
  requestId: string
}

/** What a request gets: a reply, or a closed connection. */
export type Answer = Reply | { kind: 'drop' }

export interface Reply {
  kind: 'reply'
  status: number
  headers: Readonly<Record<string, string>>
  body: string | Uint8Array
  /** Announces the whole body, sends half of it, and closes the connection. */
  cut?: boolean
}

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    kind: 'reply',
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(value),
  }
}

/** A page of a gateway between the client and the service. */
export function html(status: number, title: string): Reply {
  const heading = `${status} ${title}`
  return {
    kind: 'reply',
    status,
    headers: { 'Content-Type': 'text/html' },
    body: `<html>\n<head><title>${heading}</title></head>\n<body><center><h1>${heading}</h1></center></body>\n</html>\n`,
  }
}

/** An error of the file storage. */
export function storageError(status: number, code: string, message: string, requestId: string): Reply {
  return {
    kind: 'reply',
    status,
    headers: { 'Content-Type': 'application/xml' },
    body:
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
      `<Error><Code>${code}</Code><Message>${message}</Message><RequestId>${requestId}</RequestId></Error>\n`,
  }
}

export function send(answer: Answer, request: IncomingMessage, response: ServerResponse): void {
  if (answer.kind === 'drop') {
    request.socket.destroy()
    return
  }
  const body = Buffer.from(answer.body)
  response.writeHead(answer.status, { 'Content-Length': body.length, ...answer.headers })
  if (request.method === 'HEAD') response.end()
  else if (answer.cut)
    response.write(body.subarray(0, Math.ceil(body.length / 2)), () => request.socket.destroy())
  else response.end(body)
}

/** The request's body; `undefined` when it is larger than `limitBytes`. What is too much is read and let go. */
export async function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes <= limitBytes) chunks.push(chunk)
  }
  return sizeBytes <= limitBytes ? Buffer.concat(chunks) : undefined
}
