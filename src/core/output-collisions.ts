import { nameKey, splitTakeName, type TakeName } from './names.js'
import { type OutputField, outputFields, outputNames } from './output-path.js'
import type { Shot } from './shot.js'

/** A file that a take's video is, or will be. */
export interface OutputClaim {
  /** The whole path, as `outputKey` has it. */
  key: string
}

/** Two claims that cannot both be. `folder`: the path of one is a folder in that of the other. */
export interface OutputCollision<C extends OutputClaim> {
  kind: 'same' | 'folder'
  first: C
  second: C
}

/** Paths with equal keys would be one file on a case-insensitive or normalising file system. */
export function outputKey(path: string): string {
  const slashed = path.replaceAll('\\', '/')
  // Nearly all paths are plain, and a plan can have a hundred thousand.
  return /^[\x20-\x7e]*$/.test(slashed) ? slashed.toLowerCase() : nameKey(slashed)
}

/** Every claim that collides with an earlier one, and every file that another claim needs as a folder. */
export function findCollisions<C extends OutputClaim>(claims: readonly C[]): OutputCollision<C>[] {
  const collisions: OutputCollision<C>[] = []
  const byKey = new Map<string, C>()
  for (const second of claims) {
    const first = byKey.get(second.key)
    if (first) collisions.push({ kind: 'same', first, second })
    else byKey.set(second.key, second)
  }
  for (const second of byKey.values()) {
    // Only a name with the ending of a video can be both.
    for (let at = second.key.indexOf('.mp4/'); at !== -1; at = second.key.indexOf('.mp4/', at + 1)) {
      const first = byKey.get(second.key.slice(0, at + 4))
      if (first) collisions.push({ kind: 'folder', first, second })
    }
  }
  return collisions
}

/** A take that a manifest asks for, with its place. */
export interface TakeClaim extends OutputClaim {
  name: TakeName
  shot: Shot
  /** The manifest as the person named it. */
  file: string
  /** As a person reads it, relative to the manifest; a seed that is not drawn yet as `{seed}`. */
  shown: string
}

/** Collisions of takes, those that the same templates make together. */
export function groupAlike<C extends TakeClaim>(
  collisions: readonly OutputCollision<C>[],
): [OutputCollision<C>, ...OutputCollision<C>[]][] {
  const groups = new Map<string, [OutputCollision<C>, ...OutputCollision<C>[]]>()
  for (const collision of collisions) {
    const { kind, first, second } = collision
    const key = JSON.stringify([kind, first.file, second.file, first.shot.output, second.shot.output])
    const group = groups.get(key)
    if (group) group.push(collision)
    else groups.set(key, [collision])
  }
  return [...groups.values()]
}

/** What a group of collisions comes to, as a sentence that names the first of them. */
export function collisionMessage(
  group: readonly [OutputCollision<TakeClaim>, ...OutputCollision<TakeClaim>[]],
): string {
  const [{ kind, first, second }, ...others] = group
  const other = second.file === first.file ? `"${first.name}"` : `"${first.name}" of ${first.file}`
  const more = others.length === 0 ? '' : ` (and ${others.length} more like it)`
  if (kind === 'folder')
    return `"${second.name}" needs the folder "${first.shown}", where ${other} is written${more}: give one of them another output`
  const isAlike = first.file === second.file && first.shown !== second.shown
  const same = isAlike ? `, which is "${first.shown}" where case is ignored` : ''
  return `"${second.name}" and ${other} would both be written to "${second.shown}"${same}${more}: ${adviceFor(group)}`
}

/** What tells the takes apart. */
function adviceFor(group: readonly OutputCollision<TakeClaim>[]): string {
  const missing = new Set<OutputField>()
  for (const { first, second } of group) {
    const template = second.shot.output ?? first.shot.output ?? ''
    const need = (field: OutputField, differs: boolean) => {
      if (differs && !outputNames(template, field)) missing.add(field)
    }
    const [one, two] = [splitTakeName(first.name), splitTakeName(second.name)]
    need('manifest', first.file !== second.file)
    need('shot', one.shot !== two.shot)
    need('take', one.number !== two.number)
  }
  const fields = outputFields.filter((field) => missing.has(field)).map((field) => `{${field}}`)
  return fields.length === 0 ? 'give one of them another output' : `add ${fields.join(' and ')} to output`
}
