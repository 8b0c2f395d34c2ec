import { createHash } from 'node:crypto'
import { dirname, join, relative } from 'node:path'
import packageFile from '../../package.json' with { type: 'json' }
import schema from '../../schemas/manifest.schema.json' with { type: 'json' }
import { manifestName, type ParsedManifest } from '../core/manifest.js'
import type { Problem } from '../core/problem.js'
import type { Manifest, Shot } from '../core/shot.js'
import type { Files } from '../ports/files.js'
import { sha256Of } from './media.js'
import { findMarkedRoot } from './places.js'

/** What was read of a manifest, without its name and path. */
export interface CheckedManifest {
  manifest: Omit<Manifest, 'name' | 'file'>
  /** Warnings; `file` is that of the manifest or of one that it extends. */
  problems: readonly Problem[]
}

/** To be raised whenever the same text is read otherwise, or other things are said of it, within one version. */
const format = 1

/** Smaller manifests are read as fast without. */
const leastShots = 2_000
const shotsPerLine = 500

/**
 * What an earlier command has read and checked of a large manifest, for commands that only look: it is kept in
 * `.shotlock/cache/` of the project, and taken only for the very same bytes, by the very same version, whole as it was
 * written. One that cannot be read or written counts as none. Money is never spent by it: `run` reads the manifest.
 */
export class ManifestCache {
  readonly #files: Files
  readonly #root: string
  readonly #path: string

  private constructor(files: Files, root: string, path: string) {
    this.#files = files
    this.#root = root
    this.#path = path
  }

  /** That of a manifest; `undefined` where nothing marks a project, which a state folder would then do. */
  static async of(
    manifest: string,
    { files, shared }: { files: Files; shared: Pick<Files, 'exists'> },
  ): Promise<ManifestCache | undefined> {
    const root = await findMarkedRoot(dirname(manifest), shared)
    if (root === undefined) return undefined
    const folder = join(root, '.shotlock', 'cache', relative(root, dirname(manifest)))
    return new ManifestCache(files, root, join(folder, `${manifestName(manifest)}.manifest.jsonl`))
  }

  /**
   * @param sha256 Of everything that would be read, in hexadecimal.
   * @param chain The manifest and what it extends, as the person knows them.
   */
  async read(sha256: () => string, chain: readonly string[]): Promise<CheckedManifest | undefined> {
    const bytes = await this.#files.read(this.#path).catch(() => undefined)
    if (!bytes) return undefined
    try {
      return readChecked(bytes, keyOf(sha256()), chain)
    } catch {
      return undefined
    }
  }

  /** Keeps what was read, if it is all right and large enough to be worth it. */
  async write(
    sha256: () => string,
    { manifest, problems }: ParsedManifest,
    chain: readonly string[],
  ): Promise<void> {
    const { shots, earlier } = manifest
    const isBroken = problems.some(({ severity }) => severity === 'error')
    if (isBroken || shots.length < leastShots || earlier) return
    try {
      await this.#files.createNew(join(this.#root, '.shotlock', '.gitignore'), '*\n')
      const part = await this.#files.openPart(this.#path)
      try {
        const hash = createHash('sha256')
        for (const line of linesOf({ manifest, problems }, keyOf(sha256()), chain)) {
          const bytes = Buffer.from(`${line}\n`)
          hash.update(bytes)
          await part.write(bytes)
        }
        await part.write(Buffer.from(hash.digest('hex')))
        await part.commit()
      } catch (error) {
        await part.discard()
        throw error
      }
    } catch {
      // A project that cannot be written to goes without.
    }
  }
}

/** Of the bytes of a manifest, and of everything that decides how they are read. */
function keyOf(sha256: string): string {
  return sha256Of(
    Buffer.from(
      `${format} ${packageFile.version} ${sha256Of(Buffer.from(JSON.stringify(schema)))} ${sha256}`,
    ),
  )
}

interface Head {
  key: string
  manifest: Omit<CheckedManifest['manifest'], 'shots'>
  /** With the place of its file in the chain, since the same files may be named from elsewhere. */
  problems: (Omit<Problem, 'file'> & { file: number })[]
}

function* linesOf({ manifest, problems }: CheckedManifest, key: string, chain: readonly string[]) {
  const { shots, budget, rates } = manifest
  const head: Head = {
    key,
    manifest: { ...(budget && { budget }), ...(rates && { rates }) },
    problems: problems.map((problem) => ({ ...problem, file: chain.indexOf(problem.file) })),
  }
  yield JSON.stringify(head)
  for (let at = 0; at < shots.length; at += shotsPerLine) {
    yield JSON.stringify(shots.slice(at, at + shotsPerLine))
  }
}

/** @throws Whatever is thrown by reading what is none; the hash at the end stands for everything before it. */
function readChecked(bytes: Uint8Array, key: string, chain: readonly string[]): CheckedManifest | undefined {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const headEnd = all.indexOf(10)
  const last = all.lastIndexOf(10) + 1
  if (headEnd === -1 || !all.subarray(0, headEnd).includes(key)) return undefined
  if (sha256Of(all.subarray(0, last)) !== all.toString('latin1', last)) return undefined
  const head: Head = JSON.parse(all.toString('utf8', 0, headEnd))
  if (head.key !== key) return undefined
  const shots: Shot[] = []
  for (let at = headEnd + 1; at < last; ) {
    const end = all.indexOf(10, at)
    for (const shot of JSON.parse(all.toString('utf8', at, end)) as Shot[]) shots.push(shot)
    at = end + 1
  }
  const problems = head.problems.map((problem) => ({ ...problem, file: chain[problem.file]! }))
  return { manifest: { ...head.manifest, shots }, problems }
}
