import type { TakeState } from './ledger-state.js'
import type { LockEntry } from './lockfile.js'
import { type ShotName, splitTakeName, type TakeName, takeName } from './names.js'
import type { Shot } from './shot.js'

/**
 * The take of a shot that downstream work uses: the one that a person picked, else take 1. A pick of a take that has
 * left the manifest (`takes` was lowered) does not count until it is back.
 */
export function pickedTakeOf(
  { name, takes }: Pick<Shot, 'name' | 'takes'>,
  states: ReadonlyMap<TakeName, TakeState>,
): TakeName {
  for (let number = 1; number <= takes; number++) {
    const take = takeName(name, number)
    if (states.get(take)?.entry?.pick) return take
  }
  return takeName(name, 1)
}

/** The picked take of every shot that has one, also of takes that have left the manifest. */
export function picksIn(
  entries: Iterable<readonly [TakeName, LockEntry | undefined]>,
): Map<ShotName, TakeName> {
  const picks = new Map<ShotName, TakeName>()
  for (const [take, entry] of entries) if (entry?.pick) picks.set(splitTakeName(take).shot, take)
  return picks
}
