/** What a request asks the model to do. The service's own words. Source: reference section 2.2, error messages. */
export type Mode = 't2v' | 'i2v' | 'flf2v' | 'r2v'

export type Resolution = '480p' | '720p' | '1080p' | '4k'
export type Ratio = '16:9' | '4:3' | '1:1' | '3:4' | '9:16' | '21:9'

/** Width and height in pixels that the service makes for a resolution and ratio. */
export type PixelTable = Readonly<
  Partial<Record<Resolution, Readonly<Record<Ratio, readonly [number, number]>>>>
>

/** How many reference files of a kind a model takes; `undefined` when it takes none. */
export interface ReferenceLimits {
  images?: { min: number; max: number }
  videos?: { min: number; max: number }
  audio?: { min: number; max: number }
}

/** Everything that differs from model to model. A new model is a new entry in `models`, never a new branch. */
export interface ModelProfile {
  /** Short name for people: `1.5 pro`. */
  label: string
  /** Model ids by provider; a request may name either. */
  ids: { ark: string; byteplus: string }
  modes: readonly Mode[]
  resolutions: readonly Resolution[]
  defaultResolution: Resolution
  /** Resolutions with reference media, where they are fewer. */
  referenceResolutions?: readonly Resolution[]
  /** Ratio that the service takes when none is sent. */
  defaultRatio: Readonly<Record<Mode, Ratio | 'adaptive'>>
  /** Modes in which `adaptive` is refused. */
  adaptiveRefused: readonly Mode[]
  /** Modes in which any ratio but `adaptive` is refused. */
  adaptiveOnly: readonly Mode[]
  /** Whole seconds; `auto` where -1 lets the model choose. */
  duration: { min: number; max: number; auto: boolean; default: number }
  /** Whether `frames` may stand in for `duration`. */
  frames: boolean
  /** Whether the model makes sound; then `generate_audio` decides the price. */
  audio: boolean
  /** Whether `camera_fixed` is accepted. */
  cameraFixed: boolean
  draft: boolean
  flex: boolean
  /** Whether any `service_tier` is refused, even `default`. */
  serviceTierRefused: boolean
  references: ReferenceLimits
  pixels: PixelTable
  /** Limits of an account. Source: reference section 9. */
  account: { createsPerMinute: number; liveTasks: number }
  /** The day a retirement was announced for, ISO, and by whom; `undefined` when none was. */
  retirement?: { on: string; source: string }
}

const pixels15: PixelTable = {
  '480p': {
    '16:9': [864, 496],
    '4:3': [752, 560],
    '1:1': [640, 640],
    '3:4': [560, 752],
    '9:16': [496, 864],
    '21:9': [992, 432],
  },
  '720p': {
    '16:9': [1280, 720],
    '4:3': [1112, 834],
    '1:1': [960, 960],
    '3:4': [834, 1112],
    '9:16': [720, 1280],
    '21:9': [1470, 630],
  },
  '1080p': {
    '16:9': [1920, 1080],
    '4:3': [1664, 1248],
    '1:1': [1440, 1440],
    '3:4': [1248, 1664],
    '9:16': [1080, 1920],
    '21:9': [2206, 946],
  },
}

const pixels10: PixelTable = {
  '480p': {
    '16:9': [864, 480],
    '4:3': [736, 544],
    '1:1': [640, 640],
    '3:4': [544, 736],
    '9:16': [480, 864],
    '21:9': [960, 416],
  },
  '720p': {
    '16:9': [1248, 704],
    '4:3': [1120, 832],
    '1:1': [960, 960],
    '3:4': [832, 1120],
    '9:16': [704, 1248],
    '21:9': [1504, 640],
  },
  '1080p': {
    '16:9': [1920, 1088],
    '4:3': [1664, 1248],
    '1:1': [1440, 1440],
    '3:4': [1248, 1664],
    '9:16': [1088, 1920],
    '21:9': [2176, 928],
  },
}

const adaptiveEverywhere = { t2v: 'adaptive', i2v: 'adaptive', flf2v: 'adaptive', r2v: 'adaptive' } as const
const ratios10 = { t2v: '16:9', i2v: 'adaptive', flf2v: 'adaptive', r2v: '16:9' } as const

const family10 = {
  resolutions: ['480p', '720p', '1080p'],
  defaultRatio: ratios10,
  adaptiveRefused: ['t2v'],
  adaptiveOnly: [],
  duration: { min: 2, max: 12, auto: false, default: 5 },
  frames: true,
  audio: false,
  cameraFixed: true,
  draft: false,
  flex: true,
  serviceTierRefused: false,
  references: {},
  pixels: pixels10,
} as const satisfies Partial<ModelProfile>

const family20 = {
  modes: ['t2v', 'i2v', 'flf2v', 'r2v'],
  resolutions: ['480p', '720p'],
  defaultResolution: '720p',
  defaultRatio: adaptiveEverywhere,
  adaptiveRefused: [],
  adaptiveOnly: [],
  duration: { min: 4, max: 15, auto: true, default: 5 },
  frames: false,
  audio: true,
  cameraFixed: false,
  draft: false,
  flex: false,
  serviceTierRefused: true,
  references: { images: { min: 0, max: 9 }, videos: { min: 0, max: 3 }, audio: { min: 0, max: 3 } },
  pixels: pixels15,
  account: { createsPerMinute: 600, liveTasks: 10 },
} as const satisfies Partial<ModelProfile>

