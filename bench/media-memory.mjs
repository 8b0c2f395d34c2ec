// How much memory a run takes whose shots share large local images: 1,000 shots, 20 images of 8 MB.
//
//   node scripts/build.mjs --no-types && node bench/media-memory.mjs [--shots N] [--images N] [--limit MB] [--prompt TEXT]
//
// The images are noise, in a project of its own in the folder for temporary files. A server in this process takes the
// creates and answers each with a task id; the run is a process of its own, so that its memory is its own.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { encode } from 'fast-png'

const { values } = parseArgs({
  options: {
    shots: { type: 'string', default: '1000' },
    images: { type: 'string', default: '20' },
    limit: { type: 'string', default: '256' },
    prompt: { type: 'string', default: '狐狸在雪地里奔跑' },
    constant: { type: 'string', default: '250' },
  },
})
const shots = Number(values.shots)
const images = Number(values.images)
const limitMb = Number(values.limit)
/** What a run takes besides: the runtime, and garbage that is not collected yet. */
const constantMb = Number(values.constant)
const mebibyte = 1024 * 1024
/** 3 bytes a pixel, so that noise of this side comes to 8 MB. */
const side = 1672

const bin = resolve(import.meta.dirname, '../dist/bin.js')
if (!existsSync(bin)) throw new Error('There is no dist/bin.js: run node scripts/build.mjs --no-types first')

const folder = mkdtempSync(join(tmpdir(), 'shotlock-bench-'))
const server = createServer(answer)
let creates = 0
let receivedBytes = 0
try {
  writeProject()
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  const startedAt = performance.now()
  const { status, peakBytes, stderr } = await run(`http://127.0.0.1:${server.address().port}/api/v3`)
  const seconds = (performance.now() - startedAt) / 1000
  if (peakBytes === 0)
    throw new Error('This system does not tell how much memory a process had: run it on Linux')
  const peakMb = peakBytes / mebibyte
  const isWithin = peakMb <= limitMb + constantMb
  console.log(`shots           ${shots}, sharing ${images} images of 8 MB`)
  console.log(
    `sent            ${creates} creates, ${(receivedBytes / 1e9).toFixed(1)} GB in ${seconds.toFixed(0)} s`,
  )
  console.log(`limit           ${limitMb} MB (--media-memory), and a constant of ${constantMb} MB`)
  console.log(
    `peak of the run ${peakMb.toFixed(0)} MB: ${isWithin ? 'within' : 'NOT within'} limit and constant`,
  )
  if (status !== 0 && status !== 4) throw new Error(`The run ended with ${status}: ${stderr}`)
  if (creates !== shots) throw new Error(`${creates} creates arrived, not ${shots}`)
  if (!isWithin) process.exitCode = 1
} finally {
  server.close()
  server.closeAllConnections()
  rmSync(folder, { recursive: true, force: true })
}

function writeProject() {
  mkdirSync(join(folder, 'manifests', 'refs'), { recursive: true })
  mkdirSync(join(folder, '.git'))
  for (let image = 0; image < images; image++) {
    const data = randomBytes(side * side * 3)
    const png = encode({ width: side, height: side, channels: 3, data }, { zlib: { level: 0 } })
    writeFileSync(join(folder, 'manifests', 'refs', `${image}.png`), png)
  }
  const lines = ['version: 1', 'defaults: { model: doubao-seedance-1-5-pro-251215, duration: 4 }', 'shots:']
  for (let shot = 0; shot < shots; shot++) {
    lines.push(
      `  shot-${shot}: { prompt: ${JSON.stringify(values.prompt)}, image: refs/${shot % images}.png }`,
    )
  }
  writeFileSync(join(folder, 'manifests', 'bench.yaml'), `${lines.join('\n')}\n`)
}

async function run(baseUrl) {
  const args = ['run', '--base-url', baseUrl, '--yes', '--no-wait', '--rpm', '1000000', '--json']
  const child = spawn(process.execPath, [bin, ...args, '--media-memory', String(limitMb)], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, SHOTLOCK_API_KEY: 'bench' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  let peakBytes = 0
  const look = setInterval(() => {
    peakBytes = Math.max(peakBytes, highWaterMark(child.pid))
  }, 50)
  const status = await new Promise((done) => child.on('close', done))
  clearInterval(look)
  return { status, peakBytes, stderr }
}

/** The most memory that a process ever had, as Linux counts it. */
function highWaterMark(pid) {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes ?? 0) * 1024
  } catch {
    return 0
  }
}

function answer(request, response) {
  const reply = (body) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(body))
  }
  if (request.method !== 'POST') return reply({ items: [], total: 0 })
  request.on('data', (chunk) => {
    receivedBytes += chunk.length
  })
  request.on('end', () => reply({ id: `cgt-20260108111352-${String(++creates).padStart(5, '0')}` }))
}
