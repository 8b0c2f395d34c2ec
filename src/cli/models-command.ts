import type { CAC } from 'cac'
import type { CommandContext } from './command-context.js'
import type { RawFlags } from './flags.js'

/** Adds `models`. */
export function addModelsCommand(program: CAC, { surroundings, terminal }: CommandContext): void {
  program
    .command('models [...id]', 'Show what is known of models: limits, prices and where that is from')
    .option('--json', 'The data as JSON')
    .action(async (words: string[], flags: RawFlags) => {
      const { models } = await import('../commands/models.js')
      const { renderModel, renderModels } = await import('./render-models.js')
      // A label of two words needs no quotes.
      const report = models(words.length === 0 ? undefined : words.join(' '))
      if (flags.json) return terminal.json(report)
      const { outPalette: palette } = terminal
      const width = surroundings.stdout.columns ?? Number.POSITIVE_INFINITY
      terminal.print(words.length === 0 ? renderModels(report, palette, width) : renderModel(report, palette))
    })
}
