import { dirname, isAbsolute, join, normalize } from 'node:path'
import { RunnerError } from '../core/errors.js'
import { manifestName, type ParsedManifest, parseManifest } from '../core/manifest.js'
import { type BaseFile, extendsIn } from '../core/manifest-parts.js'
import { once } from '../core/once.js'
import type { Files } from '../ports/files.js'
import type { CheckedManifest, ManifestCache } from './manifest-cache.js'
import { sha256Of } from './media.js'
import { findProjectRoot, isInside } from './places.js'

/** A manifest as it was read, with the files that it extends. */
export interface ReadManifest {
  /** Parsed when it is first asked for: often the hash says enough. */
  readonly parsed: ParsedManifest
  /** Of everything that was read, in hexadecimal. */
  sha256: () => string
  /** The files that it extends, nearest first, absolute. */
  bases: readonly string[]
}

/** How deep files may extend each other. */
export const mostBases = 5

/**
 * Reads a manifest and what it extends.
 *
 * @param file The path as the person gave it.
 * @param options.cache What was read of it before, where that is good enough.
 * @param options.shared What files that several manifests extend are read from; default `files`.
 * @throws RunnerError `manifest-unreadable`; what is wrong with a file that is extended is a problem of the manifest.
 */
export async function readManifest(
  absolute: string,
  file: string,
  files: Files,
  { cache, shared = files }: { cache?: ManifestCache | undefined; shared?: Files } = {},
): Promise<ReadManifest> {
  const content = await readFile(absolute, file, files)
  const chain: Read[] = [{ absolute, file, content }]
  const bases: BaseFile[] = []
  for (let named = extendsIn(content); named !== undefined; named = extendsIn(chain.at(-1)!.content)) {
    const next = await readBase(named, chain, shared)
    bases.push(next)
    if ('fault' in next) break
    chain.push(next)
  }
  const sha256 = hashOf(chain.map((one) => one.content))
  const known = chain.map((one) => one.file)
  const parse = () => parseManifest(content, file, bases)
  const cached = await cache?.read(sha256, known)
  let parsed = cached && withPlaces(cached, file, parse)
  if (cache && !parsed) {
    parsed = parse()
    await cache.write(sha256, parsed, known)
  }
  return {
    // Whoever only asks whether the text has changed need not wait for it.
    get parsed() {
      parsed ??= parse()
      return parsed
    },
    sha256,
    bases: chain.slice(1).map((one) => one.absolute),
  }
}

/** A manifest from the cache. It is parsed after all when something is found later and has to be placed. */
function withPlaces(
  { manifest, problems }: CheckedManifest,
  file: string,
  parse: () => ParsedManifest,
): ParsedManifest {
  const all = [...problems]
  let made: ParsedManifest | undefined
  const parsed = () => {
    made ??= parse()
    return made
  }
  return {
    manifest: { name: manifestName(file), file, ...manifest },
    problems: all,
    report(shot, field, problem) {
      const before = parsed().problems.length
      parsed().report(shot, field, problem)
      all.push(...parsed().problems.slice(before))
    },
    place: (...found) => parsed().place(...found),
    placeOf: (shot) => parsed().placeOf(shot),
  }
}

interface Read {
  absolute: string
  file: string
  content: Uint8Array
}

async function readBase(
  named: string,
  chain: readonly Read[],
  files: Files,
): Promise<Read | { fault: string }> {
  const from = chain.at(-1)!
  const absolute = join(dirname(from.absolute), normalize(named))
  const file = join(dirname(from.file), normalize(named))
  const known = chain.findIndex((one) => one.absolute === absolute)
  if (known !== -1) {
    const way = [...chain.slice(known).map((one) => one.file), file].join(' → ')
    return { fault: `files extend each other in a circle: ${way}` }
  }
  if (chain.length > mostBases) return { fault: `files extend each other more than ${mostBases} deep` }
  const root = await findProjectRoot(dirname(chain[0]!.absolute), files)
  const outside = { fault: `"${named}" lies outside the project; files are read only from inside` }
  if (isAbsolute(named) || /^[a-z]:/i.test(named) || !isInside(absolute, root)) return outside
  try {
    const real = await files.realPath(absolute)
    const content = real === undefined ? undefined : await files.read(real)
    if (real === undefined || content === undefined) return { fault: `there is no file "${named}"` }
    const realRoot = (await files.realPath(root)) ?? root
    return isInside(real, realRoot) ? { absolute, file, content } : outside
  } catch (error) {
    return { fault: `"${named}" cannot be read: ${(error as Error).message}` }
  }
}

async function readFile(absolute: string, file: string, files: Files): Promise<Uint8Array> {
  try {
    const bytes = await files.read(absolute)
    if (bytes) return bytes
  } catch (cause) {
    throw new RunnerError('manifest-unreadable', `Cannot read "${file}": ${(cause as Error).message}`, {
      cause,
    })
  }
  throw new RunnerError('manifest-unreadable', `Cannot read "${file}": it is gone`)
}

/** Bytes that may be kept for the sake of their hash. */
const mostKept = 1024 * 1024

/**
 * The hash of one file, or of several that no other split of their bytes gives. It is made when it is first asked for,
 * since looking at a small manifest needs none, and loading `node:crypto` takes as long as reading it; of large ones at
 * once, so that their bytes can go.
 */
function hashOf(contents: readonly Uint8Array[]): () => string {
  const size = contents.reduce((sum, one) => sum + one.length, 0)
  return size > mostKept ? known(hashNow(contents)) : once(() => hashNow(contents))
}

/** Holds nothing but the hash. */
function known(sha256: string): () => string {
  return () => sha256
}

function hashNow(contents: readonly Uint8Array[]): string {
  if (contents.length === 1) return sha256Of(contents[0]!)
  return sha256Of(new TextEncoder().encode(contents.map(sha256Of).join('\n')))
}
