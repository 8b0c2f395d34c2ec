import { dirname, join } from 'node:path'
import type { Files } from '../../src/ports/files.js'

/** What a test makes go wrong: called before each change with what is about to happen; throwing makes it fail. */
export type FileFault = (
  action: 'append' | 'replace' | 'part' | 'prove' | 'open' | 'truncate' | 'move',
  path: string,
) => void

export interface MemoryFiles extends Files {
  readonly contents: Map<string, Uint8Array>
  fault: FileFault
  write(path: string, content: string | Uint8Array): void
  text(path: string): string | undefined
  /** When files were last written to, in milliseconds since the Unix epoch; those that are not in here: at its start. */
  readonly modified: Map<string, number>
  /** How often each path was replaced. */
  readonly replaced: Map<string, number>
}

/** A file system in memory, with faults on demand. Links do not exist in it. */
export function memoryFiles(): MemoryFiles {
  const contents = new Map<string, Uint8Array>()
  const versions = new Map<string, number>()
  const replaced = new Map<string, number>()
  const modified = new Map<string, number>()
  const set = (path: string, bytes: Uint8Array) => {
    contents.set(path, bytes)
    versions.set(path, (versions.get(path) ?? 0) + 1)
  }
  const fingerprint = (path: string) => (contents.has(path) ? String(versions.get(path)) : undefined)
  const files: MemoryFiles = {
    contents,
    replaced,
    modified,
    fault: () => undefined,
    write: (path, content) =>
      set(path, typeof content === 'string' ? new TextEncoder().encode(content) : content),
    text: (path) => (contents.has(path) ? new TextDecoder().decode(contents.get(path)) : undefined),

    read: async (path) => contents.get(path),
    async readChunks(path) {
      const bytes = contents.get(path)
      return bytes && inPieces(bytes)
    },
    fingerprint: async (path) => fingerprint(path),
    modifiedAt: async (path) => (contents.has(path) ? (modified.get(path) ?? 0) : undefined),
    size: async (path) => contents.get(path)?.length,
    exists: async (path) =>
      contents.has(path) || [...contents.keys()].some((one) => one.startsWith(`${path}/`)),
    realPath: async (path) => path,
    filesBelow: async (folder) => [...contents.keys()].filter((path) => path.startsWith(`${folder}/`)),
    async replace(path, text) {
      files.fault('replace', path)
      files.write(path, text)
      replaced.set(path, (replaced.get(path) ?? 0) + 1)
    },
    async replaceIfSame(path, text, expected) {
      // In one turn, as between the last look and the rename of a real file nobody gets in.
      if (fingerprint(path) !== expected) return 'changed'
      files.fault('replace', path)
      files.write(path, typeof text === 'string' ? text : [...text].join(''))
      replaced.set(path, (replaced.get(path) ?? 0) + 1)
      return fingerprint(path)!
    },
    async createNew(path, text) {
      if (contents.has(path)) return false
      files.write(path, text)
      return true
    },
    async moveNew(from, to) {
      files.fault('move', from)
      if (contents.has(to)) return false
      set(to, contents.get(from)!)
      contents.delete(from)
      return true
    },
    remove: async (path) => void contents.delete(path),
    async openAppend(path) {
      files.fault('open', path)
      if (!contents.has(path)) files.write(path, '')
      return {
        async write(bytes) {
          try {
            files.fault('append', path)
          } catch (error) {
            // As a full disk does: half of it goes in.
            set(path, joined(contents.get(path)!, bytes.subarray(0, bytes.length >> 1)))
            throw error
          }
          set(path, joined(contents.get(path)!, bytes))
        },
        flush: async () => undefined,
        async truncate(sizeBytes) {
          files.fault('truncate', path)
          set(path, contents.get(path)!.slice(0, sizeBytes))
        },
        close: async () => undefined,
      }
    },
    async openPart(path) {
      const temporary = join(dirname(path), `.part-of-${path.length}`)
      let bytes = new Uint8Array()
      return {
        async write(chunk) {
          files.fault('part', path)
          bytes = joined(bytes, chunk)
          set(temporary, bytes)
        },
        async restart() {
          bytes = new Uint8Array()
        },
        async commit() {
          contents.delete(temporary)
          set(path, bytes)
        },
        async discard() {
          contents.delete(temporary)
        },
      }
    },
    async proveWritable(folder) {
      files.fault('prove', folder)
    },
  }
  return files
}

async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 8) yield bytes.subarray(at, at + 8)
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
