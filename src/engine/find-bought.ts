import { type BoughtFacts, boughtFactsOf } from '../core/bought-facts.js'
import { type Digest, type DigestPart, differingParts, digestOf } from '../core/digest.js'
import { keepShots } from '../core/keep-shots.js'
import { type LedgerRecord, parseRecord } from '../core/ledger-state.js'
import { parseManifest } from '../core/manifest.js'
import type { BaseFile } from '../core/manifest-parts.js'
import type { TakeName } from '../core/names.js'
import { allTakesOf, type Take } from '../core/shot.js'
import { decodeUtf8 } from '../core/yaml-source.js'
import type { Files } from '../ports/files.js'
import type { BlobId, Commit, Git } from '../ports/git.js'
import { baseHistory } from './base-history.js'
import { type ImageHistory, imageHistory, mostCommits } from './image-history.js'
import { readable } from './ledger.js'
import type { LoadedManifest } from './load-manifests.js'
import type { Places } from './places.js'

/** What is in question: a take that differs from what was bought. */
export interface Question {
  /** As the manifest has it now. */
  take: Take
  /** Of what was bought. */
  digest: Digest
  /** Which parts of it are not as they are now. */
  parts: readonly DigestPart[]
}

/** What is still known of what was bought. */
export interface FormerFacts {
  /** As it was bought in the parts that are `told`, and as it is now in the others. */
  facts: BoughtFacts
  told: readonly DigestPart[]
  /** Where each of them was found. */
  sources: Partial<Readonly<Record<DigestPart, FormerSource>>>
}

/** The commit is the last one that brought it, `at` its ISO time. */
export type FormerSource = { kind: 'journal' } | { kind: 'git'; commit: string; at: string }

/**
 * What this machine's journal, its archive and then the git history still know of what takes were bought as. A digest
 * is its own proof: a version of the manifest counts for a part when it gives the same hash, wherever it comes from.
 *
 * @returns In the order of the questions. `versions` says how many versions of the manifest git has; `undefined` where
 *   it was not asked or is not there.
 */
export async function findBought(
  questions: readonly Question[],
  loaded: LoadedManifest,
  { records, files, git }: { records: readonly LedgerRecord[]; files: Files; git: Git },
): Promise<{ former: FormerFacts[]; versions: number | undefined }> {
  const searches = questions.map((question) => searchFor(question, loaded))
  const intents = intentsByDigest(records)
  for (const search of searches) askJournal(search, intents)
  const open = searches.filter(isOpen)
  const versions = open.length === 0 ? undefined : await askGit(open, loaded, { files, git })
  return { former: searches.map(({ former }) => former), versions }
}

/** What a take of a manifest would be bought as now. */
export function boughtFactsNow(take: Take, { images }: Pick<LoadedManifest, 'images'>): BoughtFacts {
  return boughtFactsOf(take, (path) => images.get(path)!.sha256)
}

/** Everything that the journal and its archive hold. Half lines, which a crash leaves, are passed over. */
export async function readRecords({ archive, journal }: Places, files: Files): Promise<LedgerRecord[]> {
  const records: LedgerRecord[] = []
  for (const path of [archive, journal]) {
    const bytes = await readable(() => files.read(path), path)
    for (const line of new TextDecoder().decode(bytes).split('\n')) {
      const record = line === '' ? undefined : parseRecord(line)
      if (record) records.push(record)
    }
  }
  return records
}

/** A question on its way to an answer. */
interface Search extends Question {
  former: FormerFacts & { told: DigestPart[]; sources: Partial<Record<DigestPart, FormerSource>> }
}

function searchFor(question: Question, loaded: LoadedManifest): Search {
  return { ...question, former: { facts: boughtFactsNow(question.take, loaded), told: [], sources: {} } }
}

function isOpen({ parts, former }: Search): boolean {
  return parts.some((part) => !former.told.includes(part))
}

function tell({ former }: Search, part: DigestPart, facts: BoughtFacts, source: FormerSource): void {
  former.facts = { ...former.facts, [part]: facts[part] }
  former.told.push(part)
  former.sources[part] = source
}

function gitSource({ id, at }: Commit): FormerSource {
  return { kind: 'git', commit: id, at }
}

type Intent = Extract<LedgerRecord, { type: 'intent' }> & { bought: BoughtFacts }

function intentsByDigest(records: readonly LedgerRecord[]): ReadonlyMap<Digest, readonly Intent[]> {
  const intents = new Map<Digest, Intent[]>()
  for (const record of records) {
    if (record.type !== 'intent' || !isWhole(record.bought)) continue
    const intent = { ...record, bought: record.bought }
    const same = intents.get(record.digest)
    if (same) same.push(intent)
    else intents.set(record.digest, [intent])
  }
  return intents
}

/** Journals of before they kept it have none. */
function isWhole(bought: unknown): bought is BoughtFacts {
  const { model, media, parameters } = (bought ?? {}) as Record<string, unknown>
  return (
    typeof model === 'string' &&
    Array.isArray(media) &&
    media.every((one) => [one?.role, one?.source, one?.sha256].every((field) => typeof field === 'string')) &&
    typeof parameters === 'object' &&
    parameters !== null
  )
}

