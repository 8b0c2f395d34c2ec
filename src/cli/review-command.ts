import { resolve } from 'node:path'
import type { CAC } from 'cac'
import type { ReviewReport } from '../commands/review.js'
import { formatNumber } from '../core/amount-words.js'
import { RunnerError } from '../core/errors.js'
import type { CommandContext } from './command-context.js'
import { readPrepareOptions, readProvider, withProvider } from './common-options.js'
import { numberFlag, type RawFlags, textFlag } from './flags.js'
import { count, oneLine } from './text.js'

/** Adds `review`. */
export function addReviewCommand(program: CAC, { surroundings, terminal }: CommandContext): void {
  withProvider(
    program.command('review [...manifests]', 'Make a page to look at the results; --serve: to decide'),
  )
    .option('--out <file>', 'Where the page goes; default review.html')
    .option('--embed', 'Put videos and pictures inside, so that the file can be sent to somebody')
    .option('--shot <glob>', 'Only shots or takes with such a name; may be repeated')
    .option('--tag <tag>', 'Only shots with this tag; may be repeated')
    .option('--serve', 'Serve the page on this machine, to pick, approve and reject')
    .option('--port <number>', 'With --serve: the port; default any that is free')
    .option('--json', 'The result as JSON')
    .action(async (manifests: string[], flags: RawFlags) => {
      const { argv, cwd, signal } = surroundings
      refuseMixed(flags)
      const choice = await readProvider(surroundings)
      const options = await readPrepareOptions(manifests, flags, surroundings, choice)
      const world = await surroundings.ledgerWorld()
      if (flags.serve) {
        const { serveReview } = await import('../review-server/serve-review.js')
        const port = numberFlag(flags, 'port', { min: 0, max: 65_535 }) ?? 0
        const { undecided } = await serveReview({ ...options, port }, world, {
          signal,
          onListening: (url) => {
            terminal.print(url)
            terminal.note('Open it in a browser. Ctrl-C ends it.')
          },
        })
        for (const one of undecided)
          terminal.note(`Not decided, since a run was going on: ${oneLine(JSON.stringify(one))}`)
        return
      }
      const { review } = await import('../commands/review.js')
      const out = resolve(cwd, textFlag(argv, 'out') ?? 'review.html')
      const report = await review({ ...options, out, embed: flags.embed === true }, world)
      if (flags.json) return terminal.json(report)
      terminal.print(describe(report))
    })
}

/** A page is written or served: flags of the one mean nothing to the other. */
function refuseMixed(flags: RawFlags): void {
  const served = flags.serve === true
  const odd = (served ? ['out', 'embed', 'json'] : ['port']).find((name) => flags[name] !== undefined)
  if (odd === undefined) return
  throw new RunnerError('usage', `Cannot use --${odd} ${served ? 'with' : 'without'} --serve`, {
    hint: 'A page is written to --out, or served at --port. See shotlock review --help.',
  })
}

function describe({ file, sizeBytes, shots, takes, missing }: ReviewReport): string[] {
  const size = `${formatNumber(Math.ceil(sizeBytes / 1024))} KB`
  return [
    `Written: ${file} (${count(shots, 'shot')}, ${count(takes, 'take')}, ${size})`,
    ...(missing === 0
      ? []
      : [
          `${count(missing, 'video')} of them not on this machine: shotlock run fetches what the provider still has`,
        ]),
    'To pick, approve and reject in the browser: shotlock review --serve',
  ]
}
