/**
 * The rows of a Markdown table, each by the titles of its columns.
 *
 * @param note What the comment before the table says first; pages mark tables so that tests read.
 */
export function tableIn(page: string, note: string): Record<string, string>[] {
  const marker = `<!-- ${note}:`
  const start = page.indexOf(marker)
  if (start === -1) throw new Error(`there is no table marked "${marker}"`)
  const lines = page.slice(start).split('\n').slice(1)
  const first = lines.findIndex((line) => line.startsWith('|'))
  const end = lines.findIndex((line, index) => index > first && !line.startsWith('|'))
  const [head, , ...rows] = lines.slice(first, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  return rows.map((row) => Object.fromEntries(head!.map((title, index) => [title, row[index] ?? ''])))
}
