import { resolve } from 'node:path'
import type { WriteStream } from 'node:tty'
import type { CAC } from 'cac'
import type { PlanReport } from '../commands/plan.js'
import type { RunReport } from '../commands/run.js'
import { RunnerError } from '../core/errors.js'
import type { RunEvent } from '../core/event.js'
import { noProvider, type ProviderChoice } from '../core/provider-choice.js'
import { ask } from './ask.js'
import type { CommandContext } from './command-context.js'
import {
  isRehearsal,
  providerName,
  readPrepareOptions,
  readProvider,
  withFit,
  withProvider,
  withSelection,
} from './common-options.js'
import { statusOfRun } from './exit-status.js'
import { moneyFlag, numberFlag, type RawFlags, textFlag, textFlags } from './flags.js'
import type { Reporter } from './reporter.js'
import type { Surroundings } from './surroundings.js'
import type { Terminal } from './terminal.js'

/** Adds `run`. */
export function addRunCommand(program: CAC, { surroundings, terminal, setStatus }: CommandContext): void {
  withFit(
    withSelection(
      withProvider(program.command('run [...manifests or plan]', 'Buy what is missing, wait, collect, lock')),
    ),
  )
    .option('--yes', 'Buy without asking')
    .option('--takes <+n>', 'With --shot: raise takes of these shots in the manifest, and buy the new ones')
    .option('--draft', 'Buy cheap drafts of the shots instead of finals; shotlock promote approves them')
    .option('--max-cost <amount>', 'Spend at most so much in this run, such as 50 or 50CNY')
    .option('--no-wait', 'Only submit; a later run collects')
    .option(
      '--wait-timeout <s>',
      'Wait at most so many seconds; what is live goes on, a later run collects it',
    )
    .option('--retries <n>', 'Buy a take that failed again at once, so many times (default: 0)')
    .option('--concurrency <n>', 'Most tasks live at once (default: what the account may have)')
    .option('--rpm <n>', 'Most creates a minute (default: what the account may send)')
    .option('--media-memory <MB>', 'Most memory for local media that are being sent (default: 256)')
    .option('--json', 'The result as JSON')
    .action(async (manifests: string[], flags: RawFlags) => {
      setStatus(await runAction(manifests, flags, surroundings, terminal))
    })
}

async function runAction(
  manifests: readonly string[],
  flags: RawFlags,
  surroundings: Surroundings,
  terminal: Terminal,
): Promise<number> {
  const { run } = await import('../commands/run.js')
  const choice = await readProvider(surroundings)
  if (!choice) throw noProvider()
  const saved = await readSavedPlan(manifests, flags, surroundings, choice)
  const prepare = saved?.prepare ?? (await readPrepareOptions(manifests, flags, surroundings, choice))
  const limits = {
    concurrency: numberFlag(flags, 'concurrency', { min: 1, max: 10_000 }),
    createsPerMinute: numberFlag(flags, 'rpm', { min: 1, max: 1_000_000 }),
    moreTakes: readMoreTakes(surroundings.argv),
    maxCost: moneyFlag(surroundings.argv, 'max-cost'),
    mediaMemoryBytes: inBytes(numberFlag(flags, 'media-memory', { min: 1, max: 1_000_000 })),
    retries: numberFlag(flags, 'retries', { min: 0, max: 100 }) ?? 0,
    wait: flags.wait !== false,
    waitTimeoutMs: inMs(numberFlag(flags, 'wait-timeout', { min: 0, max: 7 * 24 * 3600, whole: false })),
  }

  const shown: { reporter: Reporter | undefined } = { reporter: undefined }
  const emit = (event: RunEvent) => shown.reporter?.see(event)
  const { world, pollPolicy, close } = await surroundings.openWorld(choice, emit)
  let report: RunReport
  try {
    const confirm = async (plan: PlanReport) => {
      const context = { choice, flags, surroundings, terminal, isSaved: saved !== undefined }
      if (!(await askConsent(plan, context))) return false
      shown.reporter = await openReporter(plan, flags, surroundings, terminal)
      return true
    }
    report = await run({ ...prepare, ...limits, saved, pollPolicy }, world, {
      confirm,
      signal: surroundings.signal,
    })
  } finally {
    shown.reporter?.close()
    await close()
  }

  if (flags.json) terminal.json(report)
  else {
    const { renderSummary } = await import('./render-summary.js')
    terminal.print(
      renderSummary(report, terminal.outPalette, surroundings.stdout.columns ?? Number.POSITIVE_INFINITY),
    )
  }
  return statusOfRun(report)
}

