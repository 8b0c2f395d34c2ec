import { dirname, join, relative, resolve } from 'node:path'
import { RunnerError } from '../core/errors.js'
import type { Plan } from '../core/plan.js'
import { viewPlan } from '../core/plan-view.js'
import { changeSince, type PlannedManifest, parseSavedPlan, type SavedPlan } from '../core/saved-plan.js'
import type { Clock } from '../ports/clock.js'
import type { Files } from '../ports/files.js'
import type { LoadedManifest } from './load-manifests.js'
import type { PreparedPart, PrepareOptions, Preview } from './prepare-plans.js'

/**
 * Writes what was planned into a file that `run` carries out.
 *
 * @param path Absolute.
 * @throws RunnerError `state-unwritable`
 */
export async function savePlan(
  path: string,
  previews: readonly Preview[],
  options: PrepareOptions & { provider: string },
  { files, clock, newId }: { files: Files; clock: Clock; newId: () => string },
): Promise<SavedPlan> {
  const {
    provider,
    rehearsal,
    selection,
    force = false,
    failed = false,
    rejected = false,
    draft = false,
    stale = false,
    fit = false,
  } = options
  const saved: SavedPlan = {
    planVersion: 1,
    id: newId(),
    madeAt: new Date(clock.now()).toISOString(),
    provider,
    rehearsal,
    options: {
      selection,
      force,
      failed,
      draft,
      ...(rejected && { rejected }),
      ...(stale && { stale }),
      ...(fit && { fit }),
    },
    manifests: previews.map(({ plan, loaded, lockfileSha256 }) =>
      plannedManifest({ ...loaded, plan, lockfileSha256 }, dirname(path)),
    ),
  }
  try {
    await files.replace(path, `${JSON.stringify(saved, null, 2)}\n`)
  } catch (cause) {
    throw new RunnerError('state-unwritable', `Cannot write to "${path}": ${(cause as Error).message}`, {
      cause,
      hint: 'Name a file in a folder that is writable. Nothing was sent.',
    })
  }
  return saved
}

/**
 * Reads a saved plan.
 *
 * @param path Absolute.
 * @throws RunnerError `plan-invalid`
 */
export async function loadPlan(path: string, shownAs: string, files: Files): Promise<SavedPlan> {
  const bytes = await files.read(path)
  if (!bytes) {
    throw new RunnerError('plan-invalid', `Cannot read the plan "${shownAs}": there is no such file`, {
      hint: 'Make one: shotlock plan --out FILE.',
    })
  }
  return parseSavedPlan(new TextDecoder().decode(bytes), shownAs)
}

/**
 * The options that a saved plan was made with, so that it is made again and can be compared.
 *
 * @param path The plan's file, absolute.
 */
export function optionsOf(
  { options, rehearsal, provider, manifests }: SavedPlan,
  path: string,
  cwd: string,
): Omit<PrepareOptions, 'rates'> {
  const paths = manifests.map(({ file }) => relative(cwd, resolve(dirname(path), ...file.split('/'))))
  return { ...options, cwd, paths, rehearsal, provider }
}

/**
 * Makes sure that a saved plan is what would be planned now, and that nobody has carried it out.
 *
 * @param path The plan's file, absolute.
 * @returns A function that marks it as carried out; to be called before the first create.
 * @throws RunnerError `plan-stale` or `plan-used`.
 */
export async function requireCurrent(
  saved: SavedPlan,
  path: string,
  parts: readonly PreparedPart[],
  files: Files,
): Promise<() => Promise<void>> {
  const used = () =>
    new RunnerError('plan-used', 'Cannot run the plan: it was carried out before', {
      hint: 'Make a new one: shotlock plan --out FILE. Nothing was sent.',
    })
  const mark = join(parts[0]!.places.projectRoot, '.shotlock', 'plans', saved.id)
  if (await files.exists(mark)) throw used()

  const now = parts.map((part) =>
    plannedManifest({ ...part, lockfileSha256: part.ledger.lockfileSha256 }, dirname(path)),
  )
  for (const [index, before] of saved.manifests.entries()) {
    const after = now[index]
    const change = after ? changeSince(before, after) : `${before.file} is gone`
    if (change === undefined) continue
    throw new RunnerError('plan-stale', `Cannot run the plan: ${change} since it was made`, {
      hint: 'Make a new one and look at it: shotlock plan --out FILE. Nothing was sent.',
    })
  }
  return async () => {
    if (!(await files.createNew(mark, ''))) throw used()
  }
}

function plannedManifest(
  {
    plan,
    places,
    sha256,
    lockfileSha256,
  }: { plan: Plan; lockfileSha256: string | undefined } & Pick<LoadedManifest, 'places' | 'sha256'>,
  folder: string,
): PlannedManifest {
  return {
    file: relative(folder, places.manifest).replaceAll('\\', '/'),
    sha256: sha256(),
    lockfileSha256: lockfileSha256 ?? null,
    plan: viewPlan(plan),
  }
}
