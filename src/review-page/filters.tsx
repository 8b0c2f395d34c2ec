import type { RefObject } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import type { Review } from '../core/review.js'
import { decisionFilters, type Filter, filterHash, noFilter, reviewStatuses } from './view.js'
import type { Words } from './words.js'

interface FiltersProps {
  review: Review
  filter: Filter
  onChange: (filter: Filter) => void
  text: Words
  search: RefObject<HTMLInputElement>
}

/** The row that narrows what is shown. */
export function Filters({ review, filter, onChange, text, search }: FiltersProps) {
  const tags = useMemo(() => tagsOf(review), [review])
  // Where there is little room they are folded away.
  const [isOpen, setOpen] = useState(filterHash({ ...filter, text: '' }) !== '')
  const set = (part: Partial<Filter>) => onChange({ ...filter, ...part })
  return (
    <search class={isOpen ? 'filters open' : 'filters'}>
      <input
        ref={search}
        type="search"
        placeholder={text.search}
        aria-label={text.search}
        value={filter.text}
        onInput={(event) => set({ text: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.currentTarget.blur()
        }}
      />
      <button type="button" class="more" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {text.filters}
      </button>
      <Choice
        label={text.status}
        value={filter.status}
        options={reviewStatuses.map((status) => [status, text.statuses[status]])}
        any={text.any}
        onChange={(status) => set({ status: status as Filter['status'] })}
      />
      {tags.length > 0 && (
        <Choice
          label={text.tag}
          value={filter.tag}
          options={tags.map((tag) => [tag, tag])}
          any={text.any}
          onChange={(tag) => set({ tag })}
        />
      )}
      {review.manifests.length > 1 && (
        <Choice
          label={text.manifest}
          value={filter.manifest}
          options={review.manifests.map(({ name }) => [name, name])}
          any={text.any}
          onChange={(manifest) => set({ manifest })}
        />
      )}
      <Choice
        label={text.decision}
        value={filter.decision}
        options={decisionFilters.map((decision) => [decision, text.decisions[decision]])}
        any={text.any}
        onChange={(decision) => set({ decision: decision as Filter['decision'] })}
      />
      <label>
        <span>{text.leastCost}</span>
        <input
          type="number"
          min="0"
          step="any"
          value={filter.cost}
          onInput={(event) => set({ cost: event.currentTarget.value })}
        />
      </label>
      {filterHash(filter) !== '' && (
        <button type="button" onClick={() => onChange(noFilter)}>
          {text.clear}
        </button>
      )}
    </search>
  )
}

interface ChoiceProps {
  label: string
  value: string
  any: string
  options: readonly (readonly [value: string, label: string])[]
  onChange: (value: string) => void
}

function Choice({ label, value, any, options, onChange }: ChoiceProps) {
  return (
    <label>
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">{any}</option>
        {options.map(([key, shown]) => (
          <option key={key} value={key}>
            {shown}
          </option>
        ))}
      </select>
    </label>
  )
}

function tagsOf({ manifests }: Review): string[] {
  const tags = new Set(manifests.flatMap(({ shots }) => shots.flatMap((shot) => shot.tags)))
  return [...tags].sort()
}
