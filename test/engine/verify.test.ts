import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { type FileCheck, type VerifyReport, verify } from '../../src/commands/verify.js'
import { ProviderError } from '../../src/core/errors.js'
import type { LoadOptions } from '../../src/engine/load-manifests.js'
import { createRig, type Rig } from '../support/rig.js'

const options: LoadOptions = { paths: [], cwd: '/project', rehearsal: false }
const out = (name: string) => `/project/manifests/out/ep01/${name}`
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

async function look(rig: Rig): Promise<VerifyReport> {
  return await verify(options, rig.files, { signal: new AbortController().signal })
}

async function repair(rig: Rig, signal = new AbortController().signal): Promise<VerifyReport> {
  return await verify(options, rig.files, { signal, repairWith: rig.world })
}

function filesOf({ manifests }: VerifyReport): Record<string, FileCheck> {
  return Object.fromEntries(manifests.flatMap(({ files }) => files.map((file) => [file.take, file])))
}

/** Three collected takes; the first is missing now, the second changed. */
async function damaged(): Promise<Rig> {
  const rig = createRig({ fox: 'a fox', hen: 'a hen', owl: 'an owl' })
  await rig.run()
  await rig.files.remove(out('fox.mp4'))
  rig.files.write(out('hen.mp4'), 'not what was paid for')
  return rig
}

describe('looking', () => {
  test('tells what is well, missing and changed, by hash', async () => {
    const rig = await damaged()
    const before = new Map(rig.files.contents)

    expect(filesOf(await look(rig))).toEqual({
      fox: { take: 'fox', part: 'video', path: 'out/ep01/fox.mp4', state: 'missing' },
      hen: { take: 'hen', part: 'video', path: 'out/ep01/hen.mp4', state: 'changed' },
      owl: { take: 'owl', part: 'video', path: 'out/ep01/owl.mp4', state: 'ok' },
    })
    expect(rig.files.contents).toEqual(before)
  })

  test('finds a change that leaves the size as it was', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    rig.files.write(out('fox.mp4'), 'video of cgt-2')
    expect(filesOf(await look(rig))).toMatchObject({ fox: { state: 'changed' } })
  })

  test('lists videos that no entry names, and nothing else', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    for (const name of ['old.mp4', 'sub/older.mov', '.fox.mp4.part', '.owl.mp4', 'notes.txt'])
      rig.files.write(out(name), 'x')
    rig.files.write('/project/manifests/out/ep02/other.mp4', 'x')

    const [check] = (await look(rig)).manifests
    expect(check!.orphans).toEqual(['out/ep01/old.mp4', 'out/ep01/sub/older.mov'])
  })

  test('knows a file whose name the file system spells in decomposed letters', async () => {
    const rig = createRig({ 'caf\u00e9': 'a fox' })
    await rig.run()
    rig.files.write(out('cafe\u0301.mp4'), 'the same file in another spelling')
    expect((await look(rig)).manifests[0]!.orphans).toEqual([])
  })

  test('says nothing of takes that were never collected', async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run({ wait: false })
    expect(await look(rig)).toMatchObject({ manifests: [{ files: [] }], interrupted: false })
  })

  test('can be broken off, and says so', async () => {
    const rig = await damaged()
    const report = await verify(options, rig.files, { signal: AbortSignal.abort() })
    expect(report).toMatchObject({ manifests: [{ files: [] }], interrupted: true })
  })

  test('a file that cannot be read is neither missing nor changed, and no repair touches it', async () => {
    const rig = await damaged()
    rig.files.readChunks = async () => {
      throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' })
    }
    expect(filesOf(await repair(rig))).toMatchObject({
      hen: { state: 'unreadable', repair: { kind: 'impossible' } },
    })
    expect(rig.files.text(out('hen.mp4'))).toBe('not what was paid for')
  })
})

describe('kept videos of superseded tasks', () => {
  const previous = 'out/ep01/previous/fox.cgt-1.mp4'
  const retaken = async () => {
    const rig = createRig({ fox: 'a fox' })
    await rig.run()
    await rig.run({ force: true })
    return rig
  }

  test('are hashed as well, apart from what the shots have now', async () => {
    const rig = await retaken()
    const { manifests } = await look(rig)
    expect(manifests[0]!.kept).toEqual([{ take: 'fox', task: 'cgt-1', path: previous, state: 'ok' }])
    expect(manifests[0]!.files).toMatchObject([{ path: 'out/ep01/fox.mp4', state: 'ok' }])
  })

  test.each<[state: string, damage: (rig: Rig) => unknown]>([
    ['missing', (rig) => rig.files.remove(`/project/manifests/${previous}`)],
    ['changed', (rig) => rig.files.write(`/project/manifests/${previous}`, 'cut')],
  ])('are told as %s, and no repair touches them', async (state, damage) => {
    const rig = await retaken()
    await damage(rig)
    const before = new Map(rig.files.contents)
    const { manifests } = await repair(rig)
    expect(manifests[0]).toMatchObject({ files: [{ state: 'ok' }], kept: [{ state }], orphans: [] })
    expect(rig.files.text(`/project/manifests/${previous}`)).toBe(
      before.has(`/project/manifests/${previous}`) ? 'cut' : undefined,
    )
  })
})

