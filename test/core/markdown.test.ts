import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { htmlText, markdownName, markdownText } from '../../src/core/markdown.js'
import { plainLine } from '../../src/core/plain-line.js'
import { type MarkdownNode, parseMarkdown, textNodes } from '../support/markdown.js'

describe('a foreign text in Markdown', () => {
  test.each([
    'fox-hug, take 2: a “dark” one (was cgt-…x1c9q); 3 + 4 = 7',
    'snake_case_names and 旧_名_2, 2 * 3, ~ 5 %, a < b > c, R&D & co, ^ and ]',
    'CNY 1.40, $5, 12:30, C:\\fox, # of takes, no. 1. and - and +',
    'mail me @ home',
  ])('stays as it is where it means nothing else: %s', (text) => {
    expect(markdownText(text)).toBe(text)
  })

  test.each([
    ['*bold*', '\\*bold\\*'],
    ['_under_', '\\_under\\_'],
    ['~~gone~~', '\\~\\~gone\\~\\~'],
    ['`code`', '\\`code\\`'],
    ['[a](b)', '\\[a](b)'],
    ['![a](b)', '!\\[a](b)'],
    ['a | b', 'a \\| b'],
    ['<b>', '\\<b>'],
    ['&lt;', '\\&lt;'],
    ['\\*', '\\\\\\*'],
    ['end\\', 'end\\\\'],
    ['@user', '@&#8203;user'],
    ['me@example.org', 'me@&#8203;example.org'],
    ['fix #12 and GH-3', 'fix #&#8203;12 and GH-&#8203;3'],
    ['http://a.b', 'http:&#8203;//a.b'],
    ['www.a.b', 'www&#8203;.a.b'],
    [':tada:', ':&#8203;tada:'],
    ['$a$', '<span>&#36;</span>a<span>&#36;</span>'],
    ['- a', '\\- a'],
    ['---', '\\---'],
    ['1. a', '1\\. a'],
    ['# a', '\\# a'],
    ['> a', '\\> a'],
    ['===', '\\==='],
    ['a\n\n- b\t\u2028c', 'a - b c'],
    ['a\u202eb\u2066c\u0000d\u001b[31me\u200bf\ud800', 'abc d \\[31mef\ufffd'],
  ])('%j is written %s', (text, written) => {
    expect(markdownText(text)).toBe(written)
  })
})

const pieces = [
  ...'*_~`|\\<>[](){}!#&@$:;=+-.,"\'^/ \n\t',
  ...[
    'a',
    'B',
    '7',
    '狐',
    '😀',
    'é',
    '  ',
    '\n\n',
    '\u0000',
    '\u001b',
    '\u2028',
    '\u202e',
    '\u2066',
    '\u200b',
    '\ud800',
  ],
  ...[
    '**',
    '__',
    '~~',
    '``',
    '```',
    '---',
    '===',
    '- ',
    '1. ',
    '# ',
    '> ',
    '|---|',
    '\\|',
    '\\\\',
    '&amp;',
    '&#64;',
  ],
  ...[
    '<b>',
    '</td>',
    '<!--',
    '-->',
    '<?',
    '<![CDATA[',
    '<https://a.io>',
    '<a@b.io>',
    '<script>',
    '<img src=x onerror=y>',
  ],
  ...[
    '[a](b)',
    '![a](b)',
    '[a]: b',
    '[^1]',
    '[ ]',
    'http://a.io',
    'HTTPS://a.io',
    'ftp://a.io',
    'www.a.io',
    'WWW.a.io',
  ],
  ...['@user', 'a@b.io', 'mailto:a@b.io', '#12', 'GH-3', 'gh-4', 'a/b#5', ':tada:', ':+1:', '$x$', '$$'],
]
const anyText = fc
  .oneof(
    {
      weight: 5,
      arbitrary: fc.array(fc.constantFrom(...pieces), { maxLength: 12 }).map((all) => all.join('')),
    },
    { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  )
  // Liquid is a language of its own that the parser knows as well; GitHub does not.
  .filter((text) => !/\{[{%]/.test(plainLine(text)))
const runs = { numRuns: 500 }

/** What GitHub would see in a text that was read already, whatever backslashes stood there. */
const meanings = {
  mention: /@[\w-]/,
  issue: /#\d|\bGH-\d/i,
  address: /:\/\/|www\./i,
  emoji: /:[\w+-]+:/,
  formula: /\$.*\$/,
  direction: /[\u202a-\u202e\u2066-\u2069]/,
}

/** Holds that the nodes are the text, and nothing else. */
function expectText(nodes: readonly MarkdownNode[], text: string): void {
  const texts = textNodes(nodes)
  expect(texts.join('').replaceAll('\u200b', '')).toBe(plainLine(text))
  for (const one of texts)
    for (const [meaning, pattern] of Object.entries(meanings))
      expect({ meaning, found: pattern.exec(one) }).toEqual({ meaning, found: null })
}

describe('any text in Markdown is shown as it is, and is nothing else', () => {
  test('in a paragraph of its own', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const blocks = parseMarkdown(markdownText(text))
        const isEmpty = plainLine(text) === ''
        expect(blocks.map(({ type }) => type)).toEqual(isEmpty ? [] : ['paragraph'])
        expectText(blocks[0]?.children ?? [], text)
      }),
      runs,
    )
  })

  test('below another line', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        fc.pre(plainLine(text) !== '')
        const blocks = parseMarkdown(`above\n${markdownText(text)}\nbelow`)
        expect(blocks.map(({ type }) => type)).toEqual(['paragraph'])
      }),
      runs,
    )
  })

  test('in a cell of a table, beside another', () => {
    fc.assert(
      fc.property(anyText, anyText, (left, right) => {
        const row = `| ${markdownText(left)} | ${markdownText(right)} |`
        const [table, ...others] = parseMarkdown(`| a | b |\n|---|---|\n${row}\n`)
        expect(others).toEqual([])
        const [, { children: cells = [] } = { children: [] }] = table!.children as MarkdownNode[]
        expect(cells).toHaveLength(2)
        for (const [at, text] of [left, right].entries()) expectText(cells[at]!.children!, text)
      }),
      runs,
    )
  })
})

describe('a name', () => {
  test.each(['fox-hug', 'takes@2', 'a.b_c', '狐狸-雪', '𠮷野家', 'season/ep 01'])('%s is code', (name) => {
    expect(markdownName(name)).toBe(`\`${name}\``)
  })

  test('with what code cannot hold is text', () => {
    for (const name of ['a|b', 'a`b', ' a', 'a\nb', '', 'a\u202eb'])
      expect(markdownName(name)).toBe(markdownText(name))
  })
})

test('a text in HTML can leave no tag and no attribute', () => {
  expect(htmlText(`</summary>\n\n<b a="b" c='d'>&amp;`)).toBe(
    '&#60;/summary&#62; &#60;b a=&#34;b&#34; c=&#39;d&#39;&#62;&#38;amp;',
  )
})
