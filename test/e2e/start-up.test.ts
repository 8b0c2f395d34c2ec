import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createProject, type Project } from '../support/project.js'

const dist = resolve('dist')

/** What a built file loads when it is imported, in one step after the other. */
function loadedBy(file: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>()
  const packages = new Set<string>()
  const follow = (one: string) => {
    if (files.has(one)) return
    files.add(one)
    const text = readFileSync(one, 'utf8')
    for (const [, name] of text.matchAll(/^(?:(?:import|export) [^'"()]*?from |import )"([^"]+)";$/gm)) {
      if (name!.startsWith('.')) follow(join(dirname(one), name!))
      else packages.add(name!)
    }
  }
  follow(file)
  return { files, packages }
}

function chunk(name: string): string {
  const found = readdirSync(join(dist, 'chunks')).find(
    (file) => file.startsWith(`${name}-`) && file.endsWith('.js'),
  )
  return join(dist, 'chunks', found!)
}

const tenShots = [
  'version: 1',
  'shots:',
  ...Array.from(
    { length: 10 },
    (_, index) => `  s${index}: { model: doubao-seedance-2-0-260128, prompt: 狐狸 ${index} }`,
  ),
].join('\n')

/** The parts of node that a command loads, as node itself lists them. */
async function nodeModulesOf(project: Project, args: readonly string[]): Promise<string[]> {
  project.write(
    'list.cjs',
    "process.on('exit', () => require('node:fs').writeFileSync('list.txt', process.moduleLoadList.join('\\n')))",
  )
  const { status, stderr } = await project.shotlock(args, { env: { NODE_OPTIONS: '--require=./list.cjs' } })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return project
    .read('list.txt')
    .split('\n')
    .map((line) => line.replace('NativeModule ', ''))
}

describe('start-up', () => {
  test('--help opens two files and no package', () => {
    const { files, packages } = loadedBy(join(dist, 'bin.js'))
    expect(files.size).toBe(2)
    expect([...packages].filter((name) => !name.startsWith('node:'))).toEqual([])
  })

  test('validate opens few files more and no package', () => {
    const { files, packages } = loadedBy(chunk('validate'))
    expect(files.size).toBeLessThanOrEqual(5)
    expect([...packages].filter((name) => !name.startsWith('node:'))).toEqual([])
  })

  test('ajv compiles nothing and no pattern of emoji is checked before it is used', () => {
    for (const file of [...loadedBy(join(dist, 'bin.js')).files, ...loadedBy(chunk('validate')).files]) {
      const text = readFileSync(file, 'utf8')
      expect(text).not.toMatch(/class Ajv\b|ajv\/dist\/compile/)
      expect(text).not.toMatch(/\/[^\n/"]*\\p\{RGI_Emoji\}[^\n/"]*\/v/)
    }
  })

  const network = ['http', 'https', 'http2', 'tls', 'dns', 'zlib', 'worker_threads', 'child_process']
  test.each([
    ['--help', ['--help'], [...network, 'crypto', 'fs/promises']],
    ['validate', ['validate'], network],
  ])('%s loads no part of node that it does not use', async (_, args, unused) => {
    const project = createProject({ 'manifests/ep01.yaml': tenShots })
    const loaded = await nodeModulesOf(project, args)
    expect(loaded).toContain('internal/process/execution')
    expect(loaded.filter((name) => unused.includes(name))).toEqual([])
  })
})

describe('a bug', () => {
  test('is told with places in the source, not in the built files', async () => {
    const project = createProject({ 'manifests/ep01.yaml': tenShots })
    project.write('break.cjs', "String.prototype.normalize = () => { throw new TypeError('broken') }")
    const { status, stderr } = await project.shotlock(['validate'], {
      env: { NODE_OPTIONS: '--require=./break.cjs' },
    })
    expect(status).toBe(70)
    expect(stderr).toContain('TypeError: broken')
    const [, file, line] = /at nameKey \((src\/core\/names\.ts):(\d+):\d+\)/.exec(stderr) ?? []
    expect(readFileSync(file!, 'utf8').split('\n')[Number(line) - 1]).toContain('normalize(')
    expect(stderr).not.toContain('dist/')
  })
})

describe('the package', () => {
  test('brings the licences of what is bundled in, and of nothing else', () => {
    const licences = readFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), 'utf8')
    const titles = [...licences.matchAll(/^-{80}\n(\S+) \S+ \(([^)]+)\)$/gm)].map(([, name]) => name)
    expect(titles).toEqual(expect.arrayContaining(['ajv', 'cac', 'picocolors', 'string-width', 'yaml']))
    expect(titles).not.toContain('undici')
    expect(titles).not.toContain('esbuild')
    expect(licences.match(/Permission (?:is hereby granted|to use)/g)!.length).toBeGreaterThanOrEqual(
      titles.length,
    )
  })
})
