import type { DiffView, ManifestDiff, ShotDiff } from './diff-view.js'
import { billedWords, countWords } from './diff-words.js'
import { htmlText, markdownName, markdownText } from './markdown.js'

/** Most characters of a comment on GitHub are 65,536; some are left for what stands around. */
export const commentLimit = 60_000

/** Longer tables are folded. */
const foldFrom = 12

/**
 * Differences of lockfiles as a text for a pull request: the totals, then a table each manifest.
 *
 * @param limit Most characters; how many shots were left out is said.
 */
export function diffMarkdown({ manifests, counts, ...billed }: DiffView, limit = commentLimit): string {
  if (manifests.length === 0) return 'No results changed.\n'
  const price = billedWords(billed)
  const head = `**${countWords(counts)}**${price === '' ? '' : `, ${price}`}\n`
  const shots = manifests.reduce((sum, one) => sum + one.shots.length, 0)
  let left = shots
  let text = head
  const room = limit - restLine(shots).length
  for (const one of manifests) {
    const { start, end } = frameOf(one)
    let table = start
    let shown = 0
    for (const shot of one.shots) {
      const row = rowOf(shot)
      if (text.length + table.length + row.length + end.length > room) break
      table += row
      shown++
    }
    if (shown > 0) text += table + end
    left -= shown
    // Shots that are left out are the last ones.
    if (shown < one.shots.length) break
  }
  return left === 0 ? text : text + restLine(left)
}

function restLine(shots: number): string {
  return `\n… and ${shots} more ${shots === 1 ? 'shot' : 'shots'}.\n`
}

function frameOf({ manifest, shots }: ManifestDiff): { start: string; end: string } {
  const table = '\n| shot | what happened | price |\n|---|---|---:|\n'
  const count = `${shots.length} ${shots.length === 1 ? 'shot' : 'shots'}`
  if (shots.length < foldFrom)
    return { start: `\n### ${markdownName(manifest)}: ${count}\n${table}`, end: '' }
  const summary = `<summary><code>${htmlText(manifest)}</code>: ${count}</summary>`
  return { start: `\n<details>\n${summary}\n${table}`, end: '\n</details>\n' }
}

function rowOf({ shot, sentence, ...billed }: ShotDiff): string {
  return `| ${markdownName(shot)} | ${markdownText(sentence)} | ${billedWords(billed)} |\n`
}
