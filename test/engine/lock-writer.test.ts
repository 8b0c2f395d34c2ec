import { expect, test } from 'vitest'
import { type LockEntry, renderLockfile } from '../../src/core/lockfile.js'
import type { TakeName } from '../../src/core/names.js'
import { LockWriter } from '../../src/engine/lock-writer.js'
import { entry, takeName, task } from '../core/builders.js'
import { fakeClock } from '../support/fake-clock.js'
import { memoryFiles } from '../support/memory-files.js'

const path = '/project/ep01.lock.yaml'

/** A writer of so many entries, and a way to change one of them after so much time. */
async function rigOf(takes: number) {
  const clock = fakeClock()
  const files = memoryFiles()
  let writtenBytes = 0
  const replaceIfSame: typeof files.replaceIfSame = async (to, text, expected) => {
    const result = await files.replaceIfSame(to, text, expected)
    writtenBytes += files.contents.get(to)!.length
    return result
  }
  const entries = new Map<TakeName, LockEntry>()
  for (let index = 0; index < takes; index++) entries.set(takeName(`shot-${index}`), entry('unknown'))
  const writer = new LockWriter(
    path,
    { clock, files: { ...files, replaceIfSame }, mark: () => undefined },
    { entries: () => new Map(entries), fingerprint: undefined },
  )
  return {
    clock,
    files,
    writer,
    entries,
    writtenBytes: () => writtenBytes,
    async changeEvery(ms: number, times: number) {
      for (let time = 0; time < times; time++) {
        entries.set(takeName(`shot-${time % takes}`), entry('submitted', { task: task(`t-${time}`) }))
        writer.touch()
        await clock.sleep(ms)
      }
    },
  }
}

test('a small lockfile follows what happens within moments', async () => {
  const rig = await rigOf(10)
  await rig.changeEvery(1_000, 20)
  expect(rig.files.replaced.get(path)).toBe(20)
  await rig.writer.finish()
  expect(rig.files.text(path)).toBe(renderLockfile(rig.entries))
})

test('a large lockfile is written the more seldom the larger it is, and whole at the end', async () => {
  const rig = await rigOf(5_000)
  await rig.changeEvery(100, 600)
  await rig.writer.finish()
  const text = renderLockfile(rig.entries)
  expect(rig.files.text(path)).toBe(text)
  // A minute at 250,000 a second, the first write and the last.
  expect(rig.writtenBytes()).toBeLessThan(60 * 250_000 + 2 * text.length)
  expect(rig.files.replaced.get(path)).toBeGreaterThan(5)
})
