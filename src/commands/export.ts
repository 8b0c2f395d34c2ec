import { resolve } from 'node:path'
import { RunnerError } from '../core/errors.js'
import { lockEntryOf, type TakeState } from '../core/ledger-state.js'
import type { LockStatus } from '../core/lockfile.js'
import { readMoney, writeMoney } from '../core/money.js'
import { type ShotName, splitTakeName } from '../core/names.js'
import { sourceWords, type Take, takesOf } from '../core/shot.js'
import { defused, writeTable } from '../core/table.js'
import type { TaskId } from '../core/task.js'
import { type PrepareOptions, previewPlans } from '../engine/prepare-plans.js'
import type { Clock } from '../ports/clock.js'
import type { Files } from '../ports/files.js'

export interface ExportOptions extends PrepareOptions {
  /** The file to write; `undefined`: none, the text is only returned. */
  out?: string | undefined
}

/** A row of the table: a take, what was asked for and what came of it. */
export interface ExportedTake {
  shot: ShotName
  /** 1-based. */
  take: number
  prompt?: string | undefined
  first_frame?: string | undefined
  last_frame?: string | undefined
  /** Seconds. */
  duration?: number | undefined
  ratio?: string | undefined
  resolution?: string | undefined
  model: string
  generate_audio?: boolean | undefined
  tags: readonly string[]
  /** `absent`: nothing was bought yet. */
  status: LockStatus | 'absent'
  task?: TaskId | undefined
  /** The seed that was sent. */
  seed?: number | undefined
  tokens?: number | undefined
  /** In units of `currency`, exact. */
  cost?: string | undefined
  currency?: string | undefined
  /** Relative to the manifest. */
  video?: string | undefined
  /** Whether a person chose this take of its shot. */
  picked: boolean
  error?: string | undefined
  /** The manifest as the person named it. */
  manifest: string
}

export interface ExportReport {
  takes: readonly ExportedTake[]
  /** The table: CSV in UTF-8 with a byte order mark. */
  text: string
  /** The file that was written; `undefined` when none was to be. */
  file: string | undefined
}

/**
 * Makes a table of manifests and their lockfiles: one row a take, in the manifest's order. Nobody is asked, and a file
 * that is there is never written over.
 *
 * @throws RunnerError `file-exists`; nothing was written then.
 */
export async function exportTable(
  { out, ...options }: ExportOptions,
  world: { files: Files; clock: Clock },
): Promise<ExportReport> {
  const path = out === undefined ? undefined : resolve(options.cwd, out)
  if (path !== undefined && (await world.files.exists(path))) throw exists(out!)
  const { previews } = await previewPlans(options, world)
  const takes = previews.flatMap(({ plan: { manifest }, states }) =>
    manifest.shots.flatMap(takesOf).map((take) => exportedTake(take, states.get(take.name), manifest.file)),
  )
  const rows = takes.map((take) => columns.map(([, cell]) => cell(take)))
  const text = writeTable([columns.map(([title]) => title), ...rows])
  if (path !== undefined && !(await world.files.createNew(path, text))) throw exists(out!)
  return { takes, text, file: out }
}

function exportedTake(
  { name, shot, number }: Take,
  state: TakeState | undefined,
  manifest: string,
): ExportedTake {
  const entry = state && lockEntryOf(state)
  const media = (role: string) => {
    const source = shot.media.find((one) => one.role === role)?.source
    return source && sourceWords(source)
  }
  const money = readMoney(entry?.cost)
  const { duration, ratio, resolution, generate_audio } = shot.parameters
  return {
    shot: splitTakeName(name).shot,
    take: number,
    prompt: shot.prompt,
    first_frame: media('first_frame'),
    last_frame: media('last_frame'),
    duration,
    ratio,
    resolution,
    model: shot.model,
    generate_audio,
    tags: shot.tags,
    status: entry?.status ?? 'absent',
    task: entry?.task,
    seed: entry?.seed,
    tokens: entry?.tokens,
    cost: money && writeMoney(money).split(' ')[0],
    currency: money?.currency,
    video: entry?.video,
    picked: entry?.pick === true,
    error: entry?.error,
    manifest,
  }
}

/** Titles that `import` knows, and what stands below them. Numbers and words of ours are no formulas; texts may be. */
const columns: readonly (readonly [keyof ExportedTake, (take: ExportedTake) => string])[] = [
  ['shot', ({ shot }) => defused(shot)],
  ['take', ({ take }) => String(take)],
  ['prompt', ({ prompt }) => defused(prompt ?? '')],
  ['first_frame', ({ first_frame }) => defused(first_frame ?? '')],
  ['last_frame', ({ last_frame }) => defused(last_frame ?? '')],
  ['duration', ({ duration }) => number(duration)],
  ['ratio', ({ ratio }) => ratio ?? ''],
  ['resolution', ({ resolution }) => resolution ?? ''],
  ['model', ({ model }) => defused(model)],
  [
    'generate_audio',
    ({ generate_audio }) => (generate_audio === undefined ? '' : generate_audio ? 'yes' : 'no'),
  ],
  ['tags', ({ tags }) => defused(tags.join(', '))],
  ['status', ({ status }) => status],
  ['task', ({ task }) => defused(task ?? '')],
  ['seed', ({ seed }) => number(seed)],
  ['tokens', ({ tokens }) => number(tokens)],
  ['cost', ({ cost }) => cost ?? ''],
  ['currency', ({ currency }) => currency ?? ''],
  ['video', ({ video }) => defused(video ?? '')],
  ['picked', ({ picked }) => (picked ? 'yes' : '')],
  ['error', ({ error }) => defused(error ?? '')],
  ['manifest', ({ manifest }) => defused(manifest)],
]

function number(value: number | undefined): string {
  return value === undefined ? '' : String(value)
}

function exists(file: string): RunnerError {
  return new RunnerError('file-exists', `Cannot write "${file}": there is such a file already`, {
    hint: 'Name another file with --out, or leave --out away to print the table.',
  })
}
