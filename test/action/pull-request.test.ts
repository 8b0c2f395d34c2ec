import { describe, expect, test } from 'vitest'
import { serve } from '../support/http-server.js'
import { type ActionRun, runAction } from './composite.js'
import { createRemote, type Remote } from './repository.js'

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

  test('that buys the same takes for another price gets a comment', async () => {
    const remote = addingOwl()
    remote.commit(
      'longer',
      { [path]: manifest('fox').replace('duration: 4', 'duration: 8') },
      { onto: 'main' },
    )
    const github = await fakeGitHub()
    await onPullRequest(remote, github, { branch: 'longer' })
    expect(github.comments[0]!.body).toMatch(/\| fox \|.*another price \| CNY 1\.8\d \(was CNY 0\.93\) \|/)
  })

  test('that brings results gets a comment with what happened', async () => {
    const remote = createRemote({ [path]: manifest('fox') })
    remote.commit('topic', { 'manifests/ep01.lock.yaml': lockfile('fox') }, { onto: 'main' })
    const github = await fakeGitHub()
    await onPullRequest(remote, github)
    expect(github.comments[0]!.body).toContain('output moderated')
  })

  test('that adds the first manifest is compared with nothing', async () => {
    const remote = createRemote({ 'README.md': 'films' })
    remote.commit('topic', { [path]: manifest('fox') }, { onto: 'main' })
    const github = await fakeGitHub()
    const run = await onPullRequest(remote, github, { inputs: { manifests: `\n${path}\n` } })
    expect(run.succeeded).toBe(true)
    expect(github.comments[0]!.body).toContain('On the base branch: buys nothing.')
  })

  test('in a folder of its own has a comment of its own', async () => {
    const remote = createRemote({ 'README.md': 'films' })
    remote.commit('topic', { [`films/a b/${path}`]: manifest('fox') }, { onto: 'main' })
    const github = await fakeGitHub()
    const run = await onPullRequest(remote, github, { inputs: { 'working-directory': 'films/a b' } })
    expect(run.log).not.toContain('::error')
    expect(github.comments[0]!.body).toMatch(/^<!-- shotlock: films%2Fa%20b -->\n/)
  })

  test('has no markup and calls nobody by what its shots are named', async () => {
    const remote = createRemote({ [path]: manifest('fox') })
    const evil = manifest('fox').replace('a fox }', 'a fox }\n  _a-b_: { prompt: a }')
    remote.commit('topic', { [path]: evil }, { onto: 'main' })
    const github = await fakeGitHub()
    await onPullRequest(remote, github)
    expect(github.comments[0]!.body).toContain('| &#95;a&#45;b&#95; |')
  })
})

describe('a second push', () => {
  test('updates the comment, which may be far down, and writes nothing when the text is the same', async () => {
    const others = Array.from({ length: 250 }, (_, id) => ({
      id,
      body: 'words',
      user: { login: 'a-person' },
    }))
    const github = await fakeGitHub({ comments: others })
    const remote = addingOwl()
    await onPullRequest(remote, github)
    remote.commit('topic', { [path]: manifest('fox', 'owl', 'elk') })
    await onPullRequest(remote, github)
    expect(github.writes()).toEqual(['POST', 'PATCH'])
    expect(github.comments).toHaveLength(251)
    expect(github.comments.at(-1)!.body).toContain('buys 3 takes')
    await onPullRequest(remote, github)
    expect(github.writes()).toHaveLength(2)
  })

  test('that takes the change back says so in the comment', async () => {
    const github = await fakeGitHub()
    const remote = addingOwl()
    await onPullRequest(remote, github)
    remote.commit('topic', { [path]: manifest('fox') })
    await onPullRequest(remote, github)
    expect(github.comments).toHaveLength(1)
    expect(github.comments[0]!.body).toContain('Nothing that is planned or bought changes any more')
  })

  test("leaves a comment of somebody else alone, although it begins with the action's marker", async () => {
    const quote = { id: 5, body: '<!-- shotlock: . -->\nhello', user: { login: 'a-person' } }
    const github = await fakeGitHub({ comments: [{ ...quote }] })
    await onPullRequest(addingOwl(), github)
    expect(github.comments[0]).toEqual(quote)
    expect(github.comments).toHaveLength(2)
  })
})

describe('what cannot be done', () => {
  test('a token that may only read, as from a fork: the plan is in the summary, and the check is green', async () => {
    const github = await fakeGitHub({ refuses: 403 })
    const run = await onPullRequest(addingOwl(), github)
    expect(run).toMatchObject({ succeeded: true })
    expect(github.comments).toEqual([])
    expect(run.summary).toContain('buys 2 takes')
    expect(run.summary).toContain('may not comment')
  })

  test('an API that is down: a warning, and the check is green', async () => {
    const run = await onPullRequest(addingOwl(), await fakeGitHub({ refuses: 502 }))
    expect(run.succeeded).toBe(true)
    expect(run.step('comment').log).toContain('::warning')
  })

  test('a manifest with an error: its line is annotated, the check is red, and an old comment says so', async () => {
    const github = await fakeGitHub()
    const remote = addingOwl()
    await onPullRequest(remote, github)
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
