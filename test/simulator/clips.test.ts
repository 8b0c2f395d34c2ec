import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Clip, totalSeconds } from '../../src/simulator/validate-clips.js'
import {
  audio,
  clipUrl,
  filmUrl,
  image,
  lite,
  mp3Url,
  pngUrl,
  request,
  startRig,
  text,
  v20,
  v25,
  video,
  wavUrl,
} from './rig.js'

const film = (seconds: number | string) => video(`https://example.com/film.mp4?sim-seconds=${seconds}`)
const sound = (seconds: number | string) => audio(`https://example.com/sound.mp3?sim-seconds=${seconds}`)
const fox = image('https://example.com/fox.png', 'reference_image')

type Item = Record<string, unknown>
type Items = () => readonly (Item | Promise<Item>)[]

async function answerTo(items: Items) {
  const rig = await startRig()
  return rig.create(request({ model: v20, content: await Promise.all(items()) }))
}

const inline = async (options: Parameters<typeof filmUrl>[0]) => video(await filmUrl(options))

test.each<[string, Items]>([
  ['the shortest film', () => [inline({ seconds: 2 })]],
  ['the longest film', () => [inline({ seconds: 15 })]],
  ['a QuickTime film', () => [inline({ format: 'quicktime' })]],
  ['a film at 60 frames a second', () => [inline({ fps: 60 })]],
  ['a film of 409,600 px', () => [inline({ width: 640, height: 640 })]],
  ['three films of 5 s', () => [inline({ seconds: 5 }), inline({ seconds: 5 }), film(5)]],
  ['a WAV', () => [fox, audio(wavUrl(2))]],
  ['an MP3', () => [fox, audio(mp3Url(2))]],
  ['sounds of 15 s together, beside films of 15 s', () => [film(15), audio(wavUrl(8)), sound(7)]],
  [
    'an asset of each kind',
    () => [image('asset://1', 'reference_image'), video('asset://2'), audio('asset://3')],
  ],
  [
    'films that do not say how long they are',
    () => [1, 2, 3].map((n) => video(`https://example.com/${n}.mp4`)),
  ],
])('%s is taken by 2.0', async (_, items) => {
  const { status, body } = await answerTo(items)
  expect(body).toHaveProperty('id')
  expect(status).toBe(200)
})

test.each<[string, Items, string]>([
  ['a film under 2 s', () => [text('a fox'), inline({ seconds: 1.875 })], 'content[1]: its duration must be'],
  [
    'a film over 15 s',
    () => [inline({ seconds: 15.125 })],
    'content[0]: its duration must be between 2 and 15 s',
  ],
  ['a film at 23 frames a second', () => [inline({ fps: 23 })], 'its frame rate must be between 24 and 60'],
  ['a film at 61 frames a second', () => [inline({ fps: 61 })], 'its frame rate must be between 24 and 60'],
  [
    'a film with too few pixels',
    () => [inline({ width: 638, height: 640 })],
    'its width times height must be',
  ],
  [
    'a film with too many pixels',
    () => [inline({ width: 3848, height: 2160 })],
    'its width times height must be',
  ],
  ['a film that says it is too long', () => [film(15.5)], 'its duration must be'],
  ['a film that says nonsense', () => [film('long')], 'sim-seconds'],
  [
    'films that are too long together',
    () => [film(8), inline({ seconds: 8 })],
    'all video contents together',
  ],
  [
    'known films that leave no room for another',
    () => [film(14), video('https://a.bc/d')],
    'all video contents',
  ],
  ['four films', () => Array(4).fill(film(2)), 'at most 3 reference video contents'],
  ['a sound under 2 s', () => [fox, audio(wavUrl(1.5))], 'The parameter audio'],
  ['a sound over 15 s', () => [fox, audio(mp3Url(15.1))], 'The parameter audio'],
  [
    'sounds that are too long together',
    () => [fox, sound(8), audio(wavUrl(8))],
    'all audio contents together',
  ],
  ['four sounds', () => [fox, ...Array(4).fill(sound(2))], 'at most 3 reference audio contents'],
  ['a sound of 16 MB', () => [fox, audio(clipUrl(largeWav(), 'audio/wav'))], 'no larger than 15 MB'],
  ['a film that is none', () => [video(clipUrl(Buffer.from('no film'), 'video/mp4'))], 'cannot be read'],
  [
    'a sound in place of a film',
    () => [video(wavUrl(2).replace('audio/wav', 'video/mp4'))],
    'cannot be read',
  ],
  [
    'a film in place of a sound',
    () => [fox, filmUrl().then((url) => audio(url.replace('video', 'audio')))],
    'cannot be read',
  ],
  ['a film in no base64', () => [filmUrl().then((url) => video(`${url}?`))], 'cannot be read'],
  ['a picture as a film', () => [video(pngUrl(400, 400))], 'The video URL of content[0] is not valid'],
  ['a path as a sound', () => [fox, audio('refs/sound.mp3')], 'The audio URL of content[1] is not valid'],
  ['no URL', () => [video('')], 'The video URL of content[0] is not valid'],
])('%s is refused by 2.0', async (_, items, message) => {
  const { status, body } = await answerTo(items)
  expect({ status, code: body.error?.code }).toEqual({ status: 400, code: 'InvalidParameter' })
  expect(body.error.message).toContain(message)
})

