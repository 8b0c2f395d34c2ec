import { mkdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RunnerError } from '../core/errors.js'
import { type Answer, send } from './answer.js'
import { createCallbacks, isLoopback } from './callbacks.js'
import { control } from './control-api.js'
import { type FaultChanges, type FaultSettings, Faults, parseFaults } from './faults.js'
import { createFileServer, lastFramePath, videoPath } from './file-server.js'
import { openInputs } from './input-store.js'
import { openJournal } from './journal-file.js'
import type { LogEntry } from './log-entry.js'
import { createRenderer } from './media/renderer.js'
import { newRequestId, ServiceError } from './service-error.js'
import { signUrl } from './signed-url.js'
import type { SimulatedTask } from './task.js'
import { createTaskApi, refusal } from './task-api.js'
import { taskBody } from './task-body.js'
import { TaskDesk, type TaskEvent } from './task-desk.js'

export interface SimulatorOptions {
  /** Address to listen on; default `127.0.0.1`. */
  host?: string | undefined
  /** Lets other machines in: `host` may then be any address. Default false. */
  allowRemote?: boolean | undefined
  /** 0 (default) takes any free port. */
  port?: number | undefined
  /** Keeps tasks, log and files across restarts; `undefined` keeps them in memory. */
  folder?: string | undefined
  /** The one API key that is good; `undefined` takes any. */
  key?: string | undefined
  /** Most tasks of one model that run at once; default: the model's own limit. */
  liveTasks?: number | undefined
  /** Most creates of one model in 60 s; default: the model's own limit. */
  createsPerMinute?: number | undefined
  /** Most queued tasks of one model; default 500. */
  queueLimit?: number | undefined
  /** Running time of a task, drawn by its seed; default 1500 to 4000 ms. */
  taskMs?: { min: number; max: number } | undefined
  /** Shortest stay in the queue; default 200 ms. */
  queuedMs?: number | undefined
  /** How long a signed URL is good, in whole seconds once rounded up; default 24 h. */
  urlLifetimeMs?: number | undefined
  /** How long a finished file exists, whatever its URL says; default 24 h. */
  fileLifetimeMs?: number | undefined
  /** How long a task can be read, from its creation; default 7 days. */
  recordLifetimeMs?: number | undefined
  /** Pause between the tries of a callback; default 1000 ms. */
  callbackRetryMs?: number | undefined
  /** The models behind endpoint ids `ep-…`; one that is not here is taken for 1.5 pro. */
  endpoints?: ReadonlyMap<string, string> | undefined
  /** What goes wrong from the start; default: nothing. */
  faults?: FaultChanges | undefined
  /** Decides when rates strike; default 1. */
  faultSeed?: number | undefined
  /**
   * Milliseconds since the Unix epoch; default `Date.now`. With a clock of their own, callers let time pass by
   * `advance`, or by any request.
   */
  now?: (() => number) | undefined
}

export interface Simulator {
  /** Ends with `/api/v3`: Ark's dialect. */
  readonly baseUrl: string
  /** Ends with `/volc/v1`: the dialect of relays. */
  readonly relayUrl: string
  readonly port: number
  /** Setting replaces everything: what is left out does not go wrong. */
  get faults(): FaultSettings
  set faults(settings: FaultChanges)
  /** Everything that happened so far, oldest first. */
  log(): LogEntry[]
  /** Brings every task up to now. */
  advance(): void
  /** Stops at once; open connections are closed. */
  close(): Promise<void>
}

const day = 24 * 3600 * 1000

/** How late a change may be seen when nobody asks. */
const tickMs = 50

