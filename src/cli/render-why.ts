import type { Difference, LastBought, TakeReason, WhyReport } from '../commands/why.js'
import { canonicalJson } from '../core/canonical-json.js'
import { differenceOf, type FactChange, type MediaChange } from '../core/explain-change.js'
import { splitTakeName } from '../core/names.js'
import type { EstimateView } from '../core/plan-view.js'
import { formatTokens } from './render-plan.js'
import { columns, count, formatPrice, oneLine, type Palette, truncate } from './text.js'
import { minuteOf, whySentence } from './why-sentence.js'

/** So many columns of a prompt are shown on each side of what differs in it. */
const contextWidth = 30
/** So many columns of a parameter's value are shown. */
const valueWidth = 100

/** Why takes would or would not be bought: the step and its reason, then what has changed, then the price. */
export function renderWhy({ manifests }: WhyReport, palette: Palette): string[] {
  return manifests.flatMap(({ manifest, file, takes }, index) => {
    const shown = new Map<string, string>()
    return [
      ...(index > 0 ? [''] : []),
      `${palette.bold(manifest)}  ${palette.dim(file)}`,
      ...takes.flatMap((take) => renderTake(take, { shown, palette })),
    ]
  })
}

/** @param shown Names of takes by the difference that was shown for them: takes of one shot mostly share theirs. */
function renderTake(
  take: TakeReason,
  { shown, palette }: { shown: Map<string, string>; palette: Palette },
): string[] {
  const { bought, difference, estimate } = take
  const rows = [
    ...boughtRows(bought),
    ...(difference ? differenceRows(difference, take.take, shown, palette) : []),
    ...(estimate ? priceRows(estimate) : []),
  ]
  return [
    `  ${palette.bold(take.take)}  ${whySentence(take)}`,
    ...columns(rows).map((line) => `      ${line}`),
  ]
}

function boughtRows(bought: LastBought | undefined): string[][] {
  if (!bought) return []
  const { task, provider, at, message, approved, note } = bought
  const when = at === undefined ? '' : `${minuteOf(at)} `
  return [
    task === undefined
      ? ['sent', `${when}to ${oneLine(provider)}`]
      : ['bought', `${when}from ${oneLine(provider)}`],
    ...(message === undefined ? [] : [['answer', oneLine(message)]]),
    ...(approved === undefined ? [] : [['decision', approved ? 'approved' : 'rejected']]),
    ...(note === undefined ? [] : [['note', `“${oneLine(note)}”`]]),
  ]
}

function differenceRows(
  difference: Difference,
  take: string,
  shown: Map<string, string>,
  palette: Palette,
): string[][] {
  const { changes } = difference
  const key = JSON.stringify({ ...difference, of: undefined })
  const same = shown.get(key)
  if (same !== undefined) return [['changed', `the same as in ${same}`]]
  shown.set(key, take)
  return [
    ...changes.flatMap((change) => changeRows(change, take, palette)),
    ...(changes.length > 0 ? [['told by', tellers(difference)]] : []),
    ...untoldRows(difference),
  ]
}

/** Where the former values are from; git may have them in several commits. */
function tellers({ changes, sources }: Difference): string {
  const places = new Map<string, Set<string>>()
  for (const { part } of changes) {
    const source = sources[part]
    const place =
      source?.kind === 'git'
        ? `git, commit ${source.commit.slice(0, 10)} of ${minuteOf(source.at)}`
        : 'the journal of this machine'
    places.set(place, (places.get(place) ?? new Set()).add(part))
  }
  const [first] = places.keys()
  if (places.size === 1) return first!
  return [...places].map(([place, parts]) => `${place} (${[...parts].join(', ')})`).join('; ')
}

function untoldRows({ untold, versions }: Difference): string[][] {
  if (untold.length === 0) return []
  const nowhere =
    versions === undefined
      ? 'the journal of this machine does not have it, and there is no git history here'
      : `neither the journal of this machine nor git has it (${count(versions, 'version')} of the manifest)`
  return [...untold.map((part) => [part, 'changed; what was there before is not known']), ['', nowhere]]
}

