import { isMap, isNode, isScalar } from 'yaml'
import { type CanonicalForm, isPlainText, readCanonicalLockfile } from './canonical-lockfile.js'
import type { Digest } from './digest.js'
import { RunnerError } from './errors.js'
import { compareCodePoints, compareTakeNames, type ShotName, splitTakeName, type TakeName } from './names.js'
import { describeSchemaErrors } from './schema-problems.js'
import { validateLockfile } from './schemas/lockfile.js'
import type { TaskId } from './task.js'
import { decodeUtf8, plainValue, problemSink, readYaml } from './yaml-source.js'

/** `submitted` is live; `unknown` means that a create was sent and its answer never seen. */
export type LockStatus = 'submitted' | 'succeeded' | 'failed' | 'expired' | 'cancelled' | 'unknown'

/** One take: its last task and what came of it. */
export interface LockEntry {
  status: LockStatus
  task?: TaskId | undefined
  provider: string
  digest: Digest
  seed?: number | undefined
  /** The draft that this final was made from. */
  draft?: TaskId | undefined
  /** The task whose last frame this one began with. */
  follows?: TaskId | undefined
  /** As the service billed them. */
  tokens?: number | undefined
  /** The most that a task without an end can cost, such as `1.3968 CNY`; its budget is charged with it. */
  reserved?: string | undefined
  /** What the task cost by the prices of that day, such as `1.3968 CNY`; left out where no price was known. */
  cost?: string | undefined
  /** Relative to the manifest, with `/`. */
  video?: string | undefined
  sha256?: string | undefined
  /** The last frame, for shots that go on from it: relative to the manifest, with `/`. */
  frame?: string | undefined
  frameSha256?: string | undefined
  /** Code of the failure. */
  error?: string | undefined
  /** Whether a person accepted or rejected what the task made; left out while undecided. An accepted draft gets a final. */
  approved?: boolean | undefined
  /** What a person wrote on it, 1 to 500 characters. */
  note?: string | undefined
  /** A person chose this take of its shot; holds for the task that it has. At most one take of a shot. */
  pick?: true | undefined
  /** Tasks bought for this take before, oldest first; never empty. */
  previous?: readonly TaskId[] | undefined
  /** What those of them came to that were billed; never empty. */
  spent?: Spent | undefined
}

/** What superseded tasks came to, and where their videos were kept, by their ids. */
export type Spent = Readonly<Record<TaskId, SupersededTask>>

export interface SupersededTask {
  tokens?: number | undefined
  cost?: string | undefined
  /** Relative to the manifest, with `/`. */
  video?: string | undefined
  sha256?: string | undefined
}

export type LockEntries = ReadonlyMap<TakeName, LockEntry>

const header =
  '# Written by shotlock: what exists and was paid for. Commit it; change it only with shotlock.\n'
const fieldOrder = [
  'status',
  'task',
  'provider',
  'digest',
  'seed',
  'draft',
  'follows',
  'tokens',
  'reserved',
  'cost',
  'video',
  'sha256',
  'frame',
  'frameSha256',
  'error',
  'approved',
  'note',
  'pick',
  'previous',
  'spent',
] as const

const headOfBlocks = `${header}lockfileVersion: 1\nshots:\n`
const emptyText = `${header}lockfileVersion: 1\nshots: {}\n`

/** The canonical text: sorted, quoted, one block a take, nothing that changes by itself. */
export function renderLockfile(entries: LockEntries): string {
  const names = [...entries.keys()].sort(compareTakeNames)
  return [...piecesOf(names, (name) => renderBlock(name, entries.get(name)!))].join('')
}

/**
 * Renders one lockfile again and again. Blocks of entries that are the same objects as the last time are not made anew,
 * and names are sorted only where new ones have come. Entries are values: one that was given here never changes.
 */
export class LockfileRenderer {
  /** In the order of the lockfile. */
  #blocks = new Map<TakeName, { entry: LockEntry; text: string }>()

  /** The text as of now, as `renderLockfile` gives it, in pieces of some 50 KB that are made when they are asked for. */
  render(entries: LockEntries): Iterable<string> {
    const before = this.#blocks
    const names = [...before.keys()].filter((name) => entries.has(name))
    if (names.length < entries.size) {
      for (const name of entries.keys()) if (!before.has(name)) names.push(name)
      names.sort(compareTakeNames)
    }
    const blocks: typeof before = new Map()
    this.#blocks = blocks
    return piecesOf(names, (name) => {
      const entry = entries.get(name)!
      const known = before.get(name)
      const block = known?.entry === entry ? known : { entry, text: renderBlock(name, entry) }
      blocks.set(name, block)
      return block.text
    })
  }
}

const blocksInPiece = 128

function* piecesOf(names: readonly TakeName[], blockOf: (name: TakeName) => string): Generator<string> {
  if (names.length === 0) return yield emptyText
  yield headOfBlocks
  for (let at = 0; at < names.length; at += blocksInPiece) {
    const part = names.slice(at, at + blocksInPiece)
    yield part.map(blockOf).join('')
  }
}

