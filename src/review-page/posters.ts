/** Pixels of a poster's longer side at most: a card is 250 to 500 wide. */
const longestSide = 480
/** Decoders that work at once. Each takes a thread of the browser's and some megabytes. */
const atOnce = 2
/** Posters that are kept, the ones looked at last: at 480 x 270 they take half a megabyte each. */
const kept = 240
/** A film that shows nothing by then is left to itself, such as where a browser loads none before somebody touches it. */
const patienceMs = 8000

interface Wish {
  href: string
  /** Gets the picture; `undefined` when there is none to be had. */
  give: (poster: HTMLCanvasElement | undefined) => void
}

const drawn = new Map<string, HTMLCanvasElement>()
const wishes: Wish[] = []
let working = 0

/** The first frame of a film, where it was drawn already. */
export function posterOf(href: string): HTMLCanvasElement | undefined {
  const poster = drawn.get(href)
  if (!poster) return undefined
  // What was asked for last is dropped last.
  drawn.delete(href)
  drawn.set(href, poster)
  return poster
}

/**
 * Has the browser draw the first frame of a film, after those that were wished for before. A page with a film in each
 * card would load and decode them all; one picture each costs nothing once it is drawn.
 *
 * @returns Takes the wish back.
 */
export function wishForPoster(href: string, give: Wish['give']): () => void {
  const wish = { href, give }
  wishes.push(wish)
  work()
  return () => {
    const at = wishes.indexOf(wish)
    if (at >= 0) wishes.splice(at, 1)
    wish.give = () => undefined
  }
}

function work(): void {
  if (working >= atOnce) return
  const wish = wishes.shift()
  if (!wish) return
  working++
  void drawPoster(wish.href).then((poster) => {
    working--
    wish.give(poster)
    work()
  })
  work()
}

async function drawPoster(href: string): Promise<HTMLCanvasElement | undefined> {
  const known = posterOf(href)
  if (known) return known
  const film = document.createElement('video')
  film.muted = true
  film.playsInline = true
  film.preload = 'auto'
  const hasFrame = new Promise<boolean>((resolve) => {
    film.onloadeddata = () => resolve(true)
    film.onerror = () => resolve(false)
    setTimeout(() => resolve(false), patienceMs)
  })
  film.src = filmStart(href)
  const poster = (await hasFrame) ? draw(film) : undefined
  // Lets go of the file and the decoder.
  film.removeAttribute('src')
  film.load()
  if (poster) {
    drawn.set(href, poster)
    const [oldest] = drawn.keys()
    if (drawn.size > kept && oldest !== undefined) drawn.delete(oldest)
  }
  return poster
}

function draw(film: HTMLVideoElement): HTMLCanvasElement | undefined {
  const { videoWidth, videoHeight } = film
  if (videoWidth === 0) return undefined
  const scale = Math.min(1, longestSide / Math.max(videoWidth, videoHeight))
  const canvas = document.createElement('canvas')
  canvas.width = Math.round(videoWidth * scale)
  canvas.height = Math.round(videoHeight * scale)
  canvas.getContext('2d')?.drawImage(film, 0, 0, canvas.width, canvas.height)
  return canvas
}

/** A film's address with its first frame in it: some browsers show none before that is asked for. */
export function filmStart(href: string): string {
  return href.startsWith('data:') ? href : `${href}#t=0.001`
}
