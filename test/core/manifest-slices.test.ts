import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { isMap, Parser, parseDocument } from 'yaml'
import { type ParsedManifest, parseManifestWith } from '../../src/core/manifest.js'
import { readManifestYaml, readWhole } from '../../src/core/manifest-slices.js'
import { plainReader } from '../../src/core/plain-yaml.js'
import { problemSink, yamlOptions } from '../../src/core/yaml-source.js'
import { faultsOf, pro15, top, v20 } from './builders.js'

/** The suite runs a fixed set of cases within seconds; more and others: `FUZZ_RUNS=200000 FUZZ_SEED=7`. */
const runs = Number(process.env.FUZZ_RUNS ?? 800)
const seed = Number(process.env.FUZZ_SEED ?? 6)
const fuzzTimeout = 60_000 + runs * 10

/** Everything that can be told of a manifest: its shots, its problems, and where a problem found later is put. */
function everythingOf(parsed: ParsedManifest) {
  const { manifest, problems, report } = parsed
  const found = [...problems]
  for (const { name } of manifest.shots.slice(0, 3)) {
    for (const field of [['prompt'], ['first_frame'], ['tags', 1], ['duration'], ['extra', 'k'], []])
      report(name, field, { code: 'media-missing', message: `found later ${field}`, severity: 'error' })
  }
  return { manifest, found, later: problems.slice(found.length) }
}

function expectSameAsWhole(text: string) {
  const sliced = everythingOf(parseManifestWith(readManifestYaml, text, { file: 'm.yaml' }))
  const whole = everythingOf(parseManifestWith(readWhole, text, { file: 'm.yaml' }))
  expect(sliced).toEqual(whole)
}

function isSliced(text: string): boolean {
  return readManifestYaml(problemSink('m.yaml', text))?.shots !== undefined
}

/** Whether nothing of it took the parser but what may be in a shot. */
function isPlain(text: string): boolean {
  return readManifestYaml(problemSink('m.yaml', text))?.top !== undefined
}

