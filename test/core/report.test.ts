import { describe, expect, test } from 'vitest'
import { annotationsOf, workflowCommand, workflowCommands } from '../../src/core/github-annotations.js'
import { junitXml, xmlText } from '../../src/core/junit.js'
import { parseManifest } from '../../src/core/manifest.js'
import type { Problem } from '../../src/core/problem.js'
import { judgeTake, type Report, type ReportedTake } from '../../src/core/report.js'
import { reportMarkdown } from '../../src/core/report-markdown.js'
import { shotName, takeName, task } from './builders.js'

/** A take that is done, or whatever else is said. */
function take(name: string, facts: Partial<ReportedTake> = {}): ReportedTake {
  const bought = {
    task: task('cgt-1'),
    provider: 'ark',
    tokens: 87_300,
    cost: '1.3968 CNY',
    video: 'out/a.mp4',
  }
  return { take: takeName(name), status: 'succeeded', next: 'keep', ...bought, line: 4, col: 3, ...facts }
}

const bare = (name: string, facts: Partial<ReportedTake>): ReportedTake => ({
  take: takeName(name),
  status: 'absent',
  next: 'generate',
  line: 4,
  col: 3,
  ...facts,
})
const moderated = (name: string) =>
  bare(name, {
    status: 'failed',
    task: task('cgt-9'),
    error: 'OutputVideoSensitiveContentDetected',
    failure: 'moderation-output',
  })
const heldBack = (name: string) =>
  bare(name, {
    status: 'failed',
    next: 'hold',
    held: 'moderation-input',
    error: 'InputTextSensitiveContentDetected',
    failure: 'moderation-input',
  })
const unknown = (name: string) => bare(name, { status: 'unknown', next: 'reconcile', provider: 'ark' })
const lost = (name: string) =>
  take(name, { next: 'hold', held: 'lost', error: 'result-gone', failure: 'service' })

const reportOf = (...takes: ReportedTake[]): Report => ({
  manifests: [{ manifest: 'ep01', file: 'manifests/ep01.yaml', takes, unclaimed: [] }],
  problems: [],
})

const problem: Problem = {
  code: 'duration-range',
  severity: 'error',
  message: 'duration 3 is not possible',
  file: 'manifests/ep02.yaml',
  line: 14,
  col: 15,
  length: 1,
  sourceLine: '',
  shot: 'fox-run',
}

describe('where a shot stands', () => {
  const { placeOf } = parseManifest(
    'version: 1\nshots:\n  fox: { prompt: a }\n  owl:\n    prompt: a ${x}\n    matrix: { x: [b, c] }\n',
    'a.yaml',
  )

  test.each([
    ['a shot', 'fox', { line: 3, col: 3 }],
    ['a shot of a matrix: where the matrix does', 'owl.c', { line: 4, col: 3 }],
    ['a shot that is not there', 'elk', undefined],
  ])('%s', (_, name, place) => {
    expect(placeOf(shotName(name))).toEqual(place)
  })
})

describe('what a take is reported as', () => {
  test.each<[string, ReportedTake, object]>([
    ['collected: done', take('a'), { kind: 'done' }],
    ['collected elsewhere: done', take('a', { next: 'collect', here: false }), { kind: 'done' }],
    ['never bought: waits for a run', bare('a', {}), { kind: 'waiting', for: 'run' }],
    [
      'live: waits for a run',
      take('a', { status: 'submitted', next: 'resume' }),
      { kind: 'waiting', for: 'run' },
    ],
    ['skipped: waits', bare('a', { next: 'hold', held: 'skipped' }), { kind: 'waiting', for: 'run' }],
    [
      'paid for and never fetched: waits for a person',
      bare('a', { status: 'succeeded', next: 'collect', task: task('cgt-1') }),
      { kind: 'waiting', for: 'person' },
    ],
    ['changed since: waits for a run', take('a', { next: 'generate' }), { kind: 'waiting', for: 'run' }],
    [
      'a draft without approval: waits for a person',
      take('a', { draft: { approved: false } }),
      { kind: 'waiting', for: 'person' },
    ],
    ['stale: waits for a person', take('a', { stale: true }), { kind: 'waiting', for: 'person' }],
    [
      'moderated at the output: may run again',
      moderated('a'),
      { kind: 'failed', code: 'OutputVideoSensitiveContentDetected', mayRerun: true },
    ],
    [
      'moderated at the input: may not',
      heldBack('a'),
      { kind: 'failed', code: 'InputTextSensitiveContentDetected', mayRerun: false },
    ],
    [
      'moderated at the input and changed since: may',
      { ...heldBack('a'), next: 'generate', held: undefined } as unknown as ReportedTake,
      { kind: 'failed', mayRerun: true },
    ],
    ['expired', bare('a', { status: 'expired' }), { kind: 'failed', code: 'expired', mayRerun: true }],
    ['unknown', unknown('a'), { kind: 'unknown', code: 'unknown' }],
    ['gone at the provider: lost', lost('a'), { kind: 'lost', code: 'result-gone' }],
  ])('%s', (_, one, verdict) => {
    expect(judgeTake(one)).toMatchObject(verdict)
  })
})

