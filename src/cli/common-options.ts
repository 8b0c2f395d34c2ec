import type { Command } from 'cac'
import { RunnerError } from '../core/errors.js'
import { type FailureClass, failureClasses } from '../core/failure.js'
import { chooseProvider, type ProviderChoice } from '../core/provider-choice.js'
import { didYouMean } from '../core/suggest.js'
import type { PrepareOptions } from '../engine/prepare-plans.js'
import { optionalWord, type RawFlags, textFlag, textFlags } from './flags.js'
import { readPriceFiles } from './price-files.js'
import type { Surroundings } from './surroundings.js'

/** Adds the flags that say who is asked. */
export function withProvider(command: Command): Command {
  return command
    .option('--provider <name>', 'ark, byteplus, or simulator (no key, no money)')
    .option('--base-url <url>', 'A relay or a running simulator; ends before /contents/generations/tasks')
}

/** Adds the flags that say which takes are planned, and at what prices. */
export function withSelection(command: Command): Command {
  return command
    .option('--shot <glob>', 'Only shots or takes with such a name; may be repeated')
    .option('--tag <tag>', 'Only shots with this tag; may be repeated')
    .option('--failed [class]', 'Only what failed, expired or was cancelled before, perhaps of one class')
    .option('--rejected', 'Only what was rejected: a run buys it again')
    .option('--force', 'Also what is up to date or held')
    .option('--stale', 'Also what goes on from a shot that was bought anew')
    .option('--prices <file>', 'Prices that come before all others (YAML); may be repeated')
}

/** Adds the flag for images that are too large. */
export function withFit(command: Command): Command {
  return command.option('--fit', 'Send smaller copies of local images that are too large (or: fit: true)')
}

/** Who is asked, from flags, environment and `.env`. */
export async function readProvider(surroundings: Surroundings): Promise<ProviderChoice | undefined> {
  const { argv, env, cwd } = surroundings
  const flags = { provider: textFlag(argv, 'provider'), baseUrl: textFlag(argv, 'base-url') }
  return chooseProvider({ flags, env, dotenv: await readDotenv(surroundings, cwd) })
}

/** What a command plans with. */
export async function readPrepareOptions(
  manifests: readonly string[],
  flags: RawFlags,
  surroundings: Surroundings,
  choice: ProviderChoice | undefined,
): Promise<PrepareOptions> {
  const { argv, cwd } = surroundings
  const { failed, paths } = readFailed(flags.failed, manifests)
  return {
    paths,
    cwd,
    rehearsal: isRehearsal(choice),
    provider: choice && providerName(choice),
    selection: { shots: textFlags(argv, 'shot'), tags: textFlags(argv, 'tag') },
    force: flags.force === true,
    failed,
    rejected: flags.rejected === true,
    draft: flags.draft === true,
    stale: flags.stale === true,
    fit: flags.fit === true,
    rates: await readPriceFiles(surroundings),
  }
}

/** The name that the lockfile records. */
export function providerName(choice: ProviderChoice): string {
  return choice.kind === 'embedded' ? 'simulator' : choice.name
}

/** Whether this is for the simulator, and must not touch the ledger. */
export function isRehearsal(choice: ProviderChoice | undefined): boolean {
  return choice !== undefined && providerName(choice) === 'simulator'
}

/** `--failed` may have a class; a path behind it is a manifest. */
function readFailed(
  value: unknown,
  manifests: readonly string[],
): { failed: boolean | FailureClass; paths: readonly string[] } {
  const { word = false, paths } = optionalWord(value, failureClasses, {
    manifests,
    refuse: (other) =>
      new RunnerError(
        'usage',
        `Cannot use --failed ${other}: there is no such class${didYouMean(other, failureClasses)}`,
        { hint: `Classes are ${failureClasses.join(', ')}.` },
      ),
  })
  return { failed: word, paths }
}

async function readDotenv({ files }: Surroundings, cwd: string): Promise<Record<string, string | undefined>> {
  const { join } = await import('node:path')
  const { parseEnv } = await import('node:util')
  const bytes = await (await files()).read(join(cwd, '.env'))
  return bytes ? parseEnv(new TextDecoder().decode(bytes)) : {}
}