/** Texts that look like something else, or nearly. */
const oddValues = [
  ...['true', 'True', 'TRUE', 'tRue', 'false', 'FALSE', 'yes', 'no', 'on', 'null', 'Null', '~', 'nullable'],
  ...[
    '0',
    '-0',
    '+1',
    '012',
    '0o17',
    '0x1F',
    '0x',
    '1e3',
    '1E+3',
    '1.',
    '.5',
    '-.5',
    '1.50',
    '.inf',
    '-.INF',
    '.nan',
  ],
  ...[
    '1_000',
    '16:9',
    '9:16',
    '12:30:45',
    '720p',
    '4k',
    '2024-01-01',
    '1.2.3',
    '-',
    '--',
    '---',
    '...',
    '- a',
    '-a',
  ],
  ...[
    'a: b',
    'a:b',
    'a :b',
    'a:',
    ':a',
    ': a',
    'a #b',
    'a#b',
    '#a',
    '# a',
    '? a',
    '?a',
    '&a b',
    '*a',
    '!a b',
    '!!str 1',
  ],
  ...[
    '[a, b]',
    '[a,b]',
    '[a, b',
    '[]',
    '[ ]',
    '[a, ]',
    '[,]',
    '[a b, 1, true]',
    '[[a], {b: c}]',
    '[a: b]',
    '[a:b]',
  ],
  ...[
    '["a", \'b\']',
    '[a]b',
    '[a] # c',
    '[a]# c',
    '[a #b]',
    '[http://x/y, z]',
    '[a:]',
    '[#a]',
    '[${a}]',
    '[$a, -1, ~]',
  ],
  ...[
    '{a: b}',
    '{ a: 1, b: [c] }',
    '{a:1}',
    '{a}',
    '{ a: }',
    '{ a: b, a: c }',
    '{ "a": b }',
    '{ "a":b }',
    '{ a: b',
    '{}',
  ],
  ...[
    '{ toString: x }',
    '{ __proto__: x }',
    '{ url: https://x.y/z.mp4, seconds: 5 }',
    '{ last_frame_of: fox }',
  ],
  ...[
    '"a"',
    '"a" b',
    '"a"b',
    '"a" # c',
    '"a"#c',
    '"a\\"b"',
    '"a\\nb"',
    '"a\\x41"',
    '"a\\u0041"',
    '"a',
    '"a\tb"',
    '"\\/\\\\"',
  ],
  ...[
    "'a'",
    "'a''b'",
    "'a",
    "'a'b",
    "'a' # c",
    "''",
    '""',
    "' a '",
    '" a "',
    "'a: b #c'",
    '"a: b #c"',
    "'''a'",
  ],
  ...[
    '|',
    '>',
    '|-',
    '>-',
    '|+',
    '|2',
    '| # c',
    '>a',
    '|a',
    '%a',
    '@a',
    '`a`',
    '\\a',
    '=a',
    '<<',
    '<a>',
    '^a',
    ',a',
    '}a',
  ],
  ...[
    '狐狸在雪地里奔跑',
    '狐狸：奔跑',
    '狐狸: 奔跑',
    '“你好”，他说',
    '「雪」#1',
    '狐 #雪',
    '\u3000a\u3000',
    '\u00a0a',
    'a\u2028b',
    'a\u0085b',
    '\ufeffa',
  ],
  ...[
    '${hero}抱着狐狸',
    '$${a}',
    '${a',
    'a ${nowhere} b',
    'a\tb',
    'a\rb',
    'a  ',
    'a\t',
    'a --dur 5',
    'refs/fox.png',
    './a.png',
    '../b',
  ],
  ...[
    'https://a.b/c.png',
    'https://a.b/c?d=e&f#g',
    'asset://a-1',
    'data:image/png;base64,AA==',
    'ep-1',
    '🦊',
    '🦊 fox',
    '\ud83d',
  ],
]
const alphabet = [...' :#-?[]{},&*!|>\'"%@`~\\\t\r\n0123.exao+${}狐，/_=<：\u3000\u00a0\ufeff']
const oddText = fc.array(fc.constantFrom(...alphabet), { maxLength: 8 }).map((chars) => chars.join(''))
const plainValues = [
  'a fox',
  '狐狸在雪地里，奔跑',
  '5',
  'true',
  '16:9',
  '[ep01, b]',
  '"a: b"',
  "'it''s'",
  '${hero} runs',
  'x # c',
]
const value = fc.oneof(
  { arbitrary: fc.constantFrom(...plainValues), weight: 16 },
  { arbitrary: fc.constantFrom(...oddValues), weight: 5 },
  { arbitrary: oddText, weight: 2 },
  { arbitrary: fc.tuple(fc.constantFrom(...oddValues), oddText).map(([a, b]) => a + b), weight: 1 },
)
/** Mostly what is usual. */
function mostly<T>(usual: readonly T[], odd: readonly T[], often = 12): fc.Arbitrary<T> {
  return fc.oneof(
    { arbitrary: fc.constantFrom(...usual), weight: often },
    { arbitrary: fc.constantFrom(...odd), weight: 1 },
  )
}

const emptyLines = ['\n\n', '\n# left\n', '\n        # right\n', '\n   \n']
const lineEnd = mostly(['\n'], [...emptyLines, ' \n', ' # why\n', '\r\n', '\t\n', '#x\n'], 5)

/** A block text, its lines at odd indentations now and then. */
const blockText = fc
  .tuple(
    mostly(['|', '>', '|-', '>-'], ['|+', '>+', '|2', '|- # c'], 6),
    fc.array(
      fc.tuple(
        mostly([6], [5, 7, 4, 0]),
        mostly(['a fox', '狐狸，', ''], ['# no comment', 'a: b', '- a', ' ', 'end  ', 'x\r', '\ta'], 3),
      ),
      { maxLength: 5 },
    ),
  )
  .map(([head, lines]) =>
    [head, ...lines.map(([indent, text]) => `${text === '' ? '' : ' '.repeat(indent)}${text}`)].join('\n'),
  )

