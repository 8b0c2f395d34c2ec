import type { CAC } from 'cac'
import { RunnerError } from '../core/errors.js'
import type { CommandContext } from './command-context.js'
import type { RawFlags } from './flags.js'

/** Adds `diff`, and `textconv`, which git calls. */
export function addDiffCommands(program: CAC, { surroundings, terminal }: CommandContext): void {
  program
    .command('diff [...states]', 'Say what happened between two states of the lockfiles; default since HEAD')
    .option('--markdown', 'As a table for a pull request')
    .option('--json', 'The result as JSON')
    .action(async (states: readonly unknown[], flags: RawFlags) => {
      if (flags.json && flags.markdown)
        throw new RunnerError('usage', 'Cannot use --json together with --markdown', {
          hint: 'Keep one of them.',
        })
      const { diff } = await import('../commands/diff.js')
      const world = { files: await surroundings.files(), git: await surroundings.git() }
      const files = ((flags['--'] ?? []) as readonly unknown[]).map(String)
      const report = await diff({ what: states.map(String), files, cwd: surroundings.cwd }, world)
      if (flags.json) return terminal.json(report)
      if (flags.markdown) {
        const { diffMarkdown } = await import('../core/diff-markdown.js')
        return terminal.print(diffMarkdown(report).trimEnd())
      }
      const { renderDiff } = await import('./render-diff.js')
      terminal.print(renderDiff(report))
      if (report.manifests.length === 0)
        terminal.note('Rehearsals are not in git: name two of their lockfiles to compare them.')
    })

  program
    .command('textconv <file>', 'Print a lockfile, a line each take; git calls it to show differences')
    .action(async (file: string) => {
      const { textconv } = await import('../commands/textconv.js')
      const text = await textconv({ file, cwd: surroundings.cwd }, await surroundings.files())
      if (text !== '') terminal.print(text.replace(/\n$/, ''))
    })
}
