import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nodeFiles } from '../../src/adapters/node-files.js'
import { parseManifest } from '../../src/core/manifest.js'
import { profileOf } from '../../src/core/models.js'
import { createProject } from '../support/project.js'
import { accepted, against, simulator } from '../support/simulated.js'

const good = `version: 1
defaults: { model: doubao-seedance-2-0-mini-260615, duration: 4, resolution: 480p, ratio: '16:9' }
shots:
  fox: { prompt: a fox, tags: [hero] }
  owl: { prompt: an owl, takes: 2 }
`
const noKey = ['run', '--provider', 'simulator']

describe('bad input ends with status 2, a clear message, and nothing sent', () => {
  test.each([
    ['no manifests', {}, noKey, /no-manifests.*\n.*shotlock init/],
    ['a path that is not there', {}, [...noKey, 'nope.yaml'], /nope\.yaml/],
    ['an empty manifest', { 'manifests/a.yaml': '' }, noKey, /a\.yaml:1:1 .*empty/],
    [
      'a typo in a field',
      { 'manifests/a.yaml': good.replace('prompt: a fox', 'promt: a fox') },
      noKey,
      /a\.yaml:4:10 .*did you mean "prompt"/,
    ],
    ['a lockfile as manifest', { 'a.lock.yaml': '' }, [...noKey, 'a.lock.yaml'], /it is a lockfile/],
    [
      'a lockfile with conflict markers',
      { 'manifests/a.yaml': good, 'manifests/a.simulator.lock.yaml': '<<<<<<< HEAD\n' },
      noKey,
      /lockfile-conflict/,
    ],
    [
      'a newer lockfile',
      { 'manifests/a.yaml': good, 'manifests/a.simulator.lock.yaml': 'lockfileVersion: 2\nshots: {}\n' },
      noKey,
      /lockfile-newer/,
    ],
    [
      'a broken lockfile',
      { 'manifests/a.yaml': good, 'manifests/a.simulator.lock.yaml': 'shots: [' },
      noKey,
      /lockfile-invalid/,
    ],
    [
      'a shot that is not there',
      { 'manifests/a.yaml': good },
      [...noKey, '--shot', 'wolf'],
      /nothing-selected/,
    ],
    ['an unknown provider', { 'manifests/a.yaml': good }, ['run', '--provider', 'arc'], /unknown-provider/],
    [
      'no provider and no key',
      { 'manifests/a.yaml': good },
      ['run'],
      /no-provider.*\n.*--provider simulator/,
    ],
    ['an unknown flag', { 'manifests/a.yaml': good }, [...noKey, '--fast'], /--fast/],
    ['an unknown command', {}, ['rum'], /did you mean "run"/],
    ['a number that is none', { 'manifests/a.yaml': good }, [...noKey, '--rpm', 'many'], /--rpm/],
    [
      'an unknown failure class',
      { 'manifests/a.yaml': good },
      [...noKey, '--failed', 'moderation'],
      /classes/i,
    ],
    [
      'a base URL without TLS',
      { 'manifests/a.yaml': good },
      ['run', '--base-url', 'http://relay.test/v1'],
      /https/,
    ],
  ] as const)('%s', async (_, files, args, message) => {
    const project = createProject(files)
    const { status, stdout, stderr } = await project.shotlock(args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(
      existsSync(project.path('.shotlock/simulator/log.jsonl')) &&
        /"event":"create"/.test(project.read('.shotlock/simulator/log.jsonl')),
    ).toBe(false)
  })

  test('a lockfile that cannot be read stays as it is', async () => {
    const broken =
      'lockfileVersion: 1\nshots:\n  "fox":\n    status: unknown\n    provider: "ark"\n    digest: "v1:00"\n    colour: red\n'
    const project = createProject({ 'manifests/a.yaml': good, 'manifests/a.simulator.lock.yaml': broken })
    const { stderr } = await project.shotlock(noKey)
    expect(stderr).toContain('line 7')
    expect(project.read('manifests/a.simulator.lock.yaml')).toBe(broken)
  })

  test('an image outside the project is refused, also through a link', async () => {
    const outside = createProject({ 'secret.png': 'x' })
    const project = createProject({
      'manifests/a.yaml': good
        .replace('prompt: a fox', 'prompt: a fox, image: link.png')
        .replace('prompt: an owl', 'prompt: an owl, image: ../../up.png'),
    })
    symlinkSync(outside.path('secret.png'), project.path('manifests/link.png'))
    const { status, stdout } = await project.shotlock(['validate'])
    expect(status).toBe(2)
    expect(stdout.match(/media-outside/g)).toHaveLength(2)
  })

  test('a state folder that cannot be made', async () => {
    const project = createProject({ 'manifests/a.yaml': good, '.shotlock': 'a file stands here' })
    const sim = await simulator()
    const { status, stderr } = await project.shotlock(['run', ...against(sim)])
    expect({ status, code: /\(([\w-]+)\)/.exec(stderr)?.[1] }).toEqual({
      status: 2,
      code: 'state-unwritable',
    })
    expect(accepted(sim)).toEqual([])
  })
})

describe('a disk that takes no more', () => {
  test('during the run: what was bought is known afterwards, and nothing is bought twice', async () => {
    const sim = await simulator({ createsPerMinute: 100_000 })
    const shots = Array.from({ length: 60 }, (_, i) => `  shot-${i}: { prompt: fox ${i} }`).join('\n')
    const project = createProject({ 'ep.yaml': good.slice(0, good.indexOf('  fox:')) + shots })
    // A limit on the size of files does to the journal what a full disk does: a write fails in its middle.
    const flags = against(sim).join(' ')
    const command = `ulimit -f 8; exec ${process.execPath} ${resolve('dist/bin.js')} run ep.yaml ${flags} --rpm 100000 --no-wait`
    const child = spawnAsync(['bash', '-c', command], project.folder)
    const { status } = await child
    expect(status).toBe(4)
    const bought = accepted(sim).length
    expect(bought).toBeGreaterThan(5)
    expect(bought).toBeLessThan(60)

    const result = await project.shotlock(['run', 'ep.yaml', ...against(sim), '--rpm', '100000'])
    expect([0, 4]).toContain(result.status)
    const texts = accepted(sim).map(({ text }) => text)
    expect(new Set(texts).size).toBe(texts.length)
  })

  test('for results: the shot is paid for and the next run fetches it', async () => {
    const sim = await simulator()
    const project = createProject({ 'ep.yaml': good })
    mkdirSync(project.path('out'))
    writeFileSync(project.path('out/simulator'), 'a file where a folder must be')
    expect(await project.shotlock(['run', 'ep.yaml', ...against(sim)])).toMatchObject({ status: 1 })
    rmSync(project.path('out/simulator'))
    expect(await project.shotlock(['run', 'ep.yaml', ...against(sim)])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('3 done'),
    })
    expect(accepted(sim)).toHaveLength(3)
  })
})

