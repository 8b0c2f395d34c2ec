import type { CostReport } from '../commands/cost.js'
import { formatMoney, formatNumber } from '../core/amount-words.js'
import type { CostGroup, CostPart, CostSum } from '../core/cost.js'
import { columns, count, formatPrice, oneLine, type Palette } from './text.js'

/** One line of the table: a group, or what of it is in one currency. */
interface Row {
  name: string
  manifest: string
  sum: CostPart
}

interface Column {
  title: string
  cell: (sum: CostSum) => string
}

/** What was spent, as a table for people: what does not occur has no column, and what is as usual no footnote. */
export function renderCost(report: CostReport, palette: Palette): string[] {
  const { groups, total, by, since } = report
  const sinceLine = since ? renderSince(since) : []
  if (groups.length === 0) return ['Nothing was spent.', ...sinceLine.map(palette.dim)]
  const shown = columnsFor(total)
  const several = by === 'shot' && new Set(groups.map(({ manifest }) => manifest)).size > 1
  const line = ({ name, manifest, sum }: Row) => [
    ...(several ? [manifest] : []),
    name,
    ...shown.map(({ cell }) => cell(sum)),
  ]
  const lead = several ? ['manifest', by] : [by as string]
  const totals = rowsOf({ ...total, name: 'total' })
  const table = columns(
    [[...lead, ...shown.map(({ title }) => title)], ...groups.flatMap(rowsOf).map(line), ...totals.map(line)],
    [...lead.map(() => 'left' as const), ...shown.map(() => 'right' as const)],
  )
  const [head = '', ...rest] = table
  return [
    palette.dim(head),
    ...rest.slice(0, -totals.length),
    ...rest.slice(-totals.length).map(palette.bold),
    ...[...sinceLine, ...footnotes(report)].map(palette.dim),
  ]
}

function partsOf(sum: CostSum & { parts?: CostPart[] }): CostPart[] {
  return sum.parts ?? [sum]
}

function rowsOf(group: CostGroup): Row[] {
  const name = oneLine(group.name) + (group.gone ? ' (gone)' : '')
  return partsOf(group).map((sum, index) =>
    index === 0 ? { name, manifest: group.manifest ?? '', sum } : { name: partName(sum), manifest: '', sum },
  )
}

function partName({ currency = 'without a price' }: CostPart): string {
  return `  ${currency}`
}

function columnsFor({ superseded, drafts, estimated, failures, open }: CostSum): Column[] {
  const failed = Object.values(failures).some((number) => number > 0)
  return [
    { title: 'takes', cell: ({ takes }) => numberOrNothing(takes) },
    { title: 'tokens', cell: ({ tokens }) => numberOrNothing(tokens) },
    { title: 'cost', cell: costCell },
    ...(estimated.cost.length > 0
      ? [
          { title: 'estimated', cell: ({ estimated: { cost } }: CostSum) => cost.map(formatPrice).join('') },
          { title: 'difference', cell: differenceCell },
        ]
      : []),
    ...(drafts.takes > 0
      ? [{ title: 'of it drafts', cell: ({ drafts }: CostSum) => draftCell(drafts) }]
      : []),
    ...(superseded.tasks > 0
      ? [
          { title: 'superseded', cell: ({ superseded: { tasks } }: CostSum) => numberOrNothing(tasks) },
          { title: 'its tokens', cell: ({ superseded: { tokens } }: CostSum) => numberOrNothing(tokens) },
          {
            title: 'its cost',
            cell: ({ superseded: { cost, unpriced } }: CostSum) =>
              withUnpriced(cost.map(formatMoney), unpriced),
          },
          {
            title: 'spent',
            cell: ({ spent, unpriced, superseded }: CostSum) =>
              withUnpriced(spent.map(formatMoney), unpriced + superseded.unpriced),
          },
        ]
      : []),
    ...(failed
      ? [{ title: 'failed', cell: ({ failures }: CostSum) => numberOrNothing(sumOf(failures)) }]
      : []),
    ...(open.tasks > 0 ? [{ title: 'open', cell: openCell }] : []),
  ]
}

function numberOrNothing(number: number): string {
  return number === 0 ? '' : formatNumber(number)
}

function costCell({ cost, pricedToday, unpriced }: CostSum): string {
  const sign = pricedToday > 0 ? '≈' : ''
  return withUnpriced(
    cost.map((money) => `${sign}${formatMoney(money)}`),
    unpriced,
  )
}

/** A sum that lacks something says so. */
function withUnpriced(amounts: readonly string[], unpriced: number): string {
  return [...amounts, ...(unpriced > 0 ? ['?'] : [])].join(' + ')
}

function differenceCell({ estimated: { cost } }: CostSum): string {
  return cost
    .map(({ min, max, difference }) => {
      if (difference === 0) return min === max ? '0' : 'within'
      const digits = formatMoney({ currency: '', amount: Math.abs(difference) }).trim()
      return `${difference < 0 ? '-' : '+'}${digits}`
    })
    .join('')
}

function draftCell({ takes, cost }: CostSum['drafts']): string {
  return takes === 0
    ? ''
    : [formatNumber(takes), ...cost.map((money) => `for ${formatMoney(money)}`)].join(' ')
}

function openCell({ open: { tasks, reserved } }: CostSum): string {
  if (tasks === 0) return ''
  return [formatNumber(tasks), ...reserved.map((money) => `up to ${formatMoney(money)}`)].join(', ')
}

