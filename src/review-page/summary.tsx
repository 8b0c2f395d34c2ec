import { useMemo } from 'preact/hooks'
import type { Money } from '../core/money.js'
import type { Review } from '../core/review.js'
import { type Placed, reviewStatuses, totalsOf } from './view.js'
import type { Words } from './words.js'

interface SummaryProps {
  review: Review
  placed: readonly Placed[]
  /** Shots that there are without a filter. */
  all: number
  text: Words
}

/** What is shown, summed up, and how a run gets on. */
export function Summary({ review, placed, all, text }: SummaryProps) {
  const { takes, tokens, money } = useMemo(() => totalsOf(placed), [placed])
  const running = review.manifests.filter((manifest) => manifest.running)
  const sum = reviewStatuses.reduce((total, status) => total + takes[status], 0)
  return (
    <div class="summary">
      <p>
        <strong>{text.shots(placed.length, all)}</strong>
        {reviewStatuses.map((status) =>
          takes[status] === 0 ? null : (
            <span key={status} class={`count ${status}`}>
              {takes[status]} {text.statuses[status]}
            </span>
          ),
        )}
        {tokens > 0 && (
          <span>
            {tokens.toLocaleString('en')} {text.tokens}
          </span>
        )}
        {money.map((amount) => (
          <span key={amount.currency} class="money">
            {formatMoney(amount)}
          </span>
        ))}
      </p>
      {running.length > 0 && (
        <p class="running">
          <span>
            {running.map(({ name }) => name).join(', ')}: {text.running}
          </span>
          <progress value={takes.succeeded} max={sum} aria-label={text.running} />
        </p>
      )}
    </div>
  )
}

/** `CNY 1.40`. */
export function formatMoney({ currency, micros }: Money): string {
  return `${currency} ${(micros / 1e6).toFixed(2)}`
}
