import { type Digest, type DigestPart, differingParts, digestOf } from '../core/digest.js'
import { RunnerError } from '../core/errors.js'
import { compareFacts, type FactChange } from '../core/explain-change.js'
import { classifyFailure, type FailureClass } from '../core/failure.js'
import { decisionsOf, type LedgerRecord } from '../core/ledger-state.js'
import type { LockEntry, LockStatus } from '../core/lockfile.js'
import { draftNameOf, splitTakeName, type TakeName } from '../core/names.js'
import type { Step } from '../core/plan.js'
import { type PlanView, viewPlan } from '../core/plan-view.js'
import { selectTakes } from '../core/select.js'
import { allTakesOf, type Take } from '../core/shot.js'
import { didYouMean } from '../core/suggest.js'
import type { TaskId } from '../core/task.js'
import { createdAtOf } from '../core/task-time.js'
import {
  boughtFactsNow,
  type FormerSource,
  findBought,
  type Question,
  readRecords,
} from '../engine/find-bought.js'
import { type PrepareOptions, type Preview, previewPlans } from '../engine/prepare-plans.js'
import type { Clock } from '../ports/clock.js'
import type { Files } from '../ports/files.js'
import type { Git } from '../ports/git.js'

export interface WhyOptions extends Omit<PrepareOptions, 'selection' | 'failed' | 'rejected'> {
  /** A shot, for all its takes and drafts, a take, or a glob over either. */
  shot: string
}

/** What was bought last for a take. */
export interface LastBought {
  status: LockStatus
  task?: TaskId
  provider: string
  /** ISO time; left out where neither the task's id nor the journal tells. */
  at?: string
  /** Whether the collected video is in its place on this machine. */
  here?: boolean
  /** Of a failure: the code, what it means, and the provider's words where the journal has them. */
  error?: string
  failure?: FailureClass
  message?: string
  /** Whether a person accepted or rejected it, and what they wrote on it. */
  approved?: boolean
  note?: string
}

/** How a take as the manifest has it now differs from what was bought. */
export interface Difference {
  /** The take that was compared: for one that waits for its draft, the draft. */
  of: TakeName
  /** The parts of the digest that differ. */
  parts: readonly DigestPart[]
  changes: readonly FactChange[]
  /** Parts whose former value is not known any more. */
  untold: readonly DigestPart[]
  /** Where the former value of each part was found. */
  sources: Partial<Readonly<Record<DigestPart, FormerSource>>>
  /** How many versions of the manifest git has; left out where it was not asked, or there is no repository. */
  versions?: number
}

/** What a run would do with a take as `plan` says it, and what that follows from. */
export type TakeReason = PlanView['steps'][number] & {
  /** The manifest no longer has it. */
  gone?: true
  /** Left out where nothing was bought yet. */
  bought?: LastBought
  /** Left out where nothing that decides the result has changed. */
  difference?: Difference
}

export interface WhyReport {
  /** Those that have such a take. */
  manifests: { manifest: string; file: string; takes: TakeReason[] }[]
}

/**
 * Says why a run would or would not buy a take: the step, its reason, and what exactly has changed since it was bought.
 * Nothing is sent and nothing is written.
 *
 * @throws RunnerError `nothing-selected` when no take fits, and all that `plan` throws.
 */
export async function why(
  { shot, ...options }: WhyOptions,
  { files, clock, git }: { files: Files; clock: Clock; git: Git },
): Promise<WhyReport> {
  // Selecting only afterwards: the plan is that of a whole run, and it also has what left the manifest.
  const { previews } = await previewPlans({ ...options, selection: {} }, { files, clock })
  const selects = shot === '' ? () => false : selectTakes({ shots: [shot] })!
  const manifests: WhyReport['manifests'] = []
  for (const preview of previews) {
    const takes = await explain(preview, selects, { files, git })
    const { name: manifest, file } = preview.plan.manifest
    if (takes.length > 0) manifests.push({ manifest, file, takes })
  }
  if (manifests.length === 0) throw nothingFits(shot, previews)
  return { manifests }
}

type Selects = NonNullable<ReturnType<typeof selectTakes>>

async function explain(
  preview: Preview,
  selects: Selects,
  { files, git }: { files: Files; git: Git },
): Promise<TakeReason[]> {
  const { plan, loaded } = preview
  const views = viewPlan(plan).steps
  const chosen = plan.steps.flatMap((step, index) => {
    const shot = { name: splitTakeName(step.name).shot, tags: [] }
    return selects({ name: step.name, shot }) ? [{ step, view: views[index]! }] : []
  })
  if (chosen.length === 0) return []

  const records = await readRecords(loaded.places, files)
  const takes = takesNamed(new Set(chosen.map(({ step }) => splitTakeName(step.name).shot)), preview)
  const asked = chosen.map(({ step }) => questionOf(step, takes, preview))
  const questions = asked.filter((question) => question !== undefined)
  const { former, versions } = await findBought(questions, loaded, { records, files, git })
  const differences = new Map(
    questions.map((question, index): [Question, Difference] => {
      const { facts, sources } = former[index]!
      const changes = compareFacts(facts, boughtFactsNow(question.take, loaded))
      const untold = question.parts.filter((part) => !changes.some((change) => change.part === part))
      const { take, parts } = question
      return [
        question,
        { of: take.name, parts, changes, untold, sources, ...(versions === undefined ? {} : { versions }) },
      ]
    }),
  )
  const heard = hear(records)
  return chosen.map(({ step, view }, index) => {
    const bought = lastBought(step.name, preview, heard)
    const difference = asked[index] && differences.get(asked[index])
    return {
      ...view,
      ...(takes.has(step.name) ? {} : { gone: true as const }),
      ...(bought ? { bought } : {}),
      ...(difference ? { difference } : {}),
    }
  })
}