function sumOf(numbers: Readonly<Record<string, number>>): number {
  return Object.values(numbers).reduce((sum, number) => sum + number, 0)
}

function renderSince({ ref, commits, absent }: NonNullable<CostReport['since']>): string[] {
  const ids = commits.map((commit) => commit.slice(0, 7)).join(', ')
  return [
    `Since ${oneLine(ref)} (${ids}).`,
    ...absent.map((file) => `${file} had no lockfile then: all of it counts.`),
  ]
}

function footnotes({ total, groups, by, overlapping }: CostReport): string[] {
  const { takes, pricedToday, unpriced, untold, estimated, superseded, failures, open } = total
  const compared = estimated.cost.reduce((sum, { takes }) => sum + takes, 0)
  const kinds = Object.entries(failures).flatMap(([kind, number]) =>
    number > 0 ? [`${formatNumber(number)} ${kind}`] : [],
  )
  const note = (number: number, text: string) => (number > 0 ? [text] : [])
  return [
    ...note(
      pricedToday,
      `≈ ${count(pricedToday, 'take')} without a cost on record: counted at today's prices, for the shots as they are now.`,
    ),
    ...note(
      unpriced,
      `? ${count(unpriced, 'take')} without a price: none is known, or the shot has changed or gone since and no cost is on record.`,
    ),
    ...note(untold, `${count(untold, 'take')} whose tokens the service did not tell.`),
    ...note(
      compared < takes ? compared : 0,
      `Estimated and difference are of ${count(compared, 'take')} whose shots are still what was bought.`,
    ),
    ...note(
      superseded.unpriced,
      `? ${count(superseded.unpriced, 'superseded task')} with tokens, and without a cost on record.`,
    ),
    ...note(
      superseded.unbilled,
      `${count(superseded.unbilled, 'superseded task')} without a bill: failed, and so free, or from before bills were kept.`,
    ),
    ...note(kinds.length, `Free, since not billed: ${kinds.join(', ')}.`),
    ...note(open.tasks, `Open takes are live or unknown, and not counted yet.`),
    ...note(open.unreserved, `${count(open.unreserved, 'open take')} whose most is not on record.`),
    ...note(
      Number(overlapping),
      'A shot with several tags counts under each of them; the total counts it once.',
    ),
    ...note(
      Number(by === 'model' && groups.some(({ name }) => name === '(superseded)')),
      '(superseded): the lockfile does not keep the models of superseded tasks, and no record of this machine tells them.',
    ),
  ]
}

/**
 * The groups as CSV by RFC 4180, the head first: one line a group and currency, without the total. Lines end with CRLF
 * once they are printed.
 */
export function renderCostCsv({ groups, by }: CostReport): string[] {
  const table: [string, (sum: CostPart, group: CostGroup) => string | number | undefined][] = [
    [by, (_, { name }) => defused(name)],
    ...(by === 'shot'
      ? [
          [
            'manifest',
            (_: CostPart, { manifest = '' }: CostGroup) => defused(manifest),
          ] satisfies (typeof table)[number],
        ]
      : []),
    ['currency', (sum) => currencyOf(sum)],
    ['spent', ({ spent }) => spent[0]?.amount],
    ['takes', ({ takes }) => takes],
    ['tokens', ({ tokens }) => tokens],
    ['cost', ({ cost }) => cost[0]?.amount],
    ['priced_today', ({ pricedToday }) => pricedToday],
    ['unpriced', ({ unpriced }) => unpriced],
    ['draft_takes', ({ drafts }) => drafts.takes],
    ['draft_tokens', ({ drafts }) => drafts.tokens],
    ['draft_cost', ({ drafts }) => drafts.cost[0]?.amount],
    ['estimated_takes', ({ estimated }) => estimated.cost[0]?.takes ?? 0],
    ['estimated_min', ({ estimated }) => estimated.cost[0]?.min],
    ['estimated_max', ({ estimated }) => estimated.cost[0]?.max],
    ['estimated_actual', ({ estimated }) => estimated.cost[0]?.actual],
    ['difference', ({ estimated }) => estimated.cost[0]?.difference],
    ['superseded_tasks', ({ superseded }) => superseded.tasks],
    ['superseded_tokens', ({ superseded }) => superseded.tokens],
    ['superseded_cost', ({ superseded }) => superseded.cost[0]?.amount],
    ['superseded_unpriced', ({ superseded }) => superseded.unpriced],
    ['superseded_unbilled', ({ superseded }) => superseded.unbilled],
    ['failed', ({ failures }) => failures.failed],
    ['expired', ({ failures }) => failures.expired],
    ['cancelled', ({ failures }) => failures.cancelled],
    ['open', ({ open }) => open.tasks],
    ['open_reserved', ({ open }) => open.reserved[0]?.amount],
    ['open_unreserved', ({ open }) => open.unreserved],
  ]
  const lines = [
    table.map(([title]) => title),
    ...groups.flatMap((group) =>
      partsOf(group).map((sum) => table.map(([, cell]) => csvCell(cell(sum, group)))),
    ),
  ]
  return lines.map((cells) => `${cells.join(',')}\r`)
}

function currencyOf({ spent, open }: CostPart): string {
  return (spent[0] ?? open.reserved[0])?.currency ?? ''
}

function csvCell(value: string | number | undefined): string {
  const text = value === undefined ? '' : String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** A text that a spreadsheet would take for a formula, made harmless. Source: OWASP, "CSV Injection". */
function defused(text: string): string {
  return /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
}
