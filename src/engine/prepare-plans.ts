import { join, relative } from 'node:path'
import { type ArchivedEntry, readArchive, recallEntries } from '../core/archive.js'
import { RunnerError } from '../core/errors.js'
import { type EstimateContext, withLastFrames } from '../core/estimate.js'
import { placeEntry, type TakeState } from '../core/ledger-state.js'
import { accountLimits, type ModelProfile } from '../core/models.js'
import type { TakeName } from '../core/names.js'
import { type Plan, type PlanOptions, planRun } from '../core/plan.js'
import type { Rate } from '../core/prices.js'
import type { Problem } from '../core/problem.js'
import { type Selection, selectTakes } from '../core/select.js'
import { framedTakesOf, takesOf } from '../core/shot.js'
import type { Clock } from '../ports/clock.js'
import type { Files } from '../ports/files.js'
import type { ProcessLocks } from '../ports/process-locks.js'
import type { World } from '../ports/world.js'
import { agreement } from './agreement.js'
import { seedDrawer } from './draw-seed.js'
import type { PlanPart } from './execute-plan.js'
import { InlineMedia } from './inline-media.js'
import { Ledger, readable, readStates } from './ledger.js'
import {
  digestsFor,
  findFrames,
  findPresent,
  type LoadedManifest,
  type LoadOptions,
  loadManifests,
} from './load-manifests.js'
import { mediaFacts } from './media.js'
import type { Places } from './places.js'
import { type TakeCosts, takeCosts } from './take-costs.js'

/** What working on ledgers takes of the world. */
export type LedgerWorld = Pick<World, 'files' | 'clock' | 'locks' | 'mark' | 'fitter'>

export interface PrepareOptions
  extends LoadOptions,
    Pick<PlanOptions, 'force' | 'failed' | 'rejected' | 'provider' | 'draft' | 'stale'> {
  selection: Selection
  /** Whether smaller copies are sent of images that are too large, whatever the manifests say. Default false. */
  fit?: boolean | undefined
  /** Prices from elsewhere than the manifests: `nearer` ones come before theirs, `farther` ones after. */
  rates?: { nearer?: readonly Rate[]; farther?: readonly Rate[] } | undefined
  /** Most bytes of base64 that local media may take in memory while they are sent; default: 256 MB. */
  mediaMemoryBytes?: number | undefined
}

/** A plan together with what it was decided from. */
export interface Preview {
  loaded: LoadedManifest
  plan: Plan
  states: ReadonlyMap<TakeName, TakeState>
  /** Takes whose video is in its place. */
  present: ReadonlySet<TakeName>
  /** Videos that were fetched and whose take is not known, relative to the manifest, with `/`. */
  unclaimed: readonly string[]
  costs: TakeCosts
  /** Of the lockfile, in hexadecimal; `undefined` when there is none. */
  lockfileSha256: string | undefined
}

/** Plans that only look: nothing is locked, and nothing but a cache is written. */
export async function previewPlans(
  options: PrepareOptions,
  { files, clock }: { files: Files; clock: Clock },
): Promise<{ previews: Preview[]; warnings: Problem[] }> {
  const { loaded, warnings } = await loadManifests(options, files)
  const planOptions = decide(loaded, options, clock)
  const previews: Preview[] = []
  for (const one of loaded) {
    const { states, lockfileSha256 } = await readStates(one.places, { files })
    const first = await planOne(one, states, planOptions, files)
    const recalled = await findRecalls(one, first.plan, states, files)
    for (const { take, entry, sentAt } of recalled)
      states.set(take, { ...placeEntry(states.get(take), entry), sentAt })
    const found = recalled.length > 0 ? await planOne(one, states, planOptions, files) : first
    const costs = costsOf(one, states, options)
    const unclaimed = await findUnclaimed(one.places, files)
    previews.push({ ...found, loaded: one, states, costs, unclaimed, lockfileSha256 })
  }
  return { previews, warnings }
}

async function findUnclaimed({ folder, unclaimedFolder }: Places, files: Files): Promise<string[]> {
  const paths = await files.filesBelow(join(folder, unclaimedFolder))
  return paths
    .filter((path) => path.endsWith('.mp4'))
    .map((path) => relative(folder, path).replaceAll('\\', '/'))
}

