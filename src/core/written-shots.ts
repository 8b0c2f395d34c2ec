import { isAlias, isMap, type Node, type Pair, type YAMLMap } from 'yaml'
import type { RawFields } from './build-shot.js'
import type { ShotName } from './names.js'
import { plainPairs, resolveAlias } from './yaml-nodes.js'
import { keyText, type Placed, type ProblemSink, startOf, type YamlFile } from './yaml-source.js'

/** A shot as its manifest states it, before anything in it is checked. */
export interface WrittenShot {
  /** Its key as written. */
  readonly name: ShotName
  readonly key: Placed
  /** Offset that nothing of its map stands before. */
  readonly earliest: number
  /** Its map, to find places in; `undefined` when it is none. Asking may mean parsing: only where a place is needed. */
  readonly node: Node | undefined
  /** Its fields as plain values; `no-map` when it is none, `reported` when why it cannot be read was said. */
  read(): RawFields | 'no-map' | 'reported'
}

/** The shots of a manifest that was parsed as a whole, in their order. */
export function writtenIn(shots: YAMLMap, yaml: YamlFile, sink: ProblemSink): WrittenShot[] {
  return (shots.items as Pair<Node, Node | null>[]).map(({ key, value }) => {
    const node = resolveAlias(value, yaml)
    return {
      name: keyText(key) as ShotName,
      key,
      earliest: startOf(node ?? key),
      node: node ?? undefined,
      read() {
        if (node === null && isAlias(value)) return 'reported'
        if (!isMap(node)) return 'no-map'
        return plainPairs(node, yaml, sink, () => true) ?? 'reported'
      },
    }
  })
}
