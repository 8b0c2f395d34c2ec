// Step of mode "plan": checks the manifests, plans them here and on the base branch, and writes the comment's text.
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { describeChanges, describeFault, markerFor, nothingChanges, totals } from './comment-body.mjs'
import { comparePlans, emptyPlan } from './compare-plans.mjs'
import { gitIn, must, shotlockIn } from './processes.mjs'
import { addSummary, fail, readEvent, say, setOutput } from './runner.mjs'
import { providerFlags, settings } from './settings.mjs'

/** Of each level, GitHub shows so many in one step. */
const shownPerLevel = 10

const { bin, folder, workspace, manifests, provider } = settings()
const shotlock = shotlockIn({ bin, cwd: folder, provider })
const flags = providerFlags({ provider })
const temp = mkdtempSync(join(process.env.RUNNER_TEMP || tmpdir(), 'shotlock-plan-'))

try {
  const problems = await validate()
  if (problems) hand({ body: describeFault(problems), changed: false })
  if (problems === 0) {
    const after = await planHere()
    if (after) await compare(after)
  }
} catch (error) {
  fail(error.message)
}

/** @returns How many errors there are; `undefined` when it could not be told. */
async function validate() {
  const { status, stdout, stderr } = await shotlock('validate', '--json', ...manifests)
  if (stdout === '') {
    fail(stderr.trim(), { status: status || 1 })
    return undefined
  }
  const found = JSON.parse(stdout).problems
  for (const level of ['error', 'warning']) {
    const of = found.filter(({ severity }) => severity === level)
    for (const one of of.slice(0, shownPerLevel)) say(level, ...remarkOf(one))
    if (of.length > shownPerLevel)
      say('notice', `${of.length - shownPerLevel} more: see them with shotlock validate`)
  }
  const errors = found.filter(({ severity }) => severity === 'error').length
  if (errors > 0) process.exitCode = status || 2
  return errors
}

function remarkOf({ file, line, col, message, code, shot }) {
  const path = slashes(relative(workspace, join(folder, file)))
  return [message, { file: path, line, col, title: shot === undefined ? code : `${shot}: ${code}` }]
}

async function planHere() {
  const { status, stdout, stderr } = await shotlock('plan', '--json', ...flags, ...manifests)
  if (status === 0) return JSON.parse(stdout)
  fail(stderr.trim(), { status })
  return undefined
}

async function compare(after) {
  const git = gitIn(folder)
  const top = await must(git('rev-parse', '--show-toplevel'), 'Cannot find the repository')
  const base = await baseCommit(git)
  const { plan: before, fault: baseFault } = await planOf(base, relative(top, folder), git)
  const results = await resultsSince(base)
  const compared = comparePlans(before, after)
  const body = describeChanges({ before, after, compared, results, baseFault })
  setOutput('buys', String(after.totals.buys))
  addSummary(body ?? `### shotlock\n\nThe plan ${totals(after)}, as on the base branch. No results changed.`)
  hand({ body: body ?? nothingChanges, changed: body !== undefined })
}

/** Leaves the comment to the next step, which has the token. */
function hand({ body, changed }) {
  const file = join(temp, 'comment.md')
  writeFileSync(file, `${markerFor(slashes(relative(workspace, folder)))}\n${body}`)
  setOutput('comment', file)
  setOutput('changed', String(changed))
}

/**
 * The commit to compare with. Of the merge that GitHub makes for a pull request it is the first parent; of a checkout of
 * the branch itself, where the branch left the base.
 */
async function baseCommit(git) {
  const { pull_request: pull } = readEvent()
  const head = await must(git('cat-file', '-p', 'HEAD'), 'Cannot read the commit')
  const parents = [...head.split('\n\n')[0].matchAll(/^parent (\w+)$/gm)].map(([, commit]) => commit)
  const isMerge = parents.length === 2 && parents[1] === pull.head.sha
  const base = isMerge ? parents[0] : pull.base.sha
  if ((await git('cat-file', '-e', `${base}^{commit}`)).status !== 0)
    await must(
      git('fetch', '--quiet', '--no-tags', '--depth=1', 'origin', base),
      'Cannot fetch the base branch',
    )
  if (isMerge) return base
  const common = await git('merge-base', base, 'HEAD')
  return common.status === 0 ? common.stdout.trim() : base
}

/** What the base branch would buy; nothing where it has none of the manifests. */
async function planOf(base, way, git) {
  const tree = join(temp, 'base')
  await must(git('worktree', 'add', '--quiet', '--detach', tree, base), 'Cannot check out the base branch')
  try {
    const cwd = join(tree, way)
    if (!existsSync(cwd)) return { plan: emptyPlan }
    const named = manifests.filter((path) => existsSync(join(cwd, path)))
    if (named.length === 0 && manifests.length > 0) return { plan: emptyPlan }
    const { status, stdout, stderr } = await shotlockIn({ bin, cwd, provider })(
      'plan',
      '--json',
      ...flags,
      ...named,
    )
    if (status === 0) return { plan: JSON.parse(stdout) }
    if (stderr.includes('(no-manifests)')) return { plan: emptyPlan }
    return { plan: emptyPlan, fault: stderr.trim().split('\n').at(-1) }
  } finally {
    await git('worktree', 'remove', '--force', tree)
  }
}

/** The differences of the lockfiles as Markdown; `undefined` for none. */
async function resultsSince(base) {
  const { status, stdout, stderr } = await shotlock('diff', '--json', base, 'HEAD')
  if (status !== 0) {
    say('warning', stderr.trim(), { title: 'shotlock: the lockfiles could not be compared' })
    return undefined
  }
  if (JSON.parse(stdout).manifests.length === 0) return undefined
  return (await shotlock('diff', '--markdown', base, 'HEAD')).stdout
}

function slashes(path) {
  return path.split(sep).join('/')
}
