import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type LedgerRecord, parseRecord } from '../../src/core/ledger-state.js'
import { knownTasks, type LockEntry, parseLockfile } from '../../src/core/lockfile.js'
import { framePathOf, splitTakeName, type TakeName } from '../../src/core/names.js'
import type { TaskId } from '../../src/core/task.js'
import { sha256 } from '../../src/simulator/chance.js'
import { type AcceptedCreate, type Arena, acceptedCreates, paths } from './arena.js'
import { type PlannedShot, promptsOf, type RoundPlan } from './round-plan.js'

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
  /** Videos of superseded tasks that the lockfile names. */
  kept: number
  /** Of these, such as are not there, or not what was collected and the simulator serves; and collected ones without a name. */
  wrongKept: string[]
  /** Files beside manifest and lockfile that the lockfile does not name. */
  litter: string[]
}

/**
 * Compares what shotlock says with what the simulator sold. The simulator's faults are lifted by now.
 *
 * @param pruned Tasks whose videos may have been deleted since they were asked to be.
 */
export async function auditRound(plan: RoundPlan, arena: Arena, pruned: ReadonlySet<TaskId>): Promise<Audit> {
  const { shots, forgets } = plan
  const accepted = acceptedCreates(arena.simulator)
  const entries = readEntries(arena)
  const records = readRecords(arena)
  const known = knownTasks(entries)
  for (const record of records) if ('task' in record) known.add(record.task)

  const texts = new Map<string, string[]>(
    shots.map((shot) => [shot.name, [...promptsOf(plan, shot).keys()].map(textOf)]),
  )
  const isOf = ({ text, seed }: AcceptedCreate, [name, entry]: [TakeName, LockEntry]) =>
    texts.get(splitTakeName(name).shot)?.includes(text) === true && seed === entry.seed
  const unknown = [...entries].filter(([, { status }]) => status === 'unknown')
  // A stated seed comes again with every prompt: a create whose task is known is not the one that is looked for.
  const unseen = accepted.filter(({ id }) => !known.has(id as TaskId))
  const paid = unknown.filter((take) => unseen.some((create) => isOf(create, take)))
  const sold = new Set(accepted.map(({ id }) => id))
  const waiting = findWaiting(shots, entries)

  return {
    accepted: accepted.length,
    doubled: countDoubled(plan, accepted),
    lost: unseen
      .filter((create) => !unknown.some((take) => isOf(create, take)))
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
    kept: keptIn(entries).length,
    wrongKept: [
      ...(await findWrongKept(entries, arena)),
      // A lockfile that was deleted gets back what is still wanted, and forgets what was superseded.
      ...(forgets === 'nothing' ? findUnnamed(entries, records, pruned) : []),
    ],
    litter: forgets === 'nothing' ? findLitter(entries, arena) : [],
  }
}

function readEntries(arena: Arena): Map<TakeName, LockEntry> {
  return parseLockfile(arena.read(paths.lockfile) ?? 'lockfileVersion: 1\nshots: {}\n', paths.lockfile)
}

/** Tasks that the lockfile has as superseded. */
export function supersededTasks(arena: Arena): TaskId[] {
  return [...readEntries(arena).values()].flatMap(({ previous = [] }) => previous)
}

type Files = Pick<Arena, 'folder' | 'files' | 'read'>

/**
 * Videos that were collected and whose bytes are nowhere any more: at any moment, also right after a kill.
 *
 * @param pruned As in `auditRound`.
 */
export function findLostVideos(arena: Files, pruned: ReadonlySet<TaskId>): string[] {
  const here = new Set(
    arena
      .files()
      .flatMap((path) => (path.endsWith('.mp4') ? [hashOf(readFileOr(join(arena.folder, path)))] : [])),
  )
  const lost = readRecords(arena).flatMap((record) =>
    record.type === 'collected' && !pruned.has(record.task) && !here.has(record.sha256)
      ? [`the video of ${record.task} of ${record.take} is gone`]
      : [],
  )
  return [...new Set(lost)]
}

function keptIn(entries: ReadonlyMap<TakeName, LockEntry>) {
  return [...entries].flatMap(([take, { spent = {} }]) =>
    Object.entries(spent).flatMap(([task, { video, sha256 }]) =>
      video === undefined ? [] : [{ take, task: task as TaskId, video, sha256 }],
    ),
  )
}

