import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { backoffMs } from '../core/backoff.js'
import { ProviderError } from '../core/errors.js'
import { type ImageFacts, readImageFacts } from '../core/image.js'
import { lostCode } from '../core/ledger-state.js'
import type { Task } from '../core/task.js'
import type { Clock } from '../ports/clock.js'
import type { Files, PartFile } from '../ports/files.js'
import type { Download, Provider } from '../ports/provider.js'
import type { World } from '../ports/world.js'

/** A result in its place. */
export interface CollectedFile {
  sha256: string
  bytes: number
}

export interface CollectWorld {
  clock: Clock
  random: () => number
  files: Pick<Files, 'openPart'>
  provider: Pick<Provider, 'retrieve' | 'download'>
  mark: World['mark']
  /** Hears of tries that failed and will be repeated. */
  onTrouble: (message: string, waitMs: number) => void
}

/** Tries in a row that bring a file no further. */
const fruitlessTries = 8
const pause = { baseMs: 500, capMs: 20_000 }

/**
 * Downloads a task's video: to a temporary name, hashed as it comes, length checked, flushed, renamed. A connection
 * that breaks is taken up again where it broke, as long as something comes; a URL that died is asked for anew.
 *
 * @param task Succeeded; its URL may be old or missing.
 * @param target `path` is relative to `folder`, with `/`.
 * @throws ProviderError with code `result-gone` when the provider no longer has it, any other after the last try; the
 *   signal's reason when aborted; a file system error.
 */
export async function collectResult(
  task: Pick<Task, 'id' | 'videoUrl'>,
  target: { folder: string; path: string },
  world: CollectWorld,
  { signal }: { signal: AbortSignal },
): Promise<CollectedFile> {
  const part = await world.files.openPart(join(target.folder, ...target.path.split('/')))
  const asked = { id: task.id, url: task.videoUrl, urlIn: ({ videoUrl }: Task) => videoUrl }
  return await collectInto(part, asked, world, { signal })
}

/** A last frame in its place. */
export interface CollectedFrame {
  /** Relative to the folder, with `/`. */
  path: string
  sha256: string
  facts: ImageFacts
}

/**
 * Downloads the last frame of a task's video, and names it by what it is.
 *
 * @param task Succeeded; its URL may be old or missing.
 * @param target `stem` is relative to `folder`, with `/`; `.png` or another ending is put behind it.
 * @throws As `collectResult`; ProviderError also when what came is no picture.
 */
export async function collectLastFrame(
  task: Pick<Task, 'id' | 'lastFrameUrl'>,
  target: { folder: string; stem: string },
  world: CollectWorld,
  { signal }: { signal: AbortSignal },
): Promise<CollectedFrame> {
  const chunks: Uint8Array[] = []
  const memory: PartFile = {
    write: async (chunk) => void chunks.push(chunk),
    restart: async () => void chunks.splice(0),
    commit: async () => undefined,
    discard: async () => undefined,
  }
  const asked = { id: task.id, url: task.lastFrameUrl, urlIn: ({ lastFrameUrl }: Task) => lastFrameUrl }
  const { sha256 } = await collectInto(memory, asked, world, { signal })
  const bytes = Buffer.concat(chunks)
  const facts = readImageFacts(bytes)
  if (!facts)
    throw new ProviderError(`Cannot collect the last frame of task ${task.id}: what came is no picture`)
  const path = `${target.stem}.${facts.format === 'jpeg' ? 'jpg' : facts.format}`
  const part = await world.files.openPart(join(target.folder, ...path.split('/')))
  try {
    await part.write(bytes)
    await part.commit()
  } catch (error) {
    await part.discard().catch(() => undefined)
    throw error
  }
  return { path, sha256, facts }
}

/** One file of a task: where it was last, and where its record says that it is. */
interface Asked {
  id: Task['id']
  url: string | undefined
  urlIn: (task: Task) => string | undefined
}

async function collectInto(
  part: PartFile,
  asked: Asked,
  world: Omit<CollectWorld, 'files'>,
  { signal }: { signal: AbortSignal },
): Promise<CollectedFile> {
  try {
    const received = receiver(part)
    let { url } = asked
    let furthest = 0
    for (let fruitless = 0; ; ) {
      try {
        url ??= await freshUrl(asked, world.provider, signal)
        await received.take(await world.provider.download(url, { signal, offset: received.bytes() }))
        world.mark('part-written')
        await part.commit()
        world.mark('file-renamed')
        return { sha256: received.sha256(), bytes: received.bytes() }
      } catch (error) {
        const repeatable = error instanceof ProviderError && error.providerCode !== lostCode
        fruitless = received.bytes() > furthest ? 0 : fruitless + 1
        furthest = Math.max(furthest, received.bytes())
        if (signal.aborted || !repeatable || fruitless >= fruitlessTries) throw error
        if (error.status !== undefined) url = undefined
        if (error.status === 416) await received.restart()
        const waitMs = error.retryAfterMs ?? backoffMs(fruitless, world.random(), pause)
        world.onTrouble(error.message, waitMs)
        await world.clock.sleep(waitMs, { signal })
      }
    }
  } catch (error) {
    await part.discard().catch(() => undefined)
    throw error
  }
}

async function freshUrl(
  { id, urlIn }: Asked,
  provider: Pick<Provider, 'retrieve'>,
  signal: AbortSignal,
): Promise<string> {
  const gone = (cause?: unknown) =>
    new ProviderError(`Cannot collect task ${id}: the provider no longer has its result`, {
      providerCode: lostCode,
      cause,
    })
  try {
    const task = await provider.retrieve(id, { signal })
    const url = urlIn(task)
    if (url !== undefined) return url
    const { status } = task
    // A relay may call a finished task by another word for a moment; only a success without a result is one that is gone.
    if (status !== 'succeeded')
      throw new ProviderError(`Cannot collect task ${id}: the provider calls it ${status}`)
  } catch (error) {
    throw error instanceof ProviderError && error.status === 404 ? gone(error) : error
  }
  throw gone()
}

/** Puts stretches of a download together and hashes them. */
function receiver(part: PartFile) {
  let hash = createHash('sha256')
  let bytes = 0

  async function restart(): Promise<void> {
    await part.restart()
    hash = createHash('sha256')
    bytes = 0
  }

  return {
    restart,
    bytes: () => bytes,
    sha256: () => hash.copy().digest('hex'),

    /** @throws ProviderError when the stretch breaks off; what came of it is kept. */
    async take({ offset, totalBytes, chunks }: Download): Promise<void> {
      if (offset !== bytes) await restart()
      for await (const chunk of unbroken(chunks)) {
        await part.write(chunk)
        hash.update(chunk)
        bytes += chunk.length
      }
      if (totalBytes !== undefined && bytes !== totalBytes) {
        throw new ProviderError(`Cannot download: ${bytes} of ${totalBytes} bytes came`)
      }
      if (bytes === 0) throw new ProviderError('Cannot download: the file is empty')
    },
  }
}

/** Tells a connection that breaks from a disk that does not take what came. */
async function* unbroken(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* chunks
  } catch (cause) {
    throw new ProviderError(`Cannot download: the connection broke (${(cause as Error).message})`, { cause })
  }
}