/**
 * The models this tool knows, from `docs/api.md` and the sources it names (vendor pages as copied in 2026).
 * An id that is not here is accepted with a warning and checked against nothing.
 */
export const models: readonly ModelProfile[] = [
  {
    label: '1.5 pro',
    ids: { ark: 'doubao-seedance-1-5-pro-251215', byteplus: 'seedance-1-5-pro-251215' },
    modes: ['t2v', 'i2v', 'flf2v'],
    resolutions: ['480p', '720p', '1080p'],
    defaultResolution: '720p',
    defaultRatio: adaptiveEverywhere,
    adaptiveRefused: [],
    adaptiveOnly: [],
    duration: { min: 4, max: 12, auto: true, default: 5 },
    frames: false,
    audio: true,
    cameraFixed: true,
    draft: true,
    flex: true,
    serviceTierRefused: false,
    references: {},
    pixels: pixels15,
    account: { createsPerMinute: 600, liveTasks: 10 },
    retirement: { on: '2026-11-11', source: 'CometAPI announcement; no vendor page found' },
  },
  {
    ...family10,
    label: '1.0 pro',
    ids: { ark: 'doubao-seedance-1-0-pro-250528', byteplus: 'seedance-1-0-pro-250528' },
    modes: ['t2v', 'i2v', 'flf2v'],
    defaultResolution: '1080p',
    account: { createsPerMinute: 600, liveTasks: 10 },
    retirement: { on: '2026-07-17', source: 'CometAPI announcement; no vendor page found' },
  },
  {
    ...family10,
    label: '1.0 pro fast',
    ids: { ark: 'doubao-seedance-1-0-pro-fast-251015', byteplus: 'seedance-1-0-pro-fast-251015' },
    modes: ['t2v', 'i2v'],
    defaultResolution: '1080p',
    account: { createsPerMinute: 600, liveTasks: 10 },
  },
  {
    ...family10,
    label: '1.0 lite t2v',
    ids: { ark: 'doubao-seedance-1-0-lite-t2v-250428', byteplus: 'seedance-1-0-lite-t2v-250428' },
    modes: ['t2v'],
    defaultResolution: '720p',
    account: { createsPerMinute: 300, liveTasks: 5 },
  },
  {
    ...family10,
    label: '1.0 lite i2v',
    ids: { ark: 'doubao-seedance-1-0-lite-i2v-250428', byteplus: 'seedance-1-0-lite-i2v-250428' },
    modes: ['i2v', 'flf2v', 'r2v'],
    defaultResolution: '720p',
    references: { images: { min: 1, max: 4 } },
    referenceResolutions: ['480p', '720p'],
    account: { createsPerMinute: 300, liveTasks: 5 },
  },
  {
    ...family20,
    label: '2.0',
    ids: { ark: 'doubao-seedance-2-0-260128', byteplus: 'dreamina-seedance-2-0-260128' },
    resolutions: ['480p', '720p', '1080p', '4k'],
  },
  {
    ...family20,
    label: '2.0 fast',
    ids: { ark: 'doubao-seedance-2-0-fast-260128', byteplus: 'dreamina-seedance-2-0-fast-260128' },
  },
  {
    ...family20,
    label: '2.0 mini',
    ids: { ark: 'doubao-seedance-2-0-mini-260615', byteplus: 'dreamina-seedance-2-0-mini-260615' },
  },
  {
    ...family20,
    label: '2.5',
    ids: { ark: 'doubao-seedance-2-5-260628', byteplus: 'dreamina-seedance-2-5-260628' },
    resolutions: ['480p', '720p', '1080p'],
    adaptiveOnly: ['i2v', 'flf2v'],
    duration: { min: 4, max: 30, auto: true, default: 5 },
    draft: true,
    references: { images: { min: 0, max: 30 }, videos: { min: 0, max: 10 }, audio: { min: 0, max: 10 } },
  },
]

const byId = new Map(
  models.flatMap((profile) => [
    [profile.ids.ark, profile] as const,
    [profile.ids.byteplus, profile] as const,
  ]),
)

/** The profile behind a model id of either service; `undefined` for an endpoint id (`ep-…`) or a newer model. */
export function findModel(id: string): ModelProfile | undefined {
  return byId.get(id)
}

/** Every model id that is known, for suggestions. */
export function knownModelIds(): string[] {
  return [...byId.keys()]
}

/** The mode that a set of media roles asks for. */
export function modeOf(roles: ReadonlySet<string>): Mode {
  if (roles.has('reference_image') || roles.has('reference_video') || roles.has('reference_audio'))
    return 'r2v'
  if (roles.has('last_frame')) return 'flf2v'
  return roles.has('first_frame') ? 'i2v' : 't2v'
}

/** Tokens that the service bills for one video. Exact on all recorded usages (reference section 3.3). */
export function billedTokens(width: number, height: number, seconds: number): number {
  return Math.floor((width * height * (24 * seconds + 1)) / 1024)
}

/** Limits of an account for a set of models: the tightest of each; those of 1.5 pro for models not known. */
export function accountLimits(modelIds: Iterable<string>): ModelProfile['account'] {
  const usual = models[0]!.account
  const all = [...modelIds].map((id) => findModel(id)?.account ?? usual)
  return {
    createsPerMinute: Math.min(
      ...all.map(({ createsPerMinute }) => createsPerMinute),
      usual.createsPerMinute,
    ),
    liveTasks: Math.min(...all.map(({ liveTasks }) => liveTasks), usual.liveTasks),
  }
}
