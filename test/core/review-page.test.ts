import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Review } from '../../src/core/review.js'
import { inertJson, pagePolicy, renderReviewPage } from '../../src/core/review-page.js'
import { assets as built } from '../../src/review-page/built.js'
import { shotName } from './builders.js'

const assets = { script: 'start("a < b && c")', style: 'a::before { content: "<" }' }

function reviewOf(text: string, mode: Review['mode'] = 'file'): Review {
  const shot = {
    name: shotName(text),
    prompt: text,
    parameters: { [text]: text },
    media: [],
    tags: [text],
    takes: [],
  }
  return {
    format: 1,
    mode,
    rehearsal: false,
    manifests: [{ name: text, file: text, running: false, shots: [shot] }],
  }
}

/**
 * The elements of the page as a reader of HTML finds them, with what is in them: script and style end at the first tag
 * that closes them, whatever it stands in.
 */
function elementsOf(html: string): { tag: string; attributes: string; text: string }[] {
  const found = []
  for (let rest = html; ; ) {
    const open = /<(script|style)\b([^>]*)>/i.exec(rest)
    if (!open) return found
    rest = rest.slice(open.index + open[0].length)
    const close = new RegExp(`</${open[1]}[\\s/>]`, 'i').exec(rest)
    found.push({ tag: open[1]!, attributes: open[2]!, text: rest.slice(0, close?.index) })
    rest = rest.slice(close?.index ?? rest.length)
  }
}

const dataOf = (html: string) =>
  elementsOf(html).find(({ attributes }) => attributes.includes('id="review"'))!

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '</script>',
        '</SCRIPT >',
        '<!--',
        '-->',
        '<script>',
        ']]>',
        '&lt;',
        '&quot;',
        '"',
        "'",
        '\\',
        '\u2028',
        '\u0000',
        '\r\n',
        '\ud800',
        '<img src=x onerror=alert(1)>',
        'javascript:alert(1)',
        '</title>',
        '${x}',
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join('')),
)

describe('the page', () => {
  test('carries whatever is in the data, and nothing of it gets out of its element', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        const review = reviewOf(text)
        const html = renderReviewPage(review, assets)
        const elements = elementsOf(html)
        expect(elements.map(({ tag }) => tag)).toEqual(['style', 'script', 'script'])
        expect(JSON.parse(dataOf(html).text)).toEqual(review)
        // As long as one without it, but for the data.
        const bare = renderReviewPage(reviewOf(''), assets)
        expect(html.replace(dataOf(html).text, '')).toBe(bare.replace(dataOf(bare).text, ''))
      }),
    )
  })

  test('has its data where no browser runs it', () => {
    expect(dataOf(renderReviewPage(reviewOf('fox'), assets)).attributes).toContain('type="application/json"')
  })

  test('allows the script and the style that are in it, by their hashes', () => {
    const html = renderReviewPage(reviewOf('fox'), assets)
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(html)![1]!
    const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    const [style, , script] = elementsOf(html)
    expect(directives(policy)).toMatchObject({
      'default-src': ["'none'"],
      'script-src': [hashOf(script!.text)],
      'style-src-elem': [hashOf(style!.text)],
    })
    expect(html.indexOf('Content-Security-Policy')).toBeLessThan(html.indexOf('<style'))
  })
})

function directives(policy: string): Record<string, string[]> {
  const parts = policy.split('; ').map((part) => part.split(' '))
  return Object.fromEntries(parts.map(([name, ...sources]) => [name, sources]))
}

describe('the policy', () => {
  test.each(['file', 'server'] as const)('of a page from the %s allows nothing from elsewhere', (mode) => {
    const found = directives(pagePolicy(mode, assets))
    const sources = Object.values(found).flat()
    const known = /^'(none|self|sha256-[\w+/=]+|unsafe-inline)'$|^(file|data):$/
    expect(sources.filter((source) => !known.test(source))).toEqual([])
    const inline = Object.entries(found).filter(([, of]) => of.includes("'unsafe-inline'"))
    expect(inline.map(([name]) => name)).toEqual(['style-src-attr'])
    expect(found).toMatchObject({ 'base-uri': ["'none'"], 'form-action': ["'none'"] })
  })

  test('lets a page from the disk ask nobody, and a served one its server', () => {
    expect(directives(pagePolicy('file', assets))).not.toHaveProperty('connect-src')
    expect(directives(pagePolicy('server', assets))).toMatchObject({
      'connect-src': ["'self'"],
      'img-src': ["'self'", 'data:'],
      'media-src': ["'self'"],
    })
  })

  test('is another one for other bytes', () => {
    expect(pagePolicy('file', { ...assets, script: `${assets.script} ` })).not.toBe(
      pagePolicy('file', assets),
    )
    expect(pagePolicy('file', { ...assets, style: `${assets.style} ` })).not.toBe(pagePolicy('file', assets))
  })
})

test('JSON in the page has none of the signs that HTML reads, and is the same JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), nasty, (value, text) => {
      const json = inertJson([value, text, { [text]: text }])
      expect(json).not.toMatch(/[<>&\u2028\u2029]/)
      expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify([value, text, { [text]: text }])))
    }),
  )
})

describe('what is built for the page', () => {
  test('stands in HTML as it is: nothing closes its element, and no line end is read as another', () => {
    const html = renderReviewPage(reviewOf('fox'), built)
    expect(elementsOf(html).map(({ text }) => text)).toEqual([built.style, expect.any(String), built.script])
    expect(built.script).not.toMatch(/<!--|\r|\0/i)
    expect(built.style).not.toMatch(/<\/|\r|\0/i)
  })

  test('loads nothing by itself', () => {
    expect(built.style).not.toMatch(/@import|url\(\s*["']?(https?:)?\/\//i)
    expect(built.script).not.toMatch(/\beval\(|new Function\b|\bimport\(/)
    // Names of kinds of elements look like addresses, and are asked for by nobody.
    const addresses = built.script.match(/https?:\/\/[^"'`\s)]+/g) ?? []
    expect(addresses.filter((one) => !one.startsWith('http://www.w3.org/'))).toEqual([])
  })
})
