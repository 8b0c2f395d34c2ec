// Step of mode "plan": keeps the one comment up to date. A comment is there to be read, not to fail a check.
import { readFileSync } from 'node:fs'
import { ApiError, commentsApi } from './github-api.mjs'
import { addSummary, readEvent, say, setOutput } from './runner.mjs'
import { settings } from './settings.mjs'

const { GITHUB_TOKEN: token, GITHUB_API_URL: baseUrl, GITHUB_REPOSITORY: repository } = process.env
const { COMMENT_FILE: file, COMMENT_CHANGED: changed } = process.env
const { author } = settings()

const body = readFileSync(file, 'utf8')
const marker = body.split('\n', 1)[0]
try {
  setOutput('did', await keep())
} catch (error) {
  setOutput('did', 'nothing')
  // A pull request from a fork has a token that may only read, whatever the workflow asks for.
  const mayNot = error instanceof ApiError && [401, 403, 404].includes(error.status)
  const what = mayNot
    ? 'The token may not comment, as that of a pull request from a fork: the plan is in this summary instead.'
    : `The comment could not be written: ${error.message}. The plan is in this summary.`
  addSummary(`_${what}_`)
  say(mayNot ? 'notice' : 'warning', what, { title: 'shotlock: no comment' })
}

/** @returns What was done: `created`, `updated` or `nothing`. */
async function keep() {
  const { number } = readEvent().pull_request
  const api = commentsApi({ token, repository, baseUrl })
  const own = await ownComment(api, number)
  if (own) {
    if (own.body === body) return 'nothing'
    await api.update(own.id, body)
    return 'updated'
  }
  if (changed !== 'true') return 'nothing'
  await api.create(number, body)
  return 'created'
}

/** The oldest comment of the action itself; anybody else may quote its marker. */
async function ownComment(api, pull) {
  for await (const comment of api.list(pull)) {
    if (comment.user?.login === author && comment.body?.startsWith(marker)) return comment
  }
  return undefined
}
