import { join } from 'node:path'
import { RunnerError } from '../core/errors.js'
import type { LockStatus } from '../core/lockfile.js'
import type { TakeName } from '../core/names.js'
import { planRun } from '../core/plan.js'
import { findOrphans, type StayReason } from '../core/prune.js'
import type { TaskId } from '../core/task.js'
import { keptVideos } from '../core/verify.js'
import { findPresent, type LoadOptions, loadManifests } from '../engine/load-manifests.js'
import { type LedgerWorld, type OpenLedger, withLedgers } from '../engine/prepare-plans.js'
import type { Files } from '../ports/files.js'

/** An entry that leaves the lockfile. */
export interface PrunedEntry {
  take: TakeName
  status: LockStatus
  task?: TaskId
  /** Its collected file, relative to the manifest; it stays where it is. */
  video?: string
  /** Whether that file is on this machine. */
  here?: boolean
  /** Videos of tasks that were superseded, as far as they are on this machine; they stay where they are, too. */
  kept?: string[]
  /** A take that is to be bought anew and is the same: a move would keep this one for it. */
  movable?: TakeName
}

/** An entry that stays although its take is gone. */
export interface StayingEntry {
  take: TakeName
  why: StayReason
  task?: TaskId
}

export interface PruneReport {
  manifests: { manifest: string; file: string; pruned: PrunedEntry[]; staying: StayingEntry[] }[]
}

export interface PruneControls {
  /** Asked before anything is dropped, and only when something would be. */
  confirm: (report: PruneReport) => Promise<boolean>
}

/** So many entries share two flushes of the journal. */
const droppedTogether = 1000

/**
 * Drops entries whose takes are gone from the manifest, but never what is live, unknown, or paid for and not collected.
 * Their ids go to the journal's archive; files stay on the disk, those of superseded tasks as well.
 *
 * @throws RunnerError `no-consent` when it is not agreed to; nothing is dropped then.
 */
export async function prune(
  options: LoadOptions,
  world: LedgerWorld,
  { confirm }: PruneControls,
): Promise<PruneReport> {
  const { loaded } = await loadManifests(options, world.files, world.clock)
  return await withLedgers(loaded, world, async (ledgers) => {
    const report: PruneReport = { manifests: [] }
    for (const one of ledgers) report.manifests.push(await planPrune(one, world.files))
    if (report.manifests.every(({ pruned }) => pruned.length === 0)) return report
    if (!(await confirm(report))) {
      throw new RunnerError('no-consent', 'Nothing was pruned: it was not agreed to', {
        hint: 'Run again and answer y, or give --yes.',
      })
    }
    for (const [index, { pruned }] of report.manifests.entries()) {
      for (let start = 0; start < pruned.length; start += droppedTogether) {
        const some = pruned.slice(start, start + droppedTogether)
        await Promise.all(some.map(({ take }) => drop(take, ledgers[index]!)))
      }
    }
    return report
  })
}

async function planPrune(one: OpenLedger, files: Files): Promise<PruneReport['manifests'][number]> {
  const { manifest, digests, ledger } = one
  const { states } = ledger
  const present = await findPresent(one, states, files)
  const successors = new Map<TakeName, TakeName>()
  for (const step of planRun({ manifest, states, digests, present }).steps)
    if (step.kind === 'generate' && step.movedFrom !== undefined) successors.set(step.movedFrom, step.name)

  const pruned: PrunedEntry[] = []
  const staying: StayingEntry[] = []
  for (const { take, entry, stays } of findOrphans(manifest, states)) {
    const { status, task, video } = entry
    const id = task === undefined ? {} : { task }
    if (stays) {
      staying.push({ take, why: stays, ...id })
      continue
    }
    const movable = successors.get(take)
    const previous = await keptHere(take, one, files)
    pruned.push({
      take,
      status,
      ...id,
      ...(video === undefined ? {} : { video, here: present.has(take) }),
      ...(previous.length === 0 ? {} : { kept: previous }),
      ...(movable === undefined ? {} : { movable }),
    })
  }
  return { manifest: manifest.name, file: manifest.file, pruned, staying }
}

async function keptHere(take: TakeName, { ledger, places }: OpenLedger, files: Files): Promise<string[]> {
  const found: string[] = []
  const { entry } = ledger.states.get(take)!
  for (const { path } of keptVideos(new Map([[take, ledger.states.get(take)!]]))) {
    if (path === entry?.video) continue
    if ((await files.size(join(places.folder, path))) !== undefined) found.push(path)
  }
  return found
}

/** A lockfile from elsewhere brings ids that no journal here has, so the entry is written down before it goes. */
async function drop(take: TakeName, { ledger }: OpenLedger): Promise<void> {
  await ledger.commit({ type: 'placed', take, entry: ledger.states.get(take)!.entry! })
  await ledger.commit({ type: 'dropped', take })
}
