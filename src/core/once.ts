/**
 * Makes a value when it is first asked for. Also for patterns with classes of Unicode: making one takes V8 up to a
 * millisecond, and most commands need few of them.
 */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
