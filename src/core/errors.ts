import type { Problem } from './problem.js'

/**
 * What went wrong, as a stable word. Public: scripts may switch on it; `docs/errors.md` lists each with its way out.
 */
export type ErrorCode =
  | 'usage'
  | 'no-manifests'
  | 'manifest-invalid'
  | 'manifest-unreadable'
  | 'lockfile-invalid'
  | 'lockfile-conflict'
  | 'lockfile-newer'
  | 'lockfile-changed'
  | 'lockfile-unwritten'
  | 'journal-damaged'
  | 'no-provider'
  | 'no-key'
  | 'unknown-provider'
  | 'base-url-invalid'
  | 'run-in-progress'
  | 'no-consent'
  | 'account-refused'
  | 'provider-unreachable'
  | 'provider-error'
  | 'state-unwritable'
  | 'state-unreadable'
  | 'port-unusable'
  | 'nothing-selected'
  | 'name-taken'
  | 'output-taken'
  | 'cannot-resubmit'
  | 'cannot-adopt'
  | 'cannot-promote'
  | 'review-too-large'
  | 'review-unwritten'
  | 'report-unwritten'
  | 'cannot-judge'
  | 'cannot-pick'
  | 'cannot-raise'
  | 'prices-invalid'
  | 'prices-unreadable'
  | 'budget-unpriced'
  | 'plan-invalid'
  | 'plan-stale'
  | 'plan-used'
  | 'no-git'
  | 'unknown-model'
  | 'table-invalid'
  | 'file-exists'
  | 'fit-unavailable'

/** A run that cannot go on. A shot that fails is not an error but an outcome. */
export class RunnerError extends Error {
  override readonly name: string = 'RunnerError'
  readonly code: ErrorCode
  /** The next action, as an imperative sentence; `undefined` where there is none. */
  readonly hint: string | undefined

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.hint = options.hint
  }
}

/** Manifests that cannot be used, with every problem found in them. */
export class ManifestError extends RunnerError {
  override readonly name = 'ManifestError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[], message: string) {
    super('manifest-invalid', message)
    this.problems = problems
  }
}

/** A table that no manifest can be made of, with every problem found in it. Rows are its lines. */
export class TableError extends RunnerError {
  override readonly name = 'TableError'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[], message: string, options: { hint?: string } = {}) {
    super('table-invalid', message, options)
    this.problems = problems
  }
}

/** An answer of the provider to a call that is free to repeat (retrieve, list, delete, download). */
export class ProviderError extends RunnerError {
  override readonly name = 'ProviderError'
  /** HTTP status, or `undefined` when no answer arrived. */
  readonly status: number | undefined
  /** The provider's own error code, such as `NotFound.Task`; `undefined` when the body held none. */
  readonly providerCode: string | undefined
  /** How long the provider asked us to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined

  constructor(
    message: string,
    options: {
      status?: number | undefined
      providerCode?: string | undefined
      retryAfterMs?: number | undefined
      hint?: string
      cause?: unknown
    } = {},
  ) {
    super('provider-error', message, options)
    this.status = options.status
    this.providerCode = options.providerCode
    this.retryAfterMs = options.retryAfterMs
  }
}
