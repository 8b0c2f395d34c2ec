import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type ClipFacts,
  clipFault,
  lengthFault,
  readClipFacts,
  totalLengthFault,
} from '../../src/core/clip.js'
import { findModel } from '../../src/core/models.js'
import { film, mp3, playableFilm, wav } from '../support/clips.js'
import { v20, v25 } from './builders.js'

describe('facts of a clip are read from its bytes', () => {
  test('of a film that a camera or an encoder made', async () => {
    const bytes = await playableFilm({ width: 640, height: 384, frames: 12 })
    const facts = { kind: 'video', format: 'mp4', width: 640, height: 384, fps: 24, seconds: 0.5 }
    expect(await readClipFacts(bytes)).toEqual({ ...facts, sizeBytes: bytes.length })
  })

  test.each([
    ['mp4', 'mp4'],
    ['mov', 'quicktime'],
    ['webm', 'webm'],
  ] as const)('of a %s file', async (format, type) => {
    const facts = await readClipFacts(await film({ format, width: 864, height: 496, seconds: 3 }))
    expect(facts).toMatchObject({ kind: 'video', format: type, width: 864, height: 496 })
    // webm does not say how long its last frame is shown.
    expect(Math.abs(facts!.seconds - 3)).toBeLessThan(0.05)
    expect(Math.round(facts!.fps!)).toBe(24)
  })

  test('of a film at another rate', async () => {
    const facts = await readClipFacts(await film({ fps: 24_000 / 1001, seconds: 4 }))
    expect(facts?.fps).toBeCloseTo(23.976, 3)
  })

  test('with the length of what is shown, not the time at which it ends', async () => {
    expect((await readClipFacts(await film({ seconds: 2, start: 1 })))?.seconds).toBeCloseTo(2, 6)
  })

  test('of a wav file', async () => {
    const bytes = wav(3.5)
    expect(await readClipFacts(bytes)).toEqual({
      kind: 'audio',
      format: 'wav',
      seconds: 3.5,
      sizeBytes: bytes.length,
    })
  })

  test('of an mp3 file', async () => {
    const facts = await readClipFacts(mp3(100))
    expect(facts).toMatchObject({ kind: 'audio', format: 'mpeg' })
    expect(facts?.seconds).toBeCloseTo((100 * 1152) / 44_100, 6)
  })

  test.each([
    ['nothing', new Uint8Array()],
    ['a text', new TextEncoder().encode('not a film, whatever its name says')],
    ['zeros', new Uint8Array(10_000)],
    ['a sound without samples', wav(0)],
    // It names another file, which nobody has asked for.
    [
      'a playlist',
      new TextEncoder().encode('#EXTM3U\n#EXTINF:5,\nhttps://a.example/part.ts\n#EXT-X-ENDLIST\n'),
    ],
  ])('and %s has none', async (_, bytes) => {
    expect(await readClipFacts(bytes)).toBeUndefined()
  })

  test('and a file that is cut or spoilt has some or none, but is no error', {
    timeout: 60_000,
  }, async () => {
    const whole = [await film({ seconds: 2 }), await film({ format: 'webm', seconds: 2 }), wav(0.1), mp3(8)]
    const spoilt = fc.record({
      bytes: fc.constantFrom(...whole),
      length: fc.double({ min: 0, max: 1, noNaN: true }),
      changes: fc.array(fc.record({ at: fc.nat(400), to: fc.nat(255) }), { maxLength: 4 }),
    })
    await fc.assert(
      fc.asyncProperty(spoilt, async ({ bytes, length, changes }) => {
        const cut = bytes.slice(0, Math.ceil(bytes.length * length))
        for (const { at, to } of changes) if (at < cut.length) cut[at] = to
        const facts = await readClipFacts(cut)
        expect(facts === undefined || facts.seconds > 0).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})

const films = findModel(v20)!.references.videos!
const sounds = findModel(v20)!.references.audio!
const aFilm: ClipFacts = {
  kind: 'video',
  format: 'mp4',
  seconds: 5,
  sizeBytes: 1_000_000,
  width: 1280,
  height: 720,
  fps: 24,
}
const aSound: ClipFacts = { kind: 'audio', format: 'wav', seconds: 5, sizeBytes: 1_000_000 }
const filmCode = (changes: Partial<ClipFacts>) => clipFault({ ...aFilm, ...changes }, films)?.code
const soundCode = (changes: Partial<ClipFacts>) => clipFault({ ...aSound, ...changes }, sounds)?.code

describe('a film is refused', () => {
  test.each<[string, Partial<ClipFacts>, Partial<ClipFacts>[], string]>([
    ['in another format', { format: 'quicktime' }, [{ format: 'webm' }], 'media-format'],
    ['beyond its size', { sizeBytes: films.sizeBytes }, [{ sizeBytes: films.sizeBytes + 1 }], 'media-limit'],
    ['when too short', { seconds: films.seconds.min }, [{ seconds: films.seconds.min - 0.1 }], 'media-limit'],
    ['when too long', { seconds: films.seconds.max }, [{ seconds: films.seconds.max + 0.1 }], 'media-limit'],
    ['with few pixels', { width: 640, height: 640 }, [{ width: 639, height: 640 }], 'media-limit'],
    [
      'with many pixels',
      { width: films.pixels.max, height: 1 },
      [{ width: films.pixels.max + 1, height: 1 }],
      'media-limit',
    ],
    ['with few frames a second', { fps: films.fps.min }, [{ fps: films.fps.min - 1 }], 'media-limit'],
    ['with many frames a second', { fps: films.fps.max }, [{ fps: films.fps.max + 1 }], 'media-limit'],
  ])('%s, and not a step before', (_, good, bad, code) => {
    expect(filmCode(good)).toBeUndefined()
    for (const changes of bad) expect(filmCode(changes)).toBe(code)
  })

  test('but not at the rates of television, which go by the names of whole ones', () => {
    for (const fps of [24_000 / 1001, 30_000 / 1001, 60_000 / 1001]) expect(filmCode({ fps })).toBeUndefined()
  })

  test('in words that name the limit', () => {
    expect(clipFault({ ...aFilm, format: 'x-matroska' }, films)?.message).toBe(
      'the film is mkv; possible are mp4, mov',
    )
    expect(clipFault({ ...aFilm, seconds: 1.26 }, films)?.message).toMatch(
      /^the film is 1\.3 s long, it must have 2 to \d+ s$/,
    )
  })
})

describe('a sound is refused', () => {
  test('in another format, beyond its size, too short and too long', () => {
    expect(soundCode({ format: 'mpeg' })).toBeUndefined()
    expect(soundCode({ format: 'ogg' })).toBe('media-format')
    expect(soundCode({ sizeBytes: sounds.sizeBytes })).toBeUndefined()
    expect(soundCode({ sizeBytes: sounds.sizeBytes + 1 })).toBe('media-limit')
    for (const seconds of [sounds.seconds.min, sounds.seconds.max])
      expect(soundCode({ seconds })).toBeUndefined()
    for (const seconds of [sounds.seconds.min - 0.1, sounds.seconds.max + 0.1])
      expect(soundCode({ seconds })).toBe('media-limit')
  })
})

describe('lengths', () => {
  test('count in tenths: encoders add a few hundredths', () => {
    expect(lengthFault('audio', sounds.seconds.max + 0.04, sounds)).toBeUndefined()
    expect(lengthFault('audio', sounds.seconds.max + 0.06, sounds)).toBeDefined()
    expect(lengthFault('audio', sounds.seconds.min - 0.04, sounds)).toBeUndefined()
  })

  test('are added up', () => {
    expect(totalLengthFault('video', [5, 5, 5], films)).toBeUndefined()
    expect(totalLengthFault('video', [5.04, 5.04, 5.04], films)).toBeUndefined()
    expect(totalLengthFault('video', [5, 5, 5.1], films)).toBe(
      'the films come to 15.1 s, at most 15 s together are possible',
    )
    expect(totalLengthFault('audio', [], sounds)).toBeUndefined()
  })

  test('are not said to be too long together where one is by itself', () => {
    expect(totalLengthFault('video', [films.seconds.max + 1], films)).toBeUndefined()
  })

  test('together are open where no limit is published', () => {
    const open = { ...findModel(v25)!.references.videos!, totalSeconds: undefined }
    expect(totalLengthFault('video', [15, 15, 15], open)).toBeUndefined()
  })
})
