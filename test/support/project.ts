import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { onTestFinished } from 'vitest'

const bin = resolve('dist/bin.js')

export interface CommandResult {
  status: number | null
  stdout: string
  stderr: string
}

export interface RunningCommand {
  process: ChildProcess
  done: Promise<CommandResult>
  /** Resolves with what was found when stdout and stderr together hold such a text. */
  sees(pattern: RegExp): Promise<RegExpExecArray>
}

/** A folder of its own with files in it, removed after the test. */
export interface Project {
  folder: string
  path(name: string): string
  write(name: string, content: string | Uint8Array): void
  read(name: string): string
  /** Runs the built binary here; the environment has no keys but those given. */
  shotlock(args: readonly string[], options?: CommandOptions): Promise<CommandResult>
  start(args: readonly string[], options?: CommandOptions): RunningCommand
}

export interface CommandOptions {
  env?: Record<string, string>
}

/** Makes a project of the given files, under git so that its root is certain. */
export function createProject(files: Record<string, string | Uint8Array> = {}): Project {
  const folder = mkdtempSync(join(tmpdir(), 'shotlock-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  execFileSync('git', ['init', '-q', folder])
  const path = (name: string) => join(folder, name)
  const project: Project = {
    folder,
    path,
    write(name, content) {
      mkdirSync(dirname(path(name)), { recursive: true })
      writeFileSync(path(name), content)
    },
    read: (name) => readFileSync(path(name), 'utf8'),
    shotlock: (args, options) => project.start(args, options).done,
    start: (args, options = {}) => startCommand(folder, args, options),
  }
  for (const [name, content] of Object.entries(files)) project.write(name, content)
  return project
}

function startCommand(cwd: string, args: readonly string[], { env = {} }: CommandOptions): RunningCommand {
  const { PATH = '' } = process.env
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    // A price file of whoever runs the tests has no say in them.
    env: { PATH, HOME: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let stdout = ''
  let stderr = ''
  const watchers = new Set<() => void>()
  const wake = () => {
    for (const watcher of watchers) watcher()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    wake()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    wake()
  })
  const done = new Promise<CommandResult>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => {
      resolve({ status, stdout, stderr })
      wake()
    })
  })
  return {
    process: child,
    done,
    sees: (pattern) =>
      new Promise((resolve, reject) => {
        const watcher = () => {
          const seen = pattern.exec(stdout + stderr)
          if (!seen && child.exitCode === null) return
          watchers.delete(watcher)
          if (seen) resolve(seen)
          else reject(new Error(`${pattern} never came; stdout: ${stdout} stderr: ${stderr}`))
        }
        watchers.add(watcher)
        watcher()
      }),
  }
}
