/** A file that is only ever added to. */
export interface AppendFile {
  /** Resolves when all bytes are handed to the system; the file is then safe from a crash of this process. */
  write(bytes: Uint8Array): Promise<void>
  /** Resolves when everything written is on the disk. */
  flush(): Promise<void>
  truncate(sizeBytes: number): Promise<void>
  close(): Promise<void>
}

/** A file being put together under a temporary name. */
export interface PartFile {
  /** Adds a piece, which must not change any more. It may fail later: `commit` fails for everything that came before. */
  write(chunk: Uint8Array): Promise<void>
  /** Forgets what was written. */
  restart(): Promise<void>
  /** Flushes, and puts the file in its place in one step. */
  commit(): Promise<void>
  /** Removes what was written. */
  discard(): Promise<void>
}

/** Changes whenever a file is replaced or written to; equal fingerprints mean an untouched file. */
export type Fingerprint = string

/** The file system, as far as shotlock needs it. Paths are absolute; failures are Node's errors with a `code`. */
export interface Files {
  /** `undefined` when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>
  /** A file piece by piece, for those too large to be held; to be read to its end. `undefined` when there is none. */
  readChunks(path: string): Promise<AsyncIterable<Uint8Array> | undefined>
  /** `undefined` when there is no such file. */
  fingerprint(path: string): Promise<Fingerprint | undefined>
  /** When a file was last written to, in milliseconds since the Unix epoch; `undefined` when there is none. */
  modifiedAt(path: string): Promise<number | undefined>
  /** Size of a regular file in bytes; `undefined` when there is none. */
  size(path: string): Promise<number | undefined>
  exists(path: string): Promise<boolean>
  /** The path with every link resolved; `undefined` when there is no such file. */
  realPath(path: string): Promise<string | undefined>
  /** Paths of all files below a folder, links to folders not followed; empty when there is no such folder. */
  filesBelow(folder: string): Promise<string[]>
  /** Replaces a file in one step, flushed, with the folders it needs. A crash leaves the old or the new, never a mix. */
  replace(path: string, content: string | Uint8Array): Promise<void>
  /**
   * As `replace`, if the file is still the one with this fingerprint (`undefined`: there is none yet).
   *
   * @param text Whole, or in pieces that are asked for one after the other while the disk is at work.
   * @returns The new fingerprint, or `changed` when somebody else wrote the file; it is then left alone.
   */
  replaceIfSame(
    path: string,
    text: string | Iterable<string>,
    expected: Fingerprint | undefined,
  ): Promise<Fingerprint | 'changed'>
  /** Creates a file that is not there yet, with the folders it needs; false when it is there. */
  createNew(path: string, text: string): Promise<boolean>
  /** Gives a file another place, with the folders it needs; false, and nothing is changed, when that is taken. */
  moveNew(from: string, to: string): Promise<boolean>
  remove(path: string): Promise<void>
  openAppend(path: string): Promise<AppendFile>
  openPart(path: string): Promise<PartFile>
  /** Makes the folder if need be and proves that a file can be written into it. */
  proveWritable(folder: string): Promise<void>
}
