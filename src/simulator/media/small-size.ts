/** About how long a rendered video's longer side is, in pixels. */
const wantedSide = 320
const shortestSide = 288
const longestSide = 352

export interface Size {
  width: number
  height: number
}

/** A small size with even sides whose ratio comes as near to the given one as it can. */
export function smallSize({ width, height }: Size): Size {
  const ratio = Math.max(width, height) / Math.min(width, height)
  let best = { long: 0, short: 0, fault: Number.POSITIVE_INFINITY }
  for (let long = shortestSide; long <= longestSide; long += 2) {
    const short = 2 * Math.round(long / ratio / 2)
    // Of equally good ratios, the size nearest to the wanted one.
    const fault = Math.abs(long / short / ratio - 1) + Math.abs(long - wantedSide) * 1e-6
    if (fault < best.fault) best = { long, short, fault }
  }
  return width >= height ? { width: best.long, height: best.short } : { width: best.short, height: best.long }
}
