/** A commit that touched a file. */
export interface Commit {
  /** Full id. */
  id: string
  /** When it was made, ISO time. */
  at: string
}

/** The id of a file's content: equal ids mean equal bytes. */
export type BlobId = string

/** The history of a project, as far as shotlock needs it. Nothing is ever changed. Paths are absolute. */
export interface Git {
  /** The top folder of the working tree that holds `folder`; `undefined` when there is none, or no git. */
  root(folder: string): Promise<string | undefined>
  /** The commit that a branch, tag or expression such as `HEAD~3` names; `undefined` when there is none. */
  commitOf(ref: string, root: string): Promise<string | undefined>
  /** Commits up to the current one that touched one of the files, newest first, renames not followed. */
  log(paths: readonly string[], root: string, options: { most: number }): Promise<Commit[]>
  /** A file as it was in a commit; `undefined` when it was not there. */
  show(commit: string, path: string, root: string): Promise<Uint8Array | undefined>
  /** What a file held in each of the commits; `undefined` where it was not there. */
  blobsOf(commits: readonly string[], path: string, root: string): Promise<(BlobId | undefined)[]>
  /** The files of a commit by their paths, relative to the root and with `/`; links and submodules are none. */
  filesOf(commit: string, root: string): Promise<ReadonlyMap<string, BlobId> | undefined>
  /** Paths of the work tree's files, relative to the root and with `/`; also new ones, but not what is ignored. */
  workFiles(root: string): Promise<string[] | undefined>
  /** The commit that two have in common; `undefined` when there is none, or this clone does not reach back to it. */
  mergeBase(a: string, b: string, root: string): Promise<string | undefined>
  /** Contents, in the order asked for; `undefined` for one that this clone does not have. */
  contents(blobs: readonly BlobId[], root: string): Promise<(Uint8Array | undefined)[]>
}