/** Its head claims 2 s; behind that come 15 MB of something else. */
function largeWav(): Uint8Array {
  const bytes = Buffer.from(wavUrl(2).split(',')[1]!, 'base64')
  return Buffer.concat([bytes, Buffer.alloc(15 * 1024 * 1024)])
}

test('2.5 takes ten films of 30 s together, and sound alone', async () => {
  const rig = await startRig()
  const status = async (content: Item[]) => (await rig.create(request({ model: v25, content }))).status
  expect(await status(Array(10).fill(film(3)))).toBe(200)
  expect(await status(Array(11).fill(film(2)))).toBe(400)
  expect(await status([film(30), film(2)])).toBe(400)
  expect(await status([audio(mp3Url(3))])).toBe(200)
})

test('a model that takes pictures alone as references refuses films and sounds', async () => {
  const rig = await startRig()
  for (const clip of [video(await filmUrl()), film(5), audio(wavUrl(2))]) {
    const { status, body } = await rig.create(request({ model: lite, content: [fox, clip] }))
    expect(status).toBe(400)
    expect(body.error.message).toMatch(/at most 0 reference (video|audio) contents/)
  }
})

// 1280 x 720: 900 tokens a frame, 24 frames a second and one more.
test.each([
  [5, 'no film', [fox]],
  [12, 'a film that says 7 s', [film(7)]],
  [11.5, 'films that say 2.5 and 4 s', [film(2.5), film(4)]],
  [10, 'an asset that says 5 s', [video('asset://film?sim-seconds=5')]],
  [5, 'a sound, which is free', [fox, sound(9)]],
])('a video of 5 s is billed for %d s with %s', async (seconds, _, content) => {
  const rig = await startRig()
  const { usage } = await rig.finished({ model: v20, content, ratio: '16:9', duration: 5 })
  const tokens = 900 * (24 * seconds + 1)
  expect(usage).toEqual({ completion_tokens: tokens, total_tokens: tokens })
})

test('with a film there is a least that is billed: five seconds for every three that are made', async () => {
  const rig = await startRig()
  const { usage } = await rig.finished({ model: v20, content: [film(2)], ratio: '16:9', duration: 5 })
  expect(usage.completion_tokens).toBe(900 * 24 * 9)
})

test('an inline film is billed for as long as it plays', async () => {
  const rig = await startRig()
  const content = [video(await filmUrl({ seconds: 3.5 }))]
  const { usage } = await rig.finished({ model: v20, content, ratio: '16:9', duration: 4 })
  expect(usage.completion_tokens).toBe(900 * (24 * 7.5 + 1))
})

test('a film behind a URL has the same length each time, within the limits', async () => {
  const rig = await startRig()
  const inputOf = async (url: string) => {
    const body = await rig.finished({ model: v20, content: [video(url)], ratio: '16:9', duration: 4 })
    return body.usage.completion_tokens / 900 / 24 - 1 / 24 - 4
  }
  const urls = Array.from({ length: 8 }, (_, index) => `https://example.com/${index}.mp4`)
  const lengths = await Promise.all(urls.map(inputOf))
  expect(await Promise.all(urls.map(inputOf))).toEqual(lengths)
  expect(new Set(lengths.map(Math.round)).size).toBeGreaterThan(2)
  expect(lengths.every((seconds) => seconds > 1.99 && seconds < 15.01)).toBe(true)
})

test('whatever films leave open, together they stay within what a model takes', () => {
  const limits = { min: 0, max: 3, seconds: { min: 2, max: 15 }, totalSeconds: 15, sizeBytes: 1, formats: [] }
  const anyClip = fc.record({
    kind: fc.constant<Clip['kind']>('video'),
    where: fc.constant('content[0]'),
    url: fc.nat().map((number) => `https://example.com/${number}.mp4`),
    seconds: fc.option(fc.integer({ min: 2, max: 5 }), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(anyClip, { maxLength: 3 }), (clips) => {
      const sum = totalSeconds(clips, limits)
      expect(sum).toBeLessThanOrEqual(15)
      expect(sum).toBeGreaterThanOrEqual(2 * clips.length)
    }),
  )
})
