// Builds dist/: the command line, the library, the licences of what is bundled in, and type declarations. With
// --no-types, which the tests use, the declarations are left as they are.
import { execFileSync } from 'node:child_process'
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { asCommonJs } from './as-commonjs.mjs'
import { reviewPage } from './build-page.mjs'
import { compiledSchemas } from './compile-schemas.mjs'
import { fewChunks, lateEntries, lateLibrary, lateLoading } from './start-up.mjs'
import { thirdPartyLicenses } from './third-party-licenses.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist')
const withTypes = !process.argv.includes('--no-types')

const common = {
  absWorkingDir: root,
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
  metafile: true,
  write: false,
}

const pageMetafiles = []

// The command line has the libraries bundled in that it needs at once: the files of a package cost more than its code.
const command = await build({
  ...common,
  entryPoints: ['./src/bin.ts'],
  // Native, large or with data files of their own; or, as undici, no quicker to load when bundled, and better updated
  // by whoever installs.
  external: ['h264-mp4-encoder', 'mediabunny', 'read-excel-file', 'sharp', 'undici'],
  // Patterns with the flags u and v are written as calls of RegExp: V8 checks literals when it reads a file, also in
  // functions that never run, and classes of Unicode take long.
  supported: { 'regexp-sticky-and-unicode-flags': false, 'regexp-set-notation': false },
  plugins: [fewChunks, compiledSchemas, reviewPage(pageMetafiles), lateLoading],
})

// What of them is loaded late, in files of their own that share nothing.
const late = await build({
  ...common,
  entryPoints: lateEntries,
  splitting: false,
  format: 'cjs',
  // On node the package offers CommonJS, of which nothing unused can be left out.
  alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
  plugins: [lateLibrary],
  minifySyntax: true,
  minifyWhitespace: true,
})

// The library leaves its dependencies to whoever imports it.
const library = await build({
  ...common,
  entryPoints: ['./src/index.ts'],
  outExtension: { '.js': '.mjs' },
  packages: 'external',
  plugins: [compiledSchemas, reviewPage()],
})

const outputs = Object.assign(
  {},
  ...[command.metafile, late.metafile, library.metafile, ...pageMetafiles].map(({ outputs }) => outputs),
)
const files = [
  // Says that the .js files in here are CommonJS, other than those of the project.
  { path: join(dist, 'package.json'), contents: '{ "type": "commonjs" }\n' },
  { path: join(dist, 'THIRD-PARTY-LICENSES.txt'), contents: thirdPartyLicenses({ outputs }, root) },
  ...(await asCommonJs(command)),
  ...late.outputFiles,
  ...library.outputFiles,
]
// Chunks come before what loads them, and what is old goes last: a binary that is just starting finds its own.
await mkdir(join(dist, 'chunks'), { recursive: true })
const isChunk = ({ path }) => dirname(path) !== dist
for (const { path, contents } of [...files.filter(isChunk), ...files.filter((one) => !isChunk(one))]) {
  await writeFile(path, contents)
}
const built = new Set(files.map(({ path }) => path))
for (const folder of [dist, join(dist, 'chunks')]) {
  for (const one of await readdir(folder, { withFileTypes: true })) {
    if (one.isFile() && !built.has(join(folder, one.name))) await rm(join(folder, one.name))
  }
}
await chmod(join(dist, 'bin.js'), 0o755)

if (withTypes) {
  await rm(join(dist, 'types'), { recursive: true, force: true })
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const types = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', 'dist/types']
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', ...types], {
    cwd: root,
    stdio: 'inherit',
  })
  // They describe ES modules.
  await writeFile(join(dist, 'types', 'package.json'), '{ "type": "module" }\n')
}
