import { RunnerError } from '../core/errors.js'
import { raiseTakes } from '../core/raise-takes.js'
import { type Selection, selectTakes } from '../core/select.js'
import { takesOf } from '../core/shot.js'
import type { Files } from '../ports/files.js'
import { type LoadOptions, loadManifests } from './load-manifests.js'

const most = 100

/**
 * Raises `takes` of the selected shots in the manifests themselves.
 *
 * @returns A function that takes it back, where nobody has written to a manifest since.
 * @throws RunnerError `nothing-selected`, `cannot-raise`, or `state-unwritable`; no manifest is changed then but those
 *   before it, which are put back.
 */
export async function raiseInManifests(
  options: LoadOptions & { selection: Selection },
  by: number,
  files: Files,
): Promise<() => Promise<void>> {
  const { loaded } = await loadManifests(options, files)
  const selects = selectTakes(options.selection)
  const undo: (() => Promise<void>)[] = []
  const takeBack = async () => {
    for (const one of undo.splice(0).reverse()) await one()
  }
  try {
    for (const { manifest, places } of loaded) {
      const shots = manifest.shots.filter((shot) => selects && takesOf(shot).some(selects))
      if (shots.length === 0) continue
      const fingerprint = await files.fingerprint(places.manifest)
      const before = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await files.read(places.manifest))
      let after = before
      for (const { name, takes } of shots) {
        if (takes + by > most) throw tooMany(name, takes + by)
        after = raiseTakes(after, name, { from: takes, by })
      }
      const written = await files
        .replaceIfSame(places.manifest, after, fingerprint)
        .catch((cause: unknown) => Promise.reject(unwritten(manifest.file, cause)))
      if (written === 'changed') throw changed(manifest.file)
      undo.push(async () => void (await files.replaceIfSame(places.manifest, before, written)))
    }
  } catch (error) {
    await takeBack()
    throw error
  }
  if (undo.length > 0) return takeBack
  throw new RunnerError('nothing-selected', 'Cannot raise takes: no shot fits', {
    hint: 'Name the shot: shotlock run --shot NAME --takes +2.',
  })
}

function tooMany(shot: string, takes: number): RunnerError {
  return new RunnerError(
    'cannot-raise',
    `Cannot raise the takes of "${shot}" to ${takes}: at most ${most} are possible`,
    {
      hint: 'Nothing was changed and nothing was sent.',
    },
  )
}

function unwritten(file: string, cause: unknown): RunnerError {
  const why = (cause as Error).message
  return new RunnerError('state-unwritable', `Cannot raise takes: "${file}" cannot be written: ${why}`, {
    cause,
    hint: 'Make room on the disk or make the folder writable. Nothing was sent.',
  })
}

function changed(file: string): RunnerError {
  return new RunnerError('cannot-raise', `Cannot raise takes: "${file}" was written to just now`, {
    hint: 'Save it in your editor and run again. Nothing was sent.',
  })
}
