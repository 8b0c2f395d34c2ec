import type { BoughtFacts, BoughtMedia } from './bought-facts.js'
import { canonicalJson } from './canonical-json.js'
import { compareCodePoints } from './names.js'

/** One difference between what was bought and what the manifest asks for now. */
export type FactChange = ModelChange | PromptChange | MediaChange | ParameterChange

export interface ModelChange {
  part: 'model'
  from: string
  to: string
}

/** `undefined`: there was, or is, no prompt. */
export interface PromptChange {
  part: 'prompt'
  from: string | undefined
  to: string | undefined
}

export interface ParameterChange {
  part: 'parameters'
  /** Under the API's name, also for what stands in `extra`. */
  field: string
  /** `undefined`: it was not stated. */
  from: unknown
  /** `undefined`: it is no longer stated. */
  to: unknown
}

export type MediaChange =
  /**
   * `content`: other bytes under the same path. `query`: the same URL but for what follows `?` or `#`. `replaced`: from
   * elsewhere, with other bytes.
   */
  | {
      part: 'media'
      change: 'content' | 'query' | 'replaced'
      role: string
      /** Among those of its role now, 1-based. */
      position: number
      from: MediaVersion
      to: MediaVersion
    }
  | { part: 'media'; change: 'added'; role: string; position: number; to: MediaVersion }
  /** `position` among those of its role then. */
  | { part: 'media'; change: 'removed'; role: string; position: number; from: MediaVersion }
  /** What stayed comes in another order; sources of all of that role. */
  | { part: 'media'; change: 'order'; role: string; from: readonly string[]; to: readonly string[] }

export type MediaVersion = Pick<BoughtMedia, 'source' | 'sha256'>

/**
 * What differs, in the order of the digest's parts: nothing exactly when the digests are equal. A file that only has
 * another path now is the same file.
 */
export function compareFacts(bought: BoughtFacts, now: BoughtFacts): FactChange[] {
  const changes: FactChange[] = []
  if (bought.model !== now.model) changes.push({ part: 'model', from: bought.model, to: now.model })
  if (bought.prompt !== now.prompt) changes.push({ part: 'prompt', from: bought.prompt, to: now.prompt })
  const roles = new Set([...bought.media, ...now.media].map(({ role }) => role))
  for (const role of roles) {
    const inRole = (one: BoughtMedia) => one.role === role
    changes.push(...compareMedia(role, bought.media.filter(inRole), now.media.filter(inRole)))
  }
  changes.push(...compareParameters(bought.parameters, now.parameters))
  return changes
}

function compareParameters(
  bought: BoughtFacts['parameters'],
  now: BoughtFacts['parameters'],
): ParameterChange[] {
  const fields = [...new Set([...Object.keys(bought), ...Object.keys(now)])].sort(compareCodePoints)
  return fields
    .map((field) => ({ part: 'parameters' as const, field, from: bought[field], to: now[field] }))
    .filter(({ from, to }) => (from === undefined) !== (to === undefined) || !isSame(from, to))
}

function isSame(a: unknown, b: unknown): boolean {
  return canonicalJson(a) === canonicalJson(b)
}

function compareMedia(
  role: string,
  bought: readonly BoughtMedia[],
  now: readonly BoughtMedia[],
): MediaChange[] {
  const isUntouched =
    bought.length === now.length && bought.every((from, index) => isSameContent(from, now[index]!))
  if (isUntouched) return []

  const { pairs, stayed, gone } = pairUp(bought, now)
  const changes: MediaChange[] = []
  for (const [index, to] of now.entries()) {
    const from = bought[pairs.get(index) ?? -1]
    const at = { part: 'media', role, position: index + 1 } as const
    if (!from) changes.push({ ...at, change: 'added', to: versionOf(to) })
    else if (!isSameContent(from, to))
      changes.push({ ...at, change: changeOf(from, to), from: versionOf(from), to: versionOf(to) })
  }
  for (const index of gone)
    changes.push({
      part: 'media',
      role,
      position: index + 1,
      change: 'removed',
      from: versionOf(bought[index]!),
    })
  if (stayed.some((index, at) => at > 0 && index < stayed[at - 1]!))
    changes.push({ part: 'media', role, change: 'order', from: sourcesOf(bought), to: sourcesOf(now) })
  return changes
}

/**
 * Which of the old items each new one is: of the same source, else with the same bytes, else the next that is left.
 *
 * @returns Indexes of old items: by that of the new one; those that stayed, in the order of now; those that are gone.
 */
function pairUp(
  bought: readonly BoughtMedia[],
  now: readonly BoughtMedia[],
): { pairs: Map<number, number>; stayed: number[]; gone: number[] } {
  const pairs = new Map<number, number>()
  const left = new Set(bought.keys())
  const pair = (fits: (from: BoughtMedia, to: BoughtMedia) => boolean) => {
    for (const [index, to] of now.entries()) {
      const found = pairs.has(index) ? undefined : [...left].find((one) => fits(bought[one]!, to))
      if (found === undefined) continue
      pairs.set(index, found)
      left.delete(found)
    }
  }
  pair((from, to) => isSameContent(from, to) && from.source === to.source)
  pair((from, to) => from.source === to.source)
  pair(isSameContent)
  const stayed = [...now.keys()].flatMap((index) => pairs.get(index) ?? [])
  pair(() => true)
  return { pairs, stayed, gone: [...left] }
}

/** As the digest sees it: a file by its bytes, a URL by its text. */
function isSameContent(a: BoughtMedia, b: BoughtMedia): boolean {
  return a.sha256 === b.sha256 && isUrl(a) === isUrl(b)
}

function isUrl({ source }: BoughtMedia): boolean {
  return /^[a-z][a-z0-9+.-]+:/i.test(source)
}

function changeOf(from: BoughtMedia, to: BoughtMedia): 'content' | 'query' | 'replaced' {
  if (from.source !== to.source) return 'replaced'
  return isUrl(from) && !from.source.startsWith('data:') ? 'query' : 'content'
}

function versionOf({ source, sha256 }: BoughtMedia): MediaVersion {
  return { source, sha256 }
}

function sourcesOf(media: readonly BoughtMedia[]): string[] {
  return media.map(({ source }) => source)
}

/** Two texts taken apart: what they begin and end with alike, and what of each stands between. */
export interface TextDifference {
  start: string
  from: string
  to: string
  end: string
}

const segmenter = new Intl.Segmenter('und', { granularity: 'word' })

/** Where two texts differ, from the first to the last differing word; words of any script are kept whole. */
export function differenceOf(from: string, to: string): TextDifference {
  const [before, after] = [wordsOf(from), wordsOf(to)]
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && before[head] === after[head]) head++
  let tail = 0
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail++
  return {
    start: before.slice(0, head).join(''),
    from: before.slice(head, before.length - tail).join(''),
    to: after.slice(head, after.length - tail).join(''),
    end: before.slice(before.length - tail).join(''),
  }
}

function wordsOf(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment)
}
