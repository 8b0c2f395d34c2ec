import type { ModelsReport } from '../commands/models.js'
import { formatMoney, formatNumber } from '../core/amount-words.js'
import type {
  AccountLimits,
  ClipLimits,
  Mode,
  ModelFact,
  ModelProfile,
  PublishedPrice,
  Ratio,
  SourceKey,
  VideoLimits,
} from '../core/models.js'
import { columns, type Palette, padEnd } from './text.js'

/** Columns of a terminal that the table of all models needs; on a narrower one it is shown as two. */
const tableWidth = 140

const shortModes: Readonly<Record<Mode, string>> = { t2v: 'text', i2v: 'first', flf2v: 'last', r2v: 'refs' }

/** All models, one a row. */
export function renderModels({ models }: ModelsReport, palette: Palette, width: number): string[] {
  const names = [['model', 'id at Ark'], ...models.map(({ label, ids }) => [label, ids.ark])]
  const abilities = [
    ['makes', 'resolutions', 'seconds', 'also'],
    ...models.map((model) => [
      model.modes.map((mode) => shortModes[mode]).join(' '),
      model.resolutions.map((one) => one.replace('p', '')).join(' '),
      secondsOf(model),
      abilitiesOf(model),
    ]),
  ]
  const prices = [
    ['CNY/M', 'retires'],
    ...models.map((model) => [onlinePrices(model), model.retirement?.on ?? '']),
  ]
  const labels = names.map(([label = '']) => [label])
  const tables =
    width >= tableWidth
      ? [beside(names, abilities, prices)]
      : [beside(names, prices), beside(labels, abilities)]
  return [
    ...tables.flatMap((table) => {
      const [head = '', ...rows] = columns(table)
      return [palette.dim(head), ...rows, '']
    }),
    'last: first and last frame. -1: the model chooses the length.',
    'CNY/M: price of a million tokens at Ark, online. retires: the day that a relay announced.',
    'Everything about one, with its sources: shotlock models ID',
  ]
}

function beside(...tables: readonly (readonly string[])[][]): string[][] {
  return tables[0]!.map((_, row) => tables.flatMap((table) => table[row]!))
}

function secondsOf({ duration: { min, max, auto } }: ModelProfile): string {
  return `${min}-${max}${auto ? ', -1' : ''}`
}

function abilitiesOf({ audio, draft, flex }: ModelProfile): string {
  return [audio && 'sound', draft && 'draft', flex && 'flex'].filter(Boolean).join(' ')
}

function onlinePrices({ prices }: ModelProfile): string {
  const amounts = prices
    .filter(({ provider, tier }) => provider === 'ark' && tier !== 'flex')
    .map(({ perMillionTokens }) => perMillionTokens)
  const [least, most] = [Math.min(...amounts), Math.max(...amounts)]
  return least === most ? String(most) : `${least} to ${most}`
}

/** Everything about one model, each fact with a letter for where it is from. */
export function renderModel({ models, sources }: ModelsReport, palette: Palette): string[] {
  const model = models[0]!
  const letters = new Map<SourceKey, string>()
  const cite = (keys: readonly SourceKey[]) => {
    for (const key of keys) if (!letters.has(key)) letters.set(key, String.fromCharCode(97 + letters.size))
    return palette.dim(`[${keys.map((key) => letters.get(key)).join(' ')}]`)
  }
  const facts = factsOf(model).flatMap(({ name, lines, fact }) =>
    lines.map((line, at) => {
      const cited = at === lines.length - 1 ? ` ${cite(model.sources[fact])}` : ''
      return `  ${padEnd(at === 0 ? name : '', 14)}  ${line}${cited}`
    }),
  )
  const { retirement } = model
  const retires = retirement
    ? `  ${palette.yellow(`retirement announced for ${retirement.on}`)} ${cite([retirement.source])}`
    : ''
  const priceRows = model.prices.map((price) => [
    price.provider === 'ark' ? 'Ark' : 'BytePlus',
    formatMoney({ currency: price.currency, amount: price.perMillionTokens }),
    conditionsOf(price),
    price.asOf ?? 'undated',
    cite([price.source]),
  ])
  return [
    `${palette.bold(model.label)}${retires}`,
    '',
    ...facts,
    '',
    `Pixels ${cite(model.sources.pixels)}`,
    ...columns(pixelRows(model)).map((line) => `  ${line}`),
    '',
    'Prices of a million tokens, as published',
    ...columns(priceRows, ['left', 'right']).map((line) => `  ${line}`),
    '',
    'Sources; numbers are those of docs/api.md',
    ...columns([...letters].map(([key, letter]) => [letter, sources[key].trust, sources[key].title])).map(
      (line) => `  ${line}`,
    ),
    palette.dim('  doc: the vendor states it. seen: in published tests. relay: a third party states it.'),
  ]
}

interface FactLines {
  name: string
  lines: string[]
  fact: ModelFact
}

