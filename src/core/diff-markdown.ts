import { byShot, countHappenings, describeShot, type LockfileDiff } from './diff-lockfiles.js'
import { closeFolds, fitLines, markdownText } from './markdown.js'
import { type Money, sumMoney } from './money.js'

export interface NamedDiff extends LockfileDiff {
  /** The manifest's name. */
  manifest: string
}

/** Most characters of a comment on GitHub, less what stands around it. */
export const commentLimit = 60_000
/** Longer tables are folded. */
const foldFrom = 12

/** Differences of lockfiles as a text for a pull request, a table each manifest. */
export function diffMarkdown(diffs: readonly NamedDiff[], limit = commentLimit): string {
  const all = diffs.flatMap(({ changes }) => changes)
  if (all.length === 0) return 'No results changed.\n'
  const spent = sumMoney(diffs.flatMap((one) => one.spent))
  const counts = countHappenings(all).map(([kind, count]) => `${count} ${kind}`)
  const head = `**${counts.join(', ')}**${spent.length === 0 ? '' : `, ${moneyWords(spent)}`}`
  const lines = diffs.flatMap(tableOf)
  const fitted = fitLines(lines, limit - head.length - 20, (left) => `\n… and ${left} lines more.`)
  return [head, '', ...closeFolds(fitted), ''].join('\n')
}

function tableOf({ manifest, changes }: NamedDiff): string[] {
  if (changes.length === 0) return []
  const shots = byShot(changes)
  const rows = [...shots].map(([shot, list]) => {
    const spent = sumMoney(list.flatMap((one) => one.spent))
    return `| ${markdownText(shot)} | ${markdownText(describeShot(list))} | ${moneyWords(spent)} |`
  })
  const table = ['| shot | what happened | price |', '|---|---|---:|', ...rows, '']
  const title = `${markdownText(manifest)}: ${shots.size} ${shots.size === 1 ? 'shot' : 'shots'}`
  if (rows.length < foldFrom) return [`### ${title}`, '', ...table]
  return ['<details>', `<summary>${title}</summary>`, '', ...table, '</details>', '']
}

/** `CNY 1.40`, several currencies one after the other; a refund has its sign. */
export function moneyWords(amounts: readonly Money[]): string {
  return amounts
    .map(
      ({ currency, micros }) => `${micros < 0 ? '−' : ''}${currency} ${(Math.abs(micros) / 1e6).toFixed(2)}`,
    )
    .join(', ')
}
