import { expect, test } from 'vitest'
import { models } from '../../src/core/model-data.js'
import type { Mode, ModelProfile } from '../../src/core/models.js'
import { audio, image, request, startRig, text, video } from './rig.js'

const url = 'https://example.com/file'
const contentOf: Readonly<Record<Mode, readonly unknown[]>> = {
  t2v: [text('a fox')],
  i2v: [text('a fox'), image(url, 'first_frame')],
  flf2v: [text('a fox'), image(url, 'first_frame'), image(url, 'last_frame')],
  r2v: [text('a fox'), image(url, 'reference_image')],
}
const modes = Object.keys(contentOf) as Mode[]
const resolutions = ['480p', '720p', '1080p', '4k'] as const
const ratios = ['16:9', '4:3', '1:1', '3:4', '9:16', '21:9', 'adaptive'] as const

const named = models.map((profile) => [profile.label, profile] as const)

/** Says whether the simulator takes a create of the model. */
async function asker({ ids }: ModelProfile) {
  const rig = await startRig({ createsPerMinute: 1000 })
  return async (fields: Record<string, unknown>): Promise<boolean> => {
    const { status, body } = await rig.create(request({ model: ids.ark, ...fields }))
    expect([200, 400], JSON.stringify(body)).toContain(status)
    return status === 200
  }
}

/** The first mode that the model has. */
const usual = ({ modes: [mode] }: ModelProfile) => ({ content: contentOf[mode!] })

test.each(named)(
  '%s takes its modes at its resolutions, under both of its ids, and no others',
  async (_, profile) => {
    const takes = await asker(profile)
    for (const model of [profile.ids.ark, profile.ids.byteplus]) {
      for (const mode of modes) {
        const possible = (mode === 'r2v' && profile.referenceResolutions) || profile.resolutions
        for (const resolution of resolutions) {
          const wanted = profile.modes.includes(mode) && possible.includes(resolution)
          const content = contentOf[mode]
          expect({ model, mode, resolution, taken: await takes({ model, content, resolution }) }).toEqual({
            ...{ model, mode, resolution },
            taken: wanted,
          })
        }
      }
    }
  },
)

test.each(named)('%s takes any ratio where its data allow it', async (_, profile) => {
  const takes = await asker(profile)
  for (const mode of profile.modes) {
    for (const ratio of ratios) {
      const refusing = ratio === 'adaptive' ? profile.adaptiveRefused : profile.adaptiveOnly
      expect({ mode, ratio, taken: await takes({ content: contentOf[mode], ratio }) }).toEqual({
        ...{ mode, ratio },
        taken: !refusing.includes(mode),
      })
    }
  }
})

test.each(named)('%s takes the seconds of its data', async (_, profile) => {
  const takes = await asker(profile)
  const { min, max, auto } = profile.duration
  for (const [duration, wanted] of [
    ...([
      [min - 1, false],
      [min, true],
      [max, true],
      [max + 1, false],
    ] as const),
    ...([
      [-1, auto],
      [0, false],
    ] as const),
  ]) {
    expect({ duration, taken: await takes({ ...usual(profile), duration }) }).toEqual({
      duration,
      taken: wanted,
    })
  }
})

test.each(named)('%s takes as many references of each kind as its data say', async (_, profile) => {
  const takes = await asker(profile)
  const { images, videos, audio: sounds, audioAlone = false } = profile.references
  const film = video(`${url}?sim-seconds=2`)
  const sound = audio(`${url}?sim-seconds=2`)
  const [picture] = contentOf.r2v.slice(1)
  for (const [item, limit] of [
    [picture, images],
    [film, videos],
  ] as const) {
    const most = limit?.max ?? 0
    if (most > 0) expect(await takes({ content: Array(most).fill(item) })).toBe(true)
    expect(await takes({ content: Array(most + 1).fill(item) })).toBe(false)
  }
  const most = sounds?.max ?? 0
  if (most > 0) expect(await takes({ content: [picture, ...Array(most).fill(sound)] })).toBe(true)
  expect(await takes({ content: [picture, ...Array(most + 1).fill(sound)] })).toBe(false)
  expect(await takes({ content: [sound] })).toBe(audioAlone)
})

test.each(named)('%s takes the optional fields that its data name', async (_, profile) => {
  const takes = await asker(profile)
  const wanted: [Record<string, unknown>, boolean][] = [
    [{ draft: true }, profile.draft !== undefined],
    [{ draft: false }, profile.draft !== undefined],
    [{ service_tier: 'default' }, !profile.serviceTierRefused],
    [{ service_tier: 'flex' }, profile.flex && !profile.serviceTierRefused],
    [{ camera_fixed: false }, profile.cameraFixed],
    [{ frames: 57 }, profile.frames],
    // Every model takes the field; some make no sound all the same. Source: reference section 2.1.
    [{ generate_audio: true }, true],
    [{ return_last_frame: true, watermark: true, seed: 1, callback_url: 'https://example.com/hook' }, true],
  ]
  for (const [fields, taken] of wanted) {
    expect({ fields, taken: await takes({ ...usual(profile), ...fields }) }).toEqual({ fields, taken })
  }
})

test.each(named)('%s makes the pixels of its data at each resolution and ratio', async (_, profile) => {
  const rig = await startRig({ createsPerMinute: 1000, liveTasks: 1000 })
  const model = profile.ids.ark
  const { content } = usual(profile)
  for (const resolution of profile.resolutions) {
    for (const ratio of profile.adaptiveOnly.includes(profile.modes[0]!) ? [] : ratios.slice(0, 6)) {
      const duration = profile.duration.min
      await rig.accepted({ model, content, resolution, ratio, duration })
      const [width, height] = profile.pixels[resolution]![ratio as '16:9']
      const frames = 24 * duration + 1
      const { mostTokens } = rig.logged('create').findLast((entry) => entry.accepted)! as {
        mostTokens: number
      }
      expect({ resolution, ratio, mostTokens }).toEqual({
        ...{ resolution, ratio },
        mostTokens: Math.floor((width * height * frames) / 1024),
      })
    }
  }
})