function factsOf(model: ModelProfile): FactLines[] {
  const { ids, resolutions, defaultResolution, referenceResolutions, duration, audio, cameraFixed } = model
  const { min, max, auto } = duration
  const length = `${min} to ${max}${auto ? ', or -1: the model chooses' : ''}; ${duration.default} when none is stated`
  const inputs = [
    'jpeg, png, webp, bmp, tiff, gif',
    ...(model.heic ? ['heic, heif'] : []),
    ...(model.assets ? ['asset:// URLs'] : []),
  ]
  return [
    { name: 'id at Ark', lines: [ids.ark], fact: 'ids' },
    { name: 'id at BytePlus', lines: [ids.byteplus], fact: 'ids' },
    { name: 'makes from', lines: [model.modes.map((mode) => modeWords[mode]).join('; ')], fact: 'modes' },
    {
      name: 'resolutions',
      lines: [
        `${resolutions.join(', ')}; ${defaultResolution} when none is stated`,
        ...(referenceResolutions ? [`with references ${referenceResolutions.join(', ')}`] : []),
      ],
      fact: 'resolutions',
    },
    { name: 'ratio', lines: ratioLines(model), fact: 'ratios' },
    {
      name: 'seconds',
      lines: [length, ...(model.frames ? ['or frames: 25 + 4n, from 29 to 289'] : [])],
      fact: 'duration',
    },
    { name: 'sound', lines: [audio ? 'yes, unless generate_audio is false' : 'no'], fact: 'audio' },
    { name: 'camera_fixed', lines: [cameraFixed ? 'taken' : 'refused'], fact: 'camera' },
    { name: 'images', lines: [inputs.join(', ')], fact: 'inputs' },
    { name: 'draft', lines: [draftWords(model)], fact: 'draft' },
    { name: 'flex', lines: [flexWords(model)], fact: 'flex' },
    { name: 'references', lines: referenceLines(model), fact: 'references' },
    { name: 'account', lines: accountLines(model), fact: 'account' },
  ]
}

const modeWords: Readonly<Record<Mode, string>> = {
  t2v: 'text',
  i2v: 'first frame',
  flf2v: 'first and last frame',
  r2v: 'references',
}

function ratioLines({ modes, defaultRatio, adaptiveRefused, adaptiveOnly }: ModelProfile): string[] {
  const names = (some: readonly Mode[]) => some.map((mode) => modeWords[mode]).join(' or ')
  const defaults = [...new Set(modes.map((mode) => defaultRatio[mode]))].map((ratio) => {
    const from = modes.filter((mode) => defaultRatio[mode] === ratio)
    return `${ratio}${from.length === modes.length ? '' : ` from ${names(from)}`} when none is stated`
  })
  const refused = adaptiveRefused.filter((mode) => modes.includes(mode))
  return [
    ...defaults,
    ...(refused.length > 0 ? [`adaptive is refused from ${names(refused)}`] : []),
    ...(adaptiveOnly.length > 0 ? [`only adaptive from ${names(adaptiveOnly)}`] : []),
  ]
}

function draftWords({ draft }: ModelProfile): string {
  if (!draft) return 'none'
  const { tenths } = draft
  if (!tenths) return `${draft.resolution}; what it is billed is not published`
  return `${draft.resolution}, billed 0.${tenths.audio} of its tokens with sound, 0.${tenths.silent} without`
}

function flexWords({ flex, serviceTierRefused }: ModelProfile): string {
  if (flex) return 'yes, at half the price'
  return serviceTierRefused ? 'no; service_tier is refused altogether' : 'no'
}

function referenceLines({ references: { images, videos, audio, audioAlone } }: ModelProfile): string[] {
  const lines = [
    ...(images ? [`${images.min > 1 ? `${images.min} to` : 'up to'} ${images.max} images`] : []),
    ...(videos ? [`up to ${videos.max} videos: ${clipWords(videos)}`, ...videoLines(videos)] : []),
    ...(audio ? [`up to ${audio.max} sounds: ${clipWords(audio)}`] : []),
    ...(audio ? [audioAlone ? 'sound may be the only one' : 'sound may not be the only one'] : []),
  ]
  return lines.length === 0 ? ['none'] : lines
}

function clipWords({ seconds, totalSeconds, sizeBytes, formats }: ClipLimits): string {
  const together = totalSeconds === undefined ? '' : `, ${totalSeconds} s together`
  const size = `${Math.round(sizeBytes / 1024 / 1024)} MB`
  return `${seconds.min} to ${seconds.max} s each${together}, ${size}, ${formats.join(' ')}`
}

function videoLines({ fps, pixels, leastBilled: { made, billed } }: VideoLimits): string[] {
  return [
    `  ${fps.min} to ${fps.max} frames a second, ${formatNumber(pixels.min)} to ${formatNumber(pixels.max)} pixels`,
    `  billed besides the seconds made; in all at least ${billed} s for every ${made} s made`,
  ]
}

function accountLines({ account }: ModelProfile): string[] {
  const { personal, at4k, flexTokensPerDay } = account
  const words = ({ createsPerMinute, liveTasks }: AccountLimits) =>
    `${createsPerMinute} creates a minute, ${liveTasks} ${liveTasks === 1 ? 'task' : 'tasks'} at once`
  return [
    words(account),
    ...(personal ? [`a personal one: ${words(personal)}`] : []),
    ...(at4k ? [`in 4k: ${words(at4k)}`] : []),
    ...(flexTokensPerDay ? [`flex: ${formatNumber(flexTokensPerDay / 1e9)} billion tokens a day`] : []),
  ]
}

function pixelRows({ pixels }: ModelProfile): string[][] {
  const tiers = Object.entries(pixels)
  const ratios = Object.keys(tiers[0]![1]) as Ratio[]
  return [
    ['', ...ratios],
    ...tiers.map(([resolution, sizes]) => [resolution, ...ratios.map((ratio) => sizes[ratio].join('x'))]),
  ]
}

function conditionsOf({ tier, audio, videoInput, resolutions }: PublishedPrice): string {
  const words = [
    tier === 'flex' ? 'flex' : 'online',
    audio === undefined ? '' : audio ? 'with sound' : 'silent',
    videoInput === undefined ? '' : videoInput ? 'with input video' : 'no input video',
    resolutions?.join(' ') ?? '',
  ]
  return words.filter(Boolean).join(', ')
}
