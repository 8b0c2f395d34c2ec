import type { HoldReason } from './plan.js'

/** Why a take waits for a person or for another take, in words. */
export function holdSentence(reason = '', upstream?: string): string {
  const words = (holdWords as Readonly<Record<string, string>>)[reason] ?? reason
  return upstream === undefined ? words : words.replace('its upstream', upstream)
}

const holdWords: Readonly<Record<HoldReason, string>> = {
  skipped: 'skip is set',
  'moderation-input': 'refused by moderation until the shot changes',
  invalid: 'refused as invalid until the shot changes',
  lost: 'paid for, but the provider no longer has the result; --force buys it again',
  'draft-unapproved': 'its draft waits for approval: shotlock promote',
  'draft-rejected': 'its draft was rejected: run --rejected makes another',
  'draft-failed': 'its draft failed: run --draft makes another',
  'draft-outdated': 'changed since its draft was made: run --draft makes a new one, --force buys without',
  'draft-expired': 'its draft is past its 7 days: run --draft makes a new one, --force buys without',
  'no-drafts': 'this model makes no drafts',
  upstream: 'goes on from its upstream, which has no result yet',
  'no-last-frame':
    'goes on from its upstream, whose last frame is neither here nor at the provider; --force makes that shot again',
  'other-provider': 'bought from another provider, run it with that one',
}
