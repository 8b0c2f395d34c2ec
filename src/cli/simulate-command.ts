import type { CAC } from 'cac'
import { RunnerError } from '../core/errors.js'
import type { ModelProfile } from '../core/models.js'
import type { CommandContext } from './command-context.js'
import { numberFlag, type RawFlags, textFlag, textFlags } from './flags.js'

const rate = { min: 0, max: 1, whole: false }
const many = { min: 1, max: 10_000_000 }

/** Adds `simulate`: the API on this machine, until it is interrupted. */
export function addSimulateCommand(
  program: CAC,
  { surroundings, terminal, setStatus }: CommandContext,
): void {
  program
    .command('simulate', 'Serve the video API on this machine, with faults on demand')
    .option('--port <n>', 'Port to listen on (default: any free one)')
    .option('--host <host>', 'Address to listen on (default: 127.0.0.1)')
    .option('--allow-remote', 'Allow an address that other machines reach')
    .option('--folder <path>', 'Keep tasks, log and files there (default: in memory)')
    .option('--key <key>', 'Take this API key only (default: any)')
    .option('--live-tasks <n>', 'Tasks of a model that run at once (default: 10)')
    .option('--rpm <n>', 'Creates of a model in a minute (default: 600)')
    .option('--queue-limit <n>', 'Tasks that may wait')
    .option('--task-seconds <range>', 'How long a task runs, such as 2 or 1.5-4')
    .option('--endpoint <ep-id=model>', 'The model behind an endpoint id; may be repeated (default: 1.5 pro)')
    .option('--latency <ms>', 'Delay of every answer')
    .option('--throttle <rate>', 'Share of creates answered 429, such as 0.1')
    .option('--retry-after <s>', 'Seconds in the Retry-After of these answers (default: no such header)')
    .option('--error-before <rate>', 'Share of creates answered 500 without a task')
    .option('--error-after <rate>', 'Share of creates that are accepted and answered 500')
    .option('--drop-before <rate>', 'Share of creates whose connection closes before they are read')
    .option('--drop-answer <rate>', 'Share of creates that are accepted and get no answer')
    .option('--cut-body <rate>', 'Share of creates that are accepted and get half an answer')
    .option('--html-gateway <rate>', "Share of creates that are accepted and get a gateway's HTML")
    .option('--poll-errors <rate>', 'Share of looks at tasks answered 500')
    .option('--download-cut <rate>', 'Share of downloads that break off')
    .option('--no-list', 'Answer LIST with 404, as many relays do')
    .option('--url-lifetime <s>', 'Seconds that a result can be fetched with one URL (default: 86400)')
    .option('--fault-seed <n>', 'Seed of the dice for the shares above')
    .action(async (flags: RawFlags) => {
      const { simulate } = await import('../commands/simulate.js')
      const { findModel } = await import('../core/models.js')
      const { argv, signal } = surroundings
      const share = (name: string) => numberFlag(flags, name, rate) ?? 0
      const simulator = await simulate({
        port: numberFlag(flags, 'port', { min: 0, max: 65_535 }),
        host: textFlag(argv, 'host'),
        allowRemote: flags.allowRemote === true,
        folder: textFlag(argv, 'folder'),
        key: textFlag(argv, 'key'),
        liveTasks: numberFlag(flags, 'live-tasks', many),
        rpm: numberFlag(flags, 'rpm', many),
        queueLimit: numberFlag(flags, 'queue-limit', { ...many, min: 0 }),
        taskSeconds: readRange(textFlag(argv, 'task-seconds')),
        endpoints: new Map(textFlags(argv, 'endpoint').map((text) => readEndpoint(text, findModel))),
        urlLifetimeS: numberFlag(flags, 'url-lifetime', many),
        faultSeed: numberFlag(flags, 'fault-seed', { min: 0, max: 2 ** 32 - 1 }),
        faults: {
          latencyMs: numberFlag(flags, 'latency', { min: 0, max: 600_000 }) ?? 0,
          throttle: share('throttle'),
          retryAfterS: numberFlag(flags, 'retry-after', { min: 0, max: 3600 }) ?? null,
          errorBefore: share('error-before'),
          errorAfter: share('error-after'),
          dropBefore: share('drop-before'),
          dropAnswer: share('drop-answer'),
          cutBody: share('cut-body'),
          htmlGateway: share('html-gateway'),
          pollErrors: share('poll-errors'),
          downloadCut: share('download-cut'),
          noList: flags.list === false,
        },
      })
      terminal.print(simulator.baseUrl)
      terminal.note(`Use it with: shotlock run --provider simulator --base-url ${simulator.baseUrl}`)
      if (!signal.aborted)
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
      await simulator.close()
      setStatus(0)
    })
}

/** @throws RunnerError `usage` */
function readEndpoint(
  text: string,
  findModel: (id: string) => ModelProfile | undefined,
): [id: string, model: string] {
  const [, id, model] = /^(ep-[^=]+)=(.+)$/.exec(text) ?? []
  if (id !== undefined && model !== undefined && findModel(model)) return [id, model]
  throw new RunnerError(
    'usage',
    `Cannot use --endpoint ${text}: it reads ep-ID=MODEL, with a model that is known`,
    {
      hint: 'See the models with: shotlock models.',
    },
  )
}

function readRange(text: string | undefined): { min: number; max: number } | undefined {
  if (text === undefined) return undefined
  const [, low, high = low] = /^(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?$/.exec(text) ?? []
  if (low === undefined || Number(high) < Number(low)) {
    throw new RunnerError('usage', `Cannot use --task-seconds ${text}: it must read like 2 or 1.5-4`, {
      hint: 'See shotlock simulate --help.',
    })
  }
  return { min: Number(low), max: Number(high) }
}
