import { encode } from 'fast-png'
import { afterAll, beforeAll } from 'vitest'
import { createCanvas, fillDisc } from '../../src/simulator/media/canvas.js'
import { type AtEnd, createProject, type Project } from '../support/project.js'
import { against, simulator } from '../support/simulated.js'

/** A prompt that would take over the page if anything in it were taken for HTML or script. */
export const hostile = `</script><script>window.taken = 1</script><img src=x onerror="window.taken = 1"> a fight`

/** `fox` has two takes, `fox-run` is to be bought again, `alley` fails, and `later` is not bought. */
export const ep01 = `version: 1
defaults: { model: doubao-seedance-2-0-mini-260615, duration: 4, resolution: 480p }
shots:
  fox: { prompt: 狐狸在雪地里奔跑, takes: 2, tags: [snow, fox], seed: 7 }
  fox-run: { prompt: A fox runs through the snow, tags: [snow], duration: 5 }
  # Its picture is the film's first frame.
  owl: { prompt: An owl turns its head, image: refs/owl.png, tags: [night] }
  alley: { prompt: ${JSON.stringify(`${hostile} sim:moderate-output`)} }
  later: { prompt: A door opens, skip: true }
`
export const ep02 = `version: 1
defaults: { model: doubao-seedance-1-5-pro-251215, duration: 4, resolution: 480p }
shots:
  draft-me: { prompt: A lighthouse in a storm }
`

export interface Season {
  project: Project
  /** Flags that lead to the results. */
  flags: readonly string[]
}

/**
 * Two episodes, bought on a simulator before the first test of the file. `fox-run` was bought twice, with another prompt
 * each time; `ep02` as drafts.
 *
 * @returns Gives the season, inside of a test.
 */
export function sharedSeason(): () => Season {
  const ends: Parameters<AtEnd>[0][] = []
  let season: Season | undefined
  beforeAll(async () => {
    season = await makeSeason((end) => ends.unshift(end))
  })
  afterAll(async () => {
    for (const end of ends) await end()
  })
  return () => season!
}

async function makeSeason(atEnd: AtEnd): Promise<Season> {
  const project = createProject(
    {
      'manifests/ep01.yaml': ep01.replace('through the snow', 'over the ice'),
      'manifests/ep02.yaml': ep02,
      'manifests/refs/owl.png': owl(),
    },
    { atEnd },
  )
  const flags = against(await simulator({ taskMs: { min: 300, max: 300 } }, { atEnd }))
  const run = async (status: number, ...args: string[]) => {
    const found = await project.shotlock(['run', '--yes', ...args, ...flags])
    if (found.status !== status) throw new Error(found.stderr)
  }
  await run(0, 'manifests/ep02.yaml', '--draft')
  await run(1, 'manifests/ep01.yaml')
  project.write('manifests/ep01.yaml', ep01)
  await run(0, 'manifests/ep01.yaml', '--shot', 'fox-run')
  return { project, flags }
}

/** Makes the contact sheet of a season, and tells where it is. */
export async function contactSheet({ project, flags }: Season, ...more: string[]): Promise<string> {
  const { status, stderr } = await project.shotlock(['review', ...more, ...flags])
  if (status !== 0) throw new Error(stderr)
  return project.path('review.html')
}

function owl(): Uint8Array {
  const canvas = createCanvas(640, 360)
  for (const x of [250, 390]) fillDisc(canvas, { x, y: 180, radius: 60 }, [40, 40, 80])
  return encode({ ...canvas, channels: 4 })
}
