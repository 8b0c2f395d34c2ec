import { describe, expect, test } from 'vitest'
import { manifestName, parseManifest } from '../../src/core/manifest.js'
import { faultsOf, mark, pro15, problemsIn, read, readOne, shotName, top, unmark, v20 } from './builders.js'

/** Each problem is `code shot`; the marks in the text say where they stand, in order. */
function expectProblems(marked: string, expected: readonly string[]) {
  const { text, places } = unmark(marked)
  expect(problemsIn(text)).toEqual(expected.map((words, index) => `${places[index]} ${words}`))
}

describe('every kind of mistake has its code, its place and its shot', () => {
  test.each<[string, string, ...string[]]>([
    // The file as YAML
    ['broken syntax', `${top}  a: { prompt: x }▸}\n`, 'yaml-syntax'],
    ['a tab as indentation', `${top}▸\ta: { prompt: x }\n`, 'yaml-syntax'],
    ['a second document', `${top}  a: { prompt: x }\n▸---\nversion: 1\n`, 'yaml-documents'],
    ['a directive of YAML 1.1', `# old\n▸%YAML 1.1\n---\n${top}  a: { prompt: x }\n`, 'yaml-directive'],
    ['a custom tag on a text', `${top}  a:\n    prompt: !mine ▸x\n`, 'yaml-tag'],
    ['a custom tag on a map', `${top}  a: !mine ▸{ prompt: x }\n`, 'yaml-tag'],
    ['a custom tag on a list', `${top}  a: { prompt: x, tags: !mine ▸[one] }\n`, 'yaml-tag'],
    ['binary data', `${top}  a: { prompt: !!binary ▸aGVsbG8= }\n`, 'yaml-tag'],
    ['a time stamp', `${top}  a: { prompt: !!timestamp ▸2026-01-08 }\n`, 'yaml-tag'],
    ['an alias without an anchor', `${top}  a: { prompt: ▸*nowhere }\n`, 'yaml-alias'],
    ['a shot that is an alias without an anchor', `${top}  a: ▸*nowhere\n`, 'yaml-alias'],
    ['an alias inside itself', `${top}  a: { prompt: x, extra: &e { k: ▸*e } }\n`, 'yaml-alias'],
    ['a shot inside itself', `${top}  a: &a { prompt: x, extra: { k: ▸*a } }\n`, 'yaml-alias'],
    ['a key twice', `${top}  a:\n    prompt: x\n    ▸prompt: y\n`, 'duplicate-key'],
    // The root
    ['an empty file', `▸`, 'no-shots'],
    ['nothing but comments', `▸# later\n`, 'no-shots'],
    ['a list instead of a map', `▸- a\n`, 'no-shots'],
    ['a text instead of a map', `▸a manifest\n`, 'no-shots'],
    ['no shots', `▸version: 1\n`, 'no-shots'],
    ['shots without any', `version: 1\n▸shots:\n`, 'no-shots'],
    ['an empty map of shots', `version: 1\n▸shots: {}\n`, 'no-shots'],
    ['a list of shots', `version: 1\n▸shots:\n  - prompt: x\n`, 'no-shots'],
    ['no version', `▸shots:\n  a: { prompt: x, model: ${pro15} }\n`, 'version'],
    ['a version to come', `version: ▸2\nshots:\n  a: { prompt: x, model: ${pro15} }\n`, 'version'],
    ['a version in quotes', `version: ▸'1'\nshots:\n  a: { prompt: x, model: ${pro15} }\n`, 'version'],
    ['a field that the root has not', `▸shot: 1\n${top}  a: { prompt: x }\n`, 'unknown-field'],
    [
      'a prompt in defaults',
      `version: 1\ndefaults:\n  model: ${pro15}\n  ▸prompt: x\nshots: { a: { prompt: x } }\n`,
      'unknown-field',
    ],
    ['a variable with a bad name', `vars: { ▸1a: x }\n${top}  a: { prompt: x }\n`, 'wrong-value'],
    ['a variable that is a list', `vars: { a: ▸[x] }\n${top}  a: { prompt: x }\n`, 'wrong-type'],
    [
      'a variable that refers to another',
      `vars: { a: x, b: ▸"\${a}" }\n${top}  a: { prompt: x }\n`,
      'template-syntax',
    ],
    // A shot
    ['a shot that is empty', `${top}  ▸a:\n`, 'wrong-type a'],
    ['a shot that is a text', `${top}  ▸a: a fox\n`, 'wrong-type a'],
    ['a shot that is a list', `${top}  ▸a: [x]\n`, 'wrong-type a'],
    ['a name with a space', `${top}  ▸a b: { prompt: x }\n`, 'shot-name a b'],
    ['a name with an @', `${top}  ▸"a@2": { prompt: x }\n`, 'shot-name a@2'],
    ['a name that is empty', `${top}  ▸"": { prompt: x }\n`, 'shot-name '],
    ['names equal but for case', `${top}  Fox: { prompt: x }\n  ▸fOX: { prompt: y }\n`, 'shot-name fOX'],
    [
      'names equal when normalised',
      `${top}  caf\u00e9: { prompt: x }\n  ▸cafe\u0301: { prompt: y }\n`,
      'shot-name cafe\u0301',
    ],
    ['a field that shots have not', `${top}  a:\n    prompt: x\n    ▸duraton: 5\n`, 'unknown-field a'],
    ['a merge key', `${top}  a: { prompt: x, ▸<<: { duration: 5 } }\n`, 'unknown-field a'],
    ['a number for a text', `${top}  a: { prompt: ▸12 }\n`, 'wrong-type a'],
    ['yes for a boolean', `${top}  a: { prompt: x, watermark: ▸yes }\n`, 'wrong-type a'],
    ['nothing for a value', `${top}  a: { prompt: x, ratio: ▸~ }\n`, 'wrong-value a'],
    ['a fraction of a second', `${top}  a: { prompt: x, duration: ▸4.5 }\n`, 'wrong-type a'],
    ['a ratio that is none', `${top}  a: { prompt: x, ratio: ▸16x9 }\n`, 'wrong-value a'],
    ['an empty prompt', `${top}  a: { prompt: ▸'' }\n`, 'wrong-value a'],
    ['no takes', `${top}  a: { prompt: x, takes: ▸0 }\n`, 'wrong-value a'],
    ['a seed below 0', `${top}  a: { prompt: x, seed: ▸-1 }\n`, 'wrong-value a'],
    ['a seed beyond 32 bits', `${top}  a: { prompt: x, seed: ▸4294967296 }\n`, 'wrong-value a'],
    ['the same tag twice', `${top}  a: { prompt: x, tags: ▸[a, a] }\n`, 'wrong-value a'],
    [
      'a callback to a file',
      `${top}  a: { prompt: x, callback_url: ▸file:///etc/passwd }\n`,
      'wrong-value a',
    ],
    ['a bad item in a list', `${top}  a: { prompt: x, tags: [ok, ▸'not ok'] }\n`, 'wrong-value a'],
    ['neither prompt nor image', `${top}  ▸a: { duration: 5 }\n`, 'missing-field a'],
    ['no model', `version: 1\nshots:\n  ▸a: { prompt: x }\n`, 'missing-field a'],
    ['a variable that is not there', `${top}  a: { prompt: "to ▸\${nowhere}" }\n`, 'unknown-variable a'],
    ['a variable that is not closed', `${top}  a:\n    prompt: to ▸\${nowhere\n`, 'template-syntax a'],
    ['a flag in the prompt', `${top}  a: { prompt: fox ▸--dur 9 }\n`, 'inline-flag a'],
    ['an unknown model', `${top}  a: { prompt: x, model: ▸doubao-seedance-9 }\n`, 'unknown-model a'],
    [
      'image together with first_frame',
      `${top}  a: { prompt: x, ▸image: a.png, first_frame: b.png }\n`,
      'field-conflict a',
    ],
    [
      'both of them in defaults',
      `version: 1\ndefaults: { model: ${pro15}, ▸image: a.png, first_frame: b.png }\nshots: { a: { prompt: x } }\n`,
      'field-conflict',
    ],
    ['a last frame without a first', `${top}  a: { prompt: x, last_frame: ▸a.png }\n`, 'field-conflict a'],
    ['a duration that the model has not', `${top}  a: { prompt: x, duration: ▸3 }\n`, 'duration-range a'],
    ['a field that the model refuses', `${top}  a: { prompt: x, frames: ▸29 }\n`, 'model-rule a'],
    [
      'an image where the model takes none',
      `version: 1\nshots:\n  a: { model: doubao-seedance-1-0-lite-t2v-250428, prompt: x, image: ▸a.png }\n`,
      'model-rule a',
    ],
    [
      'a first frame where the model takes none',
      `version: 1\nshots:\n  a: { model: doubao-seedance-1-0-lite-t2v-250428, prompt: x, first_frame: ▸a.png }\n`,
      'model-rule a',
    ],
    [
      'what defaults state, found in defaults',
      `version: 1\ndefaults: { model: ${pro15}, duration: ▸99 }\nshots: { a: { prompt: x } }\n`,
      'wrong-value',
    ],
    [
      'what only a model refuses, found in defaults',
      `version: 1\ndefaults: { model: ${pro15}, duration: ▸2 }\nshots: { a: { prompt: x } }\n`,
      'duration-range a',
    ],
  ])('%s', (_, marked, ...expected) => expectProblems(marked, expected))

  test('only an unknown model is a warning', () => {
    const { problems } = parseManifest(`${top}  a: { prompt: x, model: nova-1 }\n`, 'm.yaml')
    expect(problems).toMatchObject([{ code: 'unknown-model', severity: 'warning' }])
  })

  test.each<[string, string, ...string[]]>([
    ['a profile that is none', 'model: ep-1, model_profile: ▸nova-1', 'unknown-model a'],
    ['a profile beside another known model', `model_profile: ▸${v20}`, 'field-conflict a'],
    [
      'a length that the profile has not',
      `model: ep-1, model_profile: ${v20}, duration: ▸3`,
      'duration-range a',
    ],
    ['a film where the model takes none', 'reference_videos: ▸[a.mp4]', 'model-rule a'],
    ['an asset where the model takes none', 'image: ▸"asset://asset-1"', 'media-url a'],
    [
      'an asset in a list where the model takes none',
      'model: doubao-seedance-1-0-lite-i2v-250428, reference_images: [a.png, ▸"asset://asset-1"]',
      'media-url a',
    ],
    [
      'a film that is said to be too long',
      `model: ${v20}, reference_videos: [a.mp4, { url: b.mp4, seconds: ▸20 }]`,
      'media-limit a',
    ],
    [
      'films that are said to be too long together',
      `model: ${v20}, reference_videos: ▸[{ url: a.mp4, seconds: 9 }, { url: b.mp4, seconds: 9 }]`,
      'media-limit a',
    ],
    ['a film without its place', `model: ${v20}, reference_videos: [▸{ seconds: 5 }]`, 'missing-field a'],
  ])('%s', (_, fields, ...expected) => expectProblems(`${top}  a: { prompt: x, ${fields} }\n`, expected))
})

