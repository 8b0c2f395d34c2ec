/** Time, as something that can be passed in. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Resolves after `ms`; rejects with the signal's reason if it aborts first. */
  sleep(ms: number, options?: { signal?: AbortSignal | undefined }): Promise<void>
}
