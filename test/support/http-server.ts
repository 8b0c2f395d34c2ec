import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface TestServer {
  url: string
  server: Server
  /** Every request with its body, in order. */
  requests: {
    method: string
    url: string
    headers: IncomingMessage['headers']
    body: string
    socket: Socket
  }[]
}

/** A real server on this machine for one test; `answer` is called once the request is read. */
export async function serve(answer: RequestListener): Promise<TestServer> {
  const requests: TestServer['requests'] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const { method = '', url = '', headers, socket } = request
    requests.push({ method, url, headers, body, socket })
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, requests }
}
