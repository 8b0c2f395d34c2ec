import type { CAC } from 'cac'
import type { PickedTake } from '../commands/pick.js'
import { RunnerError } from '../core/errors.js'
import type { CommandContext } from './command-context.js'
import { isRehearsal, readProvider, withProvider } from './common-options.js'
import { type RawFlags, textFlags } from './flags.js'
import { columns } from './text.js'

/** Adds `pick`. */
export function addPickCommand(program: CAC, { surroundings, terminal }: CommandContext): void {
  withProvider(
    program.command('pick [...takes]', 'Choose a take of a shot: what follows uses it, not take 1'),
  )
    .option('--manifest <file>', 'Only shots of this manifest; may be repeated')
    .option('--undo', 'Take picks back')
    .option('--json', 'The result as JSON')
    .action(async (takes: readonly unknown[], flags: RawFlags) => {
      if (takes.length === 0) {
        throw new RunnerError('usage', 'Cannot pick: no take is named', {
          hint: 'Name the takes that are good: shotlock pick SHOT@N…; SHOT alone is take 1.',
        })
      }
      const { pick } = await import('../commands/pick.js')
      const { argv, cwd } = surroundings
      const rehearsal = isRehearsal(await readProvider(surroundings))
      const paths = textFlags(argv, 'manifest')
      const options = { paths, cwd, rehearsal, shots: takes.map(String), undo: flags.undo === true }
      const report = await pick(options, await surroundings.ledgerWorld())
      if (flags.json) return terminal.json(report)
      terminal.print(columns(report.picked.map(describe)).map((line) => ` ${line}`))
    })
}

function describe({ manifest, take, task, picked, instead, unchanged }: PickedTake): string[] {
  const before = unchanged ? ' (as before)' : instead === undefined ? '' : `, no longer ${instead}`
  return [`${manifest}/${take}`, `${picked ? 'picked' : 'no longer picked'}: task ${task}${before}`]
}
