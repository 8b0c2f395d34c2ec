import { basename, join, relative } from 'node:path'
import { readArchive } from '../core/archive.js'
import { type Bill, billsOf, type ChargeInput, chargesOf } from '../core/charges.js'
import { type CostGrouping, type CostSummary, sumCosts } from '../core/cost.js'
import { type Digest, modelReader } from '../core/digest.js'
import { RunnerError } from '../core/errors.js'
import type { LockEntries } from '../core/lockfile.js'
import { readLockfile } from '../core/merge-lockfiles.js'
import { knownModelIds } from '../core/models.js'
import { selectTakes } from '../core/select.js'
import type { TaskId } from '../core/task.js'
import { readable, readStates } from '../engine/ledger.js'
import { digestsFor, type LoadedManifest, type LoadOptions, loadManifests } from '../engine/load-manifests.js'
import type { Places } from '../engine/places.js'
import { estimateContext, type PrepareOptions, selectFrom } from '../engine/prepare-plans.js'
import type { Files } from '../ports/files.js'
import type { Git } from '../ports/git.js'

/** The history that costs are told since. */
export type CostHistory = Pick<Git, 'root' | 'commitOf' | 'show'>

export interface CostOptions extends LoadOptions, Pick<PrepareOptions, 'selection' | 'rates'> {
  /** Default `shot`. */
  by?: CostGrouping | undefined
  /** A commit of the project's git history: only what was spent after it counts. */
  since?: string | undefined
}

export interface CostReport extends CostSummary {
  /** Set when it was asked for. */
  since?: {
    ref: string
    /** Ids of the commits that it names: one for each repository that the manifests are in. */
    commits: string[]
    /** Manifests that had no lockfile then, by their files: all of theirs counts. */
    absent: string[]
  }
}

/**
 * Says what was spent, from lockfiles and journals. Nobody is asked, nothing is written.
 *
 * @throws RunnerError `no-git` or `usage` when the commit of `since` cannot be found, `nothing-selected`, and all that
 *   reading manifests and lockfiles throws.
 */
export async function cost(
  options: CostOptions,
  world: { files: Files; git: CostHistory },
): Promise<CostReport> {
  const { selection, by = 'shot', since } = options
  const { loaded } = await loadManifests(options, world.files)
  const inputs: ChargeInput[] = []
  for (const one of loaded) inputs.push(await readInput(one, options, world.files))

  const selects = selectTakes(selection)
  const models = loaded.flatMap(({ manifest }) => manifest.shots.map(({ model }) => model))
  const modelOf = modelReader([...knownModelIds(), ...models])
  const earlier = since === undefined ? undefined : await readEarlier(loaded, since, world)
  const charges = inputs.flatMap((input) => chargesOf(input, { selects, modelOf, before: earlier?.bills }))
  if (charges.length === 0) selectFrom(loaded, selection)
  return { ...sumCosts(charges, by), ...(earlier ? { since: earlier.since } : {}) }
}

async function readInput(one: LoadedManifest, { rates }: CostOptions, files: Files): Promise<ChargeInput> {
  const { manifest, places } = one
  const { states } = await readStates(places, { files })
  const digests = digestsFor(one, states)
  const estimateWith = estimateContext(one, rates)
  const hasPast = [...states.values()].some(({ entry }) => entry?.previous)
  const boughtFor = hasPast ? await readBoughtFor(places, files) : undefined
  return { manifest, states, digests, estimateWith, boughtFor }
}

/** What the tasks of the past were bought for, as far as this machine bought them. */
async function readBoughtFor(
  { archive }: Places,
  files: Files,
): Promise<ReadonlyMap<TaskId, Digest> | undefined> {
  const bytes = await readable(() => files.read(archive), archive)
  if (!bytes) return undefined
  const archived = readArchive(bytes)
  return new Map(archived.flatMap(({ entry }) => (entry.task ? [[entry.task, entry.digest] as const] : [])))
}

/** The bills that the lockfiles of a commit hold. A task that was renamed from one manifest to another is still known. */
async function readEarlier(
  loaded: readonly LoadedManifest[],
  ref: string,
  world: { files: Files; git: CostHistory },
): Promise<{ bills: ReadonlyMap<string, Bill>; since: NonNullable<CostReport['since']> }> {
  const commits = new Set<string>()
  const absent: string[] = []
  const lockfiles: LockEntries[] = []
  for (const { manifest, places } of loaded) {
    const { commit, entries } = await readLockfileAt(places, ref, world)
    commits.add(commit)
    if (entries) lockfiles.push(entries)
    else absent.push(manifest.file)
  }
  return { bills: billsOf(lockfiles), since: { ref, commits: [...commits], absent } }
}

async function readLockfileAt(
  { folder, lockfile }: Places,
  ref: string,
  { files, git }: { files: Files; git: CostHistory },
): Promise<{ commit: string; entries: LockEntries | undefined }> {
  const root = await git.root(folder)
  if (root === undefined) {
    throw new RunnerError('no-git', `Cannot look up "${ref}": "${folder}" is not under git`, {
      hint: 'Without --since everything that the lockfiles hold is counted. If it is under git, check that git can be run.',
    })
  }
  const commit = await git.commitOf(ref, root)
  if (commit === undefined) {
    throw new RunnerError('usage', `Cannot use --since ${ref}: there is no such commit`, {
      hint: 'Name a branch, a tag, a commit, or an expression such as HEAD~3.',
    })
  }
  // Git tells its root with every link resolved.
  const path = join((await files.realPath(folder)) ?? folder, basename(lockfile))
  const bytes = await git.show(commit, path, root)
  const named = `${ref}:${relative(root, path).replaceAll('\\', '/')}`
  return { commit, entries: bytes && readLockfile(bytes, named).entries }
}