describe('repairing', () => {
  test('fetches missing and changed files again and keeps what was changed', async () => {
    const rig = await damaged()
    const locked = rig.lockText()

    expect(filesOf(await repair(rig))).toMatchObject({
      fox: { state: 'missing', repair: { kind: 'restored' } },
      hen: { state: 'changed', repair: { kind: 'restored', kept: 'out/ep01/hen.changed.mp4' } },
      owl: { state: 'ok' },
    })
    expect(rig.files.text(out('fox.mp4'))).toBe('video of cgt-1')
    expect(rig.files.text(out('hen.mp4'))).toBe('video of cgt-2')
    expect(rig.files.text(out('hen.changed.mp4'))).toBe('not what was paid for')
    expect(rig.lockText()).toBe(locked)
    expect(rig.provider.creates).toHaveLength(3)
    expect(rig.provider.calls.download).toHaveLength(5)
  })

  test('never overwrites what an earlier repair has put aside', async () => {
    const rig = await damaged()
    await repair(rig)
    rig.files.write(out('hen.mp4'), 'changed once more')

    expect(filesOf(await repair(rig))).toMatchObject({
      hen: { repair: { kept: 'out/ep01/hen.changed-2.mp4' } },
    })
    expect(rig.files.text(out('hen.changed.mp4'))).toBe('not what was paid for')
    expect(rig.files.text(out('hen.changed-2.mp4'))).toBe('changed once more')
  })

  test('leaves a changed file in its place when nothing better can be had', async () => {
    const rig = await damaged()
    rig.provider.onCall = (call) => {
      if (call === 'download') throw new ProviderError('gone', { status: 403 })
    }
    rig.provider.answer = (task) => ({ ...task, videoUrl: undefined })

    expect(filesOf(await repair(rig))).toMatchObject({
      fox: { repair: { kind: 'impossible', why: 'the provider no longer has it' } },
      hen: { repair: { kind: 'impossible' } },
    })
    expect(rig.files.text(out('hen.mp4'))).toBe('not what was paid for')
    expect(rig.files.contents.has(out('hen.changed.mp4'))).toBe(false)
  })

  test('says when the provider delivers other bytes, and locks their hash', async () => {
    const rig = await damaged()
    rig.provider.onDownload = (video) => ({
      offset: 0,
      totalBytes: video.length + 1,
      chunks: (async function* () {
        yield video
        yield new Uint8Array([33])
      })(),
    })
    const hash = sha256('video of cgt-1!')

    expect(filesOf(await repair(rig))).toMatchObject({ fox: { repair: { kind: 'different', sha256: hash } } })
    expect(rig.locked().fox).toMatchObject({ sha256: hash, video: 'out/ep01/fox.mp4' })
    expect(filesOf(await look(rig))).toMatchObject({ fox: { state: 'ok' } })
  })

  test('asks only the provider that a take was bought from', async () => {
    const rig = await damaged()
    const asked = rig.provider.calls.retrieve.length
    Object.assign(rig.provider, { name: 'byteplus' })

    expect(filesOf(await repair(rig))).toMatchObject({
      fox: { repair: { kind: 'impossible', why: 'it was bought from ark' } },
    })
    expect(rig.provider.calls.retrieve).toHaveLength(asked)
  })

  test('writes nothing outside of the folder of the manifest, whatever the lockfile says', async () => {
    const rig = await damaged()
    const path = '/project/manifests/ep01.lock.yaml'
    rig.files.write(path, rig.lockText()!.replace('"out/ep01/hen.mp4"', '"../../home/.profile"'))
    rig.files.write('/home/.profile', 'mine')

    expect(filesOf(await repair(rig))).toMatchObject({
      hen: { state: 'changed', repair: { kind: 'impossible' } },
    })
    expect(rig.files.text('/home/.profile')).toBe('mine')
  })

  test('goes on with the next file when the disk refuses one', async () => {
    const rig = await damaged()
    rig.files.fault = (action) => {
      if (action === 'move') throw Object.assign(new Error('EPERM: not permitted'), { code: 'EPERM' })
    }
    expect(filesOf(await repair(rig))).toMatchObject({
      fox: { repair: { kind: 'restored' } },
      hen: { repair: { kind: 'impossible', why: 'EPERM: not permitted' } },
    })
    expect(rig.files.text(out('hen.mp4'))).toBe('not what was paid for')
  })

  test('tells where a changed file is also when the new one could not take its place', async () => {
    const rig = await damaged()
    const { openPart } = rig.files
    rig.files.openPart = async (path) => ({
      ...(await openPart(path)),
      commit: async () => {
        throw Object.assign(new Error('EIO: input/output error'), { code: 'EIO' })
      },
    })
    expect(filesOf(await repair(rig))).toMatchObject({
      hen: { repair: { kind: 'impossible', kept: 'out/ep01/hen.changed.mp4' } },
    })
  })

  test('ends when the ledger cannot be written, with the reason', async () => {
    const rig = await damaged()
    rig.files.fault = (action) => {
      if (action === 'append') throw new Error('ENOSPC')
    }
    await expect(repair(rig)).rejects.toMatchObject({ code: 'state-unwritable' })
  })

  test('an interruption in a download keeps the old file and is told', async () => {
    const rig = await damaged()
    const interrupted = new AbortController()
    rig.provider.onCall = (call) => {
      if (call !== 'download') return
      interrupted.abort(new Error('interrupted'))
      throw new ProviderError('cut', { status: 500 })
    }
    const report = await repair(rig, interrupted.signal)
    expect(report.interrupted).toBe(true)
    expect(filesOf(report)).toMatchObject({
      fox: { repair: { why: 'it was interrupted' } },
      hen: { state: 'changed' },
    })
    expect(rig.files.text(out('hen.mp4'))).toBe('not what was paid for')
  })
})