describe('what is to be said of a model is said once', () => {
  /** Warnings as `line:col code shot`. */
  const warnings = (text: string) => {
    const { problems } = parseManifest(text, 'm.yaml')
    expect(problems.filter(({ severity }) => severity !== 'warning')).toEqual([])
    return problems
      .filter(({ code }) => code !== 'prompt-twice')
      .map(({ line, col, code, shot }) => `${line}:${col} ${code}${shot ? ` ${shot}` : ''}`)
  }
  const expectWarnings = (marked: string, ...expected: string[]) => {
    const { text, places } = unmark(marked)
    expect(warnings(text)).toEqual(expected.map((words, index) => `${places[index]} ${words}`))
  }
  const two = 'shots:\n  a: { prompt: x }\n  b: { prompt: x }\n'

  test('at the defaults, where the shots take it from', () => {
    expectWarnings(`version: 1\ndefaults: { model: ▸${pro15} }\n${two}`, 'model-retired')
    expectWarnings(`version: 1\ndefaults: { model: ▸nova-1 }\n${two}`, 'unknown-model')
    expectWarnings(`version: 1\ndefaults: { model: ▸ep-20260108-abcde }\n${two}`, 'unknown-model')
  })

  test('at the first of the shots that state it', () => {
    expectWarnings(
      `version: 1\ndefaults: { model: ${v20} }\nshots:\n  n: { prompt: x }\n  a: { prompt: x, model: ▸${pro15} }\n  b: { prompt: x, model: ▸nova-1 }\n  c: { prompt: x, model: ${pro15} }\n  d: { prompt: x, model: nova-1 }\n`,
      'model-retired a',
      'unknown-model b',
    )
  })

  test('at the defaults also when a shot states it again', () => {
    expectWarnings(
      `version: 1\ndefaults: { model: ▸${pro15} }\nshots:\n  a: { prompt: x, model: ${pro15} }\n  b: { prompt: x }\n`,
      'model-retired',
    )
  })

  test('and not at all of a model that no shot uses', () => {
    expect(
      warnings(`version: 1\ndefaults: { model: ${pro15} }\nshots: { a: { prompt: x, model: ${v20} } }\n`),
    ).toEqual([])
  })

  test('of the id of either service together', () => {
    expectWarnings(
      `version: 1\nshots:\n  a: { prompt: x, model: ▸${pro15} }\n  b: { prompt: x, model: seedance-1-5-pro-251215 }\n`,
      'model-retired a',
    )
  })

  test('of each model that variables make', () => {
    expectWarnings(
      `version: 1\nshots:\n  a: { prompt: x, model: ▸"nova-\${shot}" }\n  b: { prompt: x, model: ▸"nova-\${shot}" }\n`,
      'unknown-model a',
      'unknown-model b',
    )
  })

  test('at the profile, of an endpoint that stands for a model with an announced end', () => {
    expectWarnings(`version: 1\ndefaults: { model: ep-1, model_profile: ▸${pro15} }\n${two}`, 'model-retired')
  })

  test('and nothing of a shot whose profile is broken', () => {
    expectProblems(`version: 1\nshots: { a: { prompt: x, model: ep-1, model_profile: ▸2.0 } }\n`, [
      'wrong-type a',
    ])
  })
})

