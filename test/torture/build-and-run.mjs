// Runs the kill harness: bundles it, puts a copy of the built binary beside it (other builds must not change that while
// it runs), and starts it. The product is built before, by `npm run torture`.
import { spawnSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '..', '..')
const cache = join(root, 'node_modules', '.cache', `torture-${process.pid}`)

await build({
  absWorkingDir: root,
  entryPoints: ['./test/torture/main.ts'],
  outfile: join(cache, 'torture.js'),
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  packages: 'external',
  logLevel: 'warning',
})
cpSync(join(root, 'package.json'), join(cache, 'package.json'))
cpSync(join(root, 'dist'), join(cache, 'dist'), {
  recursive: true,
  filter: (path) => !path.endsWith('.map'),
})

const args = [join(cache, 'torture.js'), '--bin', join(cache, 'dist', 'bin.js'), ...process.argv.slice(2)]
const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
rmSync(cache, { recursive: true, force: true })
process.exitCode = status ?? 1
