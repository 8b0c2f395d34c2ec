import { formatExact, formatNumber } from './amount-words.js'
import { closeFolds, fitLines, markdownName, markdownText } from './markdown.js'
import { readMoney, sumMoney } from './money.js'
import type { Problem } from './problem.js'
import { redact } from './redact.js'
import {
  judgeTake,
  type Report,
  type ReportedManifest,
  type ReportedTake,
  type Verdict,
  verdictKinds,
} from './report.js'

/** Most bytes of the summary of a step on GitHub; more, and none of it is shown. */
export const stepSummaryLimit = 1024 * 1024

interface Judged {
  take: ReportedTake
  file: string
  verdict: Verdict
}

/**
 * A report as Markdown: totals, what failed or needs a person, then folded lists of what waits and what is done.
 *
 * @param limit Most bytes of it as UTF-8; what is less important is left out, and how much is said.
 */
export function reportMarkdown({ manifests, problems }: Report, limit = stepSummaryLimit): string {
  const judged = manifests.flatMap(({ file, takes }) =>
    takes.map((take) => ({ take, file, verdict: judgeTake(take) })),
  )
  const needsLook = judged
    .filter(({ verdict }) => verdict.kind !== 'done' && !waitsForRun(verdict))
    .sort((a, b) => verdictKinds.indexOf(a.verdict.kind) - verdictKinds.indexOf(b.verdict.kind))
  const lines = [
    '### shotlock',
    '',
    ...(manifests.length > 0 ? [...totalsOf(manifests), ''] : []),
    ...problemTable(problems),
    ...table(
      'Needs a look',
      ['take', 'where', 'what'],
      needsLook.map((one) => [markdownName(one.take.take), placeOf(one), wordsOf(one.verdict)]),
    ),
    ...unclaimedOf(manifests),
    ...folded(
      'waiting',
      ['take', 'why'],
      judged
        .filter(({ verdict }) => waitsForRun(verdict))
        .map(({ take, verdict }) => [markdownName(take.take), wordsOf(verdict)]),
    ),
    ...folded(
      'done',
      ['take', 'task', 'tokens', 'cost'],
      judged.filter(({ verdict }) => verdict.kind === 'done').map(({ take }) => rowOfDone(take)),
    ),
  ]
  const more = (left: number) => `\n… and ${left} lines more.`
  return `${closeFolds(fitLines(lines, limit - 20, more, bytesOf))
    .join('\n')
    .trimEnd()}\n`
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}

function waitsForRun(verdict: Verdict): boolean {
  return verdict.kind === 'waiting' && verdict.for === 'run'
}

function totalsOf(manifests: readonly ReportedManifest[]): string[] {
  const rows = manifests.map(({ file, takes }) => [shown(file), ...countsOf(takes)])
  if (manifests.length > 1) rows.push(['**together**', ...countsOf(manifests.flatMap(({ takes }) => takes))])
  return [
    '| manifest | takes | done | failed | unknown | lost | waiting | tokens | cost |',
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ]
}

function countsOf(takes: readonly ReportedTake[]): string[] {
  const kinds = takes.map((take) => judgeTake(take).kind)
  const of = (kind: Verdict['kind']) => kinds.filter((one) => one === kind).length
  const tokens = takes.reduce((sum, take) => sum + (take.tokens ?? 0), 0)
  const amounts = sumMoney(takes.flatMap((take) => readMoney(take.cost) ?? []))
  const numbers = [takes.length, of('done'), of('failed'), of('unknown'), of('lost'), of('waiting'), tokens]
  return [...numbers.map(formatNumber), amounts.map(formatExact).join(', ')]
}

function problemTable(problems: readonly Problem[]): string[] {
  const rows = [...problems]
    .sort((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'))
    .map(({ file, line, col, message, code, severity }) => [
      shown(`${file}:${line}:${col}`),
      `${severity === 'warning' ? 'warning: ' : ''}${shown(message)}`,
      shown(code),
    ])
  return table('Manifests', ['where', 'what', 'code'], rows)
}

function unclaimedOf(manifests: readonly ReportedManifest[]): string[] {
  const rows = manifests.flatMap(({ file, unclaimed }) => unclaimed.map((path) => [shown(path), shown(file)]))
  return table('Paid for, and of no known take: shotlock adopt SHOT TASK', ['video', 'manifest'], rows)
}

function placeOf({ take, file }: Judged): string {
  return shown(take.line === undefined ? file : `${file}:${take.line}`)
}

function wordsOf(verdict: Verdict): string {
  if (verdict.kind === 'done') return ''
  if (verdict.kind === 'waiting') return shown(verdict.why)
  return `**${verdict.kind}**: ${shown(verdict.advice)} (${shown(verdict.code)})`
}

function rowOfDone({ take, task, tokens, cost, picked }: ReportedTake): string[] {
  const name = `${markdownName(take)}${picked ? ' (picked)' : ''}`
  const money = readMoney(cost)
  return [
    name,
    task === undefined ? '' : shown(task),
    tokens === undefined ? '' : formatNumber(tokens),
    money ? formatExact(money) : '',
  ]
}

function shown(text: string): string {
  return markdownText(redact(text))
}

function table(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : [`#### ${title}`, '', ...tableLines(head, rows)]
}

function folded(what: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return []
  const summary = `<summary>${formatNumber(rows.length)} ${what}</summary>`
  return ['<details>', summary, '', ...tableLines(head, rows), '</details>', '']
}

function tableLines(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).concat('')
}
