import { createHash } from 'node:crypto'
import { encode } from 'fast-png'
import { describe, expect, test } from 'vitest'
import { plan } from '../../src/commands/plan.js'
import { type Difference, type TakeReason, type WhyOptions, why } from '../../src/commands/why.js'
import { digestOf } from '../../src/core/digest.js'
import type { RunnerError } from '../../src/core/errors.js'
import type { FactChange } from '../../src/core/explain-change.js'
import { type LockEntry, renderLockfile } from '../../src/core/lockfile.js'
import { parseManifest } from '../../src/core/manifest.js'
import type { TakeName } from '../../src/core/names.js'
import { allTakesOf } from '../../src/core/shot.js'
import { type MemoryGit, memoryGit } from '../support/memory-git.js'
import { createRig, type Rig } from '../support/rig.js'

const folder = '/project/manifests'
const manifest = `${folder}/ep01.yaml`
const archive = '/project/.shotlock/ledger/manifests/ep01.archive.jsonl'
const nowhere = memoryGit(undefined)

const png = (shade: number) =>
  encode({ width: 320, height: 320, channels: 1, data: new Uint8Array(320 * 320).fill(shade) })
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Everything about takes of `ep01`, by take. */
async function explain(
  rig: Rig,
  shot: string,
  { git = nowhere, ...options }: Partial<WhyOptions> & { git?: MemoryGit } = {},
): Promise<Record<string, TakeReason>> {
  const usual = { paths: [], cwd: '/project', rehearsal: false, provider: 'ark' }
  const { manifests } = await why({ ...usual, ...options, shot }, { ...rig.world, git })
  return Object.fromEntries(manifests.flatMap(({ takes }) => takes.map((take) => [take.take, take])))
}

/** How one take differs from what was bought. */
async function differenceOf(rig: Rig, take: string, git = nowhere): Promise<Difference | undefined> {
  return (await explain(rig, take, { git }))[take]!.difference
}

/** Changes as `field: from > to`; of media `role: change`. */
function brief(changes: readonly FactChange[] = []): string[] {
  const text = (value: unknown) => (value === undefined ? 'nothing' : String(value))
  return changes.map((change) => {
    if (change.part === 'media') return `${change.role}: ${change.change}`
    const field = change.part === 'parameters' ? change.field : change.part
    return `${field}: ${text(change.from)} > ${text(change.to)}`
  })
}

/** A rig that has bought its shots. */
async function bought(shots: Record<string, unknown>, files: Record<string, Uint8Array> = {}): Promise<Rig> {
  const rig = createRig(shots)
  for (const [name, bytes] of Object.entries(files)) rig.files.write(`${folder}/${name}`, bytes)
  await rig.run()
  return rig
}

/** Forgets what only the machine that bought knows. */
async function onAnotherMachine(rig: Rig): Promise<void> {
  await rig.files.remove(archive)
  expect(rig.journal()).toBeUndefined()
}

/** Commits the manifest as it is now, with images. */
function commit(
  git: MemoryGit,
  rig: Rig,
  files: Record<string, Uint8Array | string | undefined> = {},
): string {
  const images = Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes] as const)
  return git.commit({ [manifest]: rig.files.text(manifest), ...Object.fromEntries(images) })
}

/** Writes a lockfile with one entry, whose digest is that of the take as the manifest has it now. */
function lock(rig: Rig, name: string, fields: Partial<LockEntry>): void {
  const { shots } = parseManifest(rig.files.text(manifest)!, manifest).manifest
  const take = shots.flatMap(allTakesOf).find((one) => one.name === name)!
  const entry = {
    status: 'succeeded',
    provider: 'ark',
    digest: digestOf(take, () => ''),
    ...fields,
  } as LockEntry
  rig.files.write(`${folder}/ep01.lock.yaml`, renderLockfile(new Map([[name as TakeName, entry]])))
}

