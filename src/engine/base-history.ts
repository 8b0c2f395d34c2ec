import { dirname, isAbsolute, join, normalize } from 'node:path'
import { type BaseFile, extendsIn } from '../core/manifest-parts.js'
import type { BlobId, Commit, Git } from '../ports/git.js'
import { isInside, type Places } from './places.js'
import { mostBases } from './read-manifest.js'

/** Says what a version of the manifest extended, as those files were in its commit; nearest first. */
export type BaseHistory = (content: Uint8Array, commit: Commit) => Promise<BaseFile[]>

/**
 * The files that old versions of a manifest extended. Each path and each content is asked for once.
 *
 * @param commits Those whose versions will be asked about.
 */
export function baseHistory(
  commits: readonly Commit[],
  { places, root, git }: { places: Places; root: string; git: Git },
): BaseHistory {
  const blobs = new Map<string, Promise<ReadonlyMap<string, BlobId | undefined>>>()
  const contents = new Map<BlobId, Promise<Uint8Array | undefined>>()

  async function blobsAt(path: string): Promise<ReadonlyMap<string, BlobId | undefined>> {
    const ids = commits.map(({ id }) => id)
    const found = await git.blobsOf(ids, path, root)
    return new Map(ids.map((id, at) => [id, found[at]]))
  }

  async function read(path: string, commit: Commit): Promise<Uint8Array | undefined> {
    if (!isInside(path, places.projectRoot)) return undefined
    if (!blobs.has(path)) blobs.set(path, blobsAt(path))
    const blob = (await blobs.get(path)!).get(commit.id)
    if (blob === undefined) return undefined
    if (!contents.has(blob))
      contents.set(
        blob,
        git.contents([blob], root).then(([one]) => one),
      )
    return await contents.get(blob)!
  }

  return async (manifest, commit) => {
    const bases: BaseFile[] = []
    let [file, content] = [places.manifest, manifest]
    for (let named = extendsIn(content); named !== undefined; named = extendsIn(content)) {
      file = join(dirname(file), normalize(named))
      const next = isAbsolute(named) || bases.length >= mostBases ? undefined : await read(file, commit)
      if (!next) return [...bases, { fault: `"${named}" is not in ${commit.id}` }]
      bases.push({ file, content: next })
      content = next
    }
    return bases
  }
}
