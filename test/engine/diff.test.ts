import { describe, expect, test } from 'vitest'
import { type DiffReport, diff } from '../../src/commands/diff.js'
import { textconv } from '../../src/commands/textconv.js'
import { type LockEntry, renderLockfile } from '../../src/core/lockfile.js'
import { entry, takeName, task } from '../core/builders.js'
import { type MemoryFiles, memoryFiles } from '../support/memory-files.js'
import { type MemoryGit, memoryGit } from '../support/memory-git.js'

const paid = (id: string, fields: Partial<LockEntry> = {}) =>
  entry('succeeded', { task: task(id), cost: '1 CNY', sha256: 'a'.repeat(64), ...fields })
const lockText = (entries: Record<string, LockEntry>) =>
  renderLockfile(new Map(Object.entries(entries).map(([name, one]) => [takeName(name), one])))

const lockPath = '/project/manifests/ep01.lock.yaml'
const [none, fox, foxAndOwl] = [{}, { fox: paid('t1') }, { fox: paid('t1'), owl: paid('t2') }].map(lockText)

interface History {
  git: MemoryGit
  files: MemoryFiles
  /** Commits files and leaves them in the work tree. */
  commit(changes: Record<string, string | Uint8Array | undefined>): string
  diff(...what: string[]): Promise<DiffReport>
}

function createHistory(root: string | undefined = '/project'): History {
  const files = memoryFiles()
  const git = memoryGit(root, { workFiles: () => files.contents.keys() })
  return {
    git,
    files,
    commit(changes) {
      for (const [path, text] of Object.entries(changes)) {
        if (text === undefined) files.contents.delete(path)
        else files.write(path, text)
      }
      return git.commit(changes)
    },
    diff: async (...what) => await diff({ what, cwd: '/project' }, { files, git }),
  }
}

/** Shots with their sentences, by manifest. */
const told = ({ manifests }: DiffReport) =>
  Object.fromEntries(
    manifests.map(({ manifest, shots }) => [
      manifest,
      Object.fromEntries(shots.map(({ shot, sentence }) => [shot, sentence])),
    ]),
  )

describe('the states that are compared', () => {
  test('are HEAD and the work tree', async () => {
    const { commit, files, diff } = createHistory()
    commit({ [lockPath]: fox })
    files.write(lockPath, foxAndOwl!)
    const report = await diff()
    expect(report).toMatchObject({
      from: 'HEAD',
      to: 'the work tree',
      counts: { bought: 1 },
      spent: [{ currency: 'CNY', amount: 1 }],
      manifests: [{ manifest: 'ep01', file: 'manifests/ep01.lock.yaml' }],
    })
    expect(told(report)).toEqual({ ep01: { owl: 'bought' } })
  })

  test('are nothing and the work tree before the first commit', async () => {
    const { files, diff } = createHistory()
    files.write(lockPath, fox!)
    const report = await diff()
    expect(report.from).toBe('no commit')
    expect(told(report)).toEqual({ ep01: { fox: 'bought' } })
  })

  test('are two commits', async () => {
    const { commit, diff } = createHistory()
    const [first, second] = [commit({ [lockPath]: fox }), commit({ [lockPath]: foxAndOwl })]
    commit({ [lockPath]: none })
    const forth = { ep01: { owl: 'bought' } }
    expect(told(await diff(first, second))).toEqual(forth)
    expect(told(await diff(`${first}..${second}`))).toEqual(forth)
    expect(told(await diff(`${second}..${first}`))).toEqual({ ep01: { owl: 'dropped from the lockfile' } })
    expect(told(await diff(`${second}..`))).toEqual({
      ep01: { fox: 'dropped from the lockfile', owl: 'dropped from the lockfile' },
    })
  })

  test('begin where two commits part, with three dots', async () => {
    const { commit, diff } = createHistory()
    const [first, second] = [commit({ [lockPath]: fox }), commit({ [lockPath]: foxAndOwl })]
    expect(told(await diff(`${first}...${second}`))).toEqual({ ep01: { owl: 'bought' } })
    expect(told(await diff(`${second}...${first}`))).toEqual({})
  })

  test('are two files without git', async () => {
    const { files, diff } = createHistory('/elsewhere')
    files.write('/project/old.lock.yaml', fox!)
    files.write('/project/ep01.simulator.lock.yaml', foxAndOwl!)
    files.write('/project/new.yaml', 'version: 1')
    files.write('/project/new.lock.yaml', foxAndOwl!)
    const report = await diff('old.lock.yaml', 'ep01.simulator.lock.yaml')
    expect(report).toMatchObject({ from: 'old.lock.yaml', to: 'ep01.simulator.lock.yaml' })
    expect(told(report)).toEqual({ ep01: { owl: 'bought' } })
    expect(told(await diff('old.lock.yaml', 'new.yaml'))).toEqual({ new: { owl: 'bought' } })
  })
})

