import { plainLine } from './plain-line.js'

/** Keeps two characters apart that mean something together, and is not seen. */
const apart = '&#8203;'

/**
 * A foreign text inside of GitHub-flavoured Markdown, shown as it is: no markup, no HTML, no link, no picture, no emoji
 * by name, no mathematics, and nobody is called by an `@`. Always one line, fit for a paragraph, a heading and a cell of
 * a table. Only what means something where it stands is escaped, so that the source can be read as well.
 *
 * Where GitHub looks at the finished text (mentions, issues, addresses, emoji), a backslash is of no use: there a space
 * of no width stands between. Sources: GitHub Flavored Markdown Spec 0.29; docs.github.com, "Basic writing and formatting
 * syntax", "Autolinked references and URLs", and "Writing mathematical expressions" (`<span>$</span>`).
 */
export function markdownText(text: string): string {
  const line = plainLine(text)
  const hasFormula = line.indexOf('$') !== line.lastIndexOf('$')
  return line
    .replace(special, (found, at: number) => {
      const [before, after] = [line.slice(at - 1, at), line.slice(at + found.length)]
      switch (found[0]) {
        case '|':
        case '`':
        case '[':
          return `\\${found}`
        case '\\':
          return /^(?:[!-/:-@[-`{-~]|$)/.test(after) ? '\\\\' : found
        case '*':
        case '~':
          return before === ' ' && after.startsWith(' ') ? found : `\\${found}`
        case '_':
          return isLetter.test(before) && isLetter.test(after) ? found : '\\_'.repeat(found.length)
        case '<':
          return /^(?:[a-z/!?]|$)/i.test(after) ? '\\<' : found
        case '&':
          return /^(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]*);/i.test(after) ? '\\&' : found
        case '@':
          return /^[\w.-]/.test(after) ? `@${apart}` : found
        case ':':
          return /^(?:\/\/|[\w+-]+:)/.test(after) ? `:${apart}` : found
        case '$':
          return hasFormula ? '<span>&#36;</span>' : found
        case '#':
          return /^\d/.test(after) ? `#${apart}` : found
        default:
          // `www` and `GH-`.
          return `${found}${apart}`
      }
    })
    .replace(atStart, '$1\\$2')
}

const special = /[|`[\\*~<&@:$#]|_+|www(?=\.)|GH-(?=\d)/gi
const isLetter = /^[\p{L}\p{N}\p{M}]/u
/** What makes a list, a heading, a quotation or a rule of a line: `- `, `---`, `===`, `:-:`, `1. `, `# `, `>`. */
const atStart = /^(|\d{1,9})((?<=\d)[.)](?= |$)|(?<!\d)(?:[-+](?= |$)|-(?=-)|:(?=-)|=|>|#{1,6}(?= |$)))/

/** A name inside of Markdown: as code, unless it holds what code cannot. Fit where `markdownText` is. */
export function markdownName(name: string): string {
  return isPlainName.test(name) ? `\`${name}\`` : markdownText(name)
}

const isPlainName = /^[\p{L}\p{N}_.@/-](?:[\p{L}\p{N}\p{M}_.@/ -]*[\p{L}\p{N}\p{M}_.@/-])?$/u

/** A foreign text inside of an HTML tag that stands in Markdown, where nothing but HTML counts. */
export function htmlText(text: string): string {
  return plainLine(text).replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}

/**
 * Lines that fit into `limit` characters together.
 *
 * @param more Says how many lines were left out; counts against the limit.
 * @param sizeOf What `limit` counts; default: UTF-16 code units.
 */
export function fitLines(
  lines: readonly string[],
  limit: number,
  more: (left: number) => string,
  sizeOf: (text: string) => number = (text) => text.length,
): string[] {
  let length = 0
  for (const [index, line] of lines.entries()) {
    length += sizeOf(line) + 1
    const rest = lines.length - index - 1
    if (length + (rest === 0 ? 0 : sizeOf(more(rest)) + 1) > limit)
      return [...lines.slice(0, index), more(lines.length - index)]
  }
  return [...lines]
}

/** Lines of Markdown that may have been cut, with every fold closed. */
export function closeFolds(lines: readonly string[]): string[] {
  const isOpen = lines.lastIndexOf('<details>') > lines.lastIndexOf('</details>')
  return isOpen ? [...lines, '', '</details>'] : [...lines]
}
