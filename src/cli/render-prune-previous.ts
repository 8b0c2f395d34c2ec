import type {
  KeepReason,
  PreviousPrune,
  PreviousVideo,
  PrunePreviousReport,
} from '../commands/prune-previous.js'
import { columns, count, formatSize, oneLine, type Palette, shownLines } from './text.js'

/** What would be deleted, how much that is, and what would be left and why. */
export function renderPreviousPlan({ manifests }: PrunePreviousReport, palette: Palette): string[] {
  const busy = manifests.filter(
    ({ deleted, missing, left }) => deleted.length + missing.length + left.length > 0,
  )
  if (busy.length === 0) return ['Nothing to prune: no video of a superseded task is on record.']
  return busy.flatMap((one) => renderManifest(one, palette))
}

/** What was deleted, how much that was, and what was left and why. */
export function renderPreviousPruned(report: PrunePreviousReport, palette: Palette): string[] {
  const lines = renderPreviousPlan(report, palette)
  const { videos, sizeBytes, missing } = sumOf(report)
  if (videos + missing === 0) return lines
  return [
    ...lines,
    `${count(videos, 'video')} deleted, ${formatSize(sizeBytes)}. Tokens and costs stay on record.`,
  ]
}

/** What a person is asked before it is done. */
export function previousQuestion(report: PrunePreviousReport): string {
  const { videos, sizeBytes, missing } = sumOf(report)
  if (videos === 0) return `Take ${count(missing, 'video')} out of the lockfile?`
  return `Delete ${count(videos, 'video')}, ${formatSize(sizeBytes)}?`
}

function renderManifest({ manifest, deleted, missing, left }: PreviousPrune, palette: Palette): string[] {
  const { bold, red, yellow } = palette
  const sizeBytes = deleted.reduce((sum, one) => sum + one.sizeBytes, 0)
  const row = (mark: string, { take, video }: PreviousVideo, what: string) => [
    mark,
    take,
    `${oneLine(video)}, ${what}`,
  ]
  return [
    `${bold(manifest)}  ${count(deleted.length, 'video')} of superseded tasks, ${formatSize(sizeBytes)}`,
    ...shownLines(columns(deleted.map((one) => row(red('-'), one, formatSize(one.sizeBytes))))),
    ...shownLines(
      columns(
        missing.map((one) => row(red('-'), one, 'not on this machine; the lockfile forgets where it was')),
      ),
    ),
    ...shownLines(columns(left.map((one) => row(yellow('‖'), one, `left: ${leftWords(one.why)}`)))),
  ]
}

function sumOf({ manifests }: PrunePreviousReport) {
  const deleted = manifests.flatMap((one) => one.deleted)
  return {
    videos: deleted.length,
    sizeBytes: deleted.reduce((sum, one) => sum + one.sizeBytes, 0),
    missing: manifests.reduce((sum, one) => sum + one.missing.length, 0),
  }
}

function leftWords(why: KeepReason): string {
  switch (why) {
    case 'only':
      return 'the take has no newer video on this machine'
    case 'used':
      return 'the video of another take is there'
    case 'changed':
      return 'it is not what was collected'
    case 'outside':
      return 'it lies outside of the project'
    case 'unreadable':
      return 'it cannot be read'
    case 'undeletable':
      return 'it could not be deleted'
  }
}
