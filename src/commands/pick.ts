import picomatch from 'picomatch'
import { RunnerError } from '../core/errors.js'
import { lostCode } from '../core/ledger-state.js'
import type { LockEntry } from '../core/lockfile.js'
import { type ShotName, splitTakeName, type TakeName, takeName } from '../core/names.js'
import { picksIn } from '../core/pick.js'
import type { Shot } from '../core/shot.js'
import { didYouMean } from '../core/suggest.js'
import type { TaskId } from '../core/task.js'
import { type LoadOptions, loadManifests } from '../engine/load-manifests.js'
import { type LedgerWorld, type OpenLedger, withLedgers } from '../engine/prepare-plans.js'

export interface PickOptions extends LoadOptions {
  /** `fox-run` for take 1 of a shot, `fox-run@2` for take 2; `*` in the shot's name stands for any text. */
  shots: readonly string[]
  /** Takes picks back instead; a name without a number then means whichever take is picked. */
  undo?: boolean | undefined
}

export interface PickReport {
  picked: PickedTake[]
}

export interface PickedTake {
  manifest: string
  take: TakeName
  /** The task whose result was chosen: bought anew, the take is no longer picked. */
  task: TaskId
  picked: boolean
  /** The take that was the shot's pick until now. */
  instead?: TakeName
  /** Whether it stood so before. */
  unchanged: boolean
}

/** A take of a shot with what stands against the decision; `undefined` when nothing does. */
interface Candidate {
  open: OpenLedger
  shot: Shot
  take: TakeName
  entry: LockEntry | undefined
  /** The shot's pick until now. */
  before: TakeName | undefined
  fault: string | undefined
}

/**
 * Chooses one take of each shot that is named: what follows uses it, in the place of take 1. It is the only pick of its
 * shot, and holds for the task that the take has now.
 *
 * @throws RunnerError `nothing-selected` when a name fits no shot; `cannot-pick` when no take of a name has a result, or
 *   none is picked that could be taken back; `usage` when two names choose two takes of one shot. Nothing is changed then.
 */
export async function pick(options: PickOptions, world: LedgerWorld): Promise<PickReport> {
  const { shots: names, undo = false } = options
  const { loaded } = await loadManifests(options, world.files)
  return await withLedgers(loaded, world, async (ledgers) => {
    const all = ledgers.map((open) => ({ open, picks: picksIn(entriesOf(open)) }))
    const chosen = new Map<Shot, Candidate>()
    for (const name of names) {
      for (const one of candidatesFor(name, all, undo)) {
        const other = chosen.get(one.shot)
        if (other && other.take !== one.take) throw chosenTwice(one, other)
        chosen.set(one.shot, one)
      }
    }
    return { picked: await Promise.all([...chosen.values()].map((one) => decide(one, !undo))) }
  })
}

type PickedLedger = { open: OpenLedger; picks: ReadonlyMap<ShotName, TakeName> }

function entriesOf({ ledger }: OpenLedger): (readonly [TakeName, LockEntry | undefined])[] {
  return [...ledger.states].map(([take, { entry }]) => [take, entry] as const)
}

/** @throws RunnerError `nothing-selected` or `cannot-pick` */
function candidatesFor(name: string, all: readonly PickedLedger[], undo: boolean): Candidate[] {
  const [, glob = name, number] = /^(.*)@([1-9]\d*)$/.exec(name) ?? []
  const fits = picomatch(glob, { dot: true, nobrace: false })
  const named = all.flatMap(({ open, picks }) =>
    open.manifest.shots
      .filter((shot) => fits(shot.name))
      .map((shot) => candidateOf(shot, { open, picks, number, undo })),
  )
  const [first] = named
  const what = undo ? `Cannot take back the pick of "${name}"` : `Cannot pick "${name}"`
  if (!first) {
    const shots = all.flatMap(({ open }) => open.manifest.shots.map((shot) => shot.name))
    throw new RunnerError('nothing-selected', `${what}: no shot fits${didYouMean(glob, shots)}`, {
      hint: 'Shots are named as in the manifest; name@2 is the second take of one, name alone the first.',
    })
  }
  const fitting = named.filter(({ fault }) => fault === undefined)
  if (fitting.length > 0) return fitting
  throw new RunnerError('cannot-pick', `${what}: "${first.take}" ${first.fault}`, {
    hint: `See where takes stand with: shotlock status. Nothing was ${undo ? 'taken back' : 'picked'}.`,
  })
}

function candidateOf(
  shot: Shot,
  { open, picks, number, undo }: PickedLedger & { number: string | undefined; undo: boolean },
): Candidate {
  const before = picks.get(shot.name)
  const stated = number ? takeName(shot.name, Number(number)) : undefined
  const take = stated ?? (undo ? before : undefined) ?? takeName(shot.name, 1)
  const entry = open.ledger.states.get(take)?.entry
  const fault = undo ? (take === before ? undefined : 'is not picked') : faultOf(take, shot, entry)
  return {
    open,
    shot,
    take,
    entry,
    before,
    fault: fault ?? (entry?.task === undefined ? 'has no task' : undefined),
  }
}

function faultOf(take: TakeName, { takes }: Shot, entry: LockEntry | undefined): string | undefined {
  if (splitTakeName(take).number > takes)
    return `is not in the manifest: the shot has ${takes} ${takes === 1 ? 'take' : 'takes'}`
  if (!entry) return 'is not bought yet'
  const { status, error } = entry
  if (error === lostCode) return 'is lost: the provider no longer has its result'
  if (status === 'submitted' || status === 'unknown') return 'is not done yet'
  if (status === 'failed') return 'has failed'
  return status === 'succeeded' ? undefined : `was ${status === 'expired' ? 'not done in time' : status}`
}

function chosenTwice({ shot, take }: Candidate, other: Candidate): RunnerError {
  return new RunnerError(
    'usage',
    `Cannot pick "${other.take}" and "${take}": both are takes of "${shot.name}"`,
    {
      hint: 'A shot has one pick: name one of its takes. Nothing was picked.',
    },
  )
}

async function decide({ open, take, entry, before }: Candidate, picked: boolean): Promise<PickedTake> {
  const { manifest, ledger } = open
  const task = entry!.task!
  const unchanged = (before === take) === picked
  const other = picked && before !== take ? before : undefined
  const instead = other && { take: other, ...taskOf(ledger.states.get(other)!.entry!) }
  if (!unchanged)
    await ledger.commit({ type: 'picked', take, task, picked, ...(instead === undefined ? {} : { instead }) })
  return {
    manifest: manifest.name,
    take,
    task,
    picked,
    ...(other === undefined ? {} : { instead: other }),
    unchanged,
  }
}

function taskOf({ task }: LockEntry): { task?: TaskId } {
  return task === undefined ? {} : { task }
}
