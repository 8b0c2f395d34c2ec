import { encode } from 'fast-png'
import {
  BufferTarget,
  EncodedPacket,
  EncodedVideoPacketSource,
  MovOutputFormat,
  Mp4OutputFormat,
  Output,
} from 'mediabunny'
import { onTestFinished } from 'vitest'
import type { LogEntry } from '../../src/simulator/log-entry.js'
import { type SimulatorOptions, startSimulator } from '../../src/simulator/server.js'

export const pro15 = 'doubao-seedance-1-5-pro-251215'
export const pro10 = 'doubao-seedance-1-0-pro-250528'
export const lite = 'doubao-seedance-1-0-lite-i2v-250428'
export const v20 = 'doubao-seedance-2-0-260128'
export const v25 = 'doubao-seedance-2-5-260628'

// biome-ignore lint/suspicious/noExplicitAny: bodies are looked into by each test
type Body = any

export interface Answer {
  status: number
  headers: Headers
  body: Body
}

export const text = (words: string) => ({ type: 'text', text: words })
export const image = (url: string, role?: string) => ({
  type: 'image_url',
  image_url: { url },
  ...(role && { role }),
})

export const video = (url: string) => ({ type: 'video_url', video_url: { url }, role: 'reference_video' })
export const audio = (url: string) => ({ type: 'audio_url', audio_url: { url }, role: 'reference_audio' })
export const draftTask = (id: string) => ({ type: 'draft_task', draft_task: { id } })

/** A create for 1.5 pro from text alone; each field can be changed. */
export const request = (fields: Record<string, unknown> = {}) => ({
  model: pro15,
  content: [text('a fox')],
  ...fields,
})

/** A PNG of one colour as a data URL. */
export function pngUrl(width: number, height: number, colour: readonly number[] = [200, 40, 40]): string {
  const data = new Uint8Array(width * height * 3).map((_, index) => colour[index % 3]!)
  return dataUrl(encode({ width, height, data, channels: 3, depth: 8 }))
}

export function dataUrl(bytes: Uint8Array, format = 'png'): string {
  return `data:image/${format};base64,${Buffer.from(bytes).toString('base64')}`
}

/** A film as a data URL: its frames are there, but there is nothing in them. Without saying more, 2.0 takes it. */
export async function filmUrl({
  seconds = 2,
  fps = 24,
  width = 1280,
  height = 720,
  format = 'mp4' as 'mp4' | 'quicktime',
} = {}): Promise<string> {
  const target = new BufferTarget()
  const output = new Output({
    target,
    format: format === 'mp4' ? new Mp4OutputFormat() : new MovOutputFormat(),
  })
  const frames = new EncodedVideoPacketSource('avc')
  output.addVideoTrack(frames)
  await output.start()
  const decoderConfig = {
    ...{ codec: 'avc1.42001f', codedWidth: width, codedHeight: height },
    description: Uint8Array.from([1, 0x42, 0, 0x1f, 0xff, 0xe1, 0, 1, 0x67, 1, 0, 1, 0x68]),
  }
  for (let index = 0; index < seconds * fps; index++) {
    const frame = new EncodedPacket(Uint8Array.of(0, 0, 0, 1, 0x65), 'key', index / fps, 1 / fps)
    await frames.add(frame, { decoderConfig })
  }
  await output.finalize()
  return clipUrl(new Uint8Array(target.buffer!), `video/${format}`)
}

