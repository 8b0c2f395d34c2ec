import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RunnerError } from '../../src/core/errors.js'
import {
  knownTasks,
  type LockEntries,
  type LockEntry,
  LockfileRenderer,
  type LockStatus,
  parseLockfile,
  readAny,
  readCanonical,
  renderLockfile,
} from '../../src/core/lockfile.js'
import { compareCodePoints, type TakeName } from '../../src/core/names.js'
import { digestA, digestB, entry, takeName, task } from './builders.js'

const lockfile = (entries: Record<string, LockEntry>): LockEntries =>
  new Map(Object.entries(entries) as [TakeName, LockEntry][])

/** The error that reading a lockfile ends with. */
function refusal(content: string | Uint8Array): RunnerError {
  try {
    parseLockfile(content, 'ep01.lock.yaml')
  } catch (error) {
    if (error instanceof RunnerError) return error
    throw error
  }
  throw new Error('the lockfile was read')
}

const head = 'lockfileVersion: 1\nshots:\n'
const block = `  "a":\n    status: failed\n    provider: "ark"\n    digest: "${digestA}"\n`

test('a lockfile is one sorted block a take', () => {
  const text = renderLockfile(
    lockfile({
      'fox-run@10': entry('unknown', { seed: 992 }),
      'fox-run@2': entry('submitted', { task: task('cgt-20260108111356-aaaaa'), seed: 0 }),
      'fox-run': entry('failed', {
        task: task('cgt-20260108111355-x1c9q'),
        error: 'OutputVideoSensitiveContentDetected',
        digest: digestB,
      }),
      'fox-hug': entry('succeeded', {
        previous: [task('cgt-1'), task('cgt-2')],
        sha256: '9b1d'.repeat(16),
        video: 'out/fox/fox-hug.mp4',
        tokens: 87_300,
        seed: 318_204,
        task: task('cgt-20260108111352-gwv4p'),
      }),
    }),
  )
  expect(text).toMatchInlineSnapshot(`
    "# Written by shotlock: what exists and was paid for. Commit it; change it only with shotlock.
    lockfileVersion: 1
    shots:
      "fox-hug":
        status: succeeded
        task: "cgt-20260108111352-gwv4p"
        provider: "ark"
        digest: "v1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        seed: 318204
        tokens: 87300
        video: "out/fox/fox-hug.mp4"
        sha256: "9b1d9b1d9b1d9b1d9b1d9b1d9b1d9b1d9b1d9b1d9b1d9b1d9b1d9b1d9b1d9b1d"
        previous: ["cgt-1", "cgt-2"]
      "fox-run":
        status: failed
        task: "cgt-20260108111355-x1c9q"
        provider: "ark"
        digest: "v1:aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        seed: 7
        error: "OutputVideoSensitiveContentDetected"
      "fox-run@2":
        status: submitted
        task: "cgt-20260108111356-aaaaa"
        provider: "ark"
        digest: "v1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        seed: 0
      "fox-run@10":
        status: unknown
        provider: "ark"
        digest: "v1:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        seed: 992
    "
  `)
})

test('a lockfile without takes says so', () => {
  const text = renderLockfile(new Map())
  expect(text.endsWith('lockfileVersion: 1\nshots: {}\n')).toBe(true)
  expect(parseLockfile(text, 'x').size).toBe(0)
})

const ids = fc.oneof(
  fc.string({ minLength: 1, unit: 'binary' }),
  fc.constantFrom('cgt-1', 'null', '1e3', 'a: b', '#x'),
)
const names = fc
  .tuple(
    fc.oneof(
      fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }),
      fc.string({ minLength: 1, maxLength: 6, unit: 'binary' }),
      fc.constantFrom('__proto__', 'constructor', '1', '012', '~', 'no'),
    ),
    fc.integer({ min: 1, max: 12 }),
  )
  .map(([name, number]) => {
    const shot = name.replaceAll('@', '') || 'x'
    return takeName(number === 1 ? shot : `${shot}@${number}`)
  })
