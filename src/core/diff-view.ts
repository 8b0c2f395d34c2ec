import type { MoneyView } from './cost.js'
import type { LockfileDiff, TakeChange } from './diff-lockfiles.js'
import { describeShot } from './diff-words.js'
import type { Happening } from './happening.js'
import { microsPerUnit, sumMoney } from './money.js'
import { type ShotName, splitTakeName, type TakeName } from './names.js'

/** What was billed in between. */
export interface Billed {
  /** One amount a currency, sorted by its name; negative where bills went down. */
  spent: MoneyView[]
  /** Tokens whose price is not on record. */
  unpricedTokens: number
}

export interface ShotDiff extends Billed {
  shot: ShotName
  /** What happened to it as a sentence, without its name, the price and a final period. */
  sentence: string
  /** In the order of a lockfile. */
  takes: { take: TakeName; happenings: readonly Happening[] }[]
}

export interface ManifestDiff extends Billed {
  manifest: string
  /** Its lockfile. */
  file: string
  /** In the order of a lockfile; never empty. */
  shots: ShotDiff[]
}

/** Differences of lockfiles as data that a person or a script reads. */
export interface DiffView extends Billed {
  /** Those where something happened. */
  manifests: ManifestDiff[]
  /** How many takes each thing happened to; what happened to none is left out. */
  counts: Partial<Record<Happening['kind'], number>>
}

/** Differences shot by shot, with sums. */
export function diffView(diffs: readonly LockfileDiff[]): DiffView {
  const all = diffs.flatMap(({ changes }) => changes)
  const counts: DiffView['counts'] = {}
  for (const { happenings } of all) for (const { kind } of happenings) counts[kind] = (counts[kind] ?? 0) + 1
  const manifests = diffs
    .filter(({ changes }) => changes.length > 0)
    .map(({ manifest, file, changes }) => ({ manifest, file, shots: shotsOf(changes), ...billed(changes) }))
  return { manifests, counts, ...billed(all) }
}

function shotsOf(changes: readonly TakeChange[]): ShotDiff[] {
  const shots = new Map<ShotName, TakeChange[]>()
  for (const change of changes) {
    const { shot } = splitTakeName(change.take)
    const list = shots.get(shot)
    if (list) list.push(change)
    else shots.set(shot, [change])
  }
  return [...shots].map(([shot, list]) => ({
    shot,
    sentence: describeShot(list),
    takes: list.map(({ take, happenings }) => ({ take, happenings })),
    ...billed(list),
  }))
}

function billed(changes: readonly TakeChange[]): Billed {
  const sums = sumMoney(changes.flatMap(({ spent }) => spent)).filter(({ micros }) => micros !== 0)
  return {
    spent: sums.map(({ currency, micros }) => ({ currency, amount: micros / microsPerUnit })),
    unpricedTokens: changes.reduce((sum, change) => sum + change.unpricedTokens, 0),
  }
}
