import type { CAC } from 'cac'
import type { ImportReport } from '../commands/import.js'
import { RunnerError, TableError } from '../core/errors.js'
import type { CommandContext } from './command-context.js'
import { readPrepareOptions, readProvider, withProvider } from './common-options.js'
import { type RawFlags, textFlag } from './flags.js'
import { count } from './text.js'

/** Adds the commands that read and write tables of spreadsheets: `import`, `export`. */
export function addTableCommands(program: CAC, { surroundings, terminal }: CommandContext): void {
  program
    .command('import <file>', 'Make a manifest of a storyboard table (CSV, TSV or XLSX)')
    .option('--out [file]', 'The manifest to write (default: manifests/NAME.yaml); - prints it')
    .option('--model <id>', 'The model of shots that state none')
    .option('--sheet <name>', 'The sheet of a workbook (default: the first)')
    .option('--json', 'The result as JSON')
    .action(async (file: unknown, flags: RawFlags) => {
      const { importTable } = await import('../commands/import.js')
      const { renderProblems } = await import('./render-problems.js')
      const { argv, cwd } = surroundings
      const options = {
        file: String(file),
        cwd,
        out: readOut(flags, argv),
        model: textFlag(argv, 'model'),
        sheet: textFlag(argv, 'sheet'),
      }
      const report = await importTable(options, await surroundings.files()).catch((error: unknown) => {
        if (error instanceof TableError) terminal.note(renderProblems(error.problems, terminal.errPalette))
        throw error
      })
      if (flags.json) return terminal.json(report)
      terminal.note(renderProblems(report.problems, terminal.errPalette))
      if (report.file === undefined) return terminal.print(report.text.replace(/\n$/, ''))
      terminal.print(importLines(report))
    })

  withProvider(program.command('export [...manifests]', 'Write a table of takes, for spreadsheets'))
    .option('--out [file]', 'The CSV file to write; without it, the table is printed')
    .option('--json', 'The result as JSON')
    .action(async (manifests: string[], flags: RawFlags) => {
      const { exportTable } = await import('../commands/export.js')
      const choice = await readProvider(surroundings)
      const options = await readPrepareOptions(manifests, flags, surroundings, choice)
      const named = readOut(flags, surroundings.argv)
      const out = named === '-' ? undefined : named
      const report = await exportTable({ ...options, out }, await surroundings.ledgerWorld())
      if (flags.json) return terminal.json(report)
      if (report.file === undefined) return terminal.print(report.text.replace(/\n$/, ''))
      terminal.print(`${report.file}: ${count(report.takes.length, 'take')}`)
    })
}

/** The parser takes `-` for a flag, and `--out` for one without a value then; what was typed tells. */
function readOut(flags: RawFlags, argv: readonly string[]): string | undefined {
  const out = textFlag(argv, 'out')
  if (flags.out === true && out !== '-') {
    throw new RunnerError('usage', 'Cannot use --out: the file is missing', {
      hint: 'Name one, or print with --out -.',
    })
  }
  return out
}

const delimiterNames = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' }

function importLines({
  table,
  file,
  encoding,
  delimiter,
  sheet,
  otherSheets = [],
  shots,
  takes,
  model,
  leftOut,
  problems,
}: ImportReport): string[] {
  const wrong = problems.filter(({ severity }) => severity === 'error').length
  const form = delimiter
    ? `${encoding}, ${delimiterNames[delimiter]}`
    : sheetWords(sheet!, otherSheets.length)
  return [
    `${table}: ${form}, ${count(shots, 'shot')}, ${count(takes, 'take')}, ${model}`,
    ...(leftOut.length > 0 ? [`Left out, since they are results: ${leftOut.join(', ')}`] : []),
    `Written to ${file}.`,
    wrong > 0
      ? `${count(wrong, 'problem')} to be mended in it before a run; see them again with: shotlock validate ${file}`
      : `Next: shotlock plan ${file}`,
  ]
}

function sheetWords(sheet: string, others: number): string {
  return others === 0 ? `sheet "${sheet}"` : `sheet "${sheet}" of ${others + 1}`
}
