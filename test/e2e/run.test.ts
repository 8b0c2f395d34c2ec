import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { parseLockfile } from '../../src/core/lockfile.js'
import { createProject } from '../support/project.js'
import { accepted, against, mostLive, simulator } from '../support/simulated.js'

/** A manifest of `n` short shots. */
function manifest(n: number, shot = 'prompt: a fox runs'): string {
  const shots = Array.from({ length: n }, (_, i) => `  shot-${i}: { ${shot} }`).join('\n')
  return `version: 1\ndefaults: { model: doubao-seedance-1-5-pro-251215, duration: 4, resolution: 480p }\nshots:\n${shots}\n`
}

function statuses(lock: string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status } of parseLockfile(lock, 'lock').values()) counts[status] = (counts[status] ?? 0) + 1
  return counts
}

const fast = ['--rpm', '100000']

describe('limits, by the log of the simulator', () => {
  test('60 shots with 8 live never have more than 8', async () => {
    const sim = await simulator({ liveTasks: 100, createsPerMinute: 100_000 })
    const project = createProject({ 'ep.yaml': manifest(60) })
    const result = await project.shotlock(['run', 'ep.yaml', ...against(sim), '--concurrency', '8', ...fast])

    expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining('60 done') })
    expect(accepted(sim)).toHaveLength(60)
    expect(mostLive(sim)).toBeLessThanOrEqual(8)
    expect(mostLive(sim)).toBeGreaterThan(4)
  })

  test('the asked rate holds', async () => {
    const sim = await simulator()
    const project = createProject({ 'ep.yaml': manifest(8) })
    await project.shotlock(['run', 'ep.yaml', ...against(sim), '--rpm', '300'])
    const times = accepted(sim).map(({ at }) => at)
    // 200 ms apart when sent. On a busy machine the first is seen late; without a rate all would come at once.
    expect(times.at(-1)! - times[0]!).toBeGreaterThanOrEqual(5 * 200)
  })

  test('no key is ever sent to the host of the files', async () => {
    const sim = await simulator()
    const project = createProject({ 'ep.yaml': manifest(3) })
    await project.shotlock(['run', 'ep.yaml', ...against(sim)])
    expect(sim.log().filter(({ event }) => event === 'download')).not.toEqual([])
    expect(sim.log().filter(({ event }) => event === 'leaked-key')).toEqual([])
  })
})

describe('signals', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'the first %s ends the run in order, and the next run buys nothing twice',
    async (signal) => {
      const sim = await simulator({ taskMs: { min: 1500, max: 2000 } })
      const project = createProject({ 'ep.yaml': manifest(6) })
      const run = project.start(['run', 'ep.yaml', ...against(sim), '--concurrency', '3', ...fast])
      await run.sees(/→ ep\/shot-2/)
      run.process.kill(signal)

      expect(await run.done).toMatchObject({ status: 4, stdout: expect.stringContaining('3 live') })
      expect(statuses(project.read('ep.simulator.lock.yaml'))).toEqual({ submitted: 3 })
      expect(await project.shotlock(['run', 'ep.yaml', ...against(sim), ...fast])).toMatchObject({
        status: 0,
      })
      expect(accepted(sim)).toHaveLength(6)
    },
  )

  test('the second leaves at once, and the open create counts as unknown', async () => {
    const sim = await simulator({ faults: { latencyMs: 3000 } })
    const project = createProject({ 'ep.yaml': manifest(1) })
    const run = project.start(['run', 'ep.yaml', ...against(sim)])
    while (accepted(sim).length === 0) await sleep(20)
    run.process.kill('SIGINT')
    await run.sees(/stopping/)
    run.process.kill('SIGINT')

    expect(await run.done).toMatchObject({ status: 4 })
    expect(await project.shotlock(['status', 'ep.yaml', ...against(sim)])).toMatchObject({
      stdout: expect.stringContaining('1 unknown'),
    })
    sim.faults = {}
    expect(await project.shotlock(['run', 'ep.yaml', ...against(sim)])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('1 done'),
    })
    expect(accepted(sim)).toHaveLength(1)
  })

  test('a killed run is taken up by the next: ids are kept, nothing is bought twice', async () => {
    const sim = await simulator({ taskMs: { min: 800, max: 1500 } })
    const project = createProject({ 'ep.yaml': manifest(30) })
    const run = project.start(['run', 'ep.yaml', ...against(sim), ...fast])
    await run.sees(/→ ep\/shot-12/)
    run.process.kill('SIGKILL')
    await run.done

    await sleep(2000)
    expect(await project.shotlock(['run', 'ep.yaml', ...against(sim), ...fast])).toMatchObject({ status: 0 })
    expect(statuses(project.read('ep.simulator.lock.yaml'))).toEqual({ succeeded: 30 })
    expect(accepted(sim)).toHaveLength(30)
    const locked = parseLockfile(project.read('ep.simulator.lock.yaml'), 'lock')
    const known = new Set([...locked.values()].map(({ task }) => String(task)))
    expect(accepted(sim).filter(({ id }) => !known.has(id))).toEqual([])
  })
})

