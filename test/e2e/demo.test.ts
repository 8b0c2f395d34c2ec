import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseLockfile } from '../../src/core/lockfile.js'
import { createProject, type Project } from '../support/project.js'
import { readVideo } from '../support/video.js'

function demo(): Project {
  const project = createProject({ '.gitignore': readFileSync('.gitignore') })
  cpSync('manifests', project.path('manifests'), {
    recursive: true,
    filter: (path) => !path.includes('/out') && !path.endsWith('.lock.yaml'),
  })
  execFileSync('git', ['add', '-A'], { cwd: project.folder })
  return project
}

/** What `npm run demo` gives the binary. */
const demoArgs = (
  JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { demo: string } }
).scripts.demo
  .split(' ')
  .slice(2)

const git = (project: Project) =>
  execFileSync('git', ['status', '--porcelain'], { cwd: project.folder, encoding: 'utf8' })

describe('the example manifests on the embedded simulator', () => {
  test('run through, are locked, and leave nothing to do and nothing for git', {
    timeout: 120_000,
  }, async () => {
    const project = demo()
    const before = git(project)
    const first = await project.shotlock(demoArgs)
    expect(first.stderr).toContain('storyboard  29 takes')
    expect(first).toMatchObject({ status: 0, stdout: expect.stringContaining('30 done') })

    for (const name of ['fox', 'storyboard']) {
      const lock = project.read(`manifests/${name}.simulator.lock.yaml`)
      for (const [take, { video = '', sha256, status }] of parseLockfile(lock, name)) {
        const file = project.path(join('manifests', video))
        expect([take, status, createHash('sha256').update(readFileSync(file)).digest('hex')]).toEqual([
          take,
          'succeeded',
          sha256,
        ])
        const { codec, width, height, seconds, frames } = await readVideo(file)
        expect(codec).toBe('avc')
        if (name === 'storyboard') expect(height / width).toBeCloseTo(16 / 9, 1)
        expect(frames).toBe(Math.round(seconds * 24))
      }
    }

    const locks = ['fox', 'storyboard'].map((name) => project.read(`manifests/${name}.simulator.lock.yaml`))
    const log = project.read('.shotlock/simulator/log.jsonl')
    expect(log.match(/"event":"create"/g)).toHaveLength(30)
    const second = await project.shotlock(demoArgs)
    expect(second).toMatchObject({ status: 0, stdout: expect.stringContaining('30 up to date') })
    expect(
      ['fox', 'storyboard'].map((name) => project.read(`manifests/${name}.simulator.lock.yaml`)),
    ).toEqual(locks)
    expect(project.read('.shotlock/simulator/log.jsonl').match(/"event":"create"/g)).toHaveLength(30)
    expect(git(project)).toBe(before)
  })

  test('give every take a video of its own', { timeout: 120_000 }, async () => {
    const project = createProject({
      'manifests/two.yaml': `
version: 1
defaults: { model: doubao-seedance-1-5-pro-251215, duration: 4, resolution: 480p }
shots:
  fox: { prompt: a fox, takes: 2 }
  owl: { prompt: an owl, ratio: '1:1', duration: 5 }
`,
    })
    await project.shotlock(['run', '--provider', 'simulator'])
    const entries = [...parseLockfile(project.read('manifests/two.simulator.lock.yaml'), 'two').values()]
    expect(new Set(entries.map(({ sha256 }) => sha256)).size).toBe(3)
    expect(await readVideo(project.path('manifests/out/simulator/two/owl.mp4'))).toMatchObject({
      frames: 121,
    })
  })
})
