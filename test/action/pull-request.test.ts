import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { serve } from '../support/http-server.js'
import { type ActionRun, runAction } from './composite.js'
import { createRemote, type Remote } from './repository.js'

// Each test is a job of many processes.
vi.setConfig({ testTimeout: 180_000 })

const manifest = (...shots: string[]) =>
  `version: 1
defaults: { model: doubao-seedance-2-0-mini-260615, duration: 4, resolution: 480p, ratio: '16:9' }
shots:
${shots.map((shot) => `  ${shot}: { prompt: a ${shot} }\n`).join('')}`

const lockfile = (shot: string) => `lockfileVersion: 1
shots:
  "${shot}":
    status: failed
    task: "cgt-20260108111355-x1c9q"
    provider: ark
    digest: "v1:00"
    seed: 1
    error: OutputVideoSensitiveContentDetected
`
const path = 'manifests/ep01.yaml'
const bot = 'github-actions[bot]'
const marker = '<!-- shotlock: . -->'

interface Comment {
  id: number
  body: string
  user: { login: string }
}

/** What the action needs of GitHub's API. `refuses`: the status of every write. */
async function fakeGitHub({ comments = [] as Comment[], refuses = 0 } = {}) {
  const server = await serve(async (request, response) => {
    const { body: sent } = server.requests.at(-1)!
    const { pathname, searchParams } = new URL(request.url!, 'http://host')
    const answer = (status: number, value: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    }
    if (request.headers.authorization !== 'Bearer the-token')
      return answer(401, { message: 'Bad credentials' })
    if (request.method === 'GET' && pathname === '/repos/studio/films/issues/1/comments') {
      const [page, size] = [Number(searchParams.get('page')), Number(searchParams.get('per_page'))]
      return answer(200, comments.slice((page - 1) * size, page * size))
    }
    if (refuses) return answer(refuses, { message: 'Resource not accessible by integration' })
    const { body } = JSON.parse(sent) as { body: string }
    if (request.method === 'POST' && pathname === '/repos/studio/films/issues/1/comments') {
      comments.push({ id: 1000 + comments.length, body, user: { login: bot } })
      return answer(201, comments.at(-1))
    }
    const id = Number(/^\/repos\/studio\/films\/issues\/comments\/(\d+)$/.exec(pathname)?.[1])
    const found = comments.find((one) => one.id === id)
    if (request.method !== 'PATCH' || !found) return answer(404, { message: 'Not Found' })
    found.body = body
    return answer(200, found)
  })
  const writes = () => server.requests.filter(({ method }) => method !== 'GET').map(({ method }) => method)
  return { comments, url: server.url, writes }
}

/** Runs the action on the pull request of `branch`. */
async function onPullRequest(
  remote: Remote,
  { url }: { url: string },
  {
    branch = 'topic',
    inputs = {},
    env = {},
  }: { branch?: string; inputs?: Record<string, string>; env?: Record<string, string> } = {},
): Promise<ActionRun> {
  const { head, base } = remote.mergeOf(branch)
  return await runAction({
    workspace: remote.checkout('refs/pull/1/merge'),
    given: { install: { bin: resolve('dist/bin.js') } },
    inputs,
    env: {
      GITHUB_EVENT_NAME: 'pull_request',
      GITHUB_REF: 'refs/pull/1/merge',
      GITHUB_REPOSITORY: 'studio/films',
      GITHUB_API_URL: url,
      ...env,
    },
    event: { pull_request: { number: 1, head: { sha: head }, base: { sha: base, ref: 'main' } } },
  })
}

/** A pull request that adds a shot. */
function addingOwl(): Remote {
  const remote = createRemote({ [path]: manifest('fox'), 'README.md': 'films' })
  remote.commit('topic', { [path]: manifest('fox', 'owl') }, { onto: 'main' })
  return remote
}

describe('a pull request', () => {
  test('that changes what would be bought gets a comment with both prices, without any key', async () => {
    const github = await fakeGitHub()
    const run = await onPullRequest(addingOwl(), github)
    expect(run.log).not.toContain('::error')
    expect(run).toMatchObject({ succeeded: true, outputs: { buys: '2', changed: 'true' } })
    const [comment] = github.comments
    expect(comment!.body).toMatch(/^<!-- shotlock: \. -->\n/)
    expect(comment!.body).toContain('buys 2 takes for CNY 1.87')
    expect(comment!.body).toContain('On the base branch: buys 1 take for CNY 0.93')
    expect(comment!.body).toMatch(/\| owl \|.*\| new \| CNY 0\.93 \|/)
    expect(comment!.body).not.toContain('| fox |')
    expect(run.summary).toContain('buys 2 takes')
  })

  test('that changes neither price nor results gets no comment', async () => {
    const remote = addingOwl()
    remote.commit('words', { 'README.md': 'more films' }, { onto: 'main' })
    const github = await fakeGitHub()
    const run = await onPullRequest(remote, github, { branch: 'words' })
    expect(run).toMatchObject({ succeeded: true, outputs: { changed: 'false' } })
    expect(github.comments).toEqual([])
  })

  test('that brings results gets a comment with what happened', async () => {
    const remote = createRemote({ [path]: manifest('fox') })
    remote.commit('topic', { 'manifests/ep01.lock.yaml': lockfile('fox') }, { onto: 'main' })
    const github = await fakeGitHub()
    await onPullRequest(remote, github)
    expect(github.comments[0]!.body).toContain('output moderated')
  })

  test('that adds the first manifest, in a folder of its own, is compared with nothing', async () => {
    const remote = createRemote({ 'README.md': 'films' })
    remote.commit('topic', { [`films/a b/${path}`]: manifest('fox') }, { onto: 'main' })
    const github = await fakeGitHub()
    const inputs = { 'working-directory': 'films/a b', manifests: `\n${path}\n` }
    const run = await onPullRequest(remote, github, { inputs })
    expect(run.log).not.toContain('::error')
    expect(github.comments[0]!.body).toMatch(/^<!-- shotlock: films%2Fa%20b -->\n/)
    expect(github.comments[0]!.body).toContain('On the base branch: buys nothing.')
  })
})