describe('faults on the way', () => {
  test.each(['dropAnswer', 'errorAfter', 'cutBody', 'htmlGateway'] as const)(
    'a create met by %s is unknown at first, found again by the next run, and never bought twice',
    async (fault) => {
      const sim = await simulator()
      sim.faults = { next: [{ fault, times: 1 }] }
      const project = createProject({ 'ep.yaml': manifest(3) })

      const first = await project.shotlock(['run', 'ep.yaml', ...against(sim)])
      expect(first).toMatchObject({ status: 4, stdout: expect.stringContaining('2 done, 1 unknown') })
      const second = await project.shotlock(['run', 'ep.yaml', ...against(sim)])
      expect(second).toMatchObject({ status: 0, stdout: expect.stringContaining('1 done') })
      expect(statuses(project.read('ep.simulator.lock.yaml'))).toEqual({ succeeded: 3 })
      expect(accepted(sim)).toHaveLength(3)
    },
  )

  test('without LIST it stays unknown, run after run, until a person finds the task', async () => {
    const sim = await simulator()
    sim.faults = { noList: true, next: [{ fault: 'dropAnswer', times: 1 }] }
    const project = createProject({ 'ep.yaml': manifest(1) })
    for (let i = 0; i < 2; i++) {
      expect(await project.shotlock(['run', 'ep.yaml', ...against(sim)])).toMatchObject({ status: 4 })
    }
    const look = await project.shotlock(['reconcile', 'ep.yaml', ...against(sim)])
    expect(look).toMatchObject({ status: 4, stdout: expect.stringContaining('no list of tasks') })

    const { id } = accepted(sim)[0]!
    expect(await project.shotlock(['adopt', 'shot-0', id, 'ep.yaml', ...against(sim)])).toMatchObject({
      status: 0,
    })
    expect(await project.shotlock(['run', 'ep.yaml', ...against(sim)])).toMatchObject({ status: 0 })
    expect(accepted(sim)).toHaveLength(1)
  })

  test('one that was never bought is bought again only when a person says so', async () => {
    const sim = await simulator()
    sim.faults = { next: [{ fault: 'errorBefore', times: 1 }] }
    const project = createProject({ 'ep.yaml': manifest(1) })
    await project.shotlock(['run', 'ep.yaml', ...against(sim)])
    const look = await project.shotlock(['reconcile', 'ep.yaml', ...against(sim)])
    expect(look).toMatchObject({ status: 4, stdout: expect.stringContaining('look again in ten minutes') })
    const early = await project.shotlock(['reconcile', 'ep.yaml', '--resubmit', 'shot-0', ...against(sim)])
    expect(early).toMatchObject({ status: 2, stderr: expect.stringContaining('cannot-resubmit') })
    expect(accepted(sim)).toEqual([])
  })

  test('429s, poll errors, odd statuses, late files and broken downloads are sat out', async () => {
    const sim = await simulator({ faultSeed: 4 })
    sim.faults = {
      throttle: 0.2,
      retryAfterS: 0,
      pollErrors: 0.1,
      unknownStatus: 0.3,
      videoNotReady: 0.2,
      downloadCut: 0.5,
    }
    const project = createProject({ 'ep.yaml': manifest(12) })
    const result = await project.shotlock(['run', 'ep.yaml', ...against(sim), ...fast])
    expect(result).toMatchObject({ status: 0, stdout: expect.stringContaining('12 done') })
    expect(accepted(sim)).toHaveLength(12)
  })

  test('a provider without LIST is asked for each task', async () => {
    const sim = await simulator({ faults: { noList: true } })
    const project = createProject({ 'ep.yaml': manifest(8) })
    expect(await project.shotlock(['run', 'ep.yaml', ...against(sim), ...fast])).toMatchObject({ status: 0 })
  })

  test('the dialect of relays is understood', async () => {
    const sim = await simulator()
    const project = createProject({ 'ep.yaml': manifest(8) })
    const flags = ['--provider', 'simulator', '--base-url', sim.relayUrl]
    expect(await project.shotlock(['run', 'ep.yaml', ...flags, ...fast])).toMatchObject({ status: 0 })
  })

  test('a lost create is found at a relay too, whose list leaves the seed out', async () => {
    const sim = await simulator()
    sim.faults = { next: [{ fault: 'dropAnswer', times: 1 }] }
    const project = createProject({ 'ep.yaml': manifest(2) })
    const flags = ['--provider', 'simulator', '--base-url', sim.relayUrl]
    expect(await project.shotlock(['run', 'ep.yaml', ...flags])).toMatchObject({ status: 4 })
    expect(await project.shotlock(['run', 'ep.yaml', ...flags])).toMatchObject({ status: 0 })
    expect(accepted(sim)).toHaveLength(2)
  })

  test('moderation at create holds the shot, moderation of the result may be bought again', async () => {
    const sim = await simulator()
    const project = createProject({
      'ep.yaml': manifest(1).replace(
        'shot-0: { prompt: a fox runs }',
        'in: { prompt: "sim:moderate-input" }\n  out: { prompt: "sim:moderate-output-once" }',
      ),
    })
    const first = await project.shotlock(['run', 'ep.yaml', ...against(sim)])
    expect(first.status).toBe(1)
    expect(first.stdout).toContain('the result was refused by moderation: a rerun may pass')
    expect(await project.shotlock(['run', 'ep.yaml', '--failed', ...against(sim)])).toMatchObject({
      status: 1,
    })
    expect(parseLockfile(project.read('ep.simulator.lock.yaml'), 'lock')).toMatchObject(
      new Map([
        ['in', expect.objectContaining({ status: 'failed', error: 'InputTextSensitiveContentDetected' })],
        ['out', expect.objectContaining({ status: 'succeeded', previous: [expect.any(String)] })],
      ]),
    )
  })
})

