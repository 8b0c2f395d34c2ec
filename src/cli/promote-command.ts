import type { CAC } from 'cac'
import type { PromotedDraft } from '../commands/promote.js'
import { RunnerError } from '../core/errors.js'
import type { CommandContext } from './command-context.js'
import { isRehearsal, readProvider, withProvider } from './common-options.js'
import { type RawFlags, textFlags } from './flags.js'
import { columns, count } from './text.js'

/** Adds `promote`. */
export function addPromoteCommand(program: CAC, { surroundings, terminal }: CommandContext): void {
  withProvider(program.command('promote [...shots]', 'Approve drafts: the next run makes finals from them'))
    .option('--manifest <file>', 'Only shots of this manifest; may be repeated')
    .option('--undo', 'Take approvals back')
    .option('--json', 'The result as JSON')
    .action(async (shots: readonly unknown[], flags: RawFlags) => {
      if (shots.length === 0) {
        throw new RunnerError('usage', 'Cannot promote: no shot is named', {
          hint: 'Name the shots whose drafts are good: shotlock promote SHOT….',
        })
      }
      const { promote } = await import('../commands/promote.js')
      const { argv, cwd } = surroundings
      const rehearsal = isRehearsal(await readProvider(surroundings))
      const paths = textFlags(argv, 'manifest')
      const options = { paths, cwd, rehearsal, shots: shots.map(String), undo: flags.undo === true }
      const report = await promote(options, await surroundings.ledgerWorld())
      if (flags.json) return terminal.json(report)
      terminal.print(columns(report.promoted.map(describe)).map((line) => ` ${line}`))
      const made = report.promoted.filter(({ approved }) => approved).length
      if (made > 0)
        terminal.print(`The next run makes ${count(made, 'final')}; see the price with: shotlock plan.`)
    })
}

function describe({ manifest, take, task, approved, until, unchanged }: PromotedDraft): string[] {
  const before = unchanged ? ' (as before)' : ''
  const limit = approved && until !== undefined ? `, until ${until.slice(0, 16)}Z` : ''
  return [
    `${manifest}/${take}`,
    `draft ${task} ${approved ? 'approved' : 'no longer approved'}${limit}${before}`,
  ]
}
