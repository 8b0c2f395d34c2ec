import {
  BufferTarget,
  EncodedPacket,
  EncodedVideoPacketSource,
  MovOutputFormat,
  Mp4OutputFormat,
  Output,
  WebMOutputFormat,
} from 'mediabunny'
import { createCanvas } from '../../src/simulator/media/canvas.js'
import { encodeMp4 } from '../../src/simulator/media/encode-mp4.js'

export interface FilmOptions {
  format?: 'mp4' | 'mov' | 'webm'
  width?: number
  height?: number
  fps?: number
  seconds?: number
  /** When the first frame is shown, in seconds. */
  start?: number
}

/** A film whose container says all this, with frames that hold no picture; 1280 x 720, 24 frames a second, 5 s. */
export async function film({
  format = 'mp4',
  width = 1280,
  height = 720,
  fps = 24,
  seconds = 5,
  start = 0,
}: FilmOptions = {}): Promise<Uint8Array> {
  const Format = { mp4: Mp4OutputFormat, mov: MovOutputFormat, webm: WebMOutputFormat }[format]
  const target = new BufferTarget()
  const output = new Output({ format: new Format(), target })
  const source = new EncodedVideoPacketSource('vp9')
  output.addVideoTrack(source)
  await output.start()
  const decoderConfig = { codec: 'vp09.00.10.08', codedWidth: width, codedHeight: height }
  for (let index = 0; index < Math.round(seconds * fps); index++) {
    const type = index === 0 ? 'key' : 'delta'
    const packet = new EncodedPacket(new Uint8Array(10), type, start + index / fps, 1 / fps)
    await source.add(packet, { decoderConfig })
  }
  await output.finalize()
  return new Uint8Array(target.buffer!)
}

/** A film that every player shows: H.264 in mp4, 24 frames a second, all black. */
export async function playableFilm({
  width,
  height,
  frames,
}: {
  width: number
  height: number
  frames: number
}): Promise<Uint8Array> {
  return await encodeMp4({ width, height, frames, paint: () => createCanvas(width, height) })
}

/** Silence: 8,000 samples a second of 16 bits, one channel. Source: the canonical 44-byte head of RIFF WAVE. */
export function wav(seconds: number): Uint8Array {
  const rate = 8000
  const size = Math.round(seconds * rate) * 2
  const bytes = Buffer.alloc(44 + size)
  bytes.write('RIFF', 0)
  bytes.writeUInt32LE(36 + size, 4)
  bytes.write('WAVEfmt ', 8)
  bytes.writeUInt32LE(16, 16)
  bytes.writeUInt16LE(1, 20)
  bytes.writeUInt16LE(1, 22)
  bytes.writeUInt32LE(rate, 24)
  bytes.writeUInt32LE(rate * 2, 28)
  bytes.writeUInt16LE(2, 32)
  bytes.writeUInt16LE(16, 34)
  bytes.write('data', 36)
  bytes.writeUInt32LE(size, 40)
  return bytes
}

/** So many frames of MPEG-1 layer III at 128 kbit and 44.1 kHz: 1,152 samples in 417 bytes each. */
export function mp3(frames: number): Uint8Array {
  const frame = Buffer.alloc(417)
  frame.writeUInt32BE(0xfffb9064)
  return Buffer.concat(Array.from({ length: frames }, () => frame))
}

/** A data URL, `data:video/mp4;base64,…`. */
export function dataUrlOf(type: string, bytes: Uint8Array): string {
  return `data:${type};base64,${Buffer.from(bytes).toString('base64')}`
}
