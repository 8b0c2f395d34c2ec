import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { RunnerError, TableError } from '../core/errors.js'
import { type Storyboard, storyboardToManifest } from '../core/storyboard.js'
import { readWorkbook, type Sheet, workbookKind } from '../core/workbook.js'
import { findProjectRoot } from '../engine/places.js'
import type { Files } from '../ports/files.js'

export interface ImportOptions {
  /** The table as the person named it. */
  file: string
  /** What relative paths start from. */
  cwd: string
  /** The manifest to write; default `manifests/NAME.yaml` by the table's name. `-`: none, the text is only returned. */
  out?: string | undefined
  /** The model of shots that state none; default the one that the table names most often. */
  model?: string | undefined
  /** The sheet of a workbook; default the first. */
  sheet?: string | undefined
}

export interface ImportReport extends Storyboard {
  /** The table as the person named it. */
  table: string
  /** The manifest that was written; `undefined` when none was to be. */
  file: string | undefined
}

const saveAsText = 'Save it as CSV UTF-8 (or as tab-separated text) in the spreadsheet, and import that file.'

/**
 * Makes a manifest of a storyboard table: CSV, TSV or a sheet of an .xlsx workbook. A file that is there is never written over.
 *
 * @throws TableError with every problem of the table; RunnerError `file-exists`, or `usage` for a name that no manifest
 *   can have. Nothing was written then.
 */
export async function importTable(
  { file, cwd, out, model, sheet }: ImportOptions,
  files: Files,
): Promise<ImportReport> {
  const target = out === undefined || out === '-' ? `manifests/${nameFor(file)}.yaml` : out
  if (!/\.ya?ml$/i.test(target) || /\.lock\.ya?ml$/i.test(target)) {
    throw new RunnerError('usage', `Cannot write "${target}": a manifest ends in .yaml`, {
      hint: 'Name it such as --out manifests/ep01.yaml.',
    })
  }
  const path = resolve(cwd, target)
  if (out !== '-' && (await files.exists(path))) throw exists(target)

  const source = await readSource(resolve(cwd, file), { file, sheet }, files)
  const schema = join(await findProjectRoot(dirname(path), files), 'schemas', 'manifest.schema.json')
  const schemaPath = relative(dirname(path), schema).replaceAll('\\', '/')
  const made = storyboardToManifest(source, { file, manifestFile: target, model, schemaPath })
  if ('fault' in made) {
    const errors = made.problems.filter(({ severity }) => severity === 'error')
    if (made.fault === 'cells') {
      throw new TableError(
        made.problems,
        `Cannot import "${file}": it has ${errors.length} ${errors.length === 1 ? 'problem' : 'problems'}`,
      )
    }
    const options = made.fault === 'quotes' ? {} : { hint: saveAsText }
    throw new TableError(made.problems, `Cannot import "${file}": ${errors[0]!.message}`, options)
  }
  if (out !== '-' && !(await files.createNew(path, made.text))) throw exists(target)
  return { table: file, file: out === '-' ? undefined : target, ...made }
}

/** A manifest's name has no spaces and none of the characters that file systems refuse. */
function nameFor(file: string): string {
  const name = basename(file, extname(file))
    .replace(/[\s:*?"<>|]+/g, '-')
    .replace(/^\.+/, '')
    .replace(/\.(simulator|lock)$/i, '-$1')
  return name === '' ? 'storyboard' : name
}

/** The table as a text in bytes, or as a sheet. */
async function readSource(
  path: string,
  { file, sheet }: { file: string; sheet: string | undefined },
  files: Files,
): Promise<Uint8Array | Sheet> {
  const bytes = await readTableFile(path, file, files)
  if (!workbookKind(bytes)) {
    if (sheet === undefined) return bytes
    throw new RunnerError(
      'usage',
      `Cannot use --sheet "${sheet}": "${file}" is a text, which has no sheets`,
      {
        hint: 'Leave it out.',
      },
    )
  }
  const read = await readWorkbook(bytes, sheet)
  if (!('kind' in read)) return read
  const code = read.kind === 'sheet' ? 'usage' : 'table-invalid'
  throw new RunnerError(code, `Cannot import "${file}": ${read.message}`, { hint: read.hint })
}

async function readTableFile(path: string, file: string, files: Files): Promise<Uint8Array> {
  const cannot = (state: string, options: { hint?: string; cause?: unknown } = {}) =>
    new RunnerError('table-invalid', `Cannot import "${file}": ${state}`, options)
  let bytes: Uint8Array | undefined
  try {
    bytes = await files.read(path)
  } catch (cause) {
    throw cannot((cause as Error).message, { cause })
  }
  if (!bytes) throw cannot('there is no such file', { hint: 'Check the path.' })
  return bytes
}

function exists(file: string): RunnerError {
  return new RunnerError('file-exists', `Cannot write "${file}": there is such a file already`, {
    hint: 'Name another file with --out, or print the manifest with --out -.',
  })
}
