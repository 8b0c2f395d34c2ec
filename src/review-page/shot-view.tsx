import { useRef, useState } from 'preact/hooks'
import { readMoney } from '../core/money.js'
import { splitTakeName } from '../core/names.js'
import type { PreviousTake, ReviewTake } from '../core/review.js'
import { type Decide, isTyping } from './app.js'
import { Marks, Status } from './card.js'
import { canJudge, keyDecision } from './decisions.js'
import { Dialog } from './dialog.js'
import { formatMoney } from './summary.js'
import { Transport } from './transport.js'
import { faceOf, type Placed, safeHref } from './view.js'
import type { Words } from './words.js'

interface ShotViewProps {
  placed: Placed
  text: Words
  waiting: ReadonlySet<string>
  decide: Decide | undefined
  onStep: (by: number) => void
  hasBefore: boolean
  hasNext: boolean
  onClose: () => void
}

/** One shot with all its takes side by side, and what came before each of them. */
export function ShotView({
  placed,
  text,
  waiting,
  decide,
  onStep,
  hasBefore,
  hasNext,
  onClose,
}: ShotViewProps) {
  const { shot, manifest, key } = placed
  const stage = useRef<HTMLDivElement>(null)
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    const inTake = (event.target as Element).closest<HTMLElement>('[data-take]')?.dataset.take
    const take = shot.takes.find(({ name }) => name === inTake) ?? faceOf(shot)
    const decision = decide && keyDecision(event.key, { manifest, take, shot })
    if (event.key === 'ArrowLeft') onStep(-1)
    else if (event.key === 'ArrowRight') onStep(1)
    else if (event.key === ' ' && !(event.target instanceof HTMLButtonElement))
      stage.current?.querySelector<HTMLButtonElement>('.transport button')?.click()
    else if (decision) decide(decision)
    else return
    event.preventDefault()
  }
  const videoCount = shot.takes.reduce(
    (sum, { video, previous = [] }) =>
      sum + Number(video !== undefined) + previous.filter((one) => one.video).length,
    0,
  )
  return (
    <Dialog label={shot.name} class="shot" onClose={onClose} onKeyDown={onKeyDown}>
      <header class="bar">
        <h2>{shot.name}</h2>
        <small>{manifest}</small>
        {waiting.has(key) && <span class="mark">{text.waits}</span>}
        <span class="spacer" />
        <button type="button" disabled={!hasBefore} aria-label={text.previous} onClick={() => onStep(-1)}>
          ←
        </button>
        <button type="button" disabled={!hasNext} aria-label={text.next} onClick={() => onStep(1)}>
          →
        </button>
        <button type="button" onClick={onClose}>
          {text.close}
        </button>
      </header>
      <div ref={stage}>
        {videoCount > 0 && <Transport stage={stage} text={text} count={videoCount} />}
        <div class="takes">
          {shot.takes.map((take) => (
            <TakeColumn key={take.name} take={take} manifest={manifest} decide={decide} text={text} />
          ))}
        </div>
      </div>
      <Facts placed={placed} decide={decide} text={text} />
    </Dialog>
  )
}

interface TakeColumnProps {
  take: ReviewTake
  manifest: string
  decide: Decide | undefined
  text: Words
}

function TakeColumn({ take, manifest, decide, text }: TakeColumnProps) {
  const { number, draft } = splitTakeName(take.name)
  const label = `${text.take(number)}${draft ? `, ${text.draft}` : ''}`
  return (
    <>
      <figure data-take={take.name}>
        <Film href={take.video?.href} label={label} text={text} />
        <figcaption>
          <p class="line">
            <strong>{label}</strong>
            <Status take={take} text={text} />
            <Marks take={take} text={text} />
            <span class="spacer" />
            <Price cost={take.cost ?? take.reserved} />
          </p>
          {take.failure !== undefined && (
            <p>
              {text.rules[take.failure]} <code>{take.error}</code>
            </p>
          )}
          {take.stale && <p>{text.stale}</p>}
          {take.note !== undefined && <p class="note">{take.note}</p>}
          <p class="ids">
            {take.seed !== undefined && (
              <span>
                {text.seed} {take.seed}
              </span>
            )}
            {take.tokens !== undefined && (
              <span>
                {take.tokens.toLocaleString('en')} {text.tokens}
              </span>
            )}
            {take.task !== undefined && <span>{take.task}</span>}
            {take.provider !== undefined && <span>{take.provider}</span>}
          </p>
          {decide && canJudge(take) && <Judge take={take} manifest={manifest} decide={decide} text={text} />}
        </figcaption>
      </figure>
      {take.previous
        ?.filter(({ video }) => video)
        .map((before) => (
          <PreviousColumn key={before.task} before={before} label={label} text={text} />
        ))}
    </>
  )
}

