import { RunnerError } from '../core/errors.js'
import type { Surroundings } from './surroundings.js'

/**
 * Asks a person on the terminal. Ctrl-C means no.
 *
 * @param hint What to do where there is nobody to ask.
 * @throws RunnerError `no-consent` where there is nobody to ask.
 */
export async function ask(
  question: string,
  { stdin, stderr, signal }: Surroundings,
  hint = 'Give --yes.',
): Promise<boolean> {
  if (stdin.isTTY !== true || stderr.isTTY !== true) {
    throw new RunnerError('no-consent', 'Cannot go on: there is nobody to ask', { hint })
  }
  const { createInterface } = await import('node:readline/promises')
  const prompt = createInterface({ input: stdin, output: stderr })
  try {
    const answer = await prompt.question(`${question} [y/N] `, { signal })
    return /^(y|yes|是)$/i.test(answer.trim())
  } catch (error) {
    if ((error as Error).name === 'AbortError') return false
    throw error
  } finally {
    prompt.close()
  }
}
