import { resolve } from 'node:path'
import { RunnerError } from '../core/errors.js'
import { parseLockfile } from '../core/lockfile.js'
import { lockfileLines } from '../core/lockfile-lines.js'
import { readable } from '../engine/ledger.js'
import type { Files } from '../ports/files.js'

/**
 * A lockfile as git shows its history. What is no lockfile, such as one with conflict markers, is shown as it is: a
 * person who looks at history must always see something.
 *
 * @throws RunnerError `usage` when there is no such file, `state-unreadable`.
 */
export async function textconv(
  { file, cwd }: { file: string; cwd: string },
  files: Pick<Files, 'read'>,
): Promise<string> {
  const bytes = await readable(() => files.read(resolve(cwd, file)), file)
  if (!bytes) {
    throw new RunnerError('usage', `Cannot show "${file}": there is no such file`, {
      hint: 'Git calls this by itself, see shotlock init. To compare lockfiles: shotlock diff.',
    })
  }
  try {
    return bytes.length === 0 ? '' : lockfileLines(parseLockfile(bytes, file))
  } catch (error) {
    if (!(error instanceof RunnerError)) throw error
    return new TextDecoder().decode(bytes)
  }
}
