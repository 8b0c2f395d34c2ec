// The few calls of GitHub's API that a comment takes.

/** An answer that is no success. */
export class ApiError extends Error {
  /** HTTP status. */
  status

  constructor(status, message) {
    super(message)
    this.status = status
  }
}

/**
 * @param {{ token: string, repository: string, baseUrl: string }} access `repository`: `owner/name`.
 */
export function commentsApi({ token, repository, baseUrl }) {
  const issues = `${baseUrl}/repos/${repository}/issues`
  return {
    /** All comments of a pull request, the oldest first. */
    async *list(pull) {
      for (let page = 1; ; page++) {
        const comments = await call('GET', `${issues}/${pull}/comments?per_page=100&page=${page}`)
        yield* comments
        if (comments.length < 100) return
      }
    },
    create: (pull, body) => call('POST', `${issues}/${pull}/comments`, { body }),
    update: (id, body) => call('PATCH', `${issues}/comments/${id}`, { body }),
  }

  async function call(method, url, body) {
    const response = await fetch(url, {
      method,
      headers: {
        accept: 'application/vnd.github+json',
        authorization: `Bearer ${token}`,
        'user-agent': 'shotlock-action',
        'x-github-api-version': '2022-11-28',
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(30_000),
    })
    const text = await response.text()
    if (!response.ok)
      throw new ApiError(response.status, `${method} ${new URL(url).pathname}: ${messageIn(text)}`)
    return JSON.parse(text)
  }
}

function messageIn(text) {
  try {
    return JSON.parse(text).message ?? text.slice(0, 200)
  } catch {
    return text.slice(0, 200)
  }
}