const amounts = fc.constantFrom('0 CNY', '1.3968 CNY', '12 USD')
const entries: fc.Arbitrary<LockEntry> = fc.record(
  {
    status: fc.constantFrom<LockStatus>(
      'submitted',
      'succeeded',
      'failed',
      'expired',
      'cancelled',
      'unknown',
    ),
    task: ids.map(task),
    provider: ids,
    digest: fc.constantFrom(digestA, digestB),
    seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    draft: ids.map(task),
    tokens: fc.nat(),
    reserved: amounts,
    cost: amounts,
    video: ids,
    sha256: fc.constant('0f'.repeat(32)),
    error: ids,
    approved: fc.constant(true as const),
    previous: fc.array(ids.map(task), { minLength: 1, maxLength: 3 }),
    spent: fc.dictionary(
      ids,
      fc.oneof(
        fc.record({ tokens: fc.nat() }),
        fc.record({ cost: amounts }),
        fc.record({ tokens: fc.nat(), cost: amounts }),
      ),
      { minKeys: 1, maxKeys: 3, noNullPrototype: true },
    ),
  },
  { requiredKeys: ['status', 'provider', 'digest'] },
)
const lockfiles = fc.array(fc.tuple(names, entries), { maxLength: 8 }).map((list) => new Map(list))

describe('reading what was written', () => {
  test('gives back every entry, whatever names and texts hold', () => {
    fc.assert(
      fc.property(lockfiles, (lock) => {
        const read = parseLockfile(renderLockfile(lock), 'x')
        expect(new Map([...read])).toEqual(lock)
      }),
      { numRuns: 200 },
    )
  })

  test('and writing it again changes no byte', () => {
    fc.assert(
      fc.property(lockfiles, (lock) => {
        const text = renderLockfile(lock)
        expect(renderLockfile(parseLockfile(new TextEncoder().encode(text), 'x'))).toBe(text)
      }),
      { numRuns: 200 },
    )
  })

  test('does not depend on the order in which takes became known', () => {
    fc.assert(
      fc.property(lockfiles, (lock) => {
        expect(renderLockfile(new Map([...lock].reverse()))).toBe(renderLockfile(lock))
      }),
      { numRuns: 100 },
    )
  })

  test('works with Windows line ends', () => {
    const lock = lockfile({ a: entry('failed') })
    expect(parseLockfile(renderLockfile(lock).replaceAll('\n', '\r\n'), 'x')).toEqual(lock)
  })
})

