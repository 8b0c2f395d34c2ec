import { encode } from 'fast-png'
import type { CreateAnswer } from '../../src/core/create-answer.js'
import { ProviderError } from '../../src/core/errors.js'
import type { VideoRequest } from '../../src/core/request.js'
import { type Task, type TaskId, taskId } from '../../src/core/task.js'
import type { Clock } from '../../src/ports/clock.js'
import type { Provider } from '../../src/ports/provider.js'

/** What a test decides about one task. */
export interface TaskScript {
  /** How long it lives, in the queue and running; default 60 s. `Infinity`: it never ends. */
  livesMs?: number
  /** How long of that it stays queued; default 0. */
  queuedMs?: number
  ends?: Partial<Task> & Pick<Task, 'status'>
  /** What its video holds; default a text of its own. */
  video?: string
  /** Its last frame, where that was asked for; default a picture of its own, `undefined`: it comes without. */
  lastFrame?: Uint8Array | undefined
  /** Whether it is in the flex tier, for tasks that were put there. */
  flex?: boolean
}

export interface FakeProvider extends Provider {
  /** Every create that arrived, in order, with the time it did. */
  readonly creates: { request: VideoRequest; at: number }[]
  readonly calls: {
    retrieve: TaskId[]
    list: TaskId[][]
    download: { url: string; offset: number }[]
    remove: TaskId[]
  }
  /** Most tasks that were live at once. */
  mostLive: number
  /** The answer to a create; `undefined` lets it be accepted. Called with its number from 1. */
  onCreate: (
    request: VideoRequest,
    number: number,
  ) => CreateAnswer | undefined | Promise<CreateAnswer | undefined>
  /** What becomes of the task of a create. */
  script: (request: VideoRequest, number: number) => TaskScript
  /** Throws to let a free call fail. */
  onCall: (call: 'check' | 'retrieve' | 'list' | 'download') => void
  /** Called when a DELETE arrives, before its task is looked at: time may pass, or it throws. */
  onRemove: (id: TaskId) => void | Promise<void>
  /** Replaces what a download delivers. */
  onDownload:
    | ((
        video: Uint8Array,
        offset: number,
      ) => { chunks: AsyncIterable<Uint8Array>; offset: number; totalBytes?: number } | undefined)
    | undefined
  /** Changes what a look at a task tells. */
  answer: (task: Task) => Task
  hasList: boolean
  /** Puts a task there that this run did not create; with what was asked for, if that matters. */
  add(id: string, task: TaskScript, request?: VideoRequest): TaskId
  /** The last frame of a task as it would be downloaded now; `undefined` where it has none. */
  lastFrameOf(id: string): Uint8Array | undefined
}

