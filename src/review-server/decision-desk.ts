import { judge } from '../commands/judge.js'
import { pick } from '../commands/pick.js'
import { RunnerError } from '../core/errors.js'
import { splitTakeName, type TakeName } from '../core/names.js'
import type { Decision, DecisionAnswer } from '../core/review.js'
import type { LedgerWorld, PrepareOptions } from '../engine/prepare-plans.js'
import { raiseInManifests } from '../engine/raise-takes.js'
import type { WatchedReview } from './watched-review.js'

export interface DecisionDeskOptions {
  plan: Pick<PrepareOptions, 'cwd' | 'rehearsal'>
  world: LedgerWorld
  watched: Pick<WatchedReview, 'find' | 'refresh' | 'review' | 'shown'>
  /** Hears what came of decisions that had to wait. */
  onDecided: (decision: Decision, answer: DecisionAnswer) => void
}

/**
 * Carries out what people decide, one decision after the other, through the same ledger and under the same lock as a
 * run. What a run stands in the way of waits for its end, and what comes after it for the same manifest waits with it.
 */
export class DecisionDesk {
  readonly #options: DecisionDeskOptions
  readonly #waiting: Decision[] = []
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: DecisionDeskOptions) {
    this.#options = options
  }

  /** Decisions that a run still stands in the way of. */
  get waiting(): readonly Decision[] {
    return this.#waiting
  }

  decide(decision: Decision): Promise<DecisionAnswer> {
    return this.#inTurn(async () => {
      const isBehind = this.#waiting.some(({ manifest }) => manifest === decision.manifest)
      const answer: DecisionAnswer = isBehind ? { kind: 'waiting' } : await this.#carryOut(decision)
      if (answer.kind === 'waiting') this.#waiting.push(decision)
      return answer
    })
  }

  /** Tries again what waits. Resolves when everything that was asked for before is decided or waits, too. */
  retry(): Promise<void> {
    return this.#inTurn(async () => {
      const held = new Set<string>()
      for (const decision of [...this.#waiting]) {
        const { manifest } = decision
        if (held.has(manifest)) continue
        // A look at the lock is quicker than reading all that is read before it is asked for.
        const answer: DecisionAnswer = (await this.#isHeld(manifest))
          ? { kind: 'waiting' }
          : await this.#carryOut(decision)
        if (answer.kind === 'waiting') held.add(manifest)
        else {
          this.#waiting.splice(this.#waiting.indexOf(decision), 1)
          this.#options.onDecided(decision, answer)
        }
      }
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result
  }

  async #isHeld(manifest: string): Promise<boolean> {
    const { watched, world } = this.#options
    const found = watched.find(manifest)
    return found !== undefined && (await world.locks.holder(found.places.processLock)) !== undefined
  }

  async #carryOut(decision: Decision): Promise<DecisionAnswer> {
    const { watched } = this.#options
    try {
      await this.#write(decision)
    } catch (error) {
      if (!(error instanceof RunnerError)) throw error
      if (error.code === 'run-in-progress') return { kind: 'waiting' }
      return { kind: 'refused', ...watched.shown(error) }
    }
    await watched.refresh()
    const shot = 'shot' in decision ? decision.shot : splitTakeName(decision.take).shot
    const manifest = watched.review.manifests.find(({ name }) => name === decision.manifest)
    const shots = manifest?.shots.filter(({ name }) => name === shot) ?? []
    return { kind: 'decided', manifest: decision.manifest, shots }
  }

  async #write(decision: Decision): Promise<void> {
    const { plan, world, watched } = this.#options
    const found = watched.find(decision.manifest)
    if (!found) {
      throw new RunnerError(
        'nothing-selected',
        `Cannot decide: there is no manifest "${decision.manifest}"`,
        {
          hint: 'Load the page again.',
        },
      )
    }
    const options = { ...plan, paths: [found.places.manifest] }
    switch (decision.do) {
      case 'pick':
      case 'unpick':
        await pick({ ...options, shots: [addressOf(decision.take)], undo: decision.do === 'unpick' }, world)
        return
      case 'judge': {
        const { take, approved, note } = decision
        await judge({ ...options, takes: [addressOf(take)], approved, note }, world)
        return
      }
      case 'takes':
        await raiseInManifests(
          { ...options, selection: { shots: [decision.shot] } },
          decision.more,
          world.files,
        )
    }
  }
}

/** A take with its number, so that the first is not taken for the picked one. */
function addressOf(take: TakeName): string {
  const { shot, number, draft } = splitTakeName(take)
  return `${shot}@${number}${draft ? '@draft' : ''}`
}