describe('the reader of canonical lockfiles', () => {
  /** With the order of takes and of fields. */
  const inOrder = (read: LockEntries) => JSON.stringify([...read])

  test('reads what was written as the parser of YAML does, to the order of takes and fields', () => {
    fc.assert(
      fc.property(lockfiles, (lock) => {
        const text = renderLockfile(lock)
        const read = readCanonical(text)
        expect(read).toEqual(lock)
        expect(inOrder(read!)).toBe(inOrder(readAny(text, 'x')))
      }),
      { numRuns: 150 },
    )
  })

  test('reads line ends of Windows too', () => {
    const lock = lockfile({ a: entry('failed'), b: entry('unknown', { error: 'a\rb\r\nc' }) })
    expect(readCanonical(renderLockfile(lock).replaceAll('\n', '\r\n'))).toEqual(lock)
  })

  test('leaves a text with any change to the other, unless both read the same', () => {
    const changed = fc
      .tuple(lockfiles, fc.array(changes, { minLength: 1, maxLength: 3 }))
      .map(([lock, list]) => list.reduce((text, change) => change(text), renderLockfile(lock)))
    let read = 0
    fc.assert(
      fc.property(changed, (text) => {
        const canonical = readCanonical(text)
        if (!canonical) return
        read++
        expect(inOrder(canonical)).toBe(inOrder(readAny(text, 'x')))
        expect(renderLockfile(canonical)).toBe(text.replaceAll('\r\n', '\n'))
      }),
      { numRuns: 600 },
    )
    expect(read).toBeGreaterThan(20)
  })

  test.each([
    ['another order of takes', (text: string) => text.replace('"a"', '"c"')],
    ['a take twice', (text: string) => text.replace('"b"', '"a"')],
    ['a field twice', (text: string) => text.replace(/( {4}seed: 7\n)/, '$1$1')],
    ['another order of fields', (text: string) => text.replace(/( {4}seed: 7\n)( {4}tok.*\n)/, '$2$1')],
    ['a comment', (text: string) => `${text}# mine\n`],
    ['a head that is not ours', (text: string) => text.replace('Written', 'Made')],
    ['no final newline', (text: string) => text.slice(0, -1)],
    ['an escape that is not needed', (text: string) => text.replace('"ark"', '"\\u0061rk"')],
    ['a plain text', (text: string) => text.replace('"ark"', 'ark')],
    ['a quoted status', (text: string) => text.replace('succeeded', '"succeeded"')],
    ['a number with a sign', (text: string) => text.replace('seed: 7', 'seed: +7')],
    ['an octal number', (text: string) => text.replace('seed: 7', 'seed: 0o7')],
    ['a list without its spaces', (text: string) => text.replace('"t1", "t2"', '"t1","t2"')],
    ['a bill of no task', (text: string) => text.replace('{ tokens: 5 }', 'null')],
    [
      'a bill twice',
      (text: string) => text.replace('{ "t1": { tokens: 5 }', '{ "t1": { tokens: 4 }, "t1": { tokens: 5 }'),
    ],
    ['an alias', (text: string) => text.replace('provider: "ark"', 'provider: &a "ark"')],
    ['what the schema does not allow', (text: string) => text.replace('seed: 7', 'seed: 4294967296')],
    ['a name that the schema does not allow', (text: string) => text.replace('"b"', '"b@1"')],
    ['a status that is not known', (text: string) => text.replace('succeeded', 'paused')],
    ['a digest that is none', (text: string) => text.replace('"v1:', '"w1:')],
    ['a field that is not known', (text: string) => text.replace(/( {4}seed: 7\n)/, '$1    sead: 7\n')],
    ['an entry without a provider', (text: string) => text.replace(/ {4}provider.*\n/, '')],
  ])('does not read %s', (_, change) => {
    const lock = lockfile({
      a: entry('succeeded', {
        tokens: 5,
        seed: 7,
        previous: [task('t1'), task('t2')],
        spent: { [task('t1')]: { tokens: 5 } },
      }),
      b: entry('failed', { seed: 8 }),
    })
    const text = renderLockfile(lock)
    expect(readCanonical(text)).toEqual(lock)
    expect(change(text)).not.toBe(text)
    expect(readCanonical(change(text))).toBeUndefined()
  })
})

/** Changes that an editor, a merge or a bad disk makes. */
const changes: fc.Arbitrary<(text: string) => string> = fc
  .tuple(
    fc.constantFrom(
      'character',
      'insert',
      'cut',
      'line-twice',
      'line-away',
      'lines-swapped',
      'digit',
      'windows',
    ),
    fc.nat(),
    fc.oneof(
      fc.string({ minLength: 1, maxLength: 2, unit: 'binary' }),
      fc.constantFrom(...' "\\#&*!{}[],:-|>%@\r\n\t0'),
    ),
  )
  .map(([kind, place, some]) => (text) => {
    const at = place % Math.max(1, text.length)
    const lines = text.split('\n')
    const line = place % lines.length
    switch (kind) {
      case 'character':
        return text.slice(0, at) + some + text.slice(at + 1)
      case 'insert':
        return text.slice(0, at) + some + text.slice(at)
      case 'cut':
        return text.slice(0, at)
      case 'line-twice':
        return lines.toSpliced(line, 0, lines[line]!).join('\n')
      case 'line-away':
        return lines.toSpliced(line, 1).join('\n')
      case 'lines-swapped':
        return lines.toSpliced(line, 2, ...lines.slice(line, line + 2).reverse()).join('\n')
      case 'digit': {
        const digit = text.indexOf(String(place % 10), at)
        return digit === -1 ? text : text.slice(0, digit) + String(at % 10) + text.slice(digit + 1)
      }
      default:
        return text.replaceAll('\n', '\r\n')
    }
  })

