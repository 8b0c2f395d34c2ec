import type { LockEntry } from './lockfile.js'
import { compareTakeNames, type TakeName } from './names.js'

/** How a lockfile is written: what the reader holds a text against. */
export interface CanonicalForm {
  /** The text up to the first block. */
  head: string
  /** Names of fields, in the order in which an entry has them. */
  fields: readonly string[]
  /** What stands behind the name of a field. */
  renderValue: (field: string, value: never) => string
  /** A text in double quotes. */
  quote: (text: string) => string
}

/** What needs no escape in double quotes, neither in JSON nor in YAML: between them, it stands for itself. */
export const isPlainText = /^[^"\\\u0000-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]*$/
const isWholeNumber = /^(?:0|[1-9][0-9]{0,14})$/
const isWord = /^[a-z]+$/
const plainKey = /(?<=[{,] )[A-Za-z_]\w*(?=: )/g

/**
 * Reads a lockfile that is letter for letter what its entries would be written as, line by line, in a small part of the
 * time that a parser of YAML takes. Names must be in their order and fields in theirs, and each value must give its own
 * text again, so that the entries could not be written in any other way. What fields may hold is not looked at.
 *
 * @returns Entries in the order of the file; `undefined` for any other text, whatever is wrong with it.
 */
export function readCanonicalLockfile(
  text: string,
  form: CanonicalForm,
): Map<TakeName, LockEntry> | undefined {
  const { head, fields, renderValue, quote } = form
  if (!text.startsWith(head)) return undefined
  const known = fields.map((name) => ({
    name,
    start: `    ${name}: `,
    isQuoted: renderValue(name, 'x' as never) === quote('x'),
  }))
  const entries = new Map<TakeName, LockEntry>()
  let before: TakeName | undefined
  for (let at = head.length; at < text.length; ) {
    const end = text.indexOf('\n', at)
    if (end === -1 || !text.startsWith('  "', at) || text[end - 1] !== ':') return undefined
    const name = readValue(text.slice(at + 2, end - 1), true, quote) as TakeName | undefined
    // Strictly ascending, so no name comes twice either.
    if (name === undefined || (before !== undefined && !(compareTakeNames(before, name) < 0)))
      return undefined
    before = name
    at = end + 1

    const entry: Record<string, unknown> = {}
    const first = at
    for (const { name, start, isQuoted } of known) {
      if (!text.startsWith(start, at)) continue
      const end = text.indexOf('\n', at)
      if (end === -1) return undefined
      const written = text.slice(at + start.length, end)
      const value = readValue(written, isQuoted, (value) => renderValue(name, value as never))
      if (value === undefined) return undefined
      entry[name] = value
      at = end + 1
    }
    if (at === first) return undefined
    entries.set(name, entry as unknown as LockEntry)
  }
  return entries.size === 0 ? undefined : entries
}

/** @returns `undefined` when the value would be written otherwise. */
function readValue(written: string, isQuoted: boolean, render: (value: never) => string): unknown {
  if (isQuoted && written.length > 1 && written.startsWith('"') && written.endsWith('"')) {
    const text = written.slice(1, -1)
    if (isPlainText.test(text)) return text
  }
  try {
    const value = guessValue(written)
    return value !== undefined && render(value as never) === written ? value : undefined
  } catch {
    // What is no JSON, or more than the writer of this field can take.
    return undefined
  }
}

/** What a value most likely is. A guess that is wrong gives another text when it is written. */
function guessValue(written: string): unknown {
  switch (written[0]) {
    case '"':
    case '[':
      return JSON.parse(written)
    case '{':
      // As in JSON but for the names of fields, which have no quotes.
      return JSON.parse(written.replace(plainKey, '"$&"'))
    default:
      if (isWholeNumber.test(written)) return Number(written)
      if (written === 'true') return true
      if (written === 'false') return false
      return isWord.test(written) && written !== 'null' ? written : undefined
  }
}
