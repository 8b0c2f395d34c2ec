import type { MarkPoint } from '../../src/ports/world.js'
import { chance, sha256 } from '../../src/simulator/chance.js'
import type { FaultChanges } from '../../src/simulator/faults.js'

/** How a start is ended by force. */
export type Kill =
  /** So long after it began. */
  | { at: 'random'; afterMs: number }
  /** When it reaches a mark for the `times`-th time; by itself, through `SHOTLOCK_CRASH_AT`. */
  | { at: MarkPoint; times: number }
  /** When the simulator has accepted its `times`-th create and not yet answered. */
  | { at: 'create-accepted'; times: number }

/** What is started. `force`: a run that buys everything anew; `prune`: deletes the videos of superseded tasks. */
export type Command = 'run' | 'force' | 'reconcile' | 'prune'

/** One start of the binary that is to be killed. */
export interface KilledStart {
  command: Command
  kill: Kill
}

/** Shots are bought anew after all was done. */
export interface Retake {
  /** By shot name, the prompt that it has from now on; the others keep theirs. */
  prompts: Readonly<Record<string, string>>
  starts: readonly KilledStart[]
  /** Starts of `prune` when all is done again; one that is not killed follows. Empty: nothing is pruned. */
  prunes: readonly KilledStart[]
}

export interface PlannedShot {
  name: string
  prompt: string
  takes: number
  /** `undefined`: shotlock draws one. */
  seed: number | undefined
  flex: boolean
  /** The shot whose last frame it begins with; `undefined`: none. */
  follows: string | undefined
}

/** Everything about a round that chance decides, drawn before it begins. */
export interface RoundPlan {
  seed: number
  shots: readonly PlannedShot[]
  faults: FaultChanges
  starts: readonly KilledStart[]
  retakes: readonly Retake[]
  /** Most creates a minute: slow spreads them out, fast has many on their way at once. */
  createsPerMinute: number
  /** What is deleted after each kill. `everything` is the control that shows what the harness counts. */
  forgets: 'nothing' | 'lockfile' | 'everything'
}

export interface RoundOptions {
  seed: number
  shots: number
  /** Takes LIST away in every round; otherwise it is missing in every fourth. */
  noList?: boolean
  forgets?: RoundPlan['forgets']
}

/** Marks that a `run` reaches often enough to be waited for, and how often at most before it is killed there. */
const marks: readonly (readonly [MarkPoint, mostTimes: number])[] = [
  ['intent-written', 5],
  ['answer-received', 5],
  ['accepted-written', 5],
  ['unknown-written', 1],
  ['unsent-written', 1],
  ['ended-written', 3],
  ['framed-written', 3],
  ['part-written', 3],
  ['file-renamed', 3],
  ['collected-written', 3],
  ['adopted-written', 1],
  ['lock-replaced', 3],
  ['journal-archived', 1],
  ['journal-emptied', 1],
]

/** Of these, what `reconcile` comes by, which neither buys nor fetches. */
const reconcileMarks: readonly MarkPoint[] = [
  'unknown-written',
  'adopted-written',
  'lock-replaced',
  'journal-archived',
  'journal-emptied',
]

/** What a run comes by that puts a new video in the place of an old one. Whole runs are killed at other moments, too. */
const retakeMarks: typeof marks = [
  ['intent-written', 5],
  ['accepted-written', 5],
  ['ended-written', 5],
  ['part-written', 5],
  ['superseded-written', 5],
  ['superseded-written', 5],
  ['file-renamed', 5],
  ['collected-written', 5],
  ['lock-replaced', 3],
  ['journal-archived', 1],
  ['journal-emptied', 1],
]

const pruneMarks: typeof marks = [
  ['file-deleted', 5],
  ['discarded-written', 5],
  ['lock-replaced', 1],
  ['journal-archived', 1],
  ['journal-emptied', 1],
]

