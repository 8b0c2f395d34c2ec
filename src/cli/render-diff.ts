import type { DiffReport } from '../commands/diff.js'
import { billedWords, countWords } from '../core/diff-words.js'
import { plainLine } from '../core/plain-line.js'
import { columns } from './text.js'

/** What happened between two states of the lockfiles: a sentence each shot, then totals. */
export function renderDiff({ from, to, manifests, counts, ...billed }: DiffReport): string[] {
  if (manifests.length === 0) return [`No results changed between ${plainLine(from)} and ${plainLine(to)}.`]
  const isOne = manifests.length === 1
  const lines = manifests.flatMap(({ manifest, shots }) => {
    const rows = shots.map(({ shot, sentence, ...billed }) => [
      plainLine(shot),
      [plainLine(sentence), billedWords(billed)].filter((part) => part !== '').join(', '),
    ])
    return isOne ? columns(rows) : [plainLine(manifest), ...columns(rows).map((row) => `  ${row}`)]
  })
  const price = billedWords(billed)
  return [...lines, `${countWords(counts)}${price === '' ? '' : `; ${price}`}.`]
}
