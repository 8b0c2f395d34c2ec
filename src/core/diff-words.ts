import { formatMoney, formatNumber } from './amount-words.js'
import type { MoneyView } from './cost.js'
import type { TakeChange } from './diff-lockfiles.js'
import type { FailureClass } from './failure.js'
import type { FormerTask, Happening, Since } from './happening.js'
import { releasedCode } from './ledger-state.js'
import { splitTakeName, type TakeName } from './names.js'
import type { TaskId } from './task.js'

/**
 * What happened to the takes of one shot as a sentence, without the shot's name, the price and a final period. Holds
 * texts of other people as they are: notes, task ids.
 */
export function describeShot(changes: readonly TakeChange[]): string {
  const groups: { words: string; draft: boolean; numbers: number[] }[] = []
  for (const { take, happenings } of changes) {
    const words = happenings
      .filter(({ kind }) => kind !== 'picked' && kind !== 'unpicked')
      .map((one) => wordsOf(one, take))
      .join(', ')
    if (words === '') continue
    const { number, draft } = splitTakeName(take)
    const last = groups.at(-1)
    if (last?.words === words && last.draft === draft) last.numbers.push(number)
    else groups.push({ words, draft, numbers: [number] })
  }
  const sentences = groups.map((group) => `${takesWords(group)}${group.words}`).join('; ')
  return [sentences, pickWords(changes)].filter((part) => part !== '').join(', ')
}

/** A shot has one pick, so a take that is no longer picked is only told when no other is. */
function pickWords(changes: readonly TakeChange[]): string {
  const takesWith = (kind: Happening['kind']) =>
    changes.filter(({ happenings }) => happenings.some((one) => one.kind === kind)).map(({ take }) => take)
  const [picked, unpicked] = [takesWith('picked')[0], takesWith('unpicked')[0]]
  if (picked !== undefined) return `picked ${takeWord(picked)}`
  return unpicked === undefined ? '' : `no longer picked ${takeWord(unpicked)}`
}

function takeWord(take: TakeName): string {
  const { number, draft } = splitTakeName(take)
  return draft ? `the draft of take ${number}` : `take ${number}`
}

/** `take 2 `, `takes 1 to 3 `, `drafts of takes 1 and 4 `; nothing for take 1 alone. */
function takesWords({ numbers, draft }: { numbers: readonly number[]; draft: boolean }): string {
  const [first, second] = numbers
  if (second === undefined && first === 1) return draft ? 'draft ' : ''
  const list = `take${second === undefined ? '' : 's'} ${numbersWords(numbers)} `
  return draft ? `draft${second === undefined ? '' : 's'} of ${list}` : list
}

/** `1 and 2`, `1 to 3, 5`. @param numbers Ascending. */
function numbersWords(numbers: readonly number[]): string {
  if (numbers.length === 2) return numbers.join(' and ')
  const ranges: number[][] = []
  for (const number of numbers) {
    const last = ranges.at(-1)
    if (last?.at(-1) === number - 1) last.push(number)
    else ranges.push([number])
  }
  return ranges
    .flatMap((range) => (range.length > 2 ? [`${range[0]} to ${range.at(-1)}`] : range.map(String)))
    .join(', ')
}

const failures: Readonly<Record<FailureClass, string>> = {
  'moderation-input': 'prompt or media moderated',
  'moderation-output': 'output moderated',
  invalid: 'refused as invalid',
  account: 'the account was refused',
  throttled: 'the service was too busy',
  service: 'the service failed',
  expired: 'not done in time',
  cancelled: 'cancelled',
  download: 'its result was not fetched',
  unknown: 'the answer was never seen',
}

/** Failures that are no answer of a service. */
const ownFailures: Readonly<Record<string, string>> = {
  [releasedCode]: 'given up, its answer was never seen',
  'image-changed': 'a file changed before it was sent',
}

