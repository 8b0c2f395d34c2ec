import { createRequire } from 'node:module'
import { setImmediate as yieldToOthers } from 'node:timers/promises'
import type * as EncoderPackage from 'h264-mp4-encoder'
import type { Scene } from './scene.js'

/** Frames encoded between two looks at everything else: about 10 ms of work. */
const framesAtOnce = 4

/** Encodes a scene as H.264 in MP4 at 24 frames a second, in pieces that leave the event loop responsive. */
export async function encodeMp4(scene: Scene): Promise<Uint8Array> {
  const encoder = await loadEncoder().createH264MP4Encoder()
  try {
    encoder.width = scene.width
    encoder.height = scene.height
    encoder.frameRate = 24
    encoder.quantizationParameter = 30
    encoder.speed = 10
    encoder.groupOfPictures = 24
    encoder.initialize()
    for (let index = 0; index < scene.frames; index++) {
      encoder.addFrameRgba(scene.paint(index).data)
      if (index % framesAtOnce === framesAtOnce - 1) await yieldToOthers()
    }
    encoder.finalize()
    const bytes = encoder.FS.readFile(encoder.outputFilename)
    encoder.FS.unlink(encoder.outputFilename)
    clearTimes(bytes)
    return bytes
  } finally {
    encoder.delete()
  }
}

/**
 * Loads the encoder at its first use. As it loads, it sets handlers for uncaught errors and rejections on the whole
 * process (Emscripten does that), which would hide the stack of any later bug: they are taken off again. Loading is
 * synchronous so that nobody else's handlers can come in between.
 */
function loadEncoder(): typeof EncoderPackage {
  const uncaught = process.listeners('uncaughtException')
  const unhandled = process.listeners('unhandledRejection')
  const encoder = createRequire(import.meta.url)('h264-mp4-encoder')
  for (const listener of process.listeners('uncaughtException')) {
    if (!uncaught.includes(listener)) process.off('uncaughtException', listener)
  }
  for (const listener of process.listeners('unhandledRejection')) {
    if (!unhandled.includes(listener)) process.off('unhandledRejection', listener)
  }
  return encoder
}

const containers = new Set(['moov', 'trak', 'mdia'])
const timedBoxes = new Set(['mvhd', 'tkhd', 'mdhd'])

/** Clears the times of creation and change: they alone would differ when a file is made again. */
function clearTimes(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = view.getUint32(at)
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    // A box: size, type, then version and flags, then both times as 32 bits each. Source: ISO/IEC 14496-12.
    if (timedBoxes.has(type)) bytes.fill(0, at + 12, at + 20)
    if (size < 8) return
    at += containers.has(type) ? 8 : size
  }
}
