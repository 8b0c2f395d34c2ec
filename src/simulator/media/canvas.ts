import { glyph, isDot } from './font.js'

/** Pixels, row by row, four bytes each: red, green, blue, alpha (always 255). */
export interface Canvas {
  width: number
  height: number
  data: Uint8Array
}

/** Red, green, blue: 0 to 255. */
export type Colour = readonly [number, number, number]

export function createCanvas(width: number, height: number): Canvas {
  return { width, height, data: new Uint8Array(width * height * 4).fill(255) }
}

/** @param opacity 0 to 1. */
export function blend({ width, data }: Canvas, x: number, y: number, colour: Colour, opacity: number): void {
  const at = (y * width + x) * 4
  // Unrolled: most of a rendering's own time is spent here.
  data[at] = data[at]! + (colour[0] - data[at]!) * opacity
  data[at + 1] = data[at + 1]! + (colour[1] - data[at + 1]!) * opacity
  data[at + 2] = data[at + 2]! + (colour[2] - data[at + 2]!) * opacity
}

export interface Area {
  left: number
  top: number
  width: number
  height: number
}

export function fillArea(
  canvas: Canvas,
  { left, top, width, height }: Area,
  colour: Colour,
  opacity = 1,
): void {
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) blend(canvas, x, y, colour, opacity)
  }
}

export interface Disc {
  x: number
  y: number
  radius: number
}

/** A disc with soft sides; what lies outside the canvas is left out. */
export function fillDisc(canvas: Canvas, { x, y, radius }: Disc, colour: Colour, opacity = 1): void {
  const top = Math.max(0, Math.ceil(y - radius))
  const bottom = Math.min(canvas.height - 1, Math.floor(y + radius))
  for (let row = top; row <= bottom; row++) {
    const half = Math.sqrt(radius ** 2 - (row - y) ** 2)
    const left = Math.max(0, Math.floor(x - half))
    const right = Math.min(canvas.width - 1, Math.ceil(x + half))
    for (let column = left; column <= right; column++) {
      const covered = Math.min(1, half - Math.abs(column - x) + 0.5)
      if (covered > 0) blend(canvas, column, row, colour, opacity * covered)
    }
  }
}

/** Draws one line of text; the caller sees to it that it fits. */
export function drawText(
  canvas: Canvas,
  text: string,
  { left, top, scale, colour }: { left: number; top: number; scale: number; colour: Colour },
): void {
  for (const [index, character] of [...text].entries()) {
    for (let row = 0; row < glyph.height; row++) {
      for (let column = 0; column < glyph.width; column++) {
        if (!isDot(character, column, row)) continue
        const dot = { left: left + (index * glyph.advance + column) * scale, top: top + row * scale }
        fillArea(canvas, { ...dot, width: scale, height: scale }, colour)
      }
    }
  }
}

/** A colour by hue (turns), saturation and lightness (0 to 1). */
export function hsl(hue: number, saturation: number, lightness: number): Colour {
  const channel = (offset: number) => {
    const turn = (offset + hue * 12) % 12
    const swing = saturation * Math.min(lightness, 1 - lightness)
    return Math.round(255 * (lightness - swing * Math.max(-1, Math.min(turn - 3, 9 - turn, 1))))
  }
  return [channel(0), channel(8), channel(4)]
}
