// Finds a browser of the Chromium family, or installs Debian's where that can be done. For tests, benchmarks and the
// screenshots of the documentation; shotlock itself needs none.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const { env, platform, getuid } = process

/** Where browsers are found, besides what `SHOTLOCK_BROWSER` names. */
const places = {
  linux: [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/usr/bin/google-chrome-stable',
    '/usr/bin/microsoft-edge',
  ],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ],
  win32: [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].flatMap((folder) =>
    folder === undefined
      ? []
      : [
          join(folder, 'Google/Chrome/Application/chrome.exe'),
          join(folder, 'Microsoft/Edge/Application/msedge.exe'),
        ],
  ),
}

/** A browser that is on this machine and starts; `undefined` when there is none. */
export function findBrowser() {
  const named = env.SHOTLOCK_BROWSER
  return (named ? [named] : (places[platform] ?? [])).find((path) => existsSync(path) && starts(path))
}

/** On Ubuntu the package is a script that only says how to get a snap. */
function starts(path) {
  // Browsers for Windows open a window instead of telling their version.
  if (platform === 'win32') return true
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000 })
  return status === 0 && /\d+\.\d+/.test(stdout)
}

/** `findBrowser`, and where it finds none, Debian's Chromium is installed if this process may do so. */
export function provideBrowser() {
  const found = findBrowser()
  if (found || env.SHOTLOCK_BROWSER || getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return found
  console.error('No browser is here: installing chromium with apt-get, which takes half a minute …')
  // Two test runs at once would stand in each other's way at apt's lock.
  const apt = ['-o', 'DPkg::Lock::Timeout=300', '-qq']
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  try {
    execFileSync('apt-get', [...apt, 'update'], options)
    execFileSync('apt-get', [...apt, 'install', '-y', '--no-install-recommends', 'chromium'], options)
  } catch (error) {
    console.error(`It could not be installed: ${error.message}`)
  }
  return findBrowser()
}

/** What a page that is only tested needs nothing of: reaching out, first-run pages, a graphics card. */
export const browserArgs = [
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // Chromium does not run as root within its sandbox, and the pages are our own.
  ...(getuid?.() === 0 ? ['--no-sandbox'] : []),
]