test('rendering again what has changed gives what rendering everything gives', () => {
  const steps = fc.array(
    fc.array(fc.tuple(names, fc.option(entries, { nil: undefined })), { maxLength: 6 }),
    {
      maxLength: 6,
    },
  )
  fc.assert(
    fc.property(steps, (all) => {
      const renderer = new LockfileRenderer()
      const lock = new Map<TakeName, LockEntry>()
      for (const step of all) {
        for (const [name, one] of step) {
          if (one) lock.set(name, one)
          else lock.delete(name)
        }
        expect([...renderer.render(new Map(lock))].join('')).toBe(renderLockfile(lock))
      }
    }),
  )
})

describe('what is written', () => {
  const order = (takes: readonly string[]) => {
    const text = renderLockfile(new Map(takes.map((name) => [takeName(name), entry('unknown')])))
    return [...text.matchAll(/^ {2}(".*"):$/gm)].map(([, name]) => JSON.parse(name!))
  }

  test('is sorted by take number within a shot, not by its digits', () => {
    expect(order(['s@10', 's@2', 's', 's@11'])).toEqual(['s', 's@2', 's@10', 's@11'])
  })

  test('keeps the takes of a shot together', () => {
    expect(order(['fox-run', 'fox@2', 'fox.b', 'fox'])).toEqual(['fox', 'fox@2', 'fox-run', 'fox.b'])
  })

  test('is sorted by code points, so that letters beyond U+FFFF come last', () => {
    expect(order(['\u{20000}', '\uff21', '狐', 'z'])).toEqual(['z', '狐', '\uff21', '\u{20000}'])
  })

  test('escapes what YAML calls unprintable', () => {
    const text = renderLockfile(lockfile({ a: entry('failed', { error: 'a\u2028\u0085\ufeff\u007fb' }) }))
    expect(text).toContain('"a\\u2028\\u0085\\ufeff\\u007fb"')
  })

  test('adds one block for one more take', () => {
    const lock = lockfile({ a: entry('failed'), c: entry('failed') })
    const before = renderLockfile(lock)
    const after = renderLockfile(new Map([...lock, [takeName('b'), entry('unknown')]]))
    const added = after.split('\n').filter((line) => line === '  "b":' || line.includes('unknown'))
    expect(added).toHaveLength(2)
    expect(after.replace(/ {2}"b":\n(?: {4}.*\n)+/, '')).toBe(before)
  })

  test('has no line for what is undefined', () => {
    expect(
      renderLockfile(lockfile({ a: entry('failed', { task: undefined, error: undefined }) })),
    ).not.toContain('undefined')
  })
})

