import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { nodeFiles } from '../../src/adapters/node-files.js'
import { isInOneOf, mediaTypeOf } from '../../src/engine/shown-files.js'

let folder = ''
const at = (name: string) => join(folder, name)
const isShown = (name: string, roots = ['project']) => isInOneOf(roots.map(at), at(name), nodeFiles)

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'shotlock-shown-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const name of ['project/out', 'elsewhere', 'project-two']) mkdirSync(at(name), { recursive: true })
  for (const name of ['project/out/film.mp4', 'elsewhere/film.mp4', 'project-two/film.mp4'])
    writeFileSync(at(name), name)
})

describe('a file is shown', () => {
  test('that lies in a project, however deep', async () => {
    expect(await isShown('project/out/film.mp4')).toBe(true)
  })

  test('that lies in one of several projects', async () => {
    expect(await isShown('elsewhere/film.mp4', ['project', 'elsewhere'])).toBe(true)
  })

  test('that is a link to one inside', async () => {
    symlinkSync(at('project/out/film.mp4'), at('project/link.mp4'))
    expect(await isShown('project/link.mp4')).toBe(true)
  })

  test('that lies in a project which was named by a link', async () => {
    symlinkSync(at('project'), at('named'))
    expect(await isShown('named/out/film.mp4', ['named'])).toBe(true)
    expect(await isShown('project/out/film.mp4', ['named'])).toBe(true)
  })
})

describe('a file is not shown', () => {
  test('that lies elsewhere, be the name of its folder alike', async () => {
    for (const name of ['elsewhere/film.mp4', 'project-two/film.mp4', 'project/../elsewhere/film.mp4'])
      expect([name, await isShown(name)]).toEqual([name, false])
  })

  test('that is a link to elsewhere, or lies in a folder that is one', async () => {
    symlinkSync(at('elsewhere/film.mp4'), at('project/link.mp4'))
    symlinkSync(at('elsewhere'), at('project/folder'))
    symlinkSync(at('project/link.mp4'), at('project/out/link-to-link.mp4'))
    for (const name of ['project/link.mp4', 'project/folder/film.mp4', 'project/out/link-to-link.mp4'])
      expect([name, await isShown(name)]).toEqual([name, false])
  })

  test('that is not there, or a link to nothing or to itself', async () => {
    symlinkSync(at('nothing'), at('project/dangling.mp4'))
    symlinkSync(at('project/loop.mp4'), at('project/loop.mp4'))
    for (const name of ['project/none.mp4', 'project/dangling.mp4', 'project/loop.mp4'])
      expect([name, await isShown(name)]).toEqual([name, false])
  })

  test('when there is no project', async () => {
    expect(await isShown('project/out/film.mp4', [])).toBe(false)
    expect(await isShown('project/out/film.mp4', ['none'])).toBe(false)
  })
})

test.each([
  ['a.mp4', 'video/mp4'],
  ['a/b.c/D.MP4', 'video/mp4'],
  ['a.mov', 'video/quicktime'],
  ['a.JPeG', 'image/jpeg'],
  ['fox.last.png', 'image/png'],
  ['a.wav', 'audio/wav'],
  // Might carry scripts.
  ['a.svg', undefined],
  ['a.html', undefined],
  ['a.pdf', undefined],
  ['mp4', undefined],
  ['a.mp4/b', undefined],
  ['a.mp4\\b', undefined],
  ['a.', undefined],
  ['', undefined],
  ['a.constructor', undefined],
  ['a.__proto__', undefined],
])('the type of %j is %s', (path, type) => {
  expect(mediaTypeOf(path)).toBe(type)
})
