import type { CAC } from 'cac'
import type { JudgedTake } from '../commands/judge.js'
import { RunnerError } from '../core/errors.js'
import type { CommandContext } from './command-context.js'
import { isRehearsal, readProvider, withProvider } from './common-options.js'
import { type RawFlags, textFlag, textFlags } from './flags.js'
import { columns, oneLine } from './text.js'

/** Adds `approve` and `reject`. */
export function addJudgeCommands(program: CAC, context: CommandContext): void {
  addJudgeCommand(program, context, { name: 'approve', approved: true, says: 'Accept what takes became' })
  addJudgeCommand(program, context, {
    name: 'reject',
    approved: false,
    says: 'Reject what takes became: run --rejected buys them again',
  })
}

function addJudgeCommand(
  program: CAC,
  { surroundings, terminal }: CommandContext,
  { name, approved, says }: { name: string; approved: boolean; says: string },
): void {
  withProvider(program.command(`${name} [...takes]`, says))
    .option('--note <text>', 'What to write on them, up to 500 characters')
    .option('--manifest <file>', 'Only shots of this manifest; may be repeated')
    .option('--undo', 'Make them undecided again, without a note')
    .option('--json', 'The result as JSON')
    .action(async (takes: readonly unknown[], flags: RawFlags) => {
      if (takes.length === 0) {
        throw new RunnerError('usage', `Cannot ${name}: no take is named`, {
          hint: `Name the takes: shotlock ${name} SHOT@N…; SHOT alone is take 1.`,
        })
      }
      const { judge } = await import('../commands/judge.js')
      const { argv, cwd } = surroundings
      const rehearsal = isRehearsal(await readProvider(surroundings))
      const decision = flags.undo === true ? {} : { approved, note: textFlag(argv, 'note') }
      const options = { paths: textFlags(argv, 'manifest'), cwd, rehearsal, takes: takes.map(String) }
      const report = await judge({ ...options, ...decision }, await surroundings.ledgerWorld())
      if (flags.json) return terminal.json(report)
      terminal.print(columns(report.judged.map(describe)).map((line) => ` ${line}`))
    })
}

function describe({ manifest, take, task, approved, note, unchanged }: JudgedTake): string[] {
  const state = approved === undefined ? 'undecided' : approved ? 'approved' : 'rejected'
  const words = note === undefined ? '' : `, "${oneLine(note)}"`
  return [`${manifest}/${take}`, `${state}: task ${task}${words}${unchanged ? ' (as before)' : ''}`]
}
