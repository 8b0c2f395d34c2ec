import { decode } from 'fast-png'
import type { Colour } from './canvas.js'

/** An image that is looked up point by point. */
export interface Picture {
  width: number
  height: number
  colourAt(x: number, y: number): Colour
}

/** Reads a PNG of any colour type and depth; `undefined` for one that is damaged past its header. */
export function readPng(bytes: Uint8Array): Picture | undefined {
  try {
    const { width, height, data, depth, channels, palette } = decode(bytes)
    // Rows begin on a whole byte; several samples share one when they have fewer than 8 bits.
    const rowLength = depth < 8 ? Math.ceil((width * channels * depth) / 8) : width * channels
    const top = 2 ** depth - 1
    const sampleAt = (x: number, y: number, channel: number): number => {
      const index = x * channels + channel
      if (depth >= 8) return data[y * rowLength + index]!
      const bit = index * depth
      return (data[y * rowLength + (bit >> 3)]! >> (8 - depth - (bit & 7))) & top
    }
    const colourAt = (x: number, y: number): Colour => {
      const listed = palette?.[sampleAt(x, y, 0)]
      if (listed) return [listed[0]!, listed[1]!, listed[2]!]
      const level = (channel: number) => (sampleAt(x, y, channel) * 255) / top
      return channels < 3 ? [level(0), level(0), level(0)] : [level(0), level(1), level(2)]
    }
    return { width, height, colourAt }
  } catch {
    return undefined
  }
}
