import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { manifestName } from '../core/manifest.js'
import type { TakeName } from '../core/names.js'
import { type OutputPaths, outputFolder, outputPaths } from '../core/output-path.js'
import type { Shot } from '../core/shot.js'
import type { TaskId } from '../core/task.js'
import type { Files } from '../ports/files.js'
import type { Ledger } from './ledger.js'

/** Where everything of one manifest lives. Paths are absolute. */
export interface Places {
  manifest: string
  /** The manifest's folder: what paths in manifest and lockfile are relative to. */
  folder: string
  /** Nothing outside of it is read. */
  projectRoot: string
  lockfile: string
  journal: string
  /** Journals of the past, where every task that was ever bought stays known. */
  archive: string
  /** Whether a lockfile that has forgotten tasks gets them back from there; a rehearsal may begin anew. */
  recalls: boolean
  processLock: string
  /** Where a take's video goes from now on, relative to `folder`, with `/`. What was collected is where the lockfile says. */
  output: OutputPaths
  /** The folder of videos whose shots state no other, relative to `folder`, with `/`. */
  outputFolder: string
  /** Where videos of tasks wait whose take is not known, relative to `folder`, with `/`. */
  unclaimedFolder: string
  /** The place of one of them in there, relative to `folder`. */
  unclaimed(task: TaskId): string
}

const rootMarks = ['.git', 'package.json', '.shotlock']

/**
 * Decides where a manifest's files live. A rehearsal (on the simulator) never touches the ledger: it has its own
 * lockfile, journal and results.
 *
 * @param options.shots Those of the manifest, which may state places of their own.
 */
export async function placesOf(
  manifestPath: string,
  { files, rehearsal, shots }: { files: Files; rehearsal: boolean; shots: readonly Shot[] },
): Promise<Places> {
  const manifest = resolve(manifestPath)
  const folder = dirname(manifest)
  const projectRoot = await findProjectRoot(folder, files)
  const name = manifestName(manifest)
  const unclaimedFolder = `out/${rehearsal ? 'simulator/' : ''}unclaimed`
  const state = join(
    projectRoot,
    '.shotlock',
    rehearsal ? 'rehearsal' : 'ledger',
    relative(projectRoot, folder),
  )
  return {
    manifest,
    folder,
    projectRoot,
    lockfile: join(folder, rehearsal ? `${name}.simulator.lock.yaml` : `${name}.lock.yaml`),
    journal: join(state, `${name}.journal.jsonl`),
    archive: join(state, `${name}.archive.jsonl`),
    recalls: !rehearsal,
    processLock: join(state, `${name}.lock`),
    output: outputPaths({ name, shots }, { rehearsal }),
    outputFolder: outputFolder(name, { rehearsal }),
    // Relays choose the shape of ids; as a file name only the harmless part of it is kept.
    unclaimed: (task) => `${unclaimedFolder}/${task.replace(/[^\w.-]/g, '_')}.mp4`,
    unclaimedFolder,
  }
}

/** The nearest folder upward that marks a project, else the folder itself. */
export async function findProjectRoot(folder: string, files: Pick<Files, 'exists'>): Promise<string> {
  return (await findMarkedRoot(folder, files)) ?? folder
}

/** The nearest folder upward that marks a project; `undefined` when none does. */
export async function findMarkedRoot(
  folder: string,
  files: Pick<Files, 'exists'>,
): Promise<string | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    for (const mark of rootMarks) {
      if (await files.exists(join(at, mark))) return at
    }
    if (dirname(at) === at) return undefined
  }
}

/**
 * Whether a path of the lockfile, relative to the manifest, stays inside the project. Lockfiles come from other people
 * as well, and what lies elsewhere is not ours to write to.
 */
export function staysInside(
  path: string,
  { folder, projectRoot }: Pick<Places, 'folder' | 'projectRoot'>,
): boolean {
  return !/^([\\/]|[a-z]:)/i.test(path) && isInside(join(folder, path), projectRoot)
}

/** Whether `path` lies inside `root`; both absolute and free of links. */
export function isInside(path: string, root: string): boolean {
  const way = relative(root, path)
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way))
}

/** Where a task's video goes: where the lockfile has it, if it was collected before, else where the manifest says. */
export function videoPlace(
  { places, ledger }: { places: Places; ledger: Pick<Ledger, 'states'> },
  name: TakeName,
  task: TaskId,
): string {
  const { entry } = ledger.states.get(name) ?? {}
  const { video, seed } = entry?.task === task ? entry : {}
  return video !== undefined && staysInside(video, places) ? video : places.output(name, { seed, task })
}