describe('advice about prompts', () => {
  /** Expects warnings, and no errors, at the marks. */
  const expectAdvice = (marked: string, ...expected: string[]) => {
    const { text, places } = unmark(marked)
    const problems = parseManifest(text, 'm.yaml').problems.filter(({ code }) => code !== 'model-retired')
    expect(problems.every(({ severity }) => severity === 'warning')).toBe(true)
    expect(problems.map(({ line, col, code, shot }) => `${line}:${col} ${code} ${shot}`)).toEqual(
      expected.map((words, index) => `${places[index]} ${words}`),
    )
  }

  test.each<[string, string, ...string[]]>([
    ['at the piece in a plain text', `${top}  a: { prompt: snow and ▸no people }\n`, 'prompt-negative a'],
    ['at the piece in quotes', `${top}  a: { prompt: 'he says: "no", to ▸{name}' }\n`, 'prompt-marks a'],
    [
      'at the piece in a folded text',
      `${top}  a:\n    prompt: >-\n      snow on a road,\n      and ▸no people\n`,
      'prompt-negative a',
    ],
    [
      'at the first word of a piece that is folded',
      `${top}  a:\n    prompt: >-\n      snow and ▸no\n      people\n`,
      'prompt-negative a',
    ],
    [
      'behind a variable',
      `vars: { who: the fox }\n${top}  a: { prompt: "\${who}▸， running" }\n`,
      'prompt-width a',
    ],
    [
      'at the prompt, of what a variable brought in',
      `vars: { who: "the {animal}" }\n${top}  a: { prompt: ▸"see \${who}" }\n`,
      'prompt-marks a',
    ],
    [
      'at the name of a shot that another is like',
      `${top}  a: &a { prompt: fox }\n  ▸b: *a\n  ▸c: { prompt: fox }\n`,
      'prompt-twice b',
      'prompt-twice c',
    ],
  ])('stands %s', (_, marked, ...expected) => expectAdvice(marked, ...expected))

  test('is given only as far as the manifest does not switch it off', () => {
    const shots = '  a: { prompt: "no people, ▸{name}" }\n  ▸b: { prompt: "no people, {name}" }\n'
    const { text } = unmark(shots)
    expectAdvice(
      `lint: { ignore: [prompt-negative] }\n${top}${shots.replace('people, {name}" }', 'people, ▸{name}" }')}`,
      'prompt-marks a',
      'prompt-twice b',
      'prompt-marks b',
    )
    expectAdvice(`lint: { ignore: [prompt-negative, prompt-marks, prompt-twice] }\n${top}${text}`)
    expectAdvice(`lint: {}\n${top}  a: { prompt: ▸no people }\n`, 'prompt-negative a')
  })

  test('can be switched off by known codes only', () => {
    expectProblems(`lint: { ignore: [▸prompt-lng, prompt-marks] }\n${top}  a: { prompt: "{x}" }\n`, [
      'wrong-value',
    ])
    expectProblems(`lint: { ignore: ▸prompt-long }\n${top}  a: { prompt: x }\n`, ['wrong-type'])
    expectProblems(`lint: { ▸on: [prompt-long] }\n${top}  a: { prompt: x }\n`, ['unknown-field'])
    const [problem] = parseManifest(
      `lint: { ignore: [prompt-lng] }\n${top}  a: { prompt: x }\n`,
      'm.yaml',
    ).problems
    expect(problem?.message).toContain('did you mean "prompt-long"')
  })

  test('finds no two shots alike while something in the manifest is wrong', () => {
    const text = `${top}  a: { prompt: x, ratio: 1:2 }\n  b: { prompt: x, ratio: 2:1 }\n`
    expect(parseManifest(text, 'm.yaml').problems.map(({ code }) => code)).not.toContain('prompt-twice')
  })
})

