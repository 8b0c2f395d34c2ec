// Loaded before a measured Node program (node --require): when it ends, it says what the process took, as the system
// counted it. The program itself knows nothing of being measured.
const { readFileSync, writeFileSync } = require('node:fs')

const file = process.env.BENCH_USAGE_FILE
// Not for processes that the program starts in its turn.
delete process.env.BENCH_USAGE_FILE
if (file !== undefined) process.on('exit', () => writeFileSync(file, JSON.stringify(usage())))

function usage() {
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage()
  return { peakMb: maxRSS / 1024, cpuMs: (userCPUTime + systemCPUTime) / 1000, writtenMb: writtenMb() }
}

/** What the process handed to the system to write, files and sockets alike; Linux tells, others do not. */
function writtenMb() {
  try {
    return Number(/^wchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]) / 1024 ** 2
  } catch {
    return undefined
  }
}
