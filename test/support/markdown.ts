import { parsers } from 'prettier/plugins/markdown'

/** A node of a Markdown text. */
export interface MarkdownNode {
  type: string
  value?: string
  children?: MarkdownNode[]
}

/** Reads Markdown with GitHub's tables, as a parser that is not ours does. */
export function parseMarkdown(text: string): MarkdownNode[] {
  const root = parsers.markdown.parse(text, {} as never) as MarkdownNode
  return root.children ?? []
}

/**
 * The texts below nodes, in their order and apart where a tag stands between: GitHub looks for mentions and the like in
 * each of them.
 *
 * @throws Error for anything that is more than text.
 */
export function textNodes(nodes: readonly MarkdownNode[]): string[] {
  const texts: string[] = []
  let isJoined = false
  for (const { type, value = '' } of nodes) {
    if (type === 'html' && /^<\/?span>$/.test(value)) {
      isJoined = false
      continue
    }
    if (type !== 'text') throw new Error(`${type} ${value}`)
    if (isJoined) texts.push(texts.pop() + value)
    else texts.push(value)
    isJoined = true
  }
  return texts
}
