/** A place in a text; both 1-based, columns in UTF-16 code units. */
export interface Position {
  line: number
  col: number
}

/** Finds lines in a text; the index is built on first use. */
export interface SourceText {
  readonly text: string
  positionAt(offset: number): Position
  /** The line without its end; empty for a line that is not there. */
  lineAt(line: number): string
}

/** Wraps `text` for look-ups by offset in logarithmic time. */
export function sourceText(text: string): SourceText {
  let starts: number[] | undefined
  const lineStarts = () => {
    starts ??= startsOf(text)
    return starts
  }
  return {
    text,
    positionAt(offset) {
      const all = lineStarts()
      let low = 0
      let high = all.length - 1
      while (low < high) {
        const middle = (low + high + 1) >> 1
        if (all[middle]! <= offset) low = middle
        else high = middle - 1
      }
      return { line: low + 1, col: offset - all[low]! + 1 }
    },
    lineAt(line) {
      const all = lineStarts()
      const start = all[line - 1]
      if (start === undefined) return ''
      return text.slice(start, all[line] ?? text.length).replace(/[\r\n]+$/, '')
    },
  }
}

function startsOf(text: string): number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}