describe('a lockfile that cannot be understood is refused', () => {
  test.each([
    ['a newer version', `lockfileVersion: 2\nshots: {}\n`, 'lockfile-newer', '2'],
    ['a newer version with fields of its own', `lockfileVersion: 2\ntakes: []\n`, 'lockfile-newer', '2'],
    ['a version that is a text', `lockfileVersion: "1"\nshots: {}\n`, 'lockfile-invalid', 'line 1'],
    ['no version', `shots: {}\n`, 'lockfile-invalid', 'line 1'],
    ['a field that is not known', `${head}${block}    colour: red\n`, 'lockfile-invalid', 'line 7'],
    [
      'a status that is not known',
      `${head}${block.replace('failed', 'paused')}`,
      'lockfile-invalid',
      'line 4',
    ],
    ['a seed that is a text', `${head}${block}    seed: "7"\n`, 'lockfile-invalid', 'line 7'],
    ['a digest that is none', `${head}${block.replace('v1:', '')}`, 'lockfile-invalid', 'line 6'],
    [
      'an entry without a provider',
      `${head}${block.replace('    provider: "ark"\n', '')}`,
      'lockfile-invalid',
      'line 3',
    ],
    ['an entry that is empty', `${head}  "a":\n`, 'lockfile-invalid', 'line 3'],
    ['a take twice', `${head}${block}${block}`, 'lockfile-invalid', 'line 7'],
    ['a field twice', `${head}${block}    status: failed\n`, 'lockfile-invalid', 'line 7'],
    [
      'conflict markers',
      `${head}<<<<<<< HEAD\n${block}=======\n>>>>>>> other\n`,
      'lockfile-conflict',
      'line 3',
    ],
    ['the end of a conflict', `${head}${block}>>>>>>> other\n`, 'lockfile-conflict', 'line 7'],
    ['broken YAML', `${head}${block}  "b: [\n`, 'lockfile-invalid', 'line 7'],
    ['a custom tag', `${head}${block}    seed: !x 7\n`, 'lockfile-invalid', 'line 7'],
    ['an empty file', '', 'lockfile-invalid', 'line 1'],
    ['a list', '- a\n', 'lockfile-invalid', 'line 1'],
    ['two documents', `${head}${block}---\n${head}${block}`, 'lockfile-invalid', 'line 7'],
  ])('%s', (_, text, code, told) => {
    const error = refusal(text)
    expect(error.code).toBe(code)
    expect(error.message).toContain(told)
    expect(error.message).toContain('ep01.lock.yaml')
    expect(error.hint).toBeTypeOf('string')
  })

  test('two picks in one shot, as a merge of texts leaves them', () => {
    const text = renderLockfile(
      lockfile({
        fox: entry('succeeded', { task: task('t1'), pick: true }),
        'fox@2': entry('succeeded', { task: task('t2') }),
        'fox@3': entry('succeeded', { task: task('t3'), pick: true }),
        owl: entry('succeeded', { task: task('t4'), pick: true }),
      }),
    )
    const line =
      text
        .split('\n')
        .findLastIndex((one, index, all) => /pick/.test(one) && all.indexOf('  "owl":') > index) + 1
    expect(refusal(text)).toMatchObject({
      code: 'lockfile-invalid',
      message: expect.stringMatching(new RegExp(`line ${line}: "fox" and "fox@3" are both picked`)),
      hint: expect.stringContaining('pick: true'),
    })
  })

  test('conflict markers with Windows line ends', () => {
    expect(refusal(`${head}<<<<<<< HEAD\n${block}=======\n>>>>>>> x\n`.replaceAll('\n', '\r\n')).code).toBe(
      'lockfile-conflict',
    )
  })

  test('bytes that are not UTF-8', () => {
    const bytes = new Uint8Array([...new TextEncoder().encode(`${head}${block}`), 0x20, 0xe9, 0x0a])
    expect(refusal(bytes)).toMatchObject({
      code: 'lockfile-invalid',
      message: expect.stringContaining('line 7'),
    })
  })

  test('UTF-16', () => {
    expect(refusal(new Uint8Array([0xff, 0xfe, 0x61, 0])).code).toBe('lockfile-invalid')
  })
})

test('a text that only looks like a conflict marker is none', () => {
  const lock = lockfile({ a: entry('failed', { error: '<<<<<<< HEAD' }) })
  expect(parseLockfile(renderLockfile(lock), 'x')).toEqual(lock)
})

test('names of object members are takes like any other', () => {
  const lock = new Map([
    [takeName('__proto__'), entry('failed')],
    [takeName('constructor'), entry('failed')],
  ])
  expect([...parseLockfile(renderLockfile(lock), 'x').keys()].sort()).toEqual(['__proto__', 'constructor'])
})

test('the known tasks are the last one and those before of every take', () => {
  const lock = lockfile({
    a: entry('succeeded', { task: task('3'), previous: [task('1'), task('2')] }),
    b: entry('unknown', { previous: [task('4')] }),
    c: entry('unknown'),
  })
  expect([...knownTasks(lock)].sort()).toEqual(['1', '2', '3', '4'])
})

test('code points order texts as their code points do', () => {
  const naive = (a: string, b: string) => {
    const [left, right] = [a, b].map((text) => [...text].map((char) => char.codePointAt(0)!)) as [
      number[],
      number[],
    ]
    const at = left.findIndex((point, index) => point !== right[index])
    return at === -1 ? left.length - right.length : right[at] === undefined ? 1 : left[at]! - right[at]!
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(naive(a, b)))
    }),
  )
})
