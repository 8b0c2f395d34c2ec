import { setTimeout as sleep } from 'node:timers/promises'
import { parseLockfile } from '../../src/core/lockfile.js'
import type { TaskId } from '../../src/core/task.js'
import { type Arena, acceptedCreates, type Ended, openArena, paths } from './arena.js'
import { type Audit, auditRound, findLostVideos, supersededTasks } from './audit.js'
import type { Command, Kill, KilledStart, RoundPlan } from './round-plan.js'

export interface RoundResult extends Audit {
  plan: RoundPlan
  starts: number
  /** Where starts were killed, one item each. */
  kills: Kill['at'][]
  /** Faults that struck creates and downloads, by kind. */
  faults: Map<string, number>
  invalidLockfiles: number
  /** Sentences; empty when the promise held. */
  failures: string[]
}

/** So many starts without coming to rest mean that it never will. */
const mostStarts = 80

/**
 * Plays one round: starts that are killed, starts until all is done, the same for each retake, faults lifted, `reconcile`, and `run` until
 * nothing changes any more.
 *
 * @param bin The built binary.
 */
export async function playRound(plan: RoundPlan, bin: string): Promise<RoundResult> {
  const arena = await openArena(plan, bin)
  const game = new Game(plan, arena)
  let keepFolder = true
  try {
    const result = await game.play()
    keepFolder = result.failures.length > 0
    if (keepFolder) result.failures.push(`the folder is kept: ${arena.folder}`)
    return result
  } finally {
    await arena.close({ keepFolder })
  }
}

class Game {
  readonly #plan: RoundPlan
  readonly #arena: Arena
  readonly #kills: Kill['at'][] = []
  readonly #failures: string[] = []
  /** Tasks whose videos a `prune` may have deleted. */
  readonly #pruned = new Set<TaskId>()
  #starts = 0
  #invalidLockfiles = 0

  constructor(plan: RoundPlan, arena: Arena) {
    this.#plan = plan
    this.#arena = arena
  }

  async play(): Promise<RoundResult> {
    const { simulator } = this.#arena
    await this.#startAndKill(this.#plan.starts)
    let { status } = await this.#runUntilQuiet({ trusting: true })
    let { shots } = this.#plan
    for (const { prompts, starts, prunes } of this.#plan.retakes) {
      shots = shots.map((shot) => ({ ...shot, prompt: prompts[shot.name] ?? shot.prompt }))
      this.#arena.writeManifest(shots)
      await this.#startAndKill(starts)
      status = (await this.#runUntilQuiet({ trusting: true })).status
      await this.#prune(prunes)
    }
    simulator.faults = { noList: this.#plan.faults.noList }
    await tasksEnded(this.#arena)
    if (status !== 0) await this.#start('reconcile')
    await this.#runUntilQuiet({ trusting: false })

    const audit = await auditRound(this.#plan, this.#arena, this.#pruned)
    return {
      plan: this.#plan,
      starts: this.#starts,
      kills: this.#kills,
      faults: countFaults(this.#arena),
      invalidLockfiles: this.#invalidLockfiles,
      failures: [...this.#failures, ...failuresOf(audit, this.#plan)],
      ...audit,
    }
  }

  async #startAndKill(starts: readonly KilledStart[]): Promise<void> {
    for (const { command, kill } of starts) {
      const { status } = await this.#start(command, kill)
      if (status !== undefined) continue
      this.#kills.push(kill.at)
      this.#forget()
    }
  }

  /** What a killed `prune` has deleted and not put down, the next one takes out of the lockfile. */
  async #prune(prunes: readonly KilledStart[]): Promise<void> {
    if (prunes.length === 0) return
    for (const task of supersededTasks(this.#arena)) this.#pruned.add(task)
    await this.#startAndKill(prunes)
    await this.#start('prune')
  }

  /** @param trusting Takes exit status 0 for the end; otherwise one more run must find nothing to do. */
  async #runUntilQuiet({ trusting }: { trusting: boolean }): Promise<Ended> {
    for (let before = this.#situation(); ; ) {
      const ended = await this.#start('run')
      const after = this.#situation()
      if (after === before || (trusting && ended.status === 0)) return ended
      before = after
      if (this.#starts >= mostStarts) {
        this.#failures.push(`no rest after ${mostStarts} starts`)
        return ended
      }
    }
  }

  async #start(command: Command, kill?: Kill): Promise<Ended> {
    this.#starts++
    const ended = await this.#arena.start(command, kill)
    // 0: all done, 1: something failed, 4: something is live or unknown; every other one is no way to end here.
    if (ended.status !== undefined && ![0, 1, 4].includes(ended.status))
      this.#failures.push(`${command} ended with ${ended.status}: ${ended.output}`)
    try {
      const text = this.#arena.read(paths.lockfile)
      if (text !== undefined) parseLockfile(text, paths.lockfile)
    } catch (error) {
      this.#invalidLockfiles++
      this.#failures.push(`invalid lockfile after ${kill?.at ?? 'an end'}: ${(error as Error).message}`)
    }
    // Without its lockfile, shotlock does not know what lay in the place of a new video.
    const lost = this.#plan.forgets === 'nothing' ? findLostVideos(this.#arena, this.#pruned) : []
    for (const video of lost) this.#failures.push(`after ${kill?.at ?? 'an end'} of ${command}: ${video}`)
    return ended
  }

  #situation(): string {
    return `${acceptedCreates(this.#arena.simulator).length} ${this.#arena.read(paths.lockfile)}`
  }

  #forget(): void {
    const { forgets } = this.#plan
    if (forgets !== 'nothing') this.#arena.remove(paths.lockfile)
    if (forgets === 'everything') this.#arena.remove(paths.state)
  }
}

function failuresOf(audit: Audit, { faults }: RoundPlan): string[] {
  const failures: string[] = []
  if (audit.doubled > 0) failures.push(`${audit.doubled} creates too many`)
  if (audit.lost.length > 0) failures.push(`lost: ${audit.lost.join(', ')}`)
  if (audit.invented.length > 0) failures.push(`never sold: ${audit.invented.join(', ')}`)
  if (audit.unknownPaid.length > 0 && !faults.noList)
    failures.push(`not reconciled: ${audit.unknownPaid.join(', ')}`)
  if (audit.unfinished.length > 0) failures.push(`unfinished: ${audit.unfinished.join(', ')}`)
  if (audit.wrongFollows.length > 0) failures.push(`wrong chains: ${audit.wrongFollows.join('; ')}`)
  if (audit.wrongFiles.length > 0) failures.push(`wrong files: ${audit.wrongFiles.join('; ')}`)
  if (audit.wrongKept.length > 0) failures.push(`wrong kept videos: ${audit.wrongKept.join('; ')}`)
  if (audit.litter.length > 0) failures.push(`named by nothing: ${audit.litter.join(', ')}`)
  return failures
}

/** Only ended tasks are adopted, so those that nobody waits for must be given their time. */
async function tasksEnded({ simulator }: Arena): Promise<void> {
  for (;;) {
    const ended = new Set<string>()
    for (const entry of simulator.log()) {
      if (entry.event === 'status' && entry.status !== 'running' && entry.status !== 'queued')
        ended.add(entry.id)
    }
    if (acceptedCreates(simulator).every(({ id }) => ended.has(id))) return
    await sleep(50)
  }
}

function countFaults({ simulator }: Arena): Map<string, number> {
  const counts = new Map<string, number>()
  for (const entry of simulator.log()) {
    if ('fault' in entry && entry.fault !== undefined)
      counts.set(entry.fault, (counts.get(entry.fault) ?? 0) + 1)
  }
  return counts
}
