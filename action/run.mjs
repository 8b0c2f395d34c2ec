// Step of mode "run": buys, within the budget. What is sent to this process when the job is cancelled goes on to
// shotlock, which then stops buying, writes the lockfile and ends.
import { spawn } from 'node:child_process'
import { setOutput } from './runner.mjs'
import { providerFlags, settings } from './settings.mjs'

const { bin, folder, manifests, provider, maxCost, waitTimeout } = settings()
const args = [
  ...['run', '--yes', '--max-cost', maxCost],
  ...(waitTimeout === undefined ? [] : ['--wait-timeout', waitTimeout]),
  ...providerFlags({ provider }),
  ...manifests,
]

const child = spawn(process.execPath, [bin, ...args], {
  cwd: folder,
  stdio: ['ignore', 'inherit', 'inherit'],
  // In a group of its own: a signal to the whole group would count twice, and the second ends it at once.
  detached: process.platform !== 'win32',
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal))

child.on('error', (error) => {
  throw error
})
child.on('close', (status, signal) => {
  setOutput('status', String(status ?? signal))
  process.exitCode = status ?? 1
})