function renderBlock(name: TakeName, entry: LockEntry): string {
  const lines = [`  ${quote(name)}:`]
  for (const field of fieldOrder) {
    const value = entry[field]
    if (value !== undefined) lines.push(`    ${field}: ${renderValue(field, value)}`)
  }
  lines.push('')
  return lines.join('\n')
}

function renderValue(
  field: (typeof fieldOrder)[number],
  value: string | number | boolean | readonly TaskId[] | Spent,
): string {
  if (field === 'spent') return renderSpent(value as Spent)
  if (typeof value === 'object') return `[${(value as readonly TaskId[]).map(quote).join(', ')}]`
  return typeof value === 'string' && field !== 'status' ? quote(value) : String(value)
}

function renderSpent(spent: Spent): string {
  const tasks = Object.keys(spent).sort(compareCodePoints) as TaskId[]
  const items = tasks.map((task) => {
    const { tokens, cost, video, sha256 } = spent[task]!
    const fields = [
      ...(tokens === undefined ? [] : [`tokens: ${tokens}`]),
      ...Object.entries({ cost, video, sha256 }).flatMap(([field, text]) =>
        text === undefined ? [] : [`${field}: ${quote(text)}`],
      ),
    ]
    return `${quote(task)}: { ${fields.join(', ')} }`
  })
  return `{ ${items.join(', ')} }`
}

