import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import schema from '../../schemas/models.schema.json' with { type: 'json' }
import { models as show } from '../../src/commands/models.js'
import { modelSources, models } from '../../src/core/model-data.js'
import { findModel, type Mode, type ModelProfile, type SourceKey } from '../../src/core/models.js'
import { findRate, publishedRates } from '../../src/core/prices.js'

const strict = new Ajv({ strict: true, allErrors: true })
const accepts = strict.compile(schema)
/** As a script sees it. */
const report = (name?: string) => JSON.parse(JSON.stringify(show(name)))

describe('the data fits its schema', () => {
  test('for all models and for each alone', () => {
    for (const name of [undefined, ...models.map(({ label }) => label)]) {
      accepts(report(name))
      expect(accepts.errors).toBeNull()
    }
  })

  test.each([
    ['a fact without a source', (model: Model) => delete model.sources.draft],
    ['a fact whose source is not known', (model: Model) => (model.sources.draft = ['hearsay'])],
    ['a fact with an empty list of sources', (model: Model) => (model.sources.draft = [])],
    ['a price without a source', (model: Model) => delete model.prices[0].source],
    ['a price without a currency', (model: Model) => delete model.prices[0].currency],
    ['a date that is none', (model: Model) => (model.prices[0].asOf = 'spring 2026')],
    ['a retirement without a source', (model: Model) => (model.retirement = { on: '2026-11-11' })],
    ['a size without a height', (model: Model) => model.pixels['480p']['1:1'].pop()],
    ['a field that is not described', (model: Model) => (model.colour = 'red')],
    ['a model without ids', (model: Model) => delete model.ids],
  ])('which refuses %s', (_, spoil) => {
    const spoiled = report()
    spoil(spoiled.models[0])
    expect(accepts(spoiled)).toBe(false)
  })

  test('and every property is described, and no other allowed', () => {
    const definitions: Record<string, { description?: string }> = schema.definitions
    const faults: string[] = []
    const look = (node: unknown, path: string) => {
      if (typeof node !== 'object' || node === null) return
      const { type, additionalProperties } = node as { type?: string; additionalProperties?: boolean }
      if (type === 'object' && additionalProperties !== false) faults.push(`${path} is open`)
      for (const [key, child] of Object.entries(node)) {
        const inside = `${path}/${key}`
        if (path.endsWith('/properties')) {
          const { $ref, description } = child as { $ref?: string; description?: string }
          const target = $ref === undefined ? undefined : definitions[$ref.replace('#/definitions/', '')]
          if (!(description ?? target?.description)) faults.push(`${inside} is not described`)
        }
        look(child, inside)
      }
    }
    look(schema, '')
    expect(faults).toEqual([])
  })
})

// biome-ignore lint/suspicious/noExplicitAny: what is spoiled need not keep its type
type Model = any

describe('sources', () => {
  test('each one is named by a fact', () => {
    const used = new Set<SourceKey>(
      models.flatMap(({ sources, prices, retirement }) => [
        ...Object.values(sources).flat(),
        ...prices.map(({ source }) => source),
        ...(retirement ? [retirement.source] : []),
      ]),
    )
    expect([...used].sort()).toEqual(Object.keys(modelSources).sort())
  })

  test('the number of each is that of a source in docs/api.md', () => {
    const page = readFileSync('docs/api.md', 'utf8')
    const list = page.slice(page.indexOf('## Sources'))
    for (const [key, { trust, title }] of Object.entries(modelSources)) {
      const numbers = title.match(/\[\d+\]/g) ?? []
      expect(numbers, key).toHaveLength(trust === 'inferred' ? 0 : 1)
      for (const number of numbers) expect(list).toContain(`${number} `)
    }
  })
})

describe('the models are those of the API', () => {
  const all = 't2v i2v flf2v r2v'
  const [bare, dreamina] = ['seedance-', 'dreamina-seedance-']
  test.each([
    ['1.5 pro', '1-5-pro-251215', bare, 't2v i2v flf2v', '480p 720p 1080p', 4, 12, true, 'sound draft flex'],
    ['1.0 pro', '1-0-pro-250528', bare, 't2v i2v flf2v', '480p 720p 1080p', 2, 12, false, 'frames flex'],
    ['1.0 pro fast', '1-0-pro-fast-251015', bare, 't2v i2v', '480p 720p 1080p', 2, 12, false, 'frames flex'],
    ['1.0 lite t2v', '1-0-lite-t2v-250428', bare, 't2v', '480p 720p 1080p', 2, 12, false, 'frames flex'],
    [
      '1.0 lite i2v',
      '1-0-lite-i2v-250428',
      bare,
      'i2v flf2v r2v',
      '480p 720p 1080p',
      2,
      12,
      false,
      'frames flex',
    ],
    ['2.0', '2-0-260128', dreamina, all, '480p 720p 1080p 4k', 4, 15, true, 'sound'],
    ['2.0 fast', '2-0-fast-260128', dreamina, all, '480p 720p', 4, 15, true, 'sound'],
    ['2.0 mini', '2-0-mini-260615', dreamina, all, '480p 720p', 4, 15, true, 'sound'],
    ['2.5', '2-5-260628', dreamina, all, '480p 720p 1080p', 4, 30, true, 'sound draft'],
  ])('%s', (label, id, family, modes, resolutions, min, max, auto, abilities) => {
    const profile = findModel(`doubao-seedance-${id}`)!
    expect(findModel(`${family}${id}`)).toBe(profile)
    const { duration, audio, draft, flex, frames } = profile
    expect({
      label: profile.label,
      modes: profile.modes.join(' '),
      resolutions: profile.resolutions.join(' '),
      abilities: [frames && 'frames', audio && 'sound', draft && 'draft', flex && 'flex']
        .filter(Boolean)
        .join(' '),
    }).toEqual({ label, modes, resolutions, abilities })
    expect(duration).toEqual({ min, max, auto, default: 5 })
  })
})

