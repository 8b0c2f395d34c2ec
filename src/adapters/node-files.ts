import { randomUUID } from 'node:crypto'
import {
  type FileHandle,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { AppendFile, Files, Fingerprint, PartFile } from '../ports/files.js'

const chunkBytes = 1024 * 1024
/** How much of a part file is gathered before it is written. */
const gatherBytes = 512 * 1024

/** The real file system. */
export const nodeFiles: Files = {
  read: (path) => absentAs(undefined, readFile(path)),

  async readChunks(path) {
    const handle = await absentAs(undefined, open(path, 'r'))
    return handle?.createReadStream({ highWaterMark: chunkBytes })
  },

  fingerprint: fingerprintOf,

  modifiedAt: async (path) => (await absentAs(undefined, stat(path)))?.mtimeMs,

  async size(path) {
    const found = await absentAs(undefined, stat(path))
    return found?.isFile() ? found.size : undefined
  },

  exists: async (path) => (await absentAs(undefined, stat(path))) !== undefined,

  realPath: (path) => absentAs(undefined, realpath(path)),

  async filesBelow(folder) {
    const entries = await absentAs([], readdir(folder, { recursive: true, withFileTypes: true }))
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  },

  async replace(path, content) {
    await writeBeside(path, content, (temporary) => rename(temporary, path))
    await flushFolder(dirname(path))
  },

  async replaceIfSame(path, text, expected) {
    const result = await writeBeside(path, text, async (temporary) => {
      const fingerprint = await fingerprintOf(temporary)
      if ((await fingerprintOf(path)) !== expected) {
        await rm(temporary, { force: true })
        return 'changed'
      }
      await rename(temporary, path)
      return fingerprint!
    })
    await flushFolder(dirname(path))
    return result
  },

  async createNew(path, text) {
    await mkdir(dirname(path), { recursive: true })
    const temporary = temporaryName(path)
    try {
      await writeFlushed(temporary, text)
      // A link is all or nothing and never replaces a file, so nobody can see a half-written one.
      await link(temporary, path)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    } finally {
      await rm(temporary, { force: true })
    }
  },

  async moveNew(from, to) {
    await mkdir(dirname(to), { recursive: true })
    try {
      // Unlike a rename, a link never replaces a file. A crash before the old name is gone leaves both.
      await link(from, to)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
      throw error
    }
    await rm(from)
    await flushFolder(dirname(to))
    return true
  },

  remove: (path) => rm(path, { force: true }),

  async openAppend(path) {
    await mkdir(dirname(path), { recursive: true })
    const handle = await open(path, 'a')
    await flushFolder(dirname(path))
    return appendFile(handle)
  },

  async openPart(path) {
    await mkdir(dirname(path), { recursive: true })
    return partFile(path, join(dirname(path), `.${basename(path)}.part`))
  },

  async proveWritable(folder) {
    await mkdir(folder, { recursive: true })
    const probe = join(folder, `.shotlock-${randomUUID()}`)
    try {
      await writeFlushed(probe, 'a file can be written here\n')
    } finally {
      await rm(probe, { force: true })
    }
  },
}

function appendFile(handle: FileHandle): AppendFile {
  return {
    write: (bytes) => writeAll(handle, bytes),
    flush: () => handle.datasync(),
    truncate: (sizeBytes) => handle.truncate(sizeBytes),
    close: () => handle.close(),
  }
}

/** What arrives in small pieces is written in large ones, and the next is gathered while the disk has the last. */
async function partFile(path: string, temporary: string): Promise<PartFile> {
  const handle = await open(temporary, 'w')
  let position = 0
  let gathered: Uint8Array[] = []
  let gatheredBytes = 0
  let writing: Promise<void> = Promise.resolve()

  /** Starts to write what was gathered, after what is being written; fails when that did. */
  async function pass(): Promise<void> {
    const pieces = gathered
    const at = position
    gathered = []
    position += gatheredBytes
    gatheredBytes = 0
    await writing
    writing = writeAllPieces(handle, pieces, at)
    // Told to whoever waits for it next, which is not yet.
    writing.catch(() => undefined)
  }

  return {
    async write(chunk) {
      gathered.push(chunk)
      gatheredBytes += chunk.length
      if (gatheredBytes >= gatherBytes) await pass()
    },
    async restart() {
      gathered = []
      gatheredBytes = 0
      await writing
      await handle.truncate(0)
      position = 0
    },
    async commit() {
      await pass()
      await writing
      await handle.datasync()
      await handle.close()
      await rename(temporary, path)
      await flushFolder(dirname(path))
    },
    async discard() {
      await writing.catch(() => undefined)
      await handle.close()
      await rm(temporary, { force: true })
    },
  }
}

/** As `writeAll`, for many pieces at once. */
async function writeAllPieces(
  handle: FileHandle,
  pieces: readonly Uint8Array[],
  position: number,
): Promise<void> {
  if (pieces.length === 0) return
  const { bytesWritten } = await handle.writev(pieces, position)
  let start = 0
  for (const piece of pieces) {
    const done = Math.min(piece.length, Math.max(0, bytesWritten - start))
    if (done < piece.length) await writeAll(handle, piece.subarray(done), position + start + done)
    start += piece.length
  }
}

/**
 * A write may take only part of the bytes, as when the disk is nearly full; the rest must follow or fail.
 *
 * @param position Where in the file; left out for a file opened to append.
 */
async function writeAll(handle: FileHandle, bytes: Uint8Array, position?: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const at = position === undefined ? null : position + done
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at)
    done += bytesWritten
  }
}

/** Stays the same when a file gets another name. */
async function fingerprintOf(path: string): Promise<Fingerprint | undefined> {
  const found = await absentAs(undefined, stat(path, { bigint: true }))
  return found && `${found.ino}:${found.size}:${found.mtimeNs}`
}

/** Writes a flushed temporary file beside `path` and hands it to `place`; nothing of it is left when that fails. */
async function writeBeside<T>(
  path: string,
  content: string | Uint8Array | Iterable<string>,
  place: (temporary: string) => Promise<T>,
): Promise<T> {
  await mkdir(dirname(path), { recursive: true })
  const temporary = temporaryName(path)
  try {
    await writeFlushed(temporary, content)
    return await place(temporary)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function writeFlushed(path: string, content: string | Uint8Array | Iterable<string>): Promise<void> {
  const handle = await open(path, 'wx')
  try {
    await writeFile(handle, content)
    await handle.datasync()
  } finally {
    await handle.close()
  }
}

/** A rename is on the disk only when its folder is. Windows cannot open folders, and needs it not. */
async function flushFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`)
}

async function absentAs<T, A>(absent: A, work: Promise<T>): Promise<T | A> {
  try {
    return await work
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return absent
    throw error
  }
}
