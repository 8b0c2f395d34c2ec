import { describe, expect, test } from 'vitest'
import type { Media } from '../../src/core/shot.js'
import { InlineMedia, type MediaLease } from '../../src/engine/inline-media.js'
import { type LocalMedia, sha256Of } from '../../src/engine/media.js'
import type { Places } from '../../src/engine/places.js'
import { memoryFiles } from '../support/memory-files.js'

/** Every file is 75 bytes, 100 in base64; with its body, a request of one takes 200. */
const bytesOf = (name: string) => new TextEncoder().encode(name.padEnd(75))
const media = (path: string): Media => ({
  role: 'reference_image',
  source: path.includes(':') ? { kind: 'url', url: path } : { kind: 'file', path },
  field: [],
})
/** Lets everything that can go on do so. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

function deskOf(limitBytes: number) {
  const files = memoryFiles()
  const images: Map<string, unknown> = new Map()
  const reads: string[] = []
  for (const name of ['a', 'b', 'c', 'd']) {
    files.write(`/project/${name}`, bytesOf(name))
    const facts = { format: 'png', width: 400, height: 400, sizeBytes: 75 }
    images.set(name, { facts, sha256: sha256Of(bytesOf(name)) })
  }
  const { read } = files
  files.read = async (path) => {
    reads.push(path.slice('/project/'.length))
    return await read(path)
  }
  const changed: string[] = []
  const inline = new InlineMedia(files, {
    limitBytes,
    onChanged: async (path) => void changed.push(path),
  })
  const context = { images: images as LocalMedia, places: { folder: '/project' } as Places }
  const never = new AbortController().signal
  const admitted: string[] = []
  return {
    files,
    reads,
    changed,
    /** Those that have been given their media, in order. */
    admitted,
    takeMedia: (items: readonly Media[]) => inline.take(items, context, never),
    async take(paths: string, signal: AbortSignal = never): Promise<MediaLease | undefined> {
      const lease = await inline.take(paths.split(' ').map(media), context, signal)
      admitted.push(paths)
      return lease
    },
  }
}

test('a local file is handed out as a data URL, anything else as it is', async () => {
  const { takeMedia } = deskOf(1_000)
  const [file, link] = [media('a'), media('https://host.test/x.png')]
  const lease = await takeMedia([file, link])
  const data = Buffer.from(bytesOf('a')).toString('base64')
  expect(lease?.urlOf(file)).toBe(`data:image/png;base64,${data}`)
  expect(lease?.urlOf(link)).toBe('https://host.test/x.png')
})

test('a file is read once for all requests that use it, at once or one after another', async () => {
  const { take, reads } = deskOf(1_000)
  const [one, two] = await Promise.all([take('a'), take('a b')])
  one!.release()
  two!.release()
  await take('b a a')
  expect(reads).toEqual(['a', 'b'])
})

test('what was used last is kept as long as there is room', async () => {
  const { take, reads } = deskOf(300)
  for (const name of ['a', 'b', 'a', 'c', 'a', 'b']) (await take(name))!.release()
  expect(reads).toEqual(['a', 'b', 'c', 'b'])
})

describe('a request waits', () => {
  test('until there is room for its files and its body', async () => {
    const { take, admitted } = deskOf(400)
    const first = await take('a')
    await take('b')
    void take('c')
    await settled()
    expect(admitted).toEqual(['a', 'b'])
    first!.release()
    await settled()
    expect(admitted).toEqual(['a', 'b', 'c'])
  })

  test('only for its body when its file is held already', async () => {
    const { take, admitted } = deskOf(300)
    await take('a')
    await take('a')
    void take('a')
    await settled()
    expect(admitted).toEqual(['a', 'a'])
  })

  test('for its turn, so that many small ones do not keep a large one out', async () => {
    const { take, admitted } = deskOf(600)
    const first = await take('a')
    void take('b c d')
    void take('a')
    await settled()
    expect(admitted).toEqual(['a'])
    first!.release()
    await settled()
    expect(admitted).toEqual(['a', 'b c d'])
  })

  test('and goes alone when it is larger than the limit', async () => {
    const { take, admitted } = deskOf(300)
    const first = await take('a')
    const large = take('b c d')
    void take('a')
    first!.release()
    await settled()
    expect(admitted).toEqual(['a', 'b c d'])
    ;(await large)!.release()
    await settled()
    expect(admitted).toEqual(['a', 'b c d', 'a'])
  })

  test('no more when the signal aborts, and lets those behind it go on', async () => {
    const { take, admitted } = deskOf(400)
    await take('a')
    const controller = new AbortController()
    const large = take('b c', controller.signal)
    void take('a')
    controller.abort(new Error('interrupted'))
    await expect(large).rejects.toThrow('interrupted')
    await settled()
    expect(admitted).toEqual(['a', 'a'])
    await expect(take('a', controller.signal)).rejects.toThrow('interrupted')
  })

  test('for nothing when it has no bytes of its own', async () => {
    const { take } = deskOf(100)
    await take('a')
    expect(await take('https://host.test/x.png')).toBeDefined()
  })
})

test('requests that share files in any order all get their turn', async () => {
  const { take, admitted } = deskOf(500)
  const all = ['a b', 'b a', 'b c', 'c b', 'a c', 'c d', 'd a', 'a b c d', 'a'].map(async (paths) => {
    const lease = await take(paths)
    await settled()
    lease!.release()
  })
  await Promise.all(all)
  expect(admitted).toHaveLength(all.length)
})

test('giving back twice gives back once', async () => {
  const { take, admitted } = deskOf(400)
  const first = await take('a')
  await take('b')
  first!.release()
  first!.release()
  await take('a')
  void take('c')
  await settled()
  expect(admitted).toEqual(['a', 'b', 'a'])
})

describe('a file that changed', () => {
  test('is not handed out, also when it is still held as it was, and takes up no room', async () => {
    const { take, files, changed } = deskOf(200)
    ;(await take('a'))!.release()
    files.write('/project/a', bytesOf('x'))
    expect(await take('a')).toBeUndefined()
    expect(changed).toEqual(['/project/a'])
    expect(await take('b')).toBeDefined()
  })

  test('is not handed out when it is gone', async () => {
    const { take, files } = deskOf(200)
    ;(await take('a'))!.release()
    await files.remove('/project/a')
    expect(await take('a')).toBeUndefined()
  })

  test('is handed out when it holds what was planned with again', async () => {
    const { take, files } = deskOf(200)
    files.write('/project/a', bytesOf('x'))
    expect(await take('a')).toBeUndefined()
    files.write('/project/a', bytesOf('a'))
    expect(await take('a')).toBeDefined()
  })
})

test('a file that cannot be read gives its room back', async () => {
  const { take, files } = deskOf(200)
  const { read } = files
  files.read = async () => {
    throw new Error('no access')
  }
  await expect(take('a')).rejects.toThrow('no access')
  files.read = read
  expect(await take('b')).toBeDefined()
})
