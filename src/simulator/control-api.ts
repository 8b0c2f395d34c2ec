import type { IncomingMessage } from 'node:http'
import { type Answer, json, readBody } from './answer.js'
import { type FaultSettings, type Faults, parseFaults } from './faults.js'
import type { JournalFile } from './journal-file.js'
import type { LogEntry } from './log-entry.js'
import { invalid, notFound } from './service-error.js'
import type { Status } from './task.js'
import type { TaskDesk } from './task-desk.js'

export interface ControlApiOptions {
  desk: TaskDesk
  faults: Faults
  log: JournalFile<LogEntry>
}

const settingsLimit = 1024 * 1024

/**
 * Answers under `/simulator/`: what the simulator does, and what it should do wrong.
 * @throws ServiceError 400 or 404.
 */
export async function control(
  { desk, faults, log }: ControlApiOptions,
  path: string,
  incoming: IncomingMessage,
): Promise<Answer> {
  switch (`${incoming.method} ${path}`) {
    case 'GET /simulator/faults':
      return json(200, faults.settings)
    case 'PUT /simulator/faults':
      faults.settings = await readFaults(incoming)
      return json(200, faults.settings)
    case 'GET /simulator/log':
      return {
        kind: 'reply',
        status: 200,
        headers: { 'Content-Type': 'application/jsonl' },
        body: log.text(),
      }
    case 'GET /simulator/state':
      return json(200, stateOf(desk))
    default:
      throw notFound(`path ${path}`, 'NotFound.Path')
  }
}

async function readFaults(incoming: IncomingMessage): Promise<FaultSettings> {
  const bytes = await readBody(incoming, settingsLimit)
  try {
    return parseFaults(JSON.parse(String(bytes)))
  } catch (error) {
    throw invalid(`${(error as Error).message}.`)
  }
}

/** How many tasks there are, by status, and how each line stands. */
function stateOf(desk: TaskDesk) {
  const byStatus: Record<Status, number> = {
    queued: 0,
    running: 0,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    expired: 0,
  }
  const tasks = desk.newestFirst()
  for (const { status } of tasks) byStatus[status]++
  return { tasks: tasks.length, ...byStatus, lines: desk.lanes() }
}
