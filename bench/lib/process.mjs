import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const hook = join(import.meta.dirname, 'usage-hook.cjs')
let runs = 0

/**
 * @typedef {object} Measured
 * @property {number} wallMs From the start of the process to its end.
 * @property {number} endedAt Milliseconds since the Unix epoch.
 * @property {number} cpuMs Of the process; 0 for programs that are not Node.
 * @property {number} peakMb Most memory that it ever had; 0 for programs that are not Node.
 * @property {number | undefined} writtenMb What it handed to the system to write, sockets included; `undefined` where
 *   nobody tells.
 */

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {Record<string, string>} [env] Besides PATH and HOME.
 * @property {readonly number[]} [statuses] Exit statuses that are expected; default: 0.
 * @property {string} [output] A file that gets what the program prints; default: nobody.
 * @property {number} [timeoutMs] Default: ten minutes.
 */

/**
 * Runs a Node program as a process of its own and measures all of it.
 *
 * @param {readonly string[]} args Flags for node, the script and its arguments.
 * @param {RunOptions} [options]
 * @returns {Promise<Measured>}
 */
export async function runNode(args, options = {}) {
  const usageFile = join(tmpdir(), `shotlock-bench-usage-${process.pid}-${runs++}.json`)
  const env = { ...options.env, BENCH_USAGE_FILE: usageFile }
  try {
    const measured = await runProgram(process.execPath, ['--require', hook, ...args], { ...options, env })
    if (!existsSync(usageFile)) throw new Error(`${args.join(' ')} did not say what it took`)
    return { ...measured, ...JSON.parse(readFileSync(usageFile, 'utf8')) }
  } finally {
    rmSync(usageFile, { force: true })
  }
}

/**
 * Runs any program.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<Measured>}
 */
export async function runProgram(
  command,
  args,
  { cwd, env, statuses = [0], output, timeoutMs = 600_000 } = {},
) {
  const out = output === undefined ? undefined : openSync(output, 'w')
  try {
    const startedAt = performance.now()
    const child = spawn(command, args, {
      cwd,
      env: environment(env),
      stdio: ['ignore', out ?? 'ignore', 'pipe'],
      timeout: timeoutMs,
    })
    const kill = () => child.kill()
    process.once('exit', kill)
    child.once('exit', () => process.off('exit', kill))
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr = `${stderr}${text}`.slice(-4000)
    })
    const { status, signal } = await new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('exit', (status, signal) => resolve({ status, signal }))
    })
    const wallMs = performance.now() - startedAt
    const endedAt = Date.now()
    if (!statuses.includes(status)) {
      throw new Error(`${[command, ...args].join(' ')} ended with ${status ?? signal}:\n${stderr}`)
    }
    return { wallMs, endedAt, cpuMs: 0, peakMb: 0, writtenMb: undefined }
  } finally {
    if (out !== undefined) closeSync(out)
  }
}

/**
 * The time from starting a short program to its end, in milliseconds. Nothing else runs in this process meanwhile.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {string} cwd
 */
export function timeProgram(command, args, cwd) {
  const startedAt = performance.now()
  const { status, error } = spawnSync(command, args, { cwd, env: environment(), stdio: 'ignore' })
  const wallMs = performance.now() - startedAt
  if (error) throw error
  if (status !== 0) throw new Error(`${[command, ...args].join(' ')} ended with ${status}`)
  return wallMs
}

/**
 * Whether a program is installed.
 *
 * @param {string} command
 */
export function hasProgram(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0
}

/**
 * The first line that a program prints about its version; `undefined` when it is not installed.
 *
 * @param {string} command
 */
export function versionOf(command) {
  if (!hasProgram(command)) return undefined
  return spawnSync(command, ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0].trim()
}

/** Nothing of the person's own settings reaches what is measured. @param {Record<string, string>} [env] */
function environment(env) {
  return { PATH: process.env.PATH, HOME: tmpdir(), LANG: 'C.UTF-8', NO_COLOR: '1', ...env }
}