/** Lists and maps on lines of their own. */
const nested = fc
  .tuple(
    mostly([''], [' ', ' # c']),
    mostly([4, 6, 8], [5, 2]),
    fc.array(fc.tuple(mostly(['- ', 'k: '], ['j: ', '-', '- - ', '- k: ', '  '], 6), value), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([head, indent, lines]) =>
    [head, ...lines.map(([mark, text]) => `${' '.repeat(indent)}${mark}${text}`)].join('\n'),
  )

const anyValue = fc.oneof(
  { arbitrary: value.map((text) => ` ${text}`), weight: 8 },
  { arbitrary: blockText.map((text) => ` ${text}`), weight: 2 },
  { arbitrary: nested, weight: 2 },
  { arbitrary: value, weight: 1 },
)

const shotKeys = mostly(
  ['a', 'b', 'fox-run', '雪-01', 's.1', '012', 'no', '1e3'],
  [
    ...['toString', '__proto__', 'con', 'a b', 'A', '"a"', "'q'", '-x', '.y', '~', 'null', '<<'],
    ...['? c', '[k]', '&k a', '!!str t', ''],
  ],
)
const fieldKeys = mostly(
  ['prompt', 'image', 'duration', 'ratio', 'tags', 'seed', 'takes', 'extra', 'matrix', 'reference_images'],
  ['skip', 'model', 'duraton', '"prompt"', 'a', '__proto__', 'toString', '提示', 'first_frame'],
)

const shotText = fc
  .tuple(
    mostly([2], [4, 1, 3, 0], 40),
    shotKeys,
    fc.oneof(
      {
        arbitrary: fc
          .array(fc.tuple(mostly([4], [5, 3, 2, 6], 40), fieldKeys, anyValue, lineEnd), {
            minLength: 1,
            maxLength: 4,
          })
          .map(
            (fields) =>
              `\n${fields.map(([indent, key, text, end]) => `${' '.repeat(indent)}${key}:${text}${end}`).join('')}`,
          ),
        weight: 6,
      },
      {
        arbitrary: fc.tuple(value, lineEnd).map(([text, end]) => ` { prompt: ${text}, duration: 5 }${end}`),
        weight: 1,
      },
      { arbitrary: fc.tuple(anyValue, lineEnd).map(([text, end]) => `${text}${end}`), weight: 1 },
    ),
  )
  .map(([indent, key, body]) => `${' '.repeat(indent)}${key}:${body}`)

const heads = [
  `---\n${top}`,
  `%YAML 1.2\n---\n${top}`,
  `%YAML 1.1\n---\n${top}`,
  `# c\n\n${top}# c\n\n`,
  `\ufeff${top}`,
  `version: 1\nvars: { hero: &h 女孩, a: 012 }\ndefaults: { model: ${v20}, duration: 99 }\nshots: # c\n`,
  `version: 1\ndefaults:\n  model: doubao-seedance-9\n  prompt: x\nshots:   \n`,
  `"shots": {}\n${top}`,
  `version: 1\n"a\nshots:\nb": c\nshots:\n`,
  `version: 1\ndefaults: { model: ${pro15} }\nshots: !!map\n`,
  `version: 1\r\nshots:\r\n`,
  `a: |\n  x\n shots:\nshots:\n`,
]
const tails = [
  'vars: { hero: x }\n',
  'shots:\n  z: { prompt: x }\n',
  '---\nversion: 1\n',
  '...\n',
  '}\n',
  '- x\n',
  'vars: *h\n',
  'budgt: 5\n',
  '# c\n',
  '\t\n',
  ' x: y\n',
  '"lint": { ignore: [prompt-twice] }\nversion: 1\n',
  'word',
  '!a b: c\n',
]

const manifestText = fc
  .tuple(mostly([top], heads, 3), fc.array(shotText, { minLength: 1, maxLength: 5 }), mostly([''], tails, 3))
  .map(([head, shots, tail]) => head + shots.join('') + tail)

const sound = `# yaml-language-server: $schema=../schemas/manifest.schema.json
version: 1
vars: { hero: 女孩, look: "soft: light" }
defaults:
  model: ${pro15}
  ratio: adaptive
shots:
  fox-hug:
    prompt: \${hero}抱着狐狸，\${hero}睁开眼
    image: https://a.b/fox.png   # the first one
    duration: 5
    tags: [ep01, 雪景]

  # Scene 2
  fox-run:
    prompt: >-
      the fox runs
      through the snow

      and away
    seed: 12
    tags:
      - ep01
      - night
  walk-on: { prompt: "say \\"hello\\": now", takes: 3, skip: true }
  grid:
    prompt: a \${style} fox in \${place}
    matrix:
      style: { noir: film noir, ink: 水墨 }
      place: [forest, city, 012]
    extra: { k: 'it''s', list: [1, 2.5, -3] }
lint: { ignore: [prompt-twice] }
`

/** Fields that stand around the shots, or in a file that states none. */
const outerFields = fc
  .array(
    fc.tuple(
      mostly(
        ['version', 'vars', 'defaults', 'lint', 'budget'],
        ['extends', 'prices', 'shots', 'a b', '"vars"', 'budgt', 'toString'],
      ),
      fc.oneof(
        {
          arbitrary: fc.constantFrom(
            ' 1',
            ` { model: ${v20} }`,
            ' { hero: 女孩, a: 012 }',
            `\n  model: ${v20}`,
          ),
          weight: 3,
        },
        { arbitrary: anyValue, weight: 2 },
      ),
      lineEnd,
    ),
    { maxLength: 4 },
  )
  .map((fields) => fields.map(([key, text, end]) => `${key}:${text}${end}`).join(''))

/** What a slip of the hand does to a text. */
const slips = fc.array(
  fc.record({
    at: fc.nat({ max: sound.length }),
    cut: fc.constantFrom(0, 0, 1, 1, 2, 8, 40),
    put: fc.oneof(
      oddText,
      fc.constantFrom(...oddValues),
      fc.constantFrom('\n  ', '\n    ', '\n', '  fox-hug:\n', '&a ', '*a', '    prompt: x\n'),
    ),
  }),
  { minLength: 1, maxLength: 3 },
)

describe('a manifest that is read shot by shot is the same as one that is read as a whole', () => {
  test('whatever is written in it', { timeout: fuzzTimeout }, () => {
    let sliced = 0
    fc.assert(
      fc.property(manifestText, (text) => {
        expectSameAsWhole(text)
        if (isSliced(text)) sliced++
      }),
      { numRuns: runs, seed },
    )
    // Or the cases would show little.
    expect(sliced).toBeGreaterThan(runs / 6)
  })

  test('whatever stands around its shots', { timeout: fuzzTimeout }, () => {
    let plain = 0
    fc.assert(
      fc.property(
        outerFields,
        fc.constantFrom('shots:\n', 'shots: # c\n', ''),
        outerFields,
        (head, key, tail) => {
          const shots = key && `${key}  a: { prompt: x }\n  b: { prompt: y, duration: 5 }\n`
          const text = `${head}${shots}${tail}`
          expectSameAsWhole(text)
          if (isPlain(text)) plain++
        },
      ),
      { numRuns: runs, seed },
    )
    expect(plain).toBeGreaterThan(runs / 6)
  })

  test('whatever slip of the hand is in it', { timeout: fuzzTimeout }, () => {
    let sliced = 0
    fc.assert(
      fc.property(slips, fc.boolean(), (changes, windows) => {
        let text = sound
        for (const { at, cut, put } of changes) text = text.slice(0, at) + put + text.slice(at + cut)
        if (windows) text = text.replaceAll('\n', '\r\n')
        expectSameAsWhole(text)
        if (isSliced(text)) sliced++
      }),
      { numRuns: runs, seed },
    )
    expect(sliced).toBeGreaterThan(runs / 6)
  })
})

describe('the reader of plain YAML', () => {
  const pair = fc
    .tuple(fc.constantFrom('a', '雪-01', '012', 'x.y'), anyValue, lineEnd)
    .map(([key, text, end]) => `  ${key}:\n    one:${text}${end}    two: 2\n`)

  test('reads nothing otherwise than the parser', { timeout: fuzzTimeout }, () => {
    let accepted = 0
    fc.assert(
      fc.property(
        fc.oneof(
          pair,
          shotText.filter((text) => text.startsWith('  ')),
        ),
        (text) => {
          const read = plainReader(text)(0, 2)
          if (!read || read.end < text.length) return
          accepted++
          const document = parseDocument(text, yamlOptions)
          expect(document.errors).toEqual([])
          expect({ [read.key]: read.value }).toEqual(document.toJS())
          // Also names of fields as they follow each other, and the sign of a zero.
          expect(JSON.stringify(read.value)).toBe(JSON.stringify(document.toJS()[read.key]))
          const key = isMap(document.contents) && document.contents.items[0]!.key
          expect(key).toMatchObject({
            range: [read.keyStart, read.keyStart + read.key.length, expect.anything()],
          })
        },
      ),
      { numRuns: runs * 4, seed },
    )
    expect(accepted).toBeGreaterThan(runs)
  })

  test.each([
    ['words', 'a fox, running'],
    ['Chinese', '${hero}抱着狐狸，睁开眼：看'],
    ['numbers and switches', '012'],
    ['quoted texts', '"say \\"hello\\"" # loud'],
    ['lists', "[ep01, 'b c', 16:9]"],
    ['maps', '{ last_frame_of: fox }'],
    ['block texts', '|\n      one\n        two\n'],
    ['lists on lines', '\n    - a\n    - b'],
    ['maps on lines', '\n      style: { a: b }\n      place: [c]'],
  ])('reads %s', (_, text) => {
    const whole = `  a:\n    one: ${text}\n    two: 2\n  b:\n`
    expect(plainReader(whole)(0, 2)).toMatchObject({ key: 'a', value: { two: 2 }, end: whole.length - 5 })
  })
})

describe('the reader of plain YAML leaves to the parser', () => {
  test.each([
    ['a text that goes on in the next line', '  a: one\n    two\n'],
    ['a text with a comment in it', '  a: one\n    # two\n    three\n'],
    ['a tab before the next key', '  a: one\n\tb: two\n'],
    ['a key that stands twice', '  a:\n    b: one\n    b: two\n'],
    ['nothing', '  a:\n'],
    ['what may be nothing', '  a: null\n'],
    ['anchors', '  a: &b one\n'],
    ['tags', '  a: !!str 1\n'],
    ['quotes that are not closed', '  a: "one\n    two"\n'],
    ['brackets that are not closed', '  a: [one,\n    two]\n'],
    ['blanks that may count', '  a: |\n    one\n      \n  b:\n'],
  ])('%s', (_, text) => {
    expect(plainReader(text)(0, 2)).toBeUndefined()
  })
})

describe('a manifest is read shot by shot', () => {
  const shots = '  a: { prompt: x }\n  b:\n    prompt: y\n'
  test.each([
    ['as people write it', sound],
    ['with keys behind the shots', `${top}${shots}vars: { a: b }\n`],
    ['with a shot that takes the parser', `${top}${shots}  c:\n    prompt: one\n      two\n`],
    ['with brackets over several lines', `${top}${shots}  c: {\n    prompt: x,\n  }\n  d: { prompt: z }\n`],
    ['with a shot that stands twice', `${top}${shots}${shots}`],
    ['with Windows line ends', `${top}${shots}`.replaceAll('\n', '\r\n')],
  ])('%s', (_, text) => {
    expect(isSliced(text)).toBe(true)
    expectSameAsWhole(text)
  })

  test.each([
    ['an anchor that another shot uses', `${top}  a: { prompt: &p x }\n  b: { prompt: *p }\n`],
    ['shots in brackets', `version: 1\nshots: { a: { prompt: x, model: ${pro15} } }\n`],
    ['a directive', `%YAML 1.2\n---\n${top}${shots}`],
    ['a text that goes on to the left', `${top}  a:\n    prompt: "x\n  b: y"\n`],
  ])('but not where it has %s', (_, text) => {
    expect(isSliced(text)).toBe(false)
    expectSameAsWhole(text)
  })

  const many = Array.from(
    { length: 50 },
    (_, index) => `  s${index}:\n    prompt: ${sound.length} ${index}\n`,
  )

  test.each([
    ['that is all right is not parsed at all', top.replace(pro15, v20), [], 0],
    ['is parsed for the place of a problem, but for its shots', top, ['model-retired'], 1],
  ])('and a plain one %s', (_, head, codes, times) => {
    const parse = vi.spyOn(Parser.prototype, 'parse')
    const { problems } = parseManifestWith(readManifestYaml, `${head}${many.join('')}`, { file: 'm.yaml' })
    expect(problems.map(({ code }) => code)).toEqual(codes)
    expect(parse).toHaveBeenCalledTimes(times)
    parse.mockRestore()
  })

  test('and one that extends a plain file parses neither', () => {
    const parse = vi.spyOn(Parser.prototype, 'parse')
    const base = {
      file: 'base.yaml',
      content: `# c\nversion: 1\nvars: { hero: fox }\ndefaults: { model: ${v20} }\n`,
    }
    const text = 'version: 1\nextends: base.yaml\nshots:\n  a:\n    prompt: a ${hero}\n'
    const { manifest, problems } = parseManifestWith(readManifestYaml, text, {
      file: 'm.yaml',
      bases: [base],
    })
    expect(problems).toEqual([])
    expect(manifest.shots).toMatchObject([{ model: v20, prompt: 'a fox' }])
    expect(parse).not.toHaveBeenCalled()
    parse.mockRestore()
  })

  test('and a fault in one of very many is placed exactly', () => {
    const many = Array.from({ length: 3_000 }, (_, index) => `  s${index}:\n    prompt: scene ${index}\n`)
    const text = `${top}${many.join('')}  last:\n    prompt: 狐狸\n    tags: [ok, 'not ok']\n    duration: 3\n`
    expect(isSliced(text)).toBe(true)
    const parsed = parseManifestWith(readManifestYaml, text, { file: 'm.yaml' })
    expect(faultsOf(parsed)).toMatchObject([
      { line: 6_006, col: 16, code: 'wrong-value', shot: 'last' },
      { line: 6_007, col: 15, code: 'duration-range', shot: 'last' },
    ])
  })
})
