import type { Problem } from '../core/problem.js'
import { count, oneLine, type Palette, widthOf } from './text.js'

/** So many problems of one file are shown in full. */
const shownPerFile = 50

/** Problems as compilers show them: place, message, source line, caret. */
export function renderProblems(problems: readonly Problem[], palette: Palette): string[] {
  const lines: string[] = []
  const perFile = new Map<string, Problem[]>()
  for (const problem of problems) {
    const group = perFile.get(problem.file)
    if (group) group.push(problem)
    else perFile.set(problem.file, [problem])
  }
  for (const [file, group] of perFile) {
    const sorted = group.toSorted((a, b) => a.line - b.line || a.col - b.col)
    for (const problem of sorted.slice(0, shownPerFile)) lines.push(...renderProblem(problem, palette))
    if (sorted.length > shownPerFile) lines.push(`${file}  and ${sorted.length - shownPerFile} more`)
  }
  return lines
}

/** `2 problems in 1 of 3 manifests.` with what it means. */
export function renderVerdict(
  problems: readonly Problem[],
  manifests: readonly { file: string; shots: number; takes: number }[],
): string {
  const errors = problems.filter(({ severity }) => severity === 'error')
  const warnings = problems.length - errors.length
  const more = warnings > 0 ? ` ${count(warnings, 'warning')}.` : ''
  const all = count(manifests.length, 'manifest')
  if (errors.length > 0) {
    const broken = new Set(errors.map(({ file }) => file)).size
    return `${count(errors.length, 'problem')} in ${broken} of ${all}.${more} Nothing was sent.`
  }
  const shots = manifests.reduce((sum, one) => sum + one.shots, 0)
  const takes = manifests.reduce((sum, one) => sum + one.takes, 0)
  return `${all}, ${count(shots, 'shot')}, ${count(takes, 'take')}: no problems.${more}`
}

function renderProblem(
  { file, line, col, cell, length, message, shot, code, severity, sourceLine }: Problem,
  palette: Palette,
): string[] {
  const paint = severity === 'error' ? palette.red : palette.yellow
  const where = palette.bold(`${file}:${cell ?? `${line}:${col}`}`)
  const about = palette.dim(`(${shot === undefined ? '' : `${oneLine(shot)}, `}${code})`)
  const word = severity === 'warning' ? `${palette.yellow('warning:')} ` : ''
  const head = `${where}  ${word}${oneLine(message)}  ${about}`
  if (sourceLine.trim() === '') return [head]

  // A long line is shown from a little before the fault.
  const from = col > 80 ? col - 40 : 0
  const shown = sourceLine.slice(from, from + 120).replaceAll('\t', ' ')
  const before = shown.slice(0, col - 1 - from)
  const marked = shown.slice(col - 1 - from, col - 1 - from + length)
  const gutter = `${String(line).padStart(6)} │ `
  const caret = ' '.repeat(widthOf(before)) + '^'.repeat(Math.max(1, widthOf(marked)))
  return [head, `${palette.dim(gutter)}${shown}`, `${palette.dim('       │ ')}${paint(caret)}`]
}
