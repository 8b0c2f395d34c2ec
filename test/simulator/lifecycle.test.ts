import { expect, test } from 'vitest'
import {
  dataUrl,
  image,
  jpegHeader,
  pngUrl,
  pro10,
  pro15,
  request,
  startRig,
  text,
  v20,
  v25,
  video,
} from './rig.js'

test('a create is answered with the id alone', async () => {
  const rig = await startRig()
  const { status, body } = await rig.create()
  expect(status).toBe(200)
  expect(Object.keys(body)).toEqual(['id'])
})

test('an id carries the time in UTC+8, and flex ids say batch', async () => {
  const rig = await startRig()
  expect(await rig.accepted()).toMatch(/^cgt-20260108111352-[a-z0-9]{5}$/)
  expect(await rig.accepted({ service_tier: 'flex' })).toMatch(/^cgt-batch-20260108111352-[a-z0-9]{5}$/)
})

test('a task is queued, then runs, then has succeeded', async () => {
  const rig = await startRig()
  const id = await rig.accepted()
  const seen: string[] = []
  for (const wait of [0, 999, 1, 9999, 1]) {
    rig.pass(wait)
    seen.push((await rig.get(id)).body.status)
  }
  expect(seen).toEqual(['queued', 'queued', 'running', 'running', 'succeeded'])
})

test('until a task has succeeded, its body is minimal', async () => {
  const rig = await startRig()
  const id = await rig.accepted({ seed: 5 })
  rig.pass(3000)
  expect((await rig.get(id)).body).toEqual({
    id,
    model: 'doubao-seedance-1-5-pro-251215',
    status: 'running',
    created_at: 1767842032,
    updated_at: 1767842033,
    service_tier: 'default',
    execution_expires_after: 172800,
  })
})

test('a task that succeeded says all that it was made with', async () => {
  const rig = await startRig()
  const body = await rig.finished({
    ...{ seed: 5, duration: 4, ratio: '9:16', resolution: '480P' },
    ...{ safety_identifier: 'one', return_last_frame: true },
  })
  expect(body).toMatchObject({
    status: 'succeeded',
    usage: { completion_tokens: 40594, total_tokens: 40594 },
    ...{ seed: 5, resolution: '480p', ratio: '9:16', duration: 4, framespersecond: 24 },
    ...{ generate_audio: true, draft: false, service_tier: 'default', safety_identifier: 'one' },
    created_at: 1767842032,
    updated_at: 1767842043,
  })
  expect(body.content.video_url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/files\/cgt-/)
  expect(body.content.last_frame_url).toMatch(/-last\.png\?/)
})

// Recorded usages: reference section 3.3.
test.each([
  [{ model: pro10, resolution: '480p', duration: 2 }, 19845],
  [{ model: v20, resolution: '720p', ratio: '16:9', duration: 5 }, 108900],
  [{ resolution: '480p', ratio: '16:9', duration: 4, draft: true }, Math.floor(40594.5 * 0.6)],
  [
    { resolution: '480p', ratio: '16:9', duration: 4, draft: true, generate_audio: false },
    Math.floor(40594.5 * 0.7),
  ],
])('%j is billed %i tokens', async (fields, tokens) => {
  const rig = await startRig()
  expect((await rig.finished(fields)).usage.completion_tokens).toBe(tokens)
})

test('a model without sound does not report any', async () => {
  const rig = await startRig()
  expect(await rig.finished({ model: pro10, generate_audio: true })).not.toHaveProperty('generate_audio')
})

test('2.x reports what it was asked for and what it made of it', async () => {
  const rig = await startRig()
  const film = video('https://example.com/film.mp4?sim-seconds=4')
  const tools = [{ type: 'web_search' }]
  const body = await rig.finished({
    model: v25,
    content: [text('a fox'), film],
    duration: 8,
    tools,
    priority: 3,
  })
  expect(body).toMatchObject({
    ...{ model: v25, status: 'succeeded', resolution: '720p', duration: 8, framespersecond: 24 },
    ...{
      generate_audio: true,
      draft: false,
      priority: 3,
      tools,
      output_format: 'mp4',
      service_tier: 'default',
    },
    usage: { tool_usage: { web_search: 0 } },
  })
  expect(body.ratio).toMatch(/^\d+:\d+$/)
  expect(body).not.toHaveProperty('frames')
  expect(body).not.toHaveProperty('draft_task_id')
  expect((await rig.finished({ model: v25, output_format: 'mov' })).output_format).toBe('mov')
})

// Twice the sides of 1080p.
test('2.0 makes 4k', async () => {
  const rig = await startRig()
  const { usage } = await rig.finished({ model: v20, resolution: '4k', ratio: '16:9', duration: 4 })
  expect(usage.completion_tokens).toBe((3840 * 2160 * 97) / 1024)
})

test('frames are reported in place of a duration', async () => {
  const rig = await startRig()
  const body = await rig.finished({ model: pro10, frames: 57, duration: 5 })
  expect(body).toMatchObject({ frames: 57 })
  expect(body).not.toHaveProperty('duration')
})

test.each([
  [pro15, 4, 12],
  [v20, 4, 15],
  [v25, 4, 30],
])(
  'with a duration of -1, %s makes whole seconds from %i to %i, the same for the same seed',
  async (model, min, max) => {
    const rig = await startRig({ liveTasks: 200 })
    const seeds = Array.from({ length: 100 }, (_, seed) => seed)
    const ids = await Promise.all(seeds.map((seed) => rig.accepted({ model, duration: -1, seed })))
    const again = await rig.accepted({ model, duration: -1, seed: 7 })
    rig.pass(11_000)
    const secondsOf = async (id: string): Promise<number> => (await rig.get(id)).body.duration
    const lengths = await Promise.all(ids.map(secondsOf))
    expect(lengths.every(Number.isInteger)).toBe(true)
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([min, max])
    expect(await secondsOf(again)).toBe(lengths[7])
  },
)

