import type {
  ModelFact,
  ModelProfile,
  PixelTable,
  PublishedPrice,
  ReferenceLimits,
  SourceKey,
} from './models.js'

/**
 * What the sources are. `doc`: the vendor states it; `seen`: it shows in published live tests or code; `relay`: a relay
 * or reseller states it; `inferred`: reasoned from the others. The numbers are those of docs/api.md.
 */
export const modelSources: Readonly<
  Record<SourceKey, { trust: 'doc' | 'seen' | 'relay' | 'inferred'; title: string }>
> = {
  vendor: { trust: 'doc', title: 'vendor pages 1520757 to 1521720, early 2026 [1]' },
  'vendor-2026-07': { trust: 'doc', title: 'vendor pages 1520757 to 1521720, 2026-07-11 [2]' },
  'vendor-tutorial': { trust: 'doc', title: 'vendor tutorial 2298881, spring 2026 [4]' },
  'vendor-2026-08': { trust: 'relay', title: 'notes after the vendor create page, 2026-08 [21]' },
  'vendor-2026-09-02': {
    trust: 'relay',
    title: 'notes after the vendor page 1330310, 2026-09-02 [24]',
  },
  'vendor-2026-09-19': {
    trust: 'relay',
    title: 'notes after the vendor pages 1520757 and 2298881, 2026-09-19, and a reseller [25]',
  },
  'vendor-prices': { trust: 'doc', title: 'copy of the vendor price page, 2026-04-04 [19]' },
  'vendor-prices-2026-08': {
    trust: 'relay',
    title: 'notes after the vendor price page 1544106, 2026-08-27 [24]',
  },
  byteplus: { trust: 'doc', title: 'BytePlus page 1544106 [7]' },
  'byteplus-article': { trust: 'relay', title: 'article quoting BytePlus prices, 2026 [23]' },
  'probe-2026-07': { trust: 'seen', title: 'published live tests, 2026-07-31 [8]' },
  'probe-2026-08': { trust: 'seen', title: 'published live tests of 2.5, 2026-08-09 to 11 [9]' },
  resellers: { trust: 'relay', title: 'resellers copying BytePlus prices, 2026-05-05 and undated [22]' },
  apiyi: { trust: 'relay', title: 'docs.apiyi.com, draft mode, 2026-10-25 [12]' },
  cometapi: { trust: 'relay', title: 'CometAPI discussions 121 and 140; no vendor page found [16]' },
  inferred: { trust: 'inferred', title: 'reasoned, no source states it' },
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

/** No page lists the pixels of 4k: twice the sides of 1080p, which the vendor's price of a 16:9 video confirms. */
const pixels20: PixelTable = {
  ...pixels15,
  '4k': {
    '16:9': [3840, 2160],
    '4:3': [3328, 2496],
    '1:1': [2880, 2880],
    '3:4': [2496, 3328],
    '9:16': [2160, 3840],
    '21:9': [4412, 1892],
  },
}

const adaptiveEverywhere = { t2v: 'adaptive', i2v: 'adaptive', flf2v: 'adaptive', r2v: 'adaptive' } as const
const ratios10 = { t2v: '16:9', i2v: 'adaptive', flf2v: 'adaptive', r2v: '16:9' } as const

const megabyte = 1024 * 1024

/** Source: reference section 2.4. */
const clips20 = {
  videos: {
    min: 0,
    max: 3,
    seconds: { min: 2, max: 15 },
    totalSeconds: 15,
    // As of 2026-08; the tutorial of spring 2026 has 50 MB and 2,086,876 pixels.
    sizeBytes: 200 * megabyte,
    formats: ['mp4', 'quicktime'],
    fps: { min: 24, max: 60 },
    pixels: { min: 409_600, max: 8_295_044 },
    leastBilled: { made: 3, billed: 5 },
  },
  audio: {
    min: 0,
    max: 3,
    seconds: { min: 2, max: 15 },
    totalSeconds: 15,
    sizeBytes: 15 * megabyte,
    formats: ['wav', 'mpeg'],
  },
} as const satisfies ReferenceLimits

/** What the vendor's tutorial lists; flex is limited by its tokens a day instead. */
const account10 = { createsPerMinute: 600, liveTasks: 10, flexTokensPerDay: 500e9 }
const accountLite = { createsPerMinute: 300, liveTasks: 5, flexTokensPerDay: 250e9 }
const account20 = {
  createsPerMinute: 600,
  liveTasks: 10,
  personal: { createsPerMinute: 180, liveTasks: 3 },
}

const sources10: Readonly<Record<ModelFact, readonly SourceKey[]>> = {
  ids: ['vendor', 'byteplus'],
  modes: ['vendor'],
  resolutions: ['vendor', 'probe-2026-07'],
  ratios: ['vendor', 'probe-2026-07'],
  duration: ['vendor'],
  audio: ['vendor', 'probe-2026-07'],
  camera: ['vendor'],
  inputs: ['vendor'],
  draft: ['vendor'],
  flex: ['vendor', 'vendor-tutorial'],
  references: ['vendor'],
  pixels: ['vendor'],
  account: ['vendor-tutorial'],
}

const sources20: Readonly<Record<ModelFact, readonly SourceKey[]>> = {
  ...sources10,
  ids: ['vendor-2026-07', 'byteplus'],
  modes: ['vendor-2026-07'],
  resolutions: ['vendor-2026-07'],
  duration: ['vendor-2026-07', 'vendor-2026-08'],
  inputs: ['vendor-2026-07'],
  draft: ['vendor-2026-07'],
  flex: ['vendor-prices', 'probe-2026-07'],
  references: ['vendor-2026-07', 'vendor-tutorial', 'vendor-2026-08', 'vendor-prices'],
}

const family10 = {
  resolutions: ['480p', '720p', '1080p'],
  defaultRatio: ratios10,
  adaptiveRefused: ['t2v'],
  adaptiveOnly: [],
  duration: { min: 2, max: 12, auto: false, default: 5 },
  frames: true,
  audio: false,
  cameraFixed: true,
  heic: false,
  assets: false,
  flex: true,
  serviceTierRefused: false,
  references: {},
  pixels: pixels10,
  sources: sources10,
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
  heic: true,
  assets: true,
  flex: false,
  serviceTierRefused: true,
  references: { images: { min: 0, max: 9 }, ...clips20 },
  pixels: pixels15,
  account: account20,
  sources: sources20,
} as const satisfies Partial<ModelProfile>

/** Online and flex prices of a model of 1.x: the tier halves them. Source: vendor create page, `service_tier`. */
function bothTiers(price: Omit<PublishedPrice, 'tier'>): PublishedPrice[] {
  return [
    { ...price, tier: 'default' },
    { ...price, tier: 'flex', perMillionTokens: price.perMillionTokens / 2 },
  ]
}

const ark = { provider: 'ark', currency: 'CNY', asOf: '2026-04-04', source: 'vendor-prices' } as const
const arkLater = { ...ark, asOf: '2026-08-27', source: 'vendor-prices-2026-08' } as const
const byteplus = { provider: 'byteplus', currency: 'USD', source: 'resellers' } as const
const byteplusOnline = { ...byteplus, tier: 'default' } as const
/** No source states what flex costs 1.0 on BytePlus; that it is half is the vendor's rule. */
const byteplusFlex = { ...byteplus, tier: 'flex', source: 'inferred' } as const

/** Prices without and with a film among the references. */
function byInput(
  price: Omit<PublishedPrice, 'videoInput' | 'perMillionTokens'>,
  without: number,
  withVideo: number,
): PublishedPrice[] {
  return [
    { ...price, videoInput: false, perMillionTokens: without },
    { ...price, videoInput: true, perMillionTokens: withVideo },
  ]
}

/**
 * The models this tool knows: from `docs/api.md` and the sources it names. An id that is not here is accepted with a
 * warning; `model_profile` says which of these it goes by.
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
    heic: true,
    assets: false,
    draft: { resolution: '480p', tenths: { audio: 6, silent: 7 } },
    flex: true,
    serviceTierRefused: false,
    references: {},
    pixels: pixels15,
    account: account10,
    prices: [
      ...bothTiers({ ...ark, audio: true, perMillionTokens: 16 }),
      ...bothTiers({ ...ark, audio: false, perMillionTokens: 8 }),
      { ...byteplusOnline, audio: true, perMillionTokens: 2.4, asOf: '2026-05-05' },
      { ...byteplusOnline, audio: false, perMillionTokens: 1.2, asOf: '2026-05-05' },
      { ...byteplus, tier: 'flex', audio: true, perMillionTokens: 1.2 },
      { ...byteplus, tier: 'flex', audio: false, perMillionTokens: 0.6 },
    ],
    retirement: { on: '2026-11-11', source: 'cometapi' },
    sources: { ...sources10, draft: ['vendor', 'vendor-tutorial'] },
  },
  {
    ...family10,
    label: '1.0 pro',
    ids: { ark: 'doubao-seedance-1-0-pro-250528', byteplus: 'seedance-1-0-pro-250528' },
    modes: ['t2v', 'i2v', 'flf2v'],
    defaultResolution: '1080p',
    account: account10,
    prices: [
      ...bothTiers({ ...ark, perMillionTokens: 15 }),
      { ...byteplusOnline, perMillionTokens: 2.5 },
      { ...byteplusFlex, perMillionTokens: 1.25 },
    ],
    retirement: { on: '2026-07-17', source: 'cometapi' },
  },
  {
    ...family10,
    label: '1.0 pro fast',
    ids: { ark: 'doubao-seedance-1-0-pro-fast-251015', byteplus: 'seedance-1-0-pro-fast-251015' },
    modes: ['t2v', 'i2v'],
    defaultResolution: '1080p',
    account: account10,
    prices: bothTiers({ ...ark, perMillionTokens: 4.2 }),
  },
  {
    ...family10,
    label: '1.0 lite t2v',
    ids: { ark: 'doubao-seedance-1-0-lite-t2v-250428', byteplus: 'seedance-1-0-lite-t2v-250428' },
    modes: ['t2v'],
    defaultResolution: '720p',
    account: accountLite,
    prices: [
      ...bothTiers({ ...ark, perMillionTokens: 10 }),
      { ...byteplusOnline, perMillionTokens: 1.8 },
      { ...byteplusFlex, perMillionTokens: 0.9 },
    ],
  },
  {
    ...family10,
    label: '1.0 lite i2v',
    ids: { ark: 'doubao-seedance-1-0-lite-i2v-250428', byteplus: 'seedance-1-0-lite-i2v-250428' },
    modes: ['i2v', 'flf2v', 'r2v'],
    defaultResolution: '720p',
    references: { images: { min: 1, max: 4 } },
    referenceResolutions: ['480p', '720p'],
    account: accountLite,
    prices: [
      ...bothTiers({ ...ark, perMillionTokens: 10 }),
      { ...byteplusOnline, perMillionTokens: 1.8 },
      { ...byteplusFlex, perMillionTokens: 0.9 },
    ],
  },
  {
    ...family20,
    label: '2.0',
    ids: { ark: 'doubao-seedance-2-0-260128', byteplus: 'dreamina-seedance-2-0-260128' },
    resolutions: ['480p', '720p', '1080p', '4k'],
    pixels: pixels20,
    prices: [
      ...byInput({ ...ark, resolutions: ['480p', '720p'] }, 46, 28),
      ...byInput({ ...arkLater, resolutions: ['1080p'] }, 51, 31),
      ...byInput({ ...arkLater, resolutions: ['4k'] }, 26, 16),
    ],
    account: { ...account20, at4k: { createsPerMinute: 15, liveTasks: 1 } },
    sources: { ...sources20, pixels: ['vendor', 'inferred'] },
  },
  {
    ...family20,
    label: '2.0 fast',
    ids: { ark: 'doubao-seedance-2-0-fast-260128', byteplus: 'dreamina-seedance-2-0-fast-260128' },
    prices: byInput(ark, 37, 22),
  },
  {
    ...family20,
    label: '2.0 mini',
    ids: { ark: 'doubao-seedance-2-0-mini-260615', byteplus: 'dreamina-seedance-2-0-mini-260615' },
    prices: byInput(arkLater, 23, 14),
    sources: {
      ...sources20,
      ratios: ['vendor-2026-08', 'probe-2026-07'],
      pixels: ['vendor-prices-2026-08', 'inferred'],
      references: ['vendor-2026-07', 'inferred'],
    },
  },
  {
    ...family20,
    label: '2.5',
    ids: { ark: 'doubao-seedance-2-5-260628', byteplus: 'dreamina-seedance-2-5-260628' },
    resolutions: ['480p', '720p', '1080p'],
    adaptiveOnly: ['i2v', 'flf2v'],
    duration: { min: 4, max: 30, auto: true, default: 5 },
    draft: { resolution: '480p', tenths: undefined },
    references: {
      images: { min: 0, max: 30 },
      // Numbers and seconds are stated for 2.5; the rest is that of 2.0.
      videos: { ...clips20.videos, max: 10, seconds: { min: 2, max: 30 }, totalSeconds: 30 },
      audio: { ...clips20.audio, max: 10, seconds: { min: 2, max: 30 }, totalSeconds: 30 },
      audioAlone: true,
    },
    prices: [
      ...byInput({ ...arkLater, resolutions: ['480p', '720p'] }, 70, 42),
      ...byInput({ ...arkLater, resolutions: ['1080p'] }, 77, 46),
      ...byInput({ ...byteplus, source: 'byteplus-article', asOf: '2026' }, 10.7, 6.4),
    ],
    sources: {
      ids: ['vendor-2026-08', 'probe-2026-08'],
      modes: ['vendor-2026-08', 'probe-2026-08'],
      resolutions: ['vendor-2026-08', 'probe-2026-08', 'vendor-2026-09-02'],
      ratios: ['vendor-2026-08', 'probe-2026-08'],
      duration: ['vendor-2026-08', 'vendor-2026-09-02'],
      audio: ['vendor-2026-08'],
      camera: ['vendor-2026-08'],
      inputs: ['vendor-2026-08', 'inferred'],
      draft: ['apiyi', 'inferred'],
      flex: ['probe-2026-07', 'vendor-2026-09-02'],
      references: [
        'vendor-2026-08',
        'probe-2026-08',
        'vendor-2026-09-19',
        'vendor-prices-2026-08',
        'inferred',
      ],
      pixels: ['probe-2026-08', 'inferred'],
      account: ['vendor-2026-09-02'],
    },
  },
]
