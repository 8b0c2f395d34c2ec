// What a step says to GitHub: outputs, the summary, remarks. Nothing here knows of shotlock.
import { randomUUID } from 'node:crypto'
import { appendFileSync, readFileSync } from 'node:fs'

/** Hands a value to later steps. */
export function setOutput(name, value, { env = process.env } = {}) {
  if (!env.GITHUB_OUTPUT) return
  // A delimiter that nobody can guess: no value can end itself and set another output.
  const end = `end-${randomUUID()}`
  appendFileSync(env.GITHUB_OUTPUT, `${name}<<${end}\n${value}\n${end}\n`)
}

/** Adds Markdown to the summary of the step. */
export function addSummary(markdown, { env = process.env } = {}) {
  if (env.GITHUB_STEP_SUMMARY) appendFileSync(env.GITHUB_STEP_SUMMARY, `${markdown.trimEnd()}\n\n`)
}

/** The event that started the workflow, as GitHub wrote it down. */
export function readEvent({ env = process.env } = {}) {
  return env.GITHUB_EVENT_PATH ? JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, 'utf8')) : {}
}

/**
 * A remark as a workflow command; no text in it can end it or begin another.
 *
 * @param {'error' | 'warning' | 'notice'} level
 * @param {string} message
 * @param {{ title?: string, file?: string, line?: number, col?: number }} place
 */
export function remark(level, message, place = {}) {
  const properties = Object.entries(place)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) => `${name}=${escapeData(String(value)).replaceAll(':', '%3A').replaceAll(',', '%2C')}`,
    )
  return `::${level}${properties.length > 0 ? ` ${properties.join(',')}` : ''}::${escapeData(message)}`
}

/** Prints a remark. */
export function say(...words) {
  console.log(remark(...words))
}

function escapeData(text) {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** Says an error and lets the step fail once everything is written. */
export function fail(message, { title = 'shotlock', status = 1 } = {}) {
  say('error', message, { title })
  process.exitCode = status
}
