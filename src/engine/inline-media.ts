import { join, normalize } from 'node:path'
import { type Media, sourceWords } from '../core/shot.js'
import { sha256Of as hashOf } from '../core/verify.js'
import type { Files, Fingerprint } from '../ports/files.js'
import type { ImageCopies } from './fit-images.js'
import { base64Length, type LocalMedia, mediaType, sha256Of } from './media.js'
import type { Places } from './places.js'

/** The media of one request, ready to be sent. They are held until they are given back. */
export interface MediaLease {
  /** The URL that stands for an item in the request: its own, or a data URL of a local file. */
  urlOf(media: Media): string
  /** To be called when the create has been answered; the memory is then another request's. */
  release(): void
}

/** A local file as a data URL, held for those who use it now and for those to come while there is room. */
interface Held {
  path: string
  /** As planned, in hexadecimal. */
  sha256: string
  /** Such as `image/png`. */
  type: string
  /** Of the base64 text. */
  bytes: number
  /** The file that it is a copy of, which must be as planned as well. */
  original: { path: string; sha256: string } | undefined
  /** Requests that hold it now. */
  users: number
  /** Of the file as it was read, and of the one that it is a copy of. */
  fingerprint: Fingerprint | undefined
  /** `undefined` in it: the file is not the one that was planned with. */
  reading: Promise<string | undefined> | undefined
}

/** What one request needs. */
interface Need {
  files: readonly Held[]
  /** The body that is made of them is one more copy, of as many bytes. */
  bodyBytes: number
}

interface Waiting {
  need: Need
  admit: (files: Held[]) => void
}

/** 256 MB. */
export const defaultMediaMemoryBytes = 256 * 1024 * 1024

/**
 * Hands out local media as data URLs. A file that many shots show is read, checked and encoded once while it is in use.
 * Memory is bounded: the base64 bytes of the files that are held, and of the bodies that are made of them, stay within
 * a limit, and a request waits until there is room for all of it. Requests are served in the order they came, so that
 * a large one gets its turn; one that is larger than the limit goes alone.
 */
export class InlineMedia {
  readonly #files: Files
  readonly #limitBytes: number
  readonly #onChanged: (path: string) => Promise<void>
  /** The least recently used first. */
  readonly #held = new Map<string, Held>()
  readonly #waiting: Waiting[] = []
  #leases = 0
  /** Of all that is held, and of all bodies. */
  #totalBytes = 0
  /** Of that, what requests use now. */
  #usedBytes = 0

  /** @param options.onChanged Called with the path of a file that is not the one that was planned with. */
  constructor(
    files: Files,
    {
      limitBytes = defaultMediaMemoryBytes,
      onChanged = async () => undefined,
    }: { limitBytes?: number | undefined; onChanged?: (path: string) => Promise<void> } = {},
  ) {
    this.#files = files
    this.#limitBytes = limitBytes
    this.#onChanged = onChanged
  }

  /**
   * Waits for room for all media of a request at once, and reads what is not held.
   *
   * @returns `undefined` when a file is no longer the one that was planned with.
   * @throws The signal's reason, when it aborts before there is room.
   */
  async take(
    media: readonly Media[],
    {
      images,
      copies,
      places,
    }: { images: Pick<LocalMedia, 'get'>; copies?: ImageCopies | undefined; places: Pick<Places, 'folder'> },
    signal: AbortSignal,
  ): Promise<MediaLease | undefined> {
    const wanted = new Map<Media, string>()
    const needed = new Map<string, Held>()
    let bodyBytes = 0
    for (const item of media) {
      if (item.source.kind === 'url') {
        if (item.source.url.startsWith('data:')) bodyBytes += item.source.url.length
        continue
      }
      const named = sourceWords(item.source)
      const planned = images.get(named)
      if (!planned) return undefined
      const path = join(places.folder, normalize(named))
      const copy = copies?.get(named)
      const sent = copy ?? planned
      const file: Held = {
        path: copy?.path ?? path,
        sha256: sent.sha256,
        type: mediaType(item.role, sent),
        bytes: base64Length(sent.facts.sizeBytes),
        original: copy && { path, sha256: planned.sha256 },
        users: 0,
        fingerprint: undefined,
        reading: undefined,
      }
      const key = keyOf(file)
      wanted.set(item, key)
      needed.set(key, file)
      bodyBytes += file.bytes
    }

    const need: Need = { files: [...needed.values()], bodyBytes }
    const files = await this.#admit(need, signal)
    const release = isNothing(need) ? () => undefined : this.#releaser(files, bodyBytes)
    try {
      const urls = new Map<string, string>()
      for (const file of files) {
        const url = await this.#urlOf(file)
        if (url === undefined) {
          release()
          this.#drop(file)
          await this.#onChanged(file.path)
          if (file.original) await this.#onChanged(file.original.path)
          return undefined
        }
        urls.set(keyOf(file), url)
      }
      const urlOf = (item: Media) =>
        item.source.kind === 'url' ? item.source.url : urls.get(wanted.get(item)!)!
      return { urlOf, release }
    } catch (error) {
      release()
      for (const file of files) this.#drop(file)
      throw error
    }
  }

