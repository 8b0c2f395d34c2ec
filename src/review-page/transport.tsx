import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Words } from './words.js'

/** Films may be apart by so much before they are put in step again, in seconds. */
const slackSeconds = 0.12
const speeds = [0.25, 0.5, 1, 2]

interface TransportProps {
  /** Holds the films. */
  stage: RefObject<HTMLElement>
  text: Words
  /** How many films there are: others need to be looked for when it changes. */
  count: number
}

/** One set of controls for all films of a shot. The longest sets the time; those that end before it wait on their last frame. */
export function Transport({ stage, text, count }: TransportProps) {
  const [isPlaying, setPlaying] = useState(false)
  const [time, setTime] = useState(0)
  const [length, setLength] = useState(0)
  const [speed, setSpeed] = useState(1)
  const [loops, setLoops] = useState(true)
  const [isMuted, setMuted] = useState(true)
  const films = () => [...(stage.current?.querySelectorAll<HTMLVideoElement>('video.film') ?? [])]

  useEffect(() => {
    const measure = () => setLength(Math.max(0, ...films().map(lengthOf)))
    const all = films()
    for (const film of all) film.addEventListener('loadedmetadata', measure)
    measure()
    return () => {
      for (const film of all) film.removeEventListener('loadedmetadata', measure)
    }
  }, [count])

  useEffect(() => {
    for (const film of films()) {
      film.playbackRate = speed
      film.muted = isMuted
    }
  }, [speed, isMuted, count])

  useEffect(() => {
    if (!isPlaying) {
      for (const film of films()) film.pause()
      return
    }
    let frame = 0
    const follow = () => {
      const all = films()
      const lead = all.reduce(
        (longest, film) => (lengthOf(film) > lengthOf(longest) ? film : longest),
        all[0]!,
      )
      if (lead.ended) {
        if (!loops) return setPlaying(false)
        seek(all, 0)
      }
      for (const film of all) keepInStep(film, lead)
      setTime(lead.currentTime)
      frame = requestAnimationFrame(follow)
    }
    frame = requestAnimationFrame(follow)
    return () => cancelAnimationFrame(frame)
  }, [isPlaying, loops, count])

  return (
    <div class="transport">
      <button type="button" aria-pressed={isPlaying} onClick={() => setPlaying(!isPlaying)}>
        {isPlaying ? text.pause : text.play}
      </button>
      <button
        type="button"
        onClick={() => {
          seek(films(), 0)
          setTime(0)
        }}
      >
        {text.restart}
      </button>
      <input
        type="range"
        aria-label={text.position}
        min={0}
        max={length || 1}
        step={0.01}
        value={time}
        onInput={(event) => {
          const to = event.currentTarget.valueAsNumber
          seek(films(), to)
          setTime(to)
        }}
      />
      <output>
        {time.toFixed(1)} / {length.toFixed(1)} s
      </output>
      <label>
        <span>{text.speed}</span>
        <select value={speed} onChange={(event) => setSpeed(Number(event.currentTarget.value))}>
          {speeds.map((one) => (
            <option key={one} value={one}>
              {one}×
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input type="checkbox" checked={loops} onChange={(event) => setLoops(event.currentTarget.checked)} />
        {text.loop}
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={isMuted}
          onChange={(event) => setMuted(event.currentTarget.checked)}
        />
        {text.mute}
      </label>
    </div>
  )
}

function lengthOf({ duration }: HTMLVideoElement): number {
  return Number.isFinite(duration) ? duration : 0
}

function seek(films: readonly HTMLVideoElement[], to: number): void {
  for (const film of films) film.currentTime = Math.min(to, lengthOf(film))
}

function keepInStep(film: HTMLVideoElement, lead: HTMLVideoElement): void {
  const target = Math.min(lead.currentTime, lengthOf(film))
  if (film !== lead && Math.abs(film.currentTime - target) > slackSeconds) film.currentTime = target
  // A film that is at its end would begin anew.
  if (film.paused && !film.ended && film.currentTime < lengthOf(film)) void film.play().catch(() => undefined)
}
