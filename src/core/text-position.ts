/** A place in a text; both 1-based, columns in UTF-16 code units. */
export interface Position {
  line: number
  col: number
}

/** Finds lines in a text; the index is built as far as it is used. */
export interface SourceText {
  readonly text: string
  positionAt(offset: number): Position
  /** The line without its end; empty for a line that is not there. */
  lineAt(line: number): string
}

/** Wraps `text` for look-ups by offset in logarithmic time. */
export function sourceText(text: string): SourceText {
  const starts = [0]
  let isWhole = false
  /** Goes on until the line after the one that is asked for has begun. */
  const indexed = (goesOn: (latest: number) => boolean) => {
    while (!isWhole && goesOn(starts.at(-1)!)) {
      const end = text.indexOf('\n', starts.at(-1)!)
      if (end === -1) isWhole = true
      else starts.push(end + 1)
    }
    return starts
  }
  return {
    text,
    positionAt(offset) {
      const all = indexed((latest) => latest <= offset)
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
      const all = indexed(() => starts.length <= line)
      const start = all[line - 1]
      if (start === undefined) return ''
      return text.slice(start, all[line] ?? text.length).replace(/[\r\n]+$/, '')
    },
  }
}
