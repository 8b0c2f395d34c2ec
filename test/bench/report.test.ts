import { describe, expect, test } from 'vitest'
import { renderCharts, renderLine, renderTable, updatePage } from '../../bench/lib/report.mjs'
import { missingRow, row } from '../../bench/lib/row.mjs'

const circumstances = {
  date: '2026-01-08',
  machine: '2 × Some Processor, 24 GB, Linux 6.1 x64',
  loadBefore: 0.1,
  shotlock: '0.1.0 (abc1234)',
  versions: { Node: '20.20.2', yaml: '2.9.1' },
}
const kept = row({
  id: 'startup.help',
  what: '`shotlock --help`',
  against: '`node -e 0`',
  unit: '×',
  samples: [1.2, 1.18, 1.25],
  aim: { atMost: 1.25 },
  detail: 'shotlock 69 ms, node 58 ms',
})
const missed = row({
  id: 'plan.first',
  what: 'first `plan`',
  against: '`yaml`',
  unit: '×',
  samples: [2, 1.5, 2.5],
  aim: { atMost: 0.8, stretch: 0.1 },
  detail: '',
})
const missing = missingRow({
  id: 'submit.parallel',
  what: 'creates',
  against: 'GNU parallel',
  unit: '×',
  aim: { atLeast: 10 },
  why: 'parallel is not installed here',
})
const growth = [1000, 10_000].map((shots) => ({ shots, samples: [shots / 10, shots / 9] }))
const results = {
  startup: { title: 'Start-up', circumstances, seconds: 1, rows: [kept] },
  plan: { title: 'Planning', circumstances, seconds: 1, rows: [missed, missing], charts: { growth } },
}

describe('the table', () => {
  test('says aim, median, spread and whether the aim is kept, and hides nothing that is missed or missing', () => {
    expect(renderTable(results)).toMatchInlineSnapshot(`
      "| what | against | aim | median (least to most, n) | aim kept | |
      |---|---|---|---|---|---|
      | **Start-up** | | |  | |  |
      | \`shotlock --help\` | \`node -e 0\` | ≤ 1.25× | **1.20×** (1.18 to 1.25, 3) | yes | shotlock 69 ms, node 58 ms |
      | **Planning** | | |  | |  |
      | first \`plan\` | \`yaml\` | ≤ 0.8×, better 0.1× | **2.00×** (1.50 to 2.50, 3) | **no** |  |
      | creates | GNU parallel | ≥ 10× | not measured |  | parallel is not installed here |"
    `)
  })

  test('tells of a bench that failed', () => {
    const broken = { startup: { ...results.startup, rows: [], failed: 'there is no curl' } }
    expect(renderTable(broken)).toContain('| **Start-up** | | | failed | | there is no curl |')
  })

  test('has lines for a terminal without the marks of Markdown', () => {
    expect(renderLine(missed)).toBe(
      'first plan against yaml: 2.00× (1.50 to 2.50, 3), aim ≤ 0.8×, better 0.1×: no',
    )
  })
})

describe('the page', () => {
  const page = 'Before.\n\n<!-- bench: written by npm run bench -->\nold\n<!-- bench: end -->\n\nAfter.\n'

  test('changes between its marks only, and comes out the same when it is written again', () => {
    const written = updatePage(page, results, 'performance')
    expect(written).toMatch(/^Before\.\n\n<!--/)
    expect(written).toMatch(/<!-- bench: end -->\n\nAfter\.\n$/)
    expect(written).not.toContain('old')
    expect(written).toContain('Measured 2026-01-08, shotlock 0.1.0 (abc1234)')
    expect(updatePage(written, results, 'performance')).toBe(written)
  })

  test('tells apart what was measured on different days', () => {
    const later = { ...circumstances, date: '2026-02-01' }
    const mixed = { ...results, plan: { ...results.plan, circumstances: later } }
    const written = updatePage(page, mixed, 'performance')
    expect(written).toContain('Start-up: measured 2026-01-08')
    expect(written).toContain('Planning: measured 2026-02-01')
  })

  test('without marks is not touched', () => {
    expect(() => updatePage('Nothing.', results, 'performance')).toThrow('lacks their marks')
  })
})

describe('the charts', () => {
  const charts = renderCharts(results)

  test('are drawn for what was measured', () => {
    expect(Object.keys(charts)).toEqual(['aims', 'growth'])
  })

  test('have no place that is not a number, and colours for light and dark', () => {
    for (const { svg } of Object.values(charts)) {
      expect(svg).not.toMatch(/NaN|Infinity|undefined/)
      expect(svg).toContain('prefers-color-scheme: dark')
    }
  })

  test('put what misses its aim right of the line, and what keeps it left', () => {
    const line = Number(/class="mark" x1="([\d.]+)"/.exec(charts.aims!.svg)?.[1])
    const at = (kind: string) =>
      Number(new RegExp(`<circle class="${kind}" cx="([\\d.]+)"`).exec(charts.aims!.svg)?.[1])
    expect(at('good')).toBeLessThan(line)
    expect(at('bad')).toBeGreaterThan(line)
  })
})
