/** One dimension of a matrix: what a variable is filled with, by the words that go into the shots' names. */
export interface Axis {
  /** The variable's name. */
  name: string
  values: readonly { key: string; value: string }[]
}

/** One cell of a matrix. */
export interface Cell {
  /** What follows the shot's own name: `.noir.forest`. */
  suffix: string
  /** The variables that the axes fill. */
  values: ReadonlyMap<string, string>
}

/** Most shots that one matrix makes: more is a slip of the pen that would be bought. */
export const mostCells = 10_000

/** How many cells axes have. */
export function countCells(axes: readonly Axis[]): number {
  return axes.reduce((product, { values }) => product * values.length, 1)
}

/**
 * Every combination of the axes' values, the last axis changing fastest. Names come from the keys, so that a value that
 * is added renames none of its neighbours.
 */
export function cellsOf(axes: readonly Axis[]): Cell[] {
  let cells: Cell[] = [{ suffix: '', values: new Map() }]
  for (const { name, values } of axes) {
    cells = cells.flatMap((cell) =>
      values.map(({ key, value }) => ({
        suffix: `${cell.suffix}.${key}`,
        values: new Map([...cell.values, [name, value]]),
      })),
    )
  }
  return cells
}
