import { describe, expect, test } from 'vitest'
import { renderStatus } from '../../src/cli/render-status.js'
import type { TakeStatus } from '../../src/commands/status.js'
import { takeName, task } from '../core/builders.js'

const plain = (text: string) => text
const palette = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain, cyan: plain }

/** A take whose video is here and up to date. */
const done = (name: string, parts: Partial<TakeStatus> = {}): TakeStatus => ({
  take: takeName(name),
  status: 'succeeded',
  next: 'keep',
  task: task('cgt-1'),
  provider: 'ark',
  video: `out/ep/${name}.mp4`,
  here: true,
  ...parts,
})
const lines = (...takes: TakeStatus[]) =>
  renderStatus({ manifests: [{ manifest: 'ep', file: 'ep.yaml', takes, unclaimed: [] }] }, palette)

describe('what people decided, in status', () => {
  test('is counted; only what is rejected, noted or picked has a line', () => {
    const takes = [
      done('a', { approved: true }),
      done('b', { approved: true, picked: true }),
      done('c', { approved: false, note: 'too dark' }),
      done('d', { note: 'ask Li' }),
      done('e'),
    ]
    expect(lines(...takes)).toEqual([
      'ep  5 succeeded; 2 approved, 1 rejected',
      '  b  succeeded  picked; approved',
      '  c  succeeded  rejected: “too dark”; run --rejected buys it again',
      '  d  succeeded  “ask Li”',
    ])
  })

  test('stands behind what is open', () => {
    const open: TakeStatus = { take: takeName('z'), status: 'absent', next: 'generate' }
    expect(lines(done('a', { approved: false }), open).slice(1)).toEqual([
      '  z  not bought',
      '  a  succeeded   rejected; run --rejected buys it again',
    ])
  })

  test('goes together with what else the next run does', () => {
    const takes = [
      done('a', { approved: false, next: 'generate', reason: 'changed' }),
      done('b', { approved: false, next: 'generate', reason: 'rejected' }),
      done('c', { approved: false, next: 'collect', here: false }),
    ]
    expect(lines(...takes).slice(1)).toEqual([
      '  a  succeeded  rejected; changed since it was bought: the next run buys it anew',
      '  b  succeeded  rejected; run --rejected buys it again',
      '  c  succeeded  rejected; paid for as cgt-1, the file is not here: run fetches it',
    ])
  })

  test('of a draft is said with what follows, and no longer counted once its final is there', () => {
    const takes = [
      done('a@draft', { approved: true, draft: { approved: true, daysLeft: 3 } }),
      done('b@draft', { approved: false, draft: { approved: false, daysLeft: 3 } }),
      done('c@draft', { approved: true }),
    ]
    expect(lines(...takes)).toEqual([
      'ep  3 succeeded; 1 approved, 1 rejected',
      '  a@draft  succeeded  approved: the next run makes its final, 3 days left',
      '  b@draft  succeeded  rejected; run --rejected buys another',
    ])
  })

  test('is told in one line, however long the note is', () => {
    const [, line] = lines(done('a', { note: `\u001b[31m${'太暗'.repeat(200)}` }))
    expect(line).toMatch(/^ {2}a {2}succeeded {2}“\[31m太暗[太暗]+…”$/)
  })
})
