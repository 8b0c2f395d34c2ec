// Step of mode "run": makes the contact sheet, with the videos inside where they are not too large for that.
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shotlockIn } from './processes.mjs'
import { say, setOutput } from './runner.mjs'
import { providerFlags, settings } from './settings.mjs'

const { bin, folder, manifests, provider } = settings()
const temp = mkdtempSync(join(process.env.RUNNER_TEMP || tmpdir(), 'shotlock-sheet-'))
const out = join(temp, 'review.html')
const flags = [...providerFlags({ provider }), '--out', out]
const shotlock = shotlockIn({ bin, cwd: folder, provider })

let made = await shotlock('review', '--embed', ...flags, ...manifests)
if (made.status !== 0 && made.stderr.includes('(review-too-large)')) {
  say('notice', 'The videos are more than 200 MB together: the contact sheet is without them.')
  made = await shotlock('review', ...flags, ...manifests)
}
console.log(made.stdout.trim())
if (made.status === 0) setOutput('file', out)
else say('warning', made.stderr.trim(), { title: 'shotlock: there is no contact sheet' })
