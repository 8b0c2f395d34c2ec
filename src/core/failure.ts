/** Kinds of failure; each has its own rule for being bought again. Public: `--failed CLASS` takes these words. */
export const failureClasses = [
  'moderation-input',
  'moderation-output',
  'invalid',
  'account',
  'throttled',
  'service',
  'expired',
  'cancelled',
  'download',
  'unknown',
] as const
export type FailureClass = (typeof failureClasses)[number]

/** Codes by what they begin with; the first that fits decides. Source: vendor error page 1299023. */
const byPrefix: readonly (readonly [string, FailureClass])[] = [
  ['OutputVideo', 'moderation-output'],
  ['OutputAudio', 'moderation-output'],
  ['OutputImage', 'moderation-output'],
  ['InputTextSensitive', 'moderation-input'],
  ['InputImageSensitive', 'moderation-input'],
  ['InputVideoSensitive', 'moderation-input'],
  ['InputAudioSensitive', 'moderation-input'],
  ['InputTextRisk', 'moderation-input'],
  ['InputImageRisk', 'moderation-input'],
  ['SensitiveContentDetected', 'moderation-input'],
  ['AuthenticationError', 'account'],
  ['InvalidAccountStatus', 'account'],
  ['AccountOverdueError', 'account'],
  ['OperationDenied', 'account'],
  ['AccessDenied', 'account'],
  ['ModelNotOpen', 'account'],
  ['InvalidEndpointOrModel.ModelIDAccessDisabled', 'account'],
  ['SetLimitExceeded', 'account'],
  ['QuotaExceeded', 'account'],
  ['RateLimitExceeded', 'throttled'],
  ['ModelAccount', 'throttled'],
  ['APIAccount', 'throttled'],
  ['AccountRateLimitExceeded', 'throttled'],
  ['ServerOverloaded', 'throttled'],
  ['RequestBurstTooFast', 'throttled'],
  ['InflightBatchsizeExceeded', 'throttled'],
  ['MissingParameter', 'invalid'],
  ['InvalidParameter', 'invalid'],
  ['InvalidImageURL', 'invalid'],
  ['InvalidEndpoint', 'invalid'],
  ['RequestBodyTooLarge', 'invalid'],
  ['InternalServiceError', 'service'],
  // Ours: a person gave an unknown create up for lost; an image changed between plan and create.
  ['released', 'service'],
  ['image-changed', 'service'],
  ['ContentSecurityDetectionError', 'service'],
]

/**
 * The class of a failed take.
 *
 * @param hadTask Whether a task existed: an unknown code at create says that the request was refused, an unknown code
 *   of a task that the service failed at it.
 */
export function classifyFailure(code: string, hadTask: boolean): FailureClass {
  const exact = failureClasses.find((known) => known === code)
  if (exact) return exact
  const rule = byPrefix.find(([prefix]) => code.startsWith(prefix))
  return rule?.[1] ?? (hadTask ? 'service' : 'invalid')
}

/** Whether an unchanged shot may be bought again after such a failure; otherwise it is held until it changes. */
export function mayRerun(failure: FailureClass): boolean {
  return failure !== 'moderation-input' && failure !== 'invalid' && failure !== 'unknown'
}

/** What a failure means for the person, as a short sentence. */
export function failureAdvice(failure: FailureClass): string {
  switch (failure) {
    case 'moderation-input':
      return 'the prompt or image was refused by moderation: change the shot'
    case 'moderation-output':
      return 'the result was refused by moderation: a rerun may pass'
    case 'invalid':
      return 'the service refused the request: change the shot'
    case 'account':
      return 'the account was refused'
    case 'throttled':
      return 'the service was too busy: run again later'
    case 'service':
      return 'the service failed: run again'
    case 'expired':
      return 'the task expired before it was done: run again'
    case 'cancelled':
      return 'the task was cancelled: run again to buy it'
    case 'download':
      return 'the result is paid for but could not be fetched: run again soon, it is kept for 24 hours'
    case 'unknown':
      return 'a create was sent and its answer never seen: do not buy it again by hand'
  }
}