/** Silence, 8000 samples a second of one byte each, as a data URL. */
export function wavUrl(seconds: number): string {
  const samples = Buffer.alloc(seconds * 8000, 128)
  const head = Buffer.alloc(44)
  head.write('RIFF')
  head.writeUInt32LE(36 + samples.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  for (const [at, value] of [
    [20, 1],
    [22, 1],
    [32, 1],
    [34, 8],
  ] as const) {
    head.writeUInt16LE(value, at)
  }
  for (const at of [24, 28]) head.writeUInt32LE(8000, at)
  head.write('data', 36)
  head.writeUInt32LE(samples.length, 40)
  return clipUrl(Buffer.concat([head, samples]), 'audio/wav')
}

/** Empty MP3 frames of 1152 samples at 48,000 a second, as a data URL. */
export function mp3Url(seconds: number): string {
  const frame = Buffer.alloc(384)
  frame.writeUInt32BE(0xfffb94c4)
  const frames = Array<Buffer>(Math.ceil((seconds * 48_000) / 1152)).fill(frame)
  return clipUrl(Buffer.concat(frames), 'audio/mpeg')
}

export function clipUrl(bytes: Uint8Array, type: string): string {
  return `data:${type};base64,${Buffer.from(bytes).toString('base64')}`
}

/** A simulator whose clock stands still until the test lets time pass. Tasks wait 1 s and run 10 s. */
export async function startRig(options: SimulatorOptions = {}) {
  const clock = { nowMs: Date.UTC(2026, 0, 8, 3, 13, 52) }
  const simulator = await startSimulator({
    now: () => clock.nowMs,
    queuedMs: 1000,
    taskMs: { min: 10_000, max: 10_000 },
    ...options,
  })
  let isOpen = true
  const close = async () => {
    if (isOpen) await simulator.close()
    isOpen = false
  }
  onTestFinished(close)

  const call = async (method: string, path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${simulator.baseUrl}/contents/generations/tasks${path}`, {
      method,
      headers: { Authorization: 'Bearer key', 'Content-Type': 'application/json' },
      ...init,
    })
    return readAnswer(response)
  }
  const rig = {
    simulator,
    clock,
    close,
    call,
    pass: (ms: number) => {
      clock.nowMs += ms
    },
    create: (body: unknown = request()) => call('POST', '', { body: JSON.stringify(body) }),
    /** Creates a task that must be accepted, and returns its id. */
    accepted: async (fields: Record<string, unknown> = {}): Promise<string> => {
      const { status, body } = await rig.create(request(fields))
      if (status !== 200) throw new Error(JSON.stringify(body))
      return body.id
    },
    /** Creates a task, lets it run to its end, and returns what GET says. */
    finished: async (fields: Record<string, unknown> = {}): Promise<Body> => {
      const id = await rig.accepted(fields)
      rig.pass(11_000)
      return (await rig.get(id)).body
    },
    get: (id: string) => call('GET', `/${id}`),
    remove: (id: string) => call('DELETE', `/${id}`),
    list: (query = '') => call('GET', query),
    listedIds: async (query = ''): Promise<string[]> =>
      (await rig.list(query)).body.items.map((item: { id: string }) => item.id),
    statuses: async (ids: readonly string[]): Promise<string[]> =>
      Promise.all(ids.map(async (id) => (await rig.get(id)).body.status)),
    logged: <E extends LogEntry['event']>(event: E) =>
      simulator.log().filter((entry): entry is Extract<LogEntry, { event: E }> => entry.event === event),
  }
  return rig
}

/**
 * A JPEG of the size a header can claim; there is no picture in it.
 *
 * @param orientation As EXIF counts it: 1 as it lies, 6 turned by a quarter.
 */
export function jpegHeader(width: number, height: number, orientation = 1): Uint8Array {
  const jfif = [0xff, 0xe0, 0, 16, 74, 70, 73, 70, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]
  const entry = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]
  const tiff = [77, 77, 0, 42, 0, 0, 0, 8, 0, 1, ...entry, 0, 0, 0, 0]
  const exif = [0xff, 0xe1, 0, 8 + tiff.length, 69, 120, 105, 102, 0, 0, ...tiff]
  const size = [height >> 8, height & 255, width >> 8, width & 255]
  const frame = [0xff, 0xc0, 0, 17, 8, ...size, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]
  return Uint8Array.from([0xff, 0xd8, ...(orientation === 1 ? jfif : exif), ...frame])
}

export async function bytesOf(response: Response): Promise<Uint8Array> {
  return new Uint8Array(await response.arrayBuffer())
}

/** Reads a file to its end; no key goes along. */
export async function download(url: string, headers: Record<string, string> = {}): Promise<Uint8Array> {
  return bytesOf(await fetch(url, { headers }))
}

async function readAnswer(response: Response): Promise<Answer> {
  const { status, headers } = response
  const isJson = headers.get('content-type')?.includes('json')
  return { status, headers, body: isJson ? await response.json() : await response.text() }
}