describe('accounts', () => {
  test('a wrong key ends with status 3 before anything is sent, and is not repeated', async () => {
    const sim = await simulator({ key: 'the-right-key' })
    const project = createProject({ 'ep.yaml': manifest(2) })
    const result = await project.shotlock(['run', 'ep.yaml', '--yes', '--base-url', sim.baseUrl], {
      env: { ARK_API_KEY: 'sk-wrong-key' },
    })
    expect(result.status).toBe(3)
    expect(result.stdout + result.stderr).toContain('AuthenticationError')
    expect(result.stdout + result.stderr).not.toContain('sk-wrong-key')
    expect(sim.log().filter(({ event }) => event === 'create')).toEqual([])
  })

  test('an account that runs dry stops the batch with status 3', async () => {
    const sim = await simulator()
    const project = createProject({ 'ep.yaml': manifest(1, 'prompt: "sim:overdue"') })
    const result = await project.shotlock(['run', 'ep.yaml', ...against(sim)])
    expect(result).toMatchObject({ status: 3, stdout: expect.stringContaining('AccountOverdueError') })
    expect(readdirSync(project.folder)).not.toContain('ep.simulator.lock.yaml')
  })

  test('no network ends with status 1 and nothing on record', async () => {
    const project = createProject({ 'ep.yaml': manifest(2) })
    const result = await project.shotlock(['run', 'ep.yaml', '--yes', '--base-url', 'http://127.0.0.1:1'], {
      env: { ARK_API_KEY: 'sk-some-key' },
    })
    expect(result).toMatchObject({ status: 1, stdout: expect.stringContaining('2 not bought') })
    expect(readdirSync(project.folder)).not.toContain('ep.lock.yaml')
  })
})

describe('two runs at once', () => {
  test('the second says who holds the manifest', async () => {
    const sim = await simulator({ taskMs: { min: 3000, max: 3000 } })
    const project = createProject({ 'ep.yaml': manifest(2) })
    const first = project.start(['run', 'ep.yaml', ...against(sim)])
    await first.sees(/→ ep\/shot-0/)
    const second = await project.shotlock(['run', 'ep.yaml', ...against(sim)])

    expect(second).toMatchObject({
      status: 4,
      stderr: expect.stringContaining(`process ${first.process.pid}`),
    })
    expect(await first.done).toMatchObject({ status: 0 })
    expect(accepted(sim)).toHaveLength(2)
  })
})

describe('a rehearsal', () => {
  test('touches neither lockfile nor results of the ledger', async () => {
    const ledger = 'lockfileVersion: 1\nshots: {}\n'
    const project = createProject({ 'ep.yaml': manifest(1), 'ep.lock.yaml': ledger })
    await project.shotlock(['run', 'ep.yaml', '--provider', 'simulator'])
    expect(project.read('ep.lock.yaml')).toBe(ledger)
    expect(readdirSync(project.path('out'))).toEqual(['simulator'])
    expect(readdirSync(project.path('.shotlock')).sort()).toEqual(['.gitignore', 'rehearsal', 'simulator'])
  })
})
