/**
 * A foreign text inside of Markdown, shown as it is: no markup, no HTML, no link, and nobody is called by an `@`.
 * Also fit for a cell of a table.
 */
export function markdownText(text: string): string {
  return (
    text
      .replace(/\s+/g, ' ')
      .replace(/[\\`*_{}[\]<>()#+|~!&$^=:-]/g, (char) => `&#${char.charCodeAt(0)};`)
      // A joiner of no width keeps GitHub from seeing a mention, an issue or an address.
      .replace(/@/g, '@\u200b')
      .replace(/(www)\./gi, '$1\u200b.')
  )
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
