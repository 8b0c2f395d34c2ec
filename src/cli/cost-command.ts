import type { CAC } from 'cac'
import type { CostGrouping } from '../core/cost.js'
import { RunnerError } from '../core/errors.js'
import { didYouMean } from '../core/suggest.js'
import type { CommandContext } from './command-context.js'
import { readPrepareOptions, readProvider, withProvider } from './common-options.js'
import { type RawFlags, textFlag } from './flags.js'

/** Adds `cost`, which says what was spent. */
export function addCostCommand(program: CAC, { surroundings, terminal }: CommandContext): void {
  withProvider(program.command('cost [...manifests]', 'Show what was spent'))
    .option('--by <group>', 'Sum up by shot, tag, manifest or model', { default: 'shot' })
    .option('--since <ref>', 'Only what was spent since a commit of the git history')
    .option('--shot <glob>', 'Only shots or takes with such a name; may be repeated')
    .option('--tag <tag>', 'Only shots with this tag; may be repeated')
    .option('--json', 'The result as JSON')
    .option('--csv', 'The groups as CSV, for spreadsheets')
    .action(async (manifests: string[], flags: RawFlags) => {
      if (flags.json && flags.csv)
        throw new RunnerError('usage', 'Cannot use --json together with --csv', { hint: 'Keep one of them.' })
      const { argv } = surroundings
      const by = await readGrouping(textFlag(argv, 'by'))
      const choice = await readProvider(surroundings)
      const options = await readPrepareOptions(manifests, flags, surroundings, choice)
      const { cost } = await import('../commands/cost.js')
      const world = { files: await surroundings.files(), git: await surroundings.git() }
      const report = await cost({ ...options, by, since: textFlag(argv, 'since') }, world)
      if (flags.json) return terminal.json(report)
      const { renderCost, renderCostCsv } = await import('./render-cost.js')
      terminal.print(flags.csv ? renderCostCsv(report) : renderCost(report, terminal.outPalette))
    })
}

async function readGrouping(word: string | undefined): Promise<CostGrouping | undefined> {
  const { costGroupings } = await import('../core/cost.js')
  const known = costGroupings.find((one) => one === word)
  if (known || word === undefined) return known
  throw new RunnerError(
    'usage',
    `Cannot use --by ${word}: there is no such grouping${didYouMean(word, costGroupings)}`,
    { hint: `Costs are summed up by ${costGroupings.join(', ')}.` },
  )
}
