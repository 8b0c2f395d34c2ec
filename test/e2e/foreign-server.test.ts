import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { parseLockfile } from '../../src/core/lockfile.js'
import { createProject } from '../support/project.js'

/**
 * The API written anew from its published description, sharing nothing with the simulator: a misreading that client
 * and simulator had in common would show here.
 */
async function publishedApi() {
  const creates: { body: Record<string, unknown>; type: string | undefined; key: string | undefined }[] = []
  const looks = new Map<string, number>()
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const { pathname } = new URL(request.url!, 'http://localhost')
    const json = (status: number, value: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (pathname === '/api/v3/contents/generations/tasks' && request.method === 'POST') {
      creates.push({
        body: JSON.parse(text),
        type: request.headers['content-type'],
        key: request.headers.authorization,
      })
      return json(200, { id: `cgt-20260108111352-gwv4${creates.length}` })
    }
    if (pathname === '/api/v3/contents/generations/tasks') return json(200, { items: [], total: 0 })
    if (pathname.startsWith('/api/v3/contents/generations/tasks/')) {
      const id = pathname.split('/').at(-1)!
      const look = (looks.get(id) ?? 0) + 1
      looks.set(id, look)
      const head = {
        id,
        model: 'doubao-seedance-2-0-mini-260615',
        created_at: 1767842032,
        updated_at: 1767842032,
        service_tier: 'default',
        execution_expires_after: 172800,
      }
      if (look < 2) return json(200, { ...head, status: look === 1 ? 'running' : 'queued' })
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bucket/${id}.mp4?X-Tos-Expires=86400&X-Tos-Signature=0a1b`
      return json(200, {
        ...head,
        status: 'succeeded',
        content: { video_url: url },
        usage: { completion_tokens: 87300, total_tokens: 87300 },
        seed: 5,
        resolution: '720p',
        ratio: '16:9',
        duration: 4,
        framespersecond: 24,
        generate_audio: true,
      })
    }
    if (pathname.startsWith('/bucket/'))
      return response.writeHead(request.headers.authorization ? 400 : 200).end(`mp4 of ${pathname}`)
    json(404, { error: { code: 'NotFound', message: 'no such path', param: '', type: 'NotFound' } })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v3`, creates }
}

test("the API's published example is sent as published and collected", async () => {
  const { readFileSync } = await import('node:fs')
  const api = await publishedApi()
  const project = createProject({ 'manifests/fox.yaml': readFileSync('manifests/fox.yaml') })
  const result = await project.shotlock(['run', '--yes', '--base-url', api.baseUrl], {
    env: { SHOTLOCK_API_KEY: 'sk-test-key' },
  })

  expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining('1 done, 87,300 tokens.') })
  expect(api.creates).toHaveLength(1)
  expect(api.creates[0]).toEqual({
    type: 'application/json',
    key: 'Bearer sk-test-key',
    body: {
      model: 'doubao-seedance-2-0-mini-260615',
      content: [
        {
          type: 'text',
          text: '女孩抱着狐狸,女孩睁开眼,温柔地看向镜头,狐狸友善地抱着,镜头缓缓拉出,女孩的头发被风吹动,可以听到风声',
        },
        {
          type: 'image_url',
          image_url: { url: 'https://ark-project.tos-cn-beijing.volces.com/doc_image/i2v_foxrgirl.png' },
          role: 'first_frame',
        },
      ],
      ratio: 'adaptive',
      duration: 4,
      watermark: false,
      // Not in the example: they decide the price or make the task recognisable, so they are never left to a default.
      resolution: '720p',
      generate_audio: true,
      seed: expect.any(Number),
    },
  })
  const lock = project.read('manifests/fox.lock.yaml')
  expect(parseLockfile(lock, 'fox').get('fox-hug' as never)).toMatchObject({
    status: 'succeeded',
    tokens: 87300,
    task: 'cgt-20260108111352-gwv41',
  })
  expect(project.read('manifests/out/fox/fox-hug.mp4')).toBe('mp4 of /bucket/cgt-20260108111352-gwv41.mp4')
  expect(lock + result.stdout + result.stderr).not.toMatch(/X-Tos|sk-test-key/)
})
