import { join } from 'node:path'
import type { SupersededTask } from '../core/lockfile.js'
import type { TakeName } from '../core/names.js'
import { previousPath } from '../core/output-path.js'
import type { TaskId } from '../core/task.js'
import { sha256Of } from '../core/verify.js'
import type { Files } from '../ports/files.js'
import type { Ledger } from './ledger.js'
import type { Places } from './places.js'

/**
 * Files whose new content takes its place only after the video of an earlier task of the take, where that is what lies
 * there, has been put aside: it was paid for, and the provider drops it within a day.
 *
 * The record goes before the move, and only what has the hash of the earlier result is moved. So a crash between the two
 * is made good when the new video comes, and the new one is never taken for the old.
 *
 * @param path Where the new video goes, relative to the manifest, with `/`.
 */
export function keepingSuperseded(
  { places, ledger }: { places: Pick<Places, 'folder'>; ledger: Pick<Ledger, 'commit' | 'states'> },
  take: TakeName,
  path: string,
  files: Pick<Files, 'openPart' | 'moveNew' | 'readChunks' | 'size'>,
): Pick<Files, 'openPart'> {
  return {
    async openPart(absolute) {
      const part = await files.openPart(absolute)
      const commit = async () => {
        await putAside(absolute)
        await part.commit()
      }
      return { ...part, commit }
    },
  }

  async function putAside(absolute: string): Promise<void> {
    const made = Object.entries(ledger.states.get(take)?.entry?.spent ?? {}) as [TaskId, SupersededTask][]
    if (made.every(([, { sha256 }]) => sha256 === undefined)) return
    const found = await hashOf(absolute)
    if (found === undefined) return
    // Tasks can have made the same bytes: then it is that of one which has them nowhere else.
    for (const [task, { video, sha256 }] of made) {
      if (sha256 !== found) continue
      const isElsewhere =
        video !== undefined && video !== path && (await hashOf(join(places.folder, video))) === found
      if (!isElsewhere) return await moveAway(absolute, { task, video, sha256 })
    }
  }

  async function moveAway(
    absolute: string,
    { task, video: before, sha256 }: SupersededTask & { task: TaskId },
  ): Promise<void> {
    for (let number = 1; ; number++) {
      const video = previousPath(path, task, number)
      const target = join(places.folder, video)
      const there = await hashOf(target)
      if (there !== undefined && there !== sha256) continue
      if (before !== video) await ledger.commit({ type: 'superseded', take, task, video })
      if (there === sha256 || (await files.moveNew(absolute, target))) return
    }
  }

  /** `undefined` when there is no such file. */
  async function hashOf(absolute: string): Promise<string | undefined> {
    if ((await files.size(absolute)) === undefined) return undefined
    const chunks = await files.readChunks(absolute)
    return chunks && (await sha256Of(chunks))
  }
}
