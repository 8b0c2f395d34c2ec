import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { remark } from '../../action/runner.mjs'
import { readSettings } from '../../action/settings.mjs'

const plan = { INPUT_MODE: 'plan', GITHUB_EVENT_NAME: 'pull_request' }
const run = {
  INPUT_MODE: 'run',
  INPUT_MAX_COST: '50CNY',
  GITHUB_EVENT_NAME: 'push',
  GITHUB_REF: 'refs/heads/main',
  GITHUB_REF_PROTECTED: 'true',
}

function read(env: Record<string, string>) {
  const workspace = mkdtempSync(join(tmpdir(), 'shotlock-settings-'))
  onTestFinished(() => rmSync(workspace, { recursive: true }))
  mkdirSync(join(workspace, 'films'))
  return readSettings({ GITHUB_WORKSPACE: workspace, ...env })
}

describe('the inputs', () => {
  test('of manifests are a path each line', () => {
    expect(read({ ...plan, INPUT_MANIFESTS: '\n a.yaml \r\n  b c.yaml\n' }).manifests).toEqual([
      'a.yaml',
      'b c.yaml',
    ])
  })

  test.each([
    ['a rehearsal, which costs nothing', { GITHUB_REF_PROTECTED: 'false', INPUT_PROVIDER: 'simulator' }],
    ['a person who says so', { GITHUB_REF_PROTECTED: 'false', INPUT_REQUIRE_PROTECTED: 'false' }],
    ['a start by hand', { GITHUB_EVENT_NAME: 'workflow_dispatch' }],
  ])('let mode run go on for %s', (_, env) => {
    expect(read({ ...run, ...env }).maxCost).toBe('50CNY')
  })

  test.each<[string, Record<string, string>, RegExp]>([
    ['plan on pull_request_target', { ...plan, GITHUB_EVENT_NAME: 'pull_request_target' }, /has secrets/],
    ['plan after a workflow of a fork', { ...plan, GITHUB_EVENT_NAME: 'workflow_run' }, /has secrets/],
    ['plan on a push', { ...plan, GITHUB_EVENT_NAME: 'push' }, /pull_request/],
    ['another mode', { ...plan, INPUT_MODE: 'dry-run' }, /"mode"/],
    ['a folder outside of the repository', { ...plan, INPUT_WORKING_DIRECTORY: '..' }, /outside/],
    ['a folder that is not there', { ...plan, INPUT_WORKING_DIRECTORY: 'shows' }, /no folder/],
    ['a flag in the place of a manifest', { ...plan, INPUT_MANIFESTS: '--provider=ark' }, /path each line/],
    ['run without a budget', { ...run, INPUT_MAX_COST: '' }, /budget/],
    ['run with a flag as its budget', { ...run, INPUT_MAX_COST: '--json5' }, /budget/],
    ['run on a pull request', { ...run, GITHUB_EVENT_NAME: 'pull_request' }, /spends money/],
    ['run on a schedule', { ...run, GITHUB_EVENT_NAME: 'schedule' }, /spends money/],
    ['run on a tag', { ...run, GITHUB_REF: 'refs/tags/v1' }, /branch/],
    ['run on a branch without protection', { ...run, GITHUB_REF_PROTECTED: 'false' }, /protect/],
  ])('refuse %s', (_, env, message) => {
    expect(() => read(env)).toThrow(message)
  })
})

test('a remark of the action cannot end itself or begin another', () => {
  expect(remark('error', 'a\n::set-env::%', { title: 'b:c,\n::x' })).toBe(
    '::error title=b%3Ac%2C%0A%3A%3Ax::a%0A::set-env::%25',
  )
})
