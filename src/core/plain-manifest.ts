import { parseDocument } from 'yaml'
import type { RawFields } from './build-shot.js'
import type { ManifestYaml } from './manifest-slices.js'
import { plainReader } from './plain-yaml.js'
import type { WrittenShot } from './written-shots.js'
import { type YamlFile, yamlOptions } from './yaml-source.js'

/**
 * Reads the fields of a manifest that stand around its shots, where they are written as `plainReader` reads them.
 *
 * @param parts Where in the text they stand, each from the beginning of a line that says something.
 * @returns `undefined` where the parser is to be asked.
 */
export function readPlainTop(
  text: string,
  parts: readonly { start: number; end: number }[],
): RawFields | undefined {
  const read = plainReader(text)
  const fields: Record<string, unknown> = {}
  for (const { start, end } of parts) {
    for (let at = start; at < end; ) {
      const pair = read(at, 0)
      // Also names that every object has, which are not to be set like this.
      if (!pair || pair.end > end || pair.key === 'shots' || pair.key in fields) return undefined
      fields[pair.key] = pair.value
      at = pair.end
    }
  }
  return fields
}

/**
 * A manifest of which nothing needed the parser. Only places of problems do: most manifests have none, and loading the
 * parser takes as long as reading a small one.
 */
export class PlainManifest implements ManifestYaml {
  readonly top: RawFields
  readonly shots?: readonly WrittenShot[]
  readonly #textOfTop: () => string
  #yaml: YamlFile | undefined

  /** @param textOfTop The file without its shots, everything else in its place. */
  constructor(top: RawFields, textOfTop: () => string, shots?: readonly WrittenShot[]) {
    this.top = top
    this.#textOfTop = textOfTop
    if (shots) this.shots = shots
  }

  get yaml(): YamlFile {
    this.#yaml ??= { contents: parseDocument(this.#textOfTop(), yamlOptions).contents, targets: new Map() }
    return this.#yaml
  }
}
