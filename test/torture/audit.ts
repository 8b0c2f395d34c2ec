import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseRecord } from '../../src/core/ledger-state.js'
import { knownTasks, type LockEntry, parseLockfile } from '../../src/core/lockfile.js'
import { splitTakeName, type TakeName } from '../../src/core/names.js'
import type { TaskId } from '../../src/core/task.js'
import { sha256 } from '../../src/simulator/chance.js'
import { type AcceptedCreate, type Arena, acceptedCreates, paths } from './arena.js'
import type { PlannedShot, RoundPlan } from './round-plan.js'

/** What a round came to, counted from the simulator's side. */
export interface Audit {
  accepted: number
  /** Creates beyond the one that each take may have. */
  doubled: number
  /** Bought tasks that shotlock neither knows nor has on record as an `unknown` take. */
  lost: TaskId[]
  /** Tasks that shotlock believes in and the simulator never accepted. */
  invented: TaskId[]
  /** Creates whose answer was never seen. */
  unknownMet: number
  /** Of these, found again by LIST. */
  adopted: number
  /** Takes that are `unknown` in the end, and a task was bought for them. */
  unknownPaid: TakeName[]
  /** Takes that are `unknown` in the end, and nothing was bought for them. */
  unknownUnpaid: TakeName[]
  /** Takes that ended in no other way that they may. */
  unfinished: string[]
  wrongFiles: string[]
  collected: number
}

/** Compares what shotlock says with what the simulator sold. The simulator's faults are lifted by now. */
export async function auditRound({ shots }: RoundPlan, arena: Arena): Promise<Audit> {
  const accepted = acceptedCreates(arena.simulator)
  const entries = parseLockfile(
    arena.read(paths.lockfile) ?? 'lockfileVersion: 1\nshots: {}\n',
    paths.lockfile,
  )
  const records = readRecords(arena)
  const known = knownTasks(entries)
  for (const record of records) if ('task' in record) known.add(record.task)

  const promptOf = new Map<string, string>(shots.map(({ name, prompt }) => [name, textOf(prompt)]))
  const isOf = ({ text, seed }: AcceptedCreate, [name, entry]: [TakeName, LockEntry]) =>
    text === promptOf.get(splitTakeName(name).shot) && seed === entry.seed
  const unknown = [...entries].filter(([, { status }]) => status === 'unknown')
  const paid = unknown.filter((take) => accepted.some((create) => isOf(create, take)))
  const sold = new Set(accepted.map(({ id }) => id))

  return {
    accepted: accepted.length,
    doubled: countDoubled(shots, accepted),
    lost: accepted
      .filter((create) => !known.has(create.id as TaskId) && !unknown.some((take) => isOf(create, take)))
      .map(({ id }) => id as TaskId),
    invented: [...known].filter((id) => !sold.has(id)),
    unknownMet: records.filter(({ type }) => type === 'unknown').length,
    adopted: records.filter(({ type }) => type === 'adopted').length,
    unknownPaid: paid.map(([name]) => name),
    unknownUnpaid: unknown.map(([name]) => name).filter((name) => !paid.some(([one]) => one === name)),
    unfinished: shots.flatMap((shot) =>
      takeNames(shot).flatMap((name) => {
        const entry = entries.get(name)
        const done = entry?.status === 'succeeded' && entry.video !== undefined
        return done || entry?.status === 'unknown' ? [] : [`${name}: ${entry?.status ?? 'not there'}`]
      }),
    ),
    collected: [...entries.values()].filter(({ video }) => video !== undefined).length,
    wrongFiles: await findWrongFiles(entries, arena),
  }
}

/** Takes of a shot share its prompt, so neither they nor any one seed may have more creates than they should. */
export function countDoubled(
  shots: readonly PlannedShot[],
  accepted: readonly Pick<AcceptedCreate, 'text' | 'seed'>[],
): number {
  let doubled = 0
  for (const { prompt, takes } of shots) {
    const seeds = accepted.filter(({ text }) => text === textOf(prompt)).map(({ seed }) => seed)
    doubled += Math.max(0, seeds.length - takes, seeds.length - new Set(seeds).size)
  }
  return doubled
}

/** A prompt as the simulator logs it. */
export function textOf(prompt: string): string {
  return sha256(prompt).slice(0, 16)
}

/** Everything that journal and archive hold, each line once: a crash may leave lines in both. */
function readRecords(arena: Arena) {
  const lines = new Set(
    [paths.archive, paths.journal].flatMap((path) => (arena.read(path) ?? '').split('\n')),
  )
  return [...lines].map(parseRecord).filter((record) => record !== undefined)
}

function takeNames({ name, takes }: PlannedShot): TakeName[] {
  return Array.from(
    { length: takes },
    (_, index) => (index === 0 ? name : `${name}@${index + 1}`) as TakeName,
  )
}

async function findWrongFiles(
  entries: ReadonlyMap<TakeName, LockEntry>,
  { folder, simulator }: Arena,
): Promise<string[]> {
  const wrong: string[] = []
  for (const [name, { task, video, sha256: locked }] of entries) {
    if (video === undefined) continue
    const here = hashOf(readFileOr(join(folder, video)))
    const served = hashOf(await fetchVideo(`${simulator.baseUrl}/contents/generations/tasks/${task}`))
    if (here !== locked || here !== served)
      wrong.push(`${name}: file ${here}, lockfile ${locked}, simulator ${served}`)
  }
  return wrong
}

function readFileOr(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch {
    return new Uint8Array()
  }
}

async function fetchVideo(taskUrl: string): Promise<Uint8Array> {
  const task = await fetch(taskUrl, { headers: { authorization: 'Bearer any' } })
  const { content } = (await task.json()) as { content?: { video_url: string } }
  return content ? new Uint8Array(await (await fetch(content.video_url)).arrayBuffer()) : new Uint8Array()
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
