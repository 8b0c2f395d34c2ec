// esbuild plugins that keep start-up short: few files to open, and no library evaluated before it is used.
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** What `--help` loads. */
const always = ['src/cli/program.ts']
/** What every command that reads manifests loads. The few others load it as well: apart it would be more files. */
const forManifests = [
  'src/commands/validate.ts',
  'src/cli/render-problems.ts',
  'src/cli/render-fitted.ts',
  'src/adapters/node-files.ts',
  'src/adapters/process-locks.ts',
  'src/adapters/sharp-fitter.ts',
  'src/adapters/system-clock.ts',
]

/**
 * Gathers what is always loaded in one chunk, and what manifests take in another.
 *
 * esbuild makes a chunk for each set of entries that reach a module, and everything that is imported lazily is an entry:
 * dozens of small files, each of which costs about a hundredth of the time that node needs to start. So every entry
 * reaches the same modules, used or not, and those that nearly every command loads are one entry.
 */
export const fewChunks = {
  name: 'few-chunks',
  setup({ onLoad, onResolve, resolve }) {
    onResolve({ filter: /^\./ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      if (kind !== 'dynamic-import' || pluginData === 'resolved') return undefined
      const found = await resolve(path, { kind, importer, resolveDir, pluginData: 'resolved' })
      if (found.errors.length > 0) return found
      const file = relative(root, found.path).replaceAll('\\', '/')
      return { path: forManifests.includes(file) ? 'manifests' : file, namespace: 'lazy' }
    })
    onLoad({ filter: /./, namespace: 'lazy' }, ({ path }) => ({
      contents: [
        ...[...always, ...forManifests].map((one) => `import './${one}'`),
        ...(path === 'manifests' ? forManifests : [path]).map((one) => `export * from './${one}'`),
      ].join('\n'),
      resolveDir: root,
    }))
  },
}

/** Libraries that are loaded at the first call, and the functions and classes of theirs that are used. */
const lateLibraries = {
  // Its segmenter and its pattern of emoji take about half of the time that node needs to start.
  'string-width': ['default'],
  'image-size': ['imageSize'],
  picomatch: ['default'],
  'node:crypto': ['createHash', 'hash', 'randomUUID'],
  // Most manifests are read without it.
  yaml: [
    ...['isAlias', 'isMap', 'isNode', 'isScalar', 'isSeq', 'parseDocument', 'stringify', 'visit'],
    ...['Composer', 'Document', 'Lexer', 'Pair', 'Parser', 'Scalar', 'YAMLMap'],
  ],
}

const isLate = new RegExp(`^(${Object.keys(lateLibraries).join('|')})$`)
const lateFiles = Object.keys(lateLibraries).filter((name) => !name.startsWith('node:'))

/** The libraries above as entries of their own, beside the chunks. */
export const lateEntries = lateFiles.map((name) => ({ in: `late:${name}`, out: `chunks/${name}` }))

/** Leaves of each of them what is used. */
export const lateLibrary = {
  name: 'late-library',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^late:/ }, ({ path }) => ({ path: path.slice(5), namespace: 'late-library' }))
    onLoad({ filter: /./, namespace: 'late-library' }, ({ path }) => ({
      contents: `export { ${lateLibraries[path].join(', ')} } from '${path}'`,
      resolveDir: root,
    }))
  },
}

/** Lets our own modules that import one of the libraries above load it at the first call. Takes CommonJS. */
export const lateLoading = {
  name: 'late-loading',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: isLate }, ({ path, importer, namespace }) => {
      const isOurs = /^src[\\/](cli|commands|engine|core|adapters)[\\/]/.test(relative(root, importer))
      return isOurs && namespace === 'file' ? { path, namespace: 'late' } : undefined
    })
    onResolve({ filter: /^\.\//, namespace: 'late' }, ({ path }) => ({ path, external: true }))
    onLoad({ filter: /./, namespace: 'late' }, ({ path }) => {
      const load = lateFiles.includes(path)
        ? `require('./${path}.js')`
        : `process.getBuiltinModule('${path}')`
      const functions = lateLibraries[path].map((name) => {
        if (name === 'default') return 'export default (...args) => library().default(...args)'
        // A class: what a constructor returns is what `new` gives.
        if (/^[A-Z]/.test(name))
          return `export function ${name}(...args) { return new (library().${name})(...args) }`
        return `export const ${name} = (...args) => library().${name}(...args)`
      })
      return { contents: [`let found`, `const library = () => (found ??= ${load})`, ...functions].join('\n') }
    })
  },
}
