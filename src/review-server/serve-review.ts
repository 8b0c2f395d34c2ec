import { isSelected } from '../commands/review.js'
import type { Decision } from '../core/review.js'
import type { LedgerWorld, PrepareOptions } from '../engine/prepare-plans.js'
import { DecisionDesk } from './decision-desk.js'
import { MediaTable, type ReviewServer, startReviewServer } from './server.js'
import { WatchedReview } from './watched-review.js'

export interface ServeReviewOptions extends PrepareOptions {
  /** 0: any that is free. */
  port: number
}

export interface ServeReviewControls {
  /** Ends the server. */
  signal: AbortSignal
  onListening: (url: string) => void
}

/** How often files are looked at. Looking takes no more than a tenth of the time, however many there are. */
const lookEveryMs = 300

/**
 * Serves the review page on this machine until `signal` aborts.
 *
 * @returns Decisions that were not made, since a run stood in their way to the end.
 * @throws RunnerError `port-unusable`, all that reading manifests and lockfiles throws, and a bug that was met while a
 *   request was answered.
 */
export async function serveReview(
  { port, ...options }: ServeReviewOptions,
  world: LedgerWorld,
  { signal: ended, onListening }: ServeReviewControls,
): Promise<{ undecided: readonly Decision[] }> {
  const media = new MediaTable()
  let server: ReviewServer | undefined
  const watched = new WatchedReview(
    { ...options, selected: isSelected(options), hrefOf: media.hrefOf },
    world,
    (event) => server?.emit(event),
  )
  await watched.open()
  const desk = new DecisionDesk({
    plan: { cwd: options.cwd, rehearsal: options.rehearsal },
    world,
    watched,
    onDecided: (decision, answer) => server?.emit({ type: 'decision', decision, answer }),
  })
  const broken = new AbortController()
  const signal = AbortSignal.any([ended, broken.signal])
  const { assets } = await import('../review-page/built.js')
  const { files } = world
  server = await startReviewServer({
    watched,
    decide: (decision) => desk.decide(decision),
    waiting: () => desk.waiting,
    onBug: (error) => broken.abort(error),
    media,
    files,
    assets,
    port,
  })
  try {
    onListening(server.url)
    while (!signal.aborted) {
      const before = world.clock.now()
      await watched.refresh()
      await desk.retry()
      const tookMs = world.clock.now() - before
      await world.clock.sleep(Math.max(lookEveryMs, 9 * tookMs), { signal }).catch(() => undefined)
    }
  } finally {
    await server.close()
  }
  broken.signal.throwIfAborted()
  // What came last is decided to the end, and a run may have ended just now.
  await desk.retry()
  return { undecided: [...desk.waiting] }
}