/**
 * Starts the simulator.
 *
 * @throws RunnerError `port-unusable`, `state-unwritable` or `state-unreadable`; `usage` for impossible faults.
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { host = '127.0.0.1', allowRemote = false, folder, now = Date.now } = options
  if (!allowRemote && !isLoopback(host)) {
    throw new RunnerError('port-unusable', `Cannot listen on "${host}": other machines could reach it`, {
      hint: 'Use 127.0.0.1, or give --allow-remote.',
    })
  }

  const faults = new Faults(options.faultSeed ?? 1)
  faults.settings = parseFaults(options.faults ?? {})

  const paths = prepareFolder(folder)
  const journal = openJournal<TaskEvent>(paths.tasks)
  const log = openJournal<LogEntry>(paths.log)
  const inputs = openInputs(paths.inputs)
  const renderer = createRenderer({ folder: paths.files, readInput: inputs.read })
  const callbacks = createCallbacks(options.callbackRetryMs ?? 1000)

  let origin = ''
  const lifetimeS = Math.ceil((options.urlLifetimeMs ?? day) / 1000)
  const show = (task: SimulatedTask) => {
    const sign = (path: string) => signUrl(origin, path, { nowMs: now(), lifetimeS })
    return taskBody(task, { video: sign(videoPath(task)), lastFrame: sign(lastFramePath(task)) })
  }
  const desk = new TaskDesk({
    ...{ journal, log, inputs, now },
    limits: {
      liveTasks: options.liveTasks,
      createsPerMinute: options.createsPerMinute,
      queueLimit: options.queueLimit ?? 500,
    },
    taskMs: options.taskMs ?? { min: 1500, max: 4000 },
    queuedMs: options.queuedMs ?? 200,
    recordLifetimeMs: options.recordLifetimeMs ?? 7 * day,
    endpoints: options.endpoints ?? new Map(),
    onChange: (task) => {
      if (task.callbackUrl && task.status !== 'cancelled')
        callbacks.send(task.id, task.callbackUrl, show(task))
    },
  })
  desk.restore()

  const answerTask = createTaskApi({ desk, faults, log, key: options.key, now, show })
  const fileLifetimeMs = options.fileLifetimeMs ?? day
  const answerFile = createFileServer({ desk, renderer, faults, log, now, fileLifetimeMs })

  const answer = async (incoming: IncomingMessage, requestId: string): Promise<Answer> => {
    const url = new URL(incoming.url ?? '/', origin)
    if (url.pathname.startsWith('/simulator/')) {
      return control({ desk, faults, log }, url.pathname, incoming).catch((error) =>
        refusal(error, requestId),
      )
    }
    const answerCall = url.pathname.startsWith('/files/') ? answerFile : answerTask
    const reply = await answerCall({ url, incoming, requestId })
    const { latencyMs } = faults.settings
    if (latencyMs > 0) await sleep(latencyMs, undefined, { ref: false })
    return reply
  }

  const server = createServer((incoming, response) => {
    const requestId = newRequestId(now())
    response.setHeader('X-Request-Id', requestId)
    answer(incoming, requestId)
      .catch((error) => brokenAnswer(error, requestId))
      .then((reply) => send(reply, incoming, response))
  })
  const closeJournals = () => {
    journal.close()
    log.close()
  }
  const port = await listen(server, host, options.port ?? 0).catch((error) => {
    closeJournals()
    throw error
  })
  origin = `http://${hostInUrl(host)}:${port}`
  // Nobody needs the ticks to read a task: they only keep log and callbacks on time.
  const ticks = options.now ? undefined : setInterval(() => desk.advance(), tickMs).unref()

  return {
    baseUrl: `${origin}/api/v3`,
    relayUrl: `${origin}/volc/v1`,
    port,
    get faults() {
      return faults.settings
    },
    set faults(settings) {
      faults.settings = parseFaults(settings)
    },
    log: () => log.entries(),
    advance: () => desk.advance(),
    async close() {
      clearInterval(ticks)
      callbacks.close()
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      closeJournals()
    },
  }
}

interface FolderPaths {
  tasks?: string
  log?: string
  inputs?: string
  files?: string
}

function prepareFolder(folder: string | undefined): FolderPaths {
  if (folder === undefined) return {}
  const inputs = join(folder, 'inputs')
  const files = join(folder, 'files')
  try {
    for (const path of [inputs, files]) mkdirSync(path, { recursive: true })
  } catch (cause) {
    throw new RunnerError('state-unwritable', `Cannot write "${folder}": ${(cause as Error).message}`, {
      cause,
    })
  }
  return { tasks: join(folder, 'tasks.jsonl'), log: join(folder, 'log.jsonl'), inputs, files }
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'it is in use' : cause.message
      const hint = 'Choose another port, or 0 for any free one'
      reject(
        new RunnerError('port-unusable', `Cannot listen on port ${port} of "${host}": ${why}`, {
          hint,
          cause,
        }),
      )
    })
    server.listen(port, host, resolve)
  })
  return (server.address() as AddressInfo).port
}

/** An address that stands for all of them is no address to give to clients. */
function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

/** What a client gets when the simulator itself fails, if it is still there. */
function brokenAnswer(error: unknown, requestId: string): Answer {
  const message = `The simulator failed: ${error instanceof Error ? error.message : String(error)}.`
  return refusal(new ServiceError(500, 'InternalServiceError', message), requestId)
}
