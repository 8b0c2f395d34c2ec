import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'
import { parse } from 'yaml'

/** A step of `action.yml` as it is written there. */
export interface Step {
  name: string
  id?: string
  if?: string
  shell?: string
  run?: string
  uses?: string
  with?: Record<string, string>
  env?: Record<string, string>
}

export interface ActionFile {
  inputs: Record<string, { description: string; default?: string }>
  outputs: Record<string, { description: string; value: string }>
  runs: { using: string; steps: Step[] }
}

export const actionFile: ActionFile = parse(readFileSync('action.yml', 'utf8'))

/** What became of a step: its exit status, or why there is none. */
export interface StepResult {
  step: Step
  status: number | null | 'skipped' | 'used'
  log: string
  outputs: Record<string, string>
  /** For `uses`: its inputs, worked out. */
  with: Record<string, string>
}

export interface ActionRun {
  /** Whether no step failed. */
  succeeded: boolean
  outputs: Record<string, string>
  /** What all steps added to the summary. */
  summary: string
  /** By id, else by name. */
  step(name: string): StepResult
  log: string
}

export interface ActionOptions {
  workspace: string
  inputs?: Record<string, string>
  /** Variables of the runner, such as `GITHUB_REF`, and those that the workflow gives to the step. */
  env: Record<string, string>
  event?: object
  /** Outputs of steps that are not run, by their ids. */
  given?: Record<string, Record<string, string>>
  /** Called before a step, by its id. */
  before?: Record<string, () => unknown>
  /** Called while a step's process runs, by its id; `cancel` does what GitHub does when the job is cancelled. */
  during?: Record<string, (step: { sees(pattern: RegExp): Promise<void>; cancel(): void }) => Promise<void>>
}

/**
 * Runs the steps of `action.yml` as GitHub's runner does: conditions, expressions, a bash each, files for outputs and
 * summaries, and signals to the first process alone. Of other actions the inputs are kept, and nothing is done.
 */
