import { type IncomingMessage, request } from 'node:http'
import { onTestFinished } from 'vitest'
import type { ReviewEvent } from '../../src/core/review.js'

/** A page that listens to a review server. */
export interface EventStream {
  status: number | undefined
  headers: Readonly<Record<string, unknown>>
  /** The event that was told next, one after the other. */
  next(): Promise<ReviewEvent>
  /** The first event that fits, those that `next` gave among them. */
  find(fits: (event: ReviewEvent) => boolean): Promise<ReviewEvent>
  /** Resolves when the stream has ended. */
  end(): Promise<void>
}

/** Listens at `events` below the address of a page, until the test ends. */
export async function listenTo(page: string): Promise<EventStream> {
  const events: ReviewEvent[] = []
  let isOver = false
  let wake: () => void = () => undefined
  let read = 0
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(new URL('events', page), { agent: false }, resolve)
    sent.on('error', reject).end()
    onTestFinished(() => void sent.destroy())
  })
  let pieces: string[] = []
  response.setEncoding('utf8').on('data', (chunk: string) => {
    pieces.push(chunk)
    if (!chunk.includes('\n')) return
    const lines = pieces.join('').split('\n')
    pieces = [lines.pop()!]
    for (const line of lines)
      if (line.startsWith('data: ')) events.push(JSON.parse(line.slice('data: '.length)))
    wake()
  })
  response
    .on('error', () => undefined)
    .on('close', () => {
      isOver = true
      wake()
    })
  const until = async <T>(look: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = look()
      if (found !== undefined) return found
      await new Promise<void>((resolve) => (wake = resolve))
    }
  }
  return {
    status: response.statusCode,
    headers: response.headers,
    next: () => until(() => (read < events.length ? events[read++] : undefined)),
    find: (fits) => until(() => events.find(fits)),
    end: async () => void (await until(() => isOver || undefined)),
  }
}
