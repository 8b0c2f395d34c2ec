// Step of mode "run": annotations at the lines of shots, and the summary. A report is no gate.
import { shotlockIn } from './processes.mjs'
import { say } from './runner.mjs'
import { providerFlags, settings } from './settings.mjs'

const { bin, folder, manifests, provider } = settings()
const shotlock = shotlockIn({ bin, cwd: folder, provider })
const { status, stdout, stderr } = await shotlock(
  'report',
  '--github',
  ...providerFlags({ provider }),
  ...manifests,
)
process.stdout.write(stdout)
if (status !== 0 && stdout === '') say('warning', stderr.trim(), { title: 'shotlock: there is no report' })
