import picomatch from 'picomatch'
import type { Shot, Take } from './shot.js'

/** Which takes a command is about. Filters intersect; within one, any word will do. */
export interface Selection {
  /** Globs over shot names and take names, such as `fox-*` or `fox-run@2`. */
  shots?: readonly string[] | undefined
  tags?: readonly string[] | undefined
}

/** What of a take a selection looks at. */
export type Selectable = Pick<Take, 'name'> & { shot: Pick<Shot, 'name' | 'tags'> }

/** The selection as a test of takes; `undefined` when it selects everything. */
export function selectTakes({
  shots = [],
  tags = [],
}: Selection): ((take: Selectable) => boolean) | undefined {
  if (shots.length === 0 && tags.length === 0) return undefined
  const matches = shots.length === 0 ? () => true : picomatch([...shots], { dot: true, nobrace: false })
  const wanted = new Set(tags)
  return ({ name, shot }) => {
    const tagged = tags.length === 0 || shot.tags.some((tag) => wanted.has(tag))
    return tagged && (matches(shot.name) || matches(name))
  }
}
