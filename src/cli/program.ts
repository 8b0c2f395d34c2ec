import { type CAC, cac } from 'cac'
import { RunnerError } from '../core/errors.js'
import { didYouMean } from '../core/suggest.js'
import type { CommandContext } from './command-context.js'
import { addCostCommand } from './cost-command.js'
import { addDiffCommands } from './diff-command.js'
import { exitStatus, statusOfError } from './exit-status.js'
import { addJudgeCommands } from './judge-commands.js'
import { addLedgerCommands } from './ledger-commands.js'
import { addLookingCommands } from './looking-commands.js'
import { addMergeCommand } from './merge-command.js'
import { addModelsCommand } from './models-command.js'
import { addPickCommand } from './pick-command.js'
import { addPromoteCommand } from './promote-command.js'
import { addReconcileCommands } from './reconcile-commands.js'
import { addReportCommand } from './report-command.js'
import { addReviewCommand } from './review-command.js'
import { addRunCommand } from './run-command.js'
import { addSimulateCommand } from './simulate-command.js'
import type { Surroundings } from './surroundings.js'
import { addTableCommands } from './table-commands.js'
import { createTerminal, type Terminal } from './terminal.js'
import { version } from './version.js'
import { addWhyCommand } from './why-command.js'

/**
 * Runs the command that `argv` names.
 *
 * @returns The exit status; errors are printed, not thrown.
 */
export async function main(surroundings: Surroundings): Promise<number> {
  const terminal = createTerminal(surroundings)
  try {
    return await runCommand(surroundings, terminal)
  } catch (error) {
    const status = statusOfError(error)
    if (status === exitStatus.bug && error instanceof Error && error.stack !== undefined) {
      const { inSource } = await import('./source-places.js')
      error.stack = await inSource(error.stack)
    }
    terminal.error(error)
    return status
  }
}

async function runCommand(surroundings: Surroundings, terminal: Terminal): Promise<number> {
  const program = withoutSpareOptions(cac('shotlock'), surroundings.argv)
  let status = 0
  const context: CommandContext = {
    surroundings,
    terminal,
    setStatus: (value) => {
      status = value
    },
  }
  addRunCommand(program, context)
  addReviewCommand(program, context)
  addLookingCommands(program, context)
  addCostCommand(program, context)
  addDiffCommands(program, context)
  addReportCommand(program, context)
  addLedgerCommands(program, context)
  addMergeCommand(program, context)
  addModelsCommand(program, context)
  addReconcileCommands(program, context)
  addPromoteCommand(program, context)
  addPickCommand(program, context)
  addJudgeCommands(program, context)
  addSimulateCommand(program, context)
  addTableCommands(program, context)
  addWhyCommand(program, context)
  program.help()
  program.version(version)

  try {
    program.parse(['node', 'shotlock', ...surroundings.argv], { run: false })
    if (program.matchedCommand) await program.runMatchedCommand()
    else if (surroundings.argv.length === 0) program.outputHelp()
    else if (!program.options.help && !program.options.version)
      throw unknownCommand(program.args[0], program.commands)
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'CACError') throw error
    throw new RunnerError('usage', error.message, { hint: 'See shotlock --help.', cause: error })
  }
  return status
}

/** Commands that `argv` does not name are only listed: making their options takes a third of the time in here. */
function withoutSpareOptions(program: CAC, argv: readonly string[]): CAC {
  const register = program.command.bind(program)
  program.command = (...args) => {
    const command = register(...args)
    if (!argv.includes(command.name)) command.option = () => command
    return command
  }
  return program
}

function unknownCommand(word: string | undefined, commands: readonly { name: string }[]): RunnerError {
  const names = commands.map(({ name }) => name).filter((name) => name !== '')
  const what = word === undefined ? 'there is no command' : `there is no command "${word}"`
  return new RunnerError('usage', `Cannot run: ${what}${word === undefined ? '' : didYouMean(word, names)}`, {
    hint: `Commands are ${names.join(', ')}; see shotlock --help.`,
  })
}