async function planOne(
  one: LoadedManifest,
  states: ReadonlyMap<TakeName, TakeState>,
  { rates, ...options }: DecidedOptions,
  files: Files,
): Promise<Pick<Preview, 'plan' | 'present'>> {
  const present = await findPresent(one, states, files)
  const frames = await findFrames(one, states, files)
  const { manifest } = one
  const digests = digestsFor(one, states, { drafts: options.draft })
  const estimateWith = estimateContext(one, rates)
  return { plan: planRun({ manifest, states, digests, present, frames, estimateWith }, options), present }
}

function costsOf(
  one: LoadedManifest,
  states: ReadonlyMap<TakeName, TakeState>,
  { rates, provider, draft }: PrepareOptions,
): TakeCosts {
  return takeCosts({
    manifest: one.manifest,
    digests: digestsFor(one, states, { drafts: draft }),
    states,
    estimateWith: { ...estimateContext(one, rates), provider },
  })
}

/** What estimates of a manifest's takes are made with: the prices of all places, and what its files tell. */
export function estimateContext(
  { manifest, images }: LoadedManifest,
  rates: PrepareOptions['rates'],
): Omit<EstimateContext, 'provider'> {
  return {
    rates: [...(rates?.nearer ?? []), ...(manifest.rates ?? []), ...(rates?.farther ?? [])],
    facts: withLastFrames(manifest.shots, (media) => mediaFacts(media, images)),
  }
}

/** Tasks that this machine bought for what the plan would buy, and that the lockfile has forgotten. */
async function findRecalls(
  { places }: LoadedManifest,
  { steps }: Plan,
  states: ReadonlyMap<TakeName, TakeState>,
  files: Files,
): Promise<ArchivedEntry[]> {
  if (!places.recalls || !steps.some(({ kind }) => kind === 'generate')) return []
  const bytes = await readable(() => files.read(places.archive), places.archive)
  return bytes ? recallEntries(steps, states, readArchive(bytes)) : []
}

export interface PreparedPart extends PlanPart, LoadedManifest {
  /** Decides anew, from what the ledger knows by now. */
  replan: () => Promise<Plan>
}

/** Plans with the ledgers they will be carried out on, locked against every other run. */
export interface PreparedRun {
  parts: PreparedPart[]
  warnings: Problem[]
  /** Writes the lockfiles and gives the locks back; call it whatever happened. */
  close(): Promise<void>
}

/**
 * Locks every manifest, opens its ledger and plans from it.
 *
 * @throws RunnerError `run-in-progress` when another process works on one of them, and all that reading throws.
 */
export async function prepareRun(options: PrepareOptions, world: LedgerWorld): Promise<PreparedRun> {
  const { loaded, warnings } = await loadManifests({ ...options, cached: false }, world.files, world.clock)
  const planOptions = decide(loaded, options, world.clock)
  const { ledgers, close } = await openLedgers(loaded, world)

  const inlineMedia = new InlineMedia(world.files, {
    limitBytes: options.mediaMemoryBytes,
    onChanged: async (path) => await loaded[0]?.mediaCache.forget(path),
  })

  const drawSeed = seedDrawer(ledgers)

  const parts: PreparedPart[] = []
  try {
    for (const { ledger, ...one } of ledgers) {
      const replan = async () => (await planOne(one, ledger.states, planOptions, world.files)).plan
      const first = await replan()
      const recalled = await findRecalls(one, first, ledger.states, world.files)
      for (const { take, entry, sentAt } of recalled)
        await ledger.commit({ type: 'placed', take, entry, ...(sentAt === undefined ? {} : { sentAt }) })
      const plan = recalled.length > 0 ? await replan() : first
      const costs = costsOf(one, ledger.states, options)
      const isUnchanged = agreement(one, world.files)
      const framed = new Set(framedTakesOf(one.manifest.shots).map(({ name }) => name))
      const keepsFrame = (take: TakeName) => framed.has(take)
      parts.push({ ...one, plan, ledger, replan, costs, isUnchanged, keepsFrame, inlineMedia, drawSeed })
    }
  } catch (error) {
    await close().catch(() => undefined)
    throw error
  }
  return { parts, warnings, close }
}

