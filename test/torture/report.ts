import type { LoopResult } from './plain-loop.js'
import type { RoundResult } from './play-round.js'
import type { RoundPlan } from './round-plan.js'

/** All rounds as tables in Markdown, for a terminal and for a page alike. */
export function renderReport(rounds: readonly RoundResult[], loops: readonly LoopResult[]): string {
  const sum = <T>(items: readonly T[], of: (item: T) => number) =>
    items.reduce((total, item) => total + of(item), 0)
  const noList = rounds.filter(({ plan }) => plan.faults.noList)
  const kills = counted(rounds.flatMap((round) => round.kills))
  const faults = new Map<string, number>()
  for (const round of rounds)
    for (const [kind, times] of round.faults) faults.set(kind, (faults.get(kind) ?? 0) + times)

  return [
    ...table('shotlock', [
      ['rounds', `${rounds.length} (${noList.length} of them without LIST)`],
      ['takes wanted', sum(rounds, ({ plan }) => sum(plan.shots, ({ takes }) => takes))],
      ['starts of the binary', sum(rounds, ({ starts }) => starts)],
      ['killed', sum(rounds, (round) => round.kills.length)],
      ['creates accepted', sum(rounds, ({ accepted }) => accepted)],
      ['answers never seen (`unknown`)', sum(rounds, ({ unknownMet }) => unknownMet)],
      ['of these adopted by LIST', sum(rounds, ({ adopted }) => adopted)],
      ['left `unknown`: nothing was bought', sum(rounds, ({ unknownUnpaid }) => unknownUnpaid.length)],
      ['left `unknown`: bought, no LIST to find it', sum(noList, ({ unknownPaid }) => unknownPaid.length)],
      ['left waiting for a shot that is `unknown`', sum(rounds, ({ waiting }) => waiting.length)],
      ['takes that began with the last frame of another', sum(rounds, ({ followed }) => followed)],
      ['videos collected and compared', sum(rounds, ({ collected }) => collected)],
      ['videos of superseded tasks kept and compared', sum(rounds, ({ kept }) => kept)],
      ['last frames kept and compared', sum(rounds, ({ framed }) => framed)],
      ['**doubled creates**', sum(rounds, ({ doubled }) => doubled)],
      ['**lost ids**', sum(rounds, ({ lost, invented }) => lost.length + invented.length)],
      [
        '**not reconciled though LIST exists**',
        sum(rounds, ({ plan, unknownPaid }) => (plan.faults.noList ? 0 : unknownPaid.length)),
      ],
      ['**wrong chains**', sum(rounds, ({ wrongFollows }) => wrongFollows.length)],
      ['**wrong files**', sum(rounds, ({ wrongFiles }) => wrongFiles.length)],
      ['**wrong kept videos**', sum(rounds, ({ wrongKept }) => wrongKept.length)],
      ['**files that nothing names**', sum(rounds, ({ litter }) => litter.length)],
      ['**invalid lockfiles**', sum(rounds, ({ invalidLockfiles }) => invalidLockfiles)],
      ['**rounds with any failure**', rounds.filter(({ failures }) => failures.length > 0).length],
    ]),
    '',
    ...table('killed at', byCount(kills)),
    '',
    ...table('faults met', byCount(faults)),
    '',
    ...table('a loop with the official retries, same shots and faults, never killed', [
      ['takes wanted', sum(loops, ({ takes }) => takes)],
      ['creates accepted', sum(loops, ({ accepted }) => accepted)],
      ['takes bought more than once', sum(loops, ({ takesDoubled }) => takesDoubled)],
      ['doubled creates', sum(loops, ({ doubled }) => doubled)],
      ['ids never seen', sum(loops, ({ unseen }) => unseen)],
    ]),
  ].join('\n')
}

/** What went wrong, and how to see it again. */
export function renderFailures(rounds: readonly RoundResult[]): string {
  return rounds
    .filter(({ failures }) => failures.length > 0)
    .map(({ plan, failures }) => {
      const flags = `--rounds 1 --seed ${plan.seed} --shots ${plan.shots.length}${modeOf(plan)}`
      return `round ${plan.seed} (npm run torture -- ${flags}):\n${failures.map((one) => `  ${one}`).join('\n')}`
    })
    .join('\n')
}

/** A round without LIST may be one by its seed; asking for it does no harm. */
function modeOf({ faults, forgets }: RoundPlan): string {
  return `${faults.noList ? ' --no-list' : ''}${forgets === 'lockfile' ? ' --forget-lockfile' : ''}`
}

function table(title: string, rows: readonly (readonly [string, string | number])[]): string[] {
  const first = [title, ...rows.map(([name]) => name)]
  const second = ['', ...rows.map(([, value]) => String(value))]
  const width = Math.max(...first.map((text) => text.length))
  const valueWidth = Math.max(3, ...second.map((text) => text.length))
  const lines = first.map(
    (text, index) => `| ${text.padEnd(width)} | ${second[index]!.padStart(valueWidth)} |`,
  )
  return [lines[0]!, `|${'-'.repeat(width + 2)}|${'-'.repeat(valueWidth + 1)}:|`, ...lines.slice(1)]
}

function counted(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1)
  return counts
}

function byCount(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].sort(([, a], [, b]) => b - a)
}
