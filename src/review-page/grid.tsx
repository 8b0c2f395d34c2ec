import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Review } from '../core/review.js'
import type { Decide } from './app.js'
import { Card } from './card.js'
import type { Placed } from './view.js'
import type { Words } from './words.js'

/** The shot that has the focus, and whether a key put it there, so that the page follows. */
export interface Focused {
  index: number
  byKey: boolean
}

interface GridProps {
  review: Review
  placed: readonly Placed[]
  columns: number
  focused: Focused
  onFocus: (focused: Focused) => void
  onOpen: (key: string) => void
  waiting: ReadonlySet<string>
  decide: Decide | undefined
  text: Words
}

/** As in the stylesheet, in pixels: cards are all of one size, so that those out of sight need not be there. */
const card = { minWidth: 250, height: 316, gap: 16 }
/** So many rows come and go together. */
const rowsInBlock = 3

/** How many cards fit side by side. */
export function useColumns(): { columns: number; measure: (element: HTMLElement | null) => void } {
  const [columns, setColumns] = useState(1)
  const observer = useRef<ResizeObserver>()
  const measure = useCallback((element: HTMLElement | null) => {
    observer.current?.disconnect()
    if (!element) return
    const count = () => {
      const { paddingLeft, paddingRight } = getComputedStyle(element)
      const width = element.clientWidth - Number.parseFloat(paddingLeft) - Number.parseFloat(paddingRight)
      setColumns(Math.max(1, Math.floor((width + card.gap) / (card.minWidth + card.gap))))
    }
    count()
    observer.current = new ResizeObserver(count)
    observer.current.observe(element)
  }, [])
  return { columns, measure }
}

/** Shots in manifest order. Only blocks of rows near the window are there; the others keep their height. */
export function Grid(props: GridProps) {
  const { review, placed, columns, text } = props
  const sections: { name: string; from: number; to: number }[] = []
  for (const [index, { manifest }] of placed.entries()) {
    const last = sections.at(-1)
    if (last?.name === manifest) last.to = index + 1
    else sections.push({ name: manifest, from: index, to: index + 1 })
  }
  return (
    <>
      {sections.map(({ name, from, to }) => (
        <section key={name} aria-label={name}>
          {review.manifests.length > 1 && (
            <h2>
              {name} <small>{text.shots(to - from, to - from)}</small>
            </h2>
          )}
          <Blocks {...props} from={from} to={to} columns={columns} />
        </section>
      ))}
    </>
  )
}

function Blocks({ from, to, ...props }: GridProps & { from: number; to: number }) {
  const size = props.columns * rowsInBlock
  const starts = Array.from({ length: Math.ceil((to - from) / size) }, (_, block) => from + block * size)
  return (
    <div class="shots" style={{ '--columns': props.columns }}>
      {starts.map((start) => (
        <Block key={start} {...props} from={start} to={Math.min(to, start + size)} />
      ))}
    </div>
  )
}

function Block({
  from,
  to,
  placed,
  columns,
  focused,
  onFocus,
  onOpen,
  waiting,
  decide,
  text,
}: GridProps & { from: number; to: number }) {
  const block = useRef<HTMLDivElement>(null)
  // What has the focus stays, wherever the window is.
  const hasFocus = focused.index >= from && focused.index < to
  const isToFocus = hasFocus && focused.byKey
  const [isNear, setNear] = useState(from < columns * rowsInBlock)
  useLayoutEffect(() => {
    const observer = new IntersectionObserver(([entry]) => setNear(entry!.isIntersecting), {
      rootMargin: '500px',
    })
    observer.observe(block.current!)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    if (!isToFocus) return
    const shown = block.current?.querySelectorAll<HTMLElement>('[data-shot] > button')[focused.index - from]
    shown?.focus()
    shown?.scrollIntoView({ block: 'nearest' })
  }, [isToFocus, focused.index])

  const rows = Math.ceil((to - from) / columns)
  const height = rows * card.height + (rows - 1) * card.gap
  return (
    <div ref={block} class="block" style={{ height: `${height}px` }}>
      {(isNear || hasFocus) &&
        placed
          .slice(from, to)
          .map((one, at) => (
            <Card
              key={one.key}
              placed={one}
              isWaiting={waiting.has(one.key)}
              decide={decide}
              text={text}
              onFocus={() => onFocus({ index: from + at, byKey: false })}
              onOpen={() => onOpen(one.key)}
            />
          ))}
    </div>
  )
}