describe('problems', () => {
  test('thirty mistakes in one manifest are thirty problems', () => {
    const mistakes = [
      ...[
        'duraton: 5',
        'ratio: 1:2',
        'takes: 0',
        'watermark: yes',
        'tags: [a, a]',
        'tags: [a b]',
        'seed: -1',
      ],
      ...['duration: 3', 'resolution: 4k', 'frames: 29', 'extra: { seed: 1 }', 'skip: 1', 'image: 3'],
      ...['last_frame: a.png', 'execution_expires_after: 1', 'callback_url: x', 'service_tier: fast'],
      ...['takes: 101', 'generate_audio: 1', 'draft: maybe', 'reference_images: []', 'model: 7'],
      ...['camera_fixed: on', 'return_last_frame: no', 'draft: true, resolution: 720p'],
      ...['draft: true, service_tier: flex', 'draft: true, return_last_frame: true', 'image: "${nowhere}"'],
    ]
    const shots = mistakes.map((field, index) => `  s${index}: { prompt: x, ${field} }\n`)
    const problems = faultsOf(
      parseManifest(`foo: 1\n${top}${shots.join('')}  bad name: { prompt: x }\n`, 'm.yaml'),
    )
    expect(problems).toHaveLength(30)
    expect(new Set(problems.map(({ line }) => line)).size).toBe(30)
  })

  test('one bad field does not hide another in the same shot', () => {
    expectProblems(`${top}  a: { prompt: x ▸--seed 3, ▸duraton: 5, duration: ▸3 }\n`, [
      'inline-flag a',
      'unknown-field a',
      'duration-range a',
    ])
  })

  test('a repeated key does not hide what is wrong elsewhere', () => {
    expectProblems(`${top}  a: { prompt: x }\n  ▸a: { prompt: y }\n  b: { prompt: z, duration: ▸3 }\n`, [
      'duplicate-key',
      'duration-range b',
    ])
  })

  test('what stands once in an anchored shot is wrong once', () => {
    expectProblems(`${top}  a: &a { prompt: x, duration: ▸3 }\n  b: *a\n`, ['duration-range a'])
  })

  test('a repeated shot and a repeated field each name the line of the first', () => {
    const text = `${top}  a:\n    prompt: x\n    prompt: y\n  a:\n    prompt: z\n`
    const messages = faultsOf(parseManifest(text, 'm.yaml')).map(({ message }) => message)
    expect(messages).toEqual([expect.stringContaining('line 5'), expect.stringContaining('line 4')])
  })

  test('names that differ only in case name the line of the first', () => {
    const [problem] = parseManifest(`${top}  a: { prompt: x }\n  A: { prompt: x }\n`, 'm.yaml').problems
    expect(problem?.message).toContain('line 4')
  })

  test.each([
    ['duraton: 5', '"duration"'],
    ['Prompt: x', '"prompt"'],
    ['ratio: 16.9', '"16:9"'],
    ['ratio: １６：９', '"16:9"'],
    ['ratio: 2１：9', '"21:9"'],
    ['model: doubao-seedance-1-5-pro-251216', `"${pro15}"`],
    ['image: "${sho}"', '"shot"'],
  ])('%s brings the suggestion %s', (field, suggested) => {
    const [problem] = parseManifest(
      `${top}  a: { image: a.png, ${field} }\n`.replace('image: a.png, image', 'image'),
      'm.yaml',
    ).problems
    expect(problem?.message).toContain(`did you mean ${suggested}`)
  })

  test('a problem carries its source line and underlines what is wrong', () => {
    const problems = faultsOf(parseManifest(`${top}  a: { prompt: x, duration: 33 }\n`, 'some/m.yaml'))
    expect(problems).toMatchObject([
      { file: 'some/m.yaml', sourceLine: '  a: { prompt: x, duration: 33 }', length: 2 },
    ])
  })

  test('an underline ends with its line', () => {
    const problems = faultsOf(
      parseManifest(`${top}  a: { prompt: x }\n  b:\n    prompt: [\n      x,\n    ]\n`, 'm.yaml'),
    )
    expect(problems).toMatchObject([{ code: 'wrong-type', col: 13, length: 1 }])
  })

  test('a problem found later is placed at the field, in the shot or in the defaults', () => {
    const { text, places } = unmark(
      `version: 1\ndefaults: { model: ${pro15}, image: ▸a.png }\nshots:\n  a: { prompt: x }\n  b: { prompt: x, image: ▸b.png }\n`,
    )
    const parsed = read(text)
    for (const name of ['a', 'b']) {
      parsed.report(shotName(name), ['image'], {
        code: 'media-missing',
        message: `no ${name}`,
        severity: 'error',
      })
    }
    const found = faultsOf(parsed).map(({ line, col, code, shot }) => `${line}:${col} ${code} ${shot}`)
    expect(found).toEqual([`${places[0]} media-missing a`, `${places[1]} media-missing b`])
  })

  test('a problem found later about an item of a list is placed at the item', () => {
    const { text, places } = unmark(
      `version: 1\nshots:\n  a: { model: doubao-seedance-2-0-260128, reference_images: [a.png, ▸b.png] }\n`,
    )
    const parsed = read(text)
    parsed.report(shotName('a'), ['reference_images', 1], {
      code: 'media-missing',
      message: 'no',
      severity: 'error',
    })
    const [problem] = parsed.problems
    expect(`${problem?.line}:${problem?.col}`).toBe(places[0])
  })
})