function PreviousColumn({ before, label, text }: { before: PreviousTake; label: string; text: Words }) {
  const name = `${label}, ${text.before}`
  return (
    <figure class="previous" data-previous={before.task}>
      <Film href={before.video?.href} label={name} text={text} />
      <figcaption>
        <p class="line">
          <strong>{name}</strong>
          <span class="spacer" />
          <Price cost={before.cost} />
        </p>
        <p class="ids">
          {before.tokens !== undefined && (
            <span>
              {before.tokens.toLocaleString('en')} {text.tokens}
            </span>
          )}
          <span>{before.task}</span>
        </p>
      </figcaption>
    </figure>
  )
}

function Film({ href, label, text }: { href: string | undefined; label: string; text: Words }) {
  const safe = safeHref(href)
  if (safe === undefined) return <span class="film empty">{text.noVideo}</span>
  return <video class="film" src={safe} aria-label={label} playsInline muted preload="auto" tabIndex={-1} />
}

function Price({ cost }: { cost: string | undefined }) {
  const amount = readMoney(cost)
  return amount ? <span class="money">{formatMoney(amount)}</span> : null
}

function Judge({ take, manifest, decide, text }: TakeColumnProps & { decide: Decide }) {
  const [isAsking, ask] = useState(false)
  const judge = (approved: boolean | undefined, note: string | undefined) =>
    decide({
      do: 'judge',
      manifest,
      take: take.name,
      ...(approved === undefined ? {} : { approved }),
      ...(note === undefined || note === '' ? {} : { note }),
    })
  if (isAsking) {
    return (
      <form
        class="judge"
        onSubmit={(event) => {
          event.preventDefault()
          judge(false, String(new FormData(event.currentTarget).get('note')).trim())
          ask(false)
        }}
      >
        <label>
          <span>{text.whyRejected}</span>
          <textarea
            name="note"
            rows={2}
            maxLength={500}
            ref={(element) => element?.focus()}
            onKeyDown={(event) => {
              if (event.key === 'Escape') ask(false)
              if (event.key === 'Enter' && !event.shiftKey && !event.isComposing)
                event.currentTarget.form?.requestSubmit()
              if (event.key !== 'Escape' && event.key !== 'Enter') return
              event.preventDefault()
              event.stopPropagation()
            }}
          >
            {take.note ?? ''}
          </textarea>
        </label>
        <button type="submit">{text.reject}</button>
        <button type="button" class="quiet" onClick={() => ask(false)}>
          {text.cancel}
        </button>
      </form>
    )
  }
  return (
    <div class="judge">
      {!take.draft && (
        <button
          type="button"
          aria-pressed={take.pick === true}
          onClick={() => decide({ do: take.pick ? 'unpick' : 'pick', manifest, take: take.name })}
        >
          {take.pick ? text.unpick : text.pick}
        </button>
      )}
      <button type="button" aria-pressed={take.approved === true} onClick={() => judge(true, take.note)}>
        {take.draft ? text.promote : text.approve}
      </button>
      <button type="button" aria-pressed={take.approved === false} onClick={() => ask(true)}>
        {text.reject}
      </button>
      {(take.approved !== undefined || take.note !== undefined) && (
        <button type="button" class="quiet" onClick={() => judge(undefined, undefined)}>
          {text.undecide}
        </button>
      )}
    </div>
  )
}

function Facts({ placed, decide, text }: { placed: Placed; decide: Decide | undefined; text: Words }) {
  const { shot, manifest } = placed
  return (
    <div class="facts">
      {shot.prompt !== undefined && (
        <section>
          <h3>{text.prompt}</h3>
          <p class="prompt">{shot.prompt}</p>
        </section>
      )}
      {shot.media.length > 0 && (
        <section>
          <h3>{text.images}</h3>
          <ul class="media">
            {shot.media.map(({ role, kind, source, href }) => {
              const safe = safeHref(href)
              return (
                <li key={`${role} ${source}`}>
                  {safe !== undefined && kind === 'image' && <img src={safe} alt="" loading="lazy" />}
                  {safe !== undefined && kind === 'video' && <video src={safe} controls preload="metadata" />}
                  {safe !== undefined && kind === 'audio' && <audio src={safe} controls preload="none" />}
                  <span>
                    {role} <code>{source}</code>
                  </span>
                </li>
              )
            })}
          </ul>
        </section>
      )}
      <section>
        <h3>{text.parameters}</h3>
        <dl>
          {shot.model !== undefined && <Fact name={text.model} value={shot.model} />}
          {Object.entries(shot.parameters).map(([name, value]) => (
            <Fact key={name} name={name} value={String(value)} />
          ))}
          {shot.tags.length > 0 && <Fact name={text.tag} value={shot.tags.join(', ')} />}
        </dl>
      </section>
      {decide && !shot.gone && (
        <button type="button" onClick={() => decide({ do: 'takes', manifest, shot: shot.name, more: 2 })}>
          + {text.twoMore}
        </button>
      )}
    </div>
  )
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}
