import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const server = resolve('node_modules/yaml-language-server/bin/yaml-language-server')

/** What the server holds against a file; lines count from 1. */
export interface Diagnostic {
  line: number
  message: string
}

/** An entry of the list that comes up while typing. */
export interface Suggestion {
  label: string
  /** Hover text of the entry, in plain words or Markdown; empty where there is none. */
  documentation: string
  /** What is put in, as a snippet of LSP. */
  text: string
}

/** A file that is open in the editor; its places are offsets into the text, in UTF-16 units. */
export interface OpenFile {
  /** The first answer to opening it; the server sends one also when all is well. */
  diagnostics: Promise<Diagnostic[]>
  /** Markdown that pointing there shows; empty where there is none. */
  hover(offset: number): Promise<string>
  complete(offset: number): Promise<Suggestion[]>
}

export interface LanguageServer {
  /** Opens a file; it need not be on the disk. Each path may be opened once. */
  open(path: string, text: string): OpenFile
  stop(): Promise<void>
}

export interface LanguageServerOptions {
  /** Of the section `yaml`, over those that keep the server off the network. */
  settings?: Record<string, unknown>
}

interface Message {
  id?: number
  method?: string
  params?: unknown
  result?: unknown
  error?: { message: string }
}

/**
 * Starts yaml-language-server the way an editor does: over stdio, with the settings of a workspace.
 *
 * @param folder Absolute path of the workspace.
 */
export async function startLanguageServer(
  folder: string,
  { settings = {} }: LanguageServerOptions = {},
): Promise<LanguageServer> {
  const child = spawn(process.execPath, [server, '--stdio'], { cwd: folder, env: {} })
  const yaml = { schemaStore: { enable: false }, kubernetesCRDStore: { enable: false }, ...settings }
  const waiting = new Map<number, (message: Message) => void>()
  const checked = new Map<string, (found: Diagnostic[]) => void>()
  let lastId = 0
  let stopped = false
  let configured = () => {}
  const ready = new Promise<void>((resolve) => {
    configured = resolve
  })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const words: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => words.push(text))
  const died = ended.then(() => {
    if (!stopped) throw new Error(`The language server ended by itself: ${words.join('')}`)
  })
  // Whoever waits for an answer learns of it; nobody may be waiting.
  died.catch(() => {})

  const send = (message: Message) => write(child, message)
  const request = async (method: string, params: unknown) => {
    lastId += 1
    const id = lastId
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve))
    send({ id, method, params })
    const message = await Promise.race([answer, died.then(() => ({}) as Message)])
    if (message.error) throw new Error(`${method}: ${message.error.message}`)
    return message.result
  }
  readMessages(child, ({ id, method, params, result, error }) => {
    if (method === undefined) {
      waiting.get(id!)?.({ result, ...(error && { error }) })
      waiting.delete(id!)
    } else if (id !== undefined) {
      send({ id, result: reply(method, params, yaml) })
      if (method === 'workspace/configuration') configured()
    } else if (method === 'textDocument/publishDiagnostics') {
      const { uri, diagnostics } = params as { uri: string; diagnostics: WireDiagnostic[] }
      checked.get(uri)?.(diagnostics.map(({ range, message }) => ({ line: range.start.line + 1, message })))
    }
  })

  await request('initialize', {
    processId: null,
    rootUri: pathToFileURL(folder).href,
    workspaceFolders: [{ uri: pathToFileURL(folder).href, name: 'project' }],
    capabilities: {
      workspace: { configuration: true },
      textDocument: {
        hover: { contentFormat: ['markdown'] },
        completion: { completionItem: { snippetSupport: true, documentationFormat: ['markdown'] } },
      },
    },
  })
  send({ method: 'initialized', params: {} })
  // What it looked up before it has its settings, it would look up on the network.
  await Promise.race([ready, died])

  return {
    open(path, text) {
      const uri = pathToFileURL(path).href
      const diagnostics = Promise.race([
        new Promise<Diagnostic[]>((resolve) => checked.set(uri, resolve)),
        died.then(() => []),
      ])
      diagnostics.catch(() => {})
      send({
        method: 'textDocument/didOpen',
        params: { textDocument: { uri, languageId: 'yaml', version: 1, text } },
      })
      const ask = (method: string, offset: number) =>
        request(`textDocument/${method}`, { textDocument: { uri }, position: positionOf(text, offset) })
      return {
        diagnostics,
        async hover(offset) {
          const answer = (await ask('hover', offset)) as { contents: { value: string } } | null
          return answer?.contents.value ?? ''
        },
        async complete(offset) {
          const answer = (await ask('completion', offset)) as { items: WireCompletion[] } | null
          return (answer?.items ?? []).map(suggestionOf)
        },
      }
    },
    async stop() {
      await request('shutdown', null)
      stopped = true
      send({ method: 'exit' })
      child.stdin.end()
      await ended
    },
  }
}

interface WireDiagnostic {
  range: { start: { line: number } }
  message: string
}

interface WireCompletion {
  label: string
  documentation?: string | { value: string }
  insertText?: string
  textEdit?: { newText: string }
}

function suggestionOf({ label, documentation = '', insertText, textEdit }: WireCompletion): Suggestion {
  return {
    label,
    documentation: typeof documentation === 'string' ? documentation : documentation.value,
    text: textEdit?.newText ?? insertText ?? label,
  }
}

/** What an editor answers when the server asks. */
function reply(method: string, params: unknown, yaml: unknown): unknown {
  if (method !== 'workspace/configuration') return null
  const { items } = params as { items: { section: string }[] }
  return items.map(({ section }) => (section === 'yaml' ? yaml : {}))
}

/** A place as LSP counts: lines and UTF-16 units from 0. */
function positionOf(text: string, offset: number): { line: number; character: number } {
  const before = text.slice(0, offset)
  return { line: before.split('\n').length - 1, character: offset - (before.lastIndexOf('\n') + 1) }
}

function write({ stdin }: ChildProcessWithoutNullStreams, message: Message): void {
  const body = JSON.stringify({ jsonrpc: '2.0', ...message })
  stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
}

/** Takes messages out of the stream, wherever it is cut. Framing: LSP specification, "Base Protocol". */
function readMessages({ stdout }: ChildProcessWithoutNullStreams, handle: (message: Message) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  stdout.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const start = rest.indexOf('\r\n\r\n')
      if (start < 0) return
      const length = Number(/Content-Length: (\d+)/i.exec(rest.toString('latin1', 0, start))?.[1])
      const end = start + 4 + length
      if (rest.length < end) return
      const message: Message = JSON.parse(rest.toString('utf8', start + 4, end))
      rest = rest.subarray(end)
      handle(message)
    }
  })
}
