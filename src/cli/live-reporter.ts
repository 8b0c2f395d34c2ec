import type { WriteStream } from 'node:tty'
import { createLogUpdate } from 'log-update'
import { formatExact, formatMoney, formatNumber } from '../core/amount-words.js'
import { eventLine, type Reporter } from './reporter.js'
import { type RunProgress, trackProgress } from './run-progress.js'
import { formatDuration, type Palette, truncate, widthOf } from './text.js'

const redrawMs = 100
const recentEvents = 6
const plainPalette = Object.fromEntries(
  ['bold', 'dim', 'red', 'green', 'yellow', 'cyan'].map((name) => [name, (text: string) => text]),
) as unknown as Palette

/** One block at the bottom of a terminal that is drawn anew, however many shots there are. */
export function liveReporter(stream: WriteStream, palette: Palette): Reporter {
  const { see, progress } = trackProgress()
  const startedAt = Date.now()
  const recent: string[] = []
  let block = createLogUpdate(stream)
  let drawn: string[] = []
  const timer = setInterval(draw, redrawMs)
  timer.unref()
  stream.on('resize', onResize)

  function draw(): void {
    const width = Math.max(20, (stream.columns ?? 80) - 1)
    drawn = [progressLine(progress(), Date.now() - startedAt, width), ...recent].map((line) =>
      truncate(line, width),
    )
    block(drawn.map((line, index) => (index === 0 ? line : palette.dim(line))).join('\n'))
  }

  /** A narrower terminal folds the lines that stand there, so there are more of them to take back than were written. */
  function onResize(): void {
    const width = Math.max(1, stream.columns ?? 80)
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / width)), 0)
    if (rows > 0) stream.write(`\u001b[${rows}A\r\u001b[J`)
    block = createLogUpdate(stream)
    draw()
  }

  return {
    see(event) {
      see(event)
      const line = eventLine(event, plainPalette)
      if (line === undefined) return
      // What needs a person stays in the scroll-back; the rest passes by.
      const stays =
        event.type === 'stopping' ||
        (event.type === 'outcome' && ['failed', 'unknown'].includes(event.outcome.kind))
      if (stays) block.persist(eventLine(event, palette)!)
      else if (recent.push(line) > recentEvents) recent.shift()
    },
    close() {
      clearInterval(timer)
      stream.off('resize', onResize)
      block.clear()
      block.done()
    },
  }
}

/** ` ████░░░░  24/31   2m10s, about 40s left   live 3   queued 0   failed 1`: what matters most comes first. */
export function progressLine(progress: RunProgress, elapsedMs: number, width: number): string {
  const { total, finished, failed, live, queued, fetching, tokens, spent, prices } = progress
  const barColumns = width < 100 ? 12 : 24
  const full = Math.round((total === 0 ? 1 : finished / total) * barColumns)
  const bar = '█'.repeat(full) + '░'.repeat(barColumns - full)
  const parts = [`${formatNumber(finished)}/${formatNumber(total)}`, timing(finished, total, elapsedMs)]
  for (const { currency, max } of prices) {
    const micros = spent.find((one) => one.currency === currency)?.micros ?? 0
    const most = formatMoney({ currency, amount: max }).slice(currency.length + 1)
    parts.push(`${formatExact({ currency, micros })} of ${most}`)
  }
  if (failed > 0) parts.push(`failed ${formatNumber(failed)}`)
  parts.push(`live ${live}`, `queued ${queued}`)
  if (fetching > 0) parts.push(`fetching ${fetching}`)
  if (tokens > 0) parts.push(`${formatNumber(tokens)} tokens`)
  return ` ${bar}  ${parts.join('   ')}`
}

function timing(finished: number, total: number, elapsedMs: number): string {
  const elapsed = formatDuration(elapsedMs)
  if (finished < 3 || finished === total) return elapsed
  const perMinute = finished / (elapsedMs / 60_000)
  const leftMs = (total - finished) * (elapsedMs / finished)
  return `${elapsed}, ${perMinute < 10 ? perMinute.toFixed(1) : Math.round(perMinute)}/min, about ${formatDuration(leftMs)} left`
}
