import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import type { CAC } from 'cac'
import { RunnerError } from '../core/errors.js'
import { noProvider } from '../core/provider-choice.js'
import type { CommandContext } from './command-context.js'
import {
  providerName,
  readPrepareOptions,
  readProvider,
  withFit,
  withProvider,
  withSelection,
} from './common-options.js'
import { exitStatus } from './exit-status.js'
import { optionalWord, type RawFlags, textFlag, textFlags } from './flags.js'
import type { GraphFormat } from './render-graph.js'

/** Adds the commands that send nothing and cost nothing: `init`, `validate`, `expand`, `plan`, `status`. */
export function addLookingCommands(
  program: CAC,
  { surroundings, terminal, setStatus }: CommandContext,
): void {
  program
    .command('init', 'Start a project here: example manifest, ignore files, .env.example')
    .option('--git-driver', 'Also let git merge and show lockfiles with shotlock, in this clone')
    .option('--json', 'The result as JSON')
    .action(async (flags: RawFlags) => {
      const { gitDriverSettings, init } = await import('../commands/init.js')
      const options = { folder: surroundings.cwd, gitDriver: flags.gitDriver === true }
      const report = await init(options, await surroundings.files())
      if (flags.json) return terminal.json(report)
      for (const { file, did } of report.files) terminal.print(`${did.padEnd(8)}  ${file}`)
      if (report.gitDriver === 'registered')
        terminal.print('Git now merges lockfiles with shotlock merge, and shows them with shotlock textconv')
      else {
        terminal.print(
          'To let git merge lockfiles by task and show them by take, in each clone (or: shotlock init --git-driver):',
        )
        for (const [key, value] of gitDriverSettings) terminal.print(`  git config ${key} "${value}"`)
      }
      terminal.print('Next: shotlock run --provider simulator')
    })

  withFit(program.command('validate [...manifests]', 'Check everything that can be checked offline'))
    .option('--json', 'The result as JSON')
    .action(async (paths: string[], flags: RawFlags) => {
      const { validate } = await import('../commands/validate.js')
      const { renderProblems, renderVerdict } = await import('./render-problems.js')
      const { renderFitted } = await import('./render-fitted.js')
      const { files, fitter } = await surroundings.ledgerWorld()
      const report = await validate({ paths, cwd: surroundings.cwd, fit: flags.fit === true }, files, fitter)
      const broken = report.problems.some(({ severity }) => severity === 'error')
      if (broken) setStatus(exitStatus.badInput)
      if (flags.json) return terminal.json(report)
      terminal.print(renderProblems(report.problems, terminal.outPalette))
      terminal.print(renderFitted(report.fitted, terminal.outPalette))
      terminal.print(renderVerdict(report.problems, report.manifests))
    })

  program
    .command('expand [...manifests]', 'Print what will be sent: variables, defaults and matrices worked out')
    .option('--shot <glob>', 'Only shots or takes with such a name; may be repeated')
    .option('--tag <tag>', 'Only shots with this tag; may be repeated')
    .option('--json', 'The result as JSON')
    .action(async (paths: string[], flags: RawFlags) => {
      const { expand } = await import('../commands/expand.js')
      const { renderExpanded } = await import('../core/expand.js')
      const { argv, cwd } = surroundings
      const selection = { shots: textFlags(argv, 'shot'), tags: textFlags(argv, 'tag') }
      const report = await expand({ paths, cwd, selection }, await surroundings.files())
      if (flags.json) return terminal.json(report)
      for (const one of report.manifests) terminal.print([`# ${one.file}`, renderExpanded(one).trimEnd()])
    })

  withFit(
    withSelection(
      withProvider(program.command('plan [...manifests]', 'Show what a run would do, why, and the price')),
    ),
  )
    .option('--draft', 'Plan cheap drafts of the shots instead of finals')
    .option('--graph [format]', 'Which shots go on from which, as a drawing: mermaid (default) or dot')
    .option('--out <file>', 'Save the plan, to be carried out exactly with: shotlock run FILE')
    .option('--json', 'The plan as JSON')
    .action(async (manifests: string[], flags: RawFlags) => {
      const { plan } = await import('../commands/plan.js')
      const choice = await readProvider(surroundings)
      const { graph, paths } = await readGraph(flags.graph, manifests)
      const options = await readPrepareOptions(paths, flags, surroundings, choice)
      const out = textFlag(surroundings.argv, 'out')
      if (out !== undefined && !choice) throw noProvider()
      const save =
        out === undefined
          ? undefined
          : { path: resolve(surroundings.cwd, out), provider: providerName(choice!), newId: randomUUID }
      const report = await plan({ ...options, save }, await surroundings.ledgerWorld())
      if (flags.json) return terminal.json(report)
      const { renderProblems } = await import('./render-problems.js')
      terminal.note(renderProblems(report.warnings, terminal.errPalette))
      if (graph) {
        const { renderGraph } = await import('./render-graph.js')
        terminal.print(renderGraph(report, graph))
      } else {
        const { renderPlan } = await import('./render-plan.js')
        const { renderFitted } = await import('./render-fitted.js')
        terminal.print(renderFitted(report.fitted, terminal.outPalette))
        terminal.print(renderPlan(report, terminal.outPalette, 1000))
      }
      if (out !== undefined) terminal.note(`Saved to ${out}. Carry it out with: shotlock run ${out}`)
    })

  withSelection(withProvider(program.command('status [...manifests]', 'Show where each take stands')))
    .option('--json', 'The result as JSON')
    .action(async (manifests: string[], flags: RawFlags) => {
      const { status } = await import('../commands/status.js')
      const { renderStatus } = await import('./render-status.js')
      const options = await readPrepareOptions(
        manifests,
        flags,
        surroundings,
        await readProvider(surroundings),
      )
      const report = await status(options, await surroundings.ledgerWorld())
      if (flags.json) return terminal.json(report)
      terminal.print(renderStatus(report, terminal.outPalette))
    })
}

/** `--graph` may have a format; a path behind it is a manifest. */
async function readGraph(
  value: unknown,
  manifests: readonly string[],
): Promise<{ graph: GraphFormat | undefined; paths: readonly string[] }> {
  if (value === undefined) return { graph: undefined, paths: manifests }
  const { graphFormats } = await import('./render-graph.js')
  const { word, paths } = optionalWord(value, graphFormats, {
    manifests,
    refuse: (other) =>
      new RunnerError('usage', `Cannot use --graph ${other}: it is mermaid or dot`, {
        hint: 'Such as: shotlock plan --graph dot | dot -Tsvg -o plan.svg.',
      }),
  })
  return { graph: word === true ? 'mermaid' : word, paths }
}
