import type { CancelOutcome, CancelReport, LiveRef } from '../commands/cancel.js'
import type { MovedTake, MoveReport } from '../commands/move.js'
import type { PrunedEntry, PruneReport, StayingEntry } from '../commands/prune.js'
import type { FileCheck, KeptCheck, ManifestCheck, VerifyReport } from '../commands/verify.js'
import { formatNumber } from '../core/amount-words.js'
import { takeKey } from '../core/event.js'
import { splitTakeName } from '../core/names.js'
import { columns, count, oneLine, type Palette, shownLines } from './text.js'

/** How the collected files were found: what is not well, what lies about, the counts. */
export function renderVerify({ manifests, interrupted }: VerifyReport, palette: Palette): string[] {
  const broken = manifests.flatMap(({ files }) => files.filter(({ state }) => state !== 'ok'))
  const lines = manifests.flatMap((one) => renderCheck(one, palette))
  if (interrupted) lines.push(palette.red('Interrupted: not every file was looked at.'))
  else if (broken.some(({ repair }) => repair === undefined))
    lines.push('shotlock verify --repair fetches again what the provider still has: results for 24 hours.')
  return lines
}

function renderCheck({ manifest, files, kept, orphans }: ManifestCheck, palette: Palette): string[] {
  const broken = files.filter(({ state }) => state !== 'ok')
  const rows = broken.map((check) => [markOf(check, palette), check.take, describeCheck(check)])
  return [
    `${palette.bold(manifest)}  ${countStates(files)}`,
    ...shownLines(columns(rows)),
    ...renderKept(kept, palette),
    ...(orphans.length > 0 ? [`  ${count(orphans.length, 'video')} that no entry names, left alone:`] : []),
    ...shownLines(orphans.map((path) => `  ${oneLine(path)}`)),
  ]
}

/** A note: each of their takes has a newer video, or is about to get one. */
function renderKept(kept: readonly KeptCheck[], { yellow }: Palette): string[] {
  if (kept.length === 0) return []
  const broken = kept.filter(({ state }) => state !== 'ok')
  const rows = broken.map(({ take, state, path }) => [yellow('⚠'), take, `${state}: ${oneLine(path)}`])
  return [
    `  ${count(kept.length, 'kept video')} of superseded tasks: ${countStates(kept)}`,
    ...shownLines(columns(rows).map((line) => `  ${line}`)),
  ]
}

function countStates(files: readonly Pick<FileCheck, 'state'>[]): string {
  const states = ['ok', 'missing', 'changed', 'unreadable'] as const
  const words = states.flatMap((state) => {
    const number = files.filter((check) => check.state === state).length
    return number > 0 ? [`${formatNumber(number)} ${state}`] : []
  })
  return words.length === 0 ? 'nothing collected' : words.join(', ')
}

function markOf({ repair }: FileCheck, { green, yellow, red }: Palette): string {
  if (repair?.kind === 'restored') return green('✓')
  return repair?.kind === 'different' ? yellow('⚠') : red('✗')
}

function describeCheck({ state, path, repair }: FileCheck): string {
  const found = `${state}: ${path}`
  if (!repair) return found
  const kept = repair.kept === undefined ? '' : `; what was there is now ${repair.kept}`
  if (repair.kind === 'impossible') return `${found}; not fetched: ${oneLine(repair.why)}${kept}`
  if (repair.kind === 'restored') return `${found}; fetched again${kept}`
  return `${found}; the provider delivers other bytes now, which are in place and in the lockfile${kept}`
}

/** What was renamed, and what a run would still do with it. */
export function renderMove({ moved, followers }: MoveReport): string[] {
  const changed = moved.filter((take) => take.changed !== undefined)
  return [
    ...columns(moved.map((take) => [take.from, '→', take.to, describeMoved(take)])),
    ...(followers.length > 0
      ? [`${count(followers.length, 'take')} that go on from it are as they were: ${followers.join(', ')}.`]
      : []),
    ...changed.map(
      (take) =>
        `${take.to} has changed since it was bought (${take.changed!.join(', ')}): a run buys it anew.`,
    ),
  ]
}

function describeMoved({ status, video, here, kept = [] }: MovedTake): string {
  const parts = [video ?? status]
  if (video !== undefined && !here) parts.push('not on this machine')
  if (kept.length > 0) parts.push(`with ${count(kept.length, 'video')} of superseded tasks`)
  return parts.join(', ')
}

