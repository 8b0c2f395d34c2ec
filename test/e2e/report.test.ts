import { existsSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createProject } from '../support/project.js'

const manifest = `version: 1
defaults: { model: doubao-seedance-2-0-mini-260615, duration: 4, resolution: 480p, ratio: '16:9' }
shots:
  fox: { prompt: a fox }
  owl: { prompt: an owl }
  elk: { prompt: an elk }
`
const entry = (facts: string) => `    provider: ark
    digest: "v1:00"
    seed: 1
${facts}`
const lockfile = `lockfileVersion: 1
shots:
  "elk":
    status: unknown
${entry('')}  "fox":
    status: failed
    task: "cgt-20260108111355-x1c9q"
${entry('    error: OutputVideoSensitiveContentDetected\n')}`

const project = (text = manifest) =>
  createProject({ 'work/manifests/ep01.yaml': text, 'work/manifests/ep01.lock.yaml': lockfile })
const inWork = ['report', 'work/manifests/ep01.yaml']

describe('report', () => {
  test('writes JUnit and Markdown into folders that it makes, and exits with 0 whatever failed', async () => {
    const { shotlock, read } = project()
    const result = await shotlock([...inWork, '--junit', 'ci/a/junit.xml', '--markdown', 'ci/b/report.md'])
    expect(result).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(read('ci/a/junit.xml')).toContain('tests="3" failures="1" errors="1" skipped="1"')
    expect(read('ci/a/junit.xml')).toMatch(/name="owl" .*line="5"/)
    expect(read('ci/b/report.md')).toContain('OutputVideoSensitiveContentDetected')
  })

  test.each([
    [[], /^### shotlock\n/],
    [['--markdown', '-'], /^### shotlock\n/],
    [['--junit', '-'], /^<\?xml /],
    [['--json'], /^\{\n {2}"manifests": \[/],
  ])('with %j prints', async (flags, pattern) => {
    const { shotlock } = project()
    const { status, stdout } = await shotlock([...inWork, ...flags])
    expect(status).toBe(0)
    expect(stdout).toMatch(pattern)
  })

  test('on GitHub annotates lines, seen from the workspace, and adds to the summary of the step', async () => {
    const { shotlock, read, write, path, folder } = project()
    write('summary.md', 'before\n')
    const env = { GITHUB_STEP_SUMMARY: path('summary.md'), GITHUB_WORKSPACE: `${folder}/work` }
    const { status, stdout } = await shotlock([...inWork, '--github'], { env })
    expect(status).toBe(0)
    const [first, second, ...others] = stdout.trimEnd().split('\n')
    expect(first).toMatch(/^::error file=manifests\/ep01\.yaml,line=6,col=3,title=elk%3A unknown::/)
    expect(second).toMatch(/^::error file=manifests\/ep01\.yaml,line=4,col=3,title=fox%3A Output/)
    expect(others).toEqual([])
    expect(read('summary.md')).toMatch(/^before\n### shotlock\n/)
  })

  test('leaves room for what the summary of the step has already', async () => {
    const { shotlock, read, write, path } = project()
    write('summary.md', 'x'.repeat(1024 * 1024 - 600))
    await shotlock([...inWork, '--github'], { env: { GITHUB_STEP_SUMMARY: path('summary.md') } })
    expect(Buffer.byteLength(read('summary.md'))).toBeLessThanOrEqual(1024 * 1024)
    expect(read('summary.md')).toContain('more')
  })

  test('of a manifest with an error annotates its place and exits with 2', async () => {
    const { shotlock, read } = project(manifest.replace('prompt: an owl', 'promt: an owl'))
    const { status, stdout } = await shotlock([...inWork, '--github', '--junit', 'junit.xml'])
    expect(status).toBe(2)
    expect(stdout).toMatch(
      /^::error file=work\/manifests\/ep01\.yaml,line=5,col=10,title=owl%3A unknown-field::/,
    )
    expect(read('junit.xml')).toContain('<error type="unknown-field"')
  })

  test('knows the lines of a large manifest also when it was read before', async () => {
    const shots = Array.from({ length: 2_000 }, (_, at) => `  s${at}: { prompt: shot ${at} }\n`).join('')
    const { shotlock, path } = project(manifest + shots)
    const first = await shotlock([...inWork, '--junit', '-'])
    expect(existsSync(path('.shotlock/cache/work/manifests/ep01.manifest.jsonl'))).toBe(true)
    expect(first.stdout).toMatch(/name="s1999" .*line="2006"/)
    expect(await shotlock([...inWork, '--junit', '-'])).toEqual(first)
  })

  test('of a lockfile that is broken says so on GitHub and exits with 2', async () => {
    const { shotlock, write } = project()
    write('work/manifests/ep01.lock.yaml', 'shots: [')
    const { status, stdout } = await shotlock([...inWork, '--github'])
    expect(status).toBe(2)
    expect(stdout).toMatch(/^::error title=lockfile-invalid::/)
    expect(await shotlock(inWork)).toMatchObject({ status: 2, stdout: '' })
  })

  test.each([
    ['no file', ['--junit']],
    ['a manifest as the file', ['--markdown', 'work/manifests/ep01.yaml']],
    ['two things on stdout', ['--junit', '-', '--github']],
  ])('refuses %s, and writes nothing', async (_, flags) => {
    const { shotlock, read } = project()
    const { status, stderr } = await shotlock([...inWork, ...flags])
    expect(status).toBe(2)
    expect(stderr).toContain('(usage)')
    expect(read('work/manifests/ep01.yaml')).toBe(manifest)
  })

  test('of a place that cannot be written to exits with 2', async () => {
    const { shotlock } = project()
    const { status, stderr } = await shotlock([...inWork, '--junit', 'work/manifests/ep01.yaml/x.xml'])
    expect(status).toBe(2)
    expect(stderr).toContain('(report-unwritten)')
  })
})
