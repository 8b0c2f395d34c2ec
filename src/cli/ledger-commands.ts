import type { CAC } from 'cac'
import type { CancelReport } from '../commands/cancel.js'
import type { VerifyReport } from '../commands/verify.js'
import type { RunEvent } from '../core/event.js'
import { noProvider, type ProviderChoice } from '../core/provider-choice.js'
import type { LoadOptions } from '../engine/load-manifests.js'
import { ask } from './ask.js'
import type { CommandContext } from './command-context.js'
import { isRehearsal, providerName, readProvider, withProvider } from './common-options.js'
import { exitStatus } from './exit-status.js'
import { type RawFlags, textFlags } from './flags.js'
import type { OpenWorld, Surroundings } from './surroundings.js'
import { count } from './text.js'

/** Adds the commands that look after what the ledger holds: `verify`, `move`, `prune`, `cancel`. */
export function addLedgerCommands(program: CAC, context: CommandContext): void {
  const { setStatus } = context
  withProvider(program.command('verify [...manifests]', 'Hash every collected file again'))
    .option('--repair', 'Fetch missing and changed files again from the provider')
    .option('--json', 'The result as JSON')
    .action(async (manifests: string[], flags: RawFlags) => {
      setStatus(await verifyAction(manifests, flags, context))
    })

  withProvider(
    program.command('move <old> <new> [manifest]', 'Keep what was bought for a shot that got another name'),
  )
    .option('--json', 'The result as JSON')
    .action(async (from: unknown, to: unknown, manifest: string | undefined, flags: RawFlags) => {
      await moveAction({ from: String(from), to: String(to), manifest }, flags, context)
    })

  withProvider(program.command('prune [...manifests]', 'Drop entries whose shots are gone; files stay'))
    .option('--previous', 'Instead delete the videos of superseded tasks; every entry stays')
    .option('--yes', 'Drop or delete without asking')
    .option('--json', 'The result as JSON')
    .action(async (manifests: string[], flags: RawFlags) => {
      const action = flags.previous ? prunePreviousAction : pruneAction
      await action(manifests, flags, context)
    })

  withProvider(program.command('cancel [...manifests]', 'Cancel what is still queued at the provider'))
    .option('--shot <glob>', 'Only shots or takes with such a name; may be repeated')
    .option('--tag <tag>', 'Only shots with this tag; may be repeated')
    .option('--yes', 'Cancel without asking')
    .option('--json', 'The result as JSON')
    .action(async (manifests: string[], flags: RawFlags) => {
      setStatus(await cancelAction(manifests, flags, context))
    })
}

async function verifyAction(
  manifests: readonly string[],
  flags: RawFlags,
  { surroundings, terminal }: CommandContext,
): Promise<number> {
  const { verify } = await import('../commands/verify.js')
  const choice = await readProvider(surroundings)
  const options = loadOptions(manifests, surroundings, choice)
  const files = await surroundings.files()
  const { signal } = surroundings
  const { plainReporter, silentReporter } = await import('./reporter.js')
  const reporter = flags.json
    ? silentReporter
    : plainReporter((line) => terminal.note(line), terminal.errPalette)
  const report = flags.repair
    ? await withWorld(choice, surroundings, reporter.see, ({ world }) =>
        verify(options, files, { signal, repairWith: world }),
      )
    : await verify(options, files, { signal })

  const { renderVerify } = await import('./render-ledger.js')
  if (flags.json) terminal.json(report)
  else terminal.print(renderVerify(report, terminal.outPalette))
  return statusOfVerify(report)
}

async function moveAction(
  { from, to, manifest }: { from: string; to: string; manifest: string | undefined },
  flags: RawFlags,
  { surroundings, terminal }: CommandContext,
): Promise<void> {
  const { move } = await import('../commands/move.js')
  const { renderMove } = await import('./render-ledger.js')
  const paths = manifest === undefined ? [] : [manifest]
  const options = loadOptions(paths, surroundings, await readProvider(surroundings))
  const report = await move({ ...options, from, to }, await surroundings.ledgerWorld())
  if (flags.json) terminal.json(report)
  else terminal.print(renderMove(report))
}

