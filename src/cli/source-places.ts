import { readFile } from 'node:fs/promises'
import { SourceMap } from 'node:module'

/** A place in a built file as V8 writes it into a stack: a path or, in an ES module, a URL. */
const builtPlace = /((?:file:\/\/|\/|[A-Z]:\\)[^()\n]*\.m?js):(\d+):(\d+)/g

/**
 * A stack with places in the source instead of those in the built files. Node would do so by itself, but then it reads
 * the maps of all files at every start.
 *
 * @param stack Places of files without a map beside them stay as they are.
 */
export async function inSource(stack: string): Promise<string> {
  const maps = new Map<string, SourceMap | undefined>()
  for (const [, file] of stack.matchAll(builtPlace)) {
    if (!maps.has(file!)) maps.set(file!, await readMap(`${file}.map`))
  }
  return stack.replace(builtPlace, (place, built: string, line: string, column: string) => {
    const origin = maps.get(built)?.findOrigin(Number(line), Number(column))
    if (!origin || !('fileName' in origin)) return place
    // Relative to the folder of the built file, of which only the way out matters.
    const file = origin.fileName.replace(/^(?:\.\.\/)+/, '')
    return `${file}:${origin.lineNumber}:${origin.columnNumber}`
  })
}

/** `undefined` when there is none, or none that can be read: a bug is told of anyway. */
async function readMap(file: string): Promise<SourceMap | undefined> {
  try {
    return new SourceMap(JSON.parse(await readFile(file.startsWith('file:') ? new URL(file) : file, 'utf8')))
  } catch {
    return undefined
  }
}
