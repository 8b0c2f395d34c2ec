import { RunnerError } from '../core/errors.js'
import { chance } from './chance.js'

/** Faults of a create after which no task exists. */
const before = ['dropBefore', 'throttle', 'errorBefore'] as const
/** Faults of a create after which the task exists, though the client may not know it. */
const after = ['errorAfter', 'dropAnswer', 'cutBody', 'htmlGateway'] as const
/** Faults of calls that are free to repeat. */
const free = ['pollErrors', 'unknownStatus', 'videoNotReady', 'downloadCut'] as const
const switches = ['noList', 'noRange'] as const
const delays = ['latencyMs', 'listLagMs'] as const

export type FaultBefore = (typeof before)[number]
export type FaultAfter = (typeof after)[number]
export type CreateFault = FaultBefore | FaultAfter
export type FreeFault = (typeof free)[number]

/** The next `times` creates that can meet `fault` meet it. */
export interface NextFault {
  fault: CreateFault
  /** 1 or more. */
  times: number
}

/** What goes wrong, and how often: rates are 0 (never) to 1 (always). */
export interface FaultSettings {
  /** Delay of every answer. */
  latencyMs: number
  /** Rate of creates answered 429; no task is made. */
  throttle: number
  /** Seconds in the `Retry-After` header of throttled creates; `null` sends none, as the service does. */
  retryAfterS: number | null
  /** Rate of creates answered 500 before anything is accepted. */
  errorBefore: number
  /** Rate of creates whose connection is closed before the body is read; no task is made. */
  dropBefore: number
  /** Rate of creates that are accepted and answered 500. */
  errorAfter: number
  /** Rate of creates that are accepted and get no answer: the connection closes. */
  dropAnswer: number
  /** Rate of creates that are accepted and get half of their answer. */
  cutBody: number
  /** Rate of creates that are accepted and answered 502 with a gateway's HTML. */
  htmlGateway: number
  /** Rate of GET and LIST answered 500. */
  pollErrors: number
  /** LIST answers 404. */
  noList: boolean
  /** How long a new task stays out of LIST. */
  listLagMs: number
  /** Rate of GETs that report the status `processing`, a word that the service does not have. */
  unknownStatus: number
  /** Rate of videos whose first download answers 400 `video_not_ready`. */
  videoNotReady: number
  /** Rate of downloads that end in the middle of the file. */
  downloadCut: number
  /** The file server ignores `Range`. */
  noRange: boolean
  /** Faults for the creates to come, in this order, ahead of the rates. */
  next: NextFault[]
}

/** Settings of which those left out, or `undefined`, stay as in `noFaults`. */
export type FaultChanges = { [Name in keyof FaultSettings]?: FaultSettings[Name] | undefined }

/** Nothing goes wrong. */
export const noFaults: Readonly<FaultSettings> = {
  latencyMs: 0,
  throttle: 0,
  retryAfterS: null,
  errorBefore: 0,
  dropBefore: 0,
  errorAfter: 0,
  dropAnswer: 0,
  cutBody: 0,
  htmlGateway: 0,
  pollErrors: 0,
  noList: false,
  listLagMs: 0,
  unknownStatus: 0,
  videoNotReady: 0,
  downloadCut: 0,
  noRange: false,
  next: [],
}

/** Says when a fault strikes. Each kind has its own row of chances, so turning one on does not move another. */
export class Faults {
  #settings: FaultSettings = { ...noFaults }
  readonly #seed: string
  readonly #rows = new Map<string, () => number>()

  constructor(seed: number) {
    this.#seed = String(seed)
  }

  /** A copy: what is left of `next` is in it. */
  get settings(): FaultSettings {
    return structuredClone(this.#settings)
  }

  set settings(settings: FaultSettings) {
    this.#settings = structuredClone(settings)
  }

  /** The fault that a create meets as it comes in. */
  beforeCreate(): FaultBefore | undefined {
    return this.#createFault(before)
  }

  /** The fault that a create meets once it is accepted. */
  afterCreate(): FaultAfter | undefined {
    return this.#createFault(after)
  }

  /** Throws the dice for one fault. */
  strikes(fault: FreeFault | CreateFault): boolean {
    const rate = this.#settings[fault]
    if (rate === 0) return false
    const row = this.#rows.get(fault) ?? chance(`${this.#seed} ${fault}`)
    this.#rows.set(fault, row)
    return row() < rate
  }

  #createFault<F extends CreateFault>(kinds: readonly F[]): F | undefined {
    const next = this.#settings.next[0]
    const planned = kinds.find((kind) => kind === next?.fault)
    if (next && planned) {
      next.times--
      if (next.times <= 0) this.#settings.next.shift()
      return planned
    }
    return kinds.find((kind) => this.strikes(kind))
  }
}

/**
 * Checks settings and fills in the rest: what is left out does not go wrong.
 * @throws RunnerError `usage` that names the first wrong field.
 */
export function parseFaults(value: unknown): FaultSettings {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new RunnerError('usage', 'Cannot set faults: the settings must be an object')
  }
  const given = Object.entries(value).filter(([, setting]) => setting !== undefined)
  for (const [name, setting] of given) {
    const wanted = wantedOf(name)
    if (!wanted) throw new RunnerError('usage', `Cannot set fault "${name}": there is no such fault`)
    if (!wanted.accepts(setting)) {
      throw new RunnerError('usage', `Cannot set fault "${name}": it must be ${wanted.what}`)
    }
  }
  return { ...noFaults, ...Object.fromEntries(given) }
}

interface Wanted {
  what: string
  accepts: (value: unknown) => boolean
}

function wantedOf(name: string): Wanted | undefined {
  const isOneOf = (names: readonly string[]) => names.includes(name)
  if (isOneOf([...before, ...after, ...free])) {
    return { what: 'a rate from 0 to 1', accepts: (value) => isAtLeast(value, 0) && value <= 1 }
  }
  if (isOneOf(delays)) {
    return { what: 'milliseconds from 0', accepts: (value) => isAtLeast(value, 0) }
  }
  if (isOneOf(switches)) return { what: 'true or false', accepts: (value) => typeof value === 'boolean' }
  if (name === 'retryAfterS') {
    return { what: 'seconds from 0, or null', accepts: (value) => value === null || isAtLeast(value, 0) }
  }
  if (name === 'next') {
    return {
      what: `a list of { fault, times } with a fault of ${[...before, ...after].join(', ')}`,
      accepts: (value) => Array.isArray(value) && value.every(isNextFault),
    }
  }
  return undefined
}

function isAtLeast(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= least
}

function isNextFault(value: unknown): value is NextFault {
  if (typeof value !== 'object' || value === null) return false
  const { fault, times } = value as Partial<Record<keyof NextFault, unknown>>
  const isKnown = [...before, ...after].some((name) => name === fault)
  return isKnown && Number.isInteger(times) && isAtLeast(times, 1)
}
