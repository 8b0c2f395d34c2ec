import type { Problem } from './problem.js'
import { redact } from './redact.js'
import { judgeTake, type Report, type ReportedManifest, type ReportedTake, suiteName } from './report.js'

/** Pieces of a suite: its test cases, and how many of them are what. */
interface Suite {
  name: string
  file: string
  cases: readonly TestCase[]
}

interface TestCase {
  lines: readonly string[]
  result: 'passed' | 'failures' | 'errors' | 'skipped'
}

/**
 * A report as JUnit XML: a suite each manifest, a case each take. What failed is a failure; what was paid for, or
 * perhaps so, and has nothing to show for it is an error; what is not done is skipped. There are no times in it.
 */
export function junitXml({ manifests, problems }: Report): string {
  const suites = [...suitesOfProblems(problems), ...manifests.map(suiteOf)]
  const all = suites.flatMap(({ cases }) => cases)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="shotlock"${counts(all)}>`,
    ...suites.flatMap(({ name, file, cases }) => [
      `  <testsuite${attributes({ name, file })}${counts(cases)}>`,
      ...cases.flatMap(({ lines }) => lines.map((line) => `    ${line}`)),
      '  </testsuite>',
    ]),
    '</testsuites>',
    '',
  ].join('\n')
}

/** Manifests that cannot be used; warnings are nothing that a test could fail by. */
function suitesOfProblems(problems: readonly Problem[]): Suite[] {
  const files = new Map<string, TestCase[]>()
  for (const { file, line, col, code, message, shot, severity } of problems) {
    if (severity !== 'error') continue
    const name = `${shot === undefined ? '' : `${shot}: `}${code} at ${line}:${col}`
    const head = `<testcase${attributes({ name, classname: suiteName(file), file, line })}>`
    const lines = [head, element('error', code, message), '</testcase>']
    const cases = files.get(file) ?? []
    files.set(file, [...cases, { lines, result: 'errors' }])
  }
  return [...files].map(([file, cases]) => ({ name: suiteName(file), file, cases }))
}

function suiteOf({ file, takes }: ReportedManifest): Suite {
  return { name: suiteName(file), file, cases: takes.map((take) => caseOf(take, file)) }
}

function caseOf(take: ReportedTake, file: string): TestCase {
  const { line } = take
  const place = line === undefined ? {} : { file, line }
  const [result, ...said] = verdictOf(take)
  return {
    lines: [
      `<testcase${attributes({ name: take.take, classname: suiteName(file), ...place })}>`,
      ...propertiesOf(take),
      ...said,
      '</testcase>',
    ],
    result,
  }
}

function verdictOf(take: ReportedTake): [TestCase['result'], ...string[]] {
  const verdict = judgeTake(take)
  switch (verdict.kind) {
    case 'done':
      return ['passed']
    case 'waiting':
      return ['skipped', `  <skipped${attributes({ message: verdict.why })}/>`]
    case 'failed':
      return ['failures', element('failure', verdict.code, verdict.advice)]
    case 'lost':
    case 'unknown':
      return ['errors', element('error', verdict.code, verdict.advice)]
  }
}

function propertiesOf({ task, provider, tokens, cost, reserved, picked, upstream }: ReportedTake): string[] {
  const known = Object.entries({ task, provider, tokens, cost, reserved, picked, upstream }).filter(
    ([, value]) => value !== undefined,
  )
  if (known.length === 0) return []
  return [
    '  <properties>',
    ...known.map(([name, value]) => `    <property${attributes({ name, value: value! })}/>`),
    '  </properties>',
  ]
}

function element(name: 'failure' | 'error', type: string, message: string): string {
  return `  <${name}${attributes({ type, message })}/>`
}

function counts(cases: readonly TestCase[]): string {
  const of = (result: TestCase['result']) => cases.filter((one) => one.result === result).length
  return attributes({
    tests: cases.length,
    failures: of('failures'),
    errors: of('errors'),
    skipped: of('skipped'),
  })
}

function attributes(values: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xmlText(redact(String(value)))}"`)
    .join('')
}

const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/**
 * A text for an attribute. Line ends and tabs are written as numbers, since readers make spaces of them; what XML 1.0
 * cannot hold at all (section 2.2: control characters, halves of surrogate pairs) becomes U+FFFD.
 */
export function xmlText(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"\t\n\r]/g, (char) => named[char] ?? `&#${char.charCodeAt(0)};`)
}