/** The take may have had another name then; what has the same digest was the same. */
function askJournal(search: Search, intents: ReadonlyMap<Digest, readonly Intent[]>): void {
  const same = intents.get(search.digest) ?? []
  const intent = same.findLast(({ take }) => take === search.take.name) ?? same.at(-1)
  if (!intent) return
  for (const part of search.parts) tell(search, part, intent.bought, { kind: 'journal' })
}

/** @returns How many versions of the manifest there are. */
async function askGit(
  searches: readonly Search[],
  loaded: LoadedManifest,
  { files, git }: { files: Files; git: Git },
): Promise<number | undefined> {
  const { manifest, places } = loaded
  const root = await git.root(places.folder)
  if (root === undefined) return undefined
  const history: History = { root, git, places, images: imageHistory(loaded, root, { files, git }) }

  // An image whose bytes have changed under the same name: the manifest needs no look at its past.
  for (const search of searches) await learnMedia(search, search.take, undefined, history)

  const versions = await versionsOf(history, loaded.bases)
  const basesOf = baseHistory(
    versions.map(({ commit }) => commit),
    history,
  )
  for (let at = 0; at < versions.length && searches.some(isOpen); ) {
    // The version that tells is mostly among the newest; later groups are larger, since each costs a process.
    const group = versions.slice(at, at + Math.min(32, at + 1))
    at += group.length
    const texts = await git.contents(
      group.map(({ blob }) => blob),
      root,
    )
    for (const [index, text] of texts.entries()) {
      const open = searches.filter(isOpen)
      if (!text || open.length === 0) continue
      const { commit } = group[index]!
      const past = takesIn(text, manifest.file, { bases: await basesOf(text, commit), searches: open })
      for (const search of open) {
        const take = past.get(search.take.name)
        if (take) await learn(search, take, commit, history)
      }
    }
  }
  return versions.length
}

interface History {
  root: string
  git: Git
  places: Places
  images: ImageHistory
}

/**
 * Every text that the manifest ever had, newest first, with the last commit that brought it. One whose text is the same
 * and that of what it extends now is not counts as another.
 */
async function versionsOf(
  { git, places, root }: History,
  bases: readonly string[],
): Promise<{ commit: Commit; blob: BlobId }[]> {
  const paths = [places.manifest, ...bases]
  const commits = await git.log(paths, root, { most: mostCommits })
  const ids = commits.map(({ id }) => id)
  const [own = [], ...others] = await Promise.all(paths.map((path) => git.blobsOf(ids, path, root)))
  const versions = new Map<string, { commit: Commit; blob: BlobId }>()
  for (const [index, blob] of own.entries()) {
    const key = [blob, ...others.map((one) => one[index])].join('\n')
    if (blob !== undefined && !versions.has(key)) versions.set(key, { commit: commits[index]!, blob })
  }
  return [...versions.values()]
}

/** The takes that are asked for, as a version of the manifest had them; broken parts of it are passed over. */
function takesIn(
  bytes: Uint8Array,
  file: string,
  { bases, searches }: { bases: readonly BaseFile[]; searches: readonly Search[] },
): Map<TakeName, Take> {
  const names = new Set<string>(searches.map(({ take }) => take.shot.name))
  const decoded = decodeUtf8(bytes)
  if ('fault' in decoded) return new Map()
  const cut = keepShots(decoded.text, names)
  if (cut === '') return new Map()
  const few = cut === undefined ? undefined : parseManifest(cut, file, bases)
  const isSound = few?.problems.every(({ severity }) => severity !== 'error')
  const { shots } = (isSound ? few! : parseManifest(decoded.text, file, bases)).manifest
  const wanted = shots.filter(({ name }) => names.has(name))
  return new Map(wanted.flatMap(allTakesOf).map((take) => [take.name, take]))
}

/** Takes from one version of a take whatever of it has the hash that is looked for. */
async function learn(search: Search, past: Take, commit: Commit, history: History): Promise<void> {
  const differing = differingParts(
    search.digest,
    digestOf(past, () => ''),
  )
  for (const part of search.parts) {
    if (search.former.told.includes(part) || differing.includes(part)) continue
    tell(
      search,
      part,
      boughtFactsOf(past, () => ''),
      gitSource(commit),
    )
  }
  await learnMedia(search, past, commit, history)
}

/** The same for the files of a take, in every state that they were in together. */
async function learnMedia(
  search: Search,
  past: Take,
  commit: Commit | undefined,
  { images }: History,
): Promise<void> {
  const paths = filesOf(past)
  if (paths.length === 0 || !search.parts.includes('media') || search.former.told.includes('media')) return
  for await (const state of images(paths)) {
    const hash = (path: string) => state.hashes.get(path)!
    if (differingParts(search.digest, digestOf(past, hash)).includes('media')) continue
    const found = state.commit ?? commit
    if (found) tell(search, 'media', boughtFactsOf(past, hash), gitSource(found))
    return
  }
}

function filesOf({ shot }: Take): string[] {
  const paths = shot.media.flatMap(({ source }) => (source.kind === 'file' ? [source.path] : []))
  return [...new Set(paths)]
}
