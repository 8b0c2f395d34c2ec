import type { FailureClass } from './failure.js'
import type { LockStatus } from './lockfile.js'
import type { ShotName, TakeName } from './names.js'
import type { HoldReason, Step } from './plan.js'
import type { MediaRole } from './request.js'
import type { TaskId } from './task.js'

/**
 * What the review page shows: plain data, carried inside the page or sent by the review server. Nothing in it is secret:
 * URLs have lost their queries, and files are named, never read by a path that the page makes up.
 */
export interface Review {
  /** Counts up whenever a page of an older shotlock could not read it. */
  format: 1
  /** What can be done from here: a page from the disk only shows. */
  mode: 'file' | 'server'
  /** Whether this is what rehearsals on the simulator made. */
  rehearsal: boolean
  manifests: readonly ReviewManifest[]
}

export interface ReviewManifest {
  /** The manifest's name; with its folder where another one shown has the same. */
  name: string
  /** Its file, relative to the project, with `/`. */
  file: string
  /** Whether a run works on it just now. */
  running: boolean
  /** In manifest order; shots that the manifest no longer has come last. */
  shots: readonly ReviewShot[]
}

export interface ReviewShot {
  name: ShotName
  /** Left out for shots that the manifest no longer has, like all that it states. */
  prompt?: string
  model?: string
  /** As stated, defaults merged in. */
  parameters: Readonly<Record<string, string | number | boolean>>
  media: readonly ReviewMedia[]
  tags: readonly string[]
  skip?: true
  /** Whether the manifest has it. */
  gone?: true
  /** In order; drafts come right after their take. At least one. */
  takes: readonly ReviewTake[]
}

export interface ReviewMedia {
  role: MediaRole
  kind: 'image' | 'video' | 'audio'
  /** As a person may see it: a path, a URL without its query, `last_frame_of:SHOT`. */
  source: string
  /** Where the page can load it from; left out for what is not on this machine. */
  href?: string
}

/** Where a take stands for whoever looks at it. `absent`: nothing was bought yet. */
export type ReviewStatus = LockStatus | 'absent'

export interface ReviewTake {
  name: TakeName
  draft?: true
  status: ReviewStatus
  /** What the next run does with it. */
  next: Step['kind']
  /** Why it waits for a person. */
  held?: HoldReason
  /** Goes on from a take that was bought anew since. */
  stale?: true
  /** The take that it goes on from, where it is stale or held for that. */
  upstream?: TakeName
  task?: TaskId
  provider?: string
  seed?: number
  tokens?: number
  /** By the prices of its day, such as `1.3968 CNY`. */
  cost?: string
  /** The most that it can cost while it is live or unknown. */
  reserved?: string
  failure?: FailureClass
  /** Code of the failure. */
  error?: string
  /** Whether a person accepted it (for a draft: wants its final) or rejected it; left out while undecided. */
  approved?: boolean
  /** What a person wrote on it. */
  note?: string
  /** Whether it is the take of its shot that a person chose. */
  pick?: true
  /** Left out when there is no video on this machine. */
  video?: ReviewVideo
  /** Bought for this take before, the newest first. */
  previous?: readonly PreviousTake[]
}

export interface ReviewVideo {
  /** Where the page loads it from: relative to the page, or a `data:` URL. */
  href: string
  /** Of the file, relative to the manifest, with `/`. */
  path: string
}

/** A task that was superseded. */
export interface PreviousTake {
  task: TaskId
  tokens?: number
  cost?: string
  /** Where its video was kept. */
  video?: ReviewVideo
}

/** What a person decides on the page; the body of a POST to `decisions`. */
export type Decision = { manifest: string } /** Chooses a take of its shot, or takes that back. */ & (
  | { do: 'pick' | 'unpick'; take: TakeName }
  /** Accepts or rejects what a take's task made; without `approved` it is undecided again. A draft: wants its final. */
  | { do: 'judge'; take: TakeName; approved?: boolean; note?: string }
  /** Raises the number of takes in the manifest. `more`: 1 to 10. */
  | { do: 'takes'; shot: ShotName; more: number }
)

/**
 * What comes of a decision. `decided`: it is in the lockfile or the manifest; `waiting`: a run holds the lock, and the
 * server decides when that is free; the page hears of it as of everything else.
 */
export type DecisionAnswer =
  | { kind: 'decided'; manifest: string; shots: readonly ReviewShot[] }
  | { kind: 'waiting' }
  | { kind: 'refused'; code: string; message: string; hint?: string }

/** What the server tells the page as it happens, one JSON value an event of the stream `events`. */
export type ReviewEvent =
  /** Shots that look otherwise than before. */
  | { type: 'shots'; manifest: string; running: boolean; shots: readonly ReviewShot[] }
  /** The manifest itself was edited: all of it anew. */
  | { type: 'manifest'; manifest: ReviewManifest }
  /** Which manifests there are: what a page has of others is gone. */
  | { type: 'manifests'; names: readonly string[] }
  /** A decision waits, as a page hears that was opened since; or one that waited was made, or could not be. */
  | { type: 'decision'; decision: Decision; answer: DecisionAnswer }
  /** The manifest or lockfile cannot be read just now, such as while somebody edits it. */
  | { type: 'trouble'; code: string; message: string; hint?: string }
  /** They can be read again. */
  | { type: 'sound' }