/** What was pruned, and what was left and why. */
export function renderPruned(report: PruneReport, palette: Palette): string[] {
  const dropped = report.manifests.reduce((sum, { pruned }) => sum + pruned.length, 0)
  const lines = renderPrune(report, palette)
  return dropped > 0 ? [...lines, `${count(dropped, 'entry', 'entries')} dropped from the lockfile.`] : lines
}

/** What pruning would drop, and what it would leave and why. */
export function renderPrune({ manifests }: PruneReport, palette: Palette): string[] {
  const busy = manifests.filter(({ pruned, staying }) => pruned.length + staying.length > 0)
  if (busy.length === 0) return ['Nothing to prune: every entry has its take in the manifest.']
  const kept = busy.flatMap(({ pruned }) => pruned.flatMap((one) => one.kept ?? []))
  const lines = busy.flatMap(({ manifest, pruned, staying }) => [
    `${palette.bold(manifest)}  ${count(pruned.length, 'entry', 'entries')} without a take in the manifest`,
    ...shownLines(columns(pruned.map((one) => [palette.red('-'), one.take, describePruned(one)]))),
    ...shownLines(columns(staying.map((one) => [palette.yellow('‖'), one.take, `stays: ${stayWords(one)}`]))),
  ])
  if (kept.length === 0) return lines
  const them = `${count(kept.length, 'video')} of their superseded tasks ${kept.length === 1 ? 'stays' : 'stay'}`
  return [
    ...lines,
    `${them} on the disk and in no lockfile. What deletes such videos: shotlock prune --previous, before.`,
  ]
}

function describePruned({ take, status, task, video, here, movable }: PrunedEntry): string {
  const parts = [task === undefined ? status : `${status} as ${task}`]
  if (here) parts.push(`${video} stays on the disk`)
  if (movable !== undefined) {
    const command = `shotlock move ${splitTakeName(take).shot} ${splitTakeName(movable).shot}`
    parts.push(`same as "${movable}": ${command} keeps it without paying`)
  }
  return parts.join('; ')
}

function stayWords({ why, task }: StayingEntry): string {
  switch (why) {
    case 'live':
      return `live as ${task}; run waits for it, cancel ends it while it is queued`
    case 'unknown':
      return 'a create was sent, its answer never seen: it may be paid for'
    case 'uncollected':
      return `paid for as ${task} and not fetched yet; run fetches it`
    case 'lost':
      return `paid for as ${task}, and the provider no longer has the result: it is kept on record`
  }
}

/** Live takes that are to be cancelled. */
export function renderLive(takes: readonly LiveRef[]): string[] {
  return shownLines(columns(takes.map((one) => [takeKey(one), one.task])))
}

/** What came of each live take that was to be cancelled. */
export function renderCancel({ outcomes }: CancelReport, palette: Palette): string[] {
  if (outcomes.length === 0) return ['Nothing is live.']
  const rows = outcomes.map((one) => {
    const mark = one.kind === 'cancelled' ? palette.green('✓') : palette.yellow('⚠')
    return [mark, takeKey(one), describeCancel(one)]
  })
  const cancelled = outcomes.filter(({ kind }) => kind === 'cancelled').length
  const lines = [
    ...shownLines(columns(rows)),
    `${formatNumber(cancelled)} of ${count(outcomes.length, 'live take')} cancelled.`,
  ]
  if (cancelled > 0)
    lines.push('A run buys cancelled takes again, unless their shots are skipped or removed.')
  return lines
}

function describeCancel(outcome: CancelOutcome): string {
  const { task } = outcome
  switch (outcome.kind) {
    case 'cancelled':
      return `${task} is cancelled`
    case 'running':
      return outcome.status === 'running'
        ? `${task} is being made and cannot be cancelled`
        : `${task} is in a state that is not known here, and was left alone`
    case 'ended':
      return outcome.status === 'succeeded'
        ? `${task} is done and paid for: shotlock run collects it`
        : `${task} has ${outcome.status}: shotlock run takes it in`
    case 'gone':
      return outcome.deleted
        ? `the record of ${task} is gone since it was to be cancelled; whether it was, or had just ended, cannot be told. The entry stays`
        : `the provider has no record of ${task}; nothing was sent, and the entry stays`
    case 'unsupported':
      return `${task} is live: this provider has no way to cancel`
    case 'elsewhere':
      return `${task} is live at ${outcome.provider}: cancel it with that provider`
    case 'failed':
      return `${task} may be live: ${oneLine(outcome.why)}`
    case 'skipped':
      return `${task} is live: interrupted before it was asked for`
  }
}
