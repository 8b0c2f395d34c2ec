import { createHash } from 'node:crypto'
import { canonicalJson } from './canonical-json.js'
import type { LockEntries, LockEntry } from './lockfile.js'
import type { TakeName } from './names.js'
import { plainLine } from './plain-line.js'

/**
 * A lockfile for people who read its history: one line a take, nothing that only a machine needs. What `git diff` shows
 * where the textconv is set up. Each line ends in a short hash of the whole entry, so that no change is invisible.
 */
export function lockfileLines(entries: LockEntries): string {
  let text = ''
  for (const [take, entry] of entries) text += `${lineOf(take, entry)}\n`
  return text
}

function lineOf(take: TakeName, entry: LockEntry): string {
  const { status, task, provider, cost, tokens, error, approved, note, pick, previous = [] } = entry
  const facts = [
    take,
    status,
    error,
    cost ?? (tokens === undefined ? undefined : `${tokens} tokens`),
    task ?? `no task of ${provider}`,
    previous.length > 0 ? `after ${previous.join(' ')}` : undefined,
    pick ? 'picked' : undefined,
    approved === undefined ? undefined : approved ? 'approved' : 'rejected',
    note === undefined ? undefined : `“${note}”`,
    `#${hashOf(entry)}`,
  ]
  return facts
    .filter((fact) => fact !== undefined)
    .map(plainLine)
    .join('  ')
}

function hashOf(entry: LockEntry): string {
  return createHash('sha256').update(canonicalJson(entry)).digest('hex').slice(0, 8)
}
