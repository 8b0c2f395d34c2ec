import { render } from 'preact'
import type { Review } from '../core/review.js'
import { App } from './app.js'

const data = document.getElementById('review')?.textContent ?? ''
render(<App review={JSON.parse(data) as Review} />, document.getElementById('page')!)