describe('the lockfiles that are compared', () => {
  test('are all of both sides, new ones and gone ones', async () => {
    const { commit, files, diff } = createHistory()
    commit({ [lockPath]: fox, '/project/same.lock.yaml': lockText({ same: paid('t3') }) })
    files.contents.delete(lockPath)
    files.write('/project/集 "1".lock.yaml', lockText({ bear: paid('t4') }))
    files.write('/project/node_modules/a/x.lock.yaml', lockText({ bear: paid('t5') }))
    files.write('/project/ep01.simulator.lock.yaml', lockText({ bear: paid('t6') }))
    expect(told(await diff())).toEqual({
      ep01: { fox: 'dropped from the lockfile' },
      '集 "1"': { bear: 'bought' },
    })
  })

  test('are followed when a manifest has another name', async () => {
    const { commit, files, diff } = createHistory()
    commit({ [lockPath]: foxAndOwl })
    files.contents.delete(lockPath)
    files.write('/project/manifests/pilot.lock.yaml', foxAndOwl!)
    const report = await diff()
    expect(told(report)).toEqual({ pilot: { fox: 'moved from ep01/fox', owl: 'moved from ep01/owl' } })
    expect(report.spent).toEqual([])
    expect(told(await diff('manifests/pilot.lock.yaml'))).toEqual(told(report))
  })

  test('are named with their folders where two manifests have one name', async () => {
    const { files, diff } = createHistory()
    for (const [season, id] of [
      ['s1', 't1'],
      ['s2', 't2'],
    ])
      files.write(`/project/${season}/ep01.lock.yaml`, lockText({ fox: paid(id!) }))
    expect(Object.keys(told(await diff()))).toEqual(['s1/ep01', 's2/ep01'])
  })

  test('are those that are named, by themselves or by their manifests', async () => {
    const { commit, files, diff } = createHistory()
    const first = commit({ [lockPath]: fox, '/project/manifests/ep01.yaml': 'version: 1' })
    commit({ [lockPath]: foxAndOwl, '/project/b.lock.yaml': lockText({ bear: paid('t4') }) })
    files.write('/project/broken.lock.yaml', 'shots: [')
    for (const name of ['manifests/ep01.lock.yaml', 'manifests/ep01.yaml'])
      expect(told(await diff(first, name))).toEqual({ ep01: { owl: 'bought' } })
    expect(Object.keys(told(await diff(first, 'manifests/ep01.yaml', 'b.lock.yaml')))).toEqual(['b', 'ep01'])
  })

  test('may be gone on one side when they are named', async () => {
    const { commit, diff } = createHistory()
    const first = commit({ [lockPath]: fox })
    commit({ [lockPath]: undefined })
    expect(told(await diff(first, 'manifests/ep01.lock.yaml'))).toEqual({
      ep01: { fox: 'dropped from the lockfile' },
    })
  })

  test('are merged where git left conflict markers', async () => {
    const { commit, files, diff } = createHistory()
    commit({ [lockPath]: fox })
    const [head, ...block] = foxAndOwl!.split(/(?= {2}"owl")/)
    files.write(lockPath, `${head}<<<<<<< ours\n${block.join('')}=======\n>>>>>>> theirs\n`)
    expect(told(await diff())).toEqual({ ep01: { owl: 'bought' } })
  })
})

