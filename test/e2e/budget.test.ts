import { describe, expect, test } from 'vitest'
import type { PlanReport } from '../../src/commands/plan.js'
import { parseLockfile } from '../../src/core/lockfile.js'
import type { Simulator } from '../../src/simulator/server.js'
import { createProject, type Project } from '../support/project.js'
import { accepted, against, mostLive, simulator } from '../support/simulated.js'

const fast = ['--rpm', '100000']
/** CNY a million tokens: 1.5 pro with sound, online. */
const rate = 16

/** Shots of several lengths, some for the model to choose; each tenth fails and is free. */
function manifest(count: number, head = ''): string {
  const shots = Array.from({ length: count }, (_, index) => {
    const prompt = index % 10 === 9 ? 'a fox sim:fail' : 'a fox'
    return `  s${index}: { prompt: '${prompt}', duration: ${index % 20 === 0 ? -1 : 4 + (index % 3)} }`
  })
  const defaults = 'defaults: { model: doubao-seedance-1-5-pro-251215, resolution: 480p }'
  return `version: 1\n${head}${defaults}\nshots:\n${shots.join('\n')}\n`
}

function tokensById(project: Project, lockfile: string): Map<string, number> {
  const tokens = new Map<string, number>()
  for (const entry of parseLockfile(project.read(lockfile), lockfile).values())
    if (entry.task !== undefined) tokens.set(entry.task, entry.tokens ?? 0)
  return tokens
}

/**
 * The most that was ever at stake, by the simulator's log: every accepted create counts with what it came to, from the
 * moment it was accepted. CNY.
 */
function spentAtMost(sim: Simulator, tokens: ReadonlyMap<string, number>): number {
  return (accepted(sim).reduce((sum, { id }) => sum + (tokens.get(id) ?? 0), 0) * rate) / 1e6
}

async function planned(project: Project, args: readonly string[]): Promise<PlanReport> {
  return JSON.parse((await project.shotlock(['plan', '--json', ...args])).stdout)
}

describe('200 shots with 16 live and a cap of 60 % of the plan', () => {
  test('never spend more than the cap, and a higher one goes on', async () => {
    const sim = await simulator({ liveTasks: 100, createsPerMinute: 100_000 })
    const project = createProject({ 'ep.yaml': manifest(200) })
    const run = (cap: number) => [
      ...['run', 'ep.yaml', ...against(sim), ...fast, '--concurrency', '16'],
      ...['--max-cost', `${cap}CNY`],
    ]
    const { totals } = await planned(project, ['ep.yaml', ...against(sim)])
    const most = totals.prices[0]!.max
    const cap = Math.floor(most * 0.6)

    const first = await project.shotlock(run(cap))
    expect(first).toMatchObject({ status: 5, stdout: expect.stringContaining('--max-cost') })
    const spent = spentAtMost(sim, tokensById(project, 'ep.simulator.lock.yaml'))
    expect(spent).toBeLessThanOrEqual(cap)
    expect(spent).toBeGreaterThan(cap * 0.8)
    expect(mostLive(sim)).toBeLessThanOrEqual(16)

    const second = await project.shotlock(run(Math.ceil(most)))
    expect(second.status).toBe(1)
    const entries = [...parseLockfile(project.read('ep.simulator.lock.yaml'), 'lock').values()]
    expect(entries.filter(({ status }) => status === 'failed')).toHaveLength(20)
    const paid = [...tokensById(project, 'ep.simulator.lock.yaml').values()].filter((tokens) => tokens > 0)
    expect(paid).toHaveLength(180)
    for (const { status, tokens, cost, reserved } of entries) {
      expect(cost).toBe(status === 'succeeded' ? `${(tokens! * rate) / 1e6} CNY` : undefined)
      expect(reserved).toBeUndefined()
    }
  }, 240_000)
})

test("a manifest's budget holds across runs that are killed", async () => {
  const sim = await simulator({ liveTasks: 100, createsPerMinute: 100_000, taskMs: { min: 300, max: 900 } })
  const budget = 20
  const project = createProject({ 'ep.yaml': manifest(60, `budget: ${budget} CNY\n`) })
  const args = ['run', 'ep.yaml', ...against(sim), ...fast, '--concurrency', '4']
  for (const seen of [/→ ep\/s3\b/, /✓ ep\/s\d+/, /→ ep\/s\d+/]) {
    const run = project.start(args)
    await run.sees(seen)
    run.process.kill('SIGKILL')
    await run.done
  }
  const last = await project.shotlock(args)
  expect(last).toMatchObject({ status: 5, stdout: expect.stringContaining('Budget of ep.yaml') })
  const spent = spentAtMost(sim, tokensById(project, 'ep.simulator.lock.yaml'))
  expect(spent).toBeLessThanOrEqual(budget)
  expect(spent).toBeGreaterThan(budget * 0.7)
})

describe('a run that may not spend', () => {
  const one = 'version: 1\ndefaults: { model: ep-20260101 }\nshots:\n  fox: { prompt: a fox }\n'

  test('a price that is not known is refused under a cap, before anything is sent', async () => {
    const sim = await simulator()
    const project = createProject({ 'ep.yaml': one })
    const result = await project.shotlock(['run', 'ep.yaml', ...against(sim), '--max-cost', '5CNY'])
    expect(result).toMatchObject({ status: 2, stderr: expect.stringContaining('budget-unpriced') })
    expect(sim.log()).toEqual([])
  })

  test.each(['-1', 'much', '5 apples', '1e3'])('--max-cost %s is refused', async (amount) => {
    const project = createProject({ 'ep.yaml': manifest(1) })
    const result = await project.shotlock([
      'run',
      'ep.yaml',
      '--provider',
      'simulator',
      `--max-cost=${amount}`,
    ])
    expect(result).toMatchObject({ status: 2, stderr: expect.stringContaining('--max-cost') })
  })
})

describe('a saved plan', () => {
  test('is carried out once, without a question', async () => {
    const sim = await simulator()
    const project = createProject({ 'ep.yaml': manifest(3) })
    const planned = await project.shotlock(['plan', 'ep.yaml', ...against(sim), '--out', 'plan.json'])
    expect(planned).toMatchObject({ status: 0, stderr: expect.stringContaining('shotlock run plan.json') })
    expect(await project.shotlock(['run', 'plan.json', ...against(sim)])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('3 done'),
    })
    expect(await project.shotlock(['run', 'plan.json', ...against(sim)])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('plan-used'),
    })
    expect(accepted(sim)).toHaveLength(3)
  })

  test('is refused with flags that say what to buy, and for another provider', async () => {
    const project = createProject({ 'ep.yaml': manifest(3) })
    await project.shotlock(['plan', 'ep.yaml', '--provider', 'simulator', '--out', 'plan.json'])
    const flagged = await project.shotlock(['run', 'plan.json', '--provider', 'simulator', '--shot', 's1'])
    expect(flagged).toMatchObject({ status: 2, stderr: expect.stringContaining('--shot') })
    const other = await project.shotlock(['run', 'plan.json'], { env: { ARK_API_KEY: 'k'.repeat(20) } })
    expect(other).toMatchObject({ status: 2, stderr: expect.stringContaining('made for simulator') })
  })
})