/** A double-quoted YAML scalar. JSON's escapes are YAML's; what YAML calls unprintable is escaped as well. */
function quote(text: string): string {
  if (isPlainText.test(text)) return `"${text}"`
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Reads a lockfile. It is a ledger: whatever cannot be understood stops here and the file stays as it is. What shotlock
 * wrote is read line by line; what anybody changed, by a parser of YAML.
 *
 * @returns In the order of a lockfile.
 * @throws RunnerError `lockfile-conflict`, `lockfile-newer` or `lockfile-invalid`, with the place in the file.
 */
export function parseLockfile(content: Uint8Array | string, file: string): Map<TakeName, LockEntry> {
  const text = lockfileText(content, file)
  return readCanonical(text) ?? readAny(text, file)
}

/** As `parseLockfile`, always by the parser of YAML: what `readCanonical` is held against. */
export function readAny(text: string, file: string): Map<TakeName, LockEntry> {
  const marker = findMarker(text)
  if (marker) throw conflict(file, lineAt(text, marker.index), 'is a conflict marker of git')

  const sink = problemSink(file, text)
  const document = readYaml(sink)
  const first = sink.problems[0]
  if (!document || first) throw invalid(file, first?.line ?? 1, first?.message ?? 'it is not YAML')

  const root = document.contents
  const version = isMap(root) ? root.get('lockfileVersion') : undefined
  if (typeof version === 'number' && version > 1) {
    throw new RunnerError(
      'lockfile-newer',
      `Cannot read "${file}": it has lockfileVersion ${version}, this shotlock knows 1`,
      {
        hint: 'Update shotlock, then run again.',
      },
    )
  }
  const plain = isNode(root) ? plainValue(root, document, sink)?.value : undefined
  if (!validateLockfile(plain)) {
    const [fault] = describeSchemaErrors(validateLockfile.errors ?? [], plain, fieldOrder)
    const node = fault && isMap(root) ? nodeAt(root, fault.path) : undefined
    const line = sink.source.positionAt(node ?? 0).line
    throw invalid(file, line, fault?.message ?? 'it is not a lockfile')
  }

  const { shots } = plain as { shots: Record<TakeName, LockEntry> }
  const listed = Object.entries(shots) as [TakeName, LockEntry][]
  const entries = new Map(listed.sort(([a], [b]) => compareTakeNames(a, b)))
  const twice = pickedTwice(entries)
  if (twice) {
    const { line } = sink.source.positionAt(nodeAt(root, ['shots', twice[1], 'pick']) ?? 0)
    const hint = 'Remove the line `pick: true` of the one that is not meant, and run again.'
    throw invalid(file, line, `"${twice[0]}" and "${twice[1]}" are both picked, a shot has one pick`, hint)
  }
  return entries
}

/** Two takes of one shot that are picked, as git's text merge leaves them. Guessing could buy on the wrong one. */
function pickedTwice(entries: LockEntries): [TakeName, TakeName] | undefined {
  const picks = new Map<ShotName, TakeName>()
  for (const [take, { pick }] of entries) {
    if (!pick) continue
    const { shot } = splitTakeName(take)
    const other = picks.get(shot)
    if (other !== undefined) return [other, take]
    picks.set(shot, take)
  }
  return undefined
}

/**
 * As `parseLockfile`, in linear time, for what `renderLockfile` writes.
 *
 * @returns `undefined` when the text is anything else, or the schema has something against it.
 */
export function readCanonical(text: string): Map<TakeName, LockEntry> | undefined {
  if (text === emptyText) return new Map()
  // Between blocks that are canonical, line ends of Windows say nothing else.
  const unix = text.includes('\r') ? text.replaceAll('\r\n', '\n') : text
  const form = { head: headOfBlocks, fields: fieldOrder, renderValue, quote }
  const entries = readCanonicalLockfile(unix, form as CanonicalForm)
  const isSound = entries && validateLockfile({ lockfileVersion: 1, shots: Object.fromEntries(entries) })
  return isSound && !pickedTwice(entries) ? entries : undefined
}

/**
 * The text of a lockfile.
 *
 * @throws RunnerError `lockfile-invalid` when it is not UTF-8.
 */
export function lockfileText(content: Uint8Array | string, file: string): string {
  if (typeof content === 'string') return content
  const decoded = decodeUtf8(content)
  if ('fault' in decoded) throw invalid(file, decoded.line, decoded.fault)
  return decoded.text
}

/** A lockfile that git left in conflict, as the texts it came from. */
export interface ConflictSides {
  ours: string
  theirs: string
  /** Of the diff3 style; `undefined` in git's usual style. */
  base: string | undefined
}

type Part = 'common' | 'ours' | 'base' | 'theirs'

/** The line ends may be those of Windows. A marker longer than seven belongs to a conflict within a conflict. */
const conflictMarker = /(?<=^|\n)(?:<{7}|\|{7}|={7}|>{7})(?= |\r?\n|\r?$)/

function findMarker(text: string): RegExpExecArray | null {
  // A search for one text is ten times as fast as an expression, and mostly there is nothing to find.
  const mayHold = [...'<|=>'].some((mark) => text.includes(mark.repeat(7)))
  return mayHold ? conflictMarker.exec(text) : null
}

/** What follows each marker, and what it may follow. */
const markers: Readonly<Record<string, { starts: Part; after: readonly Part[] }>> = {
  '<': { starts: 'ours', after: ['common'] },
  '|': { starts: 'base', after: ['ours'] },
  '=': { starts: 'theirs', after: ['ours', 'base'] },
  '>': { starts: 'common', after: ['theirs'] },
}

/**
 * Takes a text with conflict markers apart. A side may be whole only when the hunks are taken together, so each is the
 * full text with its part of every hunk.
 *
 * @returns `undefined` when there are no markers.
 * @throws RunnerError `lockfile-conflict` when the markers are not as git writes them.
 */
export function conflictSides(text: string, file: string): ConflictSides | undefined {
  if (!findMarker(text)) return undefined
  const sides = { ours: [] as string[], base: [] as string[], theirs: [] as string[] }
  let part: Part = 'common'
  let hasBase = true
  const lines = text.split('\n')
  for (const [index, line] of lines.entries()) {
    if (!conflictMarker.test(line)) {
      for (const side of part === 'common' ? (['ours', 'base', 'theirs'] as const) : [part])
        sides[side].push(line)
      continue
    }
    const { starts, after } = markers[line[0]!]!
    if (!after.includes(part)) throw conflict(file, index + 1, 'is a conflict marker out of its order')
    if (part === 'ours' && starts !== 'base') hasBase = false
    part = starts
  }
  if (part !== 'common') throw conflict(file, lines.length, 'ends within a conflict of git')
  const [ours, base, theirs] = [sides.ours, sides.base, sides.theirs].map((side) => side.join('\n'))
  return { ours: ours!, theirs: theirs!, base: hasBase ? base : undefined }
}

function conflict(file: string, line: number, what: string): RunnerError {
  return new RunnerError('lockfile-conflict', `Cannot read "${file}": line ${line} ${what}`, {
    hint: 'Keep every block of both sides that names a task, remove the markers, and run again.',
  })
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

function invalid(
  file: string,
  line: number,
  what: string,
  hint = 'Restore it from git (git checkout -- the file) or mend the line; it holds what was paid for, so do not delete it.',
): RunnerError {
  return new RunnerError('lockfile-invalid', `Cannot read "${file}": line ${line}: ${what}`, { hint })
}

function nodeAt(root: unknown, path: readonly string[]): number | undefined {
  let node: unknown = root
  let offset: number | undefined
  for (const key of path) {
    if (!isMap(node)) break
    const pair = node.items.find((one) => isScalar(one.key) && one.key.value === key)
    if (isNode(pair?.key)) offset = pair.key.range?.[0] ?? offset
    node = pair?.value
  }
  return offset
}

/** Every task of one entry, the one that it has now first. */
export function tasksOf({ task, previous = [] }: LockEntry): TaskId[] {
  return task === undefined ? [...previous] : [task, ...previous]
}

/** Every task id that a lockfile knows of. */
export function knownTasks(entries: LockEntries): Set<TaskId> {
  return new Set([...entries.values()].flatMap(tasksOf))
}
