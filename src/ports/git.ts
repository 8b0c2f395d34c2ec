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
  /** Paths of all files of a commit, relative to the root, with `/`; `undefined`: of the work tree, without what is ignored. */
  paths(root: string, commit: string | undefined): Promise<string[]>
  /** Contents, in the order asked for; `undefined` for one that this clone does not have. */
  contents(blobs: readonly BlobId[], root: string): Promise<(Uint8Array | undefined)[]>
}