  async #admit(need: Need, signal: AbortSignal): Promise<Held[]> {
    signal.throwIfAborted()
    if (isNothing(need)) return []
    return await new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
        reject(signal.reason)
        this.#admitNext()
      }
      const waiting: Waiting = {
        need,
        admit: (files) => {
          signal.removeEventListener('abort', onAbort)
          resolve(files)
        },
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.push(waiting)
      this.#admitNext()
    })
  }

  #admitNext(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.need); next = this.#waiting[0]) {
      this.#waiting.shift()
      next.admit(this.#use(next.need))
    }
  }

  /** Whether there is room, if need be in the place of what is held for nobody. */
  #fits({ files, bodyBytes }: Need): boolean {
    if (this.#leases === 0) return true
    const more = files.filter((file) => !this.#held.get(keyOf(file))?.users)
    return this.#usedBytes + bodyBytes + sumOf(more) <= this.#limitBytes
  }

  #use({ files, bodyBytes }: Need): Held[] {
    this.#leases++
    this.#totalBytes += bodyBytes
    this.#usedBytes += bodyBytes
    const used = files.map((file) => {
      const key = keyOf(file)
      const held = this.#held.get(key)
      if (!held) this.#totalBytes += file.bytes
      const one = held ?? file
      if (one.users++ === 0) this.#usedBytes += one.bytes
      this.#held.delete(key)
      this.#held.set(key, one)
      return one
    })
    this.#makeRoom()
    return used
  }

  #releaser(files: readonly Held[], bodyBytes: number): () => void {
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      this.#leases--
      this.#totalBytes -= bodyBytes
      this.#usedBytes -= bodyBytes
      for (const file of files) if (--file.users === 0) this.#usedBytes -= file.bytes
      this.#makeRoom()
      this.#admitNext()
    }
  }

  #makeRoom(): void {
    for (const file of this.#held.values()) {
      if (this.#totalBytes <= this.#limitBytes) return
      this.#drop(file)
    }
  }

  /** Lets go of a file, unless somebody uses it. */
  #drop(file: Held): void {
    if (file.users > 0 || this.#held.get(keyOf(file)) !== file) return
    this.#held.delete(keyOf(file))
    this.#totalBytes -= file.bytes
  }

  async #urlOf(file: Held): Promise<string | undefined> {
    const fingerprint = await this.#fingerprintOf(file)
    if (!file.reading || file.fingerprint !== fingerprint) {
      file.fingerprint = fingerprint
      file.reading = this.#read(file)
    }
    return await file.reading
  }

  async #fingerprintOf({ path, original }: Held): Promise<Fingerprint | undefined> {
    const own = await this.#files.fingerprint(path)
    return original ? `${own} ${await this.#files.fingerprint(original.path)}` : own
  }

  async #read({ path, sha256, type, original }: Held): Promise<string | undefined> {
    const chunks = original && (await this.#files.readChunks(original.path))
    if (original && (!chunks || (await hashOf(chunks)) !== original.sha256)) return undefined
    const bytes = await this.#files.read(path)
    // Whatever a cache may have told of the file: only the bytes that were planned with are sent.
    if (!bytes || sha256Of(bytes) !== sha256) return undefined
    const { buffer, byteOffset, byteLength } = bytes
    return `data:${type};base64,${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}`
  }
}

/** Manifests that planned with other bytes of a file do not share it. */
function keyOf({ path, sha256, type }: Held): string {
  return `${type} ${sha256} ${path}`
}

function isNothing({ files, bodyBytes }: Need): boolean {
  return files.length === 0 && bodyBytes === 0
}

function sumOf(files: readonly Held[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0)
}
