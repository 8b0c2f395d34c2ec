import { existsSync } from 'node:fs'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encode } from 'fast-png'
import type { SimulatedTask } from '../task.js'
import type { Canvas } from './canvas.js'
import { encodeMp4 } from './encode-mp4.js'
import { readPng } from './picture.js'
import { createScene, type Scene } from './scene.js'
import type { Size } from './small-size.js'

/** Makes the files of tasks that succeeded. The same task always gives the same bytes. */
export interface Renderer {
  video(task: SimulatedTask): Promise<Uint8Array>
  /** A PNG of the video's last frame, as large as the service would make it, so that another task can begin with it. */
  lastFrame(task: SimulatedTask): Promise<Uint8Array>
}

/** Files kept when there is no folder to keep them in; what is dropped can be made again. */
const keptInMemory = 64

/**
 * @param folder An existing folder that keeps what was made; `undefined` keeps the latest in memory.
 * @param readInput Bytes of a stored first frame.
 */
export function createRenderer({
  folder,
  readInput,
}: {
  folder: string | undefined
  readInput: (name: string) => Uint8Array | undefined
}): Renderer {
  const memory = new Map<string, Promise<Uint8Array>>()
  let queue: Promise<unknown> = Promise.resolve()

  const sceneOf = (task: SimulatedTask): Scene => {
    const image = task.backdrop === undefined ? undefined : readInput(task.backdrop)
    return createScene(task, image && readPng(image))
  }

  /** One at a time: two encoders at once are no faster, and share their file system. */
  const makeInTurn = (name: string, make: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> => {
    const turn = queue.then(async () => {
      const bytes = await make()
      if (folder !== undefined) await save(join(folder, name), bytes)
      return bytes
    })
    queue = turn.catch(() => {})
    return turn
  }

  const find = (name: string, make: () => Uint8Array | Promise<Uint8Array>): Promise<Uint8Array> => {
    const kept = memory.get(name)
    if (kept) return kept
    const path = folder === undefined ? undefined : join(folder, name)
    const bytes = path !== undefined && existsSync(path) ? readFile(path) : makeInTurn(name, make)
    memory.set(name, bytes)
    if (memory.size > keptInMemory) memory.delete(memory.keys().next().value!)
    bytes.catch(() => memory.delete(name))
    return bytes
  }

  return {
    video: (task) => find(`${task.id}.mp4`, () => encodeMp4(sceneOf(task))),
    lastFrame: (task) =>
      find(`${task.id}-last.png`, () => {
        const scene = sceneOf(task)
        return encode({ ...enlarge(scene.paint(scene.frames - 1), task), channels: 3, depth: 8 })
      }),
  }
}

/** The canvas in another size, as RGB: each pixel is that of the canvas at its place. */
function enlarge(
  canvas: Canvas,
  { width, height }: Size,
): { width: number; height: number; data: Uint8Array } {
  const data = new Uint8Array(width * height * 3)
  const columns = Array.from({ length: width }, (_, x) => Math.floor((x * canvas.width) / width) * 4)
  for (let y = 0, to = 0; y < height; y++) {
    const row = Math.floor((y * canvas.height) / height) * canvas.width * 4
    for (const column of columns) {
      const from = row + column
      data[to++] = canvas.data[from]!
      data[to++] = canvas.data[from + 1]!
      data[to++] = canvas.data[from + 2]!
    }
  }
  return { width, height, data }
}

async function save(path: string, bytes: Uint8Array): Promise<void> {
  await writeFile(`${path}.part`, bytes)
  await rename(`${path}.part`, path)
}