describe('what cannot be compared', () => {
  const refused = async (history: History, ...what: string[]) =>
    await history.diff(...what).then(
      () => undefined,
      ({ code, message, hint }) => ({ code, message, hint }),
    )

  test('is a word that is neither commit nor file', async () => {
    const history = createHistory()
    history.commit({ [lockPath]: fox })
    for (const word of ['nothing', 'HEAD..nothing', 'nothing...HEAD', '..', 'manifests', 'no.lock.yaml', ''])
      expect(await refused(history, word)).toMatchObject({ code: 'usage' })
  })

  test('is a word that is both, and ./ or -- says which is meant', async () => {
    const history = createHistory()
    history.commit({ [lockPath]: fox })
    history.files.write('/project/HEAD', foxAndOwl!)
    expect(await refused(history, 'HEAD')).toMatchObject({
      code: 'usage',
      hint: expect.stringContaining('./HEAD'),
    })
    expect(told(await history.diff(lockPath, './HEAD'))).toEqual({ HEAD: { owl: 'bought' } })
    const { files, git } = history
    const report = await diff({ what: [lockPath], files: ['HEAD'], cwd: '/project' }, { files, git })
    expect(told(report)).toEqual({ HEAD: { owl: 'bought' } })
  })

  test('is more than two states', async () => {
    const history = createHistory()
    history.commit({ [lockPath]: fox })
    expect(await refused(history, 'HEAD', 'HEAD', 'HEAD')).toMatchObject({ code: 'usage' })
    expect(await refused(history, lockPath, lockPath, lockPath)).toMatchObject({ code: 'usage' })
  })

  test('is anything but two files without git', async () => {
    const history = createHistory('/elsewhere')
    history.files.write(lockPath, fox!)
    expect(await refused(history)).toMatchObject({ code: 'no-git' })
    expect(await refused(history, lockPath)).toMatchObject({ code: 'no-git' })
    expect(await refused(history, 'main')).toMatchObject({ code: 'usage' })
    expect(await refused(history, lockPath, 'no.lock.yaml')).toMatchObject({ code: 'usage' })
  })

  test('is a rehearsal with git, which keeps none', async () => {
    const history = createHistory()
    history.files.write('/project/ep01.simulator.lock.yaml', fox!)
    expect(await refused(history, 'ep01.simulator.lock.yaml')).toMatchObject({
      code: 'usage',
      message: expect.stringContaining('rehearsal'),
    })
  })

  test('is a lockfile outside of the work tree with git', async () => {
    const history = createHistory()
    history.files.write('/other/ep01.lock.yaml', fox!)
    expect(await refused(history, '/other/ep01.lock.yaml')).toMatchObject({ code: 'usage' })
  })

  test('is a lockfile that cannot be read; ref and file are named', async () => {
    const history = createHistory()
    history.commit({ [lockPath]: 'shots: [' })
    history.files.write(lockPath, fox!)
    expect(await refused(history, 'HEAD')).toMatchObject({
      code: 'lockfile-invalid',
      message: expect.stringContaining('"HEAD:manifests/ep01.lock.yaml"'),
      hint: expect.not.stringContaining('git checkout'),
    })
    history.files.write(lockPath, Uint8Array.of(0xff, 0xfe))
    history.commit({ [lockPath]: fox })
    history.files.write(lockPath, Uint8Array.of(0xff, 0xfe))
    expect(await refused(history)).toMatchObject({
      code: 'lockfile-invalid',
      message: expect.stringContaining(`"${lockPath}"`),
    })
  })

  test('is a lockfile whose content this clone lacks, which is not an empty one', async () => {
    const history = createHistory()
    history.commit({ [lockPath]: fox })
    history.git.contents = async (blobs) => blobs.map(() => undefined)
    expect(await refused(history)).toMatchObject({
      code: 'state-unreadable',
      message: expect.stringContaining('HEAD:manifests/ep01.lock.yaml'),
    })
  })
})

test('lockfiles that are too much for one answer of git are asked for one by one', async () => {
  const { commit, files, git, diff } = createHistory()
  commit({ [lockPath]: fox, '/project/b.lock.yaml': lockText({ bear: paid('t4') }) })
  files.write(lockPath, foxAndOwl!)
  const { contents } = git
  git.contents = async (blobs, root) =>
    blobs.length > 1 ? blobs.map(() => undefined) : await contents(blobs, root)
  expect(told(await diff())).toEqual({ ep01: { owl: 'bought' } })
})

test('a broken lockfile that is the same on both sides stops nothing', async () => {
  const { commit, files, diff } = createHistory()
  commit({ [lockPath]: fox, '/project/broken.lock.yaml': 'shots: [' })
  files.write(lockPath, foxAndOwl!)
  expect(told(await diff())).toEqual({ ep01: { owl: 'bought' } })
})

describe('a lockfile as git shows it', () => {
  const show = async (text: string | Uint8Array) => {
    const files = memoryFiles()
    files.write('/tmp/x', text)
    return await textconv({ file: 'x', cwd: '/tmp' }, files)
  }

  test('has a line a take', async () => {
    expect((await show(foxAndOwl!)).split('\n').map((line) => line.split(' ')[0])).toEqual(['fox', 'owl', ''])
  })

  test.each([
    ['empty', ''],
    ['broken', 'shots: [\n'],
    ['of a newer version', 'lockfileVersion: 2\n'],
    ['in conflict', `<<<<<<< ours\n${fox}=======\n${foxAndOwl}>>>>>>> theirs\n`],
  ])('is shown as it is when it is %s', async (_, text) => {
    expect(await show(text)).toBe(text)
  })

  test('must be there', async () => {
    await expect(textconv({ file: 'no', cwd: '/tmp' }, memoryFiles())).rejects.toMatchObject({
      code: 'usage',
    })
  })
})
