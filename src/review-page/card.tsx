import { useState } from 'preact/hooks'
import type { ReviewTake } from '../core/review.js'
import type { Decide } from './app.js'
import { keyDecision } from './decisions.js'
import { Poster } from './poster.js'
import { formatMoney } from './summary.js'
import { faceOf, moneyOf, type Placed, safeHref } from './view.js'
import type { Words } from './words.js'

interface CardProps {
  placed: Placed
  isWaiting: boolean
  decide: Decide | undefined
  text: Words
  onFocus: () => void
  onOpen: () => void
}

/** One shot in the grid. */
export function Card({ placed, isWaiting, decide, text, onFocus, onOpen }: CardProps) {
  const { shot, key, manifest } = placed
  const face = faceOf(shot)
  const [isPlaying, setPlaying] = useState(false)
  const href = safeHref(face.video?.href)
  const finals = shot.takes.filter(({ draft }) => !draft)
  const done = finals.filter(({ status }) => status === 'succeeded').length
  const money = moneyOf(shot.takes)
  return (
    <article data-shot={key} aria-label={shot.name}>
      <button
        type="button"
        aria-label={`${text.open(shot.name)}: ${text.statuses[face.status]}`}
        onClick={onOpen}
        onFocus={onFocus}
        onMouseEnter={() => setPlaying(!matchMedia('(prefers-reduced-motion: reduce)').matches)}
        onMouseLeave={() => setPlaying(false)}
        onBlur={() => setPlaying(false)}
        onKeyDown={(event) => {
          const decision = decide && keyDecision(event.key, { manifest, take: face, shot })
          if (event.key === ' ') setPlaying(!isPlaying)
          else if (decision) decide(decision)
          else return
          event.preventDefault()
        }}
        // A button is clicked by the space key when it comes up.
        onKeyUp={(event) => event.key === ' ' && event.preventDefault()}
      >
        {href === undefined ? (
          <span class="poster empty">{text.statuses[face.status]}</span>
        ) : (
          <Poster href={href} isPlaying={isPlaying} />
        )}
      </button>
      <h3 title={shot.name}>
        <span>{shot.name}</span>
        <Marks take={face} text={text} />
      </h3>
      <p class="line">
        <Status take={face} text={text} />
        {finals.length > 1 && (
          <span>
            {done}/{finals.length}
          </span>
        )}
        <span class="spacer" />
        {money.map((amount) => (
          <span key={amount.currency} class="money">
            {formatMoney(amount)}
          </span>
        ))}
      </p>
      <p class="words">{whatToSay(face, shot, text, isWaiting)}</p>
    </article>
  )
}

/** A take's status in a word, with a sign that is not only a colour. */
export function Status({ take, text }: { take: Pick<ReviewTake, 'status'>; text: Words }) {
  return <span class={`status ${take.status}`}>{text.statuses[take.status]}</span>
}

/** What a person decided about a take. */
export function Marks({ take, text }: { take: ReviewTake; text: Words }) {
  return (
    <>
      {take.pick && <span class="mark pick">★ {text.decisions.picked}</span>}
      {take.approved === true && <span class="mark approved">✓ {text.decisions.approved}</span>}
      {take.approved === false && <span class="mark rejected">✕ {text.decisions.rejected}</span>}
    </>
  )
}

function whatToSay(face: ReviewTake, shot: Placed['shot'], text: Words, isWaiting: boolean): string {
  if (isWaiting) return text.waits
  if (face.failure !== undefined) return text.rules[face.failure]
  if (face.note !== undefined) return face.note
  if (shot.gone) return text.gone
  if (face.stale) return text.stale
  if (shot.skip && face.status === 'absent') return text.skipped
  return shot.prompt ?? ''
}