/** Draws a round: the same seed, the same round, but for the moments that the machine decides. */
export function planRound({ seed, shots, noList = false, forgets = 'nothing' }: RoundOptions): RoundPlan {
  const random = chance(`torture ${seed}`)
  const below = (limit: number) => Math.floor(random() * limit)
  const upTo = (most: number) => Math.round(random() * most * 1000) / 1000

  const hasFlex = below(2) === 0
  const follows = drawChains(seed, shots)
  return {
    seed,
    shots: Array.from({ length: shots }, (_, index) => ({
      name: nameOf(index),
      prompt: promptOf(`${seed} ${index}`),
      takes: below(4) === 0 ? 2 : 1,
      seed: below(4) === 0 ? 1000 * (index + 1) : undefined,
      flex: hasFlex && index === 0,
      follows: follows.get(nameOf(index)),
    })),
    faults: {
      latencyMs: 20 + below(60),
      dropAnswer: upTo(0.12),
      errorAfter: upTo(0.12),
      cutBody: upTo(0.08),
      htmlGateway: upTo(0.08),
      dropBefore: upTo(0.08),
      errorBefore: upTo(0.08),
      throttle: upTo(0.3),
      retryAfterS: 0,
      pollErrors: upTo(0.06),
      downloadCut: upTo(0.4),
      videoNotReady: upTo(0.4),
      listLagMs: below(1500),
      noList: below(4) === 0 || noList,
    },
    starts: Array.from({ length: 3 + below(3) }, (_, index) => {
      const command = index > 0 && below(5) === 0 ? 'reconcile' : 'run'
      return { command, kill: drawKill(command, below) } as const
    }),
    // A deleted lockfile forgets what was bought for a shot as it was before.
    retakes: forgets === 'nothing' ? drawRetakes(seed, shots) : [],
    createsPerMinute: below(2) === 0 ? 600 : 60_000,
    forgets,
  }
}

/** One or two times, some shots get another prompt, or all are bought anew as they are. */
function drawRetakes(seed: number, shots: number): Retake[] {
  const random = chance(`retakes ${seed}`)
  const below = (limit: number) => Math.floor(random() * limit)
  return Array.from({ length: 1 + below(2) }, (_, number) => {
    const forces = below(3) === 0
    const chosen = Array.from({ length: shots }, (_, index) => index).filter(
      (index) => !forces && (index === seed % shots || below(2) === 0),
    )
    const prompts = chosen.map((index) => [nameOf(index), promptOf(`${seed} ${index} ${number + 1}`)])
    return {
      prompts: Object.fromEntries(prompts),
      starts: Array.from({ length: 1 + below(2) }, (_, index) => {
        const command = forces && index === 0 ? 'force' : 'run'
        return { command, kill: drawKill(command, below, retakeMarks) } as const
      }),
      prunes: Array.from({ length: below(3) === 0 ? 1 : 0 }, () => {
        return { command: 'prune', kill: drawKill('prune', below, pruneMarks) } as const
      }),
    }
  })
}

function promptOf(text: string): string {
  return `a fox runs, ${sha256(text).slice(0, 12)}`
}

/** So many shots in a row go on from each other; one chain in every six shots, at least one. */
const chainLength = 3

/** Chains from the last shots on; in half of the rounds they are written in the order in which they are bought. */
function drawChains(seed: number, shots: number): Map<string, string> {
  const isBackward = chance(`chains ${seed}`)() < 0.5
  const follows = new Map<string, string>()
  const chains = Math.max(1, Math.floor(shots / 6))
  for (
    let first = shots - chainLength;
    first >= 0 && follows.size < chains * (chainLength - 1);
    first -= chainLength
  ) {
    for (let index = first + 1; index < first + chainLength; index++) {
      const [before, after] = isBackward ? [index, index - 1] : [index - 1, index]
      follows.set(nameOf(after), nameOf(before))
    }
  }
  return follows
}

function nameOf(index: number): string {
  return `shot-${index}`
}

function drawKill(
  command: Command,
  below: (limit: number) => number,
  within: typeof marks = command === 'run'
    ? marks
    : marks.filter(([point]) => reconcileMarks.includes(point)),
): Kill {
  const buys = command === 'run' || command === 'force'
  const kind = below(10)
  const moment = { at: 'random', afterMs: 300 + below(buys ? 3000 : 600) } as const
  if (kind < 3) return moment
  if (kind < 5) return buys ? { at: 'create-accepted', times: 1 + below(5) } : moment
  const [at, mostTimes] = within[below(within.length)]!
  return { at, times: 1 + below(mostTimes) }
}

/** Every prompt that a shot has in the course of a round, with the most creates that each of its takes may have by it. */
export function promptsOf(
  { retakes }: Pick<RoundPlan, 'retakes'>,
  { name, prompt: first }: Pick<PlannedShot, 'name' | 'prompt'>,
): Map<string, number> {
  const creates = new Map([[first, 1]])
  let prompt = first
  for (const { prompts, starts } of retakes) {
    prompt = prompts[name] ?? prompt
    const forced = starts.filter(({ command }) => command === 'force').length
    creates.set(prompt, (creates.get(prompt) ?? 1) + forced)
  }
  return creates
}