/** A provider in memory: tasks run on the test's clock. */
export function fakeProvider(clock: Clock, name = 'ark'): FakeProvider {
  const tasks = new Map<
    TaskId,
    { createdAt: number; script: TaskScript; request: VideoRequest | undefined; cancelled?: true }
  >()
  const liveAt = (now: number) =>
    [...tasks.values()].filter(({ createdAt, script }) => createdAt + (script.livesMs ?? 60_000) > now).length
  const videoOf = (id: TaskId) => new TextEncoder().encode(tasks.get(id)?.script.video ?? `video of ${id}`)
  const lastFrameOf = (id: TaskId) => {
    const { script = {}, request } = tasks.get(id) ?? {}
    if (request?.return_last_frame !== true) return undefined
    return 'lastFrame' in script ? script.lastFrame : pictureOf(id)
  }

  const read = (id: TaskId): Task | undefined => {
    const found = tasks.get(id)
    if (!found) return undefined
    const { createdAt, script, request, cancelled } = found
    const live = !cancelled && clock.now() < createdAt + (script.livesMs ?? 60_000)
    const ended: Partial<Task> = cancelled
      ? { status: 'cancelled' }
      : (script.ends ?? {
          status: 'succeeded',
          videoUrl: `https://files.test/${id}.mp4?sig=secret`,
          lastFrameUrl: lastFrameOf(id) && `https://files.test/${id}.last?sig=secret`,
          completionTokens: 1000,
        })
    return {
      ...{
        id,
        status: clock.now() < createdAt + (script.queuedMs ?? 0) ? 'queued' : 'running',
        model: request?.model,
        videoUrl: undefined,
        lastFrameUrl: undefined,
        error: undefined,
      },
      ...{
        createdAt: undefined,
        seed: request?.seed,
        resolution: undefined,
        ratio: undefined,
        duration: undefined,
      },
      ...{ generateAudio: undefined, serviceTier: undefined, completionTokens: undefined },
      ...(live ? {} : ended),
    } as Task
  }

  const provider: FakeProvider = {
    name,
    listLimit: 100,
    creates: [],
    calls: { retrieve: [], list: [], download: [], remove: [] },
    mostLive: 0,
    answer: (task) => task,
    hasList: true,
    onCreate: () => undefined,
    script: () => ({}),
    onCall: () => undefined,
    onRemove: () => undefined,
    onDownload: undefined,

    add(id, script, request) {
      tasks.set(taskId(id), { createdAt: clock.now(), script, request })
      return taskId(id)
    },
    lastFrameOf: (id) => lastFrameOf(taskId(id)),
    async check() {
      provider.onCall('check')
    },
    async create(request) {
      provider.creates.push({ request, at: clock.now() })
      const number = provider.creates.length
      const answer = await provider.onCreate(request, number)
      if (answer) return answer
      const id = taskId(`cgt-${number}`)
      tasks.set(id, { createdAt: clock.now(), script: provider.script(request, number), request })
      provider.mostLive = Math.max(provider.mostLive, liveAt(clock.now()))
      return { kind: 'accepted', taskId: id }
    },
    async retrieve(id) {
      provider.calls.retrieve.push(id)
      provider.onCall('retrieve')
      const task = read(id)
      if (!task) throw new ProviderError(`no task ${id}`, { status: 404 })
      return provider.answer(task)
    },
    async listByIds(ids) {
      provider.calls.list.push([...ids])
      provider.onCall('list')
      if (!provider.hasList) throw new ProviderError('no list', { status: 404 })
      return ids.map(read).filter((task) => task !== undefined)
    },
    async listPage(page, { flex }) {
      provider.calls.list.push([])
      provider.onCall('list')
      if (!provider.hasList) throw new ProviderError('no list', { status: 404 })
      const isFlex = ({ request, script }: { request: VideoRequest | undefined; script: TaskScript }) =>
        script.flex ?? request?.service_tier === 'flex'
      const ofTier = [...tasks].filter(([, task]) => isFlex(task) === flex)
      const all = ofTier.flatMap(([id]) => read(id) ?? [])
      return { tasks: all.slice((page - 1) * 100, page * 100).map(provider.answer), total: all.length }
    },
    async download(url, { offset = 0 } = {}) {
      provider.calls.download.push({ url, offset })
      provider.onCall('download')
      const [, name, kind] = /([^/]+)\.(mp4|last)/.exec(url)!
      const frame = kind === 'last' ? lastFrameOf(taskId(name!)) : undefined
      if (frame) return { offset, totalBytes: frame.length, chunks: oneChunk(frame.subarray(offset)) }
      if (kind === 'last') throw new ProviderError('no such file', { status: 404 })
      const video = videoOf(taskId(name!))
      const special = provider.onDownload?.(video, offset)
      if (special) return { totalBytes: video.length, ...special }
      return { offset, totalBytes: video.length, chunks: oneChunk(video.subarray(offset)) }
    },
    async remove(id) {
      provider.calls.remove.push(id)
      await provider.onRemove(id)
      const task = read(id)
      if (!task) throw new ProviderError(`no task ${id}`, { status: 404, providerCode: 'NotFound.Task' })
      if (task.status === 'running' || task.status === 'cancelled')
        throw new ProviderError(`task ${id} is ${task.status}`, {
          status: 409,
          providerCode: 'InvalidAction.RunningTaskDeletion',
        })
      if (task.status === 'queued') tasks.get(id)!.cancelled = true
      else tasks.delete(id)
    },
    close: async () => undefined,
  }
  return provider
}

/** A small PNG that no other text has. */
function pictureOf(text: string): Uint8Array {
  const data = new TextEncoder().encode(text.padEnd(16))
  return encode({ width: data.length, height: 1, channels: 1, data })
}

/** A body that comes in one piece. */
export async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
