import { backoffMs } from '../core/backoff.js'
import { boughtFactsOf } from '../core/bought-facts.js'
import { buildFinalRequest, buildRequest } from '../core/build-request.js'
import { beginningWith } from '../core/chains.js'
import type { CreateAnswer, Refusal } from '../core/create-answer.js'
import { RunnerError } from '../core/errors.js'
import type { Stop } from '../core/event.js'
import { classifyFailure, type FailureClass } from '../core/failure.js'
import type { Step } from '../core/plan.js'
import { statedSeed, type Take } from '../core/shot.js'
import type { TaskId } from '../core/task.js'
import type { Clock } from '../ports/clock.js'
import type { Provider } from '../ports/provider.js'
import type { World } from '../ports/world.js'
import type { CreatePacer } from './create-pacer.js'
import type { ImageCopies } from './fit-images.js'
import type { InlineMedia } from './inline-media.js'
import type { FirstFrame } from './last-frames.js'
import type { Ledger, NewRecord } from './ledger.js'
import type { LocalMedia } from './media.js'
import type { Places } from './places.js'

/** What a manifest's takes need to be bought. */
export interface BuyContext {
  places: Places
  ledger: Pick<Ledger, 'commit'>
  images: LocalMedia
  /** What is sent in the place of images that are too large. */
  copies?: ImageCopies
  /** Hands out local media; one for all manifests of a run. */
  inlineMedia: InlineMedia
  /** Draws a seed that no other take of the run has; one for all manifests of it. */
  drawSeed: (random: () => number) => number
}

export interface BuyWorld {
  clock: Clock
  random: () => number
  provider: Pick<Provider, 'create' | 'name'>
  pacer: Pick<CreatePacer, 'send'>
  mark: World['mark']
  onTrouble: (message: string, waitMs: number) => void
}

export interface BuyOptions {
  /** No create starts once it is aborted; one that has started is always heard out. */
  signal: AbortSignal
  /** The most that the take can cost, set aside in the budgets, such as `1.3968 CNY`. */
  reserved: string | undefined
  /** The last frame of another shot that the take begins with. */
  firstFrame: FirstFrame | undefined
  /** Called before the first byte can leave. */
  onSubmitting: () => void
  /** Stops all buying. */
  stop: (stop: Stop) => void
}

/** How buying ended. `cancelled`: nothing was bought and nothing is on record. */
export type Bought =
  | { kind: 'submitted'; taskId: TaskId }
  | { kind: 'failed'; failure: FailureClass; code: string; message: string }
  | { kind: 'unknown'; why: string }
  | { kind: 'cancelled' }

const triesUnsent = 4
const triesThrottled = 20
const unsentBackoff = { baseMs: 1_000, capMs: 15_000 }

/**
 * Buys one take. The order is the safety: intent on disk, create, answer on disk. Only an answer that proves that no
 * task exists is followed by another try.
 */
