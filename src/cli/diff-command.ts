import type { CAC } from 'cac'
import type { CommandContext } from './command-context.js'
import type { RawFlags } from './flags.js'

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
      const { renderDiff } = await import('./render-diff.js')
      terminal.print(renderDiff(report))
    })

  program
    .command('textconv <file>', 'Print a lockfile, a line each take; git calls it to show differences')
    .action(async (file: string) => {
      const { textconv } = await import('../commands/textconv.js')
      const text = await textconv({ file, cwd: surroundings.cwd }, await surroundings.files())
      if (text !== '') terminal.print(text.replace(/\n$/, ''))
    })
}
