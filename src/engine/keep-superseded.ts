import { join } from 'node:path'
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
    const made = Object.entries(ledger.states.get(take)?.entry?.spent ?? {}).filter(
      ([, { sha256 }]) => sha256 !== undefined,
    )
    if (made.length === 0 || (await files.size(absolute)) === undefined) return
    const chunks = await files.readChunks(absolute)
    const found = chunks && (await sha256Of(chunks))
    const [task, before] = made.find(([, { sha256 }]) => sha256 === found) ?? []
    if (task === undefined) return
    const video = previousPath(path, task as TaskId)
    if (before!.video !== video)
      await ledger.commit({ type: 'superseded', take, task: task as TaskId, video })
    await files.moveNew(absolute, join(places.folder, video))
  }
}
