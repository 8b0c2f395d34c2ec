import { allTakesOf, type Manifest, statedSeed } from '../core/shot.js'
import type { Ledger } from './ledger.js'

const seedLimit = 2 ** 31

/** A manifest with what is known of its takes. */
interface SeedSource {
  manifest: Pick<Manifest, 'shots'>
  ledger: Pick<Ledger, 'states'>
}

/**
 * Draws seeds from 0 to 2^31 - 1 that no take of these manifests has: neither one that the manifest states, nor one on
 * record, nor one that was drawn before. A seed may name a video's file, and the same one makes nearly the same video.
 * What has a seed is looked through at the first draw.
 */
export function seedDrawer(sources: readonly SeedSource[]): (random: () => number) => number {
  let taken: Set<number> | undefined
  return (random) => {
    taken ??= new Set(seedsOf(sources))
    let seed = Math.floor(random() * seedLimit)
    while (taken.has(seed)) seed = (seed + 1) % seedLimit
    taken.add(seed)
    return seed
  }
}

function* seedsOf(sources: readonly SeedSource[]): Generator<number> {
  for (const { manifest, ledger } of sources) {
    for (const take of manifest.shots.flatMap(allTakesOf)) {
      const seed = statedSeed(take)
      if (seed !== undefined) yield seed
    }
    for (const { entry, intent } of ledger.states.values()) {
      if (entry?.seed !== undefined) yield entry.seed
      if (intent) yield intent.seed
    }
  }
}
