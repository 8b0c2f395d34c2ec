import type { LockEntries } from './lockfile.js'

/**
 * A lockfile for people who read its history: one line a take, nothing that only a machine needs. What `git diff` shows
 * where the textconv is set up.
 */
export function lockfileLines(entries: LockEntries): string {
  let text = ''
  for (const [take, entry] of entries) {
    const { status, task, cost, tokens, error, approved, note, pick, previous } = entry
    const facts = [
      take,
      status,
      task,
      cost ?? (tokens === undefined ? undefined : `${tokens} tokens`),
      error,
      pick ? 'picked' : undefined,
      approved === undefined ? undefined : approved ? 'approved' : 'rejected',
      note === undefined ? undefined : JSON.stringify(note),
      previous === undefined ? undefined : `after ${previous.join(' ')}`,
    ]
    text += `${facts.filter((fact) => fact !== undefined).join('  ')}\n`
  }
  return text
}