export async function runAction(options: ActionOptions): Promise<ActionRun> {
  const temp = mkdtempSync(join(tmpdir(), 'shotlock-runner-'))
  onTestFinished(() => rmSync(temp, { recursive: true, force: true, maxRetries: 5 }))
  const results = new Map<string, StepResult>()
  const job = { failed: false, cancelled: false }
  const inputs = Object.fromEntries(
    Object.entries(actionFile.inputs).map(([name, { default: value = '' }]) => [name, value]),
  )
  Object.assign(inputs, options.inputs)
  const github: Record<string, string> = {
    token: 'the-token',
    ref: options.env.GITHUB_REF ?? '',
    run_id: '7',
    run_attempt: '1',
  }
  const valueAt = (path: string): string => {
    const [context, first = '', , last = ''] = path.split('.')
    if (context === 'inputs') return inputs[first] ?? fault(path)
    if (context === 'github') return github[first] ?? fault(path)
    return results.get(first)?.outputs[last] ?? ''
  }
  const filled = (text: string): string =>
    text.replace(/\$\{\{\s*([\w.-]+)\s*\}\}/g, (_, path: string) => filled(valueAt(path)))
  const holds = (condition = 'success()'): boolean => {
    const expression = /^\$\{\{(.*)\}\}$/s.exec(condition)?.[1] ?? condition
    const code = expression
      .replace(/\b(inputs|github|steps)\.[\w.-]+/g, (path) => JSON.stringify(filled(valueAt(path))))
      .replace(/\b(always|success|cancelled|failure)\(\)/g, (_, name: string) => {
        if (name === 'always') return 'true'
        if (name === 'cancelled') return String(job.cancelled)
        return String(name === 'failure' ? job.failed : !job.failed && !job.cancelled)
      })
    const isBare = !/\b(always|success|cancelled|failure)\(\)/.test(expression)
    return (!isBare || (!job.failed && !job.cancelled)) && Boolean(new Function(`return (${code})`)())
  }

  for (const [index, step] of actionFile.runs.steps.entries()) {
    const key = step.id ?? step.name
    const result: StepResult = { step, status: 'skipped', log: '', outputs: {}, with: {} }
    results.set(key, result)
    const given = options.given?.[key]
    if (given) Object.assign(result, { status: 0, outputs: given })
    if (given || !holds(step.if)) continue
    await options.before?.[key]?.()
    if (step.uses !== undefined) {
      result.status = 'used'
      result.with = mapValues(step.with ?? {}, filled)
      continue
    }
    const folder = join(temp, `step-${index}`)
    mkdirSync(folder)
    const files = { script: join(folder, 'script.sh'), output: join(folder, 'output') }
    writeFileSync(files.script, step.run!)
    const event = join(temp, 'event.json')
    writeFileSync(event, JSON.stringify(options.event ?? {}))
    const { PATH = '' } = process.env
    const env = {
      ...{ PATH, HOME: temp, RUNNER_TEMP: temp, CI: 'true', GITHUB_ACTIONS: 'true', PUSH_WAIT_MS: '1' },
      GITHUB_ACTION_PATH: resolve('.'),
      GITHUB_WORKSPACE: options.workspace,
      GITHUB_EVENT_PATH: event,
      GITHUB_OUTPUT: files.output,
      GITHUB_STEP_SUMMARY: join(temp, `summary-${String(index).padStart(2, '0')}.md`),
      ...options.env,
      ...mapValues(step.env ?? {}, filled),
    }
    const args = ['--noprofile', '--norc', '-eo', 'pipefail', files.script]
    const child = spawn('bash', args, { cwd: options.workspace, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const during = options.during?.[key]
    const { status, log } = await watch(child, async (sees) => {
      const cancel = () => {
        job.cancelled = true
        child.kill('SIGINT')
      }
      await during?.({ sees, cancel })
    })
    result.status = status
    result.log = log
    result.outputs = outputsIn(files.output)
    if (status !== 0) job.failed = true
  }
  const summary = actionFile.runs.steps
    .map((_, index) => join(temp, `summary-${String(index).padStart(2, '0')}.md`))
    .map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : ''))
    .join('')
  return {
    succeeded: !job.failed && !job.cancelled,
    outputs: mapValues(
      Object.fromEntries(Object.entries(actionFile.outputs).map(([name, { value }]) => [name, value])),
      filled,
    ),
    summary,
    step: (name) => results.get(name)!,
    log: [...results.values()].map(({ log }) => log).join('\n'),
  }
}

function fault(path: string): never {
  throw new Error(`there is no ${path}`)
}

function mapValues(
  values: Record<string, string>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(String(value))]))
}

async function watch(
  child: ChildProcess,
  during: (sees: (pattern: RegExp) => Promise<void>) => Promise<void>,
): Promise<{ status: number | null; log: string }> {
  onTestFinished(() => void child.kill('SIGKILL'))
  let log = ''
  const watchers = new Set<() => void>()
  const wake = () => {
    for (const watcher of watchers) watcher()
  }
  for (const stream of [child.stdout!, child.stderr!])
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text
      wake()
    })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => {
      resolve(status)
      wake()
    })
  })
  const sees = (pattern: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (pattern.test(log)) resolve()
        else if (child.exitCode !== null) reject(new Error(`${pattern} never came: ${log}`))
        else return
        watchers.delete(look)
      }
      watchers.add(look)
      look()
    })
  await during(sees)
  return { status: await ended, log }
}

/** Outputs as GitHub reads them: `name=value`, or a block between delimiters. */
function outputsIn(file: string): Record<string, string> {
  if (!existsSync(file)) return {}
  const text = readFileSync(file, 'utf8')
  const outputs: Record<string, string> = {}
  for (const [, name, , value] of text.matchAll(/^([\w-]+)<<(\S+)\n([\s\S]*?)\n\2$/gm))
    outputs[name!] = value!
  return outputs
}
