import type { RunEvent } from '../core/event.js'
import type { World } from '../ports/world.js'
import { nodeFiles } from './node-files.js'
import { fileLocks } from './process-locks.js'
import { sharpFitter } from './sharp-fitter.js'
import { systemClock } from './system-clock.js'
import { videoApi } from './video-api/client.js'

/** The real world, with a provider at `baseUrl`. */
export function liveWorld(
  provider: { name: string; baseUrl: string; apiKey: string },
  emit: (event: RunEvent) => void,
): World {
  return {
    clock: systemClock,
    random: Math.random,
    files: nodeFiles,
    locks: fileLocks(nodeFiles),
    provider: videoApi(provider),
    fitter: sharpFitter(),
    emit,
    mark: () => undefined,
  }
}