/** A manifest with its ledger, locked against every other run. */
export interface OpenLedger extends LoadedManifest {
  ledger: Ledger
}

/**
 * Locks every manifest and opens its ledger.
 *
 * @returns With `close`, which writes the lockfiles and gives the locks back; to be called whatever happens.
 * @throws RunnerError `run-in-progress` when another process works on one of them, and all that reading throws.
 */
export async function openLedgers(
  loaded: readonly LoadedManifest[],
  world: LedgerWorld,
): Promise<{ ledgers: OpenLedger[]; close: () => Promise<void> }> {
  const closers: (() => Promise<void>)[] = []
  const close = async () => {
    const failures: unknown[] = []
    for (const closer of closers.splice(0).reverse())
      await closer().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }

  const ledgers: OpenLedger[] = []
  try {
    for (const one of loaded) {
      closers.push(await lock(one, world.locks))
      const ledger = await Ledger.open(one.places, world)
      closers.push(() => ledger.close())
      ledgers.push({ ...one, ledger })
    }
    for (const cache of new Set(loaded.map(({ mediaCache }) => mediaCache))) closers.push(() => cache.save())
  } catch (error) {
    await close().catch(() => undefined)
    throw error
  }
  return { ledgers, close }
}

/** Opens ledgers, works on them and closes them whatever happens. What `work` throws goes before what closing throws. */
export async function withLedgers<T>(
  loaded: readonly LoadedManifest[],
  world: LedgerWorld,
  work: (ledgers: readonly OpenLedger[]) => Promise<T>,
): Promise<T> {
  const { ledgers, close } = await openLedgers(loaded, world)
  let result: T
  try {
    result = await work(ledgers)
  } catch (error) {
    await close().catch(() => undefined)
    throw error
  }
  await close()
  return result
}

/** The limits of the account for everything that plans would buy. */
export function limitsOf(plans: readonly Plan[]): ModelProfile['account'] {
  const ids = new Set<string>()
  for (const step of plans.flatMap(({ steps }) => steps)) {
    if (step.kind !== 'generate') continue
    const { model, modelProfile = model } = step.take.shot
    ids.add(modelProfile)
  }
  return accountLimits(ids)
}

type DecidedOptions = PlanOptions & Pick<PrepareOptions, 'rates'>

function decide(
  loaded: readonly LoadedManifest[],
  { selection, force, failed, rejected, provider, draft, stale, rates }: PrepareOptions,
  clock: Clock,
): DecidedOptions {
  const selects = selectFrom(loaded, selection)
  return { selects, force, failed, rejected, provider, draft, stale, rates, now: clock.now() }
}

/**
 * The selection as a test of takes; `undefined` when it selects everything.
 *
 * @throws RunnerError `nothing-selected` when no take of the manifests fits.
 */
export function selectFrom(
  loaded: readonly LoadedManifest[],
  selection: Selection,
): ReturnType<typeof selectTakes> {
  const selects = selectTakes(selection)
  if (selects && !loaded.some(({ manifest }) => manifest.shots.some((shot) => takesOf(shot).some(selects)))) {
    const words = [...(selection.shots ?? []), ...(selection.tags ?? [])]
      .map((word) => `"${word}"`)
      .join(', ')
    throw new RunnerError('nothing-selected', `Cannot select ${words}: no shot fits`, {
      hint: 'Shots are named as in the manifest; * stands for any text. See them with: shotlock plan.',
    })
  }
  return selects
}

async function lock({ places, manifest }: LoadedManifest, locks: ProcessLocks): Promise<() => Promise<void>> {
  const result = await acquire(places.processLock, locks)
  if ('release' in result) return result.release
  const { pid, host } = result.heldBy
  throw new RunnerError(
    'run-in-progress',
    `Cannot run "${manifest.file}": process ${pid} on ${host} is running it`,
    {
      hint: `Wait for it to end. If there is no such process any more, remove ${places.processLock}.`,
    },
  )
}

async function acquire(path: string, locks: ProcessLocks) {
  try {
    return await locks.acquire(path)
  } catch (cause) {
    throw new RunnerError('state-unwritable', `Cannot write to "${path}": ${(cause as Error).message}`, {
      cause,
      hint: 'Make room on the disk or make the folder writable. Nothing was sent.',
    })
  }
}
