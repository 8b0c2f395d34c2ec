import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

/** The built binary and the built library. */
export const bin = resolve(import.meta.dirname, '../../dist/bin.js')
export const library = resolve(import.meta.dirname, '../../dist/index.mjs')

/**
 * Makes a folder for temporary files, lets work be done in it, and removes it whatever happens.
 *
 * @template T
 * @param {(folder: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'shotlock-bench-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', remove)
  try {
    return await work(folder)
  } finally {
    process.off('exit', remove)
    remove()
  }
}

/**
 * A project with one manifest, `manifests/bench.yaml`.
 *
 * @param {string} folder Is made.
 * @param {string} yaml
 * @returns {string} The folder.
 */
export function writeProject(folder, yaml) {
  mkdirSync(join(folder, '.git'), { recursive: true })
  mkdirSync(join(folder, 'manifests'), { recursive: true })
  writeFileSync(join(folder, 'manifests', 'bench.yaml'), yaml)
  return folder
}

/**
 * Takes away what shotlock has left in a project, so that it is as new.
 *
 * @param {string} folder
 */
export function forget(folder) {
  for (const path of [
    '.shotlock',
    'manifests/out',
    'manifests/bench.lock.yaml',
    'manifests/bench.simulator.lock.yaml',
  ])
    rmSync(join(folder, path), { recursive: true, force: true })
}
