import { createHash } from 'node:crypto'
import type { Commit, Git } from '../../src/ports/git.js'

export interface MemoryGit extends Git {
  /** Commits files by their absolute paths, `undefined` removing one; the others stay. Gives the commit's id. */
  commit(files: Record<string, string | Uint8Array | undefined>): string
  /** Contents that were asked for, one entry a blob. */
  readonly read: string[]
}

/**
 * A history in one line of commits, a day apart. Without `root` there is no repository.
 *
 * @param options.workFiles The files of the work tree by their absolute paths; default none.
 */
export function memoryGit(
  root: string | undefined,
  { workFiles = () => [] }: { workFiles?: () => Iterable<string> } = {},
): MemoryGit {
  const commits: (Commit & { files: ReadonlyMap<string, string> })[] = []
  const blobs = new Map<string, Uint8Array>()
  const read: string[] = []
  const inside = (path: string) => path.slice((root ?? '').length + 1)
  const blobIn = (commit: string, path: string) => commits.find(({ id }) => id === commit)?.files.get(path)
  const blobsOf: Git['blobsOf'] = async (ids, path) => ids.map((id) => blobIn(id, path))
  const contents: Git['contents'] = async (ids) => {
    read.push(...ids)
    return ids.map((id) => blobs.get(id))
  }
  return {
    read,
    commit(changes) {
      const files = new Map(commits[0]?.files)
      for (const [path, content] of Object.entries(changes)) {
        if (content === undefined) {
          files.delete(path)
          continue
        }
        const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
        const blob = createHash('sha1').update(bytes).digest('hex')
        blobs.set(blob, bytes)
        files.set(path, blob)
      }
      const id = String(commits.length + 1).padStart(40, 'c')
      commits.unshift({ id, at: new Date(Date.UTC(2026, 0, commits.length + 1)).toISOString(), files })
      return id
    },
    filesOf: async (id) => {
      const files = commits.find((commit) => commit.id === id)?.files
      return files && new Map([...files].map(([path, blob]) => [inside(path), blob]))
    },
    workFiles: async () => [...workFiles()].map(inside),
    mergeBase: async (a, b) => commits.findLast(({ id }) => id === a || id === b)?.id,
    root: async (folder) => (root !== undefined && folder.startsWith(root) ? root : undefined),
    commitOf: async (ref) => (ref === 'HEAD' ? commits[0] : commits.find(({ id }) => id === ref))?.id,
    async log(paths, _root, { most }) {
      const touched = commits.filter(({ files }, index) =>
        paths.some((path) => files.get(path) !== commits[index + 1]?.files.get(path)),
      )
      return touched.slice(0, most).map(({ id, at }) => ({ id, at }))
    },
    async show(commit, path) {
      const blob = blobIn(commit, path)
      return blob === undefined ? undefined : (await contents([blob], root ?? ''))[0]
    },
    blobsOf,
    contents,
  }
}
