import { join, normalize } from 'node:path'
import type { Files } from '../ports/files.js'
import type { BlobId, Commit, Git } from '../ports/git.js'
import type { LoadedManifest } from './load-manifests.js'
import { sha256Of } from './media.js'
import { isInside, type Places } from './places.js'

/** So many commits are looked through for a manifest, and for the files of a shot. */
export const mostCommits = 500

/** What files held together: SHA-256 by path as written, in hexadecimal. */
export interface ImageState {
  hashes: ReadonlyMap<string, string>
  /** After which commit; `undefined`: in the working tree. */
  commit: Commit | undefined
}

/**
 * The states that files of a manifest were in, by their paths as written: committed ones, newest first, then as they
 * are now. What git does not hold counts as it is now.
 */
export type ImageHistory = (paths: readonly string[]) => AsyncIterable<ImageState>

interface CommittedState {
  commit: Commit
  /** In the order of the files. */
  blobs: readonly (BlobId | undefined)[]
}

/** Asks git once for each set of files, and looks at each content once. */
export function imageHistory(
  { places, images }: LoadedManifest,
  root: string,
  { files, git }: { files: Files; git: Git },
): ImageHistory {
  const known = new Map<string, CommittedState[]>()
  const hashes = new Map<BlobId, string | undefined>()
  const here = new Map<string, string | undefined>()

  const hashOfBlob = async (blob: BlobId): Promise<string | undefined> => {
    if (!hashes.has(blob)) {
      const [bytes] = await git.contents([blob], root)
      hashes.set(blob, bytes && (pointedAt(bytes) ?? sha256Of(bytes)))
    }
    return hashes.get(blob)
  }
  /** A picture that git does not hold may still be what it was. */
  const hashHere = async (path: string): Promise<string | undefined> => {
    if (!here.has(path)) here.set(path, images.get(path)?.sha256 ?? (await hashOfFile(path, places, files)))
    return here.get(path)
  }

  return async function* (paths) {
    const key = paths.join('\n')
    if (!known.has(key)) known.set(key, await statesOf(paths, { places, root, git }))
    for (const { commit, blobs } of known.get(key)!) {
      const found = await hashAll(paths, (path, index) => {
        const blob = blobs[index]
        return blob === undefined ? hashHere(path) : hashOfBlob(blob)
      })
      if (found) yield { hashes: found, commit }
    }
    const found = await hashAll(paths, hashHere)
    if (found) yield { hashes: found, commit: undefined }
  }
}

/** @returns `undefined` when one of them cannot be told. */
async function hashAll(
  paths: readonly string[],
  hashOf: (path: string, index: number) => Promise<string | undefined>,
): Promise<Map<string, string> | undefined> {
  const hashes = new Map<string, string>()
  for (const [index, path] of paths.entries()) {
    const hash = await hashOf(path, index)
    if (hash === undefined) return undefined
    hashes.set(path, hash)
  }
  return hashes
}

/** What files held after each commit that touched one of them; the same state once. */
async function statesOf(
  paths: readonly string[],
  { places, root, git }: { places: Places; root: string; git: Git },
): Promise<CommittedState[]> {
  const absolute = paths.map((path) => join(places.folder, normalize(path)))
  const commits = await git.log(absolute, root, { most: mostCommits })
  const ids = commits.map(({ id }) => id)
  const columns: (BlobId | undefined)[][] = []
  for (const path of absolute) columns.push(await git.blobsOf(ids, path, root))
  const states = new Map<string, CommittedState>()
  for (const [index, commit] of commits.entries()) {
    const blobs = columns.map((column) => column[index])
    const key = blobs.join(' ')
    if (!states.has(key)) states.set(key, { commit, blobs })
  }
  return [...states.values()]
}

/** Git LFS puts a note in the place of a large file, with the hash of what it stands for (its specification, v1). */
function pointedAt(bytes: Uint8Array): string | undefined {
  if (bytes.length > 1024) return undefined
  const text = new TextDecoder().decode(bytes)
  return text.startsWith('version https://git-lfs.github.com/spec/')
    ? /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1]
    : undefined
}

/** A file that an older version of the manifest names; nothing outside of the project is read. */
async function hashOfFile(path: string, { folder, projectRoot }: Places, files: Files) {
  try {
    const real = await files.realPath(join(folder, normalize(path)))
    const root = (await files.realPath(projectRoot)) ?? projectRoot
    if (real === undefined || !isInside(real, root)) return undefined
    const bytes = await files.read(real)
    return bytes && sha256Of(bytes)
  } catch {
    return undefined
  }
}