describe('JUnit XML', () => {
  test('has a suite each manifest and a case each take, and counts them', () => {
    const report = reportOf(take('a'), moderated('b'), unknown('c'), lost('d'), bare('e', {}))
    expect(junitXml(report)).toMatchInlineSnapshot(`
      "<?xml version="1.0" encoding="UTF-8"?>
      <testsuites name="shotlock" tests="5" failures="1" errors="2" skipped="1">
        <testsuite name="manifests/ep01" file="manifests/ep01.yaml" tests="5" failures="1" errors="2" skipped="1">
          <testcase name="a" classname="manifests/ep01" file="manifests/ep01.yaml" line="4">
            <properties>
              <property name="task" value="cgt-1"/>
              <property name="provider" value="ark"/>
              <property name="tokens" value="87300"/>
              <property name="cost" value="1.3968 CNY"/>
            </properties>
          </testcase>
          <testcase name="b" classname="manifests/ep01" file="manifests/ep01.yaml" line="4">
            <properties>
              <property name="task" value="cgt-9"/>
            </properties>
            <failure type="OutputVideoSensitiveContentDetected" message="the result was refused by moderation: a rerun may pass (shotlock run --failed)"/>
          </testcase>
          <testcase name="c" classname="manifests/ep01" file="manifests/ep01.yaml" line="4">
            <properties>
              <property name="provider" value="ark"/>
            </properties>
            <error type="unknown" message="a create was sent and its answer never seen: shotlock reconcile looks for its task"/>
          </testcase>
          <testcase name="d" classname="manifests/ep01" file="manifests/ep01.yaml" line="4">
            <properties>
              <property name="task" value="cgt-1"/>
              <property name="provider" value="ark"/>
              <property name="tokens" value="87300"/>
              <property name="cost" value="1.3968 CNY"/>
            </properties>
            <error type="result-gone" message="paid for as cgt-1, and the provider no longer has the result: --force buys it again"/>
          </testcase>
          <testcase name="e" classname="manifests/ep01" file="manifests/ep01.yaml" line="4">
            <skipped message="not bought yet"/>
          </testcase>
        </testsuite>
      </testsuites>
      "
    `)
  })

  test('of manifests with errors has a case each error, and none for advice', () => {
    const xml = junitXml({
      manifests: [],
      problems: [problem, { ...problem, severity: 'warning', line: 99 }],
    })
    expect(xml).toContain('<testsuite name="manifests/ep02" file="manifests/ep02.yaml" tests="1"')
    expect(xml).toContain('line="14"')
    expect(xml).toContain('<error type="duration-range"')
    expect(xml).not.toContain('99')
  })

  test.each([
    ['markup', '<a b="c">&', '&lt;a b=&quot;c&quot;&gt;&amp;'],
    ['line ends and tabs', 'a\r\n\tb', 'a&#13;&#10;&#9;b'],
    ['what XML cannot hold', 'a\u0000\u001b\u000b\ufffe\ud800b', 'a\ufffd\ufffd\ufffd\ufffd\ufffdb'],
    ['every other script', '狐狸 🦊', '狐狸 🦊'],
  ])('writes %s so that a reader gets it back, or a mark in its place', (_, text, written) => {
    expect(xmlText(text)).toBe(written)
  })

  test('has no signed address', () => {
    const message = 'cannot read https://host.test/a.png?X-Tos-Signature=abc'
    const xml = junitXml({ manifests: [], problems: [{ ...problem, message }] })
    expect(xml).toContain('https://host.test/a.png?***')
    expect(xml).not.toContain('abc')
  })
})