export async function buyTake(
  step: Extract<Step, { kind: 'generate' }>,
  context: BuyContext,
  world: BuyWorld,
  options: BuyOptions,
): Promise<Bought> {
  const { take, digest, name, draft } = step
  const { ledger } = context
  const { signal, stop, onSubmitting, firstFrame } = options
  const seed = draft?.seed ?? statedSeed(take) ?? context.drawSeed(world.random)
  const bought = boughtFactsOf(take, (path) => context.images.get(path)!.sha256)
  const { sent, images } = resolved(take, context.images, firstFrame)
  const follows = firstFrame?.task ?? draft?.follows

  let unsent = 0
  for (let attempt = 1; ; attempt++) {
    let answer: CreateAnswer | 'image-changed'
    try {
      answer = await sendOnce(attempt)
    } catch (error) {
      if (signal.aborted && error === signal.reason) return { kind: 'cancelled' }
      stopOrThrow(error)
      return { kind: 'cancelled' }
    }
    if (answer === 'image-changed') {
      const message = 'an image of this shot was changed or removed after the plan was made'
      return { kind: 'failed', failure: 'service', code: answer, message }
    }

    switch (answer.kind) {
      case 'accepted':
        return { kind: 'submitted', taskId: answer.taskId }
      case 'unknown':
        return answer
      case 'refused': {
        const { code, message } = answer.refusal
        if (!isAccount(answer.refusal))
          return { kind: 'failed', failure: classifyFailure(code, false), code, message }
        stop({ why: 'account', message: `${code}: ${message}` })
        return { kind: 'cancelled' }
      }
      case 'throttled': {
        const { code, message } = answer.refusal
        if (attempt - unsent >= triesThrottled) return { kind: 'failed', failure: 'throttled', code, message }
        break
      }
      case 'unsent': {
        if (++unsent >= triesUnsent) {
          stop({ why: 'unreachable', message: answer.refusal.message })
          return { kind: 'cancelled' }
        }
        const waitMs = unsentBackoff.baseMs / 2 + backoffMs(unsent - 1, world.random(), unsentBackoff)
        world.onTrouble(answer.refusal.message, waitMs)
        await world.clock.sleep(waitMs, { signal }).catch(() => undefined)
        break
      }
    }
    if (signal.aborted) return { kind: 'cancelled' }
  }

  /** One try. The request, which may be large, lives no longer than this. */
  async function sendOnce(attempt: number): Promise<CreateAnswer | 'image-changed'> {
    const lease = await context.inlineMedia.take(draft ? [] : sent.shot.media, { ...context, images }, signal)
    if (!lease) return 'image-changed'
    try {
      const request = draft ? buildFinalRequest(take, draft.task) : buildRequest(sent, seed, lease.urlOf)
      return await world.pacer.send(async () => {
        await ledger.commit({
          type: 'intent',
          take: name,
          attempt,
          provider: world.provider.name,
          digest,
          seed,
          ...(options.reserved === undefined ? {} : { reserved: options.reserved }),
          ...(draft ? { draft: draft.task } : {}),
          ...(follows === undefined ? {} : { follows }),
          bought,
        })
        onSubmitting()
        const received = await world.provider.create(request)
        world.mark('answer-received')
        // On disk before anything else can fail: from here on a crash resumes, and nothing is paid for twice.
        await ledger.commit(recordOf(received, attempt)).catch((error: unknown) => {
          const consequence =
            received.kind === 'accepted'
              ? ` Task ${received.taskId} was bought for "${name}": note it down.`
              : ''
          stopOrThrow(error, consequence)
        })
        return received
      }, signal)
    } finally {
      lease.release()
    }
  }

  /** The record that an answer leaves. A refusal of the account says nothing about the take and leaves none of it. */
  function recordOf(answer: CreateAnswer, attempt: number): NewRecord {
    const head = { take: name, attempt }
    switch (answer.kind) {
      case 'accepted':
        return { type: 'accepted', ...head, task: answer.taskId }
      case 'unknown':
        return { type: 'unknown', ...head, why: answer.why }
      case 'refused':
        if (isAccount(answer.refusal)) return { type: 'unsent', ...head, why: answer.refusal.code }
        return { type: 'refused', ...head, error: answer.refusal.code, message: answer.refusal.message }
      case 'throttled':
      case 'unsent':
        return { type: 'unsent', ...head, why: answer.refusal.code }
    }
  }

  /** A disk that takes nothing more ends all buying; what is bought goes on. */
  function stopOrThrow(error: unknown, consequence = ''): void {
    if (!(error instanceof RunnerError)) throw error
    stop({ why: 'unwritable', message: `${error.message}.${consequence}` })
  }
}

/** A take with all of its media at hand. */
function resolved(
  take: Take,
  images: LocalMedia,
  firstFrame: FirstFrame | undefined,
): { sent: Take; images: Pick<LocalMedia, 'get'> } {
  if (!firstFrame) return { sent: take, images }
  const { path, file } = firstFrame
  return {
    sent: { ...take, shot: beginningWith(take.shot, path) },
    images: { get: (one) => (one === path ? file : images.get(one)) },
  }
}

/** A refusal that says nothing about the shot and would meet every other shot as well. */
function isAccount({ code, status }: Refusal): boolean {
  return status === 401 || status === 403 || classifyFailure(code, false) === 'account'
}