describe('consent', () => {
  test('without a terminal nothing is bought unless --yes says so', async () => {
    const sim = await simulator()
    const project = createProject({ 'manifests/a.yaml': good })
    const env = { ARK_API_KEY: 'sk-some-key' }
    const asked = await project.shotlock(['run', '--base-url', sim.baseUrl], { env })
    expect(asked).toMatchObject({ status: 5, stderr: expect.stringContaining('--yes') })
    expect(accepted(sim)).toEqual([])

    expect(await project.shotlock(['run', '--base-url', sim.baseUrl, '--yes'], { env })).toMatchObject({
      status: 0,
    })
    expect(project.read('manifests/a.lock.yaml')).toContain('provider: "127.0.0.1:')
  })

  test('a base URL from .env is never used with a key from the environment', async () => {
    const sim = await simulator()
    const project = createProject({ 'manifests/a.yaml': good, '.env': `SHOTLOCK_BASE_URL=${sim.baseUrl}\n` })
    const result = await project.shotlock(['run', '--yes'], { env: { ARK_API_KEY: 'sk-some-key' } })
    expect(result).toMatchObject({ status: 2, stderr: expect.stringContaining('no-key') })
    expect(sim.log()).toEqual([])
  })
})

describe('commands that only look', () => {
  test('init starts a project that runs, and a second init changes nothing', async () => {
    const project = createProject({ '.gitignore': 'dist/' })
    expect(await project.shotlock(['init'])).toMatchObject({ status: 0 })
    expect(project.read('.gitignore')).toMatch(/^dist\/\n\.shotlock\/\n/)
    expect(await project.shotlock(noKey)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('3 done'),
    })

    const before = project.read('.gitignore')
    const again = await project.shotlock(['init'])
    expect(again.stdout.match(/^kept/gm)).toHaveLength(6)
    expect(project.read('.gitignore')).toBe(before)
  })

  test('after init, git sees nothing of what a crash can leave of a file that was being written', async () => {
    const project = createProject()
    await project.shotlock(['init'])
    const part = await nodeFiles.openPart(project.path('videos/fox.mp4'))
    await part.write(new Uint8Array(1))
    for (const name of ['manifests/.a.lock.yaml.3b241101.tmp', 'manifests/.shotlock-3b241101', 'notes.tmp'])
      project.write(name, '')
    const seen = execFileSync('git', ['status', '--porcelain', '-uall'], { cwd: project.folder })
    await part.discard()
    expect(seen.toString().match(/(?<=\?\? ).+/g)).toEqual([
      '.env.example',
      '.gitattributes',
      '.gitignore',
      'manifests/example.yaml',
      'notes.tmp',
      'schemas/manifest.schema.json',
    ])
  })

  test('no example uses a model whose retirement was announced', async () => {
    const project = createProject()
    await project.shotlock(['init'])
    const files = ['manifests/fox.yaml', 'manifests/storyboard.yaml', project.path('manifests/example.yaml')]
    for (const file of files) {
      const { manifest, problems } = parseManifest(readFileSync(file), file)
      expect(problems).toEqual([])
      const profiles = manifest.shots.map(profileOf)
      expect(profiles.filter((profile) => !profile || profile.retirement)).toEqual([])
    }
  })

  test('validate counts what is there, and plan says what a run would do', async () => {
    const project = createProject({ 'manifests/a.yaml': good })
    expect(await project.shotlock(['validate'])).toMatchObject({
      status: 0,
      stdout: '1 manifest, 2 shots, 3 takes: no problems.\n',
    })
    const { stdout } = await project.shotlock(['plan'])
    expect(stdout).toMatchInlineSnapshot(`
      "a  3 takes
                  pixels   length  sound  tier    tokens     price
        +  fox    864x496  4 s     sound  online  40,594  CNY 0.93  new
        +  owl    864x496  4 s     sound  online  40,594  CNY 0.93  new
        +  owl@2  864x496  4 s     sound  online  40,594  CNY 0.93  new

      Buys 3 takes for CNY 2.80: 121,782 tokens. Account limit: 10 live, 600 a minute.
      "
    `)
    expect(readdirSync(project.folder).sort()).toEqual(['.git', 'manifests'])
  })

  test('plan names what has changed since a take was bought', async () => {
    const project = createProject({ 'manifests/a.yaml': good })
    await project.shotlock(noKey)
    project.write('manifests/a.yaml', good.replace('a fox', 'a red fox').replace("'16:9'", "'1:1'"))
    const { stdout } = await project.shotlock(['plan', '--provider', 'simulator'])
    expect(stdout).toMatch(/~\s+fox .*\s+changed: prompt, parameters/)
    expect(stdout).toMatch(/~\s+owl@2 .*\s+changed: parameters/)
  })

  test('status says where each take stands', async () => {
    const sim = await simulator()
    const project = createProject({ 'manifests/a.yaml': good })
    await project.shotlock(['run', '--shot', 'fox', ...against(sim)])
    await project.shotlock(['run', '--tag', 'hero', ...against(sim)])
    const { stdout } = await project.shotlock(['status', ...against(sim)])
    expect(stdout).toContain('1 succeeded, 2 not bought')
    expect(accepted(sim)).toHaveLength(1)
  })

  test.each([
    [
      'validate',
      (report: Record<string, unknown>) =>
        expect(report).toMatchObject({ manifests: [{ manifest: 'a', shots: 2, takes: 3 }], problems: [] }),
    ],
    [
      'plan',
      (report: Record<string, unknown>) =>
        expect(report).toMatchObject({ plans: [{ manifest: 'a' }], totals: { buys: 3 } }),
    ],
    [
      'status',
      (report: Record<string, unknown>) =>
        expect(report).toMatchObject({ manifests: [{ takes: [{ take: 'fox', status: 'absent' }, {}, {}] }] }),
    ],
    [
      'init',
      (report: Record<string, unknown>) =>
        expect(report).toMatchObject({ files: [{ did: 'created' }, {}, {}, {}, {}, {}] }),
    ],
  ])('%s --json prints one JSON value and nothing else', async (command, check) => {
    const project = createProject({ 'manifests/a.yaml': good })
    const { stdout, stderr, status } = await project.shotlock([command, '--json'])
    check(JSON.parse(stdout))
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  })

  test('run --json prints plan and outcomes and nothing else', async () => {
    const project = createProject({ 'manifests/a.yaml': good })
    const { stdout, stderr } = await project.shotlock([...noKey, '--json'])
    expect(JSON.parse(stdout)).toMatchObject({
      totals: { buys: 3 },
      outcomes: [{ kind: 'done' }, { kind: 'done' }, { kind: 'done' }],
    })
    expect(stderr).toBe('')
    expect(stdout).not.toMatch(/X-Tos/)
  })

  test('names of shots that look like numbers are taken as typed', async () => {
    const project = createProject({
      'manifests/a.yaml': good.replace('fox:', '012:').replace('owl:', '1e3:'),
    })
    const { stdout } = await project.shotlock(['plan', '--shot', '012', '--shot=1e3', '--json'])
    expect(JSON.parse(stdout).plans[0].steps.map(({ take }: { take: string }) => take)).toEqual([
      '012',
      '1e3',
      '1e3@2',
    ])
  })

  test('every command has help, and the version is that of the package', () => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ['dist/bin.js', ...args], { encoding: 'utf8' })
    for (const command of [
      'init',
      'validate',
      'plan',
      'run',
      'status',
      'reconcile',
      'adopt',
      'merge',
      'simulate',
    ]) {
      expect(run(command, '--help')).toMatchObject({
        status: 0,
        stdout: expect.stringContaining(`shotlock ${command}`),
      })
    }
    expect(run('--version').stdout).toMatch(/^shotlock\/0\.1\.0/)
  })
})

async function spawnAsync(
  [command = '', ...args]: string[],
  cwd: string,
): Promise<{ status: number | null; stderr: string }> {
  const { spawn } = await import('node:child_process')
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return await new Promise((resolve) => child.on('close', (status) => resolve({ status, stderr })))
}
