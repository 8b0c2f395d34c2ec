import { Document, isScalar, Pair, Scalar, YAMLMap } from 'yaml'
import type { ShotField } from './storyboard-columns.js'

/** A shot to be written. */
export interface DraftedShot {
  name: string
  /** What stands above it as comments: texts of any number of lines. */
  comments: readonly string[]
  /** In the order in which they are to stand. */
  fields: readonly (readonly [ShotField, unknown])[]
}

/** What is written above the shots. */
export interface ManifestHead {
  /** Where an editor finds the schema, relative to the manifest, with `/`. */
  schemaPath: string
  comments: readonly string[]
  model: string
}

/** The text of a manifest. Every text in it reads back as it is. */
export function writeManifest(
  { schemaPath, comments, model }: ManifestHead,
  shots: readonly DraftedShot[],
): string {
  const document = new Document({ version: 1, defaults: { model } })
  document.commentBefore = commentOf([`yaml-language-server: $schema=${schemaPath}`, ...comments])
  const map = new YAMLMap()
  for (const [index, { name, comments, fields }] of shots.entries()) {
    const key = new Scalar(name)
    if (comments.length > 0) key.commentBefore = commentOf(comments)
    if (index > 0) key.spaceBefore = true
    const shot = new YAMLMap()
    for (const [field, value] of fields) shot.items.push(new Pair(new Scalar(field), nodeOf(value, document)))
    map.items.push(new Pair(key, shot))
  }
  const shotsKey = new Scalar('shots')
  shotsKey.spaceBefore = true
  ;(document.contents as unknown as YAMLMap).items.push(new Pair(shotsKey, map))
  // Without a line width nothing is folded, and texts of several lines become literal blocks.
  return document.toString({ lineWidth: 0, singleQuote: true, flowCollectionPadding: false })
}

function nodeOf(value: unknown, document: Document): unknown {
  const node = document.createNode(value, { flow: true })
  // YAML 1.1 reads 16:9 as a number.
  if (isScalar(node) && typeof value === 'string' && /^\d+:\d+$/.test(value)) node.type = Scalar.QUOTE_SINGLE
  return node
}

/** Lines of a comment; what would end a line or cannot be printed does not reach the file. */
function commentOf(texts: readonly string[]): string {
  return texts
    .flatMap((text) => text.split(/\r\n|[\n\r\u0085\u2028\u2029]/))
    .map(
      (line) =>
        ` ${line.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff\ufffe\uffff]/g, ' ').trimEnd()}`,
    )
    .join('\n')
}
