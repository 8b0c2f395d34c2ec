import { once } from './once.js'

/** A key and its value, read from their lines. */
export interface PlainPair {
  key: string
  /** A text, number, boolean, list or map of them; never `null`. */
  value: unknown
  /** Offset of the key's first character. */
  keyStart: number
  /** Offset of the first line that says something and is not of this pair; the text's length at its end. */
  end: number
}

/** How deep lists and maps are read here; what nests deeper is left to the parser. */
const maxDepth = 8

/** Keys that are longer are left to the parser, which has a limit of its own. */
const maxKeyLength = 200

/** What a key may hold beyond ASCII. */
const otherKey = once(() => /^[\p{L}\p{N}_][\p{L}\p{N}\p{M}_.-]*$/u)

// Every form in which the core schema of YAML 1.2 reads something else than a text.
const whole = /^[-+]?[0-9]+$/
const decimal = /^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)[eE][-+]?[0-9]+)$/
const oddNumber = /^(?:0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
const nothing = /^(?:~|null|Null|NULL)$/

const tab = 9
const newline = 10
const carriageReturn = 13
const space = 32
const quote = 34
const hash = 35
const apostrophe = 39
const plus = 43
const comma = 44
const dash = 45
const dot = 46
const colon = 58
const greater = 62
const openList = 91
const backslash = 92
const closeList = 93
const pipe = 124
const openMap = 123
const closeMap = 125

/**
 * Reads the plain part of YAML, in which most shots are written and which can be understood in one way only: keys that
 * are words, texts and numbers on one line, quoted texts with the usual escapes, block texts, and lists and maps of
 * these. It is twenty times as fast as a parser of all of YAML, and does not judge: whatever is unusual, doubtful or
 * wrong, down to one tab, is not read here.
 *
 * @returns A function that reads the pair whose key stands in the line that begins at `start`, after `indent` spaces;
 *   it gives `undefined` where the parser is to be asked. What it does read, it reads as the parser does.
 */
export function plainReader(text: string): (start: number, indent: number) => PlainPair | undefined {
  /** Offset of the next line that says something. */
  let at = 0
  /** How many spaces it begins with; -1 at the end of the text, -2 where a tab begins it. */
  let ahead = -1
  /** Where reading goes on within a line. */
  let pos = 0

  return (start, indent) => {
    const keyStart = start + indent
    const keyEnd = endOfKey(keyStart)
    if (keyEnd === -1) return undefined
    const value = readValue(keyEnd + 1, indent, 0)
    if (value === undefined || ahead > indent || ahead === -2) return undefined
    return { key: text.slice(keyStart, keyEnd), value, keyStart, end: at }
  }

  /** Offset of the colon behind a key that is a plain word; -1 when it is something else. */
  function endOfKey(start: number): number {
    let ascii = true
    for (let i = start; i - start <= maxKeyLength; i++) {
      const c = text.charCodeAt(i)
      if (c === colon) {
        if (i === start) return -1
        return ascii || otherKey().test(text.slice(start, i)) ? i : -1
      }
      if (isLetter(c) || isDigit(c) || c === 95) continue
      if (c >= 128) ascii = false
      // Not at the beginning: an entry of a list begins with a dash.
      else if ((c !== dash && c !== dot) || i === start) return -1
    }
    return -1
  }

  /** Reads what stands behind a colon at `i`, and goes on to the line after it. */
  function readValue(i: number, indent: number, depth: number): unknown {
    let c = text.charCodeAt(i)
    if (c === space) {
      do c = text.charCodeAt(++i)
      while (c === space)
    } else if (c !== newline && c !== carriageReturn) return undefined
    if (c === newline || c === carriageReturn || c === hash || Number.isNaN(c))
      return endLine(i) ? readNested(indent, depth + 1) : undefined
    if (c === pipe || c === greater) return readBlock(i, indent)
    return readInline(i, depth)
  }

  /** A text, a number, or a flow collection on one line. */
  function readInline(i: number, depth: number): unknown {
    pos = i
    const value = readFlowValue(false, depth)
    return value !== undefined && endLine(pos) ? value : undefined
  }

  /** A list or map on the lines below a key. */
  function readNested(indent: number, depth: number): unknown {
    if (depth > maxDepth) return undefined
    const isList = ahead >= 0 && isEntry(at + ahead)
    // Entries of a list may stand as far left as their key.
    if (isList ? ahead < indent : ahead <= indent) return undefined
    return isList ? readList(ahead, depth) : readMap(ahead, depth)
  }

  function readMap(indent: number, depth: number): Record<string, unknown> | undefined {
    const map: Record<string, unknown> = {}
    do {
      const start = at + indent
      const end = endOfKey(start)
      if (end === -1) return undefined
      const key = text.slice(start, end)
      // A key that stands twice; also names that every object has, which are not to be set like this.
      if (key in map) return undefined
      const value = readValue(end + 1, indent, depth)
      if (value === undefined) return undefined
      map[key] = value
    } while (ahead === indent)
    return ahead > indent ? undefined : map
  }

  function readList(indent: number, depth: number): unknown[] | undefined {
    const list: unknown[] = []
    while (ahead === indent && isEntry(at + indent)) {
      let i = at + indent + 2
      while (text.charCodeAt(i) === space) i++
      const c = text.charCodeAt(i)
      if (c === newline || c === carriageReturn || c === hash || c === pipe || c === greater) return undefined
      const value = readInline(i, depth)
      if (value === undefined) return undefined
      list.push(value)
    }
    return ahead > indent ? undefined : list
  }

  /** A text on the lines below a `|` or `>` at `i`, which may say to leave out its last line end. */
  function readBlock(i: number, indent: number): string | undefined {
    const folded = text.charCodeAt(i) === greater
    const strip = text.charCodeAt(++i) === dash
    if (strip) i++
    if (text.charCodeAt(i) === carriageReturn) i++
    if (text.charCodeAt(i) !== newline) return undefined
    at = i + 1
    let width = 0
    while (text.charCodeAt(at + width) === space) width++
    if (width <= indent) return undefined

    let value = ''
    let breaks = 0
    for (; at < text.length; at = endOfLine(at) + 1) {
      let end = endOfLine(at)
      if (text.charCodeAt(end - 1) === carriageReturn) end--
      if (end === at) {
        breaks++
        continue
      }
      let own = 0
      while (text.charCodeAt(at + own) === space) own++
      // White space that nobody sees counts in places.
      if (at + own === end) return undefined
      if (own <= indent) break
      if (own < width || (folded && own > width) || text.charCodeAt(at + own) === tab) return undefined
      const line = text.slice(at + width, end)
      if (line.includes('\r')) return undefined
      if (breaks === 0) value = line
      else if (!folded) value += '\n'.repeat(breaks) + line
      else value += (breaks === 1 ? ' ' : '\n'.repeat(breaks - 1)) + line
      breaks = 1
    }
    skipEmpty()
    return strip ? value : `${value}\n`
  }

  function isEntry(i: number): boolean {
    return text.charCodeAt(i) === dash && text.charCodeAt(i + 1) === space
  }

  /** Whether nothing but a comment follows at `i`; goes on to the next line that says something. */
  function endLine(i: number): boolean {
    let c = text.charCodeAt(i)
    if (c === space) {
      do c = text.charCodeAt(++i)
      while (c === space)
    } else if (c === hash && text.charCodeAt(i - 1) !== space) return false
    if (c === hash) i = endOfLine(i)
    else if (c === carriageReturn && text.charCodeAt(i + 1) === newline) i++
    else if (c !== newline && !Number.isNaN(c)) return false
    at = i + 1
    skipEmpty()
    return true
  }

  /** Goes over lines that are empty or comments. */
  function skipEmpty(): void {
    while (at < text.length) {
      let i = at
      let c = text.charCodeAt(i)
      while (c === space) c = text.charCodeAt(++i)
      if (c === hash) at = endOfLine(i) + 1
      else if (c === newline) at = i + 1
      else if (c === carriageReturn && text.charCodeAt(i + 1) === newline) at = i + 2
      else if (c === tab) {
        ahead = -2
        return
      } else if (Number.isNaN(c)) break
      else {
        ahead = i - at
        return
      }
    }
    at = text.length
    ahead = -1
  }

  function endOfLine(i: number): number {
    const end = text.indexOf('\n', i)
    return end === -1 ? text.length : end
  }

  /** A value on one line, from `pos` on; in a flow collection it ends at a comma or bracket. */
  function readFlowValue(inFlow: boolean, depth: number): unknown {
    const c = text.charCodeAt(pos)
    if (c === quote) return readDoubleQuoted()
    if (c === apostrophe) return readSingleQuoted()
    if (c === openList) return depth < maxDepth ? readFlowList(depth + 1) : undefined
    if (c === openMap) return depth < maxDepth ? readFlowMap(depth + 1) : undefined
    return readPlain(inFlow)
  }

  function readFlowList(depth: number): unknown[] | undefined {
    const list: unknown[] = []
    pos++
    if (skipSpaces() === closeList) {
      pos++
      return list
    }
    for (;;) {
      const value = readFlowValue(true, depth)
      if (value === undefined) return undefined
      list.push(value)
      const c = skipSpaces()
      pos++
      if (c === closeList) return list
      if (c !== comma) return undefined
      skipSpaces()
    }
  }

  function readFlowMap(depth: number): Record<string, unknown> | undefined {
    const map: Record<string, unknown> = {}
    pos++
    if (skipSpaces() === closeMap) {
      pos++
      return map
    }
    for (;;) {
      const end = endOfKey(pos)
      if (end === -1 || text.charCodeAt(end + 1) !== space) return undefined
      const key = text.slice(pos, end)
      if (key in map) return undefined
      pos = end + 1
      skipSpaces()
      const value = readFlowValue(true, depth)
      if (value === undefined) return undefined
      map[key] = value
      const c = skipSpaces()
      pos++
      if (c === closeMap) return map
      if (c !== comma) return undefined
      skipSpaces()
    }
  }

  function skipSpaces(): number {
    let c = text.charCodeAt(pos)
    while (c === space) c = text.charCodeAt(++pos)
    return c
  }

  function readDoubleQuoted(): string | undefined {
    const start = pos
    let escaped = false
    for (let i = start + 1; ; i++) {
      const c = text.charCodeAt(i)
      if (c === quote) {
        pos = i + 1
        return escaped ? JSON.parse(text.slice(start, pos)) : text.slice(start + 1, i)
      }
      if (c === backslash) {
        // Escapes that JSON has as well.
        if (!'"\\/nt'.includes(text.charAt(++i)) || i >= text.length) return undefined
        escaped = true
      } else if (!(c >= space)) return undefined
    }
  }

  function readSingleQuoted(): string | undefined {
    const start = pos + 1
    let doubled = false
    for (let i = start; ; i++) {
      const c = text.charCodeAt(i)
      if (c === apostrophe) {
        if (text.charCodeAt(i + 1) !== apostrophe) {
          pos = i + 1
          const content = text.slice(start, i)
          return doubled ? content.replaceAll("''", "'") : content
        }
        doubled = true
        i++
      } else if (!(c >= space)) return undefined
    }
  }

  /** A text without quotes. Whatever could begin or end something else in it is left to the parser. */
  function readPlain(inFlow: boolean): string | number | boolean | undefined {
    const start = pos
    const first = text.charCodeAt(start)
    if (!beginsPlain(first, text.charCodeAt(start + 1))) return undefined
    let last = start
    let i = start
    for (; i < text.length; i++) {
      const c = text.charCodeAt(i)
      if (c === space) continue
      if (c < space) {
        if (c === newline || (c === carriageReturn && text.charCodeAt(i + 1) === newline)) break
        return undefined
      }
      if (c === hash && text.charCodeAt(i - 1) === space) break
      if (c === colon) {
        const next = text.charCodeAt(i + 1)
        if (!(next > space) || (inFlow && isFlowMark(next))) return undefined
      } else if (inFlow && isFlowMark(c)) {
        if (c === openList || c === openMap) return undefined
        break
      }
      last = i + 1
    }
    // A flow collection that goes on in the next line.
    if (inFlow && !isFlowMark(text.charCodeAt(i))) return undefined
    pos = last
    return resolvePlain(text.slice(start, last), first)
  }
}

/** What a text without quotes is read as; `undefined` for what is better left to the parser. */
function resolvePlain(text: string, first: number): string | number | boolean | undefined {
  switch (first) {
    case 84: // T
    case 116: // t
      return text === 'true' || text === 'True' || text === 'TRUE' ? true : text
    case 70: // F
    case 102: // f
      return text === 'false' || text === 'False' || text === 'FALSE' ? false : text
    case 78: // N
    case 110: // n
      return nothing.test(text) ? undefined : text
  }
  if (!isDigit(first) && first !== dash && first !== plus && first !== dot) return text
  if (whole.test(text)) return Number.parseInt(text, 10)
  if (decimal.test(text)) return Number.parseFloat(text)
  return oddNumber.test(text) ? undefined : text
}

/** Whether a text without quotes can begin so: a letter, a digit, a sign of no meaning in YAML. */
function beginsPlain(c: number, next: number): boolean {
  if (isLetter(c) || isDigit(c) || c >= 0xa0) return c !== 0xfeff
  if (c === dash) return isDigit(next) || isLetter(next)
  // $ ( + . / ; < = ^ _
  return (
    c === 36 ||
    c === 40 ||
    c === plus ||
    c === dot ||
    c === 47 ||
    c === 59 ||
    c === 60 ||
    c === 61 ||
    c === 94 ||
    c === 95
  )
}

function isFlowMark(c: number): boolean {
  return c === comma || c === openList || c === closeList || c === openMap || c === closeMap
}

function isLetter(c: number): boolean {
  return (c >= 97 && c <= 122) || (c >= 65 && c <= 90)
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57
}
