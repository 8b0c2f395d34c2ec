import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { makeEntries } from '../../bench/lib/ledger.mjs'
import { makeManifest, requestsOf } from '../../bench/lib/shots.mjs'
import { type LockEntries, parseLockfile, renderLockfile } from '../../src/core/lockfile.js'
import { parseManifest } from '../../src/core/manifest.js'

const { yaml, data } = makeManifest(1000)

test('a generated manifest reads as the data that comes with it', () => {
  expect(parse(yaml)).toEqual(data)
})

test('a generated manifest has no problems', () => {
  const { problems, manifest } = parseManifest(yaml, 'bench.yaml')
  expect(problems.filter(({ code }) => code !== 'prompt-twice')).toEqual([])
  expect(manifest.shots).toHaveLength(1000)
})

test('a generated manifest is the same every time', () => {
  expect(makeManifest(1000).yaml).toBe(yaml)
})

test('a generated manifest is written in the ways in which people write', () => {
  const prompts = yaml.match(/^ {4}prompt: ./gm) ?? []
  const starts = new Set(prompts.map((prompt) => (/["'>]/.test(prompt.at(-1)!) ? prompt.at(-1) : 'plain')))
  expect(starts).toEqual(new Set(['plain', '"', "'", '>']))
  const lines = yaml.split('\n').filter((line) => line.startsWith('    ')).length + 1000
  expect(lines / 1000).toBeGreaterThan(6)
  expect(lines / 1000).toBeLessThan(8)
})

test('requests of a manifest hold no variable any more', () => {
  expect(JSON.stringify(requestsOf(data))).not.toContain('${')
})

test('generated entries are a lockfile', () => {
  const entries = makeEntries(500) as unknown as LockEntries
  expect(parseLockfile(renderLockfile(entries), 'bench.lock.yaml')).toEqual(entries)
})
