import { expect, test } from 'vitest'
import {
  audio,
  dataUrl,
  draftTask,
  image,
  jpegHeader,
  lite,
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

const fox = 'https://example.com/fox.png'
const sound = audio('https://example.com/a.mp3')
const frames = [image(fox, 'first_frame'), image(fox, 'last_frame')]

type Fields = Record<string, unknown>

// Wordings that the reference records.
test.each<[string, Fields, string, string]>([
  [
    'a field that the model does not have, even at its default',
    { model: 'seedance-1-0-pro-250528', draft: false },
    'InvalidParameter.UnsupportedParameter',
    'the specified parameter `draft` is not supported for model seedance-1-0-pro in t2v, must be empty',
  ],
  [
    'a duration out of range',
    { duration: 3, content: [text('a fox'), image(fox)] },
    'InvalidParameter',
    'the parameter duration specified in the request is not valid for model doubao-seedance-1-5-pro in i2v',
  ],
  [
    'a ratio of its own where 2.5 follows the first frame',
    { model: v25, ratio: '16:9', content: [image(fox)] },
    'InvalidParameter.TaskTypeConstraint',
    'the output ratio follows the first-frame image',
  ],
  [
    'references for a model without them',
    { content: [text('a fox'), image(fox, 'reference_image')] },
    'InvalidParameter',
    'the specified task_type r2v does not support model doubao-seedance-1-5-pro',
  ],
  [
    'a mix of frames and references',
    { model: v20, content: [image(fox, 'first_frame'), image(fox, 'reference_image')] },
    'InvalidParameter',
    'first/last frame content cannot be mixed with reference media content',
  ],
  [
    'several images without roles',
    { content: [image(fox), image(fox)] },
    'InvalidParameter',
    'role must be specified for image contents',
  ],
  [
    'an unknown role',
    { content: [image(fox, 'middle_frame')] },
    'InvalidParameter',
    'invalid role specified for image content',
  ],
])('%s is refused in the service’s words', async (_, fields, code, message) => {
  const rig = await startRig()
  const { status, body } = await rig.create(request(fields))
  expect({ status, code: body.error.code }).toEqual({ status: 400, code })
  expect(body.error.message).toContain(message)
})

test.each<[string, Fields]>([
  ['no model', { model: undefined }],
  ['no content', { content: undefined }],
  ['an empty prompt alone', { content: [text(' ')] }],
  ['text without text', { content: [{ type: 'text' }] }],
])('%s is a missing parameter', async (_, fields) => {
  const rig = await startRig()
  expect(await rig.create(request(fields))).toMatchObject({
    status: 400,
    body: { error: { code: 'MissingParameter', param: '', type: 'BadRequest' } },
  })
})

test.each<[string, Fields]>([
  ['an unknown field', { stile: 'noir' }],
  ['a field named like an object’s own', { constructor: 1 }],
  ['frames on 1.5 pro', { frames: 57 }],
  ['priority on 1.5 pro', { priority: 1 }],
  ['tools on 1.x', { tools: [] }],
  ['service_tier on 2.0, even default', { model: v20, service_tier: 'default' }],
  ['camera_fixed on 2.0', { model: v20, camera_fixed: false }],
  [
    'camera_fixed with references',
    { model: lite, content: [image(fox, 'reference_image')], camera_fixed: true },
  ],
  ['output_format on 2.0', { model: v20, output_format: 'mov' }],
])('%s is an unsupported parameter', async (_, fields) => {
  const rig = await startRig()
  expect(await rig.create(request(fields))).toMatchObject({
    status: 400,
    body: { error: { code: 'InvalidParameter.UnsupportedParameter' } },
  })
})

test.each<[string, Fields]>([
  ['content that is no array', { content: 'a fox' }],
  ['an unknown content type', { content: [{ type: 'smell' }] }],
  ['a bare string as image_url', { content: [{ type: 'image_url', image_url: fox }] }],
  ['a last frame alone', { content: [image(fox, 'last_frame')] }],
  ['two first frames', { content: [image(fox, 'first_frame'), image(fox, 'first_frame')] }],
  ['text alone for a model that needs an image', { model: lite }],
  [
    'five references for a model that takes four',
    { model: lite, content: Array(5).fill(image(fox, 'reference_image')) },
  ],
  ['sound alone on 2.0', { model: v20, content: [sound] }],
  ['a video without its role', { model: v20, content: [{ ...video(fox), role: undefined }] }],
  ['a draft to finish on a model without drafts', { model: pro10, content: [draftTask('cgt-none')] }],
  ['resolution 480', { resolution: '480' }],
  [
    '1080p from references on 1.0 lite',
    { model: lite, content: [image(fox, 'reference_image')], resolution: '1080p' },
  ],
  ['4k on 1.5 pro', { resolution: '4k' }],
  ['ratio 2:1', { ratio: '2:1' }],
  ['adaptive from text on 1.0', { model: pro10, ratio: 'adaptive' }],
  ['half a second', { duration: 4.5 }],
  ['a duration as text', { duration: '5' }],
  ['duration -1 on 1.0', { model: pro10, duration: -1 }],
  ['frames that are not 25 + 4n', { model: pro10, frames: 30 }],
  ['a seed of 2^32', { seed: 2 ** 32 }],
  ['a seed of -2', { seed: -2 }],
  ['watermark as text', { watermark: 'yes' }],
  ['an hour less a second to expire', { execution_expires_after: 3599 }],
  ['an identifier of 65 characters', { safety_identifier: 'x'.repeat(65) }],
  ['a draft at 720p', { draft: true, resolution: '720p' }],
  ['a draft with its last frame', { draft: true, return_last_frame: true }],
  ['a flex draft', { draft: true, service_tier: 'flex' }],
])('%s is an invalid parameter', async (_, fields) => {
  const rig = await startRig()
  expect(await rig.create(request(fields))).toMatchObject({
    status: 400,
    body: { error: { code: 'InvalidParameter' } },
  })
})

test.each<[string, Fields]>([
  ['first and last frame', { content: [text('a fox'), ...frames] }],
  ['one image without a role', { content: [image(fox)] }],
  ['four references on 1.0 lite', { model: lite, content: Array(4).fill(image(fox, 'reference_image')) }],
  [
    'every kind of reference on 2.0',
    { model: v20, content: [image('asset://1', 'reference_image'), video(fox), sound] },
  ],
  ['sound alone on 2.5', { model: v25, content: [sound] }],
  ['a frame rate of 999, which the service does not check', { framespersecond: 999 }],
  ['a deadline of a minute on 2.0', { model: v20, execution_expires_after: 60 }],
  ['4k on 2.0', { model: v20, resolution: '4k' }],
  ['the largest seed', { seed: 2 ** 32 - 1 }],
  ['a draft that leaves its resolution open', { draft: true }],
])('%s is accepted', async (_, fields) => {
  const rig = await startRig()
  expect((await rig.create(request(fields))).status).toBe(200)
})

test('an unknown model is not found', async () => {
  const rig = await startRig()
  expect(await rig.create(request({ model: 'sora' }))).toMatchObject({
    status: 404,
    body: { error: { code: 'InvalidEndpointOrModel.NotFound', type: 'NotFound' } },
  })
})

test.each([
  [300, 400],
  [400, 300],
  [6000, 5000],
  [400, 1000],
  [1000, 400],
])('an inline image of %i x %i is refused: limits are open intervals', async (width, height) => {
  const rig = await startRig()
  const url = dataUrl(jpegHeader(width, height), 'jpeg')
  const { status, body } = await rig.create(request({ content: [text('a fox'), image(url)] }))
  expect(status).toBe(400)
  expect(body.error.message).toContain('content[1]')
})

test.each([
  [301, 400],
  [5999, 5000],
  [401, 1000],
])('an inline image of %i x %i is accepted', async (width, height) => {
  const rig = await startRig()
  expect(
    (await rig.create(request({ content: [image(dataUrl(jpegHeader(width, height), 'jpeg'))] }))).status,
  ).toBe(200)
})

test.each([
  ['an empty URL', '', 'InvalidImageURL.EmptyURL'],
  ['a path', 'refs/fox.png', 'InvalidImageURL.InvalidFormat'],
  ['an asset on 1.5 pro', 'asset://1', 'InvalidImageURL.InvalidFormat'],
  ['an upper-case format', pngUrl(400, 400).replace('png', 'PNG'), 'InvalidImageURL.InvalidFormat'],
  ['bytes that are no image', dataUrl(Buffer.from('not an image')), 'InvalidImageURL.InvalidFormat'],
  ['text that is no base64', `${pngUrl(400, 400)}?`, 'InvalidImageURL.InvalidFormat'],
  [
    'a vector image',
    dataUrl(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"/>'), 'svg+xml'),
    'InvalidImageURL.InvalidFormat',
  ],
])('%s is refused as an image', async (_, url, code) => {
  const rig = await startRig()
  expect(await rig.create(request({ content: [image(url)] }))).toMatchObject({
    status: 400,
    body: { error: { code } },
  })
})

test('HEIC is taken from 1.5 pro on', async () => {
  const box = (type: string, ...content: Buffer[]): Buffer => {
    const head = Buffer.from(`0000${type}`)
    const whole = Buffer.concat([head, ...content])
    whole.writeUInt32BE(whole.length)
    return whole
  }
  const size = Buffer.from([0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0])
  const properties = box('iprp', box('ipco', box('ispe', size)))
  const file = Buffer.concat([
    box('ftyp', Buffer.from('heic\0\0\0\0')),
    box('meta', Buffer.alloc(4), properties),
  ])
  const rig = await startRig()
  const status = async (model: string) =>
    (await rig.create(request({ model, content: [image(dataUrl(file, 'heic'))] }))).status
  expect([await status(pro15), await status(pro10)]).toEqual([200, 400])
})

test('an inline image of 30 MB is refused', async () => {
  const rig = await startRig()
  const bytes = Buffer.concat([jpegHeader(400, 400), Buffer.alloc(30 * 1024 * 1024)])
  const { status, body } = await rig.create(request({ content: [image(dataUrl(bytes, 'jpeg'))] }))
  expect(status).toBe(400)
  expect(body.error.message).toContain('30 MB')
})

test('a body over 64 MB is refused as too large', async () => {
  const rig = await startRig()
  const body = `${JSON.stringify(request())}${' '.repeat(64 * 1024 * 1024)}`
  expect(await rig.call('POST', '', { body })).toMatchObject({
    status: 413,
    body: { error: { code: 'RequestBodyTooLarge' } },
  })
})

test.each(['{"model":', '[]', 'null', ''])('the body %j is refused', async (body) => {
  const rig = await startRig()
  expect(await rig.call('POST', '', { body })).toMatchObject({
    status: 400,
    body: { error: { type: 'BadRequest' } },
  })
})

test('an error ends with its request id, which is also a header', async () => {
  const rig = await startRig()
  const { body, headers } = await rig.create(request({ seed: 'x' }))
  const id = headers.get('x-request-id')
  expect(id).toMatch(/^021\d{12}[0-9a-f]{38}$/)
  expect(body.error.message.endsWith(` Request id: ${id}`)).toBe(true)
})

test('what is refused makes no task', async () => {
  const rig = await startRig()
  await rig.create(request({ duration: 3 }))
  expect(rig.logged('create')).toMatchObject([{ accepted: false, status: 400, code: 'InvalidParameter' }])
  expect((await rig.list()).body.total).toBe(0)
})
