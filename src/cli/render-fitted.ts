import type { FittedImage } from '../engine/fit-images.js'
import { columns, formatSize, oneLine, type Palette } from './text.js'

/** Images that are sent as smaller copies, one line each. */
export function renderFitted(fitted: readonly FittedImage[], palette: Palette): string[] {
  const rows = fitted.map(({ image, from, to, by }) => [
    oneLine(image),
    `${sizeWords(from)} -> ${sizeWords(to)}`,
    palette.dim(by === 'flag' ? '(--fit)' : '(fit: true)'),
  ])
  return columns(rows)
}

/** `9000 x 4000 png, 41.2 MB` */
function sizeWords({ width, height, format, sizeBytes }: FittedImage['from']): string {
  return `${width} x ${height} ${format}, ${formatSize(sizeBytes)}`
}
