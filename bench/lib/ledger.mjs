import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { chance } from './chance.mjs'

/**
 * @typedef {object} Library The part of dist/index.mjs that this needs.
 * @property {Function} parseManifest
 * @property {Function} takesOf
 * @property {Function} digestOf
 * @property {Function} renderLockfile
 */

/**
 * Entries of a project in its second month: nearly all takes are there, some failed, some were bought twice.
 *
 * @param {number} count
 * @returns {Map<string, Record<string, unknown>>}
 */
export function makeEntries(count) {
  const random = chance(3)
  const entries = new Map()
  for (let index = 0; index < count; index++) {
    const name = `sc${String(Math.floor(index / 50)).padStart(4, '0')}-shot${String(index % 50).padStart(2, '0')}`
    const digest = `v1:${hash(`digest of ${name}`)}`
    const seed = Math.floor(random() * 2 ** 31)
    const head = { task: taskId(index), provider: 'ark', digest, seed }
    const luck = random()
    if (luck < 0.04)
      entries.set(name, { status: 'failed', ...head, error: 'OutputVideoSensitiveContentDetected' })
    else if (luck < 0.05) entries.set(name, { status: 'submitted', ...head, reserved: '1.3968 CNY' })
    else {
      const previous = luck > 0.95 ? { previous: [taskId(index + count)] } : {}
      entries.set(name, {
        status: 'succeeded',
        ...head,
        ...result(name, `out/bench/${name}.mp4`),
        ...previous,
      })
    }
  }
  return entries
}

/**
 * Puts a lockfile and results beside a manifest, as if all of it had been bought. The results are empty files: whether
 * they are there is what a plan asks.
 *
 * @param {string} project
 * @param {string} yaml Its manifest, of shots without local images.
 * @param {Library} library
 * @returns {Record<string, unknown>} The lockfile's data.
 */
export function writeBought(project, yaml, library) {
  const { manifest } = library.parseManifest(yaml, 'manifests/bench.yaml')
  const entries = new Map()
  for (const take of manifest.shots.flatMap((shot) => library.takesOf(shot))) {
    const name = take.shot.name
    const digest = library.digestOf(take, () => '')
    const head = {
      status: 'succeeded',
      task: taskId(entries.size),
      provider: 'ark',
      digest,
      seed: entries.size,
    }
    const video = `out/bench/${name}.mp4`
    entries.set(name, { ...head, ...result(name, video) })
    const path = join(project, 'manifests', video)
    if (entries.size === 1) mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '')
  }
  writeFileSync(join(project, 'manifests/bench.lock.yaml'), library.renderLockfile(entries))
  return { lockfileVersion: 1, shots: Object.fromEntries(entries) }
}

/** @param {string} name @param {string} video */
function result(name, video) {
  return { tokens: 87_300, cost: '1.3968 CNY', video, sha256: hash(`video of ${name}`) }
}

/** @param {number} index */
function taskId(index) {
  return `cgt-20260108111352-${index.toString(36).padStart(5, '0')}`
}

/** @param {string} text */
function hash(text) {
  return createHash('sha256').update(text).digest('hex')
}