test.each([{}, { seed: -1 }, { seed: null }])('with %j the service draws a seed', async (fields) => {
  const rig = await startRig()
  const seeds = [(await rig.finished(fields)).seed, (await rig.finished(fields)).seed]
  expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0)).toBe(true)
  expect(seeds[0]).not.toBe(seeds[1])
})

test.each([
  [1600, 900, '16:9'],
  [400, 900, '9:16'],
  [500, 480, '1:1'],
  [2000, 860, '21:9'],
])('an adaptive ratio follows a %i x %i image to %s', async (width, height, ratio) => {
  const rig = await startRig()
  const body = await rig.finished({ content: [image(pngUrl(width, height))], ratio: 'adaptive' })
  expect(body.ratio).toBe(ratio)
})

test('an adaptive ratio follows a photograph as it is shown, not as it lies in the file', async () => {
  const rig = await startRig()
  const lying = dataUrl(jpegHeader(1600, 900), 'jpeg')
  const upright = dataUrl(jpegHeader(1600, 900, 6), 'jpeg')
  const ratioOf = async (url: string) => (await rig.finished({ content: [image(url)] })).ratio
  expect([await ratioOf(lying), await ratioOf(upright)]).toEqual(['16:9', '9:16'])
})

test('an adaptive ratio without an inline image depends on the seed alone', async () => {
  const rig = await startRig()
  const ratios = async (seed: number) => [
    (await rig.finished({ seed })).ratio,
    (await rig.finished({ seed, content: [text('a cat'), image('https://example.com/cat.png')] })).ratio,
  ]
  const [one, other] = await ratios(3)
  expect(one).toBe(other)
})

test('an endpoint is of the model that it was said to be', async () => {
  const endpoints = new Map([['ep-20260108-abcde', 'doubao-seedance-2-0-260128']])
  const rig = await startRig({ endpoints })
  expect((await rig.finished({ model: 'ep-20260108-abcde' })).model).toBe('doubao-seedance-2-0-260128')
})

test('an endpoint id is taken for 1.5 pro and reported as its model', async () => {
  const rig = await startRig()
  expect((await rig.finished({ model: 'ep-20260108-abcde' })).model).toBe('doubao-seedance-1-5-pro-251215')
})

test('a task that is not over by its deadline expires', async () => {
  const rig = await startRig()
  const id = await rig.accepted({ content: [text('sim:stuck')], execution_expires_after: 3600 })
  rig.pass(3_599_999)
  expect(await rig.statuses([id])).toEqual(['running'])
  rig.pass(1)
  expect(await rig.statuses([id])).toEqual(['expired'])
})

test('a record is gone seven days after its creation', async () => {
  const rig = await startRig()
  const { id } = await rig.finished()
  rig.pass(7 * 24 * 3600 * 1000 - 11_001)
  expect((await rig.get(id)).status).toBe(200)
  rig.pass(1)
  expect(await rig.get(id)).toMatchObject({ status: 404, body: { error: { code: 'NotFound.Task' } } })
})

test('what happened does not depend on when anybody asked', async () => {
  const histories = []
  for (const steps of [[60_000], Array.from({ length: 60 }, () => 1000)]) {
    const rig = await startRig({ liveTasks: 2 })
    for (let seed = 0; seed < 6; seed++) await rig.accepted({ seed })
    for (const step of steps) {
      rig.pass(step)
      rig.simulator.advance()
    }
    histories.push(rig.logged('status').map(({ at, status, live, queued }) => ({ at, status, live, queued })))
  }
  expect(histories[0]).toHaveLength(12)
  expect(histories[1]).toEqual(histories[0])
})

test('words in a prompt choose how a task ends', async () => {
  const rig = await startRig()
  const errorOf = async (prompt: string) => (await rig.finished({ content: [text(prompt)] })).error?.code
  expect(await errorOf('a fox sim:moderate-output')).toBe('OutputVideoSensitiveContentDetected')
  expect(await errorOf('sim:fail, a fox')).toBe('InternalServiceError')
  expect(await errorOf('a fox')).toBeUndefined()
})

test('sim:moderate-output-once fails with the first seed of a prompt and passes with another', async () => {
  const rig = await startRig()
  const content = [text('a fox sim:moderate-output-once')]
  const statuses = []
  for (const seed of [1, 2, 1]) statuses.push((await rig.finished({ content, seed })).status)
  expect(statuses).toEqual(['failed', 'succeeded', 'failed'])
})

test('sim:slow runs ten times as long', async () => {
  const rig = await startRig()
  const id = await rig.accepted({ content: [text('sim:slow')] })
  rig.pass(100_999)
  expect(await rig.statuses([id])).toEqual(['running'])
  rig.pass(1)
  expect(await rig.statuses([id])).toEqual(['succeeded'])
})

test.each([
  ['sim:moderate-input', 400, 'InputTextSensitiveContentDetected'],
  ['sim:overdue', 403, 'AccountOverdueError'],
])('%s is refused with %i %s and makes no task', async (word, status, code) => {
  const rig = await startRig()
  expect(await rig.create(request({ content: [text(word)] }))).toMatchObject({
    status,
    body: { error: { code } },
  })
  expect(await rig.listedIds()).toEqual([])
})
