// Loaded before a program (`node --require`): writes to BENCH_HEAP_FILE what was in memory when it was most, by who
// asked for it. The flag --heap-prof tells of the end only, when nearly everything has been let go.
const { writeFileSync } = require('node:fs')
const { Session } = require('node:inspector')
const { isMainThread, Worker } = require('node:worker_threads')

const everyMs = 1000
const sampledBytes = 128 * 1024

if (isMainThread) new Worker(__filename, { execArgv: [], stdin: false }).unref()
else watch()

/** Looks into the main thread from another, since the main thread may not come to a timer for seconds. */
function watch() {
  const session = new Session()
  session.connectToMainThread()
  let most = 0
  let asking = false
  session.post('HeapProfiler.startSampling', { samplingInterval: sampledBytes })
  // Waiting for an answer alone would not keep this thread alive.
  setInterval(look, everyMs)

  function look() {
    if (asking) return
    asking = true
    // Collects what is garbage before it answers.
    session.post('HeapProfiler.getSamplingProfile', (error, result) => {
      asking = false
      if (error) return
      const bytes = sizeOf(result.profile.head)
      if (bytes > most) {
        most = bytes
        writeFileSync(process.env.BENCH_HEAP_FILE, JSON.stringify(result.profile))
      }
    })
  }
}

function sizeOf({ selfSize, children }) {
  return children.reduce((sum, child) => sum + sizeOf(child), selfSize)
}
