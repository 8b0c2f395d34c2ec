import { setTimeout as sleep } from 'node:timers/promises'

export interface Callbacks {
  /** Sends a body once all earlier ones for the same task are through. */
  send(id: string, url: string, body: unknown): void
  /** Gives up on everything that is under way. */
  close(): void
}

/** How long the receiver may take, and how often it is asked again. Source: reference section 8. */
const answerTimeoutMs = 5000
const moreTries = 3

/**
 * Posts status changes to the addresses that tasks name. Only to this machine: a rehearsal reaches nobody else.
 *
 * @param retryMs Pause before each further try.
 */
export function createCallbacks(retryMs: number): Callbacks {
  const closed = new AbortController()
  const tails = new Map<string, Promise<void>>()
  return {
    send(id, url, body) {
      if (!isLoopback(new URL(url).hostname)) return
      const before = tails.get(id) ?? Promise.resolve()
      const tail = before
        .then(() => deliver(url, JSON.stringify(body), retryMs, closed.signal))
        .finally(() => {
          if (tails.get(id) === tail) tails.delete(id)
        })
      tails.set(id, tail)
    },
    close: () => closed.abort(),
  }
}

/** Whether a host name means this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host)
}

async function deliver(url: string, body: string, retryMs: number, signal: AbortSignal): Promise<void> {
  for (let tries = 0; tries <= moreTries && !signal.aborted; tries++) {
    if (tries > 0) await sleep(retryMs, undefined, { signal, ref: false }).catch(() => {})
    if (await post(url, body, signal)) return
  }
}

async function post(url: string, body: string, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body,
      // A redirect could lead off this machine.
      redirect: 'error',
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerTimeoutMs)]),
    })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}
