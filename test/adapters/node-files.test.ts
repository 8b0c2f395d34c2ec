import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { nodeFiles } from '../../src/adapters/node-files.js'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shotlock-files-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
})

test('a replaced file is whole and leaves no temporary one', async () => {
  const path = join(folder, 'a', 'lock.yaml')
  await nodeFiles.replace(path, 'one')
  await nodeFiles.replace(path, 'two')
  expect(readFileSync(path, 'utf8')).toBe('two')
  expect(readdirSync(join(folder, 'a'))).toEqual(['lock.yaml'])
})

test('a text can come in pieces, and pieces that fail leave the old file', async () => {
  const path = join(folder, 'lock.yaml')
  const first = await nodeFiles.replaceIfSame(path, ['狐', '狸\n', 'fox'], undefined)
  expect(readFileSync(path, 'utf8')).toBe('狐狸\nfox')
  function* failing() {
    yield 'half'
    throw new Error('no more')
  }
  await expect(nodeFiles.replaceIfSame(path, failing(), first)).rejects.toThrow('no more')
  expect(readFileSync(path, 'utf8')).toBe('狐狸\nfox')
  expect(readdirSync(folder)).toEqual(['lock.yaml'])
})

test('a replacement that fails leaves the old file and nothing else', async () => {
  const path = join(folder, 'taken')
  await nodeFiles.replace(join(path, 'inside'), 'x')
  await expect(nodeFiles.replace(path, 'y')).rejects.toThrow()
  expect(readdirSync(folder)).toEqual(['taken'])
})

test('a fingerprint changes with every replacement, even by the same text', async () => {
  const path = join(folder, 'lock.yaml')
  await nodeFiles.replace(path, 'same')
  const before = await nodeFiles.fingerprint(path)
  await nodeFiles.replace(path, 'same')
  expect(await nodeFiles.fingerprint(path)).not.toBe(before)
})

test('of many that create one file, exactly one does, and it is never seen half-written', async () => {
  const path = join(folder, 'lock')
  const results = await Promise.all(
    Array.from({ length: 20 }, (_, i) => nodeFiles.createNew(path, `owner ${i}`)),
  )
  expect(results.filter(Boolean)).toHaveLength(1)
  expect(readFileSync(path, 'utf8')).toBe(`owner ${results.indexOf(true)}`)
})

test('absent files read as nothing, and a file in place of a folder too', async () => {
  writeFileSync(join(folder, 'file'), '')
  for (const path of [join(folder, 'none'), join(folder, 'file', 'below')]) {
    expect(await nodeFiles.read(path)).toBeUndefined()
    expect(await nodeFiles.size(path)).toBeUndefined()
    expect(await nodeFiles.exists(path)).toBe(false)
    expect(await nodeFiles.realPath(path)).toBeUndefined()
    expect(await nodeFiles.fingerprint(path)).toBeUndefined()
  }
  expect(await nodeFiles.filesBelow(join(folder, 'none'))).toEqual([])
})

describe('a part file', () => {
  test('appears only when it is committed', async () => {
    const part = await nodeFiles.openPart(join(folder, 'out', 'v.mp4'))
    await part.write(Buffer.from('video'))
    expect(readdirSync(join(folder, 'out'))).toEqual(['.v.mp4.part'])
    await part.commit()
    expect(readdirSync(join(folder, 'out'))).toEqual(['v.mp4'])
  })

  test('holds nothing of what was written before a restart', async () => {
    const part = await nodeFiles.openPart(join(folder, 'v.mp4'))
    await part.write(Buffer.from('something long'))
    await part.restart()
    await part.write(Buffer.from('short'))
    await part.commit()
    expect(readFileSync(join(folder, 'v.mp4'), 'utf8')).toBe('short')
  })

  test('is whole whatever the sizes of its pieces, also after a restart in the middle', async () => {
    const piece = (size: number, seed: number) =>
      Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * seed) % 251))
    const part = await nodeFiles.openPart(join(folder, 'v.mp4'))
    for (const size of [700_000, 1, 600_000]) await part.write(piece(size, 3))
    await part.restart()
    const pieces = [1, 65_536, 500_000, 2_000_000, 0, 17, 524_288, 300].map((size, i) => piece(size, i + 5))
    for (const one of pieces) await part.write(one)
    await part.commit()
    expect(readFileSync(join(folder, 'v.mp4')).equals(Buffer.concat(pieces))).toBe(true)
  })

  test('is gone when it is discarded', async () => {
    const part = await nodeFiles.openPart(join(folder, 'v.mp4'))
    await part.write(Buffer.from('video'))
    await part.discard()
    expect(readdirSync(folder)).toEqual([])
  })
})

test('an appended file keeps what it held, and can be cut', async () => {
  const path = join(folder, 'journal')
  writeFileSync(path, 'one\ntor')
  const file = await nodeFiles.openAppend(path)
  await file.truncate(4)
  await file.write(Buffer.from('two\n'))
  await file.flush()
  await file.close()
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
})

test('proving that a folder takes files leaves none in it', async () => {
  await nodeFiles.proveWritable(join(folder, 'new'))
  expect(readdirSync(join(folder, 'new'))).toEqual([])
})
