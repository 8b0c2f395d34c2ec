import picomatch from 'picomatch'
import { draftFaultWords } from '../core/draft-source.js'
import { RunnerError } from '../core/errors.js'
import { decisionsOf, lostCode } from '../core/ledger-state.js'
import type { LockEntry } from '../core/lockfile.js'
import { type ShotName, splitTakeName, type TakeName, takeName } from '../core/names.js'
import { noteFault, readNote } from '../core/note.js'
import { allTakesOf } from '../core/shot.js'
import { didYouMean } from '../core/suggest.js'
import type { TaskId } from '../core/task.js'
import { draftDigestsOf, type LoadOptions, loadManifests } from '../engine/load-manifests.js'
import { type LedgerWorld, type OpenLedger, withLedgers } from '../engine/prepare-plans.js'

export interface JudgeOptions extends LoadOptions {
  /** `fox-run` for take 1 of a shot, `fox-run@2`, `fox-run@draft`; `*` in the shot's name stands for any text. */
  takes: readonly string[]
  /** Accepted or rejected; `undefined`: undecided again. */
  approved?: boolean | undefined
  /** What is written on it, 1 to 500 characters; `undefined`: nothing. It replaces what was written before. */
  note?: string | undefined
}

export interface JudgeReport {
  judged: JudgedTake[]
}

export interface JudgedTake {
  manifest: string
  take: TakeName
  /** The task whose result was judged: bought anew, the take is undecided. */
  task: TaskId
  approved?: boolean
  note?: string
  /** Whether it stood so before. */
  unchanged: boolean
}

interface Candidate {
  open: OpenLedger
  take: TakeName
  entry: LockEntry | undefined
  /** What stands against the decision; `undefined` when nothing does. */
  fault: string | undefined
}

/**
 * Records that a person accepted or rejected what takes' tasks made, and what they wrote on it. It holds for the task
 * that the take has now. An accepted draft gets a final from the next run, as by `promote`.
 *
 * @throws RunnerError `nothing-selected` when a name fits no shot; `cannot-judge` when no take of a name has a result, or
 *   a draft can no longer be made final; `usage` for a note that cannot be kept. Nothing is changed then.
 */
export async function judge(options: JudgeOptions, world: LedgerWorld): Promise<JudgeReport> {
  const { takes, approved } = options
  const note = readNote(options.note)
  const fault = note === undefined ? undefined : noteFault(note)
  if (fault !== undefined)
    throw new RunnerError('usage', `Cannot write the note: ${fault}`, {
      hint: 'A note is one paragraph of 1 to 500 characters. Nothing was decided.',
    })
  const { loaded } = await loadManifests(options, world.files)
  return await withLedgers(loaded, world, async (ledgers) => {
    const chosen = new Map<string, Candidate>()
    for (const name of takes) {
      for (const one of candidatesFor(name, ledgers, { approved, now: world.clock.now() }))
        chosen.set(`${one.open.manifest.name}/${one.take}`, one)
    }
    const judged: JudgedTake[] = []
    for (const one of chosen.values()) judged.push(await decide(one, { approved, note }))
    return { judged }
  })
}

/** @throws RunnerError `nothing-selected` or `cannot-judge` */
function candidatesFor(
  address: string,
  ledgers: readonly OpenLedger[],
  decision: { approved: boolean | undefined; now: number },
): Candidate[] {
  const [, glob = address, number, draft] = /^(.*?)(?:@([1-9]\d*))?(@draft)?$/.exec(address) ?? []
  const fits = picomatch(glob, { dot: true, nobrace: false })
  const named = ledgers.flatMap((open) =>
    shotNamesIn(open)
      .filter((shot) => fits(shot))
      .map((shot) => {
        const take = takeName(shot, Number(number ?? 1), { draft: draft !== undefined })
        return candidateOf(take, open, decision)
      }),
  )
  const [first] = named
  const what = `Cannot judge "${address}"`
  if (!first) {
    const shots = ledgers.flatMap(({ manifest }) => manifest.shots.map((shot) => shot.name))
    throw new RunnerError('nothing-selected', `${what}: no shot fits${didYouMean(glob, shots)}`, {
      hint: 'Shots are named as in the manifest; name@2 is the second take of one, name@draft its draft.',
    })
  }
  const fitting = named.filter(({ fault }) => fault === undefined)
  if (fitting.length > 0) return fitting
  throw new RunnerError('cannot-judge', `${what}: "${first.take}" ${first.fault}`, {
    hint: 'See where takes stand with: shotlock status. Nothing was decided.',
  })
}

/** Shots of the manifest, and those that only the lockfile still has. */
function shotNamesIn({ manifest, ledger }: OpenLedger): ShotName[] {
  const names = new Set(manifest.shots.map(({ name }) => name))
  for (const take of ledger.states.keys()) names.add(splitTakeName(take).shot)
  return [...names]
}

function candidateOf(
  take: TakeName,
  open: OpenLedger,
  { approved, now }: { approved: boolean | undefined; now: number },
): Candidate {
  const entry = open.ledger.states.get(take)?.entry
  const { shot: name, number, draft } = splitTakeName(take)
  const fault = faultOf(entry)
  if (fault !== undefined || !draft || approved !== true) return { open, take, entry, fault }
  const shot = open.manifest.shots.find((one) => one.name === name)
  const isWanted = shot !== undefined && allTakesOf(shot).some((one) => one.name === take)
  const digest = draftDigestsOf(open).get(take)
  const words = isWanted
    ? draftFaultWords(entry!, { digest, now })
    : `is a draft of no take ${number} any more`
  return { open, take, entry, fault: words }
}

function faultOf(entry: LockEntry | undefined): string | undefined {
  if (!entry) return 'is not bought yet'
  const { status, error, task } = entry
  if (task === undefined) return 'has no task'
  if (error === lostCode) return 'is lost: the provider no longer has its result'
  if (status === 'submitted' || status === 'unknown') return 'is not done yet'
  if (status === 'failed') return 'has failed'
  return status === 'succeeded' ? undefined : `was ${status === 'expired' ? 'not done in time' : status}`
}

async function decide(
  { open, take, entry }: Candidate,
  { approved, note }: Pick<JudgeOptions, 'approved' | 'note'>,
): Promise<JudgedTake> {
  const task = entry!.task!
  const before = decisionsOf(entry!)
  const unchanged = before.approved === approved && before.note === note
  const judgement = {
    ...(approved === undefined ? {} : { approved }),
    ...(note === undefined ? {} : { note }),
  }
  if (!unchanged) await open.ledger.commit({ type: 'judged', take, task, ...judgement })
  return { manifest: open.manifest.name, take, task, ...judgement, unchanged }
}