/** Runs only the step that comments, with a text that the plan left. */
async function comment(
  { url }: { url: string },
  { words = 'buys 2 takes', changed = true }: { words?: string; changed?: boolean } = {},
): Promise<ActionRun> {
  const folder = mkdtempSync(join(tmpdir(), 'shotlock-comment-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'comment.md')
  writeFileSync(file, `${marker}\n${words}`)
  return await runAction({
    workspace: folder,
    given: {
      check: { settings: JSON.stringify({ author: bot }) },
      install: { bin: 'bin.js' },
      plan: { comment: file, changed: String(changed) },
    },
    env: { GITHUB_REPOSITORY: 'studio/films', GITHUB_API_URL: url },
    event: { pull_request: { number: 1 } },
  })
}

describe('the comment', () => {
  test('is updated by the next push, however far down it is, and left alone when the text is the same', async () => {
    const others = Array.from({ length: 250 }, (_, id) => ({
      id,
      body: 'words',
      user: { login: 'a-person' },
    }))
    const github = await fakeGitHub({ comments: others })
    await comment(github)
    await comment(github, { words: 'buys 3 takes' })
    expect(github.writes()).toEqual(['POST', 'PATCH'])
    expect(github.comments).toHaveLength(251)
    expect(github.comments.at(-1)!.body).toContain('buys 3 takes')
    await comment(github, { words: 'buys 3 takes' })
    expect(github.writes()).toHaveLength(2)
  })

  test('says so when nothing changes any more, and is not begun for that', async () => {
    const github = await fakeGitHub()
    await comment(github, { words: 'nothing', changed: false })
    expect(github.comments).toEqual([])
    await comment(github)
    await comment(github, { words: 'nothing', changed: false })
    expect(github.comments.map(({ body }) => body)).toEqual([`${marker}\nnothing`])
  })

  test("of somebody else is left alone, although it begins with the action's marker", async () => {
    const quote = { id: 5, body: `${marker}\nhello`, user: { login: 'a-person' } }
    const github = await fakeGitHub({ comments: [{ ...quote }] })
    await comment(github)
    expect(github.comments[0]).toEqual(quote)
    expect(github.comments).toHaveLength(2)
  })

  test('cannot be written with a token that may only read, as from a fork: that is said, and the check is green', async () => {
    const github = await fakeGitHub({ refuses: 403 })
    const run = await comment(github)
    expect(run.succeeded).toBe(true)
    expect(github.comments).toEqual([])
    expect(run.summary).toContain('may not comment')
  })

  test('cannot be written while the API is down: a warning, and the check is green', async () => {
    const run = await comment(await fakeGitHub({ refuses: 502 }))
    expect(run.succeeded).toBe(true)
    expect(run.step('comment').log).toContain('::warning')
  })
})

describe('what cannot be planned', () => {
  test('a manifest with an error: its line is annotated, the check is red, and an old comment says so', async () => {
    const old = { id: 5, body: `${marker}\nbuys 2 takes`, user: { login: bot } }
    const github = await fakeGitHub({ comments: [old] })
    const remote = addingOwl()
    remote.commit('topic', { [path]: manifest('fox', 'owl').replace('prompt: a owl', 'promt: an owl') })
    const run = await onPullRequest(remote, github)
    expect(run.succeeded).toBe(false)
    expect(run.step('plan').status).toBe(2)
    expect(run.log).toMatch(/^::error file=manifests\/ep01\.yaml,line=5,col=10,title=owl%3A unknown-field::/m)
    expect(github.comments[0]!.body).toContain('There is no plan')
  })

  test('a base branch whose manifest is broken: the plan is made, and the comment says so', async () => {
    const remote = createRemote({ [path]: 'shots: [' })
    remote.commit('topic', { [path]: manifest('fox') }, { onto: 'main' })
    const github = await fakeGitHub()
    const run = await onPullRequest(remote, github)
    expect(run.succeeded).toBe(true)
    expect(github.comments[0]!.body).toContain('The base branch could not be planned')
  })
})
