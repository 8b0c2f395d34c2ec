import { createHash } from 'node:crypto'
import type { Review } from './review.js'

/** What the page is made of besides its data. */
export interface PageAssets {
  script: string
  style: string
}

/** A square with the sign for playing, so that no browser asks for an icon. */
const icon =
  'data:image/svg+xml,%3Csvg xmlns=%27http://www.w3.org/2000/svg%27 viewBox=%270 0 16 16%27%3E' +
  '%3Crect width=%2716%27 height=%2716%27 rx=%274%27 fill=%27%232450b8%27/%3E' +
  '%3Cpath d=%27M6 4v8l6-4z%27 fill=%27%23fff%27/%3E%3C/svg%3E'

/**
 * The review page as one HTML file that needs nothing else, but the videos and pictures that its data names. Whatever
 * the data holds is data: it stands in an element that no browser runs, and only script and style of these very bytes
 * are allowed.
 */
export function renderReviewPage(review: Review, assets: PageAssets): string {
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${pagePolicy(review.mode, assets)}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    `<link rel="icon" href="${icon}">`,
    '<title>Review</title>',
    `<style>${assets.style}</style>`,
    '</head>',
    '<body>',
    '<div id="page"></div>',
    `<script type="application/json" id="review">${inertJson(review)}</script>`,
    `<script type="module">${assets.script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

/**
 * What the page may load, as a content security policy: nothing from elsewhere. `frame-ancestors` counts only in a
 * header, where the server adds it.
 */
export function pagePolicy(mode: Review['mode'], { script, style }: PageAssets): string {
  // A page from the disk is of no origin that 'self' could mean in every browser.
  const near = mode === 'file' ? "'self' file: data:" : "'self'"
  // The icon is inside of the page.
  const pictures = mode === 'file' ? near : `${near} data:`
  return [
    "default-src 'none'",
    `script-src '${hashSource(script)}'`,
    // Heights of blocks of cards are styles of elements.
    `style-src-elem '${hashSource(style)}'`,
    "style-src-attr 'unsafe-inline'",
    `img-src ${pictures}`,
    `media-src ${near}`,
    ...(mode === 'server' ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
}

function hashSource(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

/** JSON that no reader of HTML takes for anything but text. */
export function inertJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
