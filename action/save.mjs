// Step of mode "run", whatever became of the run: commits the lockfiles and pushes them. They are the only record of
// what was paid for that outlives this machine.
import { cpSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gitIn, must } from './processes.mjs'
import { fail, setOutput } from './runner.mjs'
import { settings, stateFolderOf } from './settings.mjs'

/** Others push at the same time; waits double from the first on. */
const mostTries = 6
const firstWaitMs = Number(process.env.PUSH_WAIT_MS || 1_000)

const { bin, folder, workspace } = settings()
const { GITHUB_REF: ref, GITHUB_RUN_ID: runId = '' } = process.env
const temp = mkdtempSync(join(process.env.RUNNER_TEMP || tmpdir(), 'shotlock-save-'))
const attributes = join(temp, 'attributes')
writeFileSync(attributes, '*.lock.yaml merge=shotlock\n')

const name = process.env.INPUT_COMMIT_NAME || 'github-actions[bot]'
const email = process.env.INPUT_COMMIT_EMAIL || '41898282+github-actions[bot]@users.noreply.github.com'
const options = {
  settings: [
    ['user.name', name],
    ['user.email', email],
    ['commit.gpgSign', 'false'],
    // Hooks are for people's machines.
    ['core.hooksPath', join(temp, 'no-hooks')],
    ['core.attributesFile', attributes],
    ['merge.shotlock.name', 'shotlock lockfile merge'],
    ['merge.shotlock.driver', `${quoted(process.execPath)} ${quoted(bin)} merge %O %A %B`],
  ],
}
const git = gitIn(folder, options)

const lockfiles = await changedLockfiles()
if (lockfiles.length === 0) {
  console.log('No lockfile has changed.')
  setOutput('pushed', 'nothing')
} else {
  try {
    await save(lockfiles)
    setOutput('pushed', 'true')
  } catch (error) {
    setOutput('pushed', 'false')
    rescue(lockfiles)
    fail(
      `The lockfiles could not be pushed: ${error.message}\n` +
        'They and the journals are in the artifact "shotlock-rescue" of this run. They are the record of what was ' +
        'paid for: put the lockfiles into the branch by hand (git merges them with the driver of shotlock init ' +
        '--git-driver) before anything runs again.',
      { title: 'shotlock: paid results are not on the branch' },
    )
  }
}

/** Lockfiles beside a manifest, that git does not ignore; never those of rehearsals. Relative to the repository. */
async function changedLockfiles() {
  const top = await must(git('rev-parse', '--show-toplevel'), 'Cannot find the repository')
  const inTop = gitIn(top, options)
  const listed = await must(
    inTop('status', '--porcelain=v1', '-z', '--untracked-files=all', '--no-renames'),
    'Cannot look',
  )
  return listed
    .split('\0')
    .map((line) => line.replace(/^.. ?/, ''))
    .filter((path) => path.endsWith('.lock.yaml') && !path.endsWith('.simulator.lock.yaml'))
    .filter((path) => !/(^|\/)node_modules\//.test(path))
    .map((path) => ({ top, path }))
    .filter(({ path }) => {
      const stem = join(top, path.replace(/\.lock\.yaml$/, ''))
      return existsSync(join(top, path)) && (existsSync(`${stem}.yaml`) || existsSync(`${stem}.yml`))
    })
}

/** Commits in a work tree of its own, so that nothing else that lies about here gets in, or in the way. */
async function save(files) {
  const tree = join(temp, 'tree')
  const start = await must(git('rev-parse', 'HEAD'), 'Cannot read the commit')
  await must(git('worktree', 'add', '--quiet', '--detach', tree, start), 'Cannot make a work tree')
  try {
    const there = gitIn(tree, options)
    for (const { top, path } of files) copy(join(top, path), join(tree, path))
    await must(there('add', '--force', '--', ...files.map(({ path }) => path)), 'Cannot add the lockfiles')
    const subject = `Record what shotlock bought${runId === '' ? '' : ` in run ${runId}`}`
    // A push with another token than that of the job would start the workflow again, which would buy failures anew.
    await must(there('commit', '--quiet', '-m', `${subject}\n\n[skip ci]`), 'Cannot commit')
    await push(there, start)
  } finally {
    await git('worktree', 'remove', '--force', tree)
  }
}

async function push(there, start) {
  for (let [tries, wait, from] = [1, firstWaitMs, start]; ; tries++, wait *= 2) {
    const commit = await must(there('rev-parse', 'HEAD'), 'Cannot read the commit')
    const { status, stderr } = await git('push', '--quiet', 'origin', `${commit}:${ref}`)
    if (status === 0) return
    console.log(`Push ${tries} of ${mostTries} failed: ${stderr.trim()}`)
    if (tries === mostTries || isRefused(stderr)) throw new Error(stderr.trim())
    await sleep(wait * (0.5 + Math.random()))
    const fetched = await git('fetch', '--quiet', '--no-tags', 'origin', ref)
    if (fetched.status !== 0) continue
    const theirs = await must(git('rev-parse', 'FETCH_HEAD'), 'Cannot read what others pushed')
    // Only what was committed here moves: the branch may have been rewritten.
    const rebased = await there('rebase', '--quiet', '--onto', theirs, from)
    if (rebased.status !== 0) {
      await there('rebase', '--abort')
      throw new Error(`others changed the same takes: ${rebased.stderr.trim() || rebased.stdout.trim()}`)
    }
    from = theirs
  }
}

/** Whether the branch does not take pushes from us at all: its rules (GH006, GH013), a hook, or who we are. */
function isRefused(words) {
  return /\bGH0\d\d\b|declined|denied|not permitted|\b40[13]\b/i.test(words)
}

/** Lays lockfiles and journals where the next step finds them. Their folders must not begin with a dot. */
function rescue(files) {
  const place = join(temp, 'rescue')
  for (const { top, path } of files) copy(join(top, path), join(place, 'lockfiles', path))
  const ledger = join(stateFolderOf(folder), 'ledger')
  if (existsSync(ledger))
    cpSync(ledger, join(place, 'journals', relative(workspace, folder)), { recursive: true })
  setOutput('rescue', place)
}

function copy(from, to) {
  mkdirSync(dirname(to), { recursive: true })
  cpSync(from, to)
}

function quoted(path) {
  return `'${path.replaceAll("'", `'\\''`)}'`
}
