import { describe, expect, test } from 'vitest'
import { diffMarkdown } from '../../src/core/diff-markdown.js'
import type { DiffView, ShotDiff } from '../../src/core/diff-view.js'
import type { ShotName } from '../../src/core/names.js'
import { type MarkdownNode, parseMarkdown } from '../support/markdown.js'

const shot = (name: string, sentence = 'bought', fields: Partial<ShotDiff> = {}): ShotDiff => ({
  shot: name as ShotName,
  sentence,
  takes: [],
  spent: [{ currency: 'CNY', amount: 1.3968 }],
  unpricedTokens: 0,
  ...fields,
})
const shots = (number: number, sentence?: string) =>
  Array.from({ length: number }, (_, index) => shot(`shot-${index}`, sentence))

function view(manifests: Record<string, ShotDiff[]>): DiffView {
  const billed = { spent: [], unpricedTokens: 0 }
  return {
    ...billed,
    counts: { bought: Object.values(manifests).flat().length },
    manifests: Object.entries(manifests).map(([manifest, shots]) => ({
      ...billed,
      manifest,
      file: '',
      shots,
    })),
  }
}

/** The rows of all tables, without their heads. */
const rowsIn = (text: string): MarkdownNode[] =>
  parseMarkdown(text).flatMap(({ type, children = [] }) => (type === 'table' ? children.slice(1) : []))
const times = (text: string, what: string) => text.split(what).length - 1

describe('a diff for a pull request', () => {
  test('has totals, and a table each manifest', () => {
    const text = diffMarkdown({
      ...view({ ep01: [shot('fox-hug'), shot('fox-run', 'retaken (was cgt-…x1c9q)')], ep02: [shot('owl')] }),
      spent: [{ currency: 'CNY', amount: 4.1904 }],
      unpricedTokens: 87_300,
    })
    expect(text).toMatchInlineSnapshot(`
      "**3 bought**, CNY 4.19, 87,300 tokens

      ### \`ep01\`: 2 shots

      | shot | what happened | price |
      |---|---|---:|
      | \`fox-hug\` | bought | CNY 1.40 |
      | \`fox-run\` | retaken (was cgt-…x1c9q) | CNY 1.40 |

      ### \`ep02\`: 1 shot

      | shot | what happened | price |
      |---|---|---:|
      | \`owl\` | bought | CNY 1.40 |
      "
    `)
  })

  test('says in one line that nothing changed', () => {
    expect(diffMarkdown(view({}))).toBe('No results changed.\n')
  })

  test('folds tables from twelve shots on', () => {
    const text = diffMarkdown(view({ ep01: shots(11), ep02: shots(12) }))
    expect(text).toContain('### `ep01`: 11 shots\n')
    expect(text).toContain('<details>\n<summary><code>ep02</code>: 12 shots</summary>\n\n|')
    expect(times(text, '\n</details>\n')).toBe(1)
    expect(rowsIn(text)).toHaveLength(23)
  })
})

describe('a limit', () => {
  test('is kept, and the shots that are left out are counted', () => {
    const all = view({ ep01: shots(30), ep02: shots(5), ep03: shots(40) })
    const whole = diffMarkdown(all)
    for (let limit = 200; limit < whole.length + 20; limit += 61) {
      const text = diffMarkdown(all, limit)
      expect(text.length).toBeLessThanOrEqual(limit)
      const left = Number(/… and (\d+) more shots?\.\n$/.exec(text)?.[1] ?? 0)
      expect(rowsIn(text).length + left).toBe(75)
      expect(times(text, '<details>')).toBe(times(text, '</details>'))
    }
    expect(diffMarkdown(all, whole.length + 30)).toBe(whole)
  })

  test('is that of a comment on GitHub where none is given', () => {
    const text = diffMarkdown(view({ ep01: shots(3000, 'x'.repeat(40)) }))
    expect(text.length).toBeGreaterThan(59_000)
    expect(text.length).toBeLessThanOrEqual(60_000)
  })

  test('is kept by one sentence that alone is longer', () => {
    expect(diffMarkdown(view({ ep01: [shot('fox', 'x'.repeat(70_000))] }))).toMatch(
      /^\*\*1 bought\*\*\n\n… and 1 more shot\.\n$/,
    )
  })
})

describe('what other people wrote', () => {
  const nasty = [
    'a | b | c',
    '`code` ``',
    '</td></table><script>alert(1)</script>',
    '</details><h1>approved</h1>',
    '[click](javascript:alert(1)) ![x](https://a.io/x.png)',
    'https://a.io www.a.io a@b.io',
    '@everyone @org/team #1 GH-2',
    'two\nlines\r\n\r\n| and | a | row |\n|---|---|---|',
    '\u202egnorw\u202c \u0000\u001b[2J',
    '# title',
    '- [x] done',
    '---',
    '<!-- hidden',
    '\\',
    '|',
  ]

  test.each(nasty)('leaves the table as it is: %j', (text) => {
    const markdown = diffMarkdown(view({ ep01: [shot(text, text), shot('owl')] }))
    const blocks = parseMarkdown(markdown)
    expect(blocks.map(({ type }) => type)).toEqual(['paragraph', 'heading', 'table'])
    const rows = rowsIn(markdown)
    expect(rows.map(({ children }) => children?.length)).toEqual([3, 3])
    const types = new Set(
      rows[0]!.children!.slice(0, 2).flatMap(({ children = [] }) => children.map(({ type }) => type)),
    )
    expect([...types].filter((type) => type !== 'text' && type !== 'inlineCode')).toEqual([])
    expect(markdown.replaceAll('&#8203;', '\u200b')).not.toMatch(
      /@[\w-]|#\d|GH-\d|:\/\/|[\u0000-\u0009\u000b-\u001f\u202a-\u202e]/,
    )
  })

  test.each(nasty)('leaves the title of a folded table as it is: %j', (text) => {
    const markdown = diffMarkdown(view({ [text]: shots(12), owl: shots(12) }))
    expect(times(markdown, '<details>')).toBe(2)
    expect(times(markdown, '</details>')).toBe(2)
    expect(markdown.match(/^<summary>.*$/gm)).toHaveLength(2)
    for (const line of markdown.match(/^<summary>.*$/gm)!)
      expect(line).toMatch(/^<summary><code>[^<>]*<\/code>: 12 shots<\/summary>$/)
    expect(parseMarkdown(markdown).filter(({ type }) => type === 'table')).toHaveLength(2)
  })

  test.each(nasty)('leaves a heading as it is: %j', (text) => {
    const [, heading] = parseMarkdown(diffMarkdown(view({ [text]: shots(2) })))
    expect(heading!.type).toBe('heading')
    expect(heading!.children!.filter(({ type }) => type !== 'text' && type !== 'inlineCode')).toEqual([])
  })
})
