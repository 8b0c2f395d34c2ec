import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/**
 * @typedef {object} Settings
 * @property {number} latencyMs How long answers about tasks wait.
 * @property {{ min: number, max: number } | { median: number, sigma: number }} taskMs How long tasks run: evenly
 *   between two bounds, or log-normal.
 * @property {number} fileBytes Size of every result.
 */

/**
 * What a server was asked for since its last reset.
 *
 * @typedef {object} Counts
 * @property {number} creates
 * @property {number} lists
 * @property {number} gets Looks at one task.
 * @property {number} files Downloads.
 * @property {number} finished Tasks that somebody knows to have succeeded.
 * @property {number} lateMs By how much they were known later than they were done, summed.
 * @property {number} firstCreateAt When the first create arrived, in milliseconds of the server's own clock.
 * @property {number} lastCreateAt When the last create was answered, by the same clock.
 * @property {number} firstFileAt When the first download was asked for, in milliseconds since the Unix epoch.
 */

/**
 * A task API in a process of its own.
 *
 * @typedef {object} TaskService
 * @property {string} baseUrl
 * @property {(settings?: Partial<Settings>) => Promise<void>} reset Forgets all tasks and counts; what is not set is 0
 *   or as small as possible.
 * @property {() => Promise<Counts>} counts
 * @property {() => Promise<string[]>} ids Of every task that was made.
 */

/**
 * Starts a task API, lets work be done with it, and ends it whatever happens.
 *
 * @template T
 * @param {(service: TaskService) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withTaskService(work) {
  const child = fork(join(import.meta.dirname, '../servers/task-server.mjs'))
  const ask = async (message) => {
    const answer = once(child, 'message')
    child.send(message)
    const [reply] = await answer
    return reply
  }
  try {
    const [{ port }] = await once(child, 'message')
    return await work({
      baseUrl: `http://127.0.0.1:${port}/api/v3`,
      async reset(settings = {}) {
        const all = { latencyMs: 0, taskMs: { min: 0, max: 0 }, fileBytes: 1024, ...settings }
        await ask({ question: 'reset', settings: all })
      },
      counts: () => ask({ question: 'counts' }),
      ids: () => ask({ question: 'ids' }),
    })
  } finally {
    child.disconnect()
  }
}
