import type { PageAssets } from '../core/review-page.js'

/** The page's script and style, made when shotlock is built; see scripts/build-page.mjs. */
export const assets: PageAssets
