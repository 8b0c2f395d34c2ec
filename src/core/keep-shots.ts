import { once } from './once.js'

/**
 * The text of a manifest with only some of its shots, so that reading many versions for one shot costs little. Shots
 * are found by their lines, without reading any YAML.
 *
 * @returns Empty when it has none of them. `undefined` where the text is not laid out so plainly that this is safe:
 *   then it is to be read whole. What an alias stands for may be cut away as well; reading the rest then says so.
 */
export function keepShots(text: string, names: ReadonlySet<string>): string | undefined {
  // With their ends: how many of them follow a block may be part of its text.
  const lines = text.split(/(?<=\n)/)
  const start = lines.findIndex((line) => /^shots:\s*(#.*)?\s*$/.test(line))
  const first = lines.findIndex((line, index) => index > start && !isBlank(line))
  const indent = /^ */.exec(lines[first] ?? '')![0].length
  if (start === -1 || first === -1 || indent === 0) return undefined

  const kept = lines.slice(0, start + 1)
  let keeping = false
  let found = false
  for (const [index, line] of lines.entries()) {
    if (index <= start || isBlank(line)) {
      // An empty line may be part of a prompt.
      if (index > start && keeping) kept.push(line)
      continue
    }
    const depth = /^ */.exec(line)![0].length
    if (depth === 0) {
      kept.push(...lines.slice(index))
      break
    }
    if (depth < indent || line[depth] === '\t') return undefined
    if (depth === indent && !/^ *[}\]]/.test(line)) {
      const key = keyIn(line)
      if (key === undefined) return undefined
      keeping = names.has(key)
      found ||= keeping
    }
    if (keeping) kept.push(line)
  }
  return found ? kept.join('') : ''
}

/** Empty, or nothing but a comment. */
function isBlank(line: string): boolean {
  return /^\s*(#.*)?\s*$/.test(line)
}

const startOfLine = once(() => /^ +(?:"([^"\\]*)"|'([^']*)'|([\p{L}\p{N}_.][^\s:#"']*))\s*:(?:\s|$)/u)

/** The key at the start of a line; `undefined` where a reader of YAML is needed to tell. */
function keyIn(line: string): string | undefined {
  const [, double, single, plain] = startOfLine().exec(line) ?? []
  return double ?? single ?? plain
}