describe('annotations', () => {
  test('stand at the line of the shot, the most important first', () => {
    const { manifests } = reportOf(
      bare('cancelled', { status: 'cancelled' }),
      moderated('rerun'),
      heldBack('held'),
      unknown('unknown'),
      lost('lost'),
      take('done'),
      bare('new', {}),
      bare('unfetched', { status: 'succeeded', next: 'collect' }),
    )
    const advice = { ...problem, severity: 'warning' } as const
    const all = annotationsOf({ manifests, problems: [advice, problem] })
    expect(all.map(({ level, title }) => [level, title.split(':')[0]])).toEqual([
      ['error', 'fox-run'],
      ['error', 'lost'],
      ['error', 'unknown'],
      ['error', 'held'],
      ['error', 'rerun'],
      ['warning', 'unfetched'],
      ['warning', 'cancelled'],
      ['warning', 'fox-run'],
    ])
    expect(all[0]).toMatchObject({ file: 'manifests/ep02.yaml', line: 14, col: 15 })
    expect(all[1]).toMatchObject({ file: 'manifests/ep01.yaml', line: 4, col: 3 })
  })

  test('of a shot that is gone stand at the file', () => {
    const { line, col, ...gone } = moderated('a')
    expect(workflowCommands(annotationsOf(reportOf(gone)))[0]).toMatch(
      /^::error file=manifests\/ep01.yaml,title=/,
    )
  })

  test('beyond what GitHub shows are counted in a notice', () => {
    const many = Array.from({ length: 13 }, (_, at) => moderated(`s${at}`))
    const lines = workflowCommands(annotationsOf(reportOf(...many, bare('c', { status: 'cancelled' }))))
    expect(lines.filter((line) => line.startsWith('::error '))).toHaveLength(10)
    expect(lines.filter((line) => line.startsWith('::warning '))).toHaveLength(1)
    expect(lines.at(-1)).toMatch(/^::notice .*::3 more errors/)
  })

  test('cannot end or begin another command, whatever is in them', () => {
    const file = 'a:b,c%.yaml'
    const evil = '100%\r\n::set-env name=PATH::/tmp'
    expect(workflowCommand({ level: 'error', title: evil, message: evil, file, line: 1 })).toBe(
      '::error file=a%3Ab%2Cc%25.yaml,line=1,title=100%25%0D%0A%3A%3Aset-env name=PATH%3A%3A/tmp' +
        '::100%25%0D%0A::set-env name=PATH::/tmp',
    )
  })
})

describe('Markdown', () => {
  test('has totals, what needs a look, and folded lists', () => {
    const report = reportOf(take('a', { picked: true }), moderated('b'), unknown('c|<x>'), bare('e', {}))
    expect(reportMarkdown({ ...report, problems: [problem] })).toMatchInlineSnapshot(`
      "### shotlock

      | manifest | takes | done | failed | unknown | lost | waiting | tokens | cost |
      |---|---:|---:|---:|---:|---:|---:|---:|---:|
      | manifests/ep01.yaml | 4 | 1 | 1 | 1 | 0 | 1 | 87,300 | CNY 1.40 |

      #### Manifests

      | where | what | code |
      | --- | --- | --- |
      | manifests/ep02.yaml:&#8203;14:15 | duration 3 is not possible | duration-range |

      #### Needs a look

      | take | where | what |
      | --- | --- | --- |
      | c\\|\\<x> | manifests/ep01.yaml:4 | **unknown**: a create was sent and its answer never seen: shotlock reconcile looks for its task (unknown) |
      | \`b\` | manifests/ep01.yaml:4 | **failed**: the result was refused by moderation: a rerun may pass (shotlock run --failed) (OutputVideoSensitiveContentDetected) |

      <details>
      <summary>1 waiting</summary>

      | take | why |
      | --- | --- |
      | \`e\` | not bought yet |

      </details>

      <details>
      <summary>1 done</summary>

      | take | task | tokens | cost |
      | --- | --- | --- | --- |
      | \`a\` (picked) | cgt-1 | 87,300 | CNY 1.40 |

      </details>
      "
    `)
  })

  test('keeps to a limit of bytes, leaves out what is done first, and closes what was folded', () => {
    const foxes = Array.from({ length: 500 }, (_, at) => take(`狐狸${at}`))
    const limit = 5_000
    const text = reportMarkdown(reportOf(...foxes, moderated('owl')), limit)
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit)
    expect(Buffer.byteLength(text)).toBeGreaterThan(limit - 200)
    expect(text).toContain('| `owl` |')
    expect(text.match(/<details>/g)).toHaveLength(1)
    expect(text.trimEnd().endsWith('</details>')).toBe(true)
    expect(text).toMatch(/… and \d+ lines more/)
  })
})
