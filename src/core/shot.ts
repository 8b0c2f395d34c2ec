import { profileOf } from './models.js'
import type { Money } from './money.js'
import { draftNameOf, type ShotName, type TakeName, takeName } from './names.js'
import type { Rate } from './prices.js'
import type { MediaRole, Parameters } from './request.js'

/** Where a picture, film or sound comes from. */
export type MediaSource =
  | { kind: 'url'; url: string }
  | { kind: 'file'; path: string }
  /** The last frame of what is made for another shot of the manifest. */
  | { kind: 'last_frame'; shot: ShotName }

/** One item of a request besides the prompt. A file's `path` is as written, relative to the manifest. */
export interface Media {
  role: MediaRole
  source: MediaSource
  /** Where the manifest states it, to point at when something is wrong with it. */
  field: readonly (string | number)[]
  /** Length of a film or sound, where the manifest states it. */
  seconds?: number | undefined
}

/** One wanted video, with defaults merged in and variables filled. */
export interface Shot {
  name: ShotName
  model: string
  /** The model id whose rules and prices hold, where the manifest states one; `profileOf` reads it. */
  modelProfile?: string | undefined
  prompt: string | undefined
  media: readonly Media[]
  /** Only what the manifest states. */
  parameters: Readonly<Parameters>
  extra: Readonly<Record<string, unknown>>
  /** At least 1. */
  takes: number
  tags: readonly string[]
  skip: boolean
  /** Where its videos go: a template, its variables filled and its braces not; `undefined`: the usual place. */
  output?: string | undefined
  /** Whether images that are too large for the service are sent as smaller copies. */
  fit?: true
}

/** One try at a shot, bought separately. */
export interface Take {
  name: TakeName
  shot: Shot
  /** 1-based. */
  number: number
  /** Whether this is the cheap try of a take; `shot` then asks for that. */
  draft?: boolean | undefined
}

/** What a person asked for: the manifest, read and checked. */
export interface Manifest {
  /** The file's name without its ending. */
  name: string
  /** The path as the person gave it. */
  file: string
  /** Most that may ever be spent on this manifest. */
  budget?: Money | undefined
  /** Prices that hold for this manifest, before those of other places. */
  rates?: readonly Rate[] | undefined
  shots: readonly Shot[]
  /**
   * The shots, in their order, as versions before variables were texts as written read them; `undefined` where that is
   * the same. What was bought by such a reading is still what the manifest asks for.
   */
  earlier?: readonly Shot[] | undefined
}

/** A source as one text: a URL, a path, `last_frame_of:SHOT`. */
export function sourceWords(source: MediaSource): string {
  switch (source.kind) {
    case 'url':
      return source.url
    case 'file':
      return source.path
    case 'last_frame':
      return `last_frame_of:${source.shot}`
  }
}

/** Takes whose last frame is asked for: by the manifest, or because another shot goes on from theirs. */
export function framedTakesOf(shots: readonly Shot[]): Take[] {
  return shots.filter(({ parameters }) => parameters.return_last_frame === true).flatMap(takesOf)
}

/** The takes of a shot in order. */
export function takesOf(shot: Shot): Take[] {
  return Array.from({ length: shot.takes }, (_, index) => ({
    name: takeName(shot.name, index + 1),
    shot,
    number: index + 1,
  }))
}

/** The drafts of a shot's takes in order; none where the model makes no drafts or the shot asks for one itself. */
export function draftsOf(shot: Shot): Take[] {
  const profile = profileOf(shot)
  if (!profile?.draft || shot.parameters.draft) return []
  const { return_last_frame, service_tier, ...parameters } = shot.parameters
  const draft: Shot = {
    ...shot,
    parameters: { ...parameters, resolution: profile.draft.resolution, draft: true },
  }
  return takesOf(draft).map((take) => ({ ...take, name: draftNameOf(take.name), draft: true }))
}

/** Every take that a shot can have: its finals and their drafts. */
export function allTakesOf(shot: Shot): Take[] {
  return [...takesOf(shot), ...draftsOf(shot)]
}

/**
 * The seed that the manifest decides for a take: take n of a shot that states one uses seed + n - 1, so that takes
 * differ and stay the same from run to run. `undefined`: one is drawn.
 */
export function statedSeed({ shot, number }: Take): number | undefined {
  const { seed } = shot.parameters
  return seed === undefined ? undefined : (seed + number - 1) % 2 ** 32
}
