import type { CAC } from 'cac'
import type { AdoptReport } from '../commands/adopt.js'
import type { ReconcileReport } from '../commands/reconcile.js'
import { noProvider } from '../core/provider-choice.js'
import type { CommandContext } from './command-context.js'
import { readPrepareOptions, readProvider, withProvider } from './common-options.js'
import { exitStatus } from './exit-status.js'
import { type RawFlags, textFlags } from './flags.js'

/** Adds the commands that find lost creates: `reconcile` and `adopt`. */
export function addReconcileCommands(
  program: CAC,
  { surroundings, terminal, setStatus }: CommandContext,
): void {
  withProvider(program.command('reconcile [...manifests]', 'Find the tasks of creates whose answer was lost'))
    .option('--accept', 'Take a probable task too, when it is the only one')
    .option(
      '--resubmit <take>',
      'Give this take up for lost, so that the next run buys it again; may be repeated',
    )
    .option('--json', 'The result as JSON')
    .action(async (manifests: string[], flags: RawFlags) => {
      const { reconcile } = await import('../commands/reconcile.js')
      const { renderReconcile } = await import('./render-reconcile.js')
      const choice = await readProvider(surroundings)
      if (!choice) throw noProvider()
      const prepare = await readPrepareOptions(manifests, flags, surroundings, choice)
      const options = {
        ...prepare,
        accept: flags.accept === true,
        resubmit: textFlags(surroundings.argv, 'resubmit'),
      }
      const { world, close } = await surroundings.openWorld(choice, () => undefined)
      let report: ReconcileReport
      try {
        report = await reconcile(options, world, { signal: surroundings.signal })
      } finally {
        await close()
      }
      const open = report.findings.some(({ verdict }) => verdict === 'probable' || verdict === 'none')
      setStatus(open ? exitStatus.open : exitStatus.done)
      if (flags.json) return terminal.json(report)
      terminal.print(renderReconcile(report, terminal.outPalette))
    })

  withProvider(program.command('adopt <shot> <task> [...manifests]', 'Make a task the one of a shot or take'))
    .option('--json', 'The result as JSON')
    .action(async (_take: string, _task: string, manifests: string[], flags: RawFlags) => {
      const { adopt } = await import('../commands/adopt.js')
      const choice = await readProvider(surroundings)
      if (!choice) throw noProvider()
      const prepare = await readPrepareOptions(manifests, {}, surroundings, choice)
      const { world, close } = await surroundings.openWorld(choice, () => undefined)
      let report: AdoptReport
      try {
        const [take = '', task = ''] = words(surroundings.argv)
        report = await adopt({ ...prepare, take, task }, world, { signal: surroundings.signal })
      } finally {
        await close()
      }
      if (flags.json) return terminal.json(report)
      terminal.print(`${report.take} is ${report.task} now (${report.status}). shotlock run collects it.`)
      for (const difference of report.differences) terminal.note(`warning: ${difference}`)
    })
}

/** The words behind the command as typed: the parser turns `012` into a number. */
function words(argv: readonly string[]): string[] {
  const found: string[] = []
  for (let index = argv.indexOf('adopt') + 1; index < argv.length; index++) {
    const word = argv[index]!
    if (word === '--provider' || word === '--base-url') index++
    else if (!word.startsWith('--')) found.push(word)
  }
  return found
}
