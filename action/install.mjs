// Step: makes shotlock ready, from the registry when a version is named, else from the checkout that this action is.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { withoutSecrets } from './processes.mjs'
import { fail, setOutput } from './runner.mjs'

const { INPUT_VERSION: version = '', RUNNER_TEMP: temp = '.' } = process.env
const checkout = dirname(dirname(fileURLToPath(import.meta.url)))

const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19))
  fail(`node ${process.versions.node} is too old: put actions/setup-node with version 20.19 or newer before`)
else if (version === '') {
  const bin = join(checkout, 'dist', 'bin.js')
  // A checkout has no dist/; npm builds it, for which it needs what is there for development.
  if (!existsSync(bin)) npm(['ci', '--include=dev', '--no-audit', '--no-fund'], checkout)
  done(bin)
} else if (/^\d[\w.+-]*$/.test(version)) {
  const folder = join(temp, 'shotlock-package')
  mkdirSync(folder, { recursive: true })
  npm(['install', '--no-save', '--no-audit', '--no-fund', '--prefix', folder, `shotlock@${version}`], folder)
  done(join(folder, 'node_modules', 'shotlock', 'dist', 'bin.js'))
} else fail(`"version" is that of a release, such as 0.1.0, not "${version}"`, { status: 2 })

/** Scripts of packages run in here: no key, and no token, is theirs to see. */
function npm(args, cwd) {
  const isWindows = process.platform === 'win32'
  const { status, error } = spawnSync('npm', args, {
    cwd,
    env: withoutSecrets(),
    stdio: 'inherit',
    shell: isWindows,
  })
  if (status !== 0) fail(`npm ${args[0]} failed${error ? `: ${error.message}` : ''}; nothing was sent`)
}

function done(bin) {
  if (process.exitCode) return
  if (existsSync(bin)) setOutput('bin', bin)
  else fail(`there is no ${bin} after the installation; nothing was sent`)
}
