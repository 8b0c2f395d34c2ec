import { describe, expect, test } from 'vitest'
import { exportTable } from '../../src/commands/export.js'
import { move } from '../../src/commands/move.js'
import { pick } from '../../src/commands/pick.js'
import { plan } from '../../src/commands/plan.js'
import { prune } from '../../src/commands/prune.js'
import { status } from '../../src/commands/status.js'
import { createRig, type Rig } from '../support/rig.js'

const fox = { prompt: 'a fox', takes: 3 }
const options = { paths: [], cwd: '/project', rehearsal: false }
const lockPath = '/project/manifests/ep01.lock.yaml'

const choose = (rig: Rig, ...shots: string[]) => pick({ ...options, shots }, rig.world)
const takeBack = (rig: Rig, ...shots: string[]) => pick({ ...options, shots, undo: true }, rig.world)
const picks = (rig: Rig, name?: string) =>
  Object.entries(rig.locked(name)).flatMap(([take, entry]) => (entry.pick ? [take] : []))

/** A rig whose shots are bought and collected. */
async function bought(shots: Record<string, unknown> = { fox, owl: 'an owl' }): Promise<Rig> {
  const rig = createRig(shots)
  await rig.run()
  return rig
}

describe('pick', () => {
  test('chooses the take that is named, take 1 by the name of its shot', async () => {
    const rig = await bought()
    expect(await choose(rig, 'fox@2', 'owl')).toEqual({
      picked: [
        { manifest: 'ep01', take: 'fox@2', task: 'cgt-2', picked: true, unchanged: false },
        { manifest: 'ep01', take: 'owl', task: 'cgt-4', picked: true, unchanged: false },
      ],
    })
    expect(picks(rig)).toEqual(['fox@2', 'owl'])
  })

  test('adds one line to the lockfile, and nothing the second time', async () => {
    const rig = await bought()
    const before = rig.lockText()!.split('\n')
    await choose(rig, 'fox@2')
    const after = rig.lockText()!
    expect(after.split('\n').filter((line) => !before.includes(line))).toEqual(['    pick: true'])
    expect((await choose(rig, 'fox@2')).picked).toMatchObject([{ take: 'fox@2', unchanged: true }])
    expect(rig.lockText()).toBe(after)
  })

  test('takes the pick of the other takes of the shot away, also of one that has left the manifest', async () => {
    const rig = await bought()
    await choose(rig, 'fox@3')
    rig.writeManifest({ fox: { ...fox, takes: 2 } })
    expect((await choose(rig, 'fox')).picked).toMatchObject([{ take: 'fox', instead: 'fox@3' }])
    expect(picks(rig)).toEqual(['fox'])
  })

  test('takes a glob over shots, with the number of the take behind it', async () => {
    const rig = await bought({ 'fox-a': fox, 'fox-b': fox, 'fox-c': 'one take', owl: fox })
    await choose(rig, 'fox-*@2')
    expect(picks(rig)).toEqual(['fox-a@2', 'fox-b@2'])
    await choose(rig, '*')
    expect(picks(rig)).toEqual(['fox-a', 'fox-b', 'fox-c', 'owl'])
  })

  test('picks in every manifest that has the shot', async () => {
    const rig = await bought()
    rig.writeManifest({ fox }, 'ep02')
    await rig.run()
    expect((await choose(rig, 'fox@2')).picked).toMatchObject([{ manifest: 'ep01' }, { manifest: 'ep02' }])
    expect([picks(rig), picks(rig, 'ep02')]).toEqual([['fox@2'], ['fox@2']])
  })

  test('can be taken back by the name of the shot or of the take', async () => {
    const rig = await bought()
    const before = rig.lockText()
    for (const name of ['fox', 'fox@2']) {
      await choose(rig, 'fox@2')
      expect((await takeBack(rig, name)).picked).toMatchObject([{ take: 'fox@2', picked: false }])
      expect(rig.lockText()).toBe(before)
    }
  })

  test.each([
    ['a shot that is not there', 'fxo', 'nothing-selected', 'did you mean "fox"'],
    ['a take that has no number', 'fox@x', 'nothing-selected', 'no shot fits'],
    ['a draft', 'fox@draft', 'nothing-selected', 'no shot fits'],
    ['a take beyond the last', 'fox@4', 'cannot-pick', 'the shot has 3 takes'],
    ['a take that was not bought', 'owl', 'cannot-pick', '"owl" is not bought yet'],
    ['a second take of the same shot', 'fox@3', 'usage', 'both are takes of "fox"'],
  ])('refuses %s, and picks nothing then', async (_, name, code, why) => {
    const rig = await bought({ fox })
    rig.writeManifest({ fox, owl: 'an owl' })
    await expect(choose(rig, 'fox@2', name)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(why),
    })
    expect(picks(rig)).toEqual([])
  })

  test.each([
    ['has failed', { ends: { status: 'failed', error: { code: 'E', message: '' } } }, 'has failed'],
    ['was cancelled', { ends: { status: 'cancelled' } }, 'was cancelled'],
    ['is live', { livesMs: Number.POSITIVE_INFINITY }, 'is not done yet'],
  ] as const)('refuses a take that %s', async (_, script, why) => {
    const rig = createRig({ fox })
    rig.provider.script = () => script
    await rig.run({ wait: false })
    if ('ends' in script) await rig.run()
    await expect(choose(rig, 'fox')).rejects.toMatchObject({
      code: 'cannot-pick',
      message: expect.stringContaining(why),
    })
  })

  test('refuses a result that is lost', async () => {
    const rig = await bought({ owl: 'an owl' })
    rig.files.write(lockPath, rig.lockText()!.replace(/( +sha256: .*\n)/, '$1    error: "result-gone"\n'))
    await expect(choose(rig, 'owl')).rejects.toMatchObject({ code: 'cannot-pick' })
  })

  test('refuses to take back what is not picked', async () => {
    const rig = await bought()
    await choose(rig, 'fox@2')
    for (const name of ['fox@3', 'owl'])
      await expect(takeBack(rig, name)).rejects.toMatchObject({ code: 'cannot-pick' })
    expect(picks(rig)).toEqual(['fox@2'])
  })
})

