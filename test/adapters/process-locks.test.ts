import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { nodeFiles } from '../../src/adapters/node-files.js'
import { fileLocks } from '../../src/adapters/process-locks.js'

let path = ''
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'shotlock-locks-'))
  path = join(folder, 'ep01.lock')
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
})

test('a lock that is held says by whom, and can be had again once it is given back', async () => {
  const locks = fileLocks(nodeFiles)
  const first = await locks.acquire(path)
  expect(await locks.acquire(path)).toEqual({ heldBy: { pid: process.pid, host: hostname() } })

  if ('release' in first) await first.release()
  expect(existsSync(path)).toBe(false)
  expect(await locks.acquire(path)).toHaveProperty('release')
})

test('a living process of this machine keeps its lock', async () => {
  const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'])
  onTestFinished(() => void other.kill('SIGKILL'))
  writeFileSync(path, JSON.stringify({ pid: other.pid, host: hostname() }))
  expect(await fileLocks(nodeFiles).acquire(path)).toEqual({ heldBy: { pid: other.pid, host: hostname() } })
})

test('the lock of a process that was killed is taken over', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '0'])
  writeFileSync(path, JSON.stringify({ pid, host: hostname() }))
  expect(await fileLocks(nodeFiles).acquire(path)).toHaveProperty('release')
})

test('a lock of another machine is respected, since its process cannot be asked', async () => {
  writeFileSync(path, JSON.stringify({ pid: 1, host: 'another-machine' }))
  expect(await fileLocks(nodeFiles).acquire(path)).toEqual({ heldBy: { pid: 1, host: 'another-machine' } })
})

test('a lock with the number of this process that it does not hold was left by an earlier one', async () => {
  writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname() }))
  expect(await fileLocks(nodeFiles).acquire(path)).toHaveProperty('release')
})

test('an unreadable lock is a dead one', async () => {
  writeFileSync(path, '')
  expect(await fileLocks(nodeFiles).acquire(path)).toHaveProperty('release')
})

test('of many that find a dead lock, exactly one gets it', async () => {
  const { pid } = spawnSync(process.execPath, ['-e', '0'])
  writeFileSync(path, JSON.stringify({ pid, host: hostname() }))
  const results = await Promise.all(Array.from({ length: 10 }, () => fileLocks(nodeFiles).acquire(path)))
  expect(results.filter((result) => 'release' in result)).toHaveLength(1)
  expect(readdirSync(join(path, '..'))).toEqual(['ep01.lock'])
})
