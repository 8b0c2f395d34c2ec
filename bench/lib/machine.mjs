import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'
import { versionOf } from './process.mjs'

const loadBefore = Math.round(loadavg()[0] * 10) / 10
const root = join(import.meta.dirname, '../..')

/**
 * What a figure was measured on and with.
 *
 * @typedef {object} Circumstances
 * @property {string} date Of the day, in ISO form.
 * @property {string} machine
 * @property {number} loadBefore What else the machine was busy with: programs that ran or waited to run, on average, in
 *   the minute before measuring began.
 * @property {string} shotlock Version and commit.
 * @property {Record<string, string>} versions Of what took part.
 */

/** @returns {Circumstances} */
export function circumstances() {
  const models = new Set(cpus().map(({ model }) => model.trim()))
  const gigabytes = Math.round(totalmem() / 1024 ** 3)
  const versions = {
    Node: process.versions.node,
    yaml: packageVersion('yaml'),
    undici: packageVersion('undici'),
    curl: versionOf('curl')?.split(' ')[1],
    'GNU parallel': versionOf('parallel')?.split(' ').at(-1),
    Python: versionOf('python3')?.split(' ')[1],
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} × ${[...models].join(', ')}, ${gigabytes} GB, ${type()} ${release()} ${arch()}`,
    loadBefore,
    shotlock: `${readJson('package.json').version}${commit()}`,
    versions: Object.fromEntries(Object.entries(versions).filter(([, version]) => version !== undefined)),
  }
}

/** What to say when others use this machine too; `undefined` when it is quiet. */
export function busyWarning() {
  if (loadBefore < cpus().length / 2) return undefined
  return `This machine is busy (load ${loadBefore} on ${cpus().length} processors): figures will be far apart`
}

/** @param {string} name */
function packageVersion(name) {
  return readJson(`node_modules/${name}/package.json`).version
}

/** @param {string} path */
function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'))
}

/** Empty outside of a git checkout. */
function commit() {
  const git = (...args) =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    const changed = git('status', '--porcelain', '--', 'src', 'package.json') === '' ? '' : ', with changes'
    return ` (${git('rev-parse', '--short', 'HEAD')}${changed})`
  } catch {
    return ''
  }
}