describe('a pick', () => {
  test('goes when its take is bought anew, and stays when the run leaves it alone', async () => {
    const rig = await bought()
    await choose(rig, 'fox@2', 'owl')
    rig.writeManifest({ fox, owl: 'another owl' })
    await rig.run()
    expect(picks(rig)).toEqual(['fox@2'])
    expect(rig.locked().owl).toMatchObject({ task: 'cgt-5', previous: ['cgt-4'] })
  })

  test('goes along when its shot is renamed', async () => {
    const rig = await bought({ fox })
    await choose(rig, 'fox@2')
    rig.writeManifest({ wolf: fox })
    await move({ ...options, from: 'fox', to: 'wolf' }, rig.world)
    expect(picks(rig)).toEqual(['wolf@2'])
  })

  test('that was moved to another take while a rename was cut off half way stays there', async () => {
    const rig = await bought({ fox })
    await choose(rig, 'fox@2')
    rig.writeManifest({ wolf: fox })
    let appends = 0
    rig.files.fault = (action) => {
      if (action === 'append') appends++
      // Two records a take: the second take is written down under its new name, and not yet dropped under the old.
      if (appends > 3) throw new Error('ENOSPC')
    }
    await expect(move({ ...options, from: 'fox', to: 'wolf' }, rig.world)).rejects.toThrow()
    rig.files.fault = () => undefined
    await choose(rig, 'wolf')
    await move({ ...options, from: 'fox', to: 'wolf' }, rig.world)
    expect(picks(rig)).toEqual(['wolf'])
    expect(Object.keys(rig.locked())).toEqual(['wolf', 'wolf@2', 'wolf@3'])
  })

  test('goes with its entry when that is pruned', async () => {
    const rig = await bought({ fox })
    await choose(rig, 'fox@3')
    rig.writeManifest({ fox: { ...fox, takes: 2 } })
    await prune(options, rig.world, { confirm: async () => true })
    expect(Object.keys(rig.locked())).toEqual(['fox', 'fox@2'])
    expect(picks(rig)).toEqual([])
  })

  test('is not recalled with what a deleted lockfile has forgotten: it may be one of another branch', async () => {
    const rig = await bought({ fox })
    await choose(rig, 'fox@2')
    rig.files.contents.delete(lockPath)
    await rig.run()
    expect(rig.provider.creates).toHaveLength(3)
    expect(Object.keys(rig.locked())).toEqual(['fox', 'fox@2', 'fox@3'])
    expect(picks(rig)).toEqual([])
  })

  test('is told by status and export', async () => {
    const rig = await bought({ fox })
    await choose(rig, 'fox@2')
    const preview = { ...options, selection: {} }
    const { manifests } = await status(preview, rig.world)
    expect(manifests[0]!.takes.filter(({ picked }) => picked).map(({ take }) => take)).toEqual(['fox@2'])
    const { takes, text } = await exportTable(preview, rig.world)
    expect(takes.map(({ picked }) => picked)).toEqual([false, true, false])
    const titles = text.split('\r\n')[0]!.split(',')
    const cells = text
      .split('\r\n')
      .slice(1, 4)
      .map((row) => row.split(',')[titles.indexOf('picked')])
    expect(cells).toEqual(['', 'yes', ''])
  })
})

