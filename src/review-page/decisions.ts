import type { Decision, ReviewShot, ReviewTake } from '../core/review.js'

interface Judged {
  manifest: string
  shot: ReviewShot
  take: ReviewTake
}

/** Whether what a take's task made can be decided on. */
export function canJudge({ status, task }: ReviewTake): boolean {
  return status === 'succeeded' && task !== undefined
}

/** What a key decides about a take; `undefined` for other keys, and where nothing can be decided. */
export function keyDecision(key: string, { manifest, take }: Judged): Decision | undefined {
  if (!canJudge(take)) return undefined
  const { name } = take
  switch (key) {
    case 'p':
      return take.draft ? undefined : { do: take.pick ? 'unpick' : 'pick', manifest, take: name }
    case 'a':
      return { do: 'judge', manifest, take: name, approved: true, ...noteOf(take) }
    case 'r':
      return { do: 'judge', manifest, take: name, approved: false, ...noteOf(take) }
    case 'u':
      return { do: 'judge', manifest, take: name }
    default:
      return undefined
  }
}

function noteOf({ note }: ReviewTake): { note?: string } {
  return note === undefined ? {} : { note }
}
