import type { ErrorObject } from 'ajv'
import type { ProblemCode } from './problem.js'
import { didYouMean } from './suggest.js'

/** What the schema holds against a value, in words; `path` leads to it, or to the key when `atKey`. */
export interface SchemaFault {
  code: ProblemCode
  path: string[]
  atKey: boolean
  message: string
}

/**
 * Puts a schema's errors into words. Follow-up errors of a combined schema are dropped.
 *
 * @param known Field names for suggestions, by what they belong to.
 */
export function describeSchemaErrors(
  errors: readonly ErrorObject[],
  value: unknown,
  known: readonly string[],
): SchemaFault[] {
  const faults: SchemaFault[] = []
  for (const error of errors) {
    const path = error.instancePath.split('/').slice(1).map(unescapePointer)
    const fault = describe(error, path, valueAt(value, path), known)
    if (fault) faults.push(fault)
  }
  return faults
}

function describe(
  { keyword, params, message, propertyName, schemaPath }: ErrorObject,
  path: string[],
  value: unknown,
  known: readonly string[],
): SchemaFault | undefined {
  // What is wrong with a key is said once, by `propertyNames`.
  if (propertyName !== undefined && keyword !== 'propertyNames') return undefined
  if (schemaPath.includes('/oneOf/')) return undefined
  const last = path.at(-1) ?? 'the manifest'
  const field = /^\d+$/.test(last) ? `an item of ${path.at(-2)}` : last
  const fault = (code: ProblemCode, text: string) => ({ code, path, atKey: false, message: text })
  switch (keyword) {
    case 'additionalProperties': {
      const name: string = params.additionalProperty
      const text = `unknown field "${name}"${didYouMean(name, known)}`
      return { code: 'unknown-field', path: [...path, name], atKey: true, message: text }
    }
    case 'required':
      return fault('missing-field', `"${params.missingProperty}" is missing`)
    case 'type':
      return fault(
        'wrong-type',
        `${field} is ${show(value)}, it must be ${typeWords(params.type)}${typeAdvice(value, params.type)}`,
      )
    case 'enum': {
      const allowed: unknown[] = params.allowedValues
      // An input method for Chinese writes 16：9, which looks the same.
      const plain = String(value).normalize('NFKC').trim()
      const near = allowed.includes(plain)
        ? `, did you mean "${plain}"?`
        : didYouMean(String(value), allowed.map(String))
      return fault('wrong-value', `${field} is ${show(value)}, possible are ${allowed.join(', ')}${near}`)
    }
    case 'const':
      return fault(
        field === 'version' ? 'version' : 'wrong-value',
        `${field} is ${show(value)}, it must be ${params.allowedValue}`,
      )
    case 'minimum':
    case 'maximum':
      return fault(
        'wrong-value',
        `${field} is ${show(value)}, it must be ${params.comparison} ${params.limit}`,
      )
    case 'minLength':
    case 'minItems':
      return fault('wrong-value', `${field} is empty`)
    case 'maxItems':
    case 'maxLength':
      return fault('wrong-value', `${field} is too long: at most ${params.limit}`)
    case 'uniqueItems':
      return fault('wrong-value', `${field} holds the same item twice`)
    case 'pattern':
      if (field === 'callback_url')
        return fault('wrong-value', 'callback_url must start with https:// or http://')
      if (field === 'budget')
        return fault('wrong-value', `budget is ${show(value)}, it must be an amount such as 200 CNY`)
      if (field === 'currency')
        return fault('wrong-value', `currency is ${show(value)}, it must be three capitals such as CNY`)
      if (field === 'prompt') return fault('wrong-value', 'prompt is empty')
      if (path[0] === 'matrix') {
        const advice = `it goes into the shots' names; write a map instead, such as key: ${show(value)}`
        return fault('wrong-value', `${show(value)} cannot be a key: ${advice}`)
      }
      return fault('wrong-value', `${show(value)} has characters that cannot stand here`)
    case 'propertyNames':
      return {
        ...fault('wrong-value', `"${params.propertyName}" cannot be a name here`),
        path: [...path, params.propertyName],
        atKey: true,
      }
    case 'oneOf':
      return fault('wrong-value', 'a price states one of per_million_tokens, per_second and per_video')
    case 'exclusiveMinimum':
      return fault('wrong-value', `${field} is ${show(value)}, it must be more than ${params.limit}`)
    case 'allOf':
    case 'if':
      return undefined
    default:
      return fault('wrong-value', `${field} ${message ?? 'is not valid'}`)
  }
}

function typeWords(type: string | string[]): string {
  const words: Record<string, string> = {
    string: 'text',
    integer: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
    object: 'a map',
    array: 'a list',
  }
  return [type]
    .flat()
    .map((one) => words[one] ?? one)
    .join(' or ')
}

function typeAdvice(value: unknown, type: string | string[]): string {
  const asBoolean = type === 'boolean' && typeof value === 'string' && /^(yes|no|on|off|y|n)$/i.test(value)
  if (asBoolean) return ' (YAML 1.2 reads yes and no as texts)'
  return type === 'string' && typeof value !== 'object' ? ' (put it in quotes)' : ''
}

function show(value: unknown): string {
  if (value === null || value === undefined) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a map'
  const text = typeof value === 'string' ? `"${value}"` : String(value)
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value
  for (const key of path) found = (found as Record<string, unknown> | undefined)?.[key]
  return found
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}
