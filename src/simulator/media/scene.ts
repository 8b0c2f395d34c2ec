import { fraction } from '../chance.js'
import type { SimulatedTask } from '../task.js'
import {
  blend,
  type Canvas,
  type Colour,
  createCanvas,
  type Disc,
  drawText,
  fillArea,
  fillDisc,
  hsl,
} from './canvas.js'
import { glyph } from './font.js'
import type { Picture } from './picture.js'
import { smallSize } from './small-size.js'

/** What a video shows, frame by frame. */
export interface Scene {
  width: number
  height: number
  frames: number
  /** @param index 0-based. The canvas is valid until the next call. */
  paint(index: number): Canvas
}

interface Line {
  text: string
  scale: number
  colour: Colour
}

const white: Colour = [255, 255, 255]
const grey: Colour = [205, 210, 220]
const black: Colour = [8, 10, 18]
const frameRate = 24
const margin = 10
const barHeight = 4

/**
 * A made-up video: a backdrop, discs that drift, and a caption that tells which task this is. Depends on the task and
 * the picture alone.
 *
 * @param picture The first frame, when there is one to show.
 */
export function createScene(task: SimulatedTask, picture: Picture | undefined): Scene {
  const { width, height } = smallSize(task)
  const hue = fraction(task.prompt, 'hue')
  const accent = hsl((hue + 0.55) % 1, 0.85, 0.66)
  const still = picture ? cover(picture, width, height) : gradient(width, height, hue)
  const captionTop = paintCaption(still, captionOf(task, width))
  const canvas = createCanvas(width, height)
  // The same pixels without the caption: the discs pass behind it.
  const stage = { ...canvas, height: captionTop }
  const discs = discsOf(task, stage, hue)
  return {
    width,
    height,
    frames: task.frames,
    paint(index) {
      canvas.data.set(still.data)
      for (const { at, colour, opacity } of discs) fillDisc(stage, at(index / frameRate), colour, opacity)
      const done = Math.round((width * (index + 1)) / task.frames)
      fillArea(canvas, { left: 0, top: height - barHeight, width: done, height: barHeight }, accent)
      return canvas
    },
  }
}

/** The picture scaled to fill the canvas, its middle kept: as the service crops. Source: reference section 2.2. */
function cover(picture: Picture, width: number, height: number): Canvas {
  const canvas = createCanvas(width, height)
  const scale = Math.min(picture.width / width, picture.height / height)
  const left = (picture.width - width * scale) / 2
  const top = (picture.height - height * scale) / 2
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = picture.colourAt(
        Math.floor(left + (x + 0.5) * scale),
        Math.floor(top + (y + 0.5) * scale),
      )
      canvas.data.set(colour, (y * width + x) * 4)
    }
  }
  return canvas
}

function gradient(width: number, height: number, hue: number): Canvas {
  const canvas = createCanvas(width, height)
  const [from, to] = [hsl(hue, 0.6, 0.42), hsl((hue + 0.14) % 1, 0.65, 0.2)]
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      blend(canvas, x, y, from, 1)
      blend(canvas, x, y, to, (x / width + y / height) / 2)
    }
  }
  return canvas
}

interface MovingDisc {
  /** Where the disc is after so many seconds. */
  at: (second: number) => Disc
  colour: Colour
  opacity: number
}

/** Discs on paths of their own, the smallest in front. */
function discsOf({ seed }: SimulatedTask, { width, height }: Canvas, hue: number): MovingDisc[] {
  const light = hsl((hue + 0.1) % 1, 0.9, 0.72)
  const looks = [
    { share: 0.34, colour: light, opacity: 0.28 },
    { share: 0.22, colour: light, opacity: 0.42 },
    { share: 0.1, colour: white, opacity: 0.95 },
  ]
  return looks.map(({ share, colour, opacity }, index) => {
    const phase = fraction(seed, 'phase', index) * 2 * Math.PI
    const pace = 0.5 + fraction(seed, 'pace', index)
    const at = (second: number) => ({
      x: width * (0.5 + 0.38 * Math.cos(phase + pace * second)),
      y: height * (0.5 + 0.32 * Math.sin(2 * phase + pace * second * 0.8)),
      radius: Math.min(width, height) * share,
    })
    return { at, colour, opacity }
  })
}

/** Returns the caption's upper edge. */
function paintCaption(canvas: Canvas, lines: readonly Line[]): number {
  const heights = lines.map(({ scale }) => glyph.height * scale + 4)
  const height = heights.reduce((sum, one) => sum + one, margin + barHeight)
  const captionTop = canvas.height - height
  fillArea(canvas, { left: 0, top: captionTop, width: canvas.width, height }, black, 0.62)
  let top = captionTop + margin / 2 + 1
  for (const [index, { text, scale, colour }] of lines.entries()) {
    drawText(canvas, text, { left: margin, top, scale, colour })
    top += heights[index]!
  }
  return captionTop
}

function captionOf(task: SimulatedTask, width: number): Line[] {
  const scale = width >= 240 ? 2 : 1
  const columns = (at: number) => Math.floor((width - 2 * margin) / (glyph.advance * at))
  const words = task.prompt.replace(/[^\x21-\x7e]+/g, ' ').trim()
  // A prompt in another script leaves next to nothing that this font can show.
  const title = /[a-z]{3}/i.test(words) ? words : task.id
  const length = task.seconds === undefined ? `${task.frames} frames` : `${task.seconds}s`
  const details = [
    `..${task.id.slice(-5)}`,
    `seed ${task.seed}`,
    task.label,
    `${task.width}x${task.height} ${length}`,
    ...(task.draft ? ['draft'] : []),
  ]
  return [
    ...wrap(title.split(' '), columns(scale), 2).map((text) => ({ text, scale, colour: white })),
    ...wrap(details, columns(1), 4, '  ').map((text) => ({ text, scale: 1, colour: grey })),
  ]
}

/** Lines of at most `columns` characters; what does not fit into `most` lines is left out. */
function wrap(pieces: readonly string[], columns: number, most: number, gap = ' '): string[] {
  const lines: string[] = []
  for (const piece of pieces) {
    const last = lines.at(-1)
    const joined = last === undefined ? piece : `${last}${gap}${piece}`
    if (last !== undefined && joined.length <= columns) lines[lines.length - 1] = joined
    else lines.push(piece)
  }
  return lines.slice(0, most).map((line) => line.slice(0, columns))
}
