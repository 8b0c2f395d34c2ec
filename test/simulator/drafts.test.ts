import { decode } from 'fast-png'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/simulator/chance.js'
import { download, draftTask, image, pngUrl, pro15, request, startRig, text, v25, video } from './rig.js'

type Rig = Awaited<ReturnType<typeof startRig>>
type Fields = Record<string, unknown>

const day = 24 * 3600 * 1000

const finalOf = (id: string, fields: Fields = {}) => request({ content: [draftTask(id)], ...fields })

/** What the service says to a create that makes a finished draft final. */
async function refusalOf(fields: Fields, rig?: Rig) {
  const some = rig ?? (await startRig())
  const { id } = await some.finished({ draft: true })
  const { status, body } = await some.create(finalOf(id, fields))
  return { status, code: body.error?.code, message: body.error?.message }
}

test.each([pro15, v25])('%s makes drafts of 480p', async (model) => {
  const rig = await startRig()
  expect(await rig.finished({ model, draft: true })).toMatchObject({ draft: true, resolution: '480p' })
  expect((await rig.create(request({ model, draft: true, resolution: '720p' }))).status).toBe(400)
})

// 864 x 496: 418.5 tokens a frame.
test.each([
  ['1.5 pro with sound, for six tenths', { model: pro15, generate_audio: true }, 0.6],
  ['1.5 pro without sound, for seven tenths', { model: pro15, generate_audio: false }, 0.7],
  ['2.5, which publishes no factor, in full', { model: v25 }, 1],
])('a draft is billed on %s', async (_, fields, factor) => {
  const rig = await startRig()
  const { usage } = await rig.finished({ draft: true, ratio: '16:9', duration: 4, ...fields })
  expect(usage.completion_tokens).toBe(Math.floor(418.5 * 97 * factor))
})

test('a final takes over from its draft, names it and is billed in full', async () => {
  const rig = await startRig()
  const draft = await rig.finished({ draft: true, seed: 9, duration: 6, ratio: '3:4', generate_audio: false })
  const final = await rig.finished({
    content: [draftTask(draft.id)],
    ...{ resolution: '1080p', watermark: true, return_last_frame: true, service_tier: 'flex' },
    ...{ execution_expires_after: 7200, callback_url: 'https://example.com/hook' },
  })
  expect(final).toMatchObject({
    ...{ seed: 9, duration: 6, ratio: '3:4', generate_audio: false },
    ...{ resolution: '1080p', draft: false, draft_task_id: draft.id },
    ...{ service_tier: 'flex', execution_expires_after: 7200 },
    usage: { completion_tokens: Math.floor((1248 * 1664 * 145) / 1024) },
  })
  expect(final.content).toHaveProperty('last_frame_url')
  expect(draft).not.toHaveProperty('draft_task_id')
})

test('what the service chose for a draft holds for its final', async () => {
  const rig = await startRig()
  const draft = await rig.finished({ draft: true, ratio: 'adaptive', duration: -1 })
  const { seed, ratio, duration } = draft
  expect(await rig.finished({ content: [draftTask(draft.id)] })).toMatchObject({ seed, ratio, duration })
})

test('films behind a draft are billed again with its final', async () => {
  const rig = await startRig()
  const film = video('https://example.com/film.mp4?sim-seconds=7')
  const draft = await rig.finished({ model: v25, content: [film], draft: true, ratio: '16:9', duration: 5 })
  const final = await rig.finished({ model: v25, content: [draftTask(draft.id)] })
  expect(final.usage.completion_tokens).toBe(900 * (24 * 12 + 1))
})

test('a final shows what its draft showed', async () => {
  const rig = await startRig()
  const content = [text('a fox'), image(pngUrl(400, 400, [250, 10, 10]))]
  const draft = await rig.finished({ content, draft: true, seed: 9, duration: 4 })
  const look = async (fields: Fields) => {
    const body = await rig.finished({ resolution: '480p', return_last_frame: true, ...fields })
    const { data, width, height, channels } = decode(await download(body.content.last_frame_url))
    // The caption in the lower half holds the task's id.
    return sha256(Uint8Array.from(data.subarray(0, (width * height * channels) / 2)))
  }
  const final = await look({ content: [draftTask(draft.id)] })
  const ratio = draft.ratio
  expect(final).toEqual(await look({ content, ratio, seed: 9, duration: 4 }))
  expect(final).not.toEqual(await look({ content, ratio, seed: 8, duration: 4 }))
  expect(final).not.toEqual(await look({ content: [text('a fox')], ratio, seed: 9, duration: 4 }))
})

test.each([
  ...[{ generate_audio: true }, { seed: 1 }, { seed: -1 }, { ratio: '16:9' }, { ratio: 'adaptive' }],
  ...[{ duration: 5 }, { camera_fixed: false }, { frames: 57 }],
])('a final that states %j is refused: that is the draft’s to say', async (fields) => {
  const [name] = Object.keys(fields)
  expect(await refusalOf(fields)).toMatchObject({
    ...{ status: 400, code: 'InvalidParameter.UnsupportedParameter' },
    message: expect.stringContaining(`the specified parameter \`${name}\` is not supported`),
  })
})

test.each<[string, (draft: ReturnType<typeof draftTask>) => unknown[]]>([
  ['text', (draft) => [text('a fox'), draft]],
  ['an image', (draft) => [draft, image('https://example.com/fox.png')]],
  ['another draft', (draft) => [draft, draft]],
])('%s beside a draft task is refused', async (_, content) => {
  const rig = await startRig()
  const { id } = await rig.finished({ draft: true })
  expect(await rig.create(request({ content: content(draftTask(id)) }))).toMatchObject({
    status: 400,
    body: { error: { code: 'InvalidParameter' } },
  })
})

test('a final is no draft itself', async () => {
  expect(await refusalOf({ draft: true })).toMatchObject({ status: 400 })
  expect(await refusalOf({ draft: false, seed: null })).toMatchObject({ status: 200 })
})

test('only a finished draft of the same model can be made final', async () => {
  const rig = await startRig()
  const finish = async (id: string, fields: Fields = {}) => (await rig.create(finalOf(id, fields))).status
  expect(await finish('cgt-none')).toBe(400)
  expect(await finish((await rig.finished()).id)).toBe(400)
  expect(await finish((await rig.finished({ draft: true, content: [text('sim:fail')] })).id)).toBe(400)

  const draft = await rig.accepted({ draft: true })
  expect(await finish(draft)).toBe(400)
  rig.pass(11_000)
  expect(await finish(draft, { model: v25 })).toBe(400)
  expect(await finish(draft)).toBe(200)
})

test.each([
  ['goes with it', 7 * day],
  ['would last longer', 8 * day],
])(
  'a draft can be made final for seven days from its creation, whether its record %s or not',
  async (_, recordLifetimeMs) => {
    const rig = await startRig({ recordLifetimeMs })
    const createdAtMs = rig.clock.nowMs
    const { id } = await rig.finished({ draft: true })
    rig.clock.nowMs = createdAtMs + 7 * day - 1
    expect((await rig.create(finalOf(id))).status).toBe(200)
    rig.pass(1)
    const { status, body } = await rig.create(finalOf(id))
    expect({ status, code: body.error.code }).toEqual({ status: 400, code: 'InvalidParameter' })
    expect(body.error.message).toContain('7 days')
  },
)

test('a draft with an endpoint id is made final through the endpoint', async () => {
  const rig = await startRig()
  const draft = await rig.finished({ model: 'ep-20260108-abcde', draft: true })
  expect((await rig.create(finalOf(draft.id, { model: 'ep-20260108-abcde' }))).status).toBe(200)
})
