import { readFileSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createProject } from '../support/project.js'

const dist = resolve('dist') + sep

const tenShots = [
  'version: 1',
  'defaults: { model: doubao-seedance-2-0-260128 }',
  'shots:',
  ...Array.from({ length: 10 }, (_, index) => `  s${index}: { prompt: 狐狸在雪地里奔跑 ${index} }`),
].join('\n')

/** Runs before the binary, and at its end writes down what was loaded. */
const witness = `
process.on('exit', () => {
  const loaded = { files: Object.keys(require.cache), builtins: process.moduleLoadList }
  require('node:fs').writeFileSync('loaded.json', JSON.stringify(loaded))
})
`

/** What a command loads: built files, files of packages, and modules of node by the names that node gives them. */
async function loadedBy(...args: string[]): Promise<{ built: string[]; packages: string[]; node: string[] }> {
  const project = createProject({ 'manifests/ep01.yaml': tenShots, 'witness.cjs': witness })
  const { status, stderr } = await project.shotlock(args, {
    env: { NODE_OPTIONS: '--require=./witness.cjs' },
  })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  const { files, builtins } = JSON.parse(project.read('loaded.json')) as Record<string, string[]>
  const others = files!.filter((file) => !file.endsWith('witness.cjs'))
  return {
    built: others.filter((file) => file.startsWith(dist)),
    packages: others.filter((file) => !file.startsWith(dist)),
    node: builtins!.map((line) => line.replace('NativeModule ', '')),
  }
}

/** Modules of node that take long to load, and that looking at manifests has no use for. */
const network = ['http', 'https', 'http2', 'tls', 'dns', 'zlib', 'worker_threads', 'child_process']

describe('start-up', () => {
  test.each([['--help'], ['--version']])('%s loads two files and nothing of a package', async (flag) => {
    const { built, packages, node } = await loadedBy(flag)
    expect(built).toHaveLength(2)
    expect(packages).toEqual([])
    expect(node.filter((name) => [...network, 'crypto', 'fs/promises'].includes(name))).toEqual([])
  })

  test('validate loads few files more: no ajv, simulator or client, and for a plain manifest no YAML parser nor crypto', async () => {
    const { built, packages, node } = await loadedBy('validate')
    expect(built.length).toBeLessThanOrEqual(4)
    expect(packages).toEqual([])
    expect(node.filter((name) => [...network, 'crypto'].includes(name))).toEqual([])
    const code = built.map((file) => readFileSync(file, 'utf8')).join('\n')
    expect(code).toContain('function parseManifest(')
    for (const late of ['Ajv', 'resolveBlockMap', 'startSimulator', 'imageSize', 'stringWidth']) {
      expect(code).not.toMatch(new RegExp(`(class|function) ${late}\\b`))
    }
  })

  test('no file has a character beyond ASCII, for which node would read all of it more slowly', async () => {
    const { built } = await loadedBy('validate')
    for (const file of built) expect(readFileSync(file, 'utf8')).not.toMatch(/[^\0-\x7f]/)
  })

  test('no pattern of Unicode properties is a literal, which V8 would check in code that never runs', async () => {
    const { built } = await loadedBy('validate')
    // In a call the backslash stands twice.
    for (const file of built) expect(readFileSync(file, 'utf8')).not.toMatch(/RGI_Emoji|[^\\]\\p\{/)
  })
})

describe('a bug', () => {
  test('is told with places in the source, not in the built files', async () => {
    const project = createProject({
      // Only names beyond ASCII are normalised.
      'manifests/ep01.yaml': tenShots.replace('  s0:', '  狐狸:'),
      'break.cjs': "String.prototype.normalize = () => { throw new TypeError('broken') }",
    })
    const { status, stderr } = await project.shotlock(['validate'], {
      env: { NODE_OPTIONS: '--require=./break.cjs' },
    })
    expect(status).toBe(70)
    expect(stderr).toContain('TypeError: broken')
    const [, file, line] = /at nameKey \((src\/core\/names\.ts):(\d+):\d+\)/.exec(stderr) ?? []
    expect(readFileSync(file!, 'utf8').split('\n')[Number(line) - 1]).toContain('normalize(')
    expect(stderr).not.toContain('dist')
  })

  test('that ends the process before the command ends is no success', async () => {
    const project = createProject({
      'manifests/ep01.yaml': tenShots,
      // Reading a folder never comes to an end, and nothing else is left to do.
      'break.cjs': "require('node:fs/promises').stat = () => new Promise(() => {})",
    })
    const { status } = await project.shotlock(['validate'], {
      env: { NODE_OPTIONS: '--require=./break.cjs' },
    })
    expect(status).toBe(70)
  })
})

describe('the licences in the package', () => {
  test('are those of the packages that are bundled in', () => {
    const licences = readFileSync(`${dist}THIRD-PARTY-LICENSES.txt`, 'utf8')
    const titles = [...licences.matchAll(/^-{80}\n(\S+) \S+ \(([^)]+)\)$/gm)].map(([, name]) => name)
    expect(titles).toEqual(expect.arrayContaining(['ajv', 'cac', 'picocolors', 'string-width', 'yaml']))
    expect(titles).not.toContain('undici')
    expect(titles).not.toContain('esbuild')
    const texts = licences.match(/Permission (?:is hereby granted|to use)/g)
    expect(texts!.length).toBeGreaterThanOrEqual(titles.length)
  })
})
