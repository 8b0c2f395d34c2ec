// Other programs: shotlock itself, and git.
import { spawn } from 'node:child_process'

/** Names of variables that hold keys of people, or tokens of the job. */
const secret = /(_API_KEY|_TOKEN|_SECRET|_PASSWORD)$/i

/** An environment without keys and tokens, for whoever has no need of them. */
export function withoutSecrets(env = process.env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !secret.test(name)))
}

/**
 * Runs a program to its end.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, echo?: boolean }} options `echo`: what it prints
 *   goes to the log as well.
 * @returns {Promise<{ status: number, stdout: string, stderr: string }>}
 */
export function runProgram(program, args, { cwd, env = process.env, echo = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const read = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        read[name] += text
        if (echo) process[name].write(text)
      })
    }
    child.on('error', reject)
    child.on('close', (status) => resolve({ status: status ?? 1, ...read }))
  })
}

/**
 * A way to run commands of shotlock that send nothing. None of them gets a key; but where a provider is named, one is
 * asked for.
 *
 * @param {{ bin: string, cwd: string, provider?: string | undefined }} where
 */
export function shotlockIn({ bin, cwd, provider }) {
  const { SHOTLOCK_BASE_URL: url, SHOTLOCK_PROVIDER: named } = process.env
  const isNamed = Boolean(provider || url || named)
  const env = withGit({ ...withoutSecrets(), ...(isNamed ? { SHOTLOCK_API_KEY: 'none-is-needed' } : {}) })
  return (...args) => runProgram(process.execPath, [bin, ...args], { cwd, env })
}

/**
 * A way to run git in a folder.
 *
 * @returns {(...args: string[]) => Promise<{ status: number, stdout: string, stderr: string }>}
 */
export function gitIn(cwd, { env = process.env, settings = [] } = {}) {
  const full = withGit(
    { ...env, GIT_TERMINAL_PROMPT: '0', GIT_EDITOR: 'true', GIT_LFS_SKIP_SMUDGE: '1' },
    settings,
  )
  return (...args) => runProgram('git', args, { cwd, env: full })
}

/**
 * An environment in which every git that is called, by whomever, has these settings. The work tree may belong to
 * another user where the job runs in a container.
 */
function withGit(env, settings = []) {
  const all = [['safe.directory', '*'], ...settings]
  const before = Number(env.GIT_CONFIG_COUNT) || 0
  const added = all.flatMap(([key, value], at) => [
    [`GIT_CONFIG_KEY_${before + at}`, key],
    [`GIT_CONFIG_VALUE_${before + at}`, value],
  ])
  return { ...env, ...Object.fromEntries(added), GIT_CONFIG_COUNT: String(before + all.length) }
}

/** The output of a git command that must work. */
export async function must(result, what) {
  const { status, stdout, stderr } = await result
  if (status !== 0) throw new Error(`${what}: ${stderr.trim() || stdout.trim()}`)
  return stdout.trim()
}
