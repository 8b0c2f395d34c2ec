import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Decision, Review } from '../../src/core/review.js'
import { shotName, takeName } from '../core/builders.js'
import { type EventStream, listenTo } from '../support/event-stream.js'
import { serve } from '../support/http-server.js'
import { createProject, type Project, type RunningCommand } from '../support/project.js'
import { against, simulator } from '../support/simulated.js'

const manifest = `# The first episode.
version: 1
defaults: { model: doubao-seedance-2-0-mini-260615, duration: 4, resolution: 480p }
shots:
  fox: # the hero
    prompt: a fox </script><script>alert(1)</script>
    takes: 2
  owl: { prompt: an owl, tags: [night] }
`
const lockfile = 'manifests/ep.simulator.lock.yaml'

/** What a written page holds. */
function dataOf(html: string): Review {
  return JSON.parse(/<script type="application\/json" id="review">(.*)<\/script>/.exec(html)![1]!)
}

const takesIn = (review: Review) =>
  Object.fromEntries(
    review.manifests.flatMap(({ shots }) =>
      shots.flatMap(({ takes }) => takes.map((take) => [take.name, take])),
    ),
  )

const sim = ['--provider', 'simulator']
let boughtFiles: Record<string, Uint8Array> | undefined

/** A project whose shots were bought from a simulator. They are bought once, for all tests. */
async function bought(): Promise<Project> {
  if (boughtFiles) return createProject(boughtFiles)
  const project = createProject({ 'manifests/ep.yaml': manifest })
  expect(await project.shotlock(['run', '--yes', ...against(await simulator())])).toMatchObject({ status: 0 })
  const entries = readdirSync(project.path('manifests'), { recursive: true, withFileTypes: true })
  const paths = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name))
  boughtFiles = Object.fromEntries(paths.map((path) => [relative(project.folder, path), readFileSync(path)]))
  return project
}

describe('shotlock review', () => {
  test('writes a page that shows what was bought, and says where', async () => {
    const project = await bought()
    const { status, stdout, stderr } = await project.shotlock(['review', ...sim])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout.replace(project.folder, '…').replace(/[\d,]+ KB/, '… KB')).toMatchInlineSnapshot(`
      "Written: …/review.html (2 shots, 3 takes, … KB)
      To pick, approve and reject in the browser: shotlock review --serve
      "
    `)
    const html = project.read('review.html')
    const review = dataOf(html)
    expect(review).toMatchObject({
      mode: 'file',
      rehearsal: true,
      manifests: [{ name: 'ep', file: 'manifests/ep.yaml' }],
    })
    expect(takesIn(review)).toMatchObject({
      fox: { status: 'succeeded', video: { href: 'manifests/out/simulator/ep/fox.mp4' } },
      'fox@2': { status: 'succeeded', video: { href: 'manifests/out/simulator/ep/fox%402.mp4' } },
      owl: { status: 'succeeded' },
    })
    expect(html).not.toContain(project.folder)
    expect(html).not.toContain('</script><script>alert')
    expect(project.read(lockfile)).toContain('status: succeeded')
  })

  test('writes it where it is told, with films as seen from there, and replaces the one of before', async () => {
    const project = await bought()
    project.write('pages/deep/a b.html', 'old')
    const { status } = await project.shotlock([
      'review',
      '--out',
      'pages/deep/a b.html',
      '--shot',
      'owl',
      ...sim,
    ])
    expect(status).toBe(0)
    expect(takesIn(dataOf(project.read('pages/deep/a b.html')))).toEqual({
      owl: expect.objectContaining({
        video: { href: '../../manifests/out/simulator/ep/owl.mp4', path: 'out/simulator/ep/owl.mp4' },
      }),
    })
  })

  test('puts films inside of it, so that it can be sent to somebody', async () => {
    const project = await bought()
    expect(await project.shotlock(['review', '--embed', ...sim])).toMatchObject({ status: 0 })
    const { fox } = takesIn(dataOf(project.read('review.html')))
    const [type, base64] = fox!.video!.href.split(';base64,')
    expect(type).toBe('data:video/mp4')
    expect(Buffer.from(base64!, 'base64').subarray(4, 8).toString()).toBe('ftyp')
  })

  test('gives what it did as JSON, and how many films are not here', async () => {
    const project = await bought()
    rmSync(project.path('manifests/out'), { recursive: true })
    const { stdout } = await project.shotlock(['review', '--json', ...sim])
    expect(JSON.parse(stdout)).toEqual({
      file: project.path('review.html'),
      sizeBytes: Buffer.byteLength(project.read('review.html')),
      shots: 2,
      takes: 3,
      missing: 3,
    })
    expect((await project.shotlock(['review', ...sim])).stdout).toContain(
      '3 videos of them not on this machine',
    )
  })

  test('shows what is not bought yet, without a provider', async () => {
    const project = createProject({ 'manifests/ep.yaml': manifest })
    expect(await project.shotlock(['review'])).toMatchObject({ status: 0 })
    expect(takesIn(dataOf(project.read('review.html')))).toMatchObject({
      fox: { status: 'absent', next: 'generate' },
    })
  })

  test.each([
    ['a folder that cannot be written', ['--out', 'ep.txt/review.html'], 'review-unwritten'],
    ['the manifest as the page', ['--out', 'manifests/ep.yaml'], 'usage'],
    ['the lockfile as the page', ['--out', lockfile], 'usage'],
    ['a shot that is not there', ['--shot', 'wolf'], 'nothing-selected'],
    ['a manifest that is not there', ['manifests/ep02.yaml'], 'manifest-unreadable'],
    ['a port that is none', ['--serve', '--port', '70000'], 'usage'],
    ['a port of no server', ['--port', '8080'], 'usage'],
    ['a page that is both written and served', ['--serve', '--embed'], 'usage'],
    ['a place for a page that is served', ['--serve', '--out', 'review.html'], 'usage'],
    ['a flag that is none', ['--embedd'], 'usage'],
  ])('ends with 2 for %s', async (_, words, code) => {
    const project = createProject({ 'manifests/ep.yaml': manifest, 'ep.txt': 'no folder' })
    const { status, stdout, stderr } = await project.shotlock(['review', ...words])
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`error (${code}): `)
    expect(project.read('manifests/ep.yaml')).toBe(manifest)
  })

  test.each([[[]], [['--serve']]])(
    'ends with 2 for a manifest with a slip, and tells its place: %j',
    async (words) => {
      const project = createProject({ 'manifests/ep.yaml': manifest.replace('takes', 'taks') })
      const { status, stdout, stderr } = await project.shotlock(['review', ...words])
      expect(status).toBe(2)
      expect(stdout + stderr).toMatch(/manifests\/ep\.yaml:7:5 .*unknown-field/)
    },
  )
})

