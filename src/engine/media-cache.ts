import { join, relative } from 'node:path'
import type { ClipFacts } from '../core/clip.js'
import type { ImageFacts } from '../core/image.js'
import type { Clock } from '../ports/clock.js'
import type { Files, Fingerprint } from '../ports/files.js'

/** A picture, film or sound that goes into a request, as it was when the manifest was read. */
export interface LocalFile {
  facts: ImageFacts | ClipFacts
  /** Of its bytes, in hexadecimal. */
  sha256: string
}

/** What is known of a file before it is read. */
export interface CacheLook {
  /** `undefined` when the file is new here, or was written to. */
  known: LocalFile | undefined
  /** Notes what reading it has told. */
  keep(file: LocalFile): void
}

interface Entry extends LocalFile {
  fingerprint: Fingerprint
}

/** The entries of one project, by path relative to its root, with `/`. */
interface ProjectCache {
  entries: Map<string, Entry>
  /** Those that this command has looked at. */
  seen: Set<string>
  isChanged: boolean
}

/** To be raised whenever what is told of a file changes, so that nothing is believed that another version has told. */
const version = 1

/** A file may be written to again within the grain of its time, which is 2 s on FAT. As git does with its index. */
const settledMs = 2_000

/**
 * Facts and hashes of local media, so that a file that nobody has touched is not read again by the next command. They
 * are kept in `.shotlock/media-cache.json` of the project. It is a cache: one that cannot be read, or that another
 * version wrote, counts as empty, and whatever is sent is hashed again before it is.
 */
export class MediaCache {
  readonly #files: Files
  readonly #clock: Clock | undefined
  readonly #projects = new Map<string, Promise<ProjectCache>>()

  /** @param clock Left out where nothing will be saved; nothing new is kept then. */
  constructor(files: Files, clock?: Clock) {
    this.#files = files
    this.#clock = clock
  }

  /** Looks up a file; `path` and `projectRoot` are absolute. */
  async look(path: string, projectRoot: string): Promise<CacheLook> {
    const project = await this.#project(projectRoot)
    const key = keyOf(path, projectRoot)
    project.seen.add(key)
    // Before the file is read, so that what is written meanwhile shows in the next look.
    const fingerprint = await this.#files.fingerprint(path)
    const entry = project.entries.get(key)
    const isSettled = await this.#isSettled(path)
    return {
      known: entry && entry.fingerprint === fingerprint ? entry : undefined,
      keep({ facts, sha256 }) {
        if (!isSettled || fingerprint === undefined) return
        project.entries.set(key, { fingerprint, facts, sha256 })
        project.isChanged = true
      },
    }
  }

  /** Forgets a file whose bytes turned out to be others than were told. */
  async forget(path: string): Promise<void> {
    for (const [root, opened] of this.#projects) {
      const project = await opened
      if (project.entries.delete(keyOf(path, root))) project.isChanged = true
    }
  }

  /**
   * Writes what is new, without the files that are gone; to be called once, by a command that holds a ledger. A disk
   * that does not take it costs the next command some reading, and nothing else.
   */
  async save(): Promise<void> {
    for (const [root, opened] of this.#projects) {
      const project = await opened
      if (!project.isChanged) continue
      project.isChanged = false
      const kept: [string, Entry][] = []
      for (const [key, entry] of project.entries) {
        const isThere = project.seen.has(key) || (await this.#files.size(join(root, key))) !== undefined
        if (isThere) kept.push([key, entry])
      }
      kept.sort(([a], [b]) => (a < b ? -1 : 1))
      const text = JSON.stringify({ version, files: Object.fromEntries(kept) }, undefined, 1)
      await this.#files.replace(cachePath(root), `${text}\n`).catch(() => undefined)
    }
  }

  #project(root: string): Promise<ProjectCache> {
    const opened = this.#projects.get(root) ?? this.#open(root)
    this.#projects.set(root, opened)
    return opened
  }

  async #open(root: string): Promise<ProjectCache> {
    const bytes = await this.#files.read(cachePath(root)).catch(() => undefined)
    const entries = bytes ? readEntries(new TextDecoder().decode(bytes)) : new Map<string, Entry>()
    return { entries, seen: new Set(), isChanged: false }
  }

  /** Whether a write from now on must show in the fingerprint. */
  async #isSettled(path: string): Promise<boolean> {
    if (!this.#clock) return false
    const modifiedAt = await this.#files.modifiedAt(path)
    return modifiedAt !== undefined && this.#clock.now() - modifiedAt >= settledMs
  }
}

function cachePath(root: string): string {
  return join(root, '.shotlock', 'media-cache.json')
}

function keyOf(path: string, root: string): string {
  return relative(root, path).replaceAll('\\', '/')
}

function readEntries(text: string): Map<string, Entry> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return new Map()
  }
  if (!isRecord(parsed) || parsed.version !== version || !isRecord(parsed.files)) return new Map()
  const entries = Object.entries(parsed.files)
  return new Map(entries.filter((pair): pair is [string, Entry] => isEntry(pair[1])))
}

function isEntry(value: unknown): value is Entry {
  if (!isRecord(value) || typeof value.fingerprint !== 'string') return false
  return typeof value.sha256 === 'string' && /^[0-9a-f]{64}$/.test(value.sha256) && isFacts(value.facts)
}

function isFacts(facts: unknown): facts is LocalFile['facts'] {
  if (!isRecord(facts) || typeof facts.format !== 'string' || !isSize(facts.sizeBytes)) return false
  const { kind, seconds, width, height, fps } = facts
  if (kind === undefined) return isSize(width) && isSize(height)
  const isClip = (kind === 'video' || kind === 'audio') && isSize(seconds)
  return isClip && [width, height, fps].every((one) => one === undefined || isSize(one))
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && value >= 0
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