describe('places survive every way of writing a file', () => {
  const mistake = `${top}  a:\n    prompt: x\n    duration: ▸3\n`

  test.each([
    ['Windows line ends', (text: string) => text.replaceAll('\n', '\r\n')],
    ['a byte order mark', (text: string) => `\ufeff${text}`],
    ['both', (text: string) => `\ufeff${text.replaceAll('\n', '\r\n')}`],
  ])('%s', (_, change) => {
    const { text, places } = unmark(mistake)
    const expected = [`${places[0]} duration-range a`]
    expect(problemsIn(change(text))).toEqual(expected)
    expect(problemsIn(new TextEncoder().encode(change(text)))).toEqual(expected)
  })

  test('a byte order mark takes no place on the first line', () => {
    const { text, places } = unmark(`{ ▸foo: 1, version: 1, shots: { a: { prompt: x, model: ${pro15} } } }`)
    for (const content of [`\ufeff${text}`, new TextEncoder().encode(`\ufeff${text}`)]) {
      expect(problemsIn(content)).toEqual([`${places[0]} unknown-field`])
    }
  })

  test('a source line is shown without its Windows line end', () => {
    const { problems } = parseManifest(unmark(mistake).text.replaceAll('\n', '\r\n'), 'm.yaml')
    expect(problems[0]?.sourceLine).toBe('    duration: 3')
  })

  test('a file in UTF-16 is named as such', () => {
    for (const bytes of [
      [0xff, 0xfe, 0x61, 0],
      [0xfe, 0xff, 0, 0x61],
    ]) {
      expect(problemsIn(new Uint8Array(bytes))).toEqual(['1:1 encoding'])
    }
  })

  test('bytes that are not UTF-8 are placed on their line', () => {
    const bytes = new Uint8Array([...new TextEncoder().encode(`${top}# 狐狸\n`), 0x63, 0xe9, 0x0a])
    expect(problemsIn(bytes)).toEqual(['5:1 encoding'])
  })
})