describe.each(models.map((profile) => [profile.label, profile] as const))(
  '%s holds together',
  (_, profile) => {
    test('its defaults are among what it makes', () => {
      const { resolutions, referenceResolutions = [], draft, duration, pixels } = profile
      expect(resolutions).toContain(profile.defaultResolution)
      expect(resolutions).toEqual(expect.arrayContaining([...referenceResolutions]))
      if (draft) expect(resolutions).toContain(draft.resolution)
      expect(duration.default).toBeGreaterThanOrEqual(duration.min)
      expect(duration.default).toBeLessThanOrEqual(duration.max)
      expect(Object.keys(pixels)).toEqual(expect.arrayContaining([...resolutions]))
    })

    test('it takes references if and only if it makes videos from them', () => {
      const { images, videos, audio } = profile.references
      expect(Boolean(images ?? videos ?? audio)).toBe(profile.modes.includes('r2v'))
    })

    test('it states no ratio that it refuses', () => {
      const { adaptiveRefused, adaptiveOnly, defaultRatio } = profile
      for (const mode of adaptiveRefused) expect(defaultRatio[mode]).not.toBe('adaptive')
      for (const mode of adaptiveOnly) expect(defaultRatio[mode as Mode]).toBe('adaptive')
    })

    test('Ark has one price for everything that it makes, and flex is half', () => {
      for (const asked of everythingOf(profile)) {
        const online = ratesFor(profile, { ...asked, tier: 'default' })
        expect(online).toHaveLength(1)
        const flex = ratesFor(profile, { ...asked, tier: 'flex' })
        if (profile.flex) expect(flex.map(({ amount }) => amount)).toEqual([online[0]!.amount / 2])
        else expect(profile.serviceTierRefused).toBe(true)
      }
    })
  },
)

interface Asked {
  audio: boolean
  videoInput: boolean
  resolution: string
  tier: 'default' | 'flex'
}

function everythingOf({ audio, references, resolutions }: ModelProfile): Omit<Asked, 'tier'>[] {
  const yesAndNo = (possible: boolean) => (possible ? [true, false] : [false])
  return resolutions.flatMap((resolution) =>
    yesAndNo(audio).flatMap((sound) =>
      yesAndNo(references.videos !== undefined).map((videoInput) => ({
        resolution,
        audio: sound,
        videoInput,
      })),
    ),
  )
}

/** All published rates of Ark that hold, so that two that contradict each other are found. */
function ratesFor({ ids }: ModelProfile, asked: Asked) {
  const priced = { ...asked, modelIds: [ids.ark], provider: 'ark', draft: false }
  return publishedRates.filter((rate) => findRate([rate], priced))
}

describe('one model is found', () => {
  test.each([
    ['by its id at Ark', 'doubao-seedance-2-5-260628'],
    ['by its id at BytePlus', 'dreamina-seedance-2-5-260628'],
    ['by its label', '2.5'],
    ['with blanks around it', ' 2.5 '],
  ])('%s', (_, name) => {
    expect(show(name).models).toEqual([findModel('doubao-seedance-2-5-260628')])
  })

  test('whatever the case of its label', () => {
    expect(show('1.5 PRO').models.map(({ label }) => label)).toEqual(['1.5 pro'])
  })

  test.each([
    ['2.O', '2.0'],
    ['1.5pro', '1.5 pro'],
    ['doubao-seedance-2-5-260682', 'doubao-seedance-2-5-260628'],
    ['2-0-mini-260615', 'doubao-seedance-2-0-mini-260615'],
  ])('or not, with what was meant by %s', (name, meant) => {
    expect(() => show(name)).toThrow(
      expect.objectContaining({
        code: 'unknown-model',
        message: expect.stringMatching(new RegExp(`did you mean "${meant}"\\?$`)),
      }),
    )
  })

  test.each(['ep-20260101-abcde', 'constructor', ''])('or not, without a guess: "%s"', (name) => {
    expect(() => show(name)).toThrow(
      expect.objectContaining({
        code: 'unknown-model',
        message: expect.not.stringContaining('did you mean'),
      }),
    )
  })
})