describe('a take that has changed is compared with what the journal says was bought', () => {
  test('field by field, with the price of what would be bought', async () => {
    const rig = await bought({ fox: { prompt: 'a fox runs', seed: 7, watermark: false } })
    rig.writeManifest({
      fox: { prompt: 'a fox sleeps', seed: 8, duration: 8, resolution: '480p', ratio: '16:9' },
    })
    const { fox } = await explain(rig, 'fox')

    expect(fox).toMatchObject({
      step: 'generate',
      reason: 'changed',
      bought: { status: 'succeeded', task: 'cgt-1', provider: 'ark', here: true },
      estimate: { tokens: { min: 80770, max: 80770 }, price: { currency: 'CNY' } },
    })
    expect(brief(fox!.difference!.changes)).toEqual([
      'prompt: a fox runs > a fox sleeps',
      'duration: 4 > 8',
      'ratio: nothing > 16:9',
      'resolution: nothing > 480p',
      'seed: 7 > 8',
      'watermark: false > nothing',
    ])
    expect(fox!.difference).toMatchObject({
      of: 'fox',
      parts: ['prompt', 'parameters'],
      untold: [],
      sources: { prompt: { kind: 'journal' }, parameters: { kind: 'journal' } },
    })
  })

  test('also by the bytes of its image', async () => {
    const rig = await bought({ fox: { prompt: 'a fox', image: 'fox.png' } }, { 'fox.png': png(1) })
    rig.files.write(`${folder}/fox.png`, png(2))
    expect((await differenceOf(rig, 'fox'))!.changes).toEqual([
      {
        part: 'media',
        change: 'content',
        role: 'first_frame',
        position: 1,
        from: { source: 'fox.png', sha256: sha256(png(1)) },
        to: { source: 'fox.png', sha256: sha256(png(2)) },
      },
    ])
  })

  test('and the journal of a run that was broken off counts as well as its archive', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.script = () => ({ livesMs: Number.POSITIVE_INFINITY })
    await rig.run({ wait: false })
    rig.files.write(
      `/project/.shotlock/ledger/manifests/ep01.journal.jsonl`,
      rig.files.text(archive)!.trimStart(),
    )
    await rig.files.remove(archive)
    rig.writeManifest({ fox: 'an owl' })
    const { fox } = await explain(rig, 'fox')
    expect(fox).toMatchObject({
      step: 'resume',
      reason: 'outdated',
      bought: { status: 'submitted', task: 'cgt-1' },
    })
    expect(brief(fox!.difference!.changes)).toEqual(['prompt: a fox > an owl'])
  })

  test('with the purchase that the lockfile names, not with a later or an earlier one', async () => {
    const rig = await bought({ fox: 'first' })
    for (const prompt of ['second', 'third']) {
      rig.writeManifest({ fox: prompt })
      await rig.run()
    }
    rig.writeManifest({ fox: 'fourth' })
    expect(brief((await differenceOf(rig, 'fox'))!.changes)).toEqual(['prompt: third > fourth'])
    // As after going back to an older commit of the lockfile.
    rig.writeManifest({ fox: 'first' })
    lock(rig, 'fox', { task: 'cgt-1' as never, video: 'out/ep01/fox.mp4', sha256: 'a'.repeat(64) })
    rig.writeManifest({ fox: 'fourth' })
    expect(brief((await differenceOf(rig, 'fox'))!.changes)).toEqual(['prompt: first > fourth'])
  })

  test('under its new name after a move', async () => {
    const { move } = await import('../../src/commands/move.js')
    const rig = await bought({ fox: { prompt: 'a fox', seed: 7 } })
    rig.writeManifest({ wolf: { prompt: 'a fox', seed: 7 } })
    await move({ paths: [], cwd: '/project', rehearsal: false, from: 'fox', to: 'wolf' }, rig.world)
    rig.writeManifest({ wolf: { prompt: 'a fox', seed: 9 } })
    expect(await differenceOf(rig, 'wolf')).toMatchObject({
      changes: [{ field: 'seed', from: 7, to: 9 }],
      sources: { parameters: { kind: 'journal' } },
    })
  })

  test('take by take, each with its own seed', async () => {
    const rig = await bought({ fox: { prompt: 'a fox', seed: 7, takes: 2 } })
    rig.writeManifest({ fox: { prompt: 'a fox', seed: 9, takes: 3 } })
    const takes = await explain(rig, 'fox')
    expect(Object.keys(takes)).toEqual(['fox', 'fox@2', 'fox@3'])
    expect(brief(takes.fox!.difference!.changes)).toEqual(['seed: 7 > 9'])
    expect(brief(takes['fox@2']!.difference!.changes)).toEqual(['seed: 8 > 10'])
    expect(takes['fox@3']).toMatchObject({ step: 'generate', reason: 'new' })
    expect(takes['fox@3']).not.toHaveProperty('bought')
    expect(Object.keys(await explain(rig, 'fox@2'))).toEqual(['fox@2'])
  })

  test('lines that a crash or an older shotlock left are passed over', async () => {
    const rig = await bought({ fox: 'a fox' })
    const lines = rig.files.text(archive)!.replace(/,"bought":\{.*?\},"at"/s, ',"bought":{"model":7},"at"')
    expect(lines).toContain('"bought":{"model":7}')
    rig.files.write(archive, `${lines}{"type":"inte`)
    rig.writeManifest({ fox: 'an owl' })
    expect(await differenceOf(rig, 'fox')).toMatchObject({ changes: [], untold: ['prompt'] })
  })
})

