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
  /** Takes that have another task on record to go on from than their upstream has or had. */
  wrongFollows: string[]
  /** Takes that began with the last frame of another. */
  followed: number
  /** Takes that wait for a shot that is `unknown` in the end. */
  waiting: TakeName[]
  wrongFiles: string[]
  collected: number
  /** Last frames that were kept. */
  framed: number
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
  const waiting = findWaiting(shots, entries)

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
        return done || entry?.status === 'unknown' || waiting.includes(name)
          ? []
          : [`${name}: ${entry?.status ?? 'not there'}`]
      }),
    ),
    wrongFollows: findWrongFollows(shots, entries),
    followed: [...entries.values()].filter(({ follows }) => follows !== undefined).length,
    waiting,
    collected: [...entries.values()].filter(({ video }) => video !== undefined).length,
    framed: [...entries.values()].filter(({ frame }) => frame !== undefined).length,
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

/** Compares what followers began with to what their upstreams have or had, whose last frame must be here. */
export function findWrongFollows(
  shots: readonly PlannedShot[],
  entries: ReadonlyMap<TakeName, LockEntry>,
): string[] {
  return shots.flatMap((shot) =>
    takeNames(shot).flatMap((name) => {
      const entry = entries.get(name)
      if (!entry) return []
      if (shot.follows === undefined)
        return entry.follows === undefined ? [] : [`${name}: follows ${entry.follows}, and should nothing`]
      const { task, previous = [], frameSha256 } = entries.get(shot.follows as TakeName) ?? {}
      if (entry.follows === undefined || ![task, ...previous].includes(entry.follows))
        return [`${name}: follows ${entry.follows}, ${shot.follows} has ${[task, ...previous].join(', ')}`]
      if (entry.follows === task && frameSha256 === undefined)
        return [`${name}: follows ${task}, and ${shot.follows} has no last frame`]
      return []
    }),
  )
}

/** Takes that were not bought because a shot before them is `unknown`. */
function findWaiting(shots: readonly PlannedShot[], entries: ReadonlyMap<TakeName, LockEntry>): TakeName[] {
  const byName = new Map(shots.map((shot) => [shot.name, shot]))
  const isOpen = (name: string | undefined): boolean => {
    const shot = byName.get(name!)
    if (!shot) return false
    const status = entries.get(shot.name as TakeName)?.status
    return status === 'unknown' || (status === undefined && isOpen(shot.follows))
  }
  return shots.flatMap((shot) =>
    isOpen(shot.follows) ? takeNames(shot).filter((name) => !entries.has(name)) : [],
  )
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
  for (const [name, { task, video, sha256: locked, frame, frameSha256 }] of entries) {
    const results = [
      { path: video, locked, urlIn: ({ video_url }: Content) => video_url },
      { path: frame, locked: frameSha256, urlIn: ({ last_frame_url }: Content) => last_frame_url },
    ]
    for (const { path, locked, urlIn } of results) {
      if (path === undefined) continue
      const here = hashOf(readFileOr(join(folder, path)))
      const taskUrl = `${simulator.baseUrl}/contents/generations/tasks/${task}`
      const served = hashOf(await fetchResult(taskUrl, urlIn))
      if (here !== locked || here !== served)
        wrong.push(`${name}: ${path} is ${here}, lockfile ${locked}, simulator ${served}`)
    }
  }
  return wrong
}

/** Where a task's results are. */
interface Content {
  video_url: string
  last_frame_url?: string
}

function readFileOr(path: string): Uint8Array {
  try {
    return readFileSync(path)
  } catch {
    return new Uint8Array()
  }
}

async function fetchResult(
  taskUrl: string,
  urlIn: (content: Content) => string | undefined,
): Promise<Uint8Array> {
  const task = await fetch(taskUrl, { headers: { authorization: 'Bearer any' } })
  const { content } = (await task.json()) as { content?: Content }
  const url = content && urlIn(content)
  return url === undefined ? new Uint8Array() : new Uint8Array(await (await fetch(url)).arrayBuffer())
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