async function pruneAction(
  manifests: readonly string[],
  flags: RawFlags,
  { surroundings, terminal }: CommandContext,
): Promise<void> {
  const { prune } = await import('../commands/prune.js')
  const { renderPrune, renderPruned } = await import('./render-ledger.js')
  const options = loadOptions(manifests, surroundings, await readProvider(surroundings))
  const report = await prune(options, await surroundings.ledgerWorld(), {
    confirm: async (report) => {
      if (flags.yes) return true
      terminal.note(renderPrune(report, terminal.errPalette))
      const entries = report.manifests.reduce((sum, { pruned }) => sum + pruned.length, 0)
      return await ask(`Drop ${count(entries, 'entry', 'entries')} from the lockfile?`, surroundings)
    },
  })
  if (flags.json) terminal.json(report)
  else terminal.print(renderPruned(report, terminal.outPalette))
}

async function prunePreviousAction(
  manifests: readonly string[],
  flags: RawFlags,
  { surroundings, terminal }: CommandContext,
): Promise<void> {
  const { prunePrevious } = await import('../commands/prune-previous.js')
  const { renderPreviousPlan, renderPreviousPruned, previousQuestion } = await import(
    './render-prune-previous.js'
  )
  const options = loadOptions(manifests, surroundings, await readProvider(surroundings))
  const report = await prunePrevious(options, await surroundings.ledgerWorld(), {
    confirm: async (report) => {
      if (flags.yes) return true
      terminal.note(renderPreviousPlan(report, terminal.errPalette))
      return await ask(previousQuestion(report), surroundings)
    },
  })
  if (flags.json) terminal.json(report)
  else terminal.print(renderPreviousPruned(report, terminal.outPalette))
}

async function cancelAction(
  manifests: readonly string[],
  flags: RawFlags,
  { surroundings, terminal }: CommandContext,
): Promise<number> {
  const { cancel } = await import('../commands/cancel.js')
  const { renderCancel, renderLive } = await import('./render-ledger.js')
  const { argv, signal } = surroundings
  const choice = await readProvider(surroundings)
  const options = {
    ...loadOptions(manifests, surroundings, choice),
    selection: { shots: textFlags(argv, 'shot'), tags: textFlags(argv, 'tag') },
  }
  const report = await withWorld(
    choice,
    surroundings,
    () => undefined,
    ({ world, choice }) =>
      cancel(options, world, {
        confirm: async (takes) => {
          if (flags.yes || isRehearsal(choice)) return true
          terminal.note(renderLive(takes))
          const what = `${count(takes.length, 'live take')} at ${providerName(choice)}`
          return await ask(`Cancel ${what}, as far as still queued?`, surroundings)
        },
        signal,
      }),
  )
  if (flags.json) terminal.json(report)
  else terminal.print(renderCancel(report, terminal.outPalette))
  return statusOfCancel(report)
}

function loadOptions(
  paths: readonly string[],
  { cwd }: Surroundings,
  choice: ProviderChoice | undefined,
): LoadOptions {
  return { paths, cwd, rehearsal: isRehearsal(choice) }
}

/** Works with the provider that is asked for, and lets go of it whatever happens. */
async function withWorld<T>(
  choice: ProviderChoice | undefined,
  surroundings: Surroundings,
  emit: (event: RunEvent) => void,
  work: (open: Pick<OpenWorld, 'world'> & { choice: ProviderChoice }) => Promise<T>,
): Promise<T> {
  if (!choice) throw noProvider()
  const { world, close } = await surroundings.openWorld(choice, emit)
  try {
    return await work({ world, choice })
  } finally {
    await close()
  }
}

/** Videos that no entry names are told but are no fault. */
function statusOfVerify({ manifests, interrupted }: VerifyReport): number {
  if (interrupted) return exitStatus.open
  const files = manifests.flatMap((one) => one.files)
  const well = files.every(({ state, repair }) => state === 'ok' || repair?.kind === 'restored')
  return well ? exitStatus.done : exitStatus.failed
}

/** What has ended is no longer live, but was not cancelled either; everything else is live or may be. */
function statusOfCancel({ outcomes }: CancelReport): number {
  const left = outcomes.filter(({ kind }) => kind !== 'cancelled')
  if (left.length === 0) return exitStatus.done
  return left.every(({ kind }) => kind === 'ended') ? exitStatus.failed : exitStatus.open
}
