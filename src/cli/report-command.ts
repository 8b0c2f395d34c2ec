import { resolve } from 'node:path'
import type { CAC } from 'cac'
import { RunnerError } from '../core/errors.js'
import type { CommandContext } from './command-context.js'
import { readPrepareOptions, readProvider, withProvider } from './common-options.js'
import { exitStatus } from './exit-status.js'
import { type RawFlags, textFlag } from './flags.js'
import type { Terminal } from './terminal.js'

/** Adds `report`. */
export function addReportCommand(program: CAC, { surroundings, terminal, setStatus }: CommandContext): void {
  withProvider(
    program.command('report [...manifests]', 'Say where each take stands, for CI: JUnit, Markdown, GitHub'),
  )
    .option('--junit [file]', 'Write JUnit XML; - prints it')
    .option('--markdown [file]', 'Write Markdown; - prints it, as does no flag at all')
    .option('--github', 'Annotate the lines of the manifests, and add to the summary of the step')
    .option('--shot <glob>', 'Only shots or takes with such a name; may be repeated')
    .option('--tag <tag>', 'Only shots with this tag; may be repeated')
    .option('--json', 'The result as JSON')
    .action(async (manifests: string[], flags: RawFlags) => {
      const { argv, cwd, env } = surroundings
      const github = flags.github === true
      const junit = readFile('junit', flags, argv)
      const isSilent = junit === undefined && !github && !flags.json
      const markdown = readFile('markdown', flags, argv) ?? (isSilent ? '-' : undefined)
      const printed = printedForms({ junit, markdown, github, json: flags.json === true })
      const options = await readPrepareOptions(
        manifests,
        flags,
        surroundings,
        await readProvider(surroundings),
      )
      const { report } = await import('../commands/report.js')
      const { GITHUB_STEP_SUMMARY: summary, GITHUB_WORKSPACE: workspace } = env
      const world = await surroundings.ledgerWorld()
      const inFile = (name: string | undefined) =>
        name === undefined || name === '-' ? undefined : resolve(cwd, name)
      const made = await annotated(github, terminal, () =>
        report(
          {
            ...options,
            junit: inFile(junit),
            markdown: inFile(markdown),
            stepSummary: github && summary ? resolve(cwd, summary) : undefined,
            root: github && workspace ? resolve(cwd, workspace) : undefined,
          },
          world,
        ),
      )
      if (made.problems.some(({ severity }) => severity === 'error')) setStatus(exitStatus.badInput)
      switch (printed) {
        case 'json':
          return terminal.json(made)
        case 'github': {
          const { annotationsOf, workflowCommands } = await import('../core/github-annotations.js')
          return terminal.print(workflowCommands(annotationsOf(made)))
        }
        case 'markdown': {
          const { reportMarkdown } = await import('../core/report-markdown.js')
          return terminal.print(reportMarkdown(made).trimEnd())
        }
        case 'junit': {
          const { junitXml } = await import('../core/junit.js')
          return terminal.print(junitXml(made).trimEnd())
        }
      }
    })
}

/** An error that ends the command is a remark on GitHub too, about no file. */
async function annotated<T>(github: boolean, terminal: Terminal, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (github && error instanceof RunnerError) {
      const { workflowCommand } = await import('../core/github-annotations.js')
      const { code: title, message, hint } = error
      const words = hint === undefined ? message : `${message}. ${hint}`
      terminal.print(workflowCommand({ level: 'error', title, message: words }))
    }
    throw error
  }
}

/**
 * The file that a flag names, or `-`; the parser takes that for another flag, and what was typed tells.
 *
 * @throws RunnerError `usage` also for a manifest or lockfile, which is most likely not meant to be written over.
 */
function readFile(name: 'junit' | 'markdown', flags: RawFlags, argv: readonly string[]): string | undefined {
  const file = textFlag(argv, name)
  const hint = `Such as: shotlock report --${name} ${name === 'junit' ? 'report.xml' : 'report.md'}.`
  if (flags[name] === true && file !== '-')
    throw new RunnerError('usage', `Cannot use --${name}: the file is missing`, { hint })
  if (file !== undefined && /\.ya?ml$/i.test(file))
    throw new RunnerError('usage', `Cannot write to "${file}": it would replace YAML`, { hint })
  return file
}

/** What goes to stdout: one thing at most. */
function printedForms(asked: {
  junit: string | undefined
  markdown: string | undefined
  github: boolean
  json: boolean
}): 'junit' | 'markdown' | 'github' | 'json' | undefined {
  const forms = [
    ...(asked.junit === '-' ? (['junit'] as const) : []),
    ...(asked.markdown === '-' ? (['markdown'] as const) : []),
    ...(asked.github ? (['github'] as const) : []),
    ...(asked.json ? (['json'] as const) : []),
  ]
  if (forms.length > 1) {
    throw new RunnerError('usage', `Cannot print both: --${forms[0]} and --${forms[1]}`, {
      hint: 'Only one of them can go to stdout; --junit and --markdown also take a file.',
    })
  }
  return forms[0]
}