describe('names', () => {
  test('keys are read as written', () => {
    const keys = ['012', 'no', '1e3', '0x1', 'null', 'true', '1.0', '狐狸', 'naïve', 'a_b-c.d']
    const { manifest } = read(`${top}${keys.map((key) => `  ${key}: { prompt: x }\n`).join('')}`)
    expect(manifest.shots.map(({ name }) => name)).toEqual(keys)
  })

  test('a tilde is a text like any other, and no name', () => {
    expectProblems(`${top}  ▸~: { prompt: x }\n`, ['shot-name ~'])
  })

  test('shots keep the order of the manifest, also when they look like numbers', () => {
    const { manifest } = read(
      `${top}${['b', '2', 'a', '1'].map((key) => `  ${key}: { prompt: x }\n`).join('')}`,
    )
    expect(manifest.shots.map(({ name }) => name)).toEqual(['b', '2', 'a', '1'])
  })

  test('names of object members are names like any other', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']
    const { manifest } = read(
      `${top}${names.map((name) => `  ${name}: { prompt: "of \${shot}" }\n`).join('')}`,
    )
    expect(manifest.shots.map(({ name, prompt }) => [name, prompt])).toEqual(
      names.map((name) => [name, `of ${name}`]),
    )
  })

  test('names of object members are no fields, and change no other object', () => {
    expectProblems(`${top}  a: { prompt: x, ▸__proto__: { polluted: 1 }, ▸constructor: 2 }\n`, [
      'unknown-field a',
      'unknown-field a',
    ])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('names of object members pass through extra as plain members', () => {
    const { extra } = readOne(`${top}  a: { prompt: x, extra: { __proto__: { polluted: 1 } } }\n`)
    expect(Object.keys(extra)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('a variable may have the name of an object member', () => {
    expect(
      readOne(`vars: { __proto__: x, toString: y }\n${top}  a: { prompt: "\${__proto__}\${toString}" }\n`)
        .prompt,
    ).toBe('xy')
    expectProblems(`${top}  a: { prompt: ▸"\${constructor}" }\n`.replace('▸"', '"▸'), ['unknown-variable a'])
  })

  test('a manifest is named after its file', () => {
    expect(['a/b/ep01.yaml', 'ep01.yml', 'C:\\x\\ep01.YAML', 'ep.01.yaml'].map(manifestName)).toEqual([
      'ep01',
      'ep01',
      'ep01',
      'ep.01',
    ])
  })
})

describe('variables', () => {
  const vars = 'vars: { hero: 女孩, place: snow, n: 3, on: true }\n'

  test('fill every text of a shot and of the defaults, also in lists and in extra', () => {
    const shot = readOne(
      `${vars}version: 1\ndefaults: { model: ${pro15}, image: "refs/\${shot}.png" }\nshots:\n  fox: { prompt: "\${hero} in \${place} \${n} \${on}", tags: [a], extra: { deep: ["\${ shot }", 5] } }\n`,
    )
    expect(shot.prompt).toBe('女孩 in snow 3 true')
    expect(shot.media).toMatchObject([{ source: { kind: 'file', path: 'refs/fox.png' } }])
    expect(shot.extra).toEqual({ deep: ['fox', 5] })
  })

  test('$${ is a literal ${', () => {
    expect(readOne(`${top}  a: { prompt: "$\${shot} \${shot}" }\n`).prompt).toBe('${shot} a')
  })

  test('the name of the shot wins over a variable called shot', () => {
    expect(readOne(`vars: { shot: other }\n${top}  a: { prompt: "\${shot}" }\n`).prompt).toBe('a')
  })

  test('what a variable holds is not filled again', () => {
    expect(readOne(`vars: { a: "$" }\n${top}  a: { prompt: "\${a}{shot}" }\n`).prompt).toBe('${shot}')
  })

  test.each([
    ['a plain text', `${top}  a:\n    prompt: to the ▸\${moon} and back\n`],
    ['a text over several lines', `${top}  a:\n    prompt: to\n      the ▸\${moon}\n`],
    ['single quotes', `${top}  a:\n    prompt: 'it''s ▸\${moon}'\n`],
    ['double quotes with escapes', `${top}  a:\n    prompt: "a\\tb \\u72d0 ▸\${moon}"\n`],
    ['a literal block', `${top}  a:\n    prompt: |\n      one\n      two ▸\${moon}\n`],
    ['a folded block', `${top}  a:\n    prompt: >-\n      one\n      two ▸\${moon}\n`],
    ['an item of a list', `${top}  a: { prompt: x, extra: { list: [a, "▸\${moon}"] } }\n`],
    ['a text with the same piece taken literally before', `${top}  a: { prompt: "$\${moon} ▸\${moon}" }\n`],
    [
      'the defaults',
      `version: 1\ndefaults: { model: ${pro15}, image: "▸\${moon}.png" }\nshots: { a: { prompt: x } }\n`,
    ],
  ])('an unknown one in %s is pointed at', (_, marked) => expectProblems(marked, ['unknown-variable a']))

  test('each of two like ones is pointed at', () => {
    expectProblems(`${top}  a: { prompt: "▸\${moon} and ▸\${moon}" }\n`, [
      'unknown-variable a',
      'unknown-variable a',
    ])
  })

  test('the same flag twice is pointed at twice', () => {
    expectProblems(`${top}  a: { prompt: a ▸--duration 3 b ▸--dur 4 c ▸--dur 5 }\n`, [
      'inline-flag a',
      'inline-flag a',
      'inline-flag a',
    ])
  })
})

describe('defaults', () => {
  test('are taken by every shot that does not state its own', () => {
    const { manifest } = read(
      `version: 1\ndefaults: { model: ${pro15}, duration: 4, tags: [all], takes: 2 }\nshots:\n  a: { prompt: x }\n  b: { prompt: x, duration: 8, tags: [], takes: 1 }\n`,
    )
    expect(manifest.shots).toMatchObject([
      { parameters: { duration: 4 }, tags: ['all'], takes: 2 },
      { parameters: { duration: 8 }, tags: [], takes: 1 },
    ])
  })

  test('merge extra by its fields, the shot before the defaults', () => {
    const { extra } = readOne(
      `version: 1\ndefaults: { model: ${pro15}, extra: { a: 1, b: 1 } }\nshots: { s: { prompt: x, extra: { b: 2, c: 2 } } }\n`,
    )
    expect(extra).toEqual({ a: 1, b: 2, c: 2 })
  })

  test.each([
    ['image', 'image'],
    ['image', 'first_frame'],
    ['first_frame', 'image'],
    ['first_frame', 'first_frame'],
  ])('that state %s give way to a shot that states %s', (inherited, own) => {
    const { media } = readOne(
      `version: 1\ndefaults: { model: ${pro15}, ${inherited}: old.png }\nshots: { s: { prompt: x, ${own}: new.png } }\n`,
    )
    expect(media).toEqual([{ role: 'first_frame', source: { kind: 'file', path: 'new.png' }, field: [own] }])
  })
})

describe('media', () => {
  test('keep their order: first frame, last frame, references', () => {
    const { media } = readOne(`${top}  a: { prompt: x, last_frame: b.png, image: a.png }\n`)
    expect(media.map(({ role }) => role)).toEqual(['first_frame', 'last_frame'])
  })

  test.each([
    ['https://a.example/x.png', 'url'],
    ['HTTP://a.example/x.png', 'url'],
    ['data:image/png;base64,AAAA', 'url'],
    ['asset://asset-1', 'url'],
    ['refs/fox.png', 'file'],
    ['./a:b.png', 'file'],
    ['C:/refs/fox.png', 'file'],
    ['狐狸.png', 'file'],
  ])('%s is a %s', (text, kind) => {
    const manifest = `version: 1\nshots: { a: { model: ${v20}, prompt: x, image: "${text}" } }\n`
    expect(readOne(manifest).media[0]?.source.kind).toBe(kind)
  })
})

describe('anchors and aliases', () => {
  test('a field, a list and a whole shot may be aliases', () => {
    const { manifest } = read(
      `version: 1\nshots:\n  a: &a { model: &m ${pro15}, prompt: &p hello, tags: &t [x] }\n  b: { model: *m, prompt: *p, tags: *t }\n  c: *a\n`,
    )
    expect(manifest.shots.map(({ model, prompt, tags }) => [model, prompt, tags])).toEqual(
      Array.from({ length: 3 }, () => [pro15, 'hello', ['x']]),
    )
  })

  test('the defaults and the map of shots may be aliases', () => {
    const { manifest } = read(
      `version: 1\nshots: { a: &d { model: ${pro15}, duration: 8, image: a.png } }\ndefaults: *d\n`,
    )
    expect(manifest.shots).toMatchObject([{ parameters: { duration: 8 } }])
  })

  test('an anchor given twice is the last one above', () => {
    const { manifest } = read(
      `${top}  a: { prompt: &p one }\n  b: { prompt: *p }\n  c: { prompt: &p two }\n  d: { prompt: *p }\n`,
    )
    expect(manifest.shots.map(({ prompt }) => prompt)).toEqual(['one', 'one', 'two', 'two'])
  })

  test('thousands of aliases cost no more than as many texts', { timeout: 60_000 }, () => {
    const lines = Array.from({ length: 8_000 }, (_, index) => `  s${index}: { prompt: *p }\n`)
    expect(read(`${top}  s: { prompt: &p hello }\n${lines.join('')}`).manifest.shots).toHaveLength(8_001)
  })
})

describe('files that attack the reader are answered at once', () => {
  const laughs = (indent: string) =>
    [
      'a: &a [l,l,l,l,l,l,l,l,l]',
      ...['a', 'b', 'c', 'd', 'e'].map((name, index) => {
        const next = String.fromCharCode(98 + index)
        return `${next}: &${next} [${Array(9).fill(`*${name}`).join(',')}]`
      }),
    ]
      .map((line) => `${indent}${line}\n`)
      .join('')

  test.each([
    [
      'a billion laughs in vars',
      `version: 1\nvars:\n${laughs('  ')}shots: { a: { prompt: x } }\n`,
      'yaml-alias',
    ],
    ['a billion laughs in extra', `${top}  a:\n    prompt: x\n    extra:\n${laughs('      ')}`, 'yaml-alias'],
    [
      'a chain of 3,000 aliases',
      `${top}  a:\n    prompt: x\n    extra:\n      k0: &k0 [1]\n${Array.from({ length: 3_000 }, (_, i) => `      k${i + 1}: &k${i + 1} [*k${i}]\n`).join('')}`,
      'yaml-depth',
    ],
    ['200,000 lists in one another', '['.repeat(200_000), 'yaml-depth'],
    ['200,000 maps in one another', `a: ${'{a: '.repeat(200_000)}`, 'yaml-depth'],
    ['20,000 lists in one another on one line', `a:\n  ${'- '.repeat(20_000)}`, 'yaml-depth'],
    [
      'indentation 1,500 deep',
      Array.from({ length: 1_500 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'yaml-depth',
    ],
    [
      'indentation 100 deep',
      `version: 1\n${Array.from({ length: 100 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')}`,
      'yaml-depth',
    ],
  ])('%s', { timeout: 20_000 }, (_, text, code) => {
    const { problems, manifest } = parseManifest(text, 'm.yaml')
    expect(problems.map((problem) => problem.code)).toEqual([code])
    expect(manifest.shots).toEqual([])
  })

  test('brackets in prose are no nesting', () => {
    const prompt = `it says: ${'[{'.repeat(200)}`
    expect(readOne(`${top}  a:\n    prompt: |-\n      ${prompt}\n`).prompt).toBe(prompt)
  })

  test('lists 60 deep are read', () => {
    const deep = '['.repeat(60) + ']'.repeat(60)
    expect(JSON.stringify(readOne(`${top}  a: { prompt: x, extra: { deep: ${deep} } }\n`).extra.deep)).toBe(
      deep,
    )
  })
})

test('a mark is taken out of a text before it is read', () => {
  expect(unmark(`a\nb${mark}c`)).toEqual({ text: 'a\nbc', places: ['2:2'] })
})

test('a variable is filled in as it is written, not as the number that YAML reads', () => {
  const shot = readOne(`vars: { take: 012, version: 1.10 }\n${top}  a: { prompt: "\${take} \${version}" }\n`)
  expect(shot.prompt).toBe('012 1.10')
})

test('a prompt that is empty once it is filled is refused', () => {
  const parsed = parseManifest(`vars: { p: "" }\n${top}  a: { prompt: "\${p}" }\n`, 'ep.yaml')
  expect(faultsOf(parsed).map(({ code, line }) => [code, line])).toEqual([['wrong-value', 5]])
})
