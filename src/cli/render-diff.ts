import type { DiffReport } from '../commands/diff.js'
import { byShot, countHappenings, describeShot } from '../core/diff-lockfiles.js'
import { moneyWords } from '../core/diff-markdown.js'
import { sumMoney } from '../core/money.js'
import { columns, oneLine } from './text.js'

/** What happened between two states of the lockfiles: a sentence each shot, then totals. */
export function renderDiff({ from, to, manifests }: DiffReport): string[] {
  if (manifests.length === 0) return [`No results changed between ${from} and ${to}.`]
  const lines: string[] = []
  for (const { manifest, changes } of manifests) {
    if (manifests.length > 1) lines.push(manifest)
    const rows = [...byShot(changes)].map(([shot, list]) => {
      const spent = moneyWords(sumMoney(list.flatMap((one) => one.spent)))
      return [shot, oneLine(`${describeShot(list)}${spent === '' ? '' : `, ${spent}`}`)]
    })
    lines.push(...columns(rows).map((line) => (manifests.length > 1 ? `  ${line}` : line)))
  }
  const all = manifests.flatMap(({ changes }) => changes)
  const counts = countHappenings(all).map(([kind, count]) => `${count} ${kind}`)
  const spent = moneyWords(sumMoney(manifests.flatMap((one) => one.spent)))
  return [...lines, `${counts.join(', ')}${spent === '' ? '' : `; ${spent}`}.`]
}
