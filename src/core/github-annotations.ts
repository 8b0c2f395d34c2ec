import { redact } from './redact.js'
import { judgeTake, type Report, type ReportedTake, type Verdict } from './report.js'

/** A remark that GitHub shows at a line of a file. */
export interface Annotation {
  level: 'error' | 'warning' | 'notice'
  title: string
  message: string
  /** From the repository's root, with `/`; left out for a remark about no file. */
  file?: string
  /** 1-based. */
  line?: number
  col?: number
}

/** Of each level, GitHub shows so many in one step and drops the rest without a word. */
export const shownPerLevel = 10

/**
 * What a report has to say at lines of manifests, the most important first: manifests that cannot be used, what was
 * lost, what is unknown, what is held until the shot changes, then what a rerun may mend; advice comes last.
 */
export function annotationsOf({ manifests, problems }: Report): Annotation[] {
  const weighed: { weight: number; annotation: Annotation }[] = []
  for (const { severity, file, line, col, message, shot, code } of problems) {
    const title = shot === undefined ? code : `${shot}: ${code}`
    const weight = severity === 'error' ? 0 : 9
    weighed.push({ weight, annotation: { level: severity, file, line, col, title, message } })
  }
  for (const { file, takes } of manifests) {
    for (const take of takes) {
      const verdict = judgeTake(take)
      const weight = weightOf(verdict, take)
      if (weight === undefined) continue
      const { line, col } = take
      const place = line === undefined || col === undefined ? { file } : { file, line, col }
      weighed.push({ weight, annotation: { ...wordsOf(verdict, take), ...place } })
    }
  }
  return weighed.sort((a, b) => a.weight - b.weight).map(({ annotation }) => annotation)
}

/** @returns The least for what comes first; `undefined` for what is not worth a remark at a line. */
function weightOf(verdict: Verdict, { status, video }: ReportedTake): number | undefined {
  switch (verdict.kind) {
    case 'lost':
      return 1
    case 'unknown':
      return 2
    case 'failed':
      if (status === 'cancelled') return 8
      return verdict.mayRerun ? 4 : 3
    case 'waiting':
      // The provider deletes it soon.
      return status === 'succeeded' && video === undefined ? 7 : undefined
    case 'done':
      return undefined
  }
}

function wordsOf(verdict: Verdict, take: ReportedTake): Pick<Annotation, 'level' | 'title' | 'message'> {
  if (verdict.kind === 'done' || verdict.kind === 'waiting')
    return {
      level: 'warning',
      title: `${take.take}: not fetched`,
      message: 'why' in verdict ? verdict.why : '',
    }
  const level = take.status === 'cancelled' ? 'warning' : 'error'
  return { level, title: `${take.take}: ${verdict.code}`, message: verdict.advice }
}

/**
 * Annotations as workflow commands, a line each: as many of each level as GitHub shows, and a notice of how many were
 * left out.
 */
export function workflowCommands(annotations: readonly Annotation[], most = shownPerLevel): string[] {
  const shown: Annotation[] = []
  const left = { error: 0, warning: 0, notice: 0 }
  const count = { ...left }
  for (const one of annotations) {
    if (++count[one.level] > most) left[one.level]++
    else shown.push(one)
  }
  const more = [
    ...(left.error > 0 ? [`${left.error} more ${left.error === 1 ? 'error' : 'errors'}`] : []),
    ...(left.warning > 0 ? [`${left.warning} more ${left.warning === 1 ? 'warning' : 'warnings'}`] : []),
  ]
  if (more.length > 0) {
    const message = `${more.join(' and ')}: GitHub shows ${most} of each in one step. The step's summary has all.`
    shown.push({ level: 'notice', title: 'Not all is shown', message })
  }
  return shown.map(workflowCommand)
}

/** One workflow command; no text in it can end it or begin another. */
export function workflowCommand({ level, title, message, file, line, col }: Annotation): string {
  const properties = Object.entries({ file, line, col, title }).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${propertyText(redact(String(value)))}`],
  )
  return `::${level} ${properties.join(',')}::${messageText(redact(message))}`
}

/** Source of both: `actions/toolkit`, packages/core/src/command.ts, `escapeData` and `escapeProperty`. */
function messageText(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function propertyText(text: string): string {
  return messageText(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
