/**
 * A page with nothing on it, so high: what the browser itself takes.
 *
 * @param {number} heightPx
 */
export function blankPage(heightPx) {
  return `<!doctype html><meta charset="utf-8"><title>x</title><p>x</p><div style="height:${heightPx}px"></div>`
}

/**
 * The same shots as a script would write them: a card with a film and its prompt for every shot, all there at once.
 *
 * @param {readonly { prompt: string, video: string }[]} shots
 */
export function plainPage(shots) {
  const cards = shots.map(
    ({ prompt, video }) =>
      `<article><video src="${video}" preload="metadata" muted loop></video><p>${prompt}</p></article>`,
  )
  const style =
    'main{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:16px}video{width:100%;height:150px}'
  return `<!doctype html><meta charset="utf-8"><title>x</title><style>${style}</style><main>${cards.join('\n')}</main>`
}
