import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { Decision, Review } from '../core/review.js'
import { Filters } from './filters.js'
import { type Focused, Grid, useColumns } from './grid.js'
import { Keys } from './keys.js'
import { useServer } from './server.js'
import { ShotView } from './shot-view.js'
import { Summary } from './summary.js'
import { type Filter, filterFromHash, filterHash, movedFocus, placedShots } from './view.js'
import { chooseLanguage, type Language, words } from './words.js'

/** The whole page. */
export function App({ review: first }: { review: Review }) {
  const { review, decide, notice, waiting, isConnected } = useServer(first)
  const [language, setLanguage] = useLanguage()
  const [filter, setFilter] = useFilter()
  const [openKey, setOpenKey] = useState<string>()
  const [areKeysShown, showKeys] = useState(false)
  const [focused, setFocused] = useState<Focused>({ index: 0, byKey: false })
  const search = useRef<HTMLInputElement>(null)
  const { columns, measure } = useColumns()
  const text = words[language]

  const placed = useMemo(() => placedShots(review, filter), [review, filter])
  const all = review.manifests.reduce((sum, { shots }) => sum + shots.length, 0)
  const openIndex = placed.findIndex(({ key }) => key === openKey)
  const open = placed[openIndex]
  const isServed = review.mode === 'server'
  const canDecide = isServed ? decide : undefined

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
      const { key } = event
      if (key === '?') showKeys(true)
      else if (open || areKeysShown) return
      else if (key === '/' || key === 'f') search.current?.focus()
      else {
        const to = movedFocus(focused.index, key, { columns, count: placed.length })
        if (to === undefined) return
        setFocused({ index: to, byKey: true })
      }
      event.preventDefault()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [open, areKeysShown, focused.index, columns, placed.length])

  const step = useCallback(
    (by: number) => {
      const next = placed[openIndex + by]
      if (!next) return
      setOpenKey(next.key)
      setFocused({ index: openIndex + by, byKey: false })
    },
    [placed, openIndex],
  )

  return (
    <>
      <header class="top">
        <div class="bar">
          <h1>
            {text.title}
            {review.rehearsal && <small>{text.rehearsal}</small>}
          </h1>
          <span class="spacer" />
          <button type="button" class="quiet" aria-haspopup="dialog" onClick={() => showKeys(true)}>
            {text.keys} <kbd>?</kbd>
          </button>
          <button
            type="button"
            class="quiet"
            lang={language === 'en' ? 'zh' : 'en'}
            onClick={() => setLanguage(language === 'en' ? 'zh' : 'en')}
          >
            {language === 'en' ? '中文' : 'English'}
          </button>
        </div>
        <Filters review={review} filter={filter} onChange={setFilter} text={text} search={search} />
        <Summary review={review} placed={placed} all={all} text={text} />
        <p class="notice" role="status">
          {isServed && !isConnected ? text.lostServer : notice}
        </p>
      </header>
      <main ref={measure}>
        {placed.length === 0 ? (
          <p class="nothing">{text.nothing}</p>
        ) : (
          <Grid
            review={review}
            placed={placed}
            columns={columns}
            focused={focused}
            onFocus={setFocused}
            onOpen={setOpenKey}
            waiting={waiting}
            decide={canDecide}
            text={text}
          />
        )}
        {!isServed && <p class="hint">{text.fileOnly}</p>}
      </main>
      {open && (
        <ShotView
          key={open.key}
          placed={open}
          text={text}
          waiting={waiting}
          decide={canDecide}
          onStep={step}
          hasBefore={openIndex > 0}
          hasNext={openIndex + 1 < placed.length}
          onClose={() => {
            setOpenKey(undefined)
            setFocused({ index: openIndex, byKey: true })
          }}
        />
      )}
      {areKeysShown && <Keys text={text} onClose={() => showKeys(false)} />}
    </>
  )
}

/** What parts of the page call to decide something; the answer comes as a notice and as changed shots. */
export type Decide = (decision: Decision) => void

/** Whether keys belong to what has the focus. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  const isButtonLike = target instanceof HTMLInputElement && ['checkbox', 'button'].includes(target.type)
  return !isButtonLike && ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName)
}

function useLanguage(): [Language, (language: Language) => void] {
  const [language, setLanguage] = useState<Language>(() =>
    chooseLanguage([...stored(), ...navigator.languages]),
  )
  useEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
    document.title = words[language].title
  }, [language])
  return [
    language,
    (next) => {
      setLanguage(next)
      try {
        localStorage.setItem('shotlock-language', next)
      } catch {
        // Pages from the disk may keep nothing.
      }
    },
  ]
}

function stored(): string[] {
  try {
    const language = localStorage.getItem('shotlock-language')
    return language === null ? [] : [language]
  } catch {
    return []
  }
}

function useFilter(): [Filter, (filter: Filter) => void] {
  const [filter, setFilter] = useState(() => filterFromHash(location.hash))
  useEffect(() => {
    const onHash = () => setFilter(filterFromHash(location.hash))
    addEventListener('hashchange', onHash)
    return () => removeEventListener('hashchange', onHash)
  }, [])
  return [
    filter,
    (next) => {
      setFilter(next)
      const hash = filterHash(next)
      history.replaceState(null, '', hash === '' ? location.pathname + location.search : `#${hash}`)
    },
  ]
}
