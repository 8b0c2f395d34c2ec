import { encode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { validate } from '../../src/commands/validate.js'
import { createRig } from '../support/rig.js'

const png = (width: number, height: number) =>
  encode({ width, height, channels: 3, data: new Uint8Array(width * height * 3) })

/** Codes of the problems of a shot with this image. */
async function codesOf(image: string, files: Record<string, Uint8Array | string> = {}): Promise<string[]> {
  const rig = createRig({ fox: { prompt: 'a fox', image } })
  for (const [path, content] of Object.entries(files)) rig.files.write(path, content)
  const { problems } = await validate({ paths: [], cwd: '/project' }, rig.files)
  return problems.map(({ code, line, shot }) => `${code} ${shot} ${line}`)
}

const dataUrl = (bytes: Uint8Array) => `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`
const at = (code: string) => [`${code} fox 8`]

describe('an image is checked before anything is bought', () => {
  test.each<[string, string, string[]]>([
    ['a file that is there', 'fox.png', []],
    ['a file in a folder beside', './refs/../fox.png', []],
    ['a file that is not there', 'none.png', at('media-missing')],
    ['a file that is no image, whatever its name says', 'text.png', at('media-format')],
    ['an image that is too small', 'small.png', at('media-limit')],
    ['an image that is too wide', 'wide.png', at('media-limit')],
    ['a file beyond 30 MB', 'huge.png', at('media-limit')],
    ['a path that leaves the project', '../../fox.png', at('media-outside')],
    ['an absolute path', '/project/manifests/fox.png', at('media-outside')],
    ['an https URL', 'https://host.test/fox.png', []],
    ['an http URL', 'http://host.test/fox.png', at('media-url')],
    ['an http URL of this machine', 'http://127.0.0.1:8000/fox.png', []],
    ['a URL with a password', 'https://me:secret@host.test/fox.png', at('media-url')],
    ['a URL of another kind', 'ftp://host.test/fox.png', at('media-url')],
    ['no URL', 'https://', at('media-url')],
    ['a data URL', dataUrl(png(320, 320)), []],
    ['a data URL with an image that is too small', dataUrl(png(10, 10)), at('media-limit')],
    ['a data URL without an image', 'data:image/png;base64,AAAA', at('media-format')],
    ['a data URL of another form', 'data:text/plain,hello', at('media-url')],
  ])('%s', async (_, image, expected) => {
    const folder = '/project/manifests'
    const codes = await codesOf(image, {
      [`${folder}/fox.png`]: png(320, 320),
      [`${folder}/small.png`]: png(300, 320),
      [`${folder}/wide.png`]: png(1000, 400),
      [`${folder}/text.png`]: 'not a picture',
      [`${folder}/huge.png`]: new Uint8Array(30 * 1024 * 1024),
    })
    expect(codes).toEqual(expected)
  })
})

test('a local image is sent as a data URL of the format that its bytes have', async () => {
  const bytes = png(320, 320)
  const rig = createRig({ fox: { prompt: 'a fox', image: 'fox.jpg' } })
  rig.files.write('/project/manifests/fox.jpg', bytes)
  await rig.run()
  expect(rig.provider.creates[0]!.request.content[1]).toEqual({
    type: 'image_url',
    image_url: { url: dataUrl(bytes) },
    role: 'first_frame',
  })
})

test('images that together are too much for one request are refused', async () => {
  const folder = '/project/manifests'
  const rig = createRig({ fox: { prompt: 'a fox', image: 'a.png', last_frame: 'b.png' } })
  const padded = new Uint8Array(29 * 1024 * 1024)
  padded.set(png(320, 320))
  for (const name of ['a.png', 'b.png']) rig.files.write(`${folder}/${name}`, padded)
  const { problems } = await validate({ paths: [], cwd: '/project' }, rig.files)
  expect(problems).toMatchObject([
    { code: 'media-limit', shot: 'fox', message: expect.stringContaining('64 MB') },
  ])
})