describe('a crash while a pick moves from one take to another', () => {
  test.each(['append', 'replace'] as const)('at %s leaves exactly one', async (at) => {
    const rig = await bought({ fox })
    await choose(rig, 'fox@2')
    rig.files.fault = (action, path) => {
      if (action === at && !path.endsWith('.gitignore')) throw new Error('ENOSPC')
    }
    await expect(choose(rig, 'fox@3')).rejects.toThrow()
    rig.files.fault = () => undefined
    expect(picks(rig)).toEqual(['fox@2'])

    await rig.run()
    // Once its record is on the disk, the decision holds.
    expect(picks(rig)).toEqual([at === 'append' ? 'fox@2' : 'fox@3'])
  })

  test('that cuts its record off at any byte leaves the old pick', async () => {
    const rig = await bought({ fox })
    await choose(rig, 'fox@2')
    rig.files.fault = (action) => {
      if (action === 'replace') throw new Error('ENOSPC')
    }
    await expect(choose(rig, 'fox@3')).rejects.toThrow()
    rig.files.fault = () => undefined
    const path = '/project/.shotlock/ledger/manifests/ep01.journal.jsonl'
    const journal = rig.files.contents.get(path)!
    const lockfile = rig.lockText()!
    for (let length = 0; length <= journal.length; length++) {
      rig.files.write(path, journal.slice(0, length))
      rig.files.write(lockPath, lockfile)
      await rig.run()
      expect(picks(rig)).toEqual([length < journal.length ? 'fox@2' : 'fox@3'])
    }
  })
})

test('two picks in one shot, written by hand or by a merge of texts, stop plan, run and pick with both names', async () => {
  const rig = await bought({ fox })
  await choose(rig, 'fox@2')
  const edited = rig.lockText()!.replace(/(sha256: .*\n)$/, '$1    pick: true\n')
  rig.files.write(lockPath, edited)
  for (const work of [
    () => plan({ ...options, selection: {} }, rig.world),
    () => rig.run(),
    () => choose(rig, 'fox'),
  ])
    await expect(work()).rejects.toMatchObject({
      code: 'lockfile-invalid',
      message: expect.stringContaining('"fox@2" and "fox@3" are both picked'),
    })
  expect(rig.lockText()).toBe(edited)
})
