import { lostCode, type TakeState } from './ledger-state.js'
import type { LockEntry } from './lockfile.js'
import { compareTakeNames, type TakeName } from './names.js'
import { allTakesOf, type Manifest } from './shot.js'

/** Why an entry stays although its take has left the manifest: dropping it would lose what is paid for or may be. */
export type StayReason = 'live' | 'unknown' | 'uncollected' | 'lost'

/** An entry whose take has left the manifest. */
export interface OrphanEntry {
  take: TakeName
  entry: LockEntry
  /** `undefined`: it may be dropped. */
  stays: StayReason | undefined
}

/** Entries whose shots or takes are gone from the manifest, in the lockfile's order. */
export function findOrphans(manifest: Manifest, states: ReadonlyMap<TakeName, TakeState>): OrphanEntry[] {
  const wanted = new Set(manifest.shots.flatMap((shot) => allTakesOf(shot).map(({ name }) => name)))
  const left = [...states.keys()].filter((name) => !wanted.has(name)).sort(compareTakeNames)
  return left.flatMap((take) => {
    const entry = states.get(take)?.entry
    return entry ? [{ take, entry, stays: stayReason(entry) }] : []
  })
}

function stayReason({ status, task, sha256, error }: LockEntry): StayReason | undefined {
  if (sha256 !== undefined) return undefined
  if (error === lostCode) return 'lost'
  // A live task whose id is missing was lost by hand or by a merge: it may be anywhere.
  if (status === 'unknown' || (status === 'submitted' && task === undefined)) return 'unknown'
  if (status === 'submitted') return 'live'
  return status === 'succeeded' ? 'uncollected' : undefined
}
