import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { type LockEntry, renderLockfile } from '../../src/core/lockfile.js'
import { entry, takeName, task } from '../core/builders.js'
import { createProject, type Project } from '../support/project.js'

const manifest = `version: 1
defaults: { model: doubao-seedance-1-5-pro-251215, duration: 4, resolution: 480p, ratio: '16:9' }
shots:
  fox: { prompt: a fox, tags: [ep01, hero] }
  owl: { prompt: an owl, tags: [ep01] }
`
const lockOf = (entries: Record<string, LockEntry>) =>
  renderLockfile(new Map(Object.entries(entries).map(([name, one]) => [takeName(name), one])))
const paid = (id: string, cost: string, fields: Partial<LockEntry> = {}) =>
  entry('succeeded', { task: task(id), tokens: 40_594, cost, ...fields })

const first = { fox: paid('t1', '0.649504 CNY') }
const then = {
  fox: paid('t2', '0.649504 CNY', {
    previous: [task('t1')],
    spent: { [task('t1')]: { tokens: 40_594, cost: '0.649504 CNY' } },
  }),
  owl: entry('failed', { task: task('t3'), error: 'InternalServiceError' }),
  'owl@2': entry('submitted', { task: task('t4'), reserved: '0.649504 CNY' }),
  wolf: paid('t5', '0.1 USD'),
}

/** One commit with the first lockfile; the second one is not committed. */
function createHistory(name = 'manifests/ep01'): Project {
  const project = createProject({ [`${name}.yaml`]: manifest, [`${name}.lock.yaml`]: lockOf(first) })
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', project.folder, '-c', 'user.name=a', '-c', 'user.email=a@b.example', ...args])
  git('add', '-A')
  git('commit', '-qm', 'one')
  project.write(`${name}.lock.yaml`, lockOf(then))
  return project
}

describe('shotlock cost', () => {
  test('is a table with what there is, and footnotes that say something', async () => {
    const { status, stdout } = await createHistory().shotlock(['cost'])
    expect(status).toBe(0)
    expect(stdout).toMatchInlineSnapshot(`
      "shot               takes  tokens      cost  superseded  its tokens  its cost     spent  failed               open
      fox                    1  40,594  CNY 0.65           1      40,594  CNY 0.65  CNY 1.30
      owl                                                                                          1  1, up to CNY 0.65
      wolf (gone)            1  40,594  USD 0.10                                    USD 0.10
      total                  1  40,594  CNY 0.65           1      40,594  CNY 0.65  CNY 1.30          1, up to CNY 0.65
        USD                  1  40,594  USD 0.10                                    USD 0.10
        without a price                                                                            1
      Free, since not billed: 1 failed.
      Open takes are live or unknown, and not counted yet.
      "
    `)
  })

  test('counts since a commit of the history', async () => {
    const project = createHistory()
    const { stdout } = await project.shotlock(['cost', '--since', 'HEAD', '--by', 'manifest', '--json'])
    const { total, since } = JSON.parse(stdout)
    expect(total.spent).toEqual([
      { currency: 'CNY', amount: 0.649504 },
      { currency: 'USD', amount: 0.1 },
    ])
    expect(since.commits).toEqual([expect.stringMatching(/^[0-9a-f]{40}$/)])
  })

  test('has a line of CSV for each group and currency, by RFC 4180, without formulas', async () => {
    const project = createHistory('manifests/=ep,01')
    const { stdout } = await project.shotlock(['cost', '--by', 'manifest', '--csv'])
    const lines = stdout.split('\r\n')
    expect(lines.pop()).toBe('')
    expect(stdout.match(/\n/g)).toHaveLength(lines.length)
    expect(lines.map((line) => line.split(',').slice(0, 6).join(','))).toEqual([
      'manifest,currency,spent,takes,tokens,cost',
      '"manifests/=ep,01.yaml",CNY,1.299008,1,40594',
      '"manifests/=ep,01.yaml",USD,0.1,1,40594',
      '"manifests/=ep,01.yaml",,,0,0',
    ])

    const formula = createHistory('=ep01')
    expect((await formula.shotlock(['cost', '=ep01.yaml', '--by', 'manifest', '--csv'])).stdout).toMatch(
      /^'=ep01\.yaml,CNY,/m,
    )
  })

  test.each([
    ['a grouping that is none', ['--by', 'shots'], /usage.*did you mean "shot"/],
    ['two formats', ['--json', '--csv'], /usage.*--csv/],
    ['a commit that is none', ['--since', 'nope'], /usage.*nope/],
  ])('refuses %s', async (_, flags, message) => {
    const { status, stdout, stderr } = await createHistory().shotlock(['cost', ...flags])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(message)
  })
})
