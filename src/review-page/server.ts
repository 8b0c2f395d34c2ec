import { useCallback, useEffect, useState } from 'preact/hooks'
import type {
  Decision,
  DecisionAnswer,
  Review,
  ReviewEvent,
  ReviewManifest,
  ReviewShot,
} from '../core/review.js'
import type { Decide } from './app.js'
import { shotKey } from './view.js'

export interface Served {
  review: Review
  decide: Decide
  /** The last thing that the server said, for a live region. */
  notice: string
  /** Keys of shots with a decision that waits for a run. */
  waiting: ReadonlySet<string>
  isConnected: boolean
}

/** A review that follows the server, where the page comes from one. */
export function useServer(first: Review): Served {
  const [review, setReview] = useState(first)
  const [notice, setNotice] = useState('')
  const [waiting, setWaiting] = useState<ReadonlySet<string>>(new Set())
  const [isConnected, setConnected] = useState(true)

  const take = useCallback((decision: Decision, answer: DecisionAnswer) => {
    const key = keyOf(decision)
    setWaiting((before) => {
      const after = new Set(before)
      if (answer.kind === 'waiting') after.add(key)
      else after.delete(key)
      return after
    })
    if (answer.kind === 'decided') {
      setReview((before) => withShots(before, answer.manifest, answer.shots))
      setNotice(`✓ ${key}`)
    } else if (answer.kind === 'waiting') setNotice(`… ${key}`)
    else setNotice([answer.message, answer.hint].filter(Boolean).join('. '))
  }, [])

  useEffect(() => {
    if (first.mode !== 'server') return
    const events = new EventSource('events')
    events.onopen = () => setConnected(true)
    events.onerror = () => setConnected(false)
    events.onmessage = ({ data }: MessageEvent<string>) => {
      const event = JSON.parse(data) as ReviewEvent
      switch (event.type) {
        case 'shots':
          return setReview((before) => withShots(before, event.manifest, event.shots, event.running))
        case 'manifest':
          return setReview((before) => withManifest(before, event.manifest))
        case 'manifests':
          return setReview((before) => withOnly(before, event.names))
        case 'decision':
          return take(event.decision, event.answer)
        case 'trouble':
          return setNotice([event.message, event.hint].filter(Boolean).join('. '))
        case 'sound':
          return setNotice('')
      }
    }
    return () => events.close()
  }, [first, take])

  const decide = useCallback<Decide>(
    (decision) => {
      void post(decision).then((answer) => take(decision, answer))
    },
    [take],
  )
  return { review, decide, notice, waiting, isConnected }
}

async function post(decision: Decision): Promise<DecisionAnswer> {
  try {
    const response = await fetch('decisions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(decision),
    })
    return (await response.json()) as DecisionAnswer
  } catch (error) {
    return { kind: 'refused', code: 'unreachable', message: (error as Error).message }
  }
}

function keyOf(decision: Decision): string {
  const shot = 'shot' in decision ? decision.shot : decision.take.split('@')[0]!
  return shotKey(decision.manifest, shot)
}

/** The review with some shots as they are now; shots that it did not have come last. */
function withShots(
  review: Review,
  manifest: string,
  changed: readonly ReviewShot[],
  running?: boolean,
): Review {
  const now = new Map(changed.map((shot) => [shot.name, shot]))
  const manifests = review.manifests.map((one) => {
    if (one.name !== manifest) return one
    const shots = one.shots.map((shot) => {
      const found = now.get(shot.name)
      now.delete(shot.name)
      return found ?? shot
    })
    return { ...one, running: running ?? one.running, shots: [...shots, ...now.values()] }
  })
  return { ...review, manifests }
}

function withManifest(review: Review, manifest: ReviewManifest): Review {
  const isThere = review.manifests.some(({ name }) => name === manifest.name)
  const manifests = isThere
    ? review.manifests.map((one) => (one.name === manifest.name ? manifest : one))
    : [...review.manifests, manifest]
  return { ...review, manifests }
}

/** The review with only these manifests, in their order. */
function withOnly(review: Review, names: readonly string[]): Review {
  const manifests = names.flatMap((name) => review.manifests.find((one) => one.name === name) ?? [])
  return { ...review, manifests }
}
