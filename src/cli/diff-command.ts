import type { CAC } from 'cac'
import type { DiffReport } from '../commands/diff.js'
import { byShot, countHappenings, describeShot } from '../core/diff-lockfiles.js'
import { moneyWords } from '../core/diff-markdown.js'
import { sumMoney } from '../core/money.js'
import type { CommandContext } from './command-context.js'
import type { RawFlags } from './flags.js'
import { columns, oneLine } from './text.js'

/** Adds `diff`, and `textconv`, which git calls. */
export function addDiffCommands(program: CAC, { surroundings, terminal }: CommandContext): void {
  program
    .command('diff [...states]', 'Say what happened between two states of the lockfiles; default since HEAD')
    .option('--markdown', 'For a pull request')
    .option('--json', 'The result as JSON')
    .action(async (states: readonly unknown[], flags: RawFlags) => {
      const { diff } = await import('../commands/diff.js')
      const world = { files: await surroundings.files(), git: await surroundings.git() }
      const report = await diff({ what: states.map(String), cwd: surroundings.cwd }, world)
      if (flags.json) return terminal.json(report)
      if (flags.markdown) {
        const { diffMarkdown } = await import('../core/diff-markdown.js')
        return terminal.print(diffMarkdown(report.manifests).trimEnd())
      }
      terminal.print(render(report))
    })

  program
    .command('textconv <file>', 'Print a lockfile, a line each take; git calls it to show differences')
    .action(async (file: string) => {
      const { textconv } = await import('../commands/textconv.js')
      const text = await textconv({ file, cwd: surroundings.cwd }, await surroundings.files())
      if (text !== '') terminal.print(text.replace(/\n$/, ''))
    })
}

function render({ from, to, manifests }: DiffReport): string[] {
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