function takesNamed(names: ReadonlySet<string>, { plan }: Preview): Map<TakeName, Take> {
  const shots = plan.manifest.shots.filter(({ name }) => names.has(name))
  return new Map(shots.flatMap(allTakesOf).map((take) => [take.name, take]))
}

/** What is to be compared; `undefined` when nothing was bought, or nothing has changed. */
function questionOf(
  step: Step,
  takes: ReadonlyMap<TakeName, Take>,
  { states, loaded }: Preview,
): Question | undefined {
  const waitsForDraft = step.kind === 'hold' && step.reason === 'draft-outdated'
  const name = waitsForDraft ? draftNameOf(step.name) : step.name
  const take = takes.get(name)
  const { intent, entry } = states.get(name) ?? {}
  const digest: Digest | undefined = intent?.digest ?? entry?.digest
  if (!take || digest === undefined || digest === loaded.earlierDigests.get(name)) return undefined
  const parts = differingParts(
    digest,
    digestOf(take, (path) => loaded.images.get(path)!.sha256),
  )
  return parts.length === 0 ? undefined : { take, digest, parts }
}

/** What journals say of tasks besides what the lockfile keeps. */
interface Heard {
  acceptedAt: ReadonlyMap<TaskId, string>
  ended: ReadonlyMap<TaskId, string>
  refused: ReadonlyMap<TakeName, { error: string; message: string | undefined }>
}

function hear(records: readonly LedgerRecord[]): Heard {
  const acceptedAt = new Map<TaskId, string>()
  const ended = new Map<TaskId, string>()
  const refused = new Map<TakeName, { error: string; message: string | undefined }>()
  for (const record of records) {
    if (record.type === 'accepted') acceptedAt.set(record.task, record.at)
    else if (record.type === 'ended' && record.message !== undefined) ended.set(record.task, record.message)
    else if (record.type === 'refused')
      refused.set(record.take, { error: record.error, message: record.message })
  }
  return { acceptedAt, ended, refused }
}

function lastBought(name: TakeName, { states, present }: Preview, heard: Heard): LastBought | undefined {
  const { entry, intent, sentAt } = states.get(name) ?? {}
  if (intent) return { status: 'unknown', provider: intent.provider, at: intent.at }
  if (!entry) return undefined
  const { status, task, provider, error, video } = entry
  const at = task === undefined ? sentAt : boughtAt(task, heard)
  const failure = failureOf(entry)
  const message = failure && messageOf(name, entry, heard)
  const { pick, ...judgement } = decisionsOf(entry)
  return {
    status,
    ...(task === undefined ? {} : { task }),
    provider,
    ...(at === undefined ? {} : { at }),
    ...(video === undefined ? {} : { here: present.has(name) }),
    ...(error === undefined ? {} : { error }),
    ...(failure === undefined ? {} : { failure }),
    ...(message === undefined ? {} : { message }),
    ...judgement,
  }
}

function failureOf({ status, task, error }: LockEntry): FailureClass | undefined {
  if (status === 'expired' || status === 'cancelled') return status
  return status === 'failed' ? classifyFailure(error ?? '', task !== undefined) : undefined
}

/** By the task's id, which tells the same on every machine, else by the journal. */
function boughtAt(task: TaskId, { acceptedAt }: Heard): string | undefined {
  const createdAt = createdAtOf(task)
  return createdAt === undefined ? acceptedAt.get(task) : new Date(createdAt).toISOString()
}

function messageOf(
  take: TakeName,
  { task, error }: LockEntry,
  { ended, refused }: Heard,
): string | undefined {
  if (task !== undefined) return ended.get(task)
  const last = refused.get(take)
  return last?.error === error ? last?.message : undefined
}

function nothingFits(shot: string, previews: readonly Preview[]): RunnerError {
  const left = previews.find(({ states }) =>
    [...states.keys()].some((name) => name === shot || splitTakeName(name).shot === shot),
  )
  if (left) {
    const message = `Cannot explain "${shot}": "${left.plan.manifest.file}" no longer has it, only the lockfile`
    return new RunnerError('nothing-selected', message, {
      hint: 'A run leaves it as it is. shotlock move OLD NEW keeps what was bought under a new name; shotlock prune drops it.',
    })
  }
  const takes = previews.flatMap(({ plan }) => plan.steps.map(({ name }) => name))
  const names = new Set<string>(takes.flatMap((name) => [splitTakeName(name).shot, name]))
  return new RunnerError(
    'nothing-selected',
    `Cannot explain "${shot}": no shot fits${didYouMean(shot, names)}`,
    {
      hint: 'Shots are named as in the manifest, takes as shot@2; * stands for any text. See them with: shotlock plan.',
    },
  )
}