/** @throws RunnerError `usage` */
function readMoreTakes(argv: readonly string[]): number | undefined {
  const text = textFlag(argv, 'takes')
  if (text === undefined) return undefined
  const hint = 'Such as: shotlock run --shot fox-run --takes +2.'
  const more = /^\+([1-9]\d?)$/.exec(text)?.[1]
  if (more === undefined)
    throw new RunnerError('usage', `Cannot use --takes ${text}: it says how many more, +1 to +99`, { hint })
  if (textFlags(argv, 'shot').length === 0)
    throw new RunnerError('usage', 'Cannot use --takes: no shot is named', { hint })
  return Number(more)
}

/**
 * The plan that is named in the place of manifests.
 *
 * @throws RunnerError `plan-invalid`; `usage` when flags say what the plan says already; `plan-stale` when another
 *   provider would be asked.
 */
async function readSavedPlan(
  paths: readonly string[],
  flags: RawFlags,
  surroundings: Surroundings,
  choice: ProviderChoice,
) {
  const [named, ...others] = paths
  if (named === undefined || !/\.json$/i.test(named)) return undefined
  const odd = ['shot', 'tag', 'failed', 'rejected', 'force', 'draft', 'stale', 'fit', 'takes'].filter(
    (name) => flags[name] !== undefined,
  )
  if (others.length > 0 || odd.length > 0) {
    const what = others.length > 0 ? `"${others[0]}"` : `--${odd[0]}`
    throw new RunnerError(
      'usage',
      `Cannot run the plan "${named}" with ${what}: the plan says what is bought`,
      {
        hint: 'Leave it out, or make another plan with it: shotlock plan --out FILE.',
      },
    )
  }
  const { loadPlan, optionsOf } = await import('../engine/saved-plans.js')
  const path = resolve(surroundings.cwd, named)
  const plan = await loadPlan(path, named, await surroundings.files())
  const name = providerName(choice)
  if (plan.provider !== name || plan.rehearsal !== isRehearsal(choice)) {
    throw new RunnerError(
      'plan-stale',
      `Cannot run the plan: it was made for ${plan.provider}, not for ${name}`,
      {
        hint: `Give the provider it was made for, or make a new plan. Nothing was sent.`,
      },
    )
  }
  const { rates, cwd } = await readPrepareOptions([], flags, surroundings, choice)
  return { plan, path, prepare: { ...optionsOf(plan, path, cwd), rates } }
}

interface ConsentContext {
  choice: ProviderChoice
  flags: RawFlags
  surroundings: Surroundings
  terminal: Terminal
  /** Whether the plan was saved before, looked at, and named for this run: that is the consent. */
  isSaved: boolean
}

/** Shows the plan and asks, on a terminal; elsewhere `--yes` is the consent. A rehearsal costs nothing and needs none. */
async function askConsent(
  plan: PlanReport,
  { choice, flags, surroundings, terminal, isSaved }: ConsentContext,
): Promise<boolean> {
  const { renderPlan } = await import('./render-plan.js')
  const { renderProblems } = await import('./render-problems.js')
  const { renderFitted } = await import('./render-fitted.js')
  if (!flags.json)
    terminal.note([
      ...renderProblems(plan.warnings, terminal.errPalette),
      ...renderFitted(plan.fitted, terminal.errPalette),
      ...renderPlan(plan, terminal.errPalette, 40),
    ])
  if (plan.totals.buys === 0 || flags.yes || isSaved || isRehearsal(choice)) return true
  const hint = 'Look at the plan with shotlock plan, then give --yes.'
  const { consentWords } = await import('./render-plan.js')
  const account = choice.kind === 'remote' && choice.account ? `, account of ${choice.account}` : ''
  return await ask(`${consentWords(plan)} from ${providerName(choice)}${account}?`, surroundings, hint)
}

async function openReporter(
  plan: PlanReport,
  flags: RawFlags,
  { stderr }: Surroundings,
  terminal: Terminal,
): Promise<Reporter> {
  const { plainReporter, silentReporter } = await import('./reporter.js')
  const idle = plan.plans.every(({ steps }) => steps.every(({ step }) => step === 'keep' || step === 'hold'))
  if (flags.json || idle) return silentReporter
  if (!terminal.live) return plainReporter((line) => terminal.note(line), terminal.errPalette)
  const { liveReporter } = await import('./live-reporter.js')
  return liveReporter(stderr as WriteStream, terminal.errPalette)
}

function inBytes(megabytes: number | undefined): number | undefined {
  return megabytes === undefined ? undefined : megabytes * 1024 * 1024
}

function inMs(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000
}
