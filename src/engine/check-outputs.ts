import { join } from 'node:path'
import type { ParsedManifest } from '../core/manifest.js'
import { splitTakeName, type TakeName } from '../core/names.js'
import {
  collisionMessage,
  findCollisions,
  groupAlike,
  outputKey,
  type TakeClaim,
} from '../core/output-collisions.js'
import { type OutputPaths, outputPaths } from '../core/output-path.js'
import { allTakesOf, statedSeed, type Take, takesOf } from '../core/shot.js'
import { isInside, type Places } from './places.js'

/** A manifest as it was read. */
interface ReadOutputs {
  parsed: ParsedManifest
  places: Pick<Places, 'folder' | 'projectRoot'>
}

interface WithPaths extends ReadOutputs {
  pathOf: OutputPaths
}

/** A take's place, and where to say what is wrong with it. */
interface PlacedTake extends TakeClaim {
  report: ParsedManifest['report']
}

/**
 * Reports outputs that leave the project, and takes of one command, drafts among them, whose videos would be written to
 * the same place. A rehearsal hears of the same. What lies there already is for `requireFreePlaces` to say.
 */
export function checkOutputs(read: readonly ReadOutputs[]): void {
  const sound = read.filter(({ parsed }) => parsed.problems.every(({ code }) => code !== 'output-path'))
  // The usual places of manifests are apart.
  if (sound.every(({ parsed }) => parsed.manifest.shots.every(({ output }) => output === undefined))) return
  const placed = sound.map((one) => ({
    ...one,
    pathOf: outputPaths(one.parsed.manifest, { rehearsal: false }),
  }))
  for (const one of placed) checkInside(one)
  const claims = placed.flatMap((one, at) =>
    one.parsed.manifest.shots.flatMap(allTakesOf).map((take) => claimOf(take, one, at)),
  )
  // Drafts of takes that collide do so as well: the takes say enough.
  const isDraft = (name: TakeName) => splitTakeName(name).draft
  const collisions = findCollisions(claims).filter(
    ({ first, second }) => !(isDraft(first.name) && isDraft(second.name)),
  )
  for (const group of groupAlike(collisions)) {
    const [{ first, second }] = group
    const { report, shot } = second.shot.output === undefined ? first : second
    report(shot.name, ['output'], {
      code: 'output-collision',
      severity: 'error',
      message: collisionMessage(group),
    })
  }
}

function checkInside({ parsed, places, pathOf }: WithPaths): void {
  for (const shot of parsed.manifest.shots) {
    if (shot.output === undefined) continue
    const path = pathOf(takesOf(shot)[0]!.name)
    if (isInside(join(places.folder, path), places.projectRoot)) continue
    parsed.report(shot.name, ['output'], {
      code: 'output-path',
      severity: 'error',
      message: `"${path}" lies outside the project; results are kept inside`,
    })
  }
}

function claimOf(take: Take, { parsed, places, pathOf }: WithPaths, at: number): PlacedTake {
  const { name, shot } = take
  const seed = statedSeed(take)
  // A seed that is drawn is no other take's: it stands for itself, behind a mark that no path holds.
  const path = pathOf(name, { seed: seed ?? `?${at}:${name}?` })
  const shown = path.includes('?') ? pathOf(name, { seed: '{seed}' }) : path
  const { report, manifest } = parsed
  return { key: outputKey(join(places.folder, path)), name, shot, file: manifest.file, shown, report }
}