function wordsOf(happening: Happening, take: TakeName): string {
  switch (happening.kind) {
    case 'moved':
      return `moved from ${placeWords(happening, take)}`
    case 'shared':
      return `the same task as ${placeWords(happening, take)}`
    case 'bought':
    case 'retaken': {
      const done = happening.fromDraft ? 'made final from its draft' : happening.kind
      return `${done}${sinceWords(happening)}${happening.fetched === false ? ', its file not fetched yet' : ''}`
    }
    case 'adopted':
      return `back to task ${shortTask(happening.task)}${sinceWords(happening)}`
    case 'sent':
      return `sent, live${sinceWords(happening)}`
    case 'unknown':
      return `sent, its answer was never seen${sinceWords(happening)}`
    case 'failed':
      return `failed: ${ownFailures[happening.code] ?? failures[happening.failure]}${sinceWords(happening)}`
    case 'expired':
      return `not done in time${sinceWords(happening)}`
    case 'cancelled':
      return `cancelled${sinceWords(happening)}`
    case 'lost':
      return 'lost: the provider no longer has its result'
    case 'collected':
      return happening.anew ? 'collected anew, its file is another' : 'collected'
    case 'billed':
      return 'billed anew'
    case 'dropped':
      return 'dropped from the lockfile'
    case 'picked':
      return 'picked'
    case 'unpicked':
      return 'no longer picked'
    case 'undecided':
      return 'undecided again'
    case 'approved':
    case 'rejected':
      return happening.note === undefined ? happening.kind : `${happening.kind}: “${happening.note}”`
    case 'noted':
      return happening.note === undefined ? 'note removed' : `noted: “${happening.note}”`
    case 'rewritten':
      return `rewritten: ${happening.fields.join(', ')}`
  }
}

/** The shot alone says it when the take has kept its number. */
function placeWords({ manifest, from }: { manifest?: string; from: TakeName }, take: TakeName): string {
  const [there, here] = [splitTakeName(from), splitTakeName(take)]
  const isSame = there.number === here.number && there.draft === here.draft
  const name = isSame ? there.shot : from
  return manifest === undefined ? name : `${manifest}/${name}`
}

/** ` (was cgt-…x1c9q, failed; 3 tasks)`. */
function sinceWords({ was, tasks }: Since): string {
  const facts = [
    ...(was === undefined ? [] : [formerWords(was)]),
    ...(tasks === undefined ? [] : [`${tasks} tasks`]),
  ]
  return facts.length === 0 ? '' : ` (${facts.join('; ')})`
}

function formerWords({ task, status }: FormerTask): string {
  const state = status === 'succeeded' ? '' : `, ${status === 'submitted' ? 'live' : status}`
  return `was ${shortTask(task)}${state}`
}

/** `cgt-…x1c9q`: what tells tasks of one day apart. */
function shortTask(task: TaskId): string {
  const chars = [...task]
  return chars.length <= 16 ? task : `${chars.slice(0, 4).join('')}…${chars.slice(-5).join('')}`
}

/** Kinds in the order in which totals name them, with their words. */
const totalWords: Readonly<Record<Happening['kind'], string>> = {
  bought: 'bought',
  retaken: 'retaken',
  adopted: 'back to an earlier task',
  sent: 'live',
  unknown: 'unknown',
  failed: 'failed',
  expired: 'expired',
  cancelled: 'cancelled',
  lost: 'lost',
  collected: 'collected',
  billed: 'billed anew',
  moved: 'moved',
  shared: 'shared',
  dropped: 'dropped',
  picked: 'picked',
  unpicked: 'no longer picked',
  approved: 'approved',
  rejected: 'rejected',
  undecided: 'undecided again',
  noted: 'noted',
  rewritten: 'rewritten',
}

/** How many takes each thing happened to, such as `3 bought, 1 failed`; empty for nothing. */
export function countWords(counts: Partial<Record<Happening['kind'], number>>): string {
  return (Object.keys(totalWords) as Happening['kind'][])
    .flatMap((kind) => (counts[kind] ? [`${formatNumber(counts[kind])} ${totalWords[kind]}`] : []))
    .join(', ')
}

/** What was billed: `CNY 1.40, USD 0.10`, and tokens without a price; empty for nothing. */
export function billedWords({
  spent,
  unpricedTokens,
}: {
  spent: readonly MoneyView[]
  unpricedTokens: number
}): string {
  const tokens = unpricedTokens === 0 ? [] : [`${formatNumber(unpricedTokens)} tokens`]
  return [...spent.map(formatMoney), ...tokens].join(', ')
}
