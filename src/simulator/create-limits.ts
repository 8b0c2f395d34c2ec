import type { ModelProfile } from '../core/models.js'
import { ServiceError } from './service-error.js'
import type { LaneCounts } from './task-book.js'

/** Limits of the account. `undefined`: those of the model. Source: reference section 9. */
export interface AccountLimits {
  /** Most tasks of one model that run at once. */
  liveTasks: number | undefined
  /** Most creates of one model in any 60 s. */
  createsPerMinute: number | undefined
  /** Most queued tasks of one model. */
  queueLimit: number
}

/**
 * Remembers the last minute of creates.
 *
 * @returns A function that lets a create through or throws ServiceError 429. What it refuses does not count. It takes
 *   the model, the model's line (`undefined` where the queue has no limit) and the time.
 */
export function createLimiter(limits: AccountLimits) {
  const recent = new Map<string, number[]>()
  return (profile: ModelProfile, counts: LaneCounts | undefined, nowMs: number): void => {
    const times = (recent.get(profile.label) ?? []).filter((time) => time > nowMs - 60_000)
    recent.set(profile.label, times)
    if (times.length >= (limits.createsPerMinute ?? profile.account.createsPerMinute)) {
      throw new ServiceError(
        429,
        'ModelAccountRpmRateLimitExceeded',
        'The requests per minute (RPM) limit of your account for this model has been exceeded.',
      )
    }
    if (counts && counts.queued >= limits.queueLimit) {
      throw new ServiceError(429, 'QuotaExceeded', 'There are too many queued tasks. Try again later.')
    }
    times.push(nowMs)
  }
}
