// Builds dist/: the command line, the library, the licences of what is bundled in, and type declarations. With
// --no-types, which the tests use, the declarations are left as they are.
import { execFileSync } from 'node:child_process'
import { chmod, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { compiledSchemas } from './compile-schemas.mjs'
import { fewChunks, lateEvaluation } from './start-up.mjs'
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
}

// The command line has the libraries bundled in that it needs at once: a file of a package costs more than its code.
const command = await build({
  ...common,
  entryPoints: ['./src/bin.ts'],
  // Native, large or with data files of their own; or, as undici, no quicker to load when bundled, and better updated
  // by whoever installs.
  external: ['fast-png', 'h264-mp4-encoder', 'mediabunny', 'read-excel-file', 'sharp', 'undici'],
  // On node the package offers CommonJS, which cannot be split nor shaken.
  alias: { yaml: join(root, 'node_modules/yaml/browser/index.js') },
  // Such patterns are written as calls of RegExp: V8 checks literals when it reads a file, also in functions that never
  // run, and the classes of Unicode take long.
  supported: { 'regexp-unicode-property-escapes': false, 'regexp-set-notation': false },
  plugins: [compiledSchemas, fewChunks, lateEvaluation],
})

// The library leaves its dependencies to whoever imports it.
const library = await build({
  ...common,
  entryPoints: ['./src/index.ts'],
  packages: 'external',
  plugins: [compiledSchemas],
})

// Old chunks go last, so that a binary that is just starting still finds its own.
const outputs = { ...command.metafile.outputs, ...library.metafile.outputs }
for (const name of await readdir(join(dist, 'chunks'))) {
  if (!(`dist/chunks/${name}` in outputs)) await rm(join(dist, 'chunks', name))
}
await chmod(join(dist, 'bin.js'), 0o755)
await writeFile(join(dist, 'THIRD-PARTY-LICENSES.txt'), thirdPartyLicenses({ outputs }, root))

if (withTypes) {
  await rm(join(dist, 'types'), { recursive: true, force: true })
  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc')
  const types = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--outDir', 'dist/types']
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', ...types], {
    cwd: root,
    stdio: 'inherit',
  })
}
