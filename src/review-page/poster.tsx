import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { filmStart, posterOf, wishForPoster } from './posters.js'

/** A card that goes by in less was not looked at, and its film is not loaded. */
const restMs = 120

interface PosterProps {
  /** Where the film is. */
  href: string
  isPlaying: boolean
}

/** The first frame of a film, and the film itself over it while it plays. */
export function Poster({ href, isPlaying }: PosterProps) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [poster, setPoster] = useState(() => posterOf(href))

  useEffect(() => {
    const known = posterOf(href)
    setPoster(known)
    if (known) return
    let takeBack = () => {}
    const timer = setTimeout(() => {
      takeBack = wishForPoster(href, setPoster)
    }, restMs)
    return () => {
      clearTimeout(timer)
      takeBack()
    }
  }, [href])

  useLayoutEffect(() => {
    if (!poster || !canvas.current) return
    canvas.current.width = poster.width
    canvas.current.height = poster.height
    canvas.current.getContext('2d')?.drawImage(poster, 0, 0)
  }, [poster])

  return (
    <>
      {poster && <canvas ref={canvas} class="poster" />}
      {isPlaying && (
        <video
          class="poster"
          src={filmStart(href)}
          muted
          loop
          playsInline
          autoPlay
          preload="auto"
          tabIndex={-1}
        />
      )}
    </>
  )
}