/** The page of a server that was started. */
interface Served {
  command: RunningCommand
  url: string
  review(): Promise<Review>
  decide(decision: Decision, headers?: Record<string, string>): Promise<{ status: number; answer: unknown }>
  event: EventStream['find']
}

async function start(project: Project, flags: readonly string[]): Promise<Served> {
  const command = project.start(['review', '--serve', ...flags])
  const [url] = await command.sees(/http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}\//)
  const { origin } = new URL(url)
  const stream = await listenTo(url)
  return {
    command,
    url,
    review: async () => dataOf(await (await fetch(url)).text()),
    async decide(decision, headers = { origin }) {
      const response = await fetch(`${url}decisions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(decision),
      })
      return { status: response.status, answer: await response.json() }
    },
    event: stream.find,
  }
}

const pick = (take: string): Decision => ({ do: 'pick', manifest: 'ep', take: takeName(take) })

describe('shotlock review --serve', () => {
  test('takes decisions, which end in lockfile and manifest, and ends with Ctrl-C', async () => {
    const project = await bought()
    const { command, review, decide } = await start(project, sim)
    expect(await review()).toMatchObject({ mode: 'server', manifests: [{ name: 'ep', running: false }] })

    expect(await decide(pick('fox@2'))).toMatchObject({
      status: 200,
      answer: { kind: 'decided', shots: [{ name: 'fox', takes: [{}, { name: 'fox@2', pick: true }] }] },
    })
    const owl = takeName('owl')
    await decide({ do: 'judge', manifest: 'ep', take: owl, approved: false, note: 'zu dunkel; "夜"' })
    await decide({ do: 'judge', manifest: 'ep', take: takeName('fox'), approved: true })
    expect(project.read(lockfile)).toMatch(/"fox@2":\n(?: {4}.*\n)* {4}pick: true\n/)
    expect(project.read(lockfile)).toMatch(
      /"owl":\n(?: {4}.*\n)* {4}approved: false\n {4}note: "zu dunkel; \\"夜\\""\n/,
    )

    expect(await decide({ do: 'takes', manifest: 'ep', shot: shotName('fox'), more: 2 })).toMatchObject({
      status: 200,
      answer: { kind: 'decided', shots: [{ takes: [{}, {}, { name: 'fox@3', status: 'absent' }, {}] }] },
    })
    expect(project.read('manifests/ep.yaml')).toBe(manifest.replace('takes: 2', 'takes: 4'))

    expect(await decide(pick('fox@4'))).toMatchObject({ status: 409, answer: { code: 'cannot-pick' } })
    expect(takesIn(await review())).toMatchObject({
      fox: { approved: true },
      'fox@2': { pick: true },
      owl: { approved: false, note: 'zu dunkel; "夜"' },
    })

    command.process.kill('SIGINT')
    expect(await command.done).toMatchObject({
      status: 0,
      stderr: expect.not.stringContaining('Not decided'),
    })
  })

  test('takes none from elsewhere, and shows nothing to who has no token', async () => {
    const project = await bought()
    const { url, decide } = await start(project, sim)
    const before = project.read(lockfile)
    for (const origin of ['https://attacker.example', 'null'])
      expect(await decide(pick('fox'), { origin })).toMatchObject({ status: 403 })
    expect(await decide(pick('fox'), {})).toMatchObject({ status: 403 })
    for (const path of ['/', '/events', '/media/0', '/decisions'])
      expect((await fetch(new URL(path, url))).status).toBe(404)
    expect((await fetch(`${url}media/..%2f..%2fmanifests%2fep.yaml`)).status).toBe(404)
    expect(project.read(lockfile)).toBe(before)
  })

  test('sends films and stretches of them', async () => {
    const project = await bought()
    const { url, review } = await start(project, sim)
    const { href } = takesIn(await review()).fox!.video!
    expect(href).toMatch(/^media\/\d+\?[0-9a-f]{8}$/)
    const film = Buffer.from(await (await fetch(url + href)).arrayBuffer())
    const stretch = await fetch(url + href, { headers: { range: 'bytes=4-7' } })
    expect([stretch.status, await stretch.text()]).toEqual([206, film.subarray(4, 8).toString()])
  })

  test('tells how a run of another process goes, and decides when that has ended what had to wait for it', async () => {
    const project = createProject({ 'manifests/ep.yaml': manifest })
    const sim = against(await simulator({ taskMs: { min: 3_000, max: 3_000 } }))
    await project.shotlock(['run', '--yes', '--shot', 'owl', ...sim])
    const { decide, event } = await start(project, sim)

    const run = project.start(['run', '--yes', ...sim])
    await event((one) => one.type === 'shots' && one.running)
    await event(
      (one) => one.type === 'shots' && one.shots.some(({ takes }) => takes[1]?.status === 'submitted'),
    )
    expect(await decide(pick('owl'))).toEqual({ status: 202, answer: { kind: 'waiting' } })
    expect(project.read(lockfile)).not.toContain('pick: true')

    const succeeded = await event(
      (one) => one.type === 'shots' && one.shots.some(({ takes }) => takes[1]?.status === 'succeeded'),
    )
    expect(JSON.stringify(succeeded)).not.toContain(project.folder)
    expect(await run.done).toMatchObject({ status: 0 })
    expect(await event(({ type }) => type === 'decision')).toMatchObject({
      decision: pick('owl'),
      answer: { kind: 'decided', shots: [{ name: 'owl', takes: [{ pick: true }] }] },
    })
    expect(project.read(lockfile)).toContain('pick: true')
  })

  test('that ends before the run does says what was not decided', async () => {
    const project = createProject({ 'manifests/ep.yaml': manifest })
    const sim = against(await simulator({ taskMs: { min: 3_000, max: 3_000 } }))
    await project.shotlock(['run', '--yes', '--shot', 'owl', ...sim])
    const { command, decide, event } = await start(project, sim)
    project.start(['run', '--yes', ...sim])
    await event((one) => one.type === 'shots' && one.running)
    expect(await decide(pick('owl'))).toMatchObject({ status: 202 })
    command.process.kill('SIGINT')
    const { status, stderr } = await command.done
    expect(status).toBe(0)
    expect(stderr).toContain(`Not decided, since a run was going on: ${JSON.stringify(pick('owl'))}`)
  })

  test('follows a manifest that is edited, through a slip', async () => {
    const project = await bought()
    const { event } = await start(project, sim)
    project.write('manifests/ep.yaml', manifest.replace('takes', 'taks'))
    expect(await event(({ type }) => type === 'trouble')).toMatchObject({
      code: 'manifest-invalid',
      message: expect.stringContaining('manifests/ep.yaml:7:5'),
    })
    project.write('manifests/ep.yaml', manifest.replace('an owl', 'an old owl'))
    await event((one) => one.type === 'shots' && one.shots.some(({ prompt }) => prompt === 'an old owl'))
    await event(({ type }) => type === 'sound')
  })

  test('ends with 2 where the port is in use', async () => {
    const { url } = await serve((_, response) => response.end())
    const project = createProject({ 'manifests/ep.yaml': manifest })
    const { status, stdout, stderr } = await project.shotlock([
      'review',
      '--serve',
      '--port',
      new URL(url).port,
    ])
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain('error (port-unusable): ')
  })

  test('listens where it is told to, and is not a run: others go on', async () => {
    const project = await bought()
    const { url, command } = await start(project, [...sim, '--port', '0'])
    expect(new URL(url).hostname).toBe('127.0.0.1')
    expect(await project.shotlock(['run', '--yes', ...sim])).toMatchObject({ status: 0 })
    command.process.kill('SIGTERM')
    expect(await command.done).toMatchObject({ status: 0 })
  })
})
