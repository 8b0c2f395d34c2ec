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

/** One start of the binary that is to be killed. */
export interface KilledStart {
  command: 'run' | 'reconcile'
  kill: Kill
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
      prompt: `a fox runs, ${sha256(`${seed} ${index}`).slice(0, 12)}`,
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
    createsPerMinute: below(2) === 0 ? 600 : 60_000,
    forgets,
  }
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

function drawKill(command: KilledStart['command'], below: (limit: number) => number): Kill {
  const kind = below(10)
  const moment = { at: 'random', afterMs: 300 + below(command === 'run' ? 3000 : 600) } as const
  if (kind < 3) return moment
  if (kind < 5) return command === 'run' ? { at: 'create-accepted', times: 1 + below(5) } : moment
  const reached = command === 'run' ? marks : marks.filter(([point]) => reconcileMarks.includes(point))
  const [at, mostTimes] = reached[below(reached.length)]!
  return { at, times: 1 + below(mostTimes) }
}
