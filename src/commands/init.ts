import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import schema from '../../schemas/manifest.schema.json' with { type: 'json' }
import { RunnerError } from '../core/errors.js'
import type { Files } from '../ports/files.js'

/** What `init` did to each file; `kept`: it was there and holds what is needed. */
export interface InitReport {
  files: { file: string; did: 'created' | 'extended' | 'kept' }[]
  /** The merge driver of lockfiles; `offered`: git was not asked. */
  gitDriver: 'registered' | 'offered'
}

export interface InitOptions {
  folder: string
  /** Registers the merge driver in the repository's own configuration. */
  gitDriver?: boolean
}

/** Settings of git that let it merge lockfiles by task and show their history in lines for people. Git keeps them out of commits, so each clone needs them. */
export const gitDriverSettings: readonly (readonly [key: string, value: string])[] = [
  ['merge.shotlock.name', 'shotlock lockfile merge'],
  ['merge.shotlock.driver', 'shotlock merge %O %A %B'],
  ['diff.shotlock.textconv', 'shotlock textconv'],
]

// The last three are what a crash can leave beside a file that was being written; `adapters/node-files.ts` names them.
const ignored = ['.shotlock/', 'out/', '*.simulator.lock.yaml', '.env', '.*.tmp', '.*.part', '.shotlock-*']
// Where the driver is not registered, git merges as text; a run understands the conflict markers that this may leave.
const attributes = ['*.lock.yaml merge=shotlock text eol=lf linguist-generated', '*.lock.yaml diff=shotlock']

const envExample = `# Copy to .env and fill in. Never commit .env.
# The key of Volcengine Ark or BytePlus ModelArk:
ARK_API_KEY=
# Who is asked: ark (the default when there is a key) or byteplus.
# SHOTLOCK_PROVIDER=ark
# Or a relay that speaks the same API; the URL ends before /contents/generations/tasks.
# SHOTLOCK_BASE_URL=https://RELAY/volc/v1
`

const exampleManifest = `# yaml-language-server: $schema=../schemas/manifest.schema.json
# A manifest: every shot below becomes a video. Try it without key or money:
#   shotlock run --provider simulator
version: 1

# Texts for \${name} in any string below.
vars:
  hero: a red fox with a white-tipped tail

# What every shot takes unless it states its own. The names are those of the video API.
defaults:
  model: doubao-seedance-2-0-mini-260615
  resolution: 480p # or 720p
  ratio: '16:9'
  duration: 4 # seconds; this model makes 4 to 15

# The keys are the shots' names: letters and digits of any script, "-", "_" and ".".
shots:
  opening:
    prompt: Wide shot of a snowy forest at dawn, mist between the trees, the camera glides slowly forward

  meet-the-fox:
    prompt: \${hero} steps out from behind a birch and looks into the camera, soft wind, distant birdsong
    takes: 2 # two tries, bought separately: meet-the-fox and meet-the-fox@2
    tags: [hero]

  # An image as the first frame, by URL or by a path relative to this file:
  # close-up:
  #   prompt: The fox blinks and turns its head
  #   image: refs/fox.png
`

/**
 * Starts a project in `folder`. Files that are there are kept; ignore files gain the lines they lack.
 *
 * @throws RunnerError `usage` when the driver is wanted and `folder` is in no work tree of git; nothing was made then.
 */
export async function init({ folder, gitDriver = false }: InitOptions, files: Files): Promise<InitReport> {
  if (gitDriver) await registerDriver(folder)
  return {
    gitDriver: gitDriver ? 'registered' : 'offered',
    files: [
      await create('manifests/example.yaml', exampleManifest),
      // Editors check and complete manifests by it; the example names it in its first line.
      await create('schemas/manifest.schema.json', `${JSON.stringify(schema, undefined, 2)}\n`),
      await create('.env.example', envExample),
      // Marks the project's root, so that a stray package.json further up does not.
      await create('.shotlock/.gitignore', '*\n'),
      await extend('.gitignore', ignored),
      await extend('.gitattributes', attributes),
    ],
  }

  async function create(file: string, text: string): Promise<InitReport['files'][number]> {
    return { file, did: (await files.createNew(join(folder, file), text)) ? 'created' : 'kept' }
  }

  async function extend(file: string, lines: readonly string[]): Promise<InitReport['files'][number]> {
    const path = join(folder, file)
    const bytes = await files.read(path)
    const text = bytes ? new TextDecoder().decode(bytes) : ''
    const present = new Set(text.split(/\r?\n/).map((line) => line.trim()))
    const missing = lines.filter((line) => !present.has(line))
    if (missing.length === 0) return { file, did: 'kept' }
    const start = text === '' || text.endsWith('\n') ? text : `${text}\n`
    await files.replace(path, `${start}${missing.join('\n')}\n`)
    return { file, did: bytes ? 'extended' : 'created' }
  }
}

async function registerDriver(folder: string): Promise<void> {
  try {
    await git(folder, ['rev-parse', '--is-inside-work-tree'])
    for (const [key, value] of gitDriverSettings) await git(folder, ['config', key, value])
  } catch (cause) {
    const what = 'Cannot register the merge driver: this is no git work tree, or git cannot be run'
    throw new RunnerError('usage', what, {
      hint: 'Give --git-driver inside a git work tree; shotlock init alone needs none.',
      cause,
    })
  }
}

async function git(cwd: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)('git', args, { cwd })
}
