import { isMap, isScalar, type Node, parseDocument, type YAMLMap } from 'yaml'
import { RunnerError } from './errors.js'
import type { ShotName } from './names.js'

/**
 * Raises `takes` of a shot in a manifest's text. Only the number changes, or is added; every other byte stays.
 *
 * @param from How many takes the shot has now, wherever that is stated.
 * @throws RunnerError `cannot-raise` where the shot does not stand in the text by itself: it is made by a matrix, or is an
 *   alias of another.
 */
export function raiseTakes(text: string, shot: ShotName, { from, by }: { from: number; by: number }): string {
  const document = parseDocument(text, { uniqueKeys: false })
  const shots = isMap(document.contents) ? document.contents.get('shots', true) : undefined
  const pair = isMap(shots)
    ? shots.items.find(({ key }) => isScalar(key) && (key.source ?? String(key.value)) === shot)
    : undefined
  const fields = pair?.value
  if (!isMap(fields)) {
    throw new RunnerError(
      'cannot-raise',
      `Cannot raise the takes of "${shot}": it does not stand in the manifest by itself`,
      {
        hint: 'A shot of a matrix or an alias has the takes of all of them: change takes in the manifest by hand.',
      },
    )
  }
  const to = String(from + by)
  const stated = fields.get('takes', true)
  if (isScalar(stated) && stated.range) {
    return `${text.slice(0, stated.range[0])}${to}${text.slice(stated.range[1])}`
  }
  const at = startOfFirst(fields)
  return `${text.slice(0, at)}takes: ${to}${separator(text, at, fields)}${text.slice(at)}`
}

function startOfFirst(fields: YAMLMap): number {
  const [first] = fields.items
  return (first?.key as Node | undefined)?.range?.[0] ?? fields.range![0] + 1
}

/** What follows a field that is put before the first: a comma in `{ … }`, else a line of the same depth. */
function separator(text: string, at: number, fields: YAMLMap): string {
  if (fields.items.length === 0) return ' '
  if (fields.flow) return ', '
  const lineStart = text.lastIndexOf('\n', at - 1) + 1
  const end = text.includes('\r\n') ? '\r\n' : '\n'
  return `${end}${text.slice(lineStart, at)}`
}
