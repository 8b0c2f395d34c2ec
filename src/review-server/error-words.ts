import { ManifestError, type RunnerError } from '../core/errors.js'

/** An error as the page tells it. Of the problems of a manifest that is the first, with its place. */
export function errorWords(error: RunnerError): { code: string; message: string; hint?: string } {
  const { code, message, hint } = error
  const first = error instanceof ManifestError ? error.problems[0] : undefined
  return {
    code,
    message: first ? `${first.file}:${first.line}:${first.col} ${first.message}` : message,
    ...(hint === undefined ? {} : { hint }),
  }
}
