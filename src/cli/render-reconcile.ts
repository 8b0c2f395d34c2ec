import type { Finding, ReconcileReport } from '../commands/reconcile.js'
import { isTerminal } from '../core/task.js'
import { columns, count, type Palette } from './text.js'

/** What was found for each unknown take, and what a person can do about the rest. */
export function renderReconcile(
  { findings, noList, unclaimed }: ReconcileReport,
  palette: Palette,
): string[] {
  if (findings.length === 0) return ['No take is unknown: there is nothing to look for.']
  if (noList) {
    return [
      `${count(findings.length, 'take')} unknown, and this provider has no list of tasks to look in.`,
      'Look in its console. If you find the task: shotlock adopt SHOT TASK. Nothing is bought again by itself.',
    ]
  }
  const lines = findings.flatMap((finding) => renderFinding(finding, palette))
  if (unclaimed.length > 0)
    lines.push('', 'Fetched, since results die within a day:', ...unclaimed.map((path) => `  ${path}`))
  return lines
}

function renderFinding(finding: Finding, palette: Palette): string[] {
  const name = palette.bold(`${finding.manifest}/${finding.take}`)
  switch (finding.verdict) {
    case 'adopted':
      return [`${palette.green('✓')} ${name}  found as ${finding.task}; shotlock run collects it`]
    case 'released':
      return [`${palette.yellow('!')} ${name}  given up for lost; the next run buys it again`]
    case 'none':
      return [
        `${palette.yellow('?')} ${name}  nothing found that fits${finding.tooEarly ? '; it was sent a moment ago, look again in ten minutes' : ''}`,
        ...(finding.tooEarly
          ? []
          : [
              `    That is no proof. To buy it again all the same: shotlock reconcile --resubmit ${finding.take}`,
            ]),
      ]
    case 'probable': {
      const rows = finding.candidates.map(({ task, status, createdAt = '', for: pro, missing }) => [
        `    ${task}`,
        status,
        createdAt,
        `fits: ${pro.join(', ')}`,
        missing.length > 0 ? `not shown: ${missing.join(', ')}` : '',
      ])
      const many = finding.candidates.length > 1
      const what = many
        ? `one of ${finding.candidates.length} tasks, which cannot be told apart`
        : 'probably this task, not yet certain'
      const running = finding.candidates.some(({ status }) => !isTerminal(status))
      const accept = many ? '' : ', or shotlock reconcile --accept'
      return [
        `${palette.yellow('?')} ${name}  ${what}`,
        ...columns(rows),
        running
          ? '    Tasks show their seed when they have ended: look again then.'
          : `    Decide: shotlock adopt ${finding.take} TASK${accept}`,
      ]
    }
  }
}
