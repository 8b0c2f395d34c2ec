import fc from 'fast-check'
import { decode, encode } from 'fast-png'
import { ALL_FORMATS, BufferSource, Input } from 'mediabunny'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/simulator/chance.js'
import { isDot } from '../../src/simulator/media/font.js'
import { readPng } from '../../src/simulator/media/picture.js'
import { smallSize } from '../../src/simulator/media/small-size.js'
import { download, image, pngUrl, pro10, startRig, text } from './rig.js'

/** What a player would find in the file. */
async function probe(bytes: Uint8Array) {
  const input = new Input({ source: new BufferSource(bytes), formats: ALL_FORMATS })
  const track = (await input.getPrimaryVideoTrack())!
  const { packetCount, averagePacketRate } = await track.computePacketStats()
  return {
    mime: await input.getMimeType(),
    width: track.codedWidth,
    height: track.codedHeight,
    seconds: await input.computeDuration(),
    frames: packetCount,
    frameRate: averagePacketRate,
  }
}

test.each([
  ['16:9', 16 / 9],
  ['9:16', 9 / 16],
  ['4:3', 4 / 3],
  ['1:1', 1],
  ['21:9', 7 / 3],
])('a %s video is playable H.264 at 24 frames a second', async (ratio, wanted) => {
  const rig = await startRig()
  const { content } = await rig.finished({ ratio, duration: 4 })
  const video = await probe(await download(content.video_url))
  expect(video.mime).toMatch(/^video\/mp4; codecs="avc1/)
  expect(video.width / video.height).toBeCloseTo(wanted, 2)
  expect(video.frames).toBe(97)
  expect(video.frameRate).toBeCloseTo(24, 1)
  expect(video.seconds).toBeCloseTo(97 / 24, 1)
})

test('frames are made as asked for', async () => {
  const rig = await startRig()
  const { content } = await rig.finished({ model: pro10, frames: 29 })
  expect((await probe(await download(content.video_url))).frames).toBe(29)
})

test('two downloads give the same bytes, and two tasks give different ones', async () => {
  const rig = await startRig()
  const fields = { model: pro10, frames: 29, seed: 1 }
  const [one, other] = [await rig.finished(fields), await rig.finished(fields)]
  const [first, again, second] = await Promise.all(
    [one, one, other].map(async ({ content }) => sha256(await download(content.video_url))),
  )
  expect(again).toBe(first)
  expect(second).not.toBe(first)
})

test('requests are answered while a video is rendered', async () => {
  const rig = await startRig()
  const { id, content } = await rig.finished({ duration: 12 })
  let isDone = false
  const video = download(content.video_url).then(() => {
    isDone = true
  })
  for (let count = 0; count < 5; count++) await rig.get(id)
  expect(isDone).toBe(false)
  await video
})

test('loading the encoder leaves no error handlers on the process', async () => {
  const before = ['uncaughtException', 'unhandledRejection'].map((event) =>
    process.listeners(event as 'exit'),
  )
  const rig = await startRig()
  await download((await rig.finished({ model: pro10, frames: 29 })).content.video_url)
  expect(
    ['uncaughtException', 'unhandledRejection'].map((event) => process.listeners(event as 'exit')),
  ).toEqual(before)
})

test('the last frame is a PNG as large as the service makes it, with the first frame as its backdrop', async () => {
  const rig = await startRig()
  const { content } = await rig.finished({
    content: [text('a fox'), image(pngUrl(400, 400, [250, 10, 10]))],
    ...{ ratio: '1:1', duration: 4, return_last_frame: true },
  })
  const { width, height, data, channels } = decode(await download(content.last_frame_url))
  expect([width, height]).toEqual([960, 960])
  const pixels = Array.from({ length: width * height }, (_, at) =>
    data.subarray(at * channels, at * channels + 3),
  )
  const red = pixels.filter(([r, g, b]) => r === 250 && g === 10 && b === 10)
  expect(red.length / pixels.length).toBeGreaterThan(0.2)
})

test('a damaged picture still gives a video', async () => {
  const rig = await startRig()
  const { content } = await rig.finished({ content: [image(pngUrl(400, 400).slice(0, 160))], duration: 4 })
  expect((await probe(await download(content.video_url))).frames).toBe(97)
})

test.each([
  [
    'rgb',
    { channels: 3, depth: 8, data: [10, 20, 30, 40, 50, 60] },
    [
      [10, 20, 30],
      [40, 50, 60],
    ],
  ],
  [
    'rgba',
    { channels: 4, depth: 8, data: [10, 20, 30, 0, 40, 50, 60, 9] },
    [
      [10, 20, 30],
      [40, 50, 60],
    ],
  ],
  [
    'grey',
    { channels: 1, depth: 8, data: [10, 250] },
    [
      [10, 10, 10],
      [250, 250, 250],
    ],
  ],
  [
    'two-level grey',
    { channels: 1, depth: 1, data: [0b01000000] },
    [
      [0, 0, 0],
      [255, 255, 255],
    ],
  ],
  [
    'deep grey',
    { channels: 1, depth: 16, data: [0, 65535] },
    [
      [0, 0, 0],
      [255, 255, 255],
    ],
  ],
  [
    'palette',
    {
      channels: 1,
      depth: 4,
      data: [0x10],
      palette: [
        [1, 2, 3],
        [4, 5, 6],
      ],
    },
    [
      [4, 5, 6],
      [1, 2, 3],
    ],
  ],
] as const)('a %s PNG is read as its colours', (_, { data, ...kind }, colours) => {
  const pixels = kind.depth === 16 ? Uint16Array.from(data) : Uint8Array.from(data)
  const { palette, ...rest } = { palette: undefined, ...kind }
  const bytes = encode({
    width: 2,
    height: 1,
    data: pixels,
    ...rest,
    ...(palette && { palette: palette.map((one) => [...one]) }),
  })
  const picture = readPng(bytes)!
  expect([picture.colourAt(0, 0), picture.colourAt(1, 0)]).toEqual(colours)
})

test('small sizes are even and keep any ratio that a video can have', () => {
  const side = fc.integer({ min: 400, max: 4400 })
  fc.assert(
    fc.property(side, side, (width, height) => {
      fc.pre(Math.max(width, height) / Math.min(width, height) <= 2.5)
      const small = smallSize({ width, height })
      expect([small.width % 2, small.height % 2]).toEqual([0, 0])
      expect(Math.abs((small.width / small.height) * (height / width) - 1)).toBeLessThan(0.005)
    }),
  )
})

test('every printable ASCII character but the space has a look of its own', () => {
  const looks = Array.from({ length: 94 }, (_, index) => {
    const character = String.fromCharCode(33 + index)
    const dots = Array.from({ length: 35 }, (__, dot) => isDot(character, dot % 5, Math.floor(dot / 5)))
    return dots.map(Number).join('')
  })
  expect(new Set(looks).size).toBe(94)
  expect(looks).not.toContain('0'.repeat(35))
})
