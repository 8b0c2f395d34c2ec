import { invalid } from './service-error.js'
import type { SimulatedTask } from './task.js'

/** Who is played: Ark itself, or a `/volc/v1` relay. */
export type Dialect = 'ark' | 'relay'

export interface ListQuery {
  /** 1-based. */
  pageNumber: number
  pageSize: number
  matches: (task: SimulatedTask) => boolean
}

/** `expired` is no filter, although it is a status. Source: reference section 5. */
const statusFilters = ['queued', 'running', 'cancelled', 'succeeded', 'failed']

/**
 * Reads the query of a LIST.
 *
 * @param dialect A relay knows only pages and `filter.status`, and shows every tier. Source: reference section 6.
 * @throws ServiceError 400.
 */
export function parseListQuery(query: URLSearchParams, dialect: Dialect): ListQuery {
  const pageNumber = readPage(query, 'page_num', 1)
  const pageSize = readPage(query, 'page_size', 20)
  const status = query.get('filter.status')
  if (status !== null && !statusFilters.includes(status)) throw notValid('filter.status')
  const hasStatus = (task: SimulatedTask) => status === null || task.status === status
  if (dialect === 'relay') return { pageNumber, pageSize, matches: hasStatus }

  const ids = new Set(query.getAll('filter.task_ids'))
  const endpoint = query.get('filter.model')
  const tier = query.get('filter.service_tier') ?? 'default'
  if (tier !== 'default' && tier !== 'flex') throw notValid('filter.service_tier')
  return {
    pageNumber,
    pageSize,
    matches: (task) =>
      hasStatus(task) &&
      task.tier === tier &&
      (ids.size === 0 || ids.has(task.id)) &&
      (endpoint === null || task.endpoint === endpoint),
  }
}

function readPage(query: URLSearchParams, name: string, fallback: number): number {
  const text = query.get(name)
  if (text === null) return fallback
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > 500) throw notValid(name)
  return value
}

function notValid(name: string) {
  return invalid(`the parameter ${name} specified in the request is not valid.`)
}
