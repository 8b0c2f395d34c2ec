// Small charts as SVG: no library, no script; readable on a light and on a dark page, also as a picture in Markdown.

/** @typedef {import('./paired.mjs').Spread} Spread */

const width = 720
const lineHeight = 26
const style = `
  .page { fill: #ffffff } text { fill: #1f2328; font: 13px system-ui, sans-serif }
  .title { font-weight: 600; font-size: 15px } .faint { fill: #59636e; font-size: 12px }
  .grid { stroke: #d1d9e0 } .mark { stroke: #59636e; stroke-dasharray: 4 4; fill: none }
  .own { fill: #0969da } .own-line { stroke: #0969da; stroke-width: 2; fill: none } .other { fill: #8c959f }
  .good { fill: #1a7f37; stroke: #1a7f37 } .bad { fill: #bc4c00; stroke: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 } text { fill: #e6edf3 } .faint { fill: #9198a1 }
    .grid { stroke: #30363d } .mark { stroke: #9198a1 }
    .own { fill: #4493f8 } .own-line { stroke: #4493f8 } .other { fill: #6e7681 }
    .good { fill: #3fb950; stroke: #3fb950 } .bad { fill: #f0883e; stroke: #f0883e }
  }`

/**
 * Bars from 0, one a line, with their bounds in words.
 *
 * @param {string} title
 * @param {readonly { name: string, value: Spread, own: boolean }[]} bars
 * @param {(value: number) => string} write
 * @returns {string} SVG
 */
export function barChart(title, bars, write) {
  const left = 130
  const right = width - 190
  const most = Math.max(...bars.map(({ value }) => value.median))
  const body = bars.map(({ name, value, own }, index) => {
    const y = 46 + index * lineHeight
    const length = Math.max(2, ((right - left) * value.median) / most)
    return [
      `<text x="${left - 10}" y="${y + 13}" text-anchor="end">${escapeXml(name)}</text>`,
      `<rect class="${own ? 'own' : 'other'}" x="${left}" y="${y}" width="${round(length)}" height="18" rx="2"/>`,
      `<text x="${round(left + length + 8)}" y="${y + 13}">${escapeXml(write(value.median))} `,
      `<tspan class="faint">${escapeXml(`(${write(value.min)} to ${write(value.max)})`)}</tspan></text>`,
    ].join('')
  })
  return page(title, 58 + bars.length * lineHeight, body)
}

/**
 * Figures with an aim, each against its own: left of the line is better than the aim. The scale is logarithmic.
 *
 * @param {string} title
 * @param {readonly { name: string, share: Spread, met: boolean }[]} figures `share` is the figure ÷ its aim, turned so
 *   that less is better.
 * @returns {string} SVG
 */
export function aimChart(title, figures) {
  const left = 400
  const right = width - 24
  const bottom = 46 + figures.length * lineHeight
  const bounds = figures.flatMap(({ share }) => [share.min, share.max])
  const scale = logScale([Math.min(0.5, ...bounds), Math.max(2, ...bounds)], [left, right])
  const ticks = [0.01, 0.1, 0.5, 1, 2, 10, 100].filter((tick) => scale.holds(tick))
  const grid = ticks.map((tick) => {
    const x = round(scale(tick))
    const label = tick === 1 ? 'aim' : `${tick}×`
    return [
      `<line class="${tick === 1 ? 'mark' : 'grid'}" x1="${x}" x2="${x}" y1="38" y2="${bottom}"/>`,
      `<text class="faint" x="${x}" y="${bottom + 16}" text-anchor="middle">${label}</text>`,
    ].join('')
  })
  const dots = figures.map(({ name, share, met }, index) => {
    const y = 46 + index * lineHeight + 9
    const kind = met ? 'good' : 'bad'
    return [
      `<text x="${left - 12}" y="${y + 4}" text-anchor="end">${escapeXml(name)}</text>`,
      `<line class="${kind}" stroke-width="2" x1="${round(scale(share.min))}" x2="${round(scale(share.max))}" y1="${y}" y2="${y}"/>`,
      `<circle class="${kind}" cx="${round(scale(share.median))}" cy="${y}" r="4.5"/>`,
    ].join('')
  })
  return page(title, bottom + 28, [...grid, ...dots])
}

/**
 * How a time grows with a size, both logarithmic, beside the line of what grows with its size and no faster.
 *
 * @param {string} title
 * @param {readonly { size: number, value: Spread }[]} points By size, at least two.
 * @param {{ size: (size: number) => string, value: (ms: number) => string }} write
 * @returns {string} SVG
 */
export function growthChart(title, points, write) {
  const height = 300
  const last = points.at(-1)
  const linear = points.map(({ size }) => (last.value.median * size) / last.size)
  const values = [...linear, ...points.flatMap(({ value }) => [value.min, value.max])]
  const x = logScale([points[0].size, last.size], [90, width - 110])
  const y = logScale([Math.min(...values), Math.max(...values)], [height - 46, 60])
  const path = (values) =>
    points.map(({ size }, i) => `${i === 0 ? 'M' : 'L'}${round(x(size))} ${round(y(values[i]))}`).join('')
  const body = [
    `<path class="mark" d="${path(linear)}"/>`,
    `<text class="faint" x="${round((x(points[0].size) + x(points[1].size)) / 2)}" y="${round((y(linear[0]) + y(linear[1])) / 2 + 22)}">linear</text>`,
    `<path class="own-line" d="${path(points.map(({ value }) => value.median))}"/>`,
    ...points.map(({ size, value }) => {
      const at = round(x(size))
      return [
        `<line class="own-line" x1="${at}" x2="${at}" y1="${round(y(value.min))}" y2="${round(y(value.max))}"/>`,
        `<circle class="own" cx="${at}" cy="${round(y(value.median))}" r="4.5"/>`,
        `<text x="${at}" y="${round(y(value.max)) - 12}" text-anchor="middle">${escapeXml(write.value(value.median))}</text>`,
        `<text class="faint" x="${at}" y="${height - 18}" text-anchor="middle">${escapeXml(write.size(size))}</text>`,
      ].join('')
    }),
  ]
  return page(title, height, body)
}

/**
 * @param {readonly [number, number]} values More than 0.
 * @param {readonly [number, number]} places
 */
function logScale([least, most], [from, to]) {
  const span = Math.log(most) - Math.log(least) || 1
  const scale = (value) => from + ((Math.log(value) - Math.log(least)) / span) * (to - from)
  return Object.assign(scale, { holds: (value) => value >= least && value <= most })
}

/** @param {string} title @param {number} height @param {readonly string[]} body */
function page(title, height, body) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    `<style>${style}</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="6"/>`,
    `<text class="title" x="16" y="26">${escapeXml(title)}</text>`,
    ...body,
    '</svg>\n',
  ].join('\n')
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10
}

/** @param {string} text */
function escapeXml(text) {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`)
}
