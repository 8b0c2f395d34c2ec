import type { CAC } from 'cac'
import type { CommandContext } from './command-context.js'
import { readPrepareOptions, readProvider, withProvider } from './common-options.js'
import type { RawFlags } from './flags.js'

/** Adds `why`, which says why a run would or would not buy a take. */
export function addWhyCommand(program: CAC, { surroundings, terminal }: CommandContext): void {
  withProvider(
    program.command('why <shot> [...manifests]', 'Why a run would or would not buy a take, and what changed'),
  )
    .option('--draft', 'Why a run with --draft would')
    .option('--force', 'Why a run with --force would')
    .option('--stale', 'Why a run with --stale would')
    .option('--json', 'The result as JSON')
    .action(async (shot: unknown, manifests: string[], flags: RawFlags) => {
      const { why } = await import('../commands/why.js')
      const choice = await readProvider(surroundings)
      const { selection, failed, rejected, ...options } = await readPrepareOptions(
        manifests,
        flags,
        surroundings,
        choice,
      )
      const { files, clock } = await surroundings.ledgerWorld()
      const world = { files, clock, git: await surroundings.git() }
      const report = await why({ ...options, draft: flags.draft === true, shot: String(shot) }, world)
      if (flags.json) return terminal.json(report)
      const { renderWhy } = await import('./render-why.js')
      terminal.print(renderWhy(report, terminal.outPalette))
    })
}
