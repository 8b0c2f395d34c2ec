import { describe, expect, test } from 'vitest'
import {
  classifyFailure,
  type FailureClass,
  failureAdvice,
  failureClasses,
  mayRerun,
} from '../../src/core/failure.js'

describe('the class of a failure', () => {
  test.each<[string, FailureClass]>([
    ['InputTextSensitiveContentDetected', 'moderation-input'],
    ['InputTextSensitiveContentDetected.PolicyViolation', 'moderation-input'],
    ['InputImageSensitiveContentDetected', 'moderation-input'],
    ['InputImageSensitiveContentDetected.PrivacyInformation', 'moderation-input'],
    ['InputVideoSensitiveContentDetected', 'moderation-input'],
    ['InputAudioSensitiveContentDetected', 'moderation-input'],
    ['InputTextRiskDetection', 'moderation-input'],
    ['InputImageRiskDetection', 'moderation-input'],
    ['SensitiveContentDetected', 'moderation-input'],
    ['SensitiveContentDetected.SevereViolation', 'moderation-input'],
    ['OutputVideoSensitiveContentDetected', 'moderation-output'],
    ['OutputVideoSensitiveContentDetected.PolicyViolation', 'moderation-output'],
    ['OutputAudioSensitiveContentDetected', 'moderation-output'],
    ['MissingParameter.model', 'invalid'],
    ['InvalidParameter', 'invalid'],
    ['InvalidParameter.TaskTypeConstraint', 'invalid'],
    ['InvalidParameter.TosURLInvalid', 'invalid'],
    ['InvalidImageURL.EmptyURL', 'invalid'],
    ['InvalidEndpoint.ClosedEndpoint', 'invalid'],
    ['InvalidEndpointOrModel.NotFound', 'invalid'],
    ['RequestBodyTooLarge', 'invalid'],
    ['InvalidEndpointOrModel.ModelIDAccessDisabled', 'account'],
    ['AuthenticationError', 'account'],
    ['InvalidAccountStatus', 'account'],
    ['AccountOverdueError', 'account'],
    ['OperationDenied.ServiceOverdue', 'account'],
    ['OperationDenied.ServiceNotOpen', 'account'],
    ['AccessDenied', 'account'],
    ['ModelNotOpen', 'account'],
    ['QuotaExceeded', 'account'],
    ['SetLimitExceeded', 'account'],
    ['RateLimitExceeded.EndpointRPMExceeded', 'throttled'],
    ['ModelAccountRpmRateLimitExceeded', 'throttled'],
    ['APIAccountRpmRateLimitExceeded', 'throttled'],
    ['AccountRateLimitExceeded', 'throttled'],
    ['ServerOverloaded', 'throttled'],
    ['RequestBurstTooFast', 'throttled'],
    ['InflightBatchsizeExceeded', 'throttled'],
    ['InternalServiceError', 'service'],
    ['ContentSecurityDetectionError', 'service'],
  ])('%s: %s', (code, failure) => {
    expect([classifyFailure(code, true), classifyFailure(code, false)]).toEqual([failure, failure])
  })

  test.each([...failureClasses])('%s: itself', (failure) => {
    expect(classifyFailure(failure, true)).toBe(failure)
  })

  test.each(['', 'Strange', 'error', 'constructor'])(
    '%j: of the service when a task existed, of the request when none did',
    (code) => {
      expect(classifyFailure(code, true)).toBe('service')
      expect(classifyFailure(code, false)).toBe('invalid')
    },
  )
})

test('what the shot is to blame for, and what may have been bought, is not rerun', () => {
  expect(failureClasses.filter((failure) => !mayRerun(failure))).toEqual([
    'moderation-input',
    'invalid',
    'unknown',
  ])
})

test('every class has an advice of its own', () => {
  expect(new Set(failureClasses.map(failureAdvice)).size).toBe(failureClasses.length)
})