async function findWrongKept(entries: ReadonlyMap<TakeName, LockEntry>, arena: Arena): Promise<string[]> {
  const wrong: string[] = []
  for (const { take, task, video, sha256: locked } of keptIn(entries)) {
    const here = hashOf(readFileOr(join(arena.folder, video)))
    const served = hashOf(await fetchResult(taskUrlOf(task, arena), ({ video_url }) => video_url))
    if (here !== locked || here !== served)
      wrong.push(`${take}: ${video} is ${here}, lockfile ${locked}, simulator ${served}`)
  }
  return wrong
}

/** Collected videos that the lockfile does not name, although nobody wanted them deleted. */
export function findUnnamed(
  entries: ReadonlyMap<TakeName, LockEntry>,
  records: readonly LedgerRecord[],
  pruned: ReadonlySet<TaskId>,
): string[] {
  const named = new Set<TaskId | undefined>(keptIn(entries).map(({ task }) => task))
  for (const { task, video } of entries.values()) if (video !== undefined) named.add(task)
  const unnamed = records.flatMap((record) =>
    record.type === 'collected' && !pruned.has(record.task) && !named.has(record.task)
      ? [`${record.take}: the video of ${record.task} is in no entry`]
      : [],
  )
  return [...new Set(unnamed)]
}

/**
 * A killed start may leave temporary files of the lockfile, which nothing reads. The last frame of a superseded task has
 * no name any more, and its place is that of the next one.
 */
function findLitter(entries: ReadonlyMap<TakeName, LockEntry>, arena: Arena): string[] {
  const named = new Set<string | undefined>(['package.json', paths.manifest, paths.lockfile])
  for (const [take, { video, frame, previous }] of entries) {
    named.add(video).add(frame)
    if (previous && frame === undefined) named.add(`out/ep/${framePathOf(`${take}.mp4`)}.png`)
  }
  for (const { video } of keptIn(entries)) named.add(video)
  return arena.files().filter((path) => !named.has(path) && !/^\.ep\.lock\.yaml\.[^/]+\.tmp$/.test(path))
}

/**
 * Takes of a shot share its prompt, so neither they nor any one seed may have more creates than they should: one for each
 * prompt that the shot had, and one more for each forced run. Drawn seeds are never the same.
 */
export function countDoubled(
  plan: Pick<RoundPlan, 'shots' | 'retakes'>,
  accepted: readonly Pick<AcceptedCreate, 'text' | 'seed'>[],
): number {
  let doubled = 0
  for (const shot of plan.shots) {
    for (const [prompt, creates] of promptsOf(plan, shot)) {
      const seeds = accepted.filter(({ text }) => text === textOf(prompt)).map(({ seed }) => seed)
      const mostAlike = shot.seed === undefined ? 1 : creates
      doubled += Math.max(0, seeds.length - shot.takes * creates, countBeyond(seeds, mostAlike))
    }
  }
  return doubled
}

/** How many of the seeds are beyond the times that each may come. */
function countBeyond(seeds: readonly number[], times: number): number {
  const counts = new Map<number, number>()
  for (const seed of seeds) counts.set(seed, (counts.get(seed) ?? 0) + 1)
  return [...counts.values()].reduce((sum, count) => sum + Math.max(0, count - times), 0)
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
function readRecords(arena: Pick<Arena, 'read'>) {
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

async function findWrongFiles(entries: ReadonlyMap<TakeName, LockEntry>, arena: Arena): Promise<string[]> {
  const wrong: string[] = []
  for (const [name, { task, video, sha256: locked, frame, frameSha256 }] of entries) {
    const results = [
      { path: video, locked, urlIn: ({ video_url }: Content) => video_url },
      { path: frame, locked: frameSha256, urlIn: ({ last_frame_url }: Content) => last_frame_url },
    ]
    for (const { path, locked, urlIn } of results) {
      if (path === undefined) continue
      const here = hashOf(readFileOr(join(arena.folder, path)))
      const served = hashOf(await fetchResult(taskUrlOf(task, arena), urlIn))
      if (here !== locked || here !== served)
        wrong.push(`${name}: ${path} is ${here}, lockfile ${locked}, simulator ${served}`)
    }
  }
  return wrong
}

function taskUrlOf(task: TaskId | undefined, { simulator }: Arena): string {
  return `${simulator.baseUrl}/contents/generations/tasks/${task}`
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