function changeRows(change: FactChange, take: string, palette: Palette): string[][] {
  switch (change.part) {
    case 'model':
      return [['model', `${visible(change.from)} → ${visible(change.to)}`]]
    case 'prompt':
      return promptRows(change, palette)
    case 'media':
      return [[mediaLabel(change), mediaWords(change)]]
    case 'parameters':
      return [
        [
          visible(change.field),
          `${valueText(change.from)} → ${valueText(change.to)}${seedNote(change, take)}`,
        ],
      ]
  }
}

function promptRows({ from, to }: { from?: string | undefined; to?: string | undefined }, palette: Palette) {
  if (from === undefined) return [['prompt', `there was none → ${quoted(to)}`]]
  if (to === undefined) return [['prompt', `${quoted(from)} → there is none`]]
  const { start, end, ...differing } = differenceOf(from, to)
  const before = lastColumns(visible(start), contextWidth)
  const after = truncate(visible(end), contextWidth)
  const note =
    from.normalize() === to.normalize() ? '  (the same letters, put together otherwise in Unicode)' : ''
  return [
    ['prompt', `- ${before}${palette.red(`[${spelled(differing.from)}]`)}${after}`],
    ['', `+ ${before}${palette.green(`[${spelled(differing.to)}]`)}${after}${note}`],
  ]
}

function quoted(text: string | undefined): string {
  return `"${truncate(visible(text ?? ''), valueWidth)}"`
}

function valueText(value: unknown): string {
  return value === undefined ? 'not stated' : truncate(visible(canonicalJson(value)), valueWidth)
}

/** The manifest states the seed of take 1; a person would look for another number there. */
function seedNote({ field, from, to }: { field: string; from: unknown; to: unknown }, take: string): string {
  const { number } = splitTakeName(take as TakeReason['take'])
  const stated = from !== undefined || to !== undefined
  return field === 'seed' && number > 1 && stated ? ` (the shot's seed + ${number - 1})` : ''
}

function mediaLabel(change: MediaChange): string {
  const many = change.role.startsWith('reference_')
  return many && 'position' in change ? `${change.role} ${change.position}` : change.role
}

function mediaWords(change: MediaChange): string {
  switch (change.change) {
    case 'content':
      return `${sourceOf(change.to)}: other bytes, sha256 ${hashes(change)}`
    case 'query':
      return `${sourceOf(change.to)}: only what follows "?" or "#" in the URL differs, sha256 of the URL ${hashes(change)}`
    case 'replaced':
      return `${sourceOf(change.from)} → ${sourceOf(change.to)}, sha256 ${hashes(change)}`
    case 'added':
      return `${sourceOf(change.to)} is new`
    case 'removed':
      return `${sourceOf(change.from)} is no longer there`
    case 'order':
      return `in another order: ${visible(change.from.join(', '))} → ${visible(change.to.join(', '))}`
  }
}

function sourceOf({ source }: { source: string }): string {
  return source === 'data:' ? 'inline picture' : visible(source)
}

function hashes({ from, to }: Extract<MediaChange, { from: object; to: object; position: number }>): string {
  return `${from.sha256.slice(0, 8)} → ${to.sha256.slice(0, 8)}`
}

function priceRows({ price, tokens, unknowns = [] }: EstimateView): string[][] {
  const amount = price ? formatPrice(price) : 'not known'
  const counted = tokens ? `, ${formatTokens(tokens)} tokens` : ''
  return [['price', `${amount}${counted}`], ...unknowns.map((text) => ['', `? ${text}`])]
}

/** The end of a text, with `…` where something is missing before it. */
function lastColumns(text: string, width: number): string {
  const turned = Array.from(text).reverse().join('')
  return Array.from(truncate(turned, width)).reverse().join('')
}

/** Line ends and what has no looks of its own, written out: it must neither hide nor act on a terminal. */
function visible(text: string): string {
  return text.replace(/(?!\u200d)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, written)
}

/** As `visible`, with every unusual space as well: it may be all that differs. */
function spelled(text: string): string {
  return visible(text).replace(/(?! )\p{Zs}/gu, written)
}

function written(char: string): string {
  if (char === '\n') return '\\n'
  return char === '\t' ? '\\t' : `\\u{${char.codePointAt(0)!.toString(16)}}`
}
