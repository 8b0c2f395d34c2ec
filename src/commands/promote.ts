import { draftExpiresAt, draftFaultWords } from '../core/draft-source.js'
import { RunnerError } from '../core/errors.js'
import { draftNameOf, type TakeName } from '../core/names.js'
import { selectTakes } from '../core/select.js'
import { type Take, takesOf } from '../core/shot.js'
import { didYouMean } from '../core/suggest.js'
import type { TaskId } from '../core/task.js'
import { draftDigestsOf, type LoadOptions, loadManifests } from '../engine/load-manifests.js'
import { type LedgerWorld, type OpenLedger, withLedgers } from '../engine/prepare-plans.js'

export interface PromoteOptions extends LoadOptions {
  /** Names of shots, or of takes for one of several: `fox-run`, `fox-run@2`; `*` stands for any text. */
  shots: readonly string[]
  /** Takes approvals back instead. */
  undo?: boolean | undefined
}

export interface PromoteReport {
  promoted: PromotedDraft[]
}

export interface PromotedDraft {
  manifest: string
  /** The take that gets a final. */
  take: TakeName
  /** The draft's task. */
  task: TaskId
  approved: boolean
  /** Until when the service makes a final of it, ISO time; left out where the task's id does not tell. */
  until?: string
  /** Whether it stood so before. */
  unchanged: boolean
}

/** A take with what stands against a final from its draft; `undefined` when nothing does. */
interface Candidate {
  open: OpenLedger
  take: Take
  fault: string | undefined
}

/**
 * Approves drafts: the next run makes finals from them. A name stands for every take of its shot that has a draft.
 *
 * @throws RunnerError `nothing-selected` when a name fits no shot, `cannot-promote` when no draft of a name can be made
 *   final; nothing is approved then.
 */
export async function promote(options: PromoteOptions, world: LedgerWorld): Promise<PromoteReport> {
  const { shots, undo = false } = options
  const { loaded } = await loadManifests(options, world.files, world.clock)
  return await withLedgers(loaded, world, async (ledgers) => {
    const chosen = new Set<Candidate>()
    const all = ledgers.flatMap((open) => candidatesIn(open, world.clock.now(), undo))
    for (const name of shots) for (const one of candidatesFor(name, all)) chosen.add(one)

    const promoted: PromotedDraft[] = []
    for (const { open, take } of chosen) promoted.push(await decide(take, open, !undo))
    return { promoted }
  })
}

function candidatesIn(open: OpenLedger, now: number, undo: boolean): Candidate[] {
  const digests = draftDigestsOf(open)
  return open.manifest.shots.flatMap(takesOf).map((take) => {
    const name = draftNameOf(take.name)
    const entry = open.ledger.states.get(name)?.entry
    const fault = (): string | undefined => {
      if (!entry) return 'has no draft: run --draft buys one'
      if (undo) return entry.approved ? undefined : 'has no approved draft'
      return draftFaultWords(entry, { digest: digests.get(name), now })
    }
    return { open, take, fault: fault() }
  })
}

/** @throws RunnerError `nothing-selected` or `cannot-promote` */
function candidatesFor(name: string, all: readonly Candidate[]): Candidate[] {
  const fits = selectTakes({ shots: [name] })!
  const named = all.filter(({ take }) => fits(take))
  const [first] = named
  if (!first) {
    const near = didYouMean(
      name,
      all.map(({ take }) => take.shot.name),
    )
    throw new RunnerError('nothing-selected', `Cannot promote "${name}": no shot fits${near}`, {
      hint: 'Shots are named as in the manifest; name@2 is the second take of one.',
    })
  }
  const fitting = named.filter(({ fault }) => fault === undefined)
  if (fitting.length > 0) return fitting
  throw new RunnerError('cannot-promote', `Cannot promote "${name}": "${first.take.name}" ${first.fault}`, {
    hint: 'See where drafts stand with: shotlock status. Nothing was approved.',
  })
}

async function decide({ name }: Take, open: OpenLedger, approved: boolean): Promise<PromotedDraft> {
  const draft = draftNameOf(name)
  const { task, approved: before = false } = open.ledger.states.get(draft)!.entry!
  const unchanged = before === approved
  if (!unchanged) await open.ledger.commit({ type: 'approved', take: draft, task: task!, approved })
  const expiresAt = draftExpiresAt(task!)
  return {
    manifest: open.manifest.name,
    take: name,
    task: task!,
    approved,
    ...(expiresAt === undefined ? {} : { until: new Date(expiresAt).toISOString() }),
    unchanged,
  }
}
