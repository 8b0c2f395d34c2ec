// The inputs of the action, checked once; later steps read them as one JSON value.
import { existsSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'

/**
 * Why the action does not go on. Nothing was sent.
 */
export class SettingsError extends Error {}

/** Events whose workflow is that of the default branch, although a pull request of anybody may start it. */
const foreignCode = new Set(['pull_request_target', 'workflow_run', 'issue_comment'])

/**
 * Reads the inputs, from `INPUT_…`, and holds them against the event.
 *
 * @param {Record<string, string | undefined>} env
 * @throws {SettingsError}
 */
export function readSettings(env) {
  const mode = env.INPUT_MODE || 'plan'
  if (mode !== 'plan' && mode !== 'run') throw new SettingsError(`"mode" is plan or run, not "${mode}"`)
  const settings = {
    mode,
    workspace: realpathSync(env.GITHUB_WORKSPACE || '.'),
    folder: folderOf(env),
    manifests: manifestsIn(env.INPUT_MANIFESTS ?? ''),
    provider: env.INPUT_PROVIDER || undefined,
    maxCost: env.INPUT_MAX_COST || undefined,
    waitTimeout: env.INPUT_WAIT_TIMEOUT || undefined,
    author: env.INPUT_COMMENT_AUTHOR || 'github-actions[bot]',
  }
  if (mode === 'plan') checkPlan(env)
  else checkRun(settings, env)
  return settings
}

function folderOf({ GITHUB_WORKSPACE: workspace = '.', INPUT_WORKING_DIRECTORY: named }) {
  const folder = resolve(workspace, named || '.')
  if (!existsSync(folder) || !statSync(folder).isDirectory())
    throw new SettingsError(
      `there is no folder "${named || '.'}": "working-directory" is one of the repository`,
    )
  const real = realpathSync(folder)
  const way = relative(realpathSync(workspace), real)
  if (way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way)
    throw new SettingsError(`"working-directory" lies outside of the repository: "${named}"`)
  return real
}

/** A path a line. */
function manifestsIn(text) {
  const paths = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const flag = paths.find((path) => path.startsWith('-'))
  if (flag !== undefined) throw new SettingsError(`"manifests" has a path each line; "${flag}" is none`)
  return paths
}

function checkPlan({ GITHUB_EVENT_NAME: event }) {
  if (event === 'pull_request') return
  const why = foreignCode.has(event)
    ? `never on ${event}: such a workflow has secrets, and what it would read is not yet accepted`
    : `not on ${event}`
  throw new SettingsError(`mode "plan" runs on pull_request, ${why}`)
}

function checkRun({ provider, maxCost }, env) {
  const { GITHUB_EVENT_NAME: event, GITHUB_REF: ref = '', GITHUB_REF_PROTECTED: isProtected } = env
  if (event !== 'push' && event !== 'workflow_dispatch')
    throw new SettingsError(`mode "run" spends money: it runs on push and workflow_dispatch, not on ${event}`)
  if (!ref.startsWith('refs/heads/'))
    throw new SettingsError(
      `mode "run" runs on a branch, which the lockfiles are pushed to; this is "${ref}"`,
    )
  if (maxCost === undefined || !/\d/.test(maxCost) || maxCost.startsWith('-'))
    throw new SettingsError('mode "run" needs a budget: state "max-cost", such as 50 CNY')
  // A rehearsal costs nothing, and leaves nothing behind.
  if (provider !== 'simulator' && env.INPUT_REQUIRE_PROTECTED !== 'false' && isProtected !== 'true') {
    throw new SettingsError(
      `mode "run" runs on a protected branch, and ${ref} is none: protect it, so that only what was reviewed spends money`,
    )
  }
}

/** Flags that every call of shotlock gets. */
export function providerFlags({ provider }) {
  return provider === undefined ? [] : ['--provider', provider]
}

/** The folder of shotlock's state: that of the nearest folder upward that marks a project. */
export function stateFolderOf(folder) {
  const marks = ['.git', 'package.json', '.shotlock']
  for (let at = folder; ; at = dirname(at)) {
    if (marks.some((mark) => existsSync(join(at, mark)))) return join(at, '.shotlock')
    if (dirname(at) === at) return join(folder, '.shotlock')
  }
}

/** What an earlier step has checked. */
export function settings({ env = process.env } = {}) {
  return { bin: env.SHOTLOCK_BIN ?? '', ...JSON.parse(env.SETTINGS) }
}
