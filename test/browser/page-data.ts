import { writeFileSync } from 'node:fs'
import type { ShotName, TakeName } from '../../src/core/names.js'
import type { Review, ReviewShot } from '../../src/core/review.js'
import { renderReviewPage } from '../../src/core/review-page.js'
import type { TaskId } from '../../src/core/task.js'
import { assets } from '../../src/review-page/built.js'
import { createProject } from '../support/project.js'

/** A page of made-up data, for what no lockfile would hold or what takes long to buy. */
export function pageOf(shots: readonly ReviewShot[], manifest = 'ep01'): string {
  const project = createProject()
  const review: Review = {
    format: 1,
    mode: 'file',
    rehearsal: false,
    manifests: [{ name: manifest, file: `${manifest}.yaml`, running: false, shots }],
  }
  writeFileSync(project.path('review.html'), renderReviewPage(review, assets))
  return project.path('review.html')
}

/** A shot with one take that is done. */
export function doneShot(name: string, more: Partial<ReviewShot> = {}): ReviewShot {
  const take = {
    name: name as TakeName,
    status: 'succeeded',
    next: 'keep',
    task: `cgt-${name}` as TaskId,
  } as const
  return { name: name as ShotName, parameters: {}, media: [], tags: [], takes: [take], ...more }
}