describe('without the journal, the git history of the manifest tells', () => {
  test('the version that was bought is found by its digest, and named with its commit', async () => {
    const rig = createRig({ fox: 'first' })
    const git = memoryGit('/project')
    commit(git, rig)
    rig.writeManifest({ fox: { prompt: 'second', seed: 3 } })
    const id = commit(git, rig)
    await rig.run()
    rig.writeManifest({ fox: 'third' })
    commit(git, rig)
    rig.writeManifest({ fox: 'fourth' })
    await onAnotherMachine(rig)

    const difference = await differenceOf(rig, 'fox', git)
    expect(brief(difference!.changes)).toEqual(['prompt: second > fourth', 'seed: 3 > nothing'])
    const source = { kind: 'git', commit: id, at: '2026-01-02T00:00:00.000Z' }
    expect(difference).toMatchObject({
      untold: [],
      sources: { prompt: source, parameters: source },
      versions: 3,
    })
  })

  /** A manifest that extends others, which stand in the same folder. */
  function writeExtending(rig: Rig, base: string, files: Record<string, string>) {
    rig.files.write(manifest, `extends: ${base}\nversion: 1\nshots: { fox: { prompt: 'a \${hero}' } }\n`)
    for (const [name, text] of Object.entries(files)) rig.files.write(`${folder}/${name}`, text)
    return Object.fromEntries(Object.keys(files).map((name) => [name, rig.files.text(`${folder}/${name}`)]))
  }
  const defaults = (duration: number) =>
    `defaults: { model: doubao-seedance-1-5-pro-251215, duration: ${duration} }\n`

  test('what it extended counts as it was then, also when the manifest itself never changed', async () => {
    const rig = createRig()
    const git = memoryGit('/project')
    const farthest = (hero: string) => `version: 1\nvars: { hero: ${hero} }\n`
    const nearest = (duration: number) => `extends: far.yaml\nversion: 1\n${defaults(duration)}`
    const id = commit(
      git,
      rig,
      writeExtending(rig, 'near.yaml', { 'near.yaml': nearest(4), 'far.yaml': farthest('fox') }),
    )
    git.commit({ [manifest]: rig.files.text(manifest) })
    await rig.run()
    commit(
      git,
      rig,
      writeExtending(rig, 'near.yaml', { 'near.yaml': nearest(5), 'far.yaml': farthest('wolf') }),
    )
    await onAnotherMachine(rig)

    const difference = await differenceOf(rig, 'fox', git)
    expect(brief(difference!.changes)).toEqual(['prompt: a fox > a wolf', 'duration: 4 > 5'])
    const source = { kind: 'git', commit: id, at: '2026-01-01T00:00:00.000Z' }
    expect(difference).toMatchObject({
      untold: [],
      sources: { prompt: source, parameters: source },
      versions: 2,
    })
  })

  test('what it no longer extends counts as well', async () => {
    const rig = createRig()
    const git = memoryGit('/project')
    commit(
      git,
      rig,
      writeExtending(rig, 'old.yaml', { 'old.yaml': `version: 1\nvars: { hero: fox }\n${defaults(4)}` }),
    )
    await rig.run()
    rig.files.contents.delete(`${folder}/old.yaml`)
    const now = writeExtending(rig, 'new.yaml', {
      'new.yaml': `version: 1\nvars: { hero: fox }\n${defaults(5)}`,
    })
    commit(git, rig, { ...now, 'old.yaml': undefined })
    await onAnotherMachine(rig)
    expect(brief((await differenceOf(rig, 'fox', git))!.changes)).toEqual(['duration: 4 > 5'])
  })

  test('a version whose base is not in git, or extends in a circle, tells what it can', async () => {
    const rig = createRig()
    const git = memoryGit('/project')
    const files = writeExtending(rig, 'near.yaml', {
      'near.yaml': `version: 1\nvars: { hero: fox }\n${defaults(4)}`,
    })
    await rig.run()
    commit(git, rig, { 'near.yaml': 'extends: near.yaml\nversion: 1\n' })
    commit(git, rig, { 'near.yaml': undefined })
    rig.files.write(`${folder}/near.yaml`, files['near.yaml']!.replace('4', '5').replace('fox', 'wolf'))
    await onAnotherMachine(rig)
    expect(await differenceOf(rig, 'fox', git)).toMatchObject({
      changes: [],
      untold: ['prompt', 'parameters'],
    })
  })

  test('an image whose bytes have changed is found in the commit that brought them', async () => {
    const rig = createRig({ fox: { prompt: 'a fox', image: 'fox.png' } })
    rig.files.write(`${folder}/fox.png`, png(2))
    const git = memoryGit('/project')
    commit(git, rig, { 'fox.png': png(1) })
    const id = commit(git, rig, { 'fox.png': png(2) })
    commit(git, rig, { 'fox.png': png(3) })
    await rig.run()
    rig.files.write(`${folder}/fox.png`, png(4))
    await onAnotherMachine(rig)

    expect(await differenceOf(rig, 'fox', git)).toMatchObject({
      changes: [
        {
          change: 'content',
          from: { source: 'fox.png', sha256: sha256(png(2)) },
          to: { sha256: sha256(png(4)) },
        },
      ],
      sources: { media: { kind: 'git', commit: id } },
    })
    // Two versions of the image, and none of the manifest.
    expect(git.read).toHaveLength(2)
  })

  test('another path is told with the image that it led to', async () => {
    const rig = await bought({ fox: { prompt: 'a fox', image: 'old.png' } }, { 'old.png': png(1) })
    const git = memoryGit('/project')
    commit(git, rig, { 'old.png': png(1) })
    rig.writeManifest({ fox: { prompt: 'a fox', image: 'new.png' } })
    rig.files.write(`${folder}/new.png`, png(2))
    commit(git, rig, { 'old.png': undefined, 'new.png': png(2) })
    await rig.files.remove(`${folder}/old.png`)
    await onAnotherMachine(rig)
    expect(await differenceOf(rig, 'fox', git)).toMatchObject({
      changes: [{ change: 'replaced', from: { source: 'old.png' }, to: { source: 'new.png' } }],
    })
  })

  test('an image that git does not hold counts as it lies in the folder', async () => {
    const rig = await bought({ fox: { prompt: 'a fox', image: 'fox.png' } }, { 'fox.png': png(1) })
    const git = memoryGit('/project')
    commit(git, rig)
    rig.writeManifest({ fox: { prompt: 'a fox', image: 'owl.png' } })
    rig.files.write(`${folder}/owl.png`, png(2))
    await onAnotherMachine(rig)
    expect(await differenceOf(rig, 'fox', git)).toMatchObject({
      changes: [{ change: 'replaced', from: { source: 'fox.png', sha256: sha256(png(1)) } }],
      untold: [],
    })
  })

  test('of two images, one may be in git and the other only in the folder', async () => {
    const shot = { prompt: 'a fox', first_frame: 'a.png', last_frame: 'b.png' }
    const rig = await bought({ fox: shot }, { 'a.png': png(1), 'b.png': png(2) })
    const git = memoryGit('/project')
    commit(git, rig, { 'a.png': png(1) })
    rig.files.write(`${folder}/a.png`, png(3))
    await onAnotherMachine(rig)
    expect(brief((await differenceOf(rig, 'fox', git))!.changes)).toEqual(['first_frame: content'])
  })

  test('no file outside of the project is read, whatever an old version names', async () => {
    const rig = createRig({ fox: { prompt: 'a fox', image: '../../secret.png' } })
    const git = memoryGit('/project')
    commit(git, rig)
    rig.writeManifest({ fox: { prompt: 'a fox', image: 'fox.png' } })
    rig.files.write('/secret.png', png(9))
    rig.files.write(`${folder}/fox.png`, png(1))
    await rig.run()
    rig.files.write(`${folder}/fox.png`, png(2))
    await onAnotherMachine(rig)

    const paths: string[] = []
    const { read } = rig.files
    rig.files.read = async (path) => {
      paths.push(path)
      return await read(path)
    }
    expect(await differenceOf(rig, 'fox', git)).toMatchObject({ untold: ['media'], versions: 1 })
    expect(paths).toContain(manifest)
    expect(paths).not.toContain('/secret.png')
  })

  test('a pointer of Git LFS stands for the image that it points at', async () => {
    const rig = await bought({ fox: { prompt: 'a fox', image: 'fox.png' } }, { 'fox.png': png(1) })
    const git = memoryGit('/project')
    const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(png(1))}\nsize 320\n`
    commit(git, rig, { 'fox.png': pointer })
    rig.files.write(`${folder}/fox.png`, png(2))
    await onAnotherMachine(rig)
    expect(await differenceOf(rig, 'fox', git)).toMatchObject({
      changes: [{ change: 'content', from: { sha256: sha256(png(1)) } }],
    })
  })

  test('a part is told even where no commit has them all, and the rest is said not to be known', async () => {
    const rig = createRig({ fox: 'committed', owl: 'an owl' })
    const git = memoryGit('/project')
    commit(git, rig)
    // Bought with a seed that was never committed.
    rig.writeManifest({ fox: { prompt: 'committed', seed: 5 }, owl: 'an owl' })
    await rig.run()
    rig.writeManifest({ fox: { prompt: 'now', seed: 6 }, owl: 'an owl' })
    await onAnotherMachine(rig)
    const difference = await differenceOf(rig, 'fox', git)
    expect(difference).toMatchObject({ parts: ['prompt', 'parameters'], untold: ['parameters'] })
    expect(brief(difference!.changes)).toEqual(['prompt: committed > now'])
  })

  test('of several commits with that version the last is named', async () => {
    const rig = await bought({ fox: 'a fox' })
    const git = memoryGit('/project')
    commit(git, rig)
    rig.writeManifest({ fox: 'an owl' })
    commit(git, rig)
    rig.writeManifest({ fox: 'a fox' })
    const last = commit(git, rig)
    rig.writeManifest({ fox: 'an elk' })
    await onAnotherMachine(rig)
    expect(await differenceOf(rig, 'fox', git)).toMatchObject({ sources: { prompt: { commit: last } } })
  })

  test('versions that cannot be read, or lack the shot, are passed over', async () => {
    const rig = await bought({ fox: 'a fox' })
    const git = memoryGit('/project')
    commit(git, rig)
    git.commit({ [manifest]: 'shots: [' })
    git.commit({ [manifest]: Uint8Array.of(0xff, 0xfe, 0) })
    git.commit({ [manifest]: undefined })
    rig.writeManifest({ owl: 'an owl' })
    commit(git, rig)
    rig.writeManifest({ fox: 'a wolf', owl: 'an owl' })
    await onAnotherMachine(rig)
    expect(brief((await differenceOf(rig, 'fox', git))!.changes)).toEqual(['prompt: a fox > a wolf'])
  })

  test('a text that came back is read once, and nothing older than the version that tells', async () => {
    const rig = createRig({ fox: 'oldest' })
    const git = memoryGit('/project')
    commit(git, rig)
    rig.writeManifest({ fox: 'bought' })
    commit(git, rig)
    await rig.run()
    for (const prompt of ['a', 'b', 'a', 'b', 'a', 'b']) {
      rig.writeManifest({ fox: prompt })
      commit(git, rig)
    }
    await onAnotherMachine(rig)
    expect(await differenceOf(rig, 'fox', git)).toMatchObject({ untold: [], versions: 4 })
    expect(new Set(git.read).size).toBe(git.read.length)
    expect(git.read).toHaveLength(3)
  })

  test('git is not asked when the journal tells', async () => {
    const rig = await bought({ fox: 'a fox' })
    const git = memoryGit('/project')
    commit(git, rig)
    rig.writeManifest({ fox: 'an owl' })
    expect(await differenceOf(rig, 'fox', git)).not.toHaveProperty('versions')
    expect(git.read).toEqual([])
  })
})

describe('where neither tells', () => {
  test('the parts that differ are named', async () => {
    const rig = await bought({ fox: { prompt: 'a fox', image: 'fox.png' } }, { 'fox.png': png(1) })
    rig.files.write(`${folder}/fox.png`, png(2))
    rig.writeManifest({ fox: { prompt: 'an owl', image: 'fox.png', seed: 1 } })
    await onAnotherMachine(rig)
    const difference = await differenceOf(rig, 'fox')
    expect(difference).toEqual({
      of: 'fox',
      parts: ['prompt', 'media', 'parameters'],
      changes: [],
      untold: ['prompt', 'media', 'parameters'],
      sources: {},
    })
    const git = memoryGit('/project')
    commit(git, rig, { 'fox.png': png(3) })
    expect(await differenceOf(rig, 'fox', git)).toEqual({ ...difference, versions: 1 })
  })
})

describe('what does not decide the result is no change', () => {
  test('tier, callback, deadline, tags', async () => {
    const rig = await bought({ fox: 'a fox' })
    const more = {
      service_tier: 'flex',
      callback_url: 'https://a.example',
      execution_expires_after: 3600,
      tags: ['a'],
    }
    rig.writeManifest({ fox: { prompt: 'a fox', ...more } })
    const { fox } = await explain(rig, 'fox')
    expect(fox).toMatchObject({ step: 'keep', bought: { task: 'cgt-1', here: true } })
    expect(fox).not.toHaveProperty('difference')

    rig.writeManifest({ fox: { prompt: 'an owl', ...more } })
    expect(brief((await differenceOf(rig, 'fox'))!.changes)).toEqual(['prompt: a fox > an owl'])
  })
})

describe('every step is explained as the plan has it', () => {
  test('a failure with its code, its class and the words of the provider', async () => {
    const rig = createRig({ fox: 'a fox', owl: 'an owl' })
    rig.provider.script = () => ({
      ends: { status: 'failed', error: { code: 'InputTextSensitiveContentDetected', message: 'no foxes' } },
    })
    rig.provider.onCreate = (_, number) =>
      number === 2
        ? { kind: 'refused', refusal: { code: 'InvalidParameter', message: 'no owls', status: 400 } }
        : undefined
    await rig.run({ concurrency: 1 })
    const takes = await explain(rig, '*')
    expect(takes.fox).toMatchObject({
      step: 'hold',
      reason: 'moderation-input',
      bought: {
        status: 'failed',
        task: 'cgt-1',
        error: 'InputTextSensitiveContentDetected',
        failure: 'moderation-input',
        message: 'no foxes',
      },
    })
    expect(takes.owl).toMatchObject({
      step: 'hold',
      reason: 'invalid',
      bought: { status: 'failed', error: 'InvalidParameter', failure: 'invalid', message: 'no owls' },
    })
    expect(takes.owl!.bought).not.toHaveProperty('task')
  })

  test.each(['expired', 'cancelled'] as const)('a task that was %s', async (status) => {
    const rig = createRig({ fox: 'a fox' })
    lock(rig, 'fox', { status, task: 'cgt-20260108111352-gwv4p' as never })
    expect(await explain(rig, 'fox')).toMatchObject({
      fox: {
        step: 'generate',
        reason: status,
        bought: { status, failure: status, at: '2026-01-08T03:13:52.000Z' },
      },
    })
  })

  test('force, together with what has changed', async () => {
    const rig = await bought({ fox: 'a fox', owl: 'an owl' })
    rig.writeManifest({ fox: 'a fox', owl: 'another owl' })
    const takes = await explain(rig, '*', { force: true })
    expect(takes).toMatchObject({ fox: { reason: 'forced' }, owl: { reason: 'forced' } })
    expect(takes.fox).not.toHaveProperty('difference')
    expect(brief(takes.owl!.difference!.changes)).toEqual(['prompt: an owl > another owl'])
  })

  test('a create without an answer, with the time it was sent and what has changed since', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.onCreate = () => ({ kind: 'unknown', why: 'the connection was reset' })
    await rig.run()
    expect(await explain(rig, 'fox')).toMatchObject({
      fox: { step: 'reconcile', bought: { status: 'unknown', at: '2026-01-08T03:00:00.000Z' } },
    })
    rig.writeManifest({ fox: 'an owl' })
    const { fox } = await explain(rig, 'fox')
    expect(fox).toMatchObject({ step: 'reconcile' })
    expect(brief(fox!.difference!.changes)).toEqual(['prompt: a fox > an owl'])
  })

  test('a create that was on its way when the process ended, against that create', async () => {
    const rig = await bought({ fox: 'first' })
    rig.writeManifest({ fox: 'second' })
    await rig.run()
    const intent = rig.files
      .text(archive)!
      .split('\n')
      .findLast((line) => line.includes('"intent"'))!
    rig.files.write('/project/.shotlock/ledger/manifests/ep01.journal.jsonl', `${intent}\n`)
    await rig.files.remove(archive)
    rig.writeManifest({ fox: 'third' })
    lock(rig, 'fox', { status: 'failed', error: 'InternalServiceError' })
    const { fox } = await explain(rig, 'fox')
    expect(fox).toMatchObject({ step: 'reconcile', bought: { status: 'unknown' } })
    expect(brief(fox!.difference!.changes)).toEqual(['prompt: second > third'])
  })

  test('a video that is not here', async () => {
    const rig = await bought({ fox: 'a fox' })
    await rig.files.remove(`${folder}/out/ep01/fox.mp4`)
    expect(await explain(rig, 'fox')).toMatchObject({
      fox: { step: 'collect', task: 'cgt-1', bought: { here: false } },
    })
    expect(await explain(rig, 'fox', { provider: 'byteplus' })).toMatchObject({
      fox: { step: 'keep', bought: { here: false, provider: 'ark' } },
    })
  })

  test('skip and another provider', async () => {
    const rig = createRig({ fox: { prompt: 'a fox', skip: true }, owl: 'an owl' })
    lock(rig, 'owl', { status: 'submitted', task: 'cgt-1' as never })
    expect(await explain(rig, '*', { provider: 'byteplus' })).toMatchObject({
      fox: { step: 'hold', reason: 'skipped' },
      owl: { step: 'hold', reason: 'other-provider', bought: { provider: 'ark' } },
    })
  })

  test('a rename that was not moved', async () => {
    const rig = await bought({ fox: 'a fox' })
    rig.writeManifest({ wolf: 'a fox' })
    expect(await explain(rig, 'wolf')).toMatchObject({ wolf: { reason: 'new', movedFrom: 'fox' } })
  })

  test('what is still owed of a shot that left the manifest', async () => {
    const rig = createRig({ fox: 'a fox' })
    rig.provider.script = () => ({ livesMs: Number.POSITIVE_INFINITY })
    await rig.run({ wait: false })
    rig.writeManifest({ owl: 'an owl' })
    expect(await explain(rig, 'fox')).toMatchObject({ fox: { step: 'resume', gone: true } })
  })

  test('in agreement with the plan', async () => {
    const rig = await bought({ fox: 'a fox', owl: 'an owl', elk: { prompt: 'an elk', skip: true } })
    rig.writeManifest({ fox: 'a wolf', owl: 'an owl', elk: { prompt: 'an elk', skip: true }, bee: 'a bee' })
    const options = { paths: [], cwd: '/project', rehearsal: false, provider: 'ark', selection: {} }
    const { plans } = await plan(options, rig.world)
    const explained = Object.values(await explain(rig, '*'))
    expect(explained).toMatchObject(plans[0]!.steps)
    expect(explained).toHaveLength(plans[0]!.steps.length)
  })
})

describe('a draft', () => {
  const draftTask = 'cgt-20260108104410-x1c9q' as never

  test('is shown with its final, which waits for its approval', async () => {
    const rig = createRig({ fox: 'a fox' })
    lock(rig, 'fox@draft', { task: draftTask, video: 'out/ep01/fox@draft.mp4', sha256: 'a'.repeat(64) })
    rig.files.write(`${folder}/out/ep01/fox@draft.mp4`, 'a video')
    const takes = await explain(rig, 'fox')
    expect(takes).toMatchObject({
      fox: { step: 'hold', reason: 'draft-unapproved' },
      'fox@draft': { step: 'keep', bought: { task: draftTask, here: true } },
    })
    expect(takes['fox@draft']).not.toHaveProperty('difference')
    expect(Object.keys(await explain(rig, 'fox@draft'))).toEqual(['fox@draft'])
  })

  test('that is outdated is what its final is compared by', async () => {
    const rig = createRig({ fox: 'a fox' })
    const git = memoryGit('/project')
    commit(git, rig)
    lock(rig, 'fox@draft', {
      task: draftTask,
      approved: true,
      video: 'out/ep01/fox@draft.mp4',
      sha256: 'a'.repeat(64),
    })
    rig.files.write(`${folder}/out/ep01/fox@draft.mp4`, 'a video')
    rig.writeManifest({ fox: 'an owl' })
    const { fox, 'fox@draft': draft } = await explain(rig, 'fox', { git })
    expect(fox).toMatchObject({ step: 'hold', reason: 'draft-outdated', difference: { of: 'fox@draft' } })
    expect(brief(fox!.difference!.changes)).toEqual(['prompt: a fox > an owl'])
    expect(draft).toMatchObject({ step: 'keep', difference: fox!.difference })
    const again = await explain(rig, 'fox@draft', { git, draft: true })
    expect(again['fox@draft']).toMatchObject({
      step: 'generate',
      reason: 'changed',
      estimate: { draft: true },
    })
  })

  test('that is approved is what its final is made from, for seven days', async () => {
    const rig = createRig({ fox: 'a fox' })
    lock(rig, 'fox@draft', { task: draftTask, approved: true })
    expect(await explain(rig, 'fox')).toMatchObject({
      fox: { step: 'generate', draft: { task: draftTask, until: '2026-01-15T02:44:10.000Z' } },
    })
    await rig.clock.sleep(8 * 24 * 3_600_000)
    expect(await explain(rig, 'fox')).toMatchObject({ fox: { step: 'hold', reason: 'draft-expired' } })
  })

  test('is not to be had from a model that makes none', async () => {
    const rig = createRig({ fox: { prompt: 'a fox', model: 'doubao-seedance-1-0-pro-250528' } })
    expect(await explain(rig, 'fox', { draft: true })).toMatchObject({
      fox: { step: 'hold', reason: 'no-drafts' },
    })
  })
})

describe('what is named', () => {
  test('may be in several manifests; each is shown with its own', async () => {
    const rig = await bought({ fox: 'a fox' })
    rig.writeManifest({ fox: 'another fox' }, 'ep02')
    rig.writeManifest({ owl: 'an owl' }, 'ep03')
    const options = { paths: [], cwd: '/project', rehearsal: false, provider: 'ark', shot: 'fox' }
    const { manifests } = await why(options, { ...rig.world, git: nowhere })
    expect(manifests).toMatchObject([
      { manifest: 'ep01', file: 'manifests/ep01.yaml', takes: [{ take: 'fox', step: 'keep' }] },
      { manifest: 'ep02', file: 'manifests/ep02.yaml', takes: [{ take: 'fox', step: 'generate' }] },
    ])
  })

  test('may be a glob over shots and takes', async () => {
    const rig = createRig({ 'fox-a': { prompt: 'a', takes: 2 }, 'fox-b': 'b', owl: 'c' })
    expect(Object.keys(await explain(rig, 'fox-*'))).toEqual(['fox-a', 'fox-a@2', 'fox-b'])
    expect(Object.keys(await explain(rig, '*@2'))).toEqual(['fox-a@2'])
  })

  test.each([
    ['fxo-run', 'did you mean "fox-run"?'],
    ['fox-run@3', 'did you mean "fox-run@2"?'],
    ['quite-another', 'no shot fits'],
    ['', 'no shot fits'],
    ['gone', 'only the lockfile'],
  ])('and "%s" fits nothing', async (name, message) => {
    const rig = await bought({ gone: 'a fox' })
    rig.writeManifest({ 'fox-run': { prompt: 'a fox', takes: 2 } })
    const error: RunnerError = await explain(rig, name).then(
      () => expect.unreachable(),
      (error) => error,
    )
    expect(error.code).toBe('nothing-selected')
    expect(error.message).toContain(message)
  })
})

test('looking changes nothing and asks nobody', async () => {
  const rig = await bought({ fox: 'a fox' })
  rig.writeManifest({ fox: 'an owl' })
  const before = new Map(rig.files.contents)
  const calls = structuredClone(rig.provider.calls)
  await explain(rig, 'fox')
  expect(rig.files.contents).toEqual(before)
  expect(rig.provider.calls).toEqual(calls)
})
