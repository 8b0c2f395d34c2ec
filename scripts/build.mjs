// Builds dist/: two entry points with shared chunks, each command loaded only when it runs, and type declarations.
// With --no-types, which the tests use, the declarations are left as they are.
import { execFileSync } from 'node:child_process'
import { chmod, readdir, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const dist = join(root, 'dist')
const withTypes = !process.argv.includes('--no-types')

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['./src/bin.ts', './src/index.ts'],
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
  metafile: true,
})
// Old chunks go last, so that a binary that is just starting still finds its own.
for (const name of await readdir(join(dist, 'chunks'))) {
  if (!(`dist/chunks/${name}` in metafile.outputs)) await rm(join(dist, 'chunks', name))
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
}
