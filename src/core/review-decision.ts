import { type ShotName, shotNameFault, type TakeName } from './names.js'
import { noteLimit } from './note.js'
import type { Decision } from './review.js'

/** Fields of each kind of decision, besides `do` and `manifest`. */
const fields: Readonly<Record<Decision['do'], readonly string[]>> = {
  pick: ['take'],
  unpick: ['take'],
  judge: ['take', 'approved', 'note'],
  takes: ['shot', 'more'],
}

/** A value from outside as a decision; `undefined` when it is none, be it for a field too many. */
export function parseDecision(value: unknown): Decision | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { do: kind, manifest, ...rest } = value as Record<string, unknown>
  if (typeof kind !== 'string' || !Object.hasOwn(fields, kind) || typeof manifest !== 'string')
    return undefined
  const known = fields[kind as Decision['do']]
  if (Object.keys(rest).some((name) => !known.includes(name))) return undefined
  const { take, shot, approved, note, more } = rest
  if (kind === 'takes') {
    const isMore = Number.isInteger(more) && (more as number) >= 1 && (more as number) <= 10
    return isShotName(shot) && isMore ? { do: kind, manifest, shot, more: more as number } : undefined
  }
  if (!isTakeName(take)) return undefined
  if (kind !== 'judge') return { do: kind as 'pick' | 'unpick', manifest, take }
  if (approved !== undefined && typeof approved !== 'boolean') return undefined
  if (note !== undefined && (typeof note !== 'string' || note.length > 2 * noteLimit)) return undefined
  return {
    do: kind,
    manifest,
    take,
    ...(approved === undefined ? {} : { approved }),
    ...(note === undefined ? {} : { note }),
  }
}

function isShotName(value: unknown): value is ShotName {
  return typeof value === 'string' && shotNameFault(value) === undefined
}

function isTakeName(value: unknown): value is TakeName {
  if (typeof value !== 'string') return false
  const [, shot = ''] = /^(.+?)(?:@[1-9]\d{0,2})?(?:@draft)?$/.exec(value) ?? []
  return isShotName(shot)
}
