import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { encode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import type { WhyReport } from '../../src/commands/why.js'
import { digestOf } from '../../src/core/digest.js'
import { type LockEntry, renderLockfile } from '../../src/core/lockfile.js'
import { parseManifest } from '../../src/core/manifest.js'
import { allTakesOf } from '../../src/core/shot.js'
import type { Simulator } from '../../src/simulator/server.js'
import { entry, takeName, task } from '../core/builders.js'
import { createProject, type Project } from '../support/project.js'
import { against, simulator } from '../support/simulated.js'

const head = `version: 1
defaults: { model: doubao-seedance-1-5-pro-251215, duration: 4, resolution: 480p, ratio: '16:9' }
shots:
`
const before = `${head}  fox: { prompt: the fox runs through the snow into the forest at dawn, image: 图 片/fox.png, seed: 7, takes: 2 }
  owl: { prompt: 猫头鹰在雪地里飞, watermark: true }
  elk: { prompt: an elk }
`
const after = before
  .replace('into the forest', 'across the river')
  .replace('seed: 7', 'seed: 9')
  .replace('watermark: true', 'generate_audio: false')
const png = (shade: number) =>
  encode({ width: 320, height: 320, channels: 1, data: new Uint8Array(320 * 320).fill(shade) })
const env = { ARK_API_KEY: 'sk-a-key' }

/** A project that was bought, committed, and changed since. */
async function changed(sim: Simulator, { rehearsal }: { rehearsal: boolean }) {
  const project = createProject({
    'ep.yaml': before,
    '图 片/fox.png': png(1),
    '.gitignore': 'out/\n*.simulator.*\n',
  })
  const flags = rehearsal ? against(sim) : ['--base-url', sim.baseUrl]
  expect(await project.shotlock(['run', 'ep.yaml', '--yes', ...flags], { env })).toMatchObject({ status: 0 })
  const git = (...args: string[]) => execFileSync('git', ['-C', project.folder, ...args])
  git('add', '-A')
  git('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '-qm', 'bought')
  project.write('ep.yaml', after)
  project.write('图 片/fox.png', png(2))
  const why = async (...args: string[]) => {
    const { status, stdout, stderr } = await project.shotlock(['why', ...args, ...flags], { env })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return stdout
  }
  return { project, why }
}

/** What differs from run to run taken out. */
function steady(text: string): string {
  return text
    .replace(/cgt-\d+-\w+/g, 'cgt-1')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '2026-01-08 03:13 UTC')
    .replace(/127\.0\.0\.1:\d+/g, 'relay')
    .replace(/commit \w{10}/g, 'commit 0123456789')
}

describe('why says what has changed since a take was bought', () => {
  test('by the journal', async () => {
    const { why } = await changed(await simulator(), { rehearsal: false })
    expect(steady(await why('*', 'ep.yaml'))).toMatchInlineSnapshot(`
      "ep  ep.yaml
        fox  a run buys it: it has changed since task cgt-1 was bought
            bought       2026-01-08 03:13 UTC from relay
            prompt       - the fox runs through the snow [into the forest] at dawn
                         + the fox runs through the snow [across the river] at dawn
            first_frame  图 片/fox.png: other bytes, sha256 9e19c04c → 97427f67
            seed         7 → 9
            told by      the journal of this machine
            price        not known, 40,594 tokens
                         ? no price is known for it
        fox@2  a run buys it: it has changed since task cgt-1 was bought
            bought       2026-01-08 03:13 UTC from relay
            prompt       - the fox runs through the snow [into the forest] at dawn
                         + the fox runs through the snow [across the river] at dawn
            first_frame  图 片/fox.png: other bytes, sha256 9e19c04c → 97427f67
            seed         8 → 10 (the shot's seed + 1)
            told by      the journal of this machine
            price        not known, 40,594 tokens
                         ? no price is known for it
        owl  a run buys it: it has changed since task cgt-1 was bought
            bought          2026-01-08 03:13 UTC from relay
            generate_audio  not stated → false
            watermark       true → not stated
            told by         the journal of this machine
            price           not known, 40,594 tokens
                            ? no price is known for it
        elk  a run leaves it as it is: nothing that decides the result has changed since task cgt-1 was bought
            bought  2026-01-08 03:13 UTC from relay
      "
    `)
  })

  test('by git on a machine that did not buy it, and in a rehearsal', async () => {
    const { project, why } = await changed(await simulator(), { rehearsal: true })
    rmSync(project.path('.shotlock'), { recursive: true, force: true })
    expect(steady(await why('fox', 'ep.yaml'))).toMatchInlineSnapshot(`
      "ep  ep.yaml
        fox  a run buys it: it has changed since task cgt-1 was bought
            bought       2026-01-08 03:13 UTC from simulator
            prompt       - the fox runs through the snow [into the forest] at dawn
                         + the fox runs through the snow [across the river] at dawn
            first_frame  图 片/fox.png: other bytes, sha256 9e19c04c → 97427f67
            seed         7 → 9
            told by      git, commit 0123456789 of 2026-01-08 03:13 UTC
            price        CNY 0.65, 40,594 tokens
        fox@2  a run buys it: it has changed since task cgt-1 was bought
            bought       2026-01-08 03:13 UTC from simulator
            prompt       - the fox runs through the snow [into the forest] at dawn
                         + the fox runs through the snow [across the river] at dawn
            first_frame  图 片/fox.png: other bytes, sha256 9e19c04c → 97427f67
            seed         8 → 10 (the shot's seed + 1)
            told by      git, commit 0123456789 of 2026-01-08 03:13 UTC
            price        CNY 0.65, 40,594 tokens
      "
    `)
  })

  test('as far as it can be known without either', async () => {
    const { project, why } = await changed(await simulator(), { rehearsal: false })
    rmSync(project.path('.shotlock'), { recursive: true })
    rmSync(project.path('.git'), { recursive: true })
    expect(steady(await why('fox', 'ep.yaml'))).toMatchInlineSnapshot(`
      "ep  ep.yaml
        fox  a run buys it: it has changed since task cgt-1 was bought
            bought      2026-01-08 03:13 UTC from relay
            prompt      changed; what was there before is not known
            media       changed; what was there before is not known
            parameters  changed; what was there before is not known
                        the journal of this machine does not have it, and there is no git history here
            price       not known, 40,594 tokens
                        ? no price is known for it
        fox@2  a run buys it: it has changed since task cgt-1 was bought
            bought   2026-01-08 03:13 UTC from relay
            changed  the same as in fox
            price    not known, 40,594 tokens
                     ? no price is known for it
      "
    `)
  })

  test('and as values', async () => {
    const { why } = await changed(await simulator(), { rehearsal: false })
    const { manifests }: WhyReport = JSON.parse(await why('owl', 'ep.yaml', '--json'))
    expect(manifests).toMatchObject([
      {
        manifest: 'ep',
        file: 'ep.yaml',
        takes: [
          {
            take: 'owl',
            step: 'generate',
            reason: 'changed',
            changed: ['parameters'],
            difference: {
              changes: [
                { part: 'parameters', field: 'generate_audio', to: false },
                { part: 'parameters', field: 'watermark', from: true },
              ],
            },
            estimate: { tokens: { min: 40594, max: 40594 } },
          },
        ],
      },
    ])
  })
})

test('every other step is said in one sentence, with its reason and the way out', async () => {
  const names = [
    'kept',
    'elsewhere',
    'missing',
    'live',
    'unsure',
    'moderated',
    'refused',
    'broken',
    'expired',
  ]
  names.push('cancelled', 'lost', 'drafted', 'approved', 'failed-draft', 'outdated')
  const shots = names.map((name) => `  ${name}: { prompt: a fox${name === 'kept' ? ', takes: 2' : ''} }\n`)
  const text = `${head}${shots.join('')}  skipped: { prompt: a fox, skip: true }\n  wolf: { prompt: a wolf }\n`
  const takes = new Map(
    parseManifest(text, 'ep.yaml')
      .manifest.shots.flatMap(allTakesOf)
      .map((take) => [String(take.name), take]),
  )
  const digest = (name: string) => digestOf(takes.get(name)!, () => '')
  const file = { video: 'out/ep/kept.mp4', sha256: 'a'.repeat(64) }
  const entries: Record<string, Partial<LockEntry>> = {
    kept: file,
    elsewhere: { status: 'submitted', provider: 'byteplus' },
    missing: { ...file, video: 'out/ep/missing.mp4' },
    live: { status: 'submitted' },
    unsure: { status: 'unknown', task: undefined },
    moderated: { status: 'failed', error: 'InputTextSensitiveContentDetected' },
    refused: { status: 'failed', task: undefined, error: 'InvalidParameter' },
    broken: { status: 'failed', error: 'InternalServiceError' },
    expired: { status: 'expired' },
    cancelled: { status: 'cancelled' },
    lost: { error: 'result-gone' },
    'drafted@draft': file,
    // Of a relay: its id tells no time, so it does not grow old.
    'approved@draft': { ...file, task: task('relay-7'), approved: true },
    'failed-draft@draft': { status: 'failed', error: 'InternalServiceError' },
    'outdated@draft': { ...file, digest: digest('wolf'), approved: true },
    dog: { ...file, digest: digest('wolf') },
    gone: { status: 'submitted', digest: digest('drafted@draft') },
  }
  const lock = Object.entries(entries).map(
    ([name, fields]) =>
      [
        takeName(name),
        entry('succeeded', {
          task: task('cgt-20260108111352-gwv4p'),
          digest: fields.digest ?? digest(name),
          ...fields,
        }),
      ] as const,
  )
  const project = createProject({
    'ep.yaml': text,
    'ep.lock.yaml': renderLockfile(new Map(lock)),
    'out/ep/kept.mp4': 'a video',
  })
  const { status, stdout, stderr } = await project.shotlock(['why', '*', 'ep.yaml', '--provider', 'ark'], {
    env,
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  // The details below each sentence are told above.
  const sentences = stdout.split('\n').filter((line) => !line.startsWith('   '))
  expect(steady(sentences.join('\n'))).toMatchInlineSnapshot(`
    "ep  ep.yaml
      kept  a run leaves it as it is: nothing that decides the result has changed since task cgt-1 was bought
      kept@2  a run buys it: take 2 is new
      elsewhere  a run does not buy it: task cgt-1 was bought from another provider, run it with that one
      missing  a run fetches it and buys nothing: task cgt-1 is paid for and its file is not here
      live  a run waits for it and buys nothing: task cgt-1 is live
      unsure  a run does not buy it: a create was sent and its answer never seen, so it may be paid for. A run looks for its task first; shotlock reconcile does that alone
      moderated  a run does not buy it: task cgt-1 failed (InputTextSensitiveContentDetected). It is refused by moderation until the shot changes; --force buys it as it is
      refused  a run does not buy it: its create was refused (InvalidParameter). It is refused as invalid until the shot changes; --force buys it as it is
      broken  a run buys it: task cgt-1 failed (InternalServiceError). The service failed: run again
      expired  a run buys it: task cgt-1 expired before it was done
      cancelled  a run buys it: task cgt-1 was cancelled
      lost  a run does not buy it: task cgt-1 is paid for, but the provider no longer has the result; --force buys it again
      drafted  a run does not buy it: its draft waits for approval: shotlock promote
      drafted@draft  a run leaves it as it is: nothing that decides the result has changed since task cgt-1 was bought
      approved  a run buys it: it is new; made from draft relay-7
      approved@draft  a run leaves it as it is: nothing that decides the result has changed since task relay-7 was bought
      failed-draft  a run does not buy it: its draft failed: run --draft makes another
      failed-draft@draft  a run leaves it as it is, since only run --draft buys drafts: task cgt-1 failed (InternalServiceError). The service failed: run again
      outdated  a run does not buy it: changed since its draft was made: run --draft makes a new one, --force buys without
      outdated@draft  a run leaves it as it is, since only run --draft buys drafts: it has changed since task cgt-1 was bought
      skipped  a run does not buy it: skip is set
      wolf  a run buys it: it is new, and the same as "dog", which left the manifest: shotlock move dog wolf keeps that without paying
      gone  a run waits for it and buys nothing: task cgt-1 is live; the manifest no longer has it
    "
  `)
})

describe('why of a take that is', () => {
  const project = (): Project => createProject({ 'ep.yaml': `${head}  "012": { prompt: a fox, takes: 2 }\n` })

  test('new, with its price; a name is read as it is written', async () => {
    const { stdout } = await project().shotlock(['why', '012', 'ep.yaml'])
    expect(stdout).toMatchInlineSnapshot(`
      "ep  ep.yaml
        012  a run buys it: it is new
            price  CNY 0.65, 40,594 tokens
        012@2  a run buys it: take 2 is new
            price  CNY 0.65, 40,594 tokens
      "
    `)
  })

  test('not there ends with 2 and a hint', async () => {
    const { status, stdout, stderr } = await project().shotlock(['why', '013', 'ep.yaml'])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/nothing-selected.*"013".*did you mean "012"\?\n.*shotlock plan/)
  })
})
